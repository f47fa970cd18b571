package dockerx

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// networkScope is the scope of every network: a host has one set of them.
const networkScope = "docker"

// observeNetworks shows the networks that are named. For the private modes it
// shows all, so that a subnet can be seen to be free, and those of our own.
func (h *Host) observeNetworks(ctx context.Context, w *setup.World, names, own map[string]bool, everyone bool) {
	list, err := h.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		p := *h.problem(ctx, "listing networks", err)
		w.Miss(setup.KindNetwork, networkScope, p)
		if len(own) > 0 {
			w.Miss(setup.KindPrivateNetwork, networkScope, p)
		}
		return
	}
	members := map[string][]setup.Member{}
	if everyone {
		if members, err = h.members(ctx, names); err != nil {
			w.Miss(setup.KindNetwork, networkScope, *h.problem(ctx, "listing containers", err))
			names, everyone = nil, false
		}
	}
	for _, n := range list.Items {
		if names[n.Name] || everyone {
			w.Objects = append(w.Objects, setup.Object{Scope: networkScope, ID: n.ID,
				State: setup.Network{Name: n.Name, Subnets: subnetsOf(n), Members: members[n.Name]}})
		}
		if own[n.Name] {
			w.Objects = append(w.Objects, setup.Object{Scope: networkScope, ID: n.ID, Mark: n.Labels[labelMark], State: privateOf(n)})
		}
	}
}

// members are the running containers in some networks, by network.
func (h *Host) members(ctx context.Context, names map[string]bool) (map[string][]setup.Member, error) {
	list, err := h.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return nil, err
	}
	in := map[string][]setup.Member{}
	for _, c := range list.Items {
		if c.NetworkSettings == nil || oneOff(c.Labels) {
			continue
		}
		for name, ep := range c.NetworkSettings.Networks {
			if names[name] && ep != nil && ep.IPAddress.IsValid() {
				in[name] = append(in[name], setup.Member{Project: c.Labels[labelProject], Service: c.Labels[labelService], Address: ep.IPAddress.String()})
			}
		}
	}
	for _, all := range in {
		slices.SortFunc(all, func(a, b setup.Member) int {
			return netip.MustParseAddr(a.Address).Compare(netip.MustParseAddr(b.Address))
		})
	}
	return in, nil
}

func subnetsOf(n network.Summary) []string {
	var all []string
	for _, c := range n.IPAM.Config {
		if c.Subnet.IsValid() {
			all = append(all, c.Subnet.String())
		}
	}
	return all
}

// privateOf is a network as one of our own would be. What it is besides shows in
// its subnet, so that it is not taken for one.
func privateOf(n network.Summary) setup.PrivateNetwork {
	subnet := strings.Join(subnetsOf(n), ", ")
	if n.Driver != "bridge" || n.Internal {
		subnet += " (not a plain bridge)"
	}
	return setup.PrivateNetwork{Name: n.Name, Subnet: subnet}
}

// doNetwork makes or removes a network of our own. Its subnet is fixed when it
// is made, so nothing of it is ever changed.
func (h *Host) doNetwork(ctx context.Context, e setup.Entry) ([]setup.Outcome, error) {
	name := e.Key.Name
	now, err := h.networkNamed(ctx, name)
	if err != nil {
		return all([]setup.Entry{e}, h.problem(ctx, "looking at the network "+name, err)), nil
	}
	if stands := privateState(now); !setup.Same(e.From, stands) {
		return []setup.Outcome{{ID: e.ID, State: stands, Err: changed("The network " + name)}}, nil
	}
	var failed *setup.Problem
	switch to, wanted := e.To.(setup.PrivateNetwork); {
	case e.To == nil:
		failed = h.removeNetwork(ctx, now)
	case !wanted || to.Name != name || now != nil:
		failed = refuse("A network keeps the subnet that it was made with. Choose another name, or remove the network %s first.", name)
	default:
		failed = h.makeNetwork(ctx, to, e.Mark)
	}
	return h.readNetwork(ctx, e, failed)
}

// networkNamed gives the network of a name; nil if there is none.
func (h *Host) networkNamed(ctx context.Context, name string) (*network.Summary, error) {
	list, err := h.api.NetworkList(ctx, client.NetworkListOptions{Filters: make(client.Filters).Add("name", name)})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list.Items, func(n network.Summary) bool { return n.Name == name })
	if i < 0 {
		return nil, nil
	}
	return &list.Items[i], nil
}

func privateState(n *network.Summary) setup.State {
	if n == nil {
		return nil
	}
	return privateOf(*n)
}

func (h *Host) makeNetwork(ctx context.Context, to setup.PrivateNetwork, mark string) *setup.Problem {
	subnet, err := netip.ParsePrefix(to.Subnet)
	if err != nil || subnet != subnet.Masked() || !subnet.Addr().Is4() || subnet.Bits() > 29 {
		return refuse("%q is no range of addresses for a network.", to.Subnet)
	}
	list, err := h.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return h.problem(ctx, "listing networks", err)
	}
	for _, n := range list.Items {
		for _, c := range n.IPAM.Config {
			if c.Subnet.IsValid() && c.Subnet.Overlaps(subnet) {
				return &setup.Problem{Code: setup.CodeConflict, Message: "The Docker network " + n.Name + " has addresses of " + to.Subnet + " already. Choose another range."}
			}
		}
	}
	no := false
	_, err = h.api.NetworkCreate(ctx, to.Name, client.NetworkCreateOptions{Driver: "bridge", EnableIPv6: &no, Labels: map[string]string{labelMark: mark},
		IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet, Gateway: subnet.Addr().Next(), IPRange: upperHalf(subnet)}}}})
	if err != nil {
		p := h.problem(ctx, "making the network "+to.Name, err)
		if cerrdefs.IsPermissionDenied(err) || strings.Contains(err.Error(), "overlap") {
			p.Code, p.Message = setup.CodeConflict, "Docker did not make the network "+to.Name+": some other network of this server overlaps "+to.Subnet+". Choose another range."
		}
		return p
	}
	return nil
}

// upperHalf is where a container without a fixed address gets one, so that it
// never takes a place that another is to have. The fixed ones are the first.
func upperHalf(subnet netip.Prefix) netip.Prefix {
	at := subnet.Addr().As4()
	at[subnet.Bits()/8] |= 0x80 >> (subnet.Bits() % 8)
	return netip.PrefixFrom(netip.AddrFrom4(at), subnet.Bits()+1)
}

func (h *Host) removeNetwork(ctx context.Context, now *network.Summary) *setup.Problem {
	if now == nil {
		return nil
	}
	got, err := h.api.NetworkInspect(ctx, now.ID, client.NetworkInspectOptions{})
	if err != nil {
		return h.problem(ctx, "inspecting the network "+now.Name, err)
	}
	for _, ep := range got.Network.Containers {
		return &setup.Problem{Code: setup.CodeInUse, Message: "The container " + ep.Name + " is in the network " + now.Name + ", so it is left. Take it out first."}
	}
	if _, err := h.api.NetworkRemove(ctx, now.ID, client.NetworkRemoveOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
		return h.problem(ctx, "removing the network "+now.Name, err)
	}
	return nil
}

// readNetwork tells what stands after the attempt. If it cannot be seen, the
// effect is not known.
func (h *Host) readNetwork(ctx context.Context, e setup.Entry, failed *setup.Problem) ([]setup.Outcome, error) {
	ctx, cancel := lastLook(ctx)
	defer cancel()
	now, err := h.networkNamed(ctx, e.Key.Name)
	if err != nil {
		if failed == nil {
			failed = h.problem(ctx, "looking at the network "+e.Key.Name, err)
		}
		return nil, failed
	}
	o := setup.Outcome{ID: e.ID, State: privateState(now), Err: failed}
	if now != nil {
		o.ID = now.ID
	}
	if failed == nil && !took(e, o.State) {
		o.Err = refuse("Docker took the change of the network %s, but it is not as planned.", e.Key.Name)
	}
	return []setup.Outcome{o}, nil
}

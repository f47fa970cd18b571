package dockerx

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// mayRecreate checks everything that would make a recreate fail half-way or
// reach beyond its service. It says false if the service already is as its
// files say.
func (h *Host) mayRecreate(ctx context.Context, r *recreation) (bool, error) {
	if err := sourceReadable(r.service, r.up); err != nil {
		return false, err
	}
	if err := h.sameImage(ctx, r.service, r.up); err != nil {
		return false, err
	}
	from := sourceOf(r.up[0].labels())
	c, err := h.config(ctx, r.project, from, r.mask)
	if err != nil {
		return false, err
	}
	after, ok := c.Services[r.service]
	if !ok {
		return false, refuse("The compose files no longer have a service %s.", r.service)
	}
	if err := h.bringsAbout(ctx, r, after); err != nil {
		return false, err
	}
	if err := h.networksReady(ctx, r, c, after); err != nil {
		return false, err
	}
	everyone, err := h.inspectAll(ctx, nil)
	if err != nil {
		return false, err
	}
	if err := h.portsFree(ctx, r, after, everyone); err != nil {
		return false, err
	}
	if err := r.nobodyInside(everyone); err != nil {
		return false, err
	}
	return h.rehearse(ctx, r, from)
}

// bringsAbout checks that the files say what the entries want: something else
// may set the same key, and then the downtime would be for nothing.
func (h *Host) bringsAbout(ctx context.Context, r *recreation, after configService) error {
	image, err := h.api.ImageInspect(ctx, r.up[0].Image)
	if err != nil {
		return h.problem(ctx, "inspecting the image of "+r.service, err)
	}
	var baked []string
	if image.Config != nil {
		baked = image.Config.Env
	}
	for _, e := range r.recreating() {
		if took(e, after.state(baked, e.Key.Kind, r.project, r.service, idOf(e))) {
			continue
		}
		return refuse("With the compose files and env files as they are, %s of %s would not become what was planned: another file, an environment entry or a variable sets it. Nothing was restarted.", idOf(e), r.service)
	}
	return nil
}

// state is how a new container would be seen, given what its image sets.
func (s configService) state(baked []string, kind setup.Kind, project, service, id string) setup.State {
	if kind != setup.KindSetting {
		target, err := strconv.Atoi(id)
		if err != nil {
			return nil
		}
		return setup.Published{Project: project, Service: service, Target: target, Exposure: s.exposure(target)}
	}
	v, ok := s.value(id)
	for _, kv := range baked {
		if name, value, _ := strings.Cut(kv, "="); name == id && !ok {
			v, ok = value, true
		}
	}
	if !ok {
		return nil
	}
	return setup.Setting{Project: project, Service: service, Name: id, Value: v}
}

// networksReady checks that every network which the service joins is there and
// that fixed addresses fit and are free. Docker would find out only after the
// old container is gone.
func (h *Host) networksReady(ctx context.Context, r *recreation, c config, after configService) error {
	for _, key := range sortedNames(after.Networks) {
		name := c.Networks[key].Name
		n, err := h.networkNamed(ctx, name)
		if err != nil {
			return h.problem(ctx, "looking at the network "+name, err)
		}
		if n == nil {
			return refuse("The Docker network %s, which %s needs, does not exist. Start your app (docker compose up -d), which makes it, then go on.", name, r.service)
		}
		ep := after.Networks[key]
		if ep == nil || ep.IPv4 == "" {
			continue
		}
		if err := h.addressFree(ctx, r, n.ID, name, ep.IPv4); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) addressFree(ctx context.Context, r *recreation, id, name, address string) error {
	got, err := h.api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if err != nil {
		return h.problem(ctx, "inspecting the network "+name, err)
	}
	ip := parseAddress(address)
	inside := slices.ContainsFunc(got.Network.IPAM.Config, func(c network.IPAMConfig) bool { return c.Subnet.Contains(ip) })
	if !inside {
		return refuse("%s is to have the fixed address %s, but the network %s does not hold it. Nothing was changed.", r.service, address, name)
	}
	for containerID, ep := range got.Network.Containers {
		if ep.IPv4Address.Addr() == ip && !r.owns(containerID) {
			return refuse("%s is to have the fixed address %s on the network %s, but %s has it. Nothing was changed.", r.service, address, name, ep.Name)
		}
	}
	return nil
}

func (r *recreation) owns(id string) bool {
	return slices.ContainsFunc(r.up, func(b box) bool { return b.ID == id })
}

// portsFree checks that no one else holds a port which the new container is to
// publish. Ports that the old one holds become free with it.
func (h *Host) portsFree(ctx context.Context, r *recreation, after configService, everyone []box) error {
	held := map[string]bool{}
	for _, b := range r.up {
		for _, p := range b.ports() {
			held[p.Protocol+strconv.Itoa(p.Published)] = true
		}
	}
	for _, p := range after.published() {
		if held[p.Protocol+p.Published] {
			continue
		}
		for _, b := range everyone {
			if !r.owns(b.ID) && b.running() && publishes(b, p) {
				return taken(r.service, p.Published, "the container "+b.name())
			}
		}
		if p.Protocol == "tcp" && h.answers(ctx, p) {
			return taken(r.service, p.Published, "another program on this server")
		}
	}
	return nil
}

func taken(service, port, by string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeConflict,
		Message: service + " is to publish port " + port + ", but " + by + " has it. Nothing was restarted; free the port or choose another."}
}

func publishes(b box, p configPort) bool {
	return slices.ContainsFunc(b.ports(), func(have found.Port) bool {
		if have.Protocol != p.Protocol || strconv.Itoa(have.Published) != p.Published {
			return false
		}
		return have.Address == "" || p.HostIP == "" || have.Address == p.HostIP
	})
}

// answers says whether some program of this server takes connections on the
// port. Asking is gentler than trying to listen, and works from wherever
// container addresses can be reached.
func (h *Host) answers(ctx context.Context, p configPort) bool {
	address := p.HostIP
	if ip := parseAddress(address); !ip.IsValid() || ip.IsUnspecified() {
		address = "127.0.0.1"
	}
	return h.accepts(ctx, net.JoinHostPort(address, p.Published))
}

// nobodyInside refuses if another container lives in a namespace of the one
// that is replaced: it would lose its network.
func (r *recreation) nobodyInside(everyone []box) error {
	for _, b := range everyone {
		if b.HostConfig == nil || r.owns(b.ID) {
			continue
		}
		modes := []string{string(b.HostConfig.NetworkMode), string(b.HostConfig.PidMode), string(b.HostConfig.IpcMode)}
		for _, mode := range modes {
			host, ok := strings.CutPrefix(mode, "container:")
			if ok && slices.ContainsFunc(r.up, func(u box) bool { return u.ID == host || u.name() == host }) {
				return refuse("Restarting %s would cut off %s, which uses its network. Culvert changes one service only; take %s apart first.", r.service, b.name(), b.name())
			}
		}
	}
	return nil
}

func parseAddress(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

package setup

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
)

// This file is about an app that is followed: the private name leads to the
// address that Docker gave its container in its own network. The address is
// nothing that anybody decides, so it is no part of what was agreed to: each look
// fills it in.

// Member is a running container in a network.
type Member struct{ Project, Service, Address string }

// Placed gives answers with what a look shows of a followed app: its address and
// the range of its network. While it has none, because it does not run, the
// address stays the one that devices are told; so it does where the app runs more
// than once and one of its containers has it still.
func (a Answers) Placed(w World, l Ledger) Answers {
	if !a.follows() {
		return a
	}
	p := *a.Private
	p.Address = a.told(l)
	if now := a.addresses(w); len(now) > 0 && !slices.Contains(now, p.Address) {
		p.Address = now[0]
	}
	p.Within = a.rangeAround(p.Address, w, l)
	a.Private = &p
	return a
}

// Unplaced is answers without what a look fills in.
func (a Answers) Unplaced() Answers {
	if a.follows() {
		p := *a.Private
		p.Address, p.Within = "", ""
		a.Private = &p
	}
	return a
}

// Same says whether two answers ask for the same, wherever a followed app is.
func (a Answers) Same(b Answers) bool { return reflect.DeepEqual(a.Unplaced(), b.Unplaced()) }

func (a Answers) follows() bool { return a.Private != nil && a.Private.Follow }

// whole says whether all of the app's own network is routed.
func (a Answers) whole() bool { return a.follows() && a.Private.Whole }

// addresses are those of the app in its network, sorted.
func (a Answers) addresses(w World) []string {
	var all []string
	for _, m := range a.Neighbours(w) {
		if m.Project == a.Stack.Project && m.Service == a.Stack.Service {
			all = append(all, m.Address)
		}
	}
	return all
}

// MovedFrom is the address at which a followed app was, as long as the way leads
// there or something there is left; empty: it did not move.
func (a Answers) MovedFrom(p Plan, l Ledger) string {
	if !a.follows() {
		return ""
	}
	if told := a.told(l); told != a.Private.Address {
		return told
	}
	for _, c := range p.Changes {
		if c.Follows && c.Drop {
			return strings.TrimSuffix(networkOf(c.From), "/32")
		}
	}
	return ""
}

// Neighbours are the containers in the app's own network.
func (a Answers) Neighbours(w World) []Member {
	for _, o := range w.Objects {
		if n, ok := o.State.(Network); ok && n.Name == a.Stack.Network {
			return n.Members
		}
	}
	return nil
}

// told is the address that the DNS server was made to tell last. Before there is
// one, it is the address with a lock on it.
func (a Answers) told(l Ledger) string {
	for _, n := range namesOf(l.Records[a.sidecarKey(DNSService)].Left) {
		if n.Name == a.Private.Name {
			return n.Address
		}
	}
	for _, k := range l.keys() {
		address, locked := strings.CutPrefix(k.Name, lockPrefix)
		if _, err := netip.ParseAddr(address); locked && err == nil && slices.Contains(l.Records[k].By, a.Setup) {
			return address
		}
	}
	return ""
}

// rangeAround is the range of the app's network around an address. While the
// network is not there it is the one that devices send through WARP.
func (a Answers) rangeAround(address string, w World, l Ledger) string {
	for _, o := range w.Objects {
		if n, ok := o.State.(Network); ok && n.Name == a.Stack.Network {
			for _, subnet := range n.Subnets {
				if overlaps(subnet, host32(address)) {
					return subnet
				}
			}
		}
	}
	for _, k := range l.keys() {
		r := l.Records[k]
		if s, ok := r.Left.(SplitTunnel); ok && slices.Contains(r.By, a.Setup) && overlaps(s.Network, host32(address)) {
			return s.Network
		}
	}
	if a.whole() {
		return a.lockedRange(l)
	}
	return ""
}

// lockedRange is the range with a lock of this setup on it: where the app is not
// to be found at all, neither that nor the route goes for it.
func (a Answers) lockedRange(l Ledger) string {
	for _, k := range l.keys() {
		network, locked := strings.CutPrefix(k.Name, lockPrefix)
		if locked && wide(network) && slices.Contains(l.Records[k].By, a.Setup) {
			return network
		}
	}
	return ""
}

// withApp says whether a key stands for something that is where a followed app is
// now, or that tells where.
func (a Answers) withApp(k Key) bool {
	if !a.follows() {
		return false
	}
	split := func(profile string) bool { return k == a.splitTunnelKey(profile, a.Private.Within) }
	onApp := k == a.AddressLockKey() || k == a.AppRouteKey() // what opens a whole network is agreed to by itself
	return onApp && !a.whole() || k == a.connectorFileKey() || k == a.sidecarKey(DNSService) || slices.ContainsFunc(a.Private.profiles(), split)
}

// namesOf are the names that the DNS server answers for, in the connector's file
// or as it runs.
func namesOf(s State) []HostAddress {
	var specs []SidecarSpec
	switch s := s.(type) {
	case ConnectorFile:
		specs = s.Sidecars
	case Sidecar:
		specs = []SidecarSpec{s.Spec}
	}
	var all []HostAddress
	for _, spec := range specs {
		all = append(all, spec.Names...)
	}
	return all
}

// addressMissing bars what would tell where a followed app is, as long as nobody
// knows.
func (p *planner) addressMissing(k Key, want Want) bool {
	if !want.WithApp || !slices.ContainsFunc(namesOf(want.State), func(n HostAddress) bool { return n.Address == "" }) {
		return false
	}
	p.bar(k, WhyGate, "The app has no address in its network, because it does not run there. Start it with docker compose; this page goes on by itself.")
	return true
}

// ledElsewhere bars telling devices another address while the one that they are
// told works: nobody could prove the new way before the old one is gone. An app
// that moved is not there any more.
func (p *planner) ledElsewhere(k Key, want Want, o *Object) bool {
	for _, have := range namesOf(o.State) {
		for _, n := range namesOf(want.State) {
			if n.Name == have.Name && n.Address != have.Address && p.answersAt(have.Address, want) {
				p.bar(k, WhyConflict, "Your team comes in at "+have.Address+" now, and would be told another address before anybody gets there. Switch to the public way first, then to this one.")
				return true
			}
		}
	}
	return false
}

// answersAt says whether what a private name leads to is at an address, and one
// of the ways follows the app.
func (p *planner) answersAt(address string, want Want) bool {
	for _, o := range p.world.Objects {
		switch s := o.State.(type) {
		case Network:
			for _, m := range s.Members {
				if m.Address == address && p.isApp(m) {
					return true
				}
			}
		case Attachment, Sidecar:
			beside, isSidecar := s.(Sidecar)
			there := func(e Endpoint) bool { return e.Address == address }
			if want.WithApp && (!isSidecar || beside.Running) && slices.ContainsFunc(Endpoints(s), there) {
				return true
			}
		}
	}
	return false
}

// isApp says whether a container is the app that focus is about.
func (p *planner) isApp(m Member) bool {
	for k, w := range p.want {
		if s, ok := w.State.(Setting); ok && slices.Contains(w.By, p.focus) && k.Kind == KindSetting && s.Project == m.Project && s.Service == m.Service {
			return true
		}
	}
	return false
}

// follows says whether a change does nothing but lead the private name to where a
// followed app is now.
func (p *planner) follows(c Change) bool {
	want := p.want[c.Key]
	switch {
	case c.Drop:
		return c.Verb == Delete && p.wasAt(c.From)
	case !want.WithApp || c.Late:
		return false
	}
	return c.Verb == Create || c.Verb == Update && (c.Key.Kind == KindSplitTunnel || onlyAddress(c.From, Bind(c.To, p.lookup)))
}

// wasAt says whether something is where a followed app was: on one address of the
// network in which the app is, and not on the one at which it is.
func (p *planner) wasAt(s State) bool {
	at, was := networkOf(s), false
	address, single := strings.CutSuffix(at, "/32")
	for _, w := range p.want {
		if !single || !w.WithApp || !slices.Contains(w.By, p.focus) {
			continue
		}
		if slices.ContainsFunc(namesOf(w.State), func(n HostAddress) bool { return n.Address == address }) {
			return false
		}
		split, ok := w.State.(SplitTunnel)
		was = was || ok && overlaps(split.Network, at)
	}
	return was
}

// networkOf is the range that a route or a lock is on.
func networkOf(s State) string {
	switch s := s.(type) {
	case Route:
		return s.Network
	case App:
		if len(s.Destinations) == 1 {
			d, _ := ParsePrivate(s.Destinations[0])
			return d.Network
		}
	}
	return ""
}

// onlyAddress says whether two states differ in nothing but the address that
// their DNS server tells.
func onlyAddress(a, b State) bool {
	without := func(s State) State {
		blank := func(specs []SidecarSpec) []SidecarSpec {
			specs = slices.Clone(specs)
			for i := range specs {
				specs[i].Names = slices.Clone(specs[i].Names)
				for n := range specs[i].Names {
					specs[i].Names[n].Address = ""
				}
			}
			return specs
		}
		switch s := s.(type) {
		case ConnectorFile:
			s.Sidecars = blank(s.Sidecars)
			return s
		case Sidecar:
			s.Spec = blank([]SidecarSpec{s.Spec})[0]
			return s
		}
		return nil
	}
	x, y := without(a), without(b)
	return x != nil && Same(x, y)
}

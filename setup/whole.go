package setup

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// This file is about a route over the whole network of a followed app. It opens
// whatever runs there, databases too, to the team's devices. So the login is on
// all of that range, and the operator says yes to the services in it by name.

// wide says whether a range is more than one address.
func wide(network string) bool {
	p, err := netip.ParsePrefix(network)
	return err == nil && !p.IsSingleIP()
}

// opensUnasked bars a route over a whole network until the operator agreed to
// every service that is in it now. A route that stands is not asked about again.
func (p *planner) opensUnasked(k Key, want Want) bool {
	r, ok := want.State.(Route)
	if !ok || !wide(r.Network) {
		return false
	}
	n := p.networkAround(r.Network)
	if n == nil {
		p.bar(k, WhyGate, fmt.Sprintf("What is in %s is not known, because no Docker network has that range. Start your app with docker compose; Culvert looks again by itself.", r.Network))
		return true
	}
	now := p.services(n.Members)
	for _, c := range want.Take {
		if c.ObjectID == n.Name && among(now, strings.Split(c.Seen, ",")) {
			return false
		}
	}
	b := p.bar(k, WhyConflict, opensText(r.Network, n.Members)+" Many of these ask for no password, because nothing but the app was to get there. Say that all of this may be reached, or choose the route to single addresses.")
	b.Offer = &Consent{n.Name, strings.Join(now, ",")}
	return true
}

// opens says what a change of a route over a whole network opens.
func (p *planner) opens(c Change) string {
	r, ok := c.To.(Route)
	if !ok || c.Drop || !wide(r.Network) {
		return ""
	}
	if n := p.networkAround(r.Network); n != nil {
		return opensText(r.Network, n.Members)
	}
	return ""
}

func opensText(network string, members []Member) string {
	return fmt.Sprintf("Every device of the team gets to all of %s, on every port, after its login. That is now: %s; and this server itself, with whatever listens on all of its addresses.", network, MembersText(members))
}

// MembersText lists containers with their addresses.
func MembersText(members []Member) string {
	var all []string
	for _, m := range members {
		all = append(all, cmp.Or(m.Service, "a container without a name")+" "+m.Address)
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// networkAround is the Docker network with a range.
func (p *planner) networkAround(network string) *Network {
	for _, o := range p.world.Objects {
		if n, ok := o.State.(Network); ok && slices.Contains(n.Subnets, network) {
			return &n
		}
	}
	return nil
}

// services are those in a network as the operator agrees to them, sorted: whoever
// runs twice is one, and Culvert's own are none.
func (p *planner) services(members []Member) []string {
	var connectors []string
	for _, w := range p.want {
		if c, ok := w.State.(Connector); ok {
			connectors = append(connectors, c.Project)
		}
	}
	return servicesBut(connectors, members)
}

func servicesBut(own []string, members []Member) []string {
	var names []string
	for _, m := range members {
		if slices.Contains(own, m.Project) {
			continue
		}
		names = append(names, cmp.Or(strings.Trim(m.Project+"/"+m.Service, "/"), m.Address))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// JoinedSince lists the services that a route over the whole network opens and
// that nobody agreed to: they came when it stood.
func (a Answers) JoinedSince(w World, l Ledger) []Member {
	if !a.whole() {
		return nil
	}
	k := a.AppRouteKey()
	if _, stands := l.Records[k]; !stands {
		return nil
	}
	var agreed []string
	for _, c := range a.consents(k) {
		if c.ObjectID == a.Stack.Network {
			agreed = append(agreed, strings.Split(c.Seen, ",")...)
		}
	}
	return slices.DeleteFunc(slices.Clone(a.Neighbours(w)), func(m Member) bool {
		return among(servicesBut([]string{a.Stack.ConnectorProject}, []Member{m}), agreed)
	})
}

// keepLocksOfRoutes bars taking the login off a whole network while a route that
// stays leads there, such as one that was there before this setup, and with it the
// Gateway proxy, without which no login counts. Where everything is taken down,
// nothing of ours carries it any more.
func (p *planner) keepLocksOfRoutes() {
	if !p.living() {
		return
	}
	why := map[string]string{} // by account
	p.keep(func(c Change) string {
		if c.Key.isLock() && wide(networkOf(c.From)) {
			why[c.Key.Scope] = p.leadsInto(c.Key.Scope, networkOf(c.From))
			return why[c.Key.Scope]
		}
		return ""
	})
	p.keep(func(c Change) string {
		if c.Key.Kind == KindGatewayProxy {
			return why[c.Key.Scope]
		}
		return ""
	})
}

// keep bars the removals for which there is a reason.
func (p *planner) keep(reason func(Change) string) {
	p.plan.Changes = slices.DeleteFunc(p.plan.Changes, func(c Change) bool {
		if !c.Drop || !c.Verb.Writes() {
			return false
		}
		why := reason(c)
		if why != "" {
			b := p.bar(c.Key, WhyConflict, why)
			b.Held, b.Keeps = c.From, true
		}
		return why != ""
	})
}

// living says whether focus wants anything.
func (p *planner) living() bool {
	for _, w := range p.want {
		if slices.Contains(w.By, p.focus) {
			return true
		}
	}
	return false
}

// leadsInto says which route leads into a range after this plan and has no lock
// of its own; empty: none does, for all that could be read.
func (p *planner) leadsInto(account, network string) string {
	if p.unreadKind(KindRoute, account) {
		return "Whether a route still leads there could not be read, so the login on it stays."
	}
	for _, o := range p.world.Objects {
		r, ok := o.State.(Route)
		switch {
		case !ok || o.Scope != account || !overlaps(r.Network, network) || p.placed(o) || p.deletes(o):
		case r.Network == network || p.toOwnTunnel(r):
			return fmt.Sprintf("A route that was not made by Culvert leads all of %s to the tunnel %s, and nothing but this login keeps every device of the account from it. Delete that route in the dashboard (Networks → Routes); then the login goes as well.",
				r.Network, cmp.Or(r.TunnelName, r.Tunnel.Lit))
		}
	}
	return ""
}

// placed says whether a route is one that is wanted: it has its lock.
func (p *planner) placed(o Object) bool {
	for k, have := range p.of {
		if _, wanted := p.want[k]; wanted && k.Kind == KindRoute && have.ID == o.ID {
			return true
		}
	}
	return false
}

func (p *planner) deletes(o Object) bool {
	return slices.ContainsFunc(p.plan.Changes, func(c Change) bool {
		return c.Verb == Delete && c.Key.Kind == o.State.Kind() && c.Key.Scope == o.Scope && c.FromID == o.ID
	})
}

func (p *planner) toOwnTunnel(r Route) bool {
	for k := range p.want {
		if have := p.of[k]; have != nil && k.Kind == KindTunnel && have.ID == r.Tunnel.Lit {
			return true
		}
	}
	return false
}

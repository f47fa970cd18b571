package setup

import "slices"

// leadsUnlocked says whether what is removed is a route on which Cloudflare asks for
// no login any more, because somebody deleted the lock there. Nothing waits for it:
// while it stands, every device of the account gets in. What is not known to be
// open is not taken for it.
func (p *planner) leadsUnlocked(c Change) bool {
	if !c.Drop || !c.Verb.Writes() || p.unreadKind(KindApp, c.Key.Scope) {
		return false
	}
	var to PrivateDestination
	switch s := c.From.(type) {
	case Route:
		to.Network, to.VNet = s.Network, s.VNet.Lit
	case HostnameRoute:
		to.Hostname = s.Hostname
	default:
		return false
	}
	if p.isDNSServer(to.Network) {
		return false
	}
	for k, w := range p.want { // it is put back, and the route may be in use
		if k.Scope == c.Key.Scope && locks(w.State, to) {
			return false
		}
	}
	return !slices.ContainsFunc(p.world.Objects, func(o Object) bool { return o.Scope == c.Key.Scope && locks(o.State, to) })
}

// locks says whether an application asks for a login on all of a destination.
func locks(s State, to PrivateDestination) bool {
	app, ok := s.(App)
	return ok && slices.ContainsFunc(app.Destinations, func(text string) bool {
		d, private := ParsePrivate(text)
		return private && d.Ports == "" && d.Protocol == "" && (d.VNet == "" || d.VNet == to.VNet) && d.covers(to)
	})
}

// isDNSServer says whether a range is the address of a DNS server of ours, which
// answers every device without a login.
func (p *planner) isDNSServer(network string) bool {
	for _, r := range p.ledger.Records {
		switch s := r.Left.(type) {
		case Sidecar:
			if s.Spec.Service == DNSService && slices.ContainsFunc(s.Spec.Networks, func(e Endpoint) bool { return host32(e.Address) == network }) {
				return true
			}
		case Fallback:
			if slices.ContainsFunc(s.Servers, func(server string) bool { return host32(server) == network }) {
				return true
			}
		}
	}
	return false
}

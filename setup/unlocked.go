package setup

import "slices"

// leadsUnlocked says whether what is removed is a route on which Cloudflare asks for
// no login any more, because somebody deleted the lock there. Nothing waits for it:
// while it stands, every device of the account gets in. What is not known to be
// open is not taken for it.
func (p *planner) leadsUnlocked(c Change) bool {
	if !c.Drop || c.Verb != Delete || p.unreadKind(KindApp, c.Key.Scope) {
		return false
	}
	var to PrivateDestination
	switch s := c.From.(type) {
	case Route:
		to.Network = s.Network
	case HostnameRoute:
		to.Hostname = s.Hostname
	default:
		return false
	}
	return !p.isDNSServer(to.Network) && !slices.ContainsFunc(p.world.Objects, func(o Object) bool {
		app, ok := o.State.(App)
		return ok && o.Scope == c.Key.Scope && slices.ContainsFunc(app.Destinations, func(text string) bool {
			d, private := ParsePrivate(text)
			return private && d.covers(to)
		})
	})
}

// isDNSServer says whether a range is the address of a DNS server of ours, which
// answers every device without a login.
func (p *planner) isDNSServer(network string) bool {
	for _, r := range p.ledger.Records {
		s, ok := r.Left.(Sidecar)
		if ok && s.Spec.Service == DNSService && slices.ContainsFunc(s.Spec.Networks, func(e Endpoint) bool { return host32(e.Address) == network }) {
			return true
		}
	}
	return false
}

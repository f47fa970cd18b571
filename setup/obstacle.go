package setup

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// obstacle bars what is not there yet and would be in the way of others, or they
// of it.
func (p *planner) obstacle(k Key, want Want) bool {
	for i := range p.world.Objects {
		o := &p.world.Objects[i]
		detail, mayStay := p.collision(k, want.State, o)
		if detail == "" || mayStay && want.agreed(o) {
			continue
		}
		b := p.bar(k, WhyConflict, detail)
		if b.Held = o.State; mayStay {
			b.Offer, b.Beside = &Consent{o.ID, Digest(o.State)}, true
		}
		return true
	}
	return false
}

// collision says how an object and what is to be made get into each other's way,
// and whether both can stand if the operator says so.
func (p *planner) collision(k Key, want State, o *Object) (detail string, mayStay bool) {
	switch w := want.(type) {
	case PrivateNetwork:
		return subnetTaken(w, o.State), false
	case Route:
		if have, ok := o.State.(Route); ok && o.Scope == k.Scope && !p.ledger.ours(o.Mark) && p.sameVNet(w, have) && overlaps(w.Network, have.Network) {
			return p.routeTaken(w, have), true
		}
	case Attachment, ComposeNetwork, Sidecar:
		return answersAlready(want, o.State), false
	case HostnameRoute:
		have, ok := o.State.(HostnameRoute)
		if ok && o.Scope == k.Scope && !p.ledger.ours(o.Mark) && strings.HasSuffix(w.Hostname, "."+have.Hostname) {
			return fmt.Sprintf("A route of somebody else leads %s and everything below it to the tunnel %s, so also %s. Say that the name may be taken out of it, or choose another private name.",
				have.Hostname, have.TunnelName, w.Hostname), true
		}
	}
	return "", false
}

// answersAlready: two containers of one name would each get a part of what comes
// in. Nobody could prove the new one before the old one is gone.
// The app's place in its file and that of its container are one.
func answersAlready(want, have State) string {
	if (want.Kind() == KindSidecar) == (have.Kind() == KindSidecar) {
		return ""
	}
	for _, w := range Endpoints(want) {
		for _, h := range Endpoints(have) {
			if w.Network == h.Network && len(common(w.Aliases, h.Aliases)) > 0 {
				return fmt.Sprintf("Something else answers for %s in the network %s, and your team may be coming in that way. Switch to the public way first, then to this one.",
					strings.Join(common(w.Aliases, h.Aliases), ", "), w.Network)
			}
		}
	}
	return ""
}

// otherName: what stands beside the connector knows one private name. While the
// team comes in by it, it cannot be prepared for another: the old name would fail
// from the build on, and the new one be known after the switch. All else of the new
// name hangs on its lock, but for the certificate, which has one place.
func (p *planner) otherName(k Key, want State) string {
	name := ""
	switch w := want.(type) {
	case Certificate:
		name = w.Name
	case App:
		for _, d := range w.Destinations {
			if private, ok := ParsePrivate(d); ok && k.isLock() {
				name = private.Hostname
			}
		}
	}
	old := p.ledName()
	if name == "" || old == "" || old == name {
		return ""
	}
	return nameKept(old, name)
}

func nameKept(old, name string) string {
	return fmt.Sprintf("Your team comes in by %s, and one name can be served at a time. Switch to the public way first and then to %s, or keep the name. Without a public address, take this setup down and begin with the new name.", old, name)
}

// NameKept says why answers cannot follow those that stand: they have another
// private name, and the team comes in by the old one. Empty: they can.
func (a Answers) NameKept(now Answers, l Ledger) string {
	if !a.Mode.Private() || a.Private == nil || !now.LedIn(l) || a.Private.Name == now.Private.Name {
		return ""
	}
	return nameKept(now.Private.Name, a.Private.Name)
}

// ledName is the private name to which focus led devices, if it is another than the
// one that it wants now.
func (p *planner) ledName() string {
	wanted := ""
	for _, w := range p.want {
		if f, ok := w.State.(Fallback); ok && slices.Contains(w.By, p.focus) {
			wanted = NormalName(f.Suffix)
		}
	}
	if wanted == "" { // no private name is
		return ""
	}
	for _, k := range p.keys() {
		led := ""
		switch left := p.ledger.Records[k].Left.(type) {
		case HostnameRoute:
			led = left.Hostname
		case Fallback:
			if len(left.Servers) > 0 {
				led = left.Suffix
			}
		}
		if led != "" && NormalName(led) != wanted && slices.Contains(p.ledger.Records[k].By, p.focus) {
			return led
		}
	}
	return ""
}

// answersTwice says so of anything that is still to be made; empty: nothing is.
func (p *planner) answersTwice() string {
	for _, k := range p.keys() {
		want, wanted := p.want[k]
		if !wanted || p.of[k] != nil || len(Endpoints(want.State)) == 0 {
			continue
		}
		for _, o := range p.world.Objects {
			if detail := answersAlready(want.State, o.State); detail != "" {
				return detail
			}
		}
	}
	return ""
}

func subnetTaken(n PrivateNetwork, s State) string {
	other, ok := s.(Network)
	if !ok || other.Name == n.Name {
		return ""
	}
	for _, subnet := range other.Subnets {
		if overlaps(n.Subnet, subnet) {
			return fmt.Sprintf("The Docker network %s of this server has the addresses %s already. Choose another range than %s.", other.Name, subnet, n.Subnet)
		}
	}
	return ""
}

func (p *planner) sameVNet(want, have Route) bool {
	id, known := p.lookup(want.VNet.Of)
	return !known || have.VNet.Lit == id
}

func (p *planner) routeTaken(w, have Route) string {
	if id, known := p.lookup(w.Tunnel.Of); known && have.Tunnel.Lit == id {
		return fmt.Sprintf("A route of this tunnel opens all of %s to every device of the account, so also databases that run beside the app. Delete it in the dashboard (Networks → Routes) once this setup works, or say that it may stay.", have.Network)
	}
	if wide(w.Network) && !spans(have.Network, w.Network) {
		return fmt.Sprintf("A route of somebody else leads %s to the tunnel %s. It is closer than one for all of %s, so what is at these addresses here is not reached. Say that this may be, or choose the route to single addresses.",
			have.Network, have.TunnelName, w.Network)
	}
	return fmt.Sprintf("A route of somebody else leads %s to the tunnel %s. Of both the longer one counts, so %s would come here and the rest stay there. Say that this may be, or choose another range or network for this setup.",
		have.Network, have.TunnelName, w.Network)
}

// spans says whether a range holds all of another.
func spans(wide, narrow string) bool {
	return PrivateDestination{Network: wide}.covers(PrivateDestination{Network: narrow})
}

// overlaps says whether two ranges share an address. What is no range shares none.
func overlaps(a, b string) bool {
	x, errA := netip.ParsePrefix(a)
	y, errB := netip.ParsePrefix(b)
	return errA == nil && errB == nil && x.Overlaps(y)
}

// listed bars what somebody else wrote into a list that devices get, until the
// operator agrees that it goes.
func (p *planner) listed(k Key, want Want, o *Object) bool {
	detail := ""
	switch s := o.State.(type) {
	case Shadow:
		if len(s.Marked) > 0 {
			p.bar(k, WhyConflict, fmt.Sprintf("Another setup of Culvert tells devices%s to ask %s for %s, and so for everything below it. Choose another private name, or the way of that setup.",
				ofProfile(s.Profile, p.profileName(k)), serversText(s.Marked[0].Servers), s.Marked[0].Suffix)).Held = s
			return true
		}
		if len(s.Entries) > 0 && len(want.State.(Shadow).Entries) == 0 {
			detail = fmt.Sprintf("Devices%s do not ask Gateway for %s, because of what stands above it in Local Domain Fallback: %s. Culvert can take that out; names below it are then asked of Gateway, for everybody in the account. It is put back when this setup goes.",
				ofProfile(s.Profile, p.profileName(k)), s.Hostname, strings.Join(Describe(s), ", "))
		}
	case Fallback:
		rec, known := p.ledger.Records[k]
		theirs := (!known || rec.Owner == Found) && !p.ledger.ours(o.Mark) && (s.Bare || len(s.Servers) > 0)
		if theirs && !want.State.met(s) {
			detail = fmt.Sprintf("Somebody else wrote into Local Domain Fallback whom devices%s ask for %s: %s. Say that Culvert may change it. It is put back when this setup goes.",
				ofProfile(s.Profile, p.profileName(k)), s.Suffix, serversText(s.Servers))
		}
	}
	if detail == "" || want.agreed(o) {
		return false
	}
	b := p.bar(k, WhyConflict, detail)
	b.Offer, b.Held = &Consent{o.ID, Digest(o.State)}, o.State
	return true
}

// restricted bars a DNS location that devices elsewhere do not match.
func (p *planner) restricted(k Key, o *Object) bool {
	l, ok := o.State.(DNSLocation)
	if !ok || len(l.Networks) == 0 {
		return false
	}
	p.bar(k, WhyConflict, fmt.Sprintf("The default DNS location %s takes queries from %s only; devices elsewhere do not match it. Take the restriction out in the dashboard (Gateway → DNS locations), or do without a DNS location: devices with WARP need none.",
		l.Name, strings.Join(l.Networks, ", "))).Held = l
	return true
}

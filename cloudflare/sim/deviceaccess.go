package sim

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// wants tells whether a private destination of an application is about a packet.
// A name is seen in the TLS handshake (SNI) on port 443, and otherwise in the
// address, if Gateway gave it for that name ("Self-hosted private application").
func (d destination) wants(p packet, u Unsure) bool {
	switch {
	case d.Type != "private" || !d.hasPort(p.to.Port()) || d.L4Protocol != "" && d.L4Protocol != p.network:
		return false
	case d.VnetID != "" && d.VnetID != p.vnet:
		return false
	case d.Hostname != "" && p.network == "tcp" && p.to.Port() == 443:
		return d.named(p.name)
	case d.Hostname != "":
		return p.behind != nil && d.named(p.behind.name)
	case p.behind != nil && u.AppsByRealAddress:
		return d.prefix().Contains(p.behind.real)
	default:
		return d.prefix().Contains(p.to.Addr())
	}
}

func (d destination) named(name string) bool {
	if parent, wild := strings.CutPrefix(d.Hostname, "*."); wild {
		return strings.HasSuffix(name, "."+parent)
	}
	return name != "" && d.Hostname == name
}

func (d destination) prefix() netip.Prefix {
	p, err := netip.ParsePrefix(d.CIDR)
	if err != nil {
		return netip.Prefix{} // a snapshot edited by hand
	}
	return p.Masked()
}

// hasPort goes by what validPorts let in.
func (d destination) hasPort(port uint16) bool {
	if d.PortRange == "" {
		return true
	}
	from, to, isRange := strings.Cut(d.PortRange, "-")
	if !isRange {
		to = from
	}
	least, err := strconv.ParseUint(from, 10, 16)
	most, err2 := strconv.ParseUint(to, 10, 16)
	return err == nil && err2 == nil && uint64(port) >= least && uint64(port) <= most
}

// closeness orders destinations: a name before an address ("hostname before
// IP"); the rest was not established: a whole name before a wildcard, a longer
// name or prefix before a shorter one, some ports before all.
func (d destination) closeness() []int {
	name, wild, ports := strings.TrimPrefix(d.Hostname, "*."), 0, 0
	if name == d.Hostname {
		wild = 1
	}
	if d.PortRange != "" {
		ports = 1
	}
	return []int{min(1, len(name)), wild, len(name), d.prefix().Bits(), ports}
}

// privateDoor is the application that stands in the way of a packet, or nil.
func (a *account) privateDoor(p packet, u Unsure) (best *app) {
	var closest []int
	for one := range a.Apps.all() {
		for _, d := range one.Destinations {
			if d.wants(p, u) && slices.Compare(d.closeness(), closest) > 0 {
				best, closest = one, d.closeness()
			}
		}
	}
	return best
}

// guard is Access on the way of a packet. A bypass lets it on; then a session of
// the person at the application, or one of the client, where the application
// takes that ("WARP session").
func (l look) guard(p *packet) error {
	app := l.account.privateDoor(*p, l.cloud.o.Unsure)
	if l.App = ""; app == nil {
		l.say(AtAccess, "no application is on %s: every enrolled device may", p.to)
		return nil
	}
	l.App = app.ID
	policies, j := l.account.policiesOf(app), l.cloud.judge(l.account)
	if j.bypassed(policies, visitor{}) {
		l.say(AtAccess, "%s lets everybody through (bypass)", app.Name)
		return nil
	}
	if l.hasSession(app, policies) {
		l.say(AtAccess, "%s lets %s through, who logged in to it", app.Name, l.reg.Email)
		return nil
	}
	if app.arriving {
		return l.end(AtAccess, nil, "%s has not arrived at the edge yet", app.Name)
	}
	if !l.clientSession(app) {
		return l.end(AtAccess, errSession, "%s asks %s to log in: the client shows \"Authentication required\"", app.Name, l.reg.Email)
	}
	if made, _ := j.decide(policies, visitor{email: l.reg.Email, idp: l.reg.IDP}); made != through {
		return l.end(AtAccess, errNotAllowed, "%s does not allow %s", app.Name, l.reg.Email)
	}
	l.say(AtAccess, "%s takes the session of the client, and allows %s", app.Name, l.reg.Email)
	return nil
}

// hasSession tells whether the person has a good session at an application.
func (l look) hasSession(app *app, policies []*policy) bool {
	session, err := l.account.verify(l.reg.Sessions[app.ID], app, l.cloud.now())
	if err != nil {
		return false
	}
	at := slices.IndexFunc(policies, func(p *policy) bool { return p.ID == session.Policy })
	return at < 0 || l.cloud.judge(l.account).stillHolds(policies[at].ruleset, visitor{email: session.Email, idp: session.IDP})
}

// clientSession tells whether an application takes the session of the client, and
// it is not over. Where the application does not say, the organization does.
func (l look) clientSession(app *app) bool {
	takes := cmp.Or(string(app.Settings["allow_authenticate_via_warp"]), string(l.account.Org.Settings["allow_authenticate_via_warp"]))
	var text string
	if takes != "true" || json.Unmarshal(l.account.Org.Settings["warp_auth_session_duration"], &text) != nil {
		return false
	}
	lasts, err := time.ParseDuration(text)
	return err == nil && l.cloud.now().Before(l.reg.LoggedIn.Add(lasts))
}

package setup

import (
	"strings"
	"testing"
	"time"
)

func carriedWorld(extra ...Object) World {
	const account = "acc"
	vnet := func(id string, isDefault bool) Object {
		return Object{Scope: account, ID: id, State: VirtualNetwork{Name: id, Default: isDefault}}
	}
	return World{Objects: append([]Object{vnet("main", true), vnet("lab", false)}, extra...)}
}

func aRoute(network, vnet, tunnel string) Object {
	return Object{Scope: "acc", ID: network + vnet, State: Route{Network: network, VNet: Lit(vnet), Tunnel: Lit(tunnel), TunnelName: "tunnel " + tunnel}}
}

// taken is a route that Cloudflare said it takes for an address.
func taken(o Object, address string) Object {
	r := o.State.(Route)
	r.Takes = append(r.Takes, address)
	o.State = r
	return o
}

// left is a route that Cloudflare lists, and said it does not take.
func left(o Object, address string) Object {
	r := o.State.(Route)
	r.Leaves = append(r.Leaves, address)
	o.State = r
	return o
}

func byName(name, tunnel string) Object {
	return Object{Scope: "acc", ID: name, State: HostnameRoute{Hostname: name, Tunnel: Lit(tunnel)}}
}

// The light of the route is good only if packets end in the setup's own tunnel.
func TestTheRouteIsTheOneThatCloudflareChooses(t *testing.T) {
	const app, dns = "172.30.250.2/32", "172.30.250.3/32"
	both := []Object{aRoute(app, "main", "own"), aRoute(dns, "main", "own")}
	wide := aRoute("172.30.0.0/16", "main", "other")
	with := func(more ...Object) []Object { return append(append([]Object{}, both...), more...) }
	for name, row := range map[string]struct {
		mode Mode
		has  []Object
		ok   bool
		says string
	}{
		"both":                               {ModeFallback, both, true, "end in this server's tunnel"},
		"a wider one of another tunnel":      {ModeFallback, with(aRoute("172.30.0.0/16", "main", "other")), true, ""},
		"only a wider one of another tunnel": {ModeFallback, []Object{both[1], aRoute("172.30.0.0/16", "main", "other")}, false, "172.30.250.2 go to another tunnel (tunnel other) by the route 172.30.0.0/16"},
		"the closer one of another tunnel":   {ModeFallback, []Object{aRoute("172.30.0.0/16", "main", "own"), aRoute(app, "main", "other")}, false, "another tunnel"},
		"a wider one that Cloudflare takes":  {ModeFallback, with(taken(wide, "172.30.250.2")), false, "172.30.250.2 go to another tunnel (tunnel other)"},
		"the one that Cloudflare takes":      {ModeFallback, []Object{taken(both[0], "172.30.250.2"), both[1], wide}, true, "end in this server's tunnel"},
		"one, and Cloudflare takes none":     {ModeFallback, []Object{left(both[0], "172.30.250.2"), both[1]}, false, "takes no route, although its list has 172.30.250.2/32"},
		"one taken in another network":       {ModeFallback, with(taken(aRoute("172.16.0.0/12", "lab", "other"), "172.30.250.2")), true, "end in this server's tunnel"},
		"none for the DNS server":            {ModeFallback, both[:1], false, "No route covers 172.30.250.3"},
		"none":                               {ModeFallback, nil, false, "No route covers 172.30.250.2"},
		"only in another virtual network":    {ModeFallback, []Object{aRoute(app, "lab", "own"), both[1]}, false, "Only in another virtual network"},
		"by name":                            {ModeHostname, []Object{byName("ocs.your-org", "own")}, true, "The route for ocs.your-org"},
		"by a name above":                    {ModeHostname, []Object{byName("your-org", "own")}, true, "The route for your-org"},
		"a closer name of another tunnel":    {ModeHostname, []Object{byName("your-org", "own"), byName("ocs.your-org", "other")}, false, "leads to another tunnel (other)"},
		"a wider name of another tunnel":     {ModeHostname, []Object{byName("your-org", "other"), byName("ocs.your-org", "own")}, true, ""},
		"a name that only ends alike":        {ModeHostname, []Object{byName("s.your-org", "own")}, false, "No route has the name"},
		"by address, where a name is wanted": {ModeHostname, both, false, "No route has the name"},
	} {
		a := Answers{Mode: row.mode, Account: "acc", Setup: "ocs", Private: &Private{Name: "ocs.your-org", Address: "172.30.250.2", DNS: "172.30.250.3"}}
		l := Ledger{Records: map[Key]Record{a.TunnelKey(): {ID: "own"}}}
		v := a.Carried(carriedWorld(row.has...), l, time.Time{})
		if v.OK != row.ok || !strings.Contains(v.Detail, row.says) || v.Check.ID != RouteCheck {
			t.Errorf("%s: OK %v: %s", name, v.OK, v.Detail)
		}
		kind := KindRoute
		if row.mode == ModeHostname {
			kind = KindHostnameRoute
		}
		unread := carriedWorld(row.has...)
		unread.Miss(kind, "acc", Problem{Message: "away"})
		if v := a.Carried(unread, l, time.Time{}); v.OK || !strings.Contains(v.Detail, "could not be read: away") {
			t.Errorf("%s, unread: OK %v: %s", name, v.OK, v.Detail)
		}
		if v := a.Carried(carriedWorld(row.has...), Ledger{}, time.Time{}); v.OK {
			t.Errorf("%s, without a tunnel: %s", name, v.Detail)
		}
		unseen := World{Objects: row.has}
		if v := a.Carried(unseen, l, time.Time{}); row.mode == ModeFallback && v.OK {
			t.Errorf("%s, without a virtual network: %s", name, v.Detail)
		}
	}
}

func TestChecksOfThePrivateWayAreNoneFromOutside(t *testing.T) {
	if got := (Answers{Mode: ModePublic}).PrivateChecks(); got != nil {
		t.Errorf("without a private name there are %v", got)
	}
	a := Answers{Mode: ModeFallback, Private: &Private{Name: "ocs.your-org", Front: &Front{}, Login: Login{Path: "/login"}}}
	ids := map[string]bool{}
	for _, c := range a.PrivateChecks() {
		ids[c.ID] = true
		if !c.Private() || c.Outside() || c.Beside() || c.Port() {
			t.Errorf("%s counts as another sort", c.ID)
		}
		if want := 3 * time.Minute; c.ID != RouteCheck && c.Fresh() != want {
			t.Errorf("%s counts for %v", c.ID, c.Fresh())
		}
	}
	for _, id := range []string{DNSCheck, DNSOverTCPCheck, DNSForIPv6Check, DNSOthersCheck, UDPCheck, RouteCheck, CertificateCheck, HTTPSCheck, SignInCheck} {
		if !ids[id] {
			t.Errorf("%s is not asked", id)
		}
	}
}

// TestAnAddressThatIsNotKnownIsNotRouted: where the app or dnsmasq is may not be
// known yet, and then no route and no range is wanted of it.
func TestAnAddressThatIsNotKnownIsNotRouted(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeFallback)
	a.Private.Address, a.Private.DNS = "", ""
	for k := range a.wants() {
		if k.Kind == KindRoute || k.Kind == KindApp && strings.HasSuffix(k.Name, "/32") {
			t.Errorf("wanted without an address: %s", k)
		}
	}
}

package setup

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const wholeRange, databaseAt = "172.18.0.0/16", "172.18.0.3"

func wholeSetup() Answers { return whole(inMode(sample("ocs", "chat.example.org"), ModeFallback)) }

// unasked is the setup before anybody agreed to what the whole network holds.
func unasked() Answers {
	a := wholeSetup()
	a.Consents = nil
	return a
}

func (m *model) routesTo(network string) int {
	n := 0
	for _, o := range m.Objects {
		if r, ok := o.State.(Route); ok && r.Network == network {
			n++
		}
	}
	return n
}

func TestTheWholeNetworkIsRoutedOnceItsServicesAreAgreedTo(t *testing.T) {
	a := unasked()
	m := hostWorld(a)
	p := m.plan(t, a.Setup, &a, nil)
	golden(t, "mode-fallback-whole", p.String())
	offer := p.barred()[Key{KindRoute, account, wholeRange}].Offer
	if offer == nil || offer.Seen != "ocs/db,ocs/web" {
		t.Fatalf("what it offers to agree to: %+v", offer)
	}
	left := m.run(t, a.Setup, &a, nil)
	if m.routesTo(wholeRange) != 0 || m.enters(a) || len(left.Barriers) != 1 {
		t.Fatalf("nobody agreed, and this is left:\n%s", left)
	}
	a.Consents = []GivenConsent{{left.Barriers[0].Key, *left.Barriers[0].Offer}}
	converges(t, m, a, nil)
	if !m.letsInto(databaseAt) || m.letsInto("172.19.0.3") {
		t.Error("the team does not get to the database, or to more than this network")
	}
	if m.routesTo("172.18.0.7/32") != 0 {
		t.Error("there is a route to the single address as well")
	}
}

// What joins before the route stands is asked about; what leaves or moves is not.
func TestOneMoreServiceIsAskedAboutUntilTheRouteStands(t *testing.T) {
	a := wholeSetup()
	m := hostWorld(a)
	with := func(members ...Member) {
		o := m.find(KindNetwork, "ocs_default")
		n := o.State.(Network)
		n.Members = append(appNetwork(a).Members, members...)
		o.State = n
	}
	barred := func() bool {
		return m.plan(t, a.Setup, &a, nil).barred()[a.Placed(m.World, m.ledger).AppRouteKey()] != nil
	}
	with(Member{"ocs", "web", "172.18.0.9"}, Member{"culvert-ocs", "cloudflared", "172.18.0.10"})
	if barred() {
		t.Error("a second container of a known service, or the connector, is asked about")
	}
	for _, new := range []Member{{"ocs", "redis", "172.18.0.8"}, {"", "", "172.18.0.8"}} {
		if with(new); !barred() {
			t.Errorf("%+v joined and nobody is asked", new)
		}
	}
	with()
	m.find(KindNetwork, "ocs_default").State = Network{Name: "ocs_default", Subnets: []string{wholeRange}, Members: []Member{{"ocs", "web", "172.18.0.21"}}}
	if barred() {
		t.Error("it is asked about although there is less")
	}
	converges(t, m, a, nil)
	with(Member{"ocs", "redis", "172.18.0.8"})
	if p := m.plan(t, a.Setup, &a, nil); len(p.Barriers) > 0 {
		t.Errorf("a route that stands is asked about:\n%s", p)
	}
	if since := a.Placed(m.World, m.ledger).JoinedSince(m.World, m.ledger); len(since) != 1 || since[0].Service != "redis" {
		t.Errorf("joined since: %+v", since)
	}
	if v := a.Placed(m.World, m.ledger).Carried(m.World, m.ledger, time.Time{}); !v.OK || !strings.HasSuffix(v.Detail, "since you agreed: redis 172.18.0.8.") {
		t.Errorf("with the proof of the route it is told: %v, %s", v.OK, v.Detail)
	}
}

func TestWithinTheWholeNetworkOnlyTheNameFollowsTheApp(t *testing.T) {
	a := wholeSetup()
	m := hostWorld(a)
	converges(t, m, a, nil)
	m.move("ocs")
	p := m.plan(t, a.Setup, &a, nil)
	for _, c := range p.Changes {
		if !c.Follows || c.Key.Kind != KindConnectorFile && c.Key.Kind != KindSidecar {
			t.Errorf("it changes as well: %s", c)
		}
	}
	if len(p.Changes) != 2 || a.Placed(m.World, m.ledger).MovedFrom(p, m.ledger) != "172.18.0.7" {
		t.Errorf("it moved, and the plan is\n%s", p)
	}
	converges(t, m, a, nil)
	m.stop("ocs")
	if p := m.plan(t, a.Setup, &a, nil); !p.Empty() {
		t.Errorf("an app that stopped changes something:\n%s", p)
	}
	delete(m.ledger.Records, a.sidecarKey(DNSService)) // and nothing tells its address any more
	m.remove(KindNetwork, "ocs_default")
	for _, c := range m.plan(t, a.Setup, &a, nil).Changes {
		if c.Drop {
			t.Errorf("it goes with the network: %s", c)
		}
	}
}

// Docker may give the network itself another range. Nothing of that opens by
// itself.
func TestAnotherRangeIsAskedAboutAnew(t *testing.T) {
	a := wholeSetup()
	m := hostWorld(a)
	converges(t, m, a, nil)
	m.find(KindNetwork, "ocs_default").State = Network{Name: "ocs_default", Subnets: []string{"172.25.0.0/16"}, Members: []Member{{"ocs", "web", "172.25.0.3"}}}
	m.put(account, DefaultProfile+"/172.25.0.0/16", "", SplitTunnel{Profile: DefaultProfile, Network: "172.25.0.0/16"})
	for _, c := range m.plan(t, a.Setup, &a, nil).Changes {
		if c.Follows && (c.Key.Kind == KindRoute || c.Key.Kind == KindApp) {
			t.Errorf("it counts as agreed to: %s", c)
		}
	}
	left := m.run(t, a.Setup, &a, nil)
	if m.routesTo("172.25.0.0/16") != 0 || len(left.Barriers) == 0 || left.Barriers[0].Offer == nil {
		t.Fatalf("nobody agreed, and this is left:\n%s", left)
	}
	a.Consents = append(a.Consents, GivenConsent{left.Barriers[0].Key, *left.Barriers[0].Offer})
	converges(t, m, a, nil)
	if m.routesTo(wholeRange) != 0 {
		t.Error("the old range is still routed")
	}
}

// handmadeRoute is the guide's: the whole network through a tunnel that was there.
func handmadeRoute(m *model, tunnel string) {
	m.put(account, "by-hand", "", Route{Network: wholeRange, VNet: Lit("vnet-1"), Tunnel: Lit(tunnel), TunnelName: tunnel})
}

func TestTheGuidesRouteIsTakenOverAndItsLockStaysAsLongAsItDoes(t *testing.T) {
	for _, tunnel := range []string{"tun-ocs", "theirs"} {
		t.Run(tunnel, func(t *testing.T) {
			a := unasked()
			m := hostWorld(a)
			m.put(account, "tun-ocs", "", Tunnel{Name: "ocs", Remote: true})
			handmadeRoute(m, tunnel)
			for range 5 { // each of them is said yes to
				for _, b := range m.run(t, a.Setup, &a, nil).Barriers {
					if b.Offer == nil {
						t.Fatalf("it is in the way: %s", b.Detail)
					}
					a.Consents = append(a.Consents, GivenConsent{b.Key, *b.Offer})
				}
			}
			converges(t, m, a, nil)
			if m.routesTo(wholeRange) != 1 || m.find(KindRoute, "by-hand").State.(Route).Tunnel.Lit != "tun-ocs" {
				t.Fatalf("the route is %+v", m.find(KindRoute, "by-hand"))
			}
			approved := map[SetupID]Answers{a.Setup: a}
			for _, next := range []Answers{followed(inMode(a, ModeFallback)), inMode(a, ModePublic)} {
				m := m.clone()
				next.Consents = a.Consents
				left := m.run(t, a.Setup, &next, approved)
				if open := m.openInside(); len(open) > 0 || !slices.ContainsFunc(left.Barriers, func(b Barrier) bool { return strings.Contains(b.Detail, "nothing but this login") }) {
					t.Errorf("%s: open to every device: %v; left:\n%s", next.Mode, open, left)
				}
				if !m.enters(next) {
					t.Error("the team is left outside")
				}
				m.remove(KindRoute, "by-hand")
				converges(t, m, next, approved)
			}
			if left := m.run(t, a.Setup, nil, nil); !left.Empty() {
				t.Errorf("teardown leaves:\n%s", left)
			}
			if r := m.find(KindRoute, "by-hand"); r == nil || r.State.(Route).Tunnel.Lit != tunnel {
				t.Errorf("their route is not as it was: %+v", r)
			}
		})
	}
}

func TestARouteOfSomebodyElseAroundOrInTheNetworkIsAskedAboutOnce(t *testing.T) {
	for name, at := range map[string]string{"around": "172.16.0.0/12", "in it": "172.18.0.3/32"} {
		t.Run(name, func(t *testing.T) {
			a := wholeSetup()
			m := hostWorld(a)
			m.put(account, "theirs", "", Route{Network: at, VNet: Lit("vnet-1"), Tunnel: Lit("office"), TunnelName: "office"})
			left := m.run(t, a.Setup, &a, nil)
			if m.routesTo(wholeRange) != 0 || len(left.Barriers) == 0 {
				t.Fatalf("it is not asked about:\n%s", left)
			}
			for _, b := range left.Barriers {
				if b.Offer == nil || !strings.Contains(b.Detail, at) {
					t.Errorf("it is told as %s", b.Detail)
				}
				a.Consents = append(a.Consents, GivenConsent{b.Key, *b.Offer})
			}
			converges(t, m, a, nil)
		})
	}
}

// TestTheWholeNetworkIsNeverRoutedWithoutItsLock goes to and fro between the
// address and the whole network in any order that the plans allow, with an app
// that moves and crashes at every boundary.
func TestTheWholeNetworkIsNeverRoutedWithoutItsLock(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		address := followed(inMode(sample("ocs", "chat.example.org"), ModeFallback))
		all := wholeSetup()
		m := hostWorld(all)
		m.restless = rapid.Bool().Draw(rt, "restless")
		approved := map[SetupID]Answers{}
		for range 3 {
			next := rapid.SampledFrom([]Answers{address, all, inMode(sample("ocs", "chat.example.org"), ModePublic)}).Draw(rt, "next")
			approved[next.Setup] = next
			walk(rt, m, next, approved, true)
			if rapid.IntRange(0, 2).Draw(rt, "moves") == 0 {
				m.move("ocs")
				if open := m.openInside(); len(open) > 0 {
					rt.Fatalf("after it moved this is open to every device: %v", open)
				}
			}
			if rapid.IntRange(0, 3).Draw(rt, "meddle") == 0 {
				meddle(rt, m)
			}
			if !next.whole() && m.letsInto(databaseAt) && !m.displaced(next) && m.plan(rt, next.Setup, &next, approved).Empty() {
				rt.Fatal("the database is reached although single addresses were chosen")
			}
		}
	})
}

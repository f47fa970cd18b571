package setup

import (
	"slices"
	"strings"
	"testing"
)

// followedWorld is a world in which a followed app is reached by its team.
func followedWorld(t *testing.T) (*model, Answers) {
	t.Helper()
	a := followed(inMode(sample("ocs", "chat.example.org"), ModeFallback))
	m := hostWorld(a)
	converges(t, m, a, nil)
	return m, a
}

func TestAFollowedAppKeepsToItsOwnNetwork(t *testing.T) {
	a := followed(inMode(sample("ocs", "chat.example.org"), ModeFallback))
	m := hostWorld(a)
	p := m.plan(t, a.Setup, &a, nil)
	golden(t, "mode-fallback-followed", p.String())
	for _, c := range p.Changes {
		if c.Key.Kind == KindComposeNetwork || c.Key.Kind == KindAttachment {
			t.Errorf("the app's place is changed: %s", c)
		}
	}
	m.restless = true // the restart that a setting takes gives it another address
	converges(t, m, a, nil)
}

func TestTheWayMovesWithTheAppAndTheOldAddressIsNeverWithoutALock(t *testing.T) {
	m, a := followedWorld(t)
	m.move("ocs")
	if m.enters(a) {
		t.Fatal("the team gets in as if nothing had happened")
	}
	p := m.plan(t, a.Setup, &a, nil)
	golden(t, "followed-app-moved", p.String())
	for _, c := range p.Changes {
		if !c.Follows {
			t.Errorf("it is no part of following: %s", c)
		}
		if k := c.Key.Kind; k == KindSplitTunnel || k == KindFallback {
			t.Errorf("devices have to be told, which takes minutes: %s", c)
		}
	}
	if first := p.Ready(StepRemove); !slices.ContainsFunc(first, func(c Change) bool { return c.Key.Kind == KindRoute && c.Drop }) {
		t.Errorf("the way to where it was does not go first:\n%s", p)
	}
	for range 20 {
		p := m.plan(t, a.Setup, &a, nil)
		ready := p.Ready(StepRemove)
		if len(ready) == 0 {
			break
		}
		m.apply(t, p, call(ready), survives)
		if open := m.openInside(); len(open) > 0 {
			t.Fatalf("open to every device: %v", open)
		}
	}
	converges(t, m, a, nil)
	if r := m.find(KindRoute, m.ledger.Records[a.Placed(m.World, m.ledger).routeKey("172.18.0.8")].ID); r == nil {
		t.Error("no route leads to where it is")
	}
	if len(slices.DeleteFunc(slices.Clone(m.Objects), func(o Object) bool { return o.State.Kind() != KindRoute })) != 2 {
		t.Error("a route still leads to where it was")
	}
}

func TestMovingTakesNothingElseThatIsWrong(t *testing.T) {
	m, a := followedWorld(t)
	m.move("ocs")
	m.remove(KindApp, m.ledger.Records[a.doorKey(a.Doors[0])].ID)
	p := m.plan(t, a.Setup, &a, nil)
	var keys []Key
	for _, c := range p.Changes {
		if c.Follows {
			keys = append(keys, c.Key)
		}
	}
	part, bar := p.Part(keys)
	if bar != nil || len(part) != len(keys) || len(p.Changes) == len(part) {
		t.Errorf("%d keys take %d of %d changes (barred by %v):\n%s", len(keys), len(part), len(p.Changes), bar, p)
	}
}

func TestAnAppThatStoppedIsLedToAsBefore(t *testing.T) {
	m, a := followedWorld(t)
	m.stop("ocs")
	if p := m.plan(t, a.Setup, &a, nil); !p.Empty() {
		t.Errorf("something is changed for it:\n%s", p)
	}
	m.remove(KindNetwork, "ocs_default") // and its network with it
	for _, c := range m.plan(t, a.Setup, &a, nil).Changes {
		if c.Drop || c.Key.Kind.forDevices() {
			t.Errorf("something is changed for it: %s", c)
		}
	}
}

func TestAnAppThatWasNeverSeenIsWaitedFor(t *testing.T) {
	a := followed(inMode(sample("ocs", "chat.example.org"), ModeFallback))
	m := hostWorld(a)
	m.stop("ocs")
	p := m.run(t, a.Setup, &a, nil)
	if m.find(KindConnectorFile, a.Stack.ConnectorFile) != nil || m.find(KindSidecar, DNSService) != nil {
		t.Error("a DNS server is made that has nothing to tell")
	}
	if !slices.ContainsFunc(p.Barriers, func(b Barrier) bool {
		return b.Why == WhyGate && strings.Contains(b.Detail, "no address in its network")
	}) {
		t.Errorf("nothing says what it waits for:\n%s", p)
	}
	m.find(KindNetwork, "ocs_default").State = appNetwork(a)
	converges(t, m, a, nil)
}

func TestOneOfTwoContainersIsKeptTo(t *testing.T) {
	m, a := followedWorld(t)
	o := m.find(KindNetwork, "ocs_default")
	n := o.State.(Network)
	n.Members = append([]Member{{"ocs", "web", "172.18.0.2"}}, n.Members...)
	o.State = n
	if p := m.plan(t, a.Setup, &a, nil); !p.Empty() {
		t.Errorf("the way moves to the other one:\n%s", p)
	}
}

func TestDevicesAreNotToldAnotherAddressUnderTheirFeet(t *testing.T) {
	with := inMode(sample("ocs", "chat.example.org"), ModeFallback)
	own := withoutFront(with)
	own.Private.Address = "172.30.250.4"
	follow := followed(with)
	for name, row := range map[string]struct{ from, to Answers }{
		"from a front":          {with, follow},
		"to a front":            {follow, with},
		"from a network of own": {own, follow},
		"to a network of own":   {follow, own},
	} {
		t.Run(name, func(t *testing.T) {
			m := hostWorld(row.from)
			converges(t, m, row.from, nil)
			approved := map[SetupID]Answers{row.from.Setup: row.from}
			left := m.run(t, row.to.Setup, &row.to, approved)
			if !m.enters(row.from) {
				t.Error("the team no longer gets in")
			}
			if !slices.ContainsFunc(left.Barriers, func(b Barrier) bool { return strings.Contains(b.Detail, "Switch to the public way first") }) {
				t.Errorf("nothing bars it:\n%s", left)
			}
			public := inMode(row.to, ModePublic)
			converges(t, m, public, approved)
			approved[public.Setup] = public
			converges(t, m, row.to, approved)
		})
	}
}

func TestWhereAFollowedAppIsIsNoPartOfWhatWasAgreedTo(t *testing.T) {
	m, a := followedWorld(t)
	here := a.Placed(m.World, m.ledger)
	if known := a.Placed(World{}, m.ledger); known.Private.Address != here.Private.Address || known.Private.Within != here.Private.Within {
		t.Errorf("before a look it is taken to be at %+v", known.Private) // so that one look is enough
	}
	m.move("ocs")
	there := a.Placed(m.World, m.ledger)
	if here.Private.Address == there.Private.Address || here.Private.Within != "172.18.0.0/16" || !here.Same(there) || !here.Same(a) {
		t.Errorf("placed at %+v, then at %+v", here.Private, there.Private)
	}
	fixed := withoutFront(inMode(sample("ocs", "chat.example.org"), ModeFallback))
	if got := fixed.Placed(m.World, m.ledger); !got.Same(fixed) || got.Private.Address != fixed.Private.Address || fixed.Same(a) {
		t.Error("an app with a fixed address is placed, or taken for a followed one")
	}
}

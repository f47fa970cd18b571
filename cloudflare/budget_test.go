package cloudflare

import (
	"testing"

	"github.com/culvert/culvert/setup"
)

// What one look at a small account costs decides how often it can be looked at.
func TestALookAtOneSetupCostsNineCalls(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.create(setup.Key{Kind: setup.KindDNSRecord, Scope: w.Zone, Name: "ocs." + w.Zone}, w.record(tunnel))
	w.cloud.ForgetCalls()
	before := w.Calls()
	w.observe()
	if n := len(w.cloud.Calls()); n != 9 || w.Calls()-before != 9 {
		t.Errorf("it cost %d calls (counted %d): %+v", n, w.Calls()-before, w.cloud.Calls())
	}
}

func TestANarrowLookReadsWhatItIsAskedForOnly(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.must(setup.Entry{Key: w.key(setup.KindIngress, "ocs"), Verb: setup.Create, To: w.group("http://web:8000")})
	rows := []struct {
		kinds []setup.Kind
		calls int
	}{
		{[]setup.Kind{setup.KindApp}, 1},
		{[]setup.Kind{setup.KindApp, setup.KindPolicy}, 2},
		{[]setup.Kind{setup.KindDNSRecord}, 3},                                             // the domain, what points to tunnels, our host
		{[]setup.Kind{setup.KindEdgeRule}, 2},                                              // the domain, its rules
		{[]setup.Kind{setup.KindZonePause}, 1},                                             // the domain says it itself
		{[]setup.Kind{setup.KindBotFight, setup.KindSecurityLevel, setup.KindSkipRule}, 0}, // not asked for
		{[]setup.Kind{setup.KindConnector}, 0},
	}
	for _, row := range rows {
		w.cloud.ForgetCalls()
		v := w.view()
		v.Kinds = row.kinds
		if _, err := w.Observe(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if n := len(w.cloud.Calls()); n != row.calls {
			t.Errorf("%v cost %d calls, want %d: %+v", row.kinds, n, row.calls, w.cloud.Calls())
		}
	}
	v := w.view()
	v.Also = []setup.Kind{setup.KindBotFight, setup.KindSecurityLevel, setup.KindSkipRule}
	v.Kinds = v.Also
	w.cloud.ForgetCalls()
	if _, err := w.Observe(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if n := len(w.cloud.Calls()); n != 5 {
		t.Errorf("a look at the switches of the edge cost %d calls, want 5: %+v", n, w.cloud.Calls())
	}
	v = w.view()
	v.Also = []setup.Kind{setup.KindAlert}
	v.Kinds = v.Also
	w.cloud.ForgetCalls()
	if _, err := w.Observe(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if n := len(w.cloud.Calls()); n != 1 {
		t.Errorf("a look at the notifications cost %d calls, want 1: %+v", n, w.cloud.Calls())
	}
	v = w.view()
	v.Kinds = []setup.Kind{setup.KindIngress}
	seen, err := w.Observe(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, o := range seen.Objects {
		i, ok := o.State.(setup.Ingress)
		found = found || ok && i.Tunnel == setup.Lit(tunnel)
	}
	if !found {
		t.Errorf("the rules were not read: %+v", seen)
	}
}

func TestALookAtThePrivateKindsCostsTenCallsMoreForHoweverManyProfiles(t *testing.T) {
	w := newWorld(t)
	cost := func(v setup.View) int {
		w.cloud.ForgetCalls()
		if _, err := w.Observe(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		return len(w.cloud.Calls())
	}
	public := cost(w.view())
	v := w.privateView()
	for range 4 {
		v.Profiles = append(v.Profiles, w.customProfile(nil))
		v.Names = append(v.Names, "another.your-org")
	}
	if n := cost(v) - public; n != 10 {
		t.Errorf("%d calls more: %+v", n, w.cloud.Calls())
	}
}

package setup

import (
	"slices"
	"strings"
	"testing"
)

// One key may have several things in its way, and each is agreed to by itself.
func TestEachRouteThatOverlapsOursIsAgreedToByItself(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeFallback)
	m := hostWorld(a)
	for id, network := range map[string]string{"r1": "172.16.0.0/12", "r2": "172.30.0.0/16"} {
		m.put(account, id, "", Route{Network: network, VNet: Lit("vnet-1"), Tunnel: Lit("theirs"), TunnelName: "site"})
	}
	for rounds := 0; ; rounds++ {
		offers := m.plan(t, a.Setup, &a, nil).Offers()
		if len(offers) == 0 {
			break
		}
		if rounds == 2 {
			t.Fatalf("what was agreed to is in the way again: %+v", offers)
		}
		for _, b := range offers {
			if label, does := b.Agreeing(); label != "It may stay" || !strings.Contains(does, "Nothing of it is changed") {
				t.Errorf("%s is offered as %s: %s", b.Key, label, does)
			}
			a.Consents = Agree(a.Consents, b.Given())
		}
	}
	converges(t, m, a, nil)
}

func TestAConsentReplacesOnlyTheOneForTheSameObject(t *testing.T) {
	k := Key{KindRoute, account, "172.30.250.2/32"}
	all := []GivenConsent{{k, Consent{"r1", "old"}}, {k, Consent{"r2", "seen"}}}
	got := Agree(all, GivenConsent{k, Consent{"r1", "new"}})
	if want := []GivenConsent{{k, Consent{"r2", "seen"}}, {k, Consent{"r1", "new"}}}; !slices.Equal(got, want) {
		t.Errorf("they are %v", got)
	}
	if all[0].Seen != "old" {
		t.Error("the ones before were written to")
	}
}

func TestAnOfferIsAgreedToInWordsThatAShellTakes(t *testing.T) {
	for name, want := range map[string]string{
		"default/ocs.internal":       "--agree fallback/default/ocs.internal",
		"172.30.250.2/32 in office":  "--agree 'fallback/172.30.250.2/32 in office'",
		"172.30.250.2/32 in joe's $": `--agree 'fallback/172.30.250.2/32 in joe'\''s $'`,
	} {
		if got := (Barrier{Key: Key{KindFallback, account, name}}).Flag(); got != want {
			t.Errorf("%s is agreed to by %s, want %s", name, got, want)
		}
	}
}

func TestAPlanUpToAStepHasNothingOfALaterOne(t *testing.T) {
	later := Change{Key: Key{Kind: KindPolicy}, Verb: Delete, Step: StepRemove}
	p := Plan{
		Changes:  []Change{{Key: Key{Kind: KindTunnel}, Step: StepBuild, Then: &later}, {Key: Key{Kind: KindDNSRecord}, Step: StepSwitch}},
		Barriers: []Barrier{{Key: Key{Kind: KindApp}}, {Key: Key{Kind: KindRoute}}},
	}
	part := p.UpTo(StepBuild)
	if len(part.All()) != 1 || part.Changes[0].Key.Kind != KindTunnel || len(part.Barriers) != 1 || part.Barriers[0].Key.Kind != KindApp {
		t.Errorf("it is %+v", part)
	}
	if whole := p.UpTo(StepRemove); len(whole.All()) != 3 || len(whole.Barriers) != 2 {
		t.Errorf("all of it is %+v", whole)
	}
}

package setup

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the plan is not the golden one (-want +got):\n%s", diff)
	}
}

func TestAnEmptyAccountGetsEverythingInASafeOrder(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	golden(t, "empty-account", m.plan(t, a.Setup, &a, nil).String())
}

func TestAConvergedSetupHasAnEmptyPlan(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	if left := m.run(t, a.Setup, &a, nil); !left.Empty() {
		t.Fatalf("after a run there is something left:\n%s", left)
	}
	if got := m.answering(a); len(got) != 2 {
		t.Errorf("webhooks %v answer, want both", got)
	}
	if got := m.exposed(a); len(got) != 0 {
		t.Errorf("%v can be reached without a login", got)
	}
	if m.find(KindPublished, "web").State.(Published).Exposure != ExposedLoopback {
		t.Error("the port is not closed to loopback")
	}
}

// Each row is one change that somebody makes behind our back.
func TestASingleChangeFromOutsideIsRepaired(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	base := hostWorld(a)
	if left := base.run(t, a.Setup, &a, nil); !left.Empty() {
		t.Fatal(left)
	}
	edit := func(kind Kind, name string, f func(State) State) func(*model) {
		return func(m *model) {
			for i := range m.Objects {
				o := &m.Objects[i]
				if o.State.Kind() == kind && m.ledger.Records[Key{kind, o.Scope, name}].ID == o.ID {
					o.State = f(o.State)
				}
			}
		}
	}
	gone := func(kind Kind, name string) func(*model) {
		return func(m *model) {
			for k, r := range m.ledger.Records {
				if k.Kind == kind && k.Name == name {
					m.remove(kind, r.ID)
				}
			}
		}
	}
	rows := []struct {
		name   string
		change func(*model)
	}{
		{"door-deleted", gone(KindApp, "door/chat.example.org/telegram")},
		{"door-widened", edit(KindApp, "door/chat.example.org/telegram", func(s State) State {
			app := s.(App)
			app.Destinations = []string{"chat.example.org/channels/*"}
			return app
		})},
		{"door-lost-its-policy", edit(KindApp, "door/chat.example.org/telegram", func(s State) State {
			app := s.(App)
			app.Policies = nil
			return app
		})},
		{"lock-deleted", gone(KindApp, "lock/chat.example.org")},
		{"team-policy-opened", edit(KindPolicy, "team/ocs", func(s State) State {
			p := s.(Policy)
			p.Include = []Include{{Type: "everyone"}}
			return p
		})},
		{"record-greyed", edit(KindDNSRecord, "chat.example.org", func(s State) State {
			d := s.(DNSRecord)
			d.Proxied = false
			return d
		})},
		{"record-deleted", gone(KindDNSRecord, "chat.example.org")},
		{"ingress-rule-removed", edit(KindIngress, "chat.example.org", func(s State) State {
			i := s.(Ingress)
			i.Rules = i.Rules[:len(i.Rules)-1]
			return i
		})},
		{"connector-stopped", edit(KindConnector, "cloudflared", func(s State) State {
			c := s.(Connector)
			c.Running = false
			return c
		})},
		{"host-removed-from-env", func(m *model) {
			m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS").State = EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"}
		}},
		{"port-opened-again", func(m *model) {
			m.find(KindComposePort, "web").State = ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: ExposedPublic}
			m.find(KindPublished, "web").State = Published{Project: "ocs", Service: "web", Target: 8000, Exposure: ExposedPublic}
		}},
		{"tunnel-deleted", gone(KindTunnel, "ocs")},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := base.clone()
			row.change(m)
			golden(t, row.name, m.plan(t, a.Setup, &a, nil).String())
			if left := m.run(t, a.Setup, &a, nil); !left.Empty() {
				t.Errorf("the repair leaves:\n%s", left)
			}
			if open := m.exposed(a); len(open) > 0 {
				t.Errorf("after the repair %v is open", open)
			}
		})
	}
}

func TestOtherPeoplesThingsInTheWayAreShownNotTouched(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	m.put("example.org", "rec-9", "", DNSRecord{Zone: Lit("zone-example.org"), Name: "chat.example.org", Type: "A", Content: "203.0.113.7"})
	m.put(account, "tun-9", "", Tunnel{Name: "ocs", Remote: true, Connectors: 1})
	m.put(account, "app-9", "", App{Name: "Old chat", Destinations: []string{"chat.example.org"}, Session: "24h"})
	before := m.clone()
	golden(t, "strangers", m.plan(t, a.Setup, &a, nil).String())
	m.run(t, a.Setup, &a, nil)
	for _, id := range []struct {
		kind Kind
		id   string
	}{{KindDNSRecord, "rec-9"}, {KindTunnel, "tun-9"}, {KindApp, "app-9"}} {
		if !Same(before.find(id.kind, id.id).State, m.find(id.kind, id.id).State) {
			t.Errorf("%s of somebody else was changed", id.kind)
		}
	}
	if port := m.find(KindPublished, "web").State.(Published); port.Exposure != ExposedPublic {
		t.Error("the port was closed although the new way cannot be switched on")
	}
}

func TestATunnelIsTakenOverOnlyAsItWasSeen(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	theirs := Tunnel{Name: "ocs", Remote: true}
	m.put(account, "tun-9", "", theirs)
	a.Consents = []GivenConsent{{a.TunnelKey(), Consent{"tun-9", Digest(theirs)}}}
	if left := m.run(t, a.Setup, &a, nil); !left.Empty() {
		t.Fatalf("with consent there is something left:\n%s", left)
	}
	if owner := m.ledger.Records[a.TunnelKey()].Owner; owner != Found {
		t.Errorf("the tunnel is %s, want found: it must survive teardown", owner)
	}
	m.run(t, a.Setup, nil, nil)
	if m.find(KindTunnel, "tun-9") == nil {
		t.Error("teardown deleted a tunnel that was there before")
	}
}

func TestALocallyManagedTunnelIsRefused(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	theirs := Tunnel{Name: "ocs", Remote: false}
	m.put(account, "tun-9", "", theirs)
	a.Consents = []GivenConsent{{a.TunnelKey(), Consent{"tun-9", Digest(theirs)}}}
	p := m.plan(t, a.Setup, &a, nil)
	if b := p.Bar(a.TunnelKey(), nil); b == nil || b.Why != WhyConflict || b.Offer != nil {
		t.Errorf("barrier %+v, want a conflict without an offer", b)
	}
}

func TestTwoSetupsShareWhatTheyCanAndLeaveTheOther(t *testing.T) {
	a, b := sample("ocs", "chat.example.org"), sample("n8n", "flow.example.org")
	m := hostWorld(a, b)
	approved := map[SetupID]Answers{"ocs": a, "n8n": b}
	m.run(t, "ocs", &a, approved)
	golden(t, "second-setup", m.plan(t, "n8n", &b, approved).String())
	if left := m.run(t, "n8n", &b, approved); !left.Empty() {
		t.Fatal(left)
	}
	golden(t, "teardown-of-one", m.plan(t, "ocs", nil, approved).String())
	delete(approved, "ocs")
	if left := m.run(t, "ocs", nil, approved); !left.Empty() {
		t.Fatalf("teardown leaves:\n%s", left)
	}
	if got := m.answering(b); len(got) != 2 {
		t.Errorf("of the other setup %v answer", got)
	}
	if p := m.plan(t, "n8n", &b, approved); !p.Empty() {
		t.Errorf("the other setup now needs:\n%s", p)
	}
}

func TestTeardownLeavesTheAccountAsItWas(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	before := m.clone()
	m.run(t, a.Setup, &a, nil)
	golden(t, "teardown", m.plan(t, a.Setup, nil, nil).String())
	if left := m.run(t, a.Setup, nil, nil); !left.Empty() {
		t.Fatal(left)
	}
	if len(m.ledger.Records) != 0 {
		t.Errorf("the ledger still holds %d records", len(m.ledger.Records))
	}
	for _, o := range m.Objects {
		was := before.find(o.State.Kind(), o.ID)
		closed := o.State.Kind() == KindComposePort || o.State.Kind() == KindPublished
		if was == nil || !closed && !Same(was.State, o.State) {
			t.Errorf("%s %s is left behind or changed: %+v", o.State.Kind(), o.ID, o.State)
		}
		if closed && Same(was.State, o.State) {
			t.Errorf("teardown opened %s again without being asked", o.State.Kind())
		}
	}
}

func TestUnreadIsNotAbsent(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	for kind := range wantedKinds(mustMerge(t, a)) {
		m := hostWorld(a)
		for k := range mustMerge(t, a) {
			if k.Kind == kind {
				m.Miss(kind, k.Scope, Problem{Code: CodeDenied, Message: "The token may not read this."})
			}
		}
		p := m.plan(t, a.Setup, &a, nil)
		for _, c := range p.Changes {
			if c.Key.Kind == kind {
				t.Errorf("%s was not read, yet the plan has: %s", kind, c)
			}
		}
		if len(p.Barriers) == 0 {
			t.Errorf("%s was not read and nothing bars", kind)
		}
	}
}

// wantedKinds are the kinds of some wants.
func wantedKinds(wants map[Key]Want) map[Kind]bool {
	kinds := map[Kind]bool{}
	for k := range wants {
		kinds[k.Kind] = true
	}
	return kinds
}

func mustMerge(t *testing.T, a Answers) map[Key]Want {
	t.Helper()
	want, bad := Merge(a.Setup, &a, nil)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return want
}

func TestAnApprovalSurvivesOrderAndCauseButNotContent(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	p := m.plan(t, a.Setup, &a, nil)
	c := p.Changes[0]
	same := c
	same.Needs, same.Cause = nil, "another"
	if c.Hash() != same.Hash() {
		t.Error("needs or cause change the hash")
	}
	for name, alter := range map[string]func(*Change){
		"the object": func(c *Change) { c.FromID = "other" },
		"the verb":   func(c *Change) { c.Verb = Delete },
		"the reach":  func(c *Change) { c.Reach = ReachLive },
		"the target": func(c *Change) { c.To = Tunnel{Name: "other"} },
		"what stood": func(c *Change) { c.From = Tunnel{Name: "other"} },
	} {
		other := c
		alter(&other)
		if other.Hash() == c.Hash() {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func TestEveryWantIsKept(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	for k, w := range mustMerge(t, a) {
		b, err := EncodeState(w.State)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeState(b)
		if err != nil {
			t.Fatal(err)
		}
		if !Same(w.State, back) {
			t.Errorf("%s: %+v came back as %+v", k, w.State, back)
		}
	}
}

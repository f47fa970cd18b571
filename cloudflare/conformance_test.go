package cloudflare

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

// row is what the conformance test needs of one kind.
type row struct {
	kind setup.Kind
	// from and to are two states of one object; made in a world, because they
	// may refer to other objects of it.
	from, to func(*world) setup.State
	unmarked bool // it has no place for a mark; its occupied names say which it is
	fixed    bool // it is made and deleted, never changed
	always   bool // it stands from the first and is only changed; from is what it says then
	// meddle is what a stranger does to the object in between.
	meddle func(w *world, id string)
}

// rows has one for every kind that is written here.
func rows() []row { return slices.Concat(publicRows(), edgeRows(), privateRows(), alertRows()) }

func publicRows() []row {
	return []row{
		{
			kind: setup.KindLoginMethod,
			from: func(*world) setup.State { return setup.LoginMethod{Type: "onetimepin", Name: "One-time PIN"} },
			to:   func(*world) setup.State { return setup.LoginMethod{Type: "onetimepin", Name: "Code by e-mail"} },
			meddle: func(w *world, id string) {
				w.stranger("PUT", "A/access/identity_providers/"+id, map[string]any{"type": "onetimepin", "name": "Mine", "config": struct{}{}})
			},
		},
		{
			kind:   setup.KindTunnel,
			from:   func(*world) setup.State { return setup.Tunnel{Name: "ocs", Remote: true} },
			to:     func(*world) setup.State { return setup.Tunnel{Name: "ocs-2", Remote: true} },
			meddle: func(w *world, id string) { w.stranger("PATCH", "A/cfd_tunnel/"+id, map[string]any{"name": "mine"}) },
		},
		{
			kind: setup.KindPolicy,
			from: func(*world) setup.State {
				return setup.Policy{Name: "Team", Decision: setup.Allow, Include: []setup.Include{
					{Type: "email", Value: "ana@example.org"}, {Type: "email_domain", Value: "example.org"}}}
			},
			to: func(*world) setup.State {
				return setup.Policy{Name: "Webhooks", Decision: setup.Bypass, Include: []setup.Include{{Type: "everyone"}}}
			},
			meddle: func(w *world, id string) {
				w.stranger("PUT", "A/access/policies/"+id, map[string]any{"name": "Team", "decision": "allow",
					"include": []any{map[string]any{"everyone": struct{}{}}}})
			},
		},
		{
			kind: setup.KindEdgeRule,
			from: func(w *world) setup.State { return w.edgeRule("/channels/telegram/*", "/slack/events") },
			to:   func(w *world) setup.State { return w.edgeRule("/channels/telegram/*") },
			meddle: func(w *world, id string) {
				w.stranger("PATCH", "Z/rulesets/"+w.rulesetOf(configPhase)+"/rules/"+id, map[string]any{"action": "set_config",
					"action_parameters": map[string]any{"bic": true}, "expression": "true", "description": "Mine"})
			},
		},
		{
			kind: setup.KindApp,
			from: func(w *world) setup.State {
				return setup.App{Name: "Lock", Destinations: []string{"ocs." + w.Zone}, Policies: w.somePolicy(), Session: "24h"}
			},
			to: func(w *world) setup.State {
				return setup.App{Name: "Door", Session: "168h", Policies: w.somePolicy(), Destinations: []string{
					"ocs." + w.Zone + "/channels/telegram/*", "ocs." + w.Zone + "/slack/events"}}
			},
			meddle: func(w *world, id string) {
				w.stranger("PUT", "A/access/apps/"+id, map[string]any{"type": "self_hosted", "name": "Lock",
					"destinations": []any{map[string]any{"type": "public", "uri": "ocs." + w.Zone}}})
			},
		},
		{
			kind: setup.KindIngress, unmarked: true,
			from: func(w *world) setup.State { return w.group("http://web:8000") },
			to:   func(w *world) setup.State { return w.group("http://web:9000") },
			meddle: func(w *world, _ string) {
				w.stranger("PUT", "A/cfd_tunnel/"+w.someTunnel()+"/configurations", map[string]any{"config": map[string]any{"ingress": []any{
					map[string]any{"hostname": "ocs." + w.Zone, "service": "http://elsewhere"}, map[string]any{"service": "http_status:404"}}}})
			},
		},
		{
			kind: setup.KindDNSRecord,
			from: func(w *world) setup.State { return w.record("6ff42ae2-765d-4adf-8112-31c55c1551ef") },
			to:   func(w *world) setup.State { return w.record("7aa42ae2-765d-4adf-8112-31c55c1551ef") },
			meddle: func(w *world, id string) {
				w.stranger("PATCH", "Z/dns_records/"+id, map[string]any{"proxied": false})
			},
		},
	}
}

func (w *world) somePolicy() []setup.ID {
	for _, o := range w.all(setup.KindPolicy) {
		return []setup.ID{setup.Lit(o.ID)}
	}
	o := w.create(w.key(setup.KindPolicy, "some"), setup.Policy{Name: "Some", Decision: setup.Bypass, Include: []setup.Include{{Type: "everyone"}}})
	return []setup.ID{setup.Lit(o.ID)}
}

func (w *world) someTunnel() string {
	for _, o := range w.all(setup.KindTunnel) {
		return o.ID
	}
	return w.create(w.key(setup.KindTunnel, "some"), setup.Tunnel{Name: "some", Remote: true}).ID
}

func (w *world) group(service string) setup.Ingress {
	return setup.Ingress{Tunnel: setup.Lit(w.someTunnel()), Host: "ocs." + w.Zone, Rules: []setup.Rule{
		{Path: "^/channels/telegram/[^/]+$", Service: service}, {Service: service}}}
}

func (w *world) record(tunnel string) setup.DNSRecord {
	return setup.DNSRecord{Zone: setup.Lit(w.ZoneID), Name: "ocs." + w.Zone, Type: "CNAME", Tunnel: setup.Lit(tunnel), Proxied: true}
}

func TestEveryKindIsMadeSeenChangedAndRemoved(t *testing.T) {
	for _, r := range rows() {
		t.Run(string(r.kind), func(t *testing.T) {
			t.Parallel()
			if r.always {
				r.answers(t)
				return
			}
			t.Run("what was made is seen as it was asked for, with our mark", r.isMade)
			if r.fixed {
				t.Run("what is deleted is gone, and deleting it again succeeds", r.isDeleted)
				t.Run("a create whose answer was lost is seen", r.isFoundAgain)
				return
			}
			t.Run("a change is seen, and the object keeps its id and mark", r.isChanged)
			t.Run("what a stranger changed is neither changed nor deleted", r.isLeftToStrangers)
			t.Run("what is deleted is gone, and deleting it again succeeds", r.isDeleted)
			t.Run("a create whose answer was lost is seen", r.isFoundAgain)
			t.Run("what is gone is not changed", r.isNotRevived)
		})
	}
}

func TestTheConformanceRowsCoverEveryKindThatIsWritten(t *testing.T) {
	c := &Client{}
	for _, kind := range setup.Kinds() {
		written := c.writer(kind) != nil || c.document(setup.Entry{Key: setup.Key{Kind: kind}}) != nil
		if has := slices.ContainsFunc(rows(), func(r row) bool { return r.kind == kind }); has != written {
			t.Errorf("%s: has a row is %v, is written is %v", kind, has, written)
		}
	}
}

// differs compares what two states say.
func differs(want, have setup.State) string {
	if setup.Same(want, have) {
		return ""
	}
	return cmp.Diff(want, have)
}

// made gives a world in which the row's object stands.
func (r row) made(t *testing.T) (*world, setup.Entry, setup.Outcome) {
	w := newWorld(t)
	e := setup.Entry{Key: w.key(r.kind, "it"), Verb: setup.Create, To: r.from(w)}
	return w, e, w.must(e)
}

func (r row) isMade(t *testing.T) {
	w, e, o := r.made(t)
	if diff := differs(e.To, o.State); diff != "" {
		t.Errorf("the outcome differs from what was asked (-asked +got):\n%s", diff)
	}
	seen := w.one(r.kind, o.ID)
	if seen == nil {
		t.Fatalf("%s is not observed", o.ID)
	}
	if !setup.Same(seen.State, o.State) || seen.Scope != e.Key.Scope {
		t.Errorf("observed in %s: %+v, the outcome was %+v", seen.Scope, seen.State, o.State)
	}
	if !r.unmarked && seen.Mark != setup.Mark(install, e.Key) {
		t.Errorf("mark %q, want %q", seen.Mark, setup.Mark(install, e.Key))
	}
	if b, err := setup.EncodeState(seen.State); err != nil {
		t.Error(err)
	} else if stored, err := setup.DecodeState(b); err != nil || !setup.Same(stored, seen.State) {
		t.Errorf("once stored and read again it differs: %+v, %v", stored, err)
	}
	if again := w.one(r.kind, o.ID); !setup.Same(again.State, seen.State) {
		t.Errorf("a second look differs: %+v", again.State)
	}
}

func (r row) isChanged(t *testing.T) {
	w, e, o := r.made(t)
	before := w.one(r.kind, o.ID)
	e.Verb, e.ID, e.From, e.To = setup.Update, o.ID, before.State, r.to(w)
	after := w.must(e)
	if diff := differs(e.To, after.State); diff != "" {
		t.Errorf("the outcome differs from what was asked (-asked +got):\n%s", diff)
	}
	seen := w.one(r.kind, o.ID)
	if seen == nil || !setup.Same(seen.State, e.To) || seen.Mark != before.Mark || after.ID != o.ID {
		t.Errorf("observed %+v, want %+v with mark %q under %s", seen, e.To, before.Mark, o.ID)
	}
}

func (r row) isLeftToStrangers(t *testing.T) {
	w, e, o := r.made(t)
	planned := w.one(r.kind, o.ID).State
	r.meddle(w, o.ID)
	theirs := w.one(r.kind, o.ID).State
	if setup.Same(planned, theirs) {
		t.Fatal("the stranger changed nothing; the test proves nothing")
	}
	e.ID, e.From = o.ID, planned
	for _, verb := range []setup.Verb{setup.Update, setup.Delete} {
		e.Verb, e.To = verb, r.to(w)
		if verb == setup.Delete {
			e.To = nil
		}
		got := w.refuses(e, setup.CodeChanged)
		if !setup.Same(got.State, theirs) {
			t.Errorf("%s: the outcome shows %+v, what stands is %+v", verb, got.State, theirs)
		}
	}
	if now := w.one(r.kind, o.ID); now == nil || !setup.Same(now.State, theirs) {
		t.Errorf("what the stranger wrote became %+v", now)
	}
}

func (r row) isDeleted(t *testing.T) {
	w, e, o := r.made(t)
	e = setup.Entry{Key: e.Key, Verb: setup.Delete, ID: o.ID, From: o.State}
	for range 2 {
		if gone := w.must(e); gone.State != nil {
			t.Errorf("the outcome of a delete shows %+v", gone.State)
		}
	}
	if seen := w.one(r.kind, o.ID); seen != nil {
		t.Errorf("still observed: %+v", seen)
	}
}

func (r row) isNotRevived(t *testing.T) {
	w, e, o := r.made(t)
	w.must(setup.Entry{Key: e.Key, Verb: setup.Delete, ID: o.ID, From: o.State})
	e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
	w.refuses(e, setup.CodeChanged)
}

func (r row) isFoundAgain(t *testing.T) {
	w := newWorld(t)
	e := setup.Entry{Key: w.key(r.kind, "it"), Verb: setup.Create, To: r.from(w)}
	before := len(w.all(r.kind))
	w.cloud.ForgetCalls()
	w.loseAnswers()
	if _, err := w.try(e); err == nil {
		t.Fatal("a write whose answer was lost was reported as if its effect were known")
	}
	w.cloud.Heal()
	if n := w.counts("POST", "") + w.counts("PUT", ""); n != 1 {
		t.Errorf("the write was sent %d times, want once", n)
	}
	all := w.all(r.kind)
	if len(all) != before+1 {
		t.Fatalf("%d objects, want %d", len(all), before+1)
	}
	ours := slices.ContainsFunc(all, func(o setup.Object) bool {
		return setup.Same(o.State, e.To) && (o.Mark == setup.Mark(install, e.Key) || r.unmarked)
	})
	if !ours {
		t.Errorf("no object with our mark among %+v", all)
	}
}

func (w *world) edgeRule(paths ...string) setup.EdgeRule {
	return setup.EdgeRule{Zone: setup.Lit(w.ZoneID), Host: "ocs." + w.Zone, Paths: paths, Enabled: true}
}

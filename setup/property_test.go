package setup

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyWorld draws what may be found on the first day: pieces missing, pieces of
// strangers in the way, settings half there, reads that fail.
func anyWorld(t *rapid.T, setups ...Answers) *model {
	m := hostWorld(setups...)
	m.restless = rapid.Bool().Draw(t, "restless")
	if rapid.IntRange(0, 9).Draw(t, "zero trust off") == 0 {
		m.remove(KindOrganization, "org")
	}
	if rapid.IntRange(0, 9).Draw(t, "zone pending") == 0 {
		m.find(KindZone, "zone-example.org").State = Zone{Name: "example.org", Status: "pending", NameServers: []string{"a.ns", "b.ns"}}
	}
	if rapid.Bool().Draw(t, "google login") {
		m.put(account, "idp-g", "", LoginMethod{Type: "google", Name: "Google"})
	}
	for _, a := range setups {
		strangers(t, m, a)
		strangersInside(t, m, a)
		scope := a.Stack.serviceScope()
		value := rapid.SampledFrom([]string{"", "*", a.Hostname, "10.0.0.5, " + a.Hostname, "a.example,b.example"}).Draw(t, "hosts")
		m.byID(a.envKey("DJANGO_ALLOWED_HOSTS"), "DJANGO_ALLOWED_HOSTS").State = EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: value}
		if rapid.Bool().Draw(t, "file not applied yet") {
			value = "10.0.0.5"
		}
		m.byID(Key{KindSetting, scope, ""}, "DJANGO_ALLOWED_HOSTS").State = Setting{Project: a.Stack.Project, Service: "web", Name: "DJANGO_ALLOWED_HOSTS", Value: value}
	}
	return m
}

func strangers(t *rapid.T, m *model, a Answers) {
	odds := func(what string) bool { return rapid.IntRange(0, 7).Draw(t, what) == 0 }
	zone := Lit("zone-" + a.Zone)
	if odds("record on the name") {
		m.put(a.Zone, "rec-"+a.Hostname, "", DNSRecord{Zone: zone, Name: a.Hostname, Type: "A", Content: "203.0.113.7", Proxied: true})
	}
	if odds("tunnel of the same name") {
		m.put(account, "tun-"+string(a.Setup), "", Tunnel{Name: string(a.Setup), Remote: rapid.Bool().Draw(t, "remote")})
	}
	if odds("application on the host") {
		m.put(account, "app-"+a.Hostname, "", App{Name: "Theirs", Destinations: []string{a.Hostname}, Session: "24h"})
	}
	if odds("application inside a door") {
		m.put(account, "sub-"+a.Hostname, "", App{Name: "Inner", Destinations: []string{a.Hostname + "/channels/telegram/x*"}, Session: "24h"})
	}
	if odds("file of the same name") {
		m.put(a.Stack.ConnectorFile, a.Stack.ConnectorFile, "", ConnectorFile{Path: a.Stack.ConnectorFile, Project: "theirs"})
	}
	m.put(account, "other-"+a.Hostname, "", App{Name: "Wiki", Destinations: []string{"wiki.example.org"}, Session: "24h"})
	m.put("example.org", "mx-"+a.Hostname, "", DNSRecord{Zone: zone, Name: "example.org", Type: "MX", Content: "mail.example.org"})
}

// meddle is a stranger changing something of ours, or a read that fails.
func meddle(t *rapid.T, m *model) {
	var ours []int
	for i, o := range m.Objects {
		if o.Mark != "" {
			ours = append(ours, i)
		}
	}
	if len(ours) == 0 {
		return
	}
	i := rapid.SampledFrom(ours).Draw(t, "victim")
	o := &m.Objects[i]
	if rapid.Bool().Draw(t, "deleted") {
		m.lose(i)
		return
	}
	switch s := o.State.(type) {
	case App:
		s.Policies = nil
		o.State = s
	case Ingress:
		s.Rules = nil
		o.State = s
	case Connector:
		s.Running = false
		o.State = s
	case DNSRecord:
		s.Proxied = false
		o.State = s
	case Route:
		s.Tunnel = Lit("theirs")
		o.State = s
	case Sidecar:
		s.Running = false
		o.State = s
	}
}

// lose takes an object away, and with a tunnel its rules, which are a part of it.
func (m *model) lose(i int) {
	gone := m.Objects[i]
	m.Objects = slices.Delete(m.Objects, i, i+1)
	m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool {
		rules, ok := o.State.(Ingress)
		return ok && gone.State.Kind() == KindTunnel && rules.Tunnel.Lit == gone.ID
	})
}

// unowned gives what is neither ours nor a line that we may edit.
func (m *model) unowned() map[string]string {
	others := map[string]string{}
	for _, o := range m.Objects {
		if o.Mark == "" && !o.State.Kind().inPlace() {
			others[string(o.State.Kind())+o.Scope+o.ID] = Digest(o.State)
		}
	}
	return others
}

func checkUnowned(t *rapid.T, before, after map[string]string) {
	for id, digest := range before {
		if after[id] != digest {
			t.Fatalf("%s belongs to somebody else and was changed", id)
		}
	}
}

func subset(t *rapid.T, what string, now, before []string, p Plan) {
	for _, s := range now {
		if !slices.Contains(before, s) {
			t.Fatalf("%s: %q; the plan was\n%s", what, s, p)
		}
	}
}

// TestEveryPrefixKeepsThePromises steps through plans in any order that they
// allow, with crashes at every boundary, lost answers and meddling strangers.
// After each step nothing may be open that was not, nothing may be silent that
// answered, and nothing of others may have changed.
func TestEveryPrefixKeepsThePromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := inAnyMode(rt, sample("ocs", "chat.example.org")), inAnyMode(rt, sample("n8n", "flow.example.org"))
		approved := map[SetupID]Answers{"ocs": a, "n8n": b}
		m := anyWorld(rt, a, b)
		others := m.unowned()
		for range 3 {
			focus := rapid.SampledFrom([]Answers{a, b}).Draw(rt, "focus")
			walk(rt, m, focus, approved, true)
			checkUnowned(rt, others, m.unowned())
			if rapid.Bool().Draw(rt, "meddle") {
				meddle(rt, m)
				meddleInside(rt, m)
			}
		}
		for _, focus := range []Answers{a, b} {
			p := walk(rt, m, focus, approved, false)
			if len(p.Barriers) == 0 && len(p.Changes) > 0 {
				rt.Fatalf("nothing bars, yet this is left:\n%s", p)
			}
		}
	})
}

// walk applies ready changes in a drawn order until none is left.
func walk(t *rapid.T, m *model, a Answers, approved map[SetupID]Answers, crashes bool) Plan {
	answering, enters := m.answering(a), m.enters(a)
	for range 300 {
		p := drawPlan(t, m, a.Setup, &a, approved)
		again := drawPlan(t, m, a.Setup, &a, approved)
		if p.String() != again.String() {
			t.Fatalf("two plans of the same world differ:\n%s\n%s", p, again)
		}
		ready := p.Ready(StepRemove)
		if len(ready) == 0 {
			return p
		}
		at := rapid.IntRange(0, len(ready)-1).Draw(t, "next")
		ready = append(slices.Clone(ready[at:]), ready[:at]...)
		end := survives
		if crashes {
			end = rapid.SampledFrom([]crash{survives, survives, survives, beforeCall, afterCall}).Draw(t, "crash")
		}
		before := m.clone()
		m.apply(t, p, call(ready), end)
		subset(t, "open without a login", m.exposed(a), before.placedAs(m).exposed(a), p)
		subset(t, "a webhook stopped answering", answering, m.answering(a), p)
		if enters && !m.enters(a) && !m.displaced(a) {
			t.Fatalf("the team no longer gets in; the plan was\n%s", p)
		}
		answering, enters = m.answering(a), m.enters(a)
	}
	t.Fatal("the plan never ends")
	return Plan{}
}

func drawPlan(t *rapid.T, m *model, focus SetupID, candidate *Answers, approved map[SetupID]Answers) Plan {
	return m.plan(t, focus, candidate, approved)
}

func TestTeardownNeverOpensAndLeavesOthersAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := inAnyMode(rt, sample("ocs", "chat.example.org")), inAnyMode(rt, sample("n8n", "flow.example.org"))
		approved := map[SetupID]Answers{"ocs": a, "n8n": b}
		m := anyWorld(rt, a, b)
		others := m.unowned()
		walk(rt, m, a, approved, false)
		walk(rt, m, b, approved, false)
		kept := m.answering(b)
		if rapid.Bool().Draw(rt, "meddle") {
			meddle(rt, m)
			kept = m.answering(b)
		}
		delete(approved, "ocs")
		for range 300 {
			p := drawPlan(rt, m, "ocs", nil, approved)
			ready := p.Ready(StepRemove)
			if len(ready) == 0 {
				break
			}
			at := rapid.IntRange(0, len(ready)-1).Draw(rt, "next")
			ready = append(slices.Clone(ready[at:]), ready[:at]...)
			end := rapid.SampledFrom([]crash{survives, survives, beforeCall, afterCall}).Draw(rt, "crash")
			before := m.clone()
			m.apply(rt, p, call(ready), end)
			subset(rt, "teardown opened", m.exposed(a), before.placedAs(m).exposed(a), p)
			subset(rt, "the other setup stopped answering", kept, m.answering(b), p)
		}
		checkUnowned(rt, others, m.unowned())
		for _, k := range m.ledger.keys() {
			if slices.Contains(m.ledger.Records[k].By, "ocs") {
				if p := drawPlan(rt, m, "ocs", nil, approved); p.Bar(k, nil) == nil {
					rt.Fatalf("%s is still recorded and nothing bars it:\n%s", k, p)
				}
			}
		}
	})
}

func TestWhatIsUnreadIsNeverCreatedNorDeleted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := inAnyMode(rt, sample("ocs", "chat.example.org"))
		m := anyWorld(rt, a)
		candidate := &a
		if rapid.Bool().Draw(rt, "stands already") {
			walk(rt, m, a, nil, false)
			if rapid.Bool().Draw(rt, "teardown") {
				candidate = nil
			}
		}
		want, _ := Merge(a.Setup, &a, nil)
		keys := sortedKeys(want)
		missed := map[ReadScope]bool{}
		for range rapid.IntRange(1, 5).Draw(rt, "failed reads") {
			k := rapid.SampledFrom(keys).Draw(rt, "unread")
			m.Miss(k.Kind, k.Scope, Problem{Code: CodeUnavailable, Message: "Cloudflare did not answer."})
			missed[ReadScope{k.Kind, k.Scope}] = true
		}
		for _, c := range drawPlan(rt, m, a.Setup, candidate, nil).Changes {
			if missed[ReadScope{c.Key.Kind, c.Key.Scope}] && c.Verb.Writes() {
				rt.Fatalf("%s was not read, yet the plan writes: %s", c.Key.Kind, c)
			}
		}
	})
}

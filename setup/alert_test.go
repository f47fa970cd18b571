package setup

import (
	"slices"
	"testing"
)

// alerted are the sample's answers with a mail for the case that the server is
// gone.
func alerted() Answers {
	a := sample("ocs", "chat.example.org")
	a.AlertEmail = "Ana@example.org"
	return a
}

// alerts are the notifications of the account.
func (m *model) alerts() []Alert {
	var all []Alert
	for _, o := range m.Objects {
		if n, ok := o.State.(Alert); ok {
			all = append(all, n)
		}
	}
	return all
}

// theirs puts a notification of somebody else into the account.
func (m *model) theirs(id string, n Alert) { m.put(account, id, "", n) }

// tunnel is the id of the setup's tunnel.
func (m *model) tunnel(a Answers) ID { return Lit(m.ledger.Records[a.TunnelKey()].ID) }

func TestNobodyIsMailedUnlessItIsWanted(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	m.run(t, a.Setup, &a, nil)
	if len(m.alerts()) > 0 || a.View().Asks(KindAlert) || !alerted().View().Asks(KindAlert) {
		t.Errorf("there is %+v; it is looked at: %v", m.alerts(), a.View().Also)
	}
}

func TestAnAlertIsMadeLastAndGoesAgain(t *testing.T) {
	before, a := sample("ocs", "chat.example.org"), alerted()
	m := hostWorld(a)
	if p := m.plan(t, a.Setup, &a, nil); p.Of(StepClose)[len(p.Of(StepClose))-1].Key != a.AlertKey() {
		t.Errorf("what it fails by is in the way of something else:\n%s", p)
	}
	m.run(t, a.Setup, &before, nil)
	approved := map[SetupID]Answers{a.Setup: before}
	if p := m.plan(t, a.Setup, &a, approved); len(p.Changes) != 1 || p.Changes[0].Reach != ReachHere {
		t.Fatalf("the plan is\n%s", p)
	}
	m.run(t, a.Setup, &a, approved)
	want := Alert{Tunnels: []ID{m.tunnel(a)}, Statuses: []string{TunnelDown}, Emails: []string{"ana@example.org"}, Enabled: true}
	if got := m.alerts(); len(got) != 1 || !Same(got[0], want) {
		t.Fatalf("there is %+v", got)
	}
	m.run(t, a.Setup, &before, map[SetupID]Answers{a.Setup: a})
	if got := m.alerts(); len(got) > 0 {
		t.Errorf("undone, there is %+v", got)
	}
}

func TestAnotherAddressReplacesTheFirst(t *testing.T) {
	a := alerted()
	m := hostWorld(a)
	m.run(t, a.Setup, &a, nil)
	b := a
	b.AlertEmail = "ben@example.org"
	m.run(t, a.Setup, &b, map[SetupID]Answers{a.Setup: a})
	if got := m.alerts(); len(got) != 1 || !slices.Equal(got[0].Emails, []string{"ben@example.org"}) {
		t.Errorf("there is %+v", got)
	}
}

func TestAnAlertThatSomebodyHasAlreadyIsUsedAndLeftToThem(t *testing.T) {
	enough := func(m *model, a Answers) map[string]Alert {
		return map[string]Alert{
			"about every tunnel":    {Emails: []string{"ana@example.org"}, Enabled: true},
			"of every change":       {Tunnels: []ID{m.tunnel(a)}, Emails: []string{"ana@example.org"}, Enabled: true},
			"that tells others too": {Tunnels: []ID{Lit("t9"), m.tunnel(a)}, Statuses: []string{TunnelDown, "TUNNEL_STATUS_TYPE_HEALTHY"}, Emails: []string{"ana@example.org", "ben@example.org"}, Enabled: true},
		}
	}
	before, a := sample("ocs", "chat.example.org"), alerted()
	for what := range enough(newModel(), a) {
		m := hostWorld(a)
		m.run(t, a.Setup, &before, nil)
		theirs := enough(m, a)[what]
		m.theirs("n1", theirs)
		approved := map[SetupID]Answers{a.Setup: before}
		if p := m.plan(t, a.Setup, &a, approved); len(p.Changes) != 1 || p.Changes[0].Verb != Claim {
			t.Errorf("%s: the plan is\n%s", what, p)
		}
		m.run(t, a.Setup, &a, approved)
		m.run(t, a.Setup, nil, map[SetupID]Answers{a.Setup: a})
		if got := m.alerts(); len(got) != 1 || !Same(got[0], theirs) {
			t.Errorf("%s: taken down, there is %+v", what, got)
		}
	}
}

func TestAnAlertThatWouldNotTellIsLeftAndOneIsMadeBesideIt(t *testing.T) {
	before, a := sample("ocs", "chat.example.org"), alerted()
	ana := []string{"ana@example.org"}
	for what, theirs := range map[string]Alert{
		"switched off":     {Emails: ana},
		"another tunnel":   {Tunnels: []ID{Lit("t9")}, Emails: ana, Enabled: true},
		"another status":   {Statuses: []string{"TUNNEL_STATUS_TYPE_HEALTHY"}, Emails: ana, Enabled: true},
		"the wrong word":   {Statuses: []string{"down"}, Emails: ana, Enabled: true},
		"somebody else":    {Emails: []string{"ben@example.org"}, Enabled: true},
		"narrowed further": {Emails: ana, Enabled: true, Other: "x"},
	} {
		m := hostWorld(a)
		m.run(t, a.Setup, &before, nil)
		m.theirs("n1", theirs)
		m.run(t, a.Setup, &a, map[SetupID]Answers{a.Setup: before})
		if got := m.alerts(); len(got) != 2 || !Same(got[0], theirs) {
			t.Errorf("%s: there is %+v", what, got)
		}
	}
}

func TestAnAlertThatWasFoundAndNoLongerTellsIsReplacedByOneOfOurOwn(t *testing.T) {
	before, a := sample("ocs", "chat.example.org"), alerted()
	m := hostWorld(a)
	m.run(t, a.Setup, &before, nil)
	m.theirs("n1", Alert{Emails: []string{"ana@example.org"}, Enabled: true})
	m.run(t, a.Setup, &a, map[SetupID]Answers{a.Setup: before})
	off := Alert{Emails: []string{"ana@example.org"}}
	m.find(KindAlert, "n1").State = off
	approved := map[SetupID]Answers{a.Setup: a}
	if left := m.run(t, a.Setup, &a, approved); !left.Empty() {
		t.Fatalf("left is\n%s", left)
	}
	if got := m.alerts(); len(got) != 2 || !Same(got[0], off) || !got[1].Enabled {
		t.Fatalf("there is %+v", got)
	}
	m.run(t, a.Setup, nil, approved)
	if got := m.alerts(); len(got) != 1 || !Same(got[0], off) {
		t.Errorf("taken down, there is %+v", got)
	}
}

func TestAnAlertThatSomebodyDeletedOrSwitchedOffIsPutBack(t *testing.T) {
	a := alerted()
	for what, meddle := range map[string]func(m *model, id string){
		"deleted": func(m *model, id string) { m.remove(KindAlert, id) },
		"switched off": func(m *model, id string) {
			n := m.find(KindAlert, id).State.(Alert)
			n.Enabled = false
			m.find(KindAlert, id).State = n
		},
		"the wrong word": func(m *model, id string) {
			n := m.find(KindAlert, id).State.(Alert)
			n.Statuses = []string{"down"}
			m.find(KindAlert, id).State = n
		},
	} {
		m := hostWorld(a)
		m.run(t, a.Setup, &a, nil)
		meddle(m, m.ledger.Records[a.AlertKey()].ID)
		if left := m.run(t, a.Setup, &a, map[SetupID]Answers{a.Setup: a}); !left.Empty() {
			t.Errorf("%s: left is\n%s", what, left)
		}
		if got := m.alerts(); len(got) != 1 || !got[0].Enabled || !slices.Equal(got[0].Statuses, []string{TunnelDown}) {
			t.Errorf("%s: there is %+v", what, got)
		}
	}
}

func TestTheAddressOfAnAlertIsChecked(t *testing.T) {
	a := alerted()
	a.AlertEmail = "ana"
	if bad := a.Validate(); len(bad) != 1 || bad[0].Field != "alert_email" {
		t.Errorf("told is %v", bad)
	}
}

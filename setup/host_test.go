package setup

import (
	"strings"
	"testing"
)

func TestItemsAreAddedBehindWhatIsThere(t *testing.T) {
	rows := map[string]struct{ value, want string }{
		"into nothing":         {"", "b.example"},
		"after what is there":  {"z.example,a.example", "z.example,a.example,b.example"},
		"there already":        {"a.example,b.example", "a.example,b.example"},
		"spaces never matched": {"a.example, b.example", "a.example,b.example"},
		"a trailing comma":     {"a.example,", "a.example,b.example"},
	}
	for what, row := range rows {
		if got := joined(row.value, "", JoinComma, []string{"b.example"}); got != row.want {
			t.Errorf("%s: %q, want %q", what, got, row.want)
		}
	}
}

func TestAListThatNamesAnotherVariableIsNotAddedTo(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS").State = EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "$HOSTS"}
	golden(t, "list-refers-elsewhere", m.run(t, a.Setup, &a, nil).String())
	if got := m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS").State.(EnvVar).Value; got != "$HOSTS" {
		t.Errorf("it was changed to %q", got)
	}
	if m.reaches(a.Hostname) {
		t.Error("the public name was switched on although the app refuses it")
	}
}

func TestAKeyThatTheFileDoesNotDecideIsInTheWay(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	line := m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS")
	line.State = EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "x.example", Elsewhere: "environment: in the compose file"}
	p := m.plan(t, a.Setup, &a, nil)
	b := p.Bar(a.envKey("DJANGO_ALLOWED_HOSTS"), nil)
	if b == nil || b.Why != WhyConflict || !strings.Contains(b.Detail, "from environment: in the compose file") {
		t.Errorf("barrier %+v, want a conflict that says where the value is from", b)
	}
	line.State = EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: a.Hostname, Elsewhere: "environment: in the compose file"}
	if b := m.plan(t, a.Setup, &a, nil).Bar(a.envKey("DJANGO_ALLOWED_HOSTS"), nil); b != nil {
		t.Errorf("the app has the name already, and yet: %s", b.Detail)
	}
}

// A recreate that was cut off has made the container anew and not started it.
func TestASettingOfAStoppedServiceIsStartedAndItsStopForgotten(t *testing.T) {
	key := Key{Kind: KindSetting, Scope: "ocs/web", Name: "DJANGO_ALLOWED_HOSTS"}
	want := Setting{Project: "ocs", Service: "web", Name: key.Name, Join: JoinComma, Items: []string{"ocs.example.org"}}
	have := Setting{Project: "ocs", Service: "web", Name: key.Name, Value: "ocs.example.org", Stopped: true}
	if want.met(have) || !want.met(running(have)) {
		t.Error("that nothing runs makes no difference, or all")
	}
	w := World{Objects: []Object{{Scope: key.Scope, ID: key.Name, State: have}}}
	was := Setting{Project: "ocs", Service: "web", Name: key.Name}
	l := Ledger{Install: "t1", Records: map[Key]Record{key: {Owner: Adopted, By: []SetupID{"ocs"}, Prior: was,
		Intent: &Intent{Verb: Update, From: was, To: running(have), FromID: key.Name}}}}
	settled, barriers := Settle(w, l)
	if r := settled.Records[key]; len(barriers) > 0 || r.ID == "" || !Same(r.Left, running(have)) || !Same(r.Prior, was) {
		t.Fatalf("settled is %+v, %v", r, barriers)
	}
	plan, err := MakePlan("ocs", map[Key]Want{key: {State: want, By: []SetupID{"ocs"}}}, w, settled)
	if err != nil || len(plan.Changes) != 1 {
		t.Fatalf("the plan is %v, %v", plan, err)
	}
	if service, ok := plan.Changes[0].Starts(); !ok || service != "web" {
		t.Errorf("the change does not start it: %+v", plan.Changes[0])
	}
	plan, err = MakePlan("ocs", map[Key]Want{key: {State: want, By: []SetupID{"ocs"}}}, w, Ledger{Install: "t1"})
	if err != nil || len(plan.Changes) > 0 || len(plan.Barriers) != 1 {
		t.Errorf("an app that we have not touched is started: %v, %v", plan, err)
	}
}

// An own certificate is the operator's, and the copies that were made of it are
// not: they hold its key, so they go when nobody wants them.
func TestTheCopiesOfAnOwnCertificateGo(t *testing.T) {
	c := Certificate{Name: "ocs.internal", Source: FromOwner, Dir: "/var/lib/culvert/ocs", Valid: true}
	key := Key{KindCertificate, CertificateScope, c.Name}
	w := World{Objects: []Object{{Scope: key.Scope, ID: c.Name, State: c}}}
	ledger := Ledger{Install: "t1", Records: map[Key]Record{key: {ID: c.Name, Owner: Found, By: []SetupID{"ocs"}, Prior: c, Left: c}}}
	plan, err := MakePlan("ocs", nil, w, ledger)
	if err != nil || len(plan.Changes) != 1 || plan.Changes[0].Verb != Delete || !plan.Changes[0].Drop {
		t.Fatalf("%v: %s", err, plan)
	}
	if !strings.Contains(plan.Changes[0].Cause, "your own files stay") {
		t.Errorf("the cause is %q", plan.Changes[0].Cause)
	}
	c.Source = FromInternal
	w.Objects[0].State = c
	ledger.Records[key] = Record{ID: c.Name, Owner: Found, By: []SetupID{"ocs"}, Prior: c, Left: c}
	if plan, err = MakePlan("ocs", nil, w, ledger); err != nil || len(plan.Changes) != 1 || plan.Changes[0].Verb != Release {
		t.Errorf("of somebody else: %v: %s", err, plan)
	}
}

func TestACertificateOfEarlierAnswersIsOnlyLookedAt(t *testing.T) {
	wanted := Certificate{Name: "ocs.internal", Source: FromOwner, Valid: true}
	v := View{Certificates: []Certificate{wanted}}
	if got := v.Earlier().Join(v).Certificates; len(got) != 1 || !got[0].Valid {
		t.Errorf("wanted still: %+v", got)
	}
	if got := v.Earlier().Certificates; len(got) != 1 || got[0].Valid || !v.Certificates[0].Valid {
		t.Errorf("of earlier answers: %+v", got)
	}
}

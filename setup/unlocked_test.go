package setup

import (
	"slices"
	"strings"
	"testing"
)

// Somebody deletes the lock of an old way that was not taken away yet: every device
// of the account gets in there, so the route goes before anything else.
func TestAnOldWayWithoutItsLockIsTakenAwayAtOnce(t *testing.T) {
	for from, lock := range map[Mode]string{ModeFallback: "any://172.30.250.2/32", ModeHostname: "any://ocs.your-org"} {
		t.Run(string(from), func(t *testing.T) {
			a, b := inMode(sample("ocs", "chat.example.org"), from), inMode(sample("ocs", "chat.example.org"), ModePublic)
			m := hostWorld(a)
			converges(t, m, a, nil)
			approved := map[SetupID]Answers{a.Setup: a}
			unlocked := func() (keys []string) {
				p := m.plan(t, b.Setup, &b, approved)
				for _, c := range p.Changes {
					if c.Unlocked {
						keys = append(keys, c.Key.Name)
					}
					if c.Unlocked != (c.Drop && c.Verb.Writes() && c.Step == StepBuild) {
						t.Errorf("%s is in step %s", c, c.Step)
					}
					if c.Unlocked != strings.Contains(c.Cause, "leads in without one") {
						t.Errorf("%s is taken away because %s", c, c.Cause)
					}
				}
				return keys
			}
			if got := unlocked(); len(got) > 0 {
				t.Errorf("behind its lock: %v", got)
			}
			m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool {
				app, ok := o.State.(App)
				return ok && slices.Contains(app.Destinations, lock)
			})
			if got := m.exposed(b); len(got) != 1 {
				t.Fatalf("open without its lock: %v", got)
			}
			m.World.Miss(KindApp, account, Problem{Code: CodeUnavailable})
			if got := unlocked(); len(got) > 0 {
				t.Errorf("while nobody knows: %v", got)
			}
			m.Unread = nil
			want := "172.30.250.2/32"
			if from == ModeHostname {
				want = "ocs.your-org"
			}
			if got := unlocked(); !slices.Equal(got, []string{want}) {
				t.Errorf("without its lock: %v", got)
			}
			p := m.plan(t, b.Setup, &b, approved)
			i := slices.IndexFunc(p.Ready(StepBuild), func(c Change) bool { return c.Unlocked })
			if i < 0 {
				t.Fatalf("it waits for something:\n%s", p)
			}
			m.apply(t, p, p.Ready(StepBuild)[i:i+1], survives)
			if got := m.exposed(b); len(got) > 0 {
				t.Errorf("open behind that: %v", got)
			}
			converges(t, m, b, approved)
		})
	}
}

// A lock of the way that is wanted is put back: the route to it may be in use, so it
// is not taken away for that.
func TestARouteWhoseLockComesBackIsNotTakenAwayAtOnce(t *testing.T) {
	a, b := inMode(sample("ocs", "chat.example.org"), ModeHostname), inMode(sample("ocs", "chat.example.org"), ModeFallback)
	m := hostWorld(a)
	converges(t, m, a, nil)
	m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool {
		app, ok := o.State.(App)
		return ok && slices.Contains(app.Destinations, "any://ocs.your-org")
	})
	for _, c := range m.plan(t, b.Setup, &b, map[SetupID]Answers{a.Setup: a}).Changes {
		if c.Unlocked {
			t.Errorf("it takes away %s", c)
		}
	}
}

// Only what asks for a login on all of a destination is its lock.
func TestALockCoversAllOfADestination(t *testing.T) {
	to := PrivateDestination{Network: "172.30.250.2/32", VNet: "main"}
	for text, want := range map[string]bool{
		"any://172.30.250.2/32": true, "any://172.16.0.0/12": true, "any://172.30.250.2/32@main": true,
		"any://172.30.250.2/32@lab": false, "tcp://172.16.0.0/12": false, "any://172.16.0.0/12:22": false, "any://172.30.250.3/32": false, "172.30.250.2": false,
	} {
		if got := locks(App{Destinations: []string{text}}, to); got != want {
			t.Errorf("%s locks it: %v", text, got)
		}
	}
}

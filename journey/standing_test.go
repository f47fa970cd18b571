package journey

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

// watching is a watcher that looks only when the test says so.
type watching struct {
	*walk
	watcher *watch.Watcher
	reports map[setup.SetupID]watch.Report
	looked  int
	hurried int
	dead    bool
}

func (w *watching) Report(id setup.SetupID) (watch.Report, bool) {
	r, ok := w.reports[id]
	return r, ok
}

func (w *watching) Look(setup.SetupID) { w.looked++ }

func (w *watching) Hurry(setup.SetupID) { w.hurried++ }

func (w *watching) Health() watch.Health { return watch.Health{Alive: !w.dead} }

func (p *outside) Port(context.Context, setup.Answers) []setup.Evidence {
	return []setup.Evidence{p.see(setup.PortCheck, setup.Check{Name: "The published port"})}
}

func (p *outside) Others(context.Context, setup.Answers) []setup.Evidence {
	return []setup.Evidence{p.see(setup.FrontsCheck, setup.Check{Name: "Other ways in"})}
}

func (p *outside) Facts(_ context.Context, all ...setup.Answers) []found.Facts {
	f := found.Facts{At: p.clock.Now(), App: found.Service{Containers: 1, Running: 1, Networks: []string{all[0].Stack.Network}},
		Connector: found.Service{Containers: 1, Running: 1}, Ready: found.Ready{Answered: true, Ready: true}}
	if p.down {
		f.App.Running = 0
	}
	return slices.Repeat([]found.Facts{f}, len(all))
}

// watched is a walk to its end, with a watcher.
func watched(t *testing.T) *watching {
	t.Helper()
	w := &watching{walk: done(t), reports: map[setup.SetupID]watch.Report{}}
	w.watcher = watch.New(watch.Options{Store: w.Store.(watch.Store), Engine: w.Engine, Prober: w.outside, Notify: w.Notify,
		Clock: w.clock, Log: slog.New(slog.DiscardHandler)})
	w.Watch = w
	return w
}

// look has the watcher look at everything.
func (w *watching) look() {
	w.Helper()
	r, err := w.watcher.Examine(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	w.reports[w.id] = r
}

func (w *watching) standing() Standing {
	w.Helper()
	s, err := w.Standing(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// dropDoor deletes the door of a platform.
func (w *watching) dropDoor(name string) {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	w.account.objects = slices.DeleteFunc(w.account.objects, func(o setup.Object) bool {
		app, ok := o.State.(setup.App)
		return ok && strings.HasPrefix(app.Name, "Door for "+name)
	})
}

func TestWhatWasNotLookedAtYetHasNoCondition(t *testing.T) {
	t.Parallel()
	w := watched(t)
	if s := w.standing(); s.Known || s.Condition.Light != "" || !s.Watching || !s.Live || len(s.Answers.Doors) == 0 || w.looked != 1 {
		t.Errorf("it is known %v, %q", s.Known, s.Condition.Light)
	}
	w.look()
	s := w.standing()
	if !s.Known || s.Condition.Light != "good" || s.Hostname != host || len(s.Evidence) == 0 || s.Run == nil {
		t.Errorf("it stands as %q: %s", s.Condition.Light, s.Condition.Sentence)
	}
	if _, err := w.Standing(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("of no setup: %v", err)
	}
}

func TestALookThatIsAskedForIsTheWatchersWhileThereIsOne(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.look()
	if err := w.Again(t.Context(), w.id); err != nil || w.hurried != 1 {
		t.Errorf("it was asked %d times, %v", w.hurried, err)
	}
	w.token() // what was refused for the old one may not be any more
	if w.hurried != 2 {
		t.Errorf("after a token was given it was asked %d times", w.hurried)
	}
	w.dead = true
	asked := w.clock.Now()
	if err := w.Again(t.Context(), w.id); err != nil || w.hurried != 2 {
		t.Errorf("a dead one was asked %d times, %v", w.hurried, err)
	}
	stored, err := w.Store.Evidence(t.Context(), w.id)
	if err != nil || !slices.ContainsFunc(stored, func(v setup.Evidence) bool { return v.Check.Outside() && !v.At.Before(asked) }) {
		t.Errorf("nothing was asked while nobody watches, %v", err)
	}
	if err := w.Again(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("of no setup: %v", err)
	}
}

func TestASetupIsFinishedOnceEverythingWasCarriedOut(t *testing.T) {
	t.Parallel()
	w := watched(t)
	if s := w.standing(); !s.Finished {
		t.Error("it was all carried out, and is not finished")
	}
	w.dropDoor("Telegram")
	w.look()
	if s := w.standing(); !s.Finished {
		t.Error("something is wrong, and it is not finished any more")
	}
}

func TestTheListSaysHowEachSetupStands(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.dropDoor("Telegram")
	w.look()
	all, err := w.Setups(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("there are %d setups, %v", len(all), err)
	}
	s := all[0].Stands
	if !s.Live || !s.Known || !s.Watching || s.Condition.Light != "bad" {
		t.Errorf("it stands as %q (known %v): %s", s.Condition.Light, s.Known, s.Condition.Sentence)
	}
	for where, brief := range map[string]Brief{"the set-up": w.overview().Stands, "the status page": w.standing().Brief} {
		if diff := cmp.Diff(s, brief); diff != "" {
			t.Errorf("%s is of another mind (-list +it):\n%s", where, diff)
		}
	}
}

func TestAFindingIsPutRightAsItWasShown(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.dropDoor("Telegram")
	w.dropDoor("Twilio")
	w.look()
	const telegram = "door-missing/telegram"
	fix, ids, err := w.Fix(t.Context(), w.id, []string{telegram})
	if err != nil || !slices.Equal(ids, []string{telegram}) || len(fix.Hashes) != 1 {
		t.Fatalf("the fix is %+v of %v, %v", fix, ids, err)
	}
	if _, err := w.Repair(t.Context(), w.id, Mending{Findings: ids, Hashes: []string{"another"}}, "ana"); !errors.Is(err, Stale{}) {
		t.Errorf("with other changes than were shown: %v, want Stale", err)
	}
	run, err := w.Repair(t.Context(), w.id, Mending{Findings: ids, Hashes: fix.Hashes}, "ana")
	if err != nil {
		t.Fatal(err)
	}
	if s := w.standing(); !s.Repairing(telegram) || s.Repairing("door-missing/twilio") {
		t.Errorf("the run is %+v", s.Run)
	}
	if run, err = w.Engine.Execute(t.Context(), run); err != nil || run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s, %v", run.State, run.Note, err)
	}
	w.look()
	if f := w.standing().Condition.Findings; len(f) != 1 || f[0].ID != "door-missing/twilio" {
		t.Errorf("afterwards there are %d findings, %s first", len(f), f[0].ID)
	}
}

func TestAllThatCanBePutRightIs(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.dropDoor("Telegram")
	w.dropDoor("Twilio")
	w.docker.StopConnector()
	w.look()
	fix, ids, err := w.Fix(t.Context(), w.id, nil)
	if err != nil || len(ids) != 3 || len(fix.Keys) != 3 || !slices.Equal(fix.Restarts, []string{"cloudflared"}) {
		t.Fatalf("the fix is %+v of %v, %v", fix, ids, err)
	}
	run, err := w.Repair(t.Context(), w.id, Mending{Hashes: fix.Hashes}, "ana")
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.Engine.Execute(t.Context(), run); err != nil || run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s, %v", run.State, run.Note, err)
	}
	w.look()
	if s := w.standing(); len(s.Condition.Findings) != 0 {
		t.Errorf("afterwards it says %q", s.Condition.Sentence)
	}
	if _, err := w.Repair(t.Context(), w.id, Mending{}, "ana"); !errors.Is(err, Stale{}) {
		t.Errorf("with nothing to put right: %v, want Stale", err)
	}
}

func TestWhatCannotBePutRightSaysWhy(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.outside.down = true // and the host shows nothing that could be started
	w.look()
	var problem *setup.Problem
	_, _, err := w.Fix(t.Context(), w.id, []string{"app-stopped"})
	if !errors.As(err, &problem) || !strings.Contains(problem.Message, "docker compose up -d") {
		t.Errorf("it says %v", err)
	}
	if _, _, err := w.Fix(t.Context(), w.id, []string{"door-missing/telegram"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("what does not stand: %v, want ErrNotFound", err)
	}
}

// While a setup is watched, pages cost no calls of their own.
func TestAPageOfAWatchedSetupMakesNoPlanOfItsOwn(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.look()
	w.clock.pass(10 * time.Minute)
	clear(w.looking)
	before := len(w.refresh)
	if o := w.overview(); o.Plan == nil || len(w.refresh) != before || w.looked == 0 {
		t.Errorf("a page asked for %d plans", len(w.refresh)-before)
	}
	w.dead = true
	if w.overview(); len(w.refresh) != before+1 {
		t.Error("without a watcher no plan is made")
	}
}

func TestTheHistoryOfACheckIsToldByDayAndMonth(t *testing.T) {
	t.Parallel()
	w := watched(t)
	s := w.Store.(watch.Store)
	now := w.clock.Now()
	var readings []setup.Reading
	for i := range 50 {
		readings = append(readings, setup.Reading{Check: "telegram/1", At: now.Add(-time.Duration(i) * 30 * time.Minute), OK: i != 3, Took: 20 * time.Millisecond})
	}
	if err := s.SaveReadings(t.Context(), w.id, readings); err != nil {
		t.Fatal(err)
	}
	for _, rolled := range []bool{false, true} {
		if rolled {
			w.clock.pass(2 * time.Minute) // what was read before is too old now
			if err := s.RollUp(t.Context(), now.Add(2*time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		day, err := w.Series(t.Context(), w.id, "telegram/1", LastDay)
		if err != nil || len(day.Buckets) < 48 || day.Sum().OK != day.Sum().Count-1 {
			t.Errorf("the day has %d buckets, %+v, %v", len(day.Buckets), day.Sum(), err)
		}
		month, err := w.Series(t.Context(), w.id, "telegram/1", LastMonth)
		if err != nil || month.Sum().Count < 46 || month.Sum().Count > 50 {
			t.Errorf("the month is %+v, %v", month.Sum(), err)
		}
		for i := 1; i < len(month.Buckets); i++ {
			if !month.Buckets[i].From.After(month.Buckets[i-1].From) {
				t.Errorf("%v comes behind %v", month.Buckets[i].From, month.Buckets[i-1].From)
			}
		}
	}
	if _, err := w.Series(t.Context(), w.id, "telegram/1", "1y"); err == nil {
		t.Error("a year is told")
	}
}

func TestAHistoryIsReadOnceAMinute(t *testing.T) {
	t.Parallel()
	w := watched(t)
	add := func() {
		reading := setup.Reading{Check: "telegram/1", At: w.clock.Now(), OK: true, Took: time.Millisecond}
		if err := w.Store.(watch.Store).SaveReadings(t.Context(), w.id, []setup.Reading{reading}); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(want int) {
		t.Helper()
		if s, err := w.Series(t.Context(), w.id, "telegram/1", LastDay); err != nil || s.Sum().Count != want {
			t.Errorf("it has %d readings, want %d (%v)", s.Sum().Count, want, err)
		}
	}
	wants(0)
	add()
	wants(1) // that there was none yet is not kept
	w.clock.pass(time.Second)
	add()
	wants(1)
	w.clock.pass(time.Minute)
	wants(2)
}

func TestWhatIsRepairedByItselfIsChosen(t *testing.T) {
	t.Parallel()
	w := watched(t)
	rows := map[string]struct {
		rules []setup.Automatic
		field string
	}{
		"one class":      {[]setup.Automatic{{Class: setup.ClassConnectorStopped, PerHour: 2}}, ""},
		"no repair":      {[]setup.Automatic{{Class: setup.ClassAppStopped, PerHour: 2}}, "class"},
		"never":          {[]setup.Automatic{{Class: setup.ClassConnectorStopped}}, "connector-stopped"},
		"too often":      {[]setup.Automatic{{Class: setup.ClassConnectorStopped, PerHour: 100}}, "connector-stopped"},
		"nothing at all": {nil, ""},
	}
	for what, row := range rows {
		bad, err := w.SaveAutomatic(t.Context(), w.id, row.rules, "ana")
		if err != nil || (len(bad) > 0) != (row.field != "") || len(bad) > 0 && bad[0].Field != row.field {
			t.Errorf("%s: %+v, %v", what, bad, err)
		}
	}
	if _, err := w.SaveAutomatic(t.Context(), w.id, rows["one class"].rules, "ana"); err != nil {
		t.Fatal(err)
	}
	on := 0
	for _, r := range w.standing().Automatic {
		if r.On {
			on++
			if r.Class != setup.ClassConnectorStopped || r.PerHour != 2 || !r.Suggested {
				t.Errorf("the rule is %+v", r)
			}
		}
	}
	if on != 1 {
		t.Errorf("%d classes are on", on)
	}
}

package journey

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// change agrees to an edit as it is shown and carries it out.
func (w *walk) change(e Edit) setup.Run {
	w.Helper()
	w.clock.pass(time.Minute) // decisions are told apart by their time
	p, bad, err := w.Propose(w.Context(), w.id, e)
	if err != nil || len(bad) > 0 {
		w.Fatalf("proposing %+v: %v, %v", e, bad, err)
	}
	run, bad, err := w.Change(w.Context(), w.id, e, p.Hashes(), "ana")
	if err != nil || len(bad) > 0 {
		w.Fatalf("changing %+v: %v, %v", e, bad, err)
	}
	if !p.Live {
		return run
	}
	if run, err = w.Engine.Execute(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	if run.State != setup.RunSucceeded {
		w.Fatalf("the run is %s: %s", run.State, run.Note)
	}
	return run
}

// open lists the doors that the account has.
func (w *walk) open() []string {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	var doors []string
	for _, o := range w.account.objects {
		if app, ok := o.State.(setup.App); ok && app.Destinations[0] != host {
			doors = append(doors, app.Destinations...)
		}
	}
	slices.Sort(doors)
	return doors
}

// said is the text of the newest entry with an action.
func (w *walk) said(action string) Entry {
	w.Helper()
	all, err := w.History(w.Context(), w.id, 0, 100)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Action == action })
	if i < 0 {
		w.Fatalf("nobody %s anything", action)
	}
	return all[i]
}

var payments = setup.OwnPath{Name: "Payments", Path: "/hooks/payments", Method: "POST"}

func TestAPathOfOnesOwnIsShownThenOpenedClosedAndRemoved(t *testing.T) {
	t.Parallel()
	w := done(t)
	before := w.open()
	add := Edit{Verb: EditAdd, Own: payments}
	p, _, err := w.Propose(t.Context(), w.id, add)
	if err != nil || !p.Live || p.Along || len(p.Hashes()) == 0 {
		t.Fatalf("the proposal is %+v, %v", p, err)
	}
	if !slices.Equal(before, w.open()) || len(w.overview().Draft.Own) > 0 {
		t.Error("a proposal changed something")
	}
	w.change(add)
	if !slices.Contains(w.open(), host+"/hooks/payments") {
		t.Errorf("open are %v", w.open())
	}
	if e := w.said("approved"); e.Text != "Decided to open /hooks/payments, a path of your own." || e.Actor != "ana" {
		t.Errorf("the history says %q", e.Text)
	}
	o := w.overview()
	if o.Approved == nil || !reflect.DeepEqual(*o.Answers, *o.Approved) {
		t.Error("the pages want something else than what was decided")
	}
	for _, e := range []Edit{{Verb: EditClose, Own: payments}, {Verb: EditOpen, Own: payments}, {Verb: EditRemove, Own: payments}} {
		w.change(e)
		want := e.Verb == EditOpen
		if got := slices.Contains(w.open(), host+"/hooks/payments"); got != want {
			t.Errorf("after %s it is open: %v", e.Verb, got)
		}
	}
	if !slices.Equal(before, w.open()) || len(w.overview().Draft.Own) > 0 {
		t.Errorf("left are %v", w.open())
	}
}

func TestADoorOfTheProfileIsClosedAndOpenedAgain(t *testing.T) {
	t.Parallel()
	w := done(t)
	before := w.open()
	w.change(Edit{Verb: EditClose, Door: "telegram"})
	if slices.Contains(w.open(), host+"/channels/telegram/*") || len(w.open()) != len(before)-1 {
		t.Errorf("open are %v", w.open())
	}
	w.change(Edit{Verb: EditOpen, Door: "telegram"})
	if !slices.Equal(before, w.open()) {
		t.Errorf("open are %v, were %v", w.open(), before)
	}
}

func TestATooWidePathIsRefusedAtItsFieldAndNothingIsKept(t *testing.T) {
	t.Parallel()
	w := done(t)
	wide := Edit{Verb: EditAdd, Own: setup.OwnPath{Path: "/channels/*", Method: "POST"}}
	_, bad, err := w.Propose(t.Context(), w.id, wide)
	if err != nil || len(bad) == 0 || bad[0].Field != "path" || !strings.Contains(bad[0].Message, "team") {
		t.Errorf("got %v, %v", bad, err)
	}
	if _, bad, err := w.Change(t.Context(), w.id, wide, nil, "ana"); err != nil || len(bad) == 0 {
		t.Errorf("it can be agreed to: %v, %v", bad, err)
	}
	if len(w.overview().Draft.Own) > 0 {
		t.Error("it was kept")
	}
}

func TestWhatIsNotSetUpYetIsOnlyNoted(t *testing.T) {
	t.Parallel()
	w := ready(t)
	p, _, err := w.Propose(t.Context(), w.id, Edit{Verb: EditAdd, Own: payments})
	if err != nil || p.Live || len(p.Hashes()) > 0 {
		t.Fatalf("got %+v, %v", p, err)
	}
	w.change(Edit{Verb: EditAdd, Own: payments})
	if got := w.overview().Draft.Own; len(got) != 1 || got[0] != payments {
		t.Errorf("noted is %v", got)
	}
	door := w.overview().Answers.Doors
	if door[len(door)-1].ID != profile.OwnID(payments.Path) || len(w.open()) > 0 {
		t.Errorf("open are %v", w.open())
	}
}

func TestOtherAnswersThatComeAlongAreTold(t *testing.T) {
	t.Parallel()
	w := done(t)
	d := good()
	d.Emails = "ana@partner.example"
	w.answer(d)
	if p, _, err := w.Propose(t.Context(), w.id, Edit{Verb: EditClose, Door: "slack"}); err != nil || !p.Along {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestAnEditThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	w := done(t)
	for name, e := range map[string]Edit{
		"an unknown door":   {Verb: EditOpen, Door: "facebook"},
		"an unknown path":   {Verb: EditClose, Own: payments},
		"an unknown verb":   {Verb: "burn", Door: "slack"},
		"removing a door":   {Verb: EditRemove, Door: "slack"},
		"open what is open": {Verb: EditOpen, Door: "slack"},
	} {
		_, _, err := w.Propose(t.Context(), w.id, e)
		var p *setup.Problem
		if !errors.Is(err, ErrNotFound) && (!errors.As(err, &p) || !strings.Contains(p.Message, "already")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherPlanThanWasShownIsNotBegunAndNothingIsKept(t *testing.T) {
	t.Parallel()
	w := done(t)
	_, _, err := w.Change(t.Context(), w.id, Edit{Verb: EditAdd, Own: payments}, []string{"other"}, "ana")
	var stale Stale
	if !errors.As(err, &stale) || len(w.overview().Draft.Own) > 0 {
		t.Errorf("got %v", err)
	}
}

// lame is a store that fails at one call.
type lame struct {
	engine.Store
	at string
}

var errLame = errors.New("the disk is full")

func (l *lame) Approve(ctx context.Context, r engine.Revision, a engine.Audit) (engine.Revision, error) {
	if l.at == "approve" {
		return engine.Revision{}, errLame
	}
	return l.Store.Approve(ctx, r, a)
}

func (l *lame) CreateRun(ctx context.Context, r engine.Run, a engine.Audit) (engine.Run, error) {
	if l.at == "run" {
		return engine.Run{}, errLame
	}
	return l.Store.CreateRun(ctx, r, a)
}

func TestADecisionThatFailsHalfWayLeavesTheAnswersAsTheyAreDecided(t *testing.T) {
	t.Parallel()
	for at, kept := range map[string]bool{"approve": false, "run": true} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			w := done(t)
			w.Engine.Store = &lame{w.Engine.Store, at}
			add := Edit{Verb: EditAdd, Own: payments}
			p, _, err := w.Propose(t.Context(), w.id, add)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Change(t.Context(), w.id, add, p.Hashes(), "ana"); !errors.Is(err, errLame) {
				t.Fatalf("it ended with %v", err)
			}
			o := w.overview()
			if got := len(o.Draft.Own) == 1; got != kept || !reflect.DeepEqual(*o.Answers, *o.Approved) {
				t.Errorf("the draft has it: %v; decided are %v", got, o.Approved.Own)
			}
		})
	}
}

func TestWhileARunIsUnderWayNothingElseIsDecided(t *testing.T) {
	t.Parallel()
	w := done(t)
	p, _, err := w.Propose(t.Context(), w.id, Edit{Verb: EditClose, Door: "slack"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Change(t.Context(), w.id, Edit{Verb: EditClose, Door: "slack"}, p.Hashes(), "ana"); err != nil {
		t.Fatal(err)
	}
	if p, _, err = w.Propose(t.Context(), w.id, Edit{Verb: EditAdd, Own: payments}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Change(t.Context(), w.id, Edit{Verb: EditAdd, Own: payments}, p.Hashes(), "ana"); !errors.Is(err, ErrBusy) || len(w.overview().Draft.Own) > 0 {
		t.Errorf("it ended with %v", err)
	}
}

package journey

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// undo goes back to before a decision, as it is shown.
func (w *walk) undo(decision int) {
	w.Helper()
	w.clock.pass(time.Minute)
	u, err := w.Undo(w.Context(), w.id, decision)
	if err != nil {
		w.Fatal(err)
	}
	run, err := w.Revert(w.Context(), w.id, decision, u.Hashes(), "ben")
	if err != nil {
		w.Fatal(err)
	}
	if run, err = w.Engine.Execute(w.Context(), run); err != nil || run.State != setup.RunSucceeded {
		w.Fatalf("the run is %s: %s (%v)", run.State, run.Note, err)
	}
}

func TestADecisionIsUndoneFromItsEntryInTheHistory(t *testing.T) {
	t.Parallel()
	w := done(t)
	before, answers := w.open(), *w.overview().Approved
	w.change(Edit{Verb: EditAdd, Own: payments})
	w.change(Edit{Verb: EditClose, Door: "slack"})
	all, err := w.History(t.Context(), w.id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(e Entry) bool { return strings.Contains(e.Text, "open /hooks/payments") })
	u, err := w.Undo(t.Context(), w.id, all[i].Undoes)
	if err != nil || len(u.Undone) != 2 || u.Back.Number != 1 {
		t.Fatalf("undoing the first of two takes %d back to %d (%v)", len(u.Undone), u.Back.Number, err)
	}
	w.undo(all[i].Undoes)
	if !slices.Equal(before, w.open()) {
		t.Errorf("open are %v, were %v", w.open(), before)
	}
	o := w.overview()
	if !reflect.DeepEqual(answers, *o.Approved) || !reflect.DeepEqual(answers, *o.Answers) {
		t.Error("the answers are not as they were")
	}
	if e := w.said("approved"); !strings.HasPrefix(e.Text, "Decided to go back to how it was before 4 May 2026") || e.Actor != "ben" {
		t.Errorf("the history says %q", e.Text)
	}
	// Undoing what was undone brings it back.
	w.undo(w.said("approved").Undoes)
	if got := w.overview().Approved.Own; len(got) != 1 {
		t.Errorf("own paths are %v", got)
	}
}

func TestATeardownCanBeUndone(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.clock.pass(time.Minute)
	plan, err := w.TearDownPlan(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.TearDown(t.Context(), w.id, writes(plan, setup.StepRemove), "ana")
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.Engine.Execute(t.Context(), run); err != nil || run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s (%v)", run.State, run.Note, err)
	}
	w.undo(w.said("approved").Undoes)
	if len(w.open()) == 0 || w.overview().TornDown {
		t.Error("it is not there again")
	}
}

func TestWhatCannotBeUndoneSaysWhy(t *testing.T) {
	t.Parallel()
	w := done(t)
	refused := func(decision int, says string) {
		t.Helper()
		_, err := w.Undo(t.Context(), w.id, decision)
		var p *setup.Problem
		if !errors.As(err, &p) || p.Code != setup.CodeRefused || !strings.Contains(p.Message, says) {
			t.Errorf("undoing %d: %v", decision, err)
		}
		if _, again := w.Revert(t.Context(), w.id, decision, nil, "ana"); again == nil {
			t.Errorf("undoing %d begins all the same", decision)
		}
	}
	if e := w.said("approved"); e.Undoes != 0 {
		t.Errorf("the first decision can be undone as %d", e.Undoes)
	}
	refused(1, "take the setup down")
	w.change(Edit{Verb: EditAdd, Own: payments})
	w.change(Edit{Verb: EditRemove, Own: payments})
	refused(2, "nothing to undo")
	if _, err := w.Undo(t.Context(), w.id, 9); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown decision: %v", err)
	}
}

func TestAnswersThatAreNoLongerPossibleCannotBeGoneBackTo(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.change(Edit{Verb: EditAdd, Own: payments})
	w.change(Edit{Verb: EditRemove, Own: payments})
	prof, _ := w.Profiles.Get(w.overview().Profile.ID)
	i := slices.IndexFunc(prof.Controls, func(c profile.Control) bool { return c.ID == "admin" })
	prof.Controls[i].Path = payments.Path // a newer profile says that it must stay locked
	_, err := w.Undo(t.Context(), w.id, 3)
	var p *setup.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Message, "not possible any more") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherUndoThanWasShownIsNotBegun(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.change(Edit{Verb: EditAdd, Own: payments})
	_, err := w.Revert(t.Context(), w.id, 2, []string{"other"}, "ana")
	var stale Stale
	if !errors.As(err, &stale) || len(w.overview().Draft.Own) != 1 {
		t.Errorf("got %v", err)
	}
}

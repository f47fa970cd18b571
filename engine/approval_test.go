package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func TestAChangeThatNobodySawStopsTheRunBeforeAnythingIsWritten(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.run(setup.StepRemove)
		h.world.change(setup.KindIngress, func(setup.State) setup.State { return nil })
		run := h.start(&h.answers, setup.StepRemove)
		h.world.change(setup.KindTunnel, func(s setup.State) setup.State { // after it was shown
			return setup.Tunnel{Name: "renamed", Remote: true}
		})
		before := len(h.world.calls())
		h.wantState(h.execute(run), engine.RunNeedsApproval, "Something is not as it was when you agreed: Tunnel ocs. Look at the new plan and agree again.")
		if wrote := h.world.calls()[before:]; len(wrote) > 0 {
			t.Errorf("without being agreed to, the run did %v", wrote)
		}
		if got := h.world.all(setup.KindIngress); len(got) != 0 {
			t.Error("a part of the plan was made although the whole is another one now")
		}
	})
}

func TestAnExtraChangeInTheMiddleStopsTheRest(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		run := h.start(&h.answers, setup.StepRemove)
		h.world.call = meanwhile("create ingress/"+host, func() {
			h.world.change(setup.KindPolicy, func(s setup.State) setup.State {
				p := s.(setup.Policy)
				p.Include = []setup.Include{{Type: "everyone"}} // as the policy of the doors has it already
				return p
			})
		})
		h.wantState(h.execute(run), engine.RunNeedsApproval, "Access policy")
		if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
			t.Error("the name was switched over to a lock that a stranger had opened")
		}
	})
}

// What turned out to be done already needs no further agreement.
func TestARunGoesOnWhenLessIsLeftThanWasShown(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.run(setup.StepRemove)
		h.world.change(setup.KindIngress, func(setup.State) setup.State { return nil })
		kept := h.world.all(setup.KindConnector)[0].(setup.Connector)
		h.world.change(setup.KindConnector, func(setup.State) setup.State {
			stopped := kept
			stopped.Running = false
			return stopped
		})
		run := h.start(&h.answers, setup.StepRemove)
		h.world.change(setup.KindConnector, func(setup.State) setup.State { return kept })
		h.wantState(h.execute(run), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestNotesInOurLedgerNeedNoApproval(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		run := h.start(&h.answers, setup.StepRemove)
		// After the plan was shown, somebody adds a login method that will do: the
		// plan changes from making one to noting this one.
		h.world.put(account, "idp-google", setup.LoginMethod{Type: "google", Name: "Google"})
		h.wantState(h.execute(run), engine.RunSucceeded, "")
		if slices.Contains(h.world.noted(), "create login-method/team-login") {
			t.Error("a second login method was made")
		}
		if got := h.noted("claim"); len(got) != 1 || got[0].Key.Kind != setup.KindLoginMethod {
			t.Errorf("the history has claims %v, want that of the login method", got)
		}
	})
}

// noted are the entries of the history with an action.
func (h *harness) noted(action string) []engine.Audit {
	h.Helper()
	return slices.DeleteFunc(h.history(), func(a engine.Audit) bool { return a.Action != action })
}

func TestBadAnswersAreRefusedAtTheirFields(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		a := h.answers
		a.Hostname, a.Team.Domains = "https://chat.example.org", []string{"gmail.com"}
		_, err := h.engine.Start(t.Context(), engine.Request{Setup: a.Setup, Answers: &a, Through: setup.StepRemove})
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) {
			t.Fatalf("starting gave %v, want what is wrong field by field", err)
		}
		var fields []string
		for _, f := range invalid.Fields {
			fields = append(fields, f.Field)
		}
		if strings.Join(fields, " ") != "hostname team.domains" {
			t.Errorf("the fields are %v, want hostname and team.domains", fields)
		}
		if revisions, err := h.store.Revisions(t.Context(), a.Setup); err != nil || len(revisions) != 0 {
			t.Errorf("bad answers were approved: %v, %v", revisions, err)
		}
		if _, err := h.engine.Plan(t.Context(), a.Setup, &a); !errors.As(err, &invalid) {
			t.Errorf("planning gave %v, want what is wrong field by field", err)
		}
	})
}

func TestASetupHasOneRunAtATime(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		const browsers = 8
		errs := make(chan error, browsers)
		for range browsers {
			go func() {
				_, err := h.engine.Start(t.Context(), engine.Request{Setup: "ocs", Answers: &h.answers, Through: setup.StepBuild, Actor: "ana"})
				errs <- err
			}()
		}
		started := 0
		for range browsers {
			switch err := <-errs; {
			case err == nil:
				started++
			case !errors.Is(err, engine.ErrBusy):
				t.Errorf("a further start gave %v, want ErrBusy", err)
			}
		}
		if started != 1 {
			t.Errorf("%d of %d runs were started, want one", started, browsers)
		}
		if revisions, err := h.store.Revisions(t.Context(), "ocs"); err != nil || len(revisions) != 1 {
			t.Errorf("there are %d revisions (%v), want the one that was agreed to", len(revisions), err)
		}
	})
}

func TestTheSameAnswersAreNoNewRevision(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.run(setup.StepBuild)
		h.run(setup.StepSwitch)
		h.answers.Team.Emails = []string{"ana@example.org"}
		h.run(setup.StepSwitch)
		revisions, err := h.store.Revisions(t.Context(), "ocs")
		if err != nil {
			t.Fatal(err)
		}
		if len(revisions) != 2 || revisions[0].Answers.Team.Emails == nil || revisions[1].Answers.Team.Emails != nil {
			t.Errorf("there are %d revisions, want one per state of the answers", len(revisions))
		}
	})
}

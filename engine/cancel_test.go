package engine_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// waiting holds the calls of a name until the channel is closed, or until they
// are given up.
func waiting(name string, until chan struct{}) caller {
	return func(ctx context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
		if callName(c) == name {
			select {
			case <-until:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return do(), nil
	}
}

func TestARunIsStoppedBetweenTwoCalls(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		hold := make(chan struct{})
		h.world.call = waiting("create ingress/"+host, hold)
		run := h.start(&h.answers, setup.StepRemove)
		h.serve(h.engine)
		h.settle()
		stopped := make(chan error, 1)
		go func() { stopped <- h.engine.Cancel(t.Context(), run.ID, "ben") }()
		h.settle()
		close(hold) // the call that is under way ends well
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		h.wantState(run, engine.RunCancelled, "Stopped by hand. What was done so far stays.")
		if got := h.world.all(setup.KindIngress); len(got) != 1 {
			t.Errorf("the call under way was cut off: there are %d ingress groups", len(got))
		}
		if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
			t.Error("the run went on after it was stopped")
		}
		ledger, err := h.store.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for k, r := range ledger.Records {
			if r.Intent != nil {
				t.Errorf("nobody wrote down how %s ended", k)
			}
		}
		last := h.history()[len(h.history())-1]
		if last.Action != "cancelled" || last.Actor != "ben" {
			t.Errorf("the history ends with %q by %q, want who stopped the run", last.Action, last.Actor)
		}
		time.Sleep(time.Hour)
		h.settle()
		h.wantState(run, engine.RunCancelled, "")
	})
}

func TestACallThatDoesNotEndIsGivenUp(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.world.call = waiting("create ingress/"+host, nil)
		run := h.start(&h.answers, setup.StepRemove)
		h.serve(h.engine)
		h.settle()
		began := time.Now()
		if err := h.engine.Cancel(t.Context(), run.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("stopping took %s, want the ten seconds that a call gets to end", took)
		}
		h.wantState(run, engine.RunCancelled, "")
		h.world.call = nil
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestAQueuedAndAParkedRunCanBeStopped(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		queued := h.start(&h.answers, setup.StepRemove)
		if err := h.engine.Cancel(t.Context(), queued.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		h.wantState(queued, engine.RunCancelled, "")
		if got := h.execute(queued); got.State != engine.RunCancelled || len(h.world.calls()) > 0 {
			t.Errorf("a run that was stopped went on: %s, %v", got.State, h.world.calls())
		}
		parked := h.start(&h.answers, setup.StepRemove)
		pending(h, true)
		h.wantState(h.execute(parked), engine.RunParked, "")
		if err := h.engine.Cancel(t.Context(), parked.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		pending(h, false)
		h.serve(h.engine)
		time.Sleep(time.Minute)
		h.settle()
		h.wantState(parked, engine.RunCancelled, "")
	})
}

func TestARunThatWaitsForAnotherCanBeStopped(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		other := sample("wiki", "wiki.example.org")
		h.add(other)
		hold := make(chan struct{})
		h.world.call = waiting("create tunnel/ocs", hold)
		one := h.start(&h.answers, setup.StepBuild)
		h.serve(h.engine)
		h.settle()
		two := h.start(&other, setup.StepBuild)
		h.settle()
		if err := h.engine.Cancel(t.Context(), two.ID, "ben"); err != nil { // while one runs
			t.Fatal(err)
		}
		h.wantState(two, engine.RunCancelled, "")
		close(hold)
		h.settle()
		h.wantState(one, engine.RunSucceeded, "")
		if got := h.world.all(setup.KindTunnel); len(got) != 1 {
			t.Errorf("there are %d tunnels: the run that was stopped went on", len(got))
		}
	})
}

func TestARunThatIsOverNeverGoesOn(t *testing.T) {
	for _, over := range []engine.RunState{engine.RunSucceeded, engine.RunFailed, engine.RunCancelled, engine.RunNeedsApproval} {
		t.Run(string(over), func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				run := h.start(&h.answers, setup.StepRemove)
				run.State, run.Note = over, "as it ended"
				if err := h.store.SaveRun(t.Context(), run, nil); err != nil {
					t.Fatal(err)
				}
				h.serve(h.engine)
				time.Sleep(time.Minute)
				h.settle()
				h.execute(run)
				h.wantState(run, over, "as it ended")
				if err := h.engine.Cancel(t.Context(), run.ID, "ben"); err != nil {
					t.Fatal(err)
				}
				h.wantState(run, over, "as it ended")
				if got := h.world.noted(); len(got) > 0 {
					t.Errorf("a run that is over did %v", got)
				}
			})
		})
	}
}

func TestARunThatWasInterruptedGoesOnWhenTheProcessIsBack(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		hold := make(chan struct{})
		h.world.call = waiting("create dns-record/"+host, hold)
		run := h.start(&h.answers, setup.StepRemove)
		stop := h.serve(h.engine)
		h.settle()
		go func() { time.Sleep(time.Second); close(hold) }()
		stop()
		h.wantState(run, engine.RunInterrupted, "goes on as soon as it is back")
		done := len(h.world.calls())
		h.world.call = nil
		h.engine = h.process(h.store)
		h.serve(h.engine)
		h.settle()
		h.wantState(run, engine.RunSucceeded, "")
		h.wantNothingLeft()
		for _, call := range h.world.calls()[done:] {
			if slices.Contains(h.world.calls()[:done], call) {
				t.Errorf("%q was done twice", call)
			}
		}
		h.wantToldOnce(run)
	})
}

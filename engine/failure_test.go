package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// meanwhile is somebody else who acts right after the first call of a name.
func meanwhile(name string, act func()) caller {
	var acted atomic.Bool
	return func(_ context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
		outs := do()
		if callName(c) == name && acted.CompareAndSwap(false, true) {
			act()
		}
		return outs, nil
	}
}

// tries counts how often a call was attempted, and passes it on.
func tries(count *atomic.Int32, name string, then caller) caller {
	return func(ctx context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
		if callName(c) == name {
			count.Add(1)
		}
		return then(ctx, c, do)
	}
}

func TestADefiniteRefusalFailsTheRunAndKeepsWhatWasDone(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		denied := &setup.Problem{Code: setup.CodeDenied, Message: "The token may not do this.", Permission: "Cloudflare Tunnel"}
		var count atomic.Int32
		h.world.call = tries(&count, "create ingress/"+host, first(1, "create ingress/"+host, refusal{problem: denied}))
		run := h.run(setup.StepRemove)
		h.wantState(run, engine.RunFailed, "The token may not do this.")
		if p := h.stored(run).Problem; p == nil || p.Permission != "Cloudflare Tunnel" {
			t.Errorf("the run's problem is %v, want the one that the port gave", p)
		}
		if count.Load() != 1 {
			t.Errorf("a definite refusal was tried %d times", count.Load())
		}
		if len(h.world.all(setup.KindTunnel)) != 1 {
			t.Error("what was done before is gone")
		}
		if failed := h.noted("failed"); len(failed) != 2 { // the change, and the run
			t.Errorf("the history tells of %d failures, want that of the change and that of the run", len(failed))
		}
		h.world.call = nil
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestWhatChangedUnderOurHandsIsLookedAtAgain(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		changed := &setup.Problem{Code: setup.CodeChanged, Message: "It changed."}
		// The two keys of the file go in one call, which is named after the first.
		h.world.call = first(1, "create env-var/CSRF_TRUSTED_ORIGINS", refusal{problem: changed})
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

// Whether a create took place or not when its answer was lost: there is one of
// it in the end.
func TestALostAnswerIsSettledByLooking(t *testing.T) {
	names := []string{
		"create tunnel/ocs", "create policy/bypass", "create policy/team/ocs", "create access-app/lock/" + host,
		"create access-app/door/" + host + "/telegram", "create ingress/" + host, "create dns-record/" + host,
		"create login-method/team-login", "create connector-file/cloudflared", "create connector/cloudflared",
		"create env-var/CSRF_TRUSTED_ORIGINS", "create setting/CSRF_TRUSTED_ORIGINS", "update compose-port/web", "update published-port/web",
	}
	for _, name := range names {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s done %v", strings.ReplaceAll(name, "/", " "), done), func(t *testing.T) {
				within(t, func(t *testing.T, h *harness) {
					var count atomic.Int32
					h.world.call = tries(&count, name, first(1, name, refusal{lost: true, done: done}))
					run := h.run(setup.StepRemove)
					h.wantState(run, engine.RunSucceeded, "")
					h.wantNothingLeft()
					if want := map[bool]int32{true: 1, false: 2}[done]; count.Load() != want {
						t.Errorf("it was called %d times, want %d", count.Load(), want)
					}
					h.wantToldOnce(run)
				})
			})
		}
	}
}

// wantToldOnce: every change of a run ended, and is in the history once.
func (h *harness) wantToldOnce(run engine.Run) {
	h.Helper()
	told := map[setup.Key]int{}
	for _, a := range h.noted("changed") {
		told[a.Key]++
	}
	for _, c := range h.progress(run) {
		if c.State != engine.ChangeDone {
			h.Errorf("%s is %s in the end", c.Key, c.State)
		}
		if told[c.Key] != 1 {
			h.Errorf("%s is in the history %d times, want once", c.Key, told[c.Key])
		}
	}
}

func TestPatienceIsLimited(t *testing.T) {
	const name = "create tunnel/ocs"
	rows := map[string]struct {
		answer refusal
		note   string
	}{
		"refused for now":   {refusal{problem: &setup.Problem{Code: setup.CodeRateLimited, Message: "Too many calls.", RetryAfter: 7 * time.Second}}, "Too many calls."},
		"not reachable":     {refusal{problem: &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare does not answer."}}, "Cloudflare does not answer."},
		"no answer":         {refusal{lost: true}, "Something went wrong inside Culvert"},
		"changed each time": {refusal{problem: &setup.Problem{Code: setup.CodeChanged, Message: "It changed."}}, "It changed."},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				var count atomic.Int32
				h.world.call = tries(&count, name, first(99, name, row.answer))
				began := time.Now()
				h.wantState(h.run(setup.StepRemove), engine.RunFailed, row.note)
				if count.Load() != 4 {
					t.Errorf("it was tried %d times, want 4", count.Load())
				}
				if p := row.answer.problem; p != nil && time.Since(began) < 3*p.RetryAfter {
					t.Errorf("the run gave up after %s, though it was asked to wait %s each time", time.Since(began), p.RetryAfter)
				}
			})
		})
	}
}

// An answer is no proof. What is said to be done and is not to be seen is not
// made again: two of it could be the end of that.
func TestWhatIsSaidToBeDoneAndIsNotToBeSeenEndsTheRun(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		var count atomic.Int32
		h.world.call = tries(&count, "create tunnel/ocs", first(99, "create tunnel/ocs", refusal{lie: true}))
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "it still does not look so")
		if count.Load() != 1 {
			t.Errorf("it was made %d times", count.Load())
		}
	})
}

func TestWhatIsToBeSeenOnlyLaterIsNotMadeTwice(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		var hidden []setup.Object
		h.world.call = meanwhile("create tunnel/ocs", func() { // the list lags behind
			h.world.mu.Lock()
			defer h.world.mu.Unlock()
			h.world.objects = slices.DeleteFunc(h.world.objects, func(o setup.Object) bool {
				if o.State.Kind() == setup.KindTunnel {
					hidden = append(hidden, o)
					return true
				}
				return false
			})
			time.AfterFunc(700*time.Millisecond, func() {
				h.world.mu.Lock()
				defer h.world.mu.Unlock()
				h.world.objects = append(h.world.objects, hidden...)
			})
		})
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestWhatCannotBeReadDecidesWhetherARunWaitsOrFails(t *testing.T) {
	rows := map[string]struct {
		problem setup.Problem
		want    engine.RunState
	}{
		"not reachable for now": {setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare does not answer."}, engine.RunParked},
		"too many calls":        {setup.Problem{Code: setup.CodeRateLimited, Message: "Cloudflare does not answer."}, engine.RunParked},
		"not permitted":         {setup.Problem{Code: setup.CodeDenied, Message: "Cloudflare does not answer."}, engine.RunFailed},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				run := h.start(&h.answers, setup.StepRemove)
				h.world.miss(setup.KindTunnel, account, row.problem)
				h.wantState(h.execute(run), row.want, "Cloudflare does not answer.")
				if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
					t.Error("the name was switched over without a tunnel")
				}
				for _, call := range h.world.calls() {
					if strings.Contains(call, "tunnel") || strings.Contains(call, "connector") {
						t.Errorf("the run did %q without knowing how the tunnel stands", call)
					}
				}
			})
		})
	}
}

func TestAPortThatBreaksFailsTheRunAndLeavesNoPlan(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.world.call = func(context.Context, setup.Call, func() []setup.Outcome) ([]setup.Outcome, error) {
			return nil, nil // fewer outcomes than entries: a fault of the adapter
		}
		run := h.start(&h.answers, setup.StepRemove)
		if _, err := h.engine.Execute(t.Context(), run); err == nil {
			t.Error("a broken port gave no error")
		}
		h.wantState(run, engine.RunFailed, "")
		if p, ok := h.engine.Last("ocs"); ok && p.Plan.Empty() {
			t.Error("after a broken run the plan is said to be empty: that would light every step")
		}
	})
}

// An open intent of another setup may be a change that is being made right now:
// only a run of that setup closes it.
func TestAnOpenIntentOfAnotherSetupIsLeftAlone(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		key := setup.Key{Kind: setup.KindTunnel, Scope: account, Name: "wiki"}
		theirs := setup.Record{Owner: setup.Created, By: []setup.SetupID{"wiki"},
			Intent: &setup.Intent{Verb: setup.Create, To: setup.Tunnel{Name: "wiki", Remote: true}}}
		if err := h.store.SaveRecords(t.Context(), []engine.RecordChange{{Key: key, Record: &theirs}}, nil); err != nil {
			t.Fatal(err)
		}
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
		ledger, err := h.store.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if rec, ok := ledger.Records[key]; !ok || rec.Intent == nil {
			t.Errorf("the intent of another setup was closed: %+v", rec)
		}
	})
}

package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// damage is what is no longer as it was set up, by a part of its key.
func (h *harness) damage(parts ...string) (keys []setup.Key, hashes []string) {
	h.Helper()
	p, err := h.engine.Plan(h.Context(), h.answers.Setup, &h.answers)
	if err != nil {
		h.Fatal(err)
	}
	for _, c := range p.Plan.Changes {
		for _, part := range parts {
			if strings.Contains(c.Key.String(), part) {
				keys, hashes = append(keys, c.Key), append(hashes, c.Hash())
			}
		}
	}
	if len(keys) < len(parts) {
		h.Fatalf("nothing is wrong with %v:\n%s", parts, p.Plan)
	}
	return keys, hashes
}

// mend puts right what is wrong with some keys.
func (h *harness) mend(parts ...string) engine.Run {
	h.Helper()
	keys, hashes := h.damage(parts...)
	run, err := h.engine.Mend(h.Context(), h.answers.Setup, keys, hashes, []string{"door-missing"}, "ana")
	if err != nil {
		h.Fatal(err)
	}
	return h.execute(run)
}

// dropApp deletes the application whose name begins so.
func (h *harness) dropApp(name string) {
	h.world.change(setup.KindApp, func(s setup.State) setup.State {
		if strings.HasPrefix(s.(setup.App).Name, name) {
			return nil
		}
		return s
	})
}

func stood(t *testing.T, h *harness) {
	t.Helper()
	h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
}

func TestALimitedRunPutsRightWhatItIsAboutAndLeavesTheRest(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		stood(t, h)
		h.dropApp("Door")
		h.world.change(setup.KindIngress, func(s setup.State) setup.State {
			i := s.(setup.Ingress)
			i.Rules = i.Rules[:1]
			return i
		})
		h.prober.says("closed", func(setup.Answers) []setup.Evidence {
			t.Error("the port was asked for")
			return nil
		})
		run := h.mend("door/")
		h.wantState(run, engine.RunSucceeded, "Put right and proven. Left alone: 1 other things")
		if n := len(h.world.all(setup.KindApp)); n != 2 {
			t.Errorf("there are %d applications, want the lock and the door", n)
		}
		if i := h.world.all(setup.KindIngress)[0].(setup.Ingress); len(i.Rules) != 1 {
			t.Errorf("the rules were changed too: %+v", i)
		}
		stored := h.stored(run)
		if len(stored.Only) != 1 || stored.Mends[0] != "door-missing" {
			t.Errorf("the run was stored as %+v", stored)
		}
		h.mend("ingress")
		h.wantNothingLeft()
	})
}

// What a repair takes beyond what was agreed to is asked for; what stands in
// its way ends it.
func TestALimitedRunDoesNothingThatWasNotShown(t *testing.T) {
	rows := map[string]struct {
		ill    func(*harness)
		before func(*harness) // after it was agreed to
		state  engine.RunState
		note   string
	}{
		"a door whose lock is gone": {func(h *harness) { h.dropApp("") }, nil, engine.RunNeedsApproval, "takes something else now: Lock on"},
		"a door whose lock cannot be read": {func(h *harness) { h.dropApp("Door") },
			func(h *harness) {
				h.world.miss(setup.KindApp, account, setup.Problem{Code: setup.CodeUnavailable, Message: "away"})
			},
			engine.RunFailed, "It cannot be put right now: away"},
		"a rule that was changed again": {func(h *harness) { h.narrow("^/x$") }, func(h *harness) { h.narrow("^/y$") },
			engine.RunNeedsApproval, "takes something else now"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				stood(t, h)
				row.ill(h)
				what := "door/"
				if len(h.world.all(setup.KindApp)) == 2 {
					what = "ingress"
				}
				keys, hashes := h.damage(what)
				if row.before != nil {
					row.before(h)
				}
				calls := len(h.world.calls())
				run, err := h.engine.Mend(h.Context(), "ocs", keys, hashes, nil, "ana")
				if err != nil {
					t.Fatal(err)
				}
				h.wantState(h.execute(run), row.state, row.note)
				if made := h.world.calls()[calls:]; len(made) > 0 {
					t.Errorf("it made %v", made)
				}
			})
		})
	}
}

func (h *harness) narrow(path string) {
	h.world.change(setup.KindIngress, func(s setup.State) setup.State {
		i := s.(setup.Ingress)
		i.Rules = []setup.Rule{{Path: path, Service: "http://web:8000"}}
		return i
	})
}

// A repair that loses an answer half-way goes on by looking, not by repeating.
func TestALimitedRunSurvivesALostAnswer(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		stood(t, h)
		h.dropApp("Door")
		lost := false
		h.world.call = func(_ context.Context, _ setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
			outs := do()
			if !lost {
				lost = true
				return nil, errors.New("the connection broke")
			}
			return outs, nil
		}
		h.wantState(h.mend("door/"), engine.RunSucceeded, "Put right and proven.")
		h.wantNothingLeft()
	})
}

// What was open before a repair is no reason to take the public name away;
// what it opened is.
func TestALimitedRunTakesTheNameAwayOnlyForWhatItOpened(t *testing.T) {
	for what, before := range map[string]bool{"open before": true, "opened by it": false} {
		t.Run(what, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				stood(t, h)
				admin := fails(h.answers.Checks[1], setup.ByApp, "/admin/ answers without a login.")
				if before {
					if err := h.store.SaveEvidence(t.Context(), "ocs", admin); err != nil {
						t.Fatal(err)
					}
				}
				h.dropApp("Door")
				h.prober.says("outside", func(setup.Answers) []setup.Evidence { return admin })
				run := h.mend("door/")
				if before {
					h.wantState(run, engine.RunFailed, "Done, but not proven: Administration")
				} else {
					h.wantState(run, engine.RunFailed, "The public name was taken away again")
				}
				if names := len(h.world.all(setup.KindDNSRecord)); (names == 1) != before {
					t.Errorf("there are %d public names", names)
				}
			})
		})
	}
}

// A lock that is put back closes slowly at Cloudflare's edge: that is waited for.
func TestALockThatIsPutBackGetsItsTime(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		stood(t, h)
		h.dropApp("Lock")
		asked := 0
		h.prober.says("outside", func(a setup.Answers) []setup.Evidence {
			if asked++; asked < 10 {
				return fails(h.answers.Checks[1], setup.ByApp, "/admin/ answers without a login.")
			}
			return []setup.Evidence{holds(h.answers.Checks[1])}
		})
		h.wantState(h.mend("lock/"), engine.RunSucceeded, "Put right and proven.")
		h.wantNothingLeft()
	})
}

// After a survey a repair reads of the account only the locks and what it is about,
// before it acts, and behind that what it wrote to. The survey after it reads an
// account anew only if something was written there.
func TestALimitedRunBeginsWithWhatASurveySaw(t *testing.T) {
	for part, want := range map[string]struct{ repair, survey string }{
		"door/":     {"access-app access-app", "all"},
		"connector": {"access-app", ""},
	} {
		t.Run(part, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				stood(t, h)
				h.dropApp("Door")
				h.world.change(setup.KindConnector, func(setup.State) setup.State { return nil })
				survey := func(r engine.Reach) {
					t.Helper()
					if _, err := h.engine.Survey(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				survey(engine.Reach{Accounts: []string{account}, Host: true})
				keys, hashes := h.damage(part)
				var looks []string
				h.world.viewed = func(v setup.View) {
					text := "all"
					if len(v.Kinds) > 0 {
						text = string(v.Kinds[0])
					}
					looks = append(looks, text)
				}
				wantLooks := func(when, want string) {
					t.Helper()
					if got := strings.Join(looks, " "); got != want {
						t.Errorf("%s it looked at %q, want %q", when, got, want)
					}
					looks = nil
				}
				run, err := h.engine.Mend(t.Context(), "ocs", keys, hashes, nil, "ana")
				if err != nil {
					t.Fatal(err)
				}
				h.wantState(h.execute(run), engine.RunSucceeded, "")
				wantLooks("repairing", want.repair)
				survey(engine.Reach{Host: true})
				wantLooks("surveying", want.survey)
			})
		})
	}
}

func TestOnlyWhatWasAgreedToCanBeMended(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		if _, err := h.engine.Mend(t.Context(), "ocs", []setup.Key{h.answers.LockKey()}, nil, nil, "ana"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("without any approval: %v, want ErrNotFound", err)
		}
	})
}

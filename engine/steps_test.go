package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// position finds something that was noted; -1: it was not.
func (h *harness) position(what string) int {
	return slices.Index(h.world.noted(), what)
}

func TestARunBuildsThenSwitchesThenClosesWithProofBetween(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "Done and proven.")
		h.wantNothingLeft()
		order := []string{
			"create access-app/lock/" + host, "create ingress/" + host, "create connector/cloudflared",
			"prove beside", "create dns-record/" + host, "prove outside", "update compose-port/web", "update published-port/web", "prove closed",
		}
		last := -1
		for _, what := range order {
			at := h.position(what)
			if at <= last {
				t.Errorf("%q comes at %d, want it after %d; the run did:\n%s", what, at, last, strings.Join(h.world.noted(), "\n"))
			}
			last = at
		}
		if h.world.exposure() != setup.ExposedLoopback {
			t.Errorf("the port is %s, want loopback", h.world.exposure())
		}
	})
}

func TestARunGoesNoFurtherThanItWasAskedTo(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.wantState(h.run(setup.StepBuild), engine.RunSucceeded, "")
		if h.position("create dns-record/"+host) >= 0 || h.position("prove outside") >= 0 {
			t.Errorf("a run through build did:\n%s", strings.Join(h.world.noted(), "\n"))
		}
		h.wantState(h.run(setup.StepSwitch), engine.RunSucceeded, "")
		if h.world.exposure() != setup.ExposedPublic {
			t.Error("a run through switch closed the port")
		}
		h.wantState(h.run(setup.StepClose), engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestWithoutProofBesideTheNameIsNotSwitched(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.prober.says("beside", func(a setup.Answers) []setup.Evidence {
			return fails(a.Checks[0], setup.ByAppHost, "The app does not know its name.")
		})
		began := time.Now()
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "The app does not know its name.")
		if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
			t.Errorf("the name was switched over all the same: %v", got)
		}
		if h.world.exposure() != setup.ExposedPublic {
			t.Error("the port was closed before the switch")
		}
		if waited := time.Since(began); waited < time.Minute || waited > 2*time.Minute {
			t.Errorf("proof was waited for %s, want about the minute that a fresh change may take", waited)
		}
	})
}

// What else does not hold yet may only be slow, and is not what is told.
func TestWhatNoWaitingChangesIsToldOnceItIsSeenAgain(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		asked := 0
		h.prober.says("beside", func(a setup.Answers) []setup.Evidence {
			asked++
			slow, never := fails(a.Checks[0], setup.ByNobody, "not yet"), fails(a.Checks[0], setup.ByApp, "nobody can log in")
			never[0].Final = asked > 1 // the first look may be of something that is just being replaced
			return append(slow, never...)
		})
		began := time.Now()
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "nobody can log in")
		if waited := time.Since(began); asked != 3 || waited > 5*time.Second {
			t.Errorf("asked %d times within %s", asked, waited)
		}
		if len(h.world.all(setup.KindDNSRecord)) != 0 {
			t.Error("the name was switched over all the same")
		}
	})
}

func TestNoEvidenceAtAllIsNoProof(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.prober.says("beside", func(setup.Answers) []setup.Evidence { return nil })
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "nothing is proven")
		if len(h.world.all(setup.KindDNSRecord)) != 0 {
			t.Error("the name was switched over without any proof")
		}
	})
}

func TestProofThatComesLateIsWaitedFor(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		ready := time.Now().Add(20 * time.Second)
		h.prober.says("beside", func(a setup.Answers) []setup.Evidence {
			if time.Now().Before(ready) {
				return fails(a.Checks[0], setup.ByNobody, "not yet")
			}
			return []setup.Evidence{holds(a.Checks[0])}
		})
		h.wantState(h.run(setup.StepRemove), engine.RunSucceeded, "")
	})
}

func TestWithoutProofOutsideThePortStaysOpen(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.prober.says("outside", func(a setup.Answers) []setup.Evidence {
			return fails(a.Checks[0], setup.ByTunnel, "No connector is connected.")
		})
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "The port stays open, because this is not proven yet: Telegram: No connector is connected.")
		if h.world.exposure() != setup.ExposedPublic {
			t.Error("the port was closed although nobody can come in another way")
		}
		if h.position("update compose-port/web") >= 0 {
			t.Error("the compose file was edited although the port stays open")
		}
	})
}

func TestAnOpenPortAtTheEndIsNotProven(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.prober.says("closed", func(setup.Answers) []setup.Evidence {
			return fails(setup.Check{ID: "port", Name: "The published port"}, setup.ByApp, "nginx still serves it.")
		})
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "Done, but not proven: The published port: nginx still serves it.")
	})
}

// openAdmin is what the outside sees when the app itself answers at /admin/.
func openAdmin(a setup.Answers) []setup.Evidence {
	return append([]setup.Evidence{holds(a.Checks[0])}, fails(a.Checks[1], setup.ByApp, "The app answered.")...)
}

func TestWhatIsOpenAndMustBeLockedTakesTheNameAwayAtOnce(t *testing.T) {
	for _, through := range []setup.Step{setup.StepSwitch, setup.StepRemove} {
		t.Run("through "+string(through), func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				h.prober.says("outside", openAdmin)
				began := time.Now()
				h.wantState(h.run(through), engine.RunFailed, "/admin/ answers without a login. The public name was taken away again at once")
				if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
					t.Errorf("the public name still leads to the open app: %v", got)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("the name stayed for %s", took)
				}
				if h.world.exposure() != setup.ExposedPublic {
					t.Error("the port was closed on the way, so nobody can come in at all")
				}
			})
		})
	}
}

func TestTakingTheNameAwayIsTriedUntilItIsGone(t *testing.T) {
	for name, answer := range map[string]refusal{
		"asked to wait":       {problem: &setup.Problem{Code: setup.CodeRateLimited, Message: "Too many calls."}},
		"answer lost, undone": {lost: true},
		"answer lost, done":   {lost: true, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, func(t *testing.T, h *harness) {
				h.prober.says("outside", openAdmin)
				h.world.call = first(1, "delete dns-record/"+host, answer)
				h.wantState(h.run(setup.StepRemove), engine.RunFailed, "taken away again at once")
				if got := h.world.all(setup.KindDNSRecord); len(got) != 0 {
					t.Errorf("it is said to be gone, and there is %v", got)
				}
			})
		})
	}
}

func TestANameThatCannotBeTakenAwayIsNotSaidToBeGone(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.prober.says("outside", openAdmin)
		h.world.call = first(99, "delete dns-record/"+host, refusal{problem: &setup.Problem{Code: setup.CodeDenied, Message: "The token may not."}})
		h.wantState(h.run(setup.StepRemove), engine.RunFailed, "Taking the public name away again failed: Public name "+host+" (DNS record): The token may not.")
	})
}

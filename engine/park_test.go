package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func pending(h *harness, is bool) {
	h.world.change(setup.KindZone, func(s setup.State) setup.State {
		switch {
		case s.(setup.Zone).Name != "example.org":
			return s
		case is:
			return setup.Zone{Name: "example.org", Status: "pending", NameServers: []string{"a.ns", "b.ns"}}
		}
		return setup.Zone{Name: "example.org", Status: "active"}
	})
}

func TestARunWaitsAtAGateAndGoesOnWhenItOpens(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		run := h.start(&h.answers, setup.StepRemove)
		pending(h, true)
		h.serve(h.engine)
		h.settle()
		h.wantState(run, engine.RunParked, "set the name servers to a.ns and b.ns")
		if got := h.world.all(setup.KindApp); len(got) != 0 {
			t.Errorf("applications were made in a zone that is not active: %v", got)
		}
		time.Sleep(5 * time.Minute) // of the bubble
		h.settle()
		h.wantState(run, engine.RunParked, "set the name servers")
		pending(h, false)
		time.Sleep(11 * time.Second) // once more than the interval of looking
		h.settle()
		h.wantState(run, engine.RunSucceeded, "")
		h.wantNothingLeft()
	})
}

func TestARunWaitsForCloudflareToAnswerAgain(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		run := h.start(&h.answers, setup.StepRemove)
		h.world.miss(setup.KindTunnel, account, setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare does not answer."})
		h.serve(h.engine)
		h.settle()
		h.wantState(run, engine.RunParked, "Cloudflare does not answer.")
		h.world.cure()
		time.Sleep(11 * time.Second)
		h.settle()
		h.wantState(run, engine.RunSucceeded, "")
	})
}

func TestWaitingAtAGateIsToldOnce(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.start(&h.answers, setup.StepRemove)
		pending(h, true)
		h.serve(h.engine)
		h.settle()
		before := count(h.pages.got(), engine.TopicRun)
		time.Sleep(10 * time.Minute)
		h.settle()
		if again := count(h.pages.got(), engine.TopicRun) - before; again != 0 {
			t.Errorf("pages were told %d times that nothing happened", again)
		}
	})
}

func count(all []string, what string) int { return strings.Count(strings.Join(all, "\n"), what) }

func TestARunAtAGateHoldsNobodyUp(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		other := sample("wiki", "wiki.example.net")
		other.Zone = "example.net"
		h.add(other)
		parked := h.start(&h.answers, setup.StepRemove)
		pending(h, true)
		h.serve(h.engine)
		h.settle()
		h.wantState(parked, engine.RunParked, "")
		run := h.start(&other, setup.StepRemove) // on the same account
		h.settle()
		h.wantState(run, engine.RunSucceeded, "")
	})
}

// add puts another app on the same host and account.
func (h *harness) add(a setup.Answers) {
	h.Helper()
	if err := h.store.SaveSetup(h.Context(), setup.Setup{ID: a.Setup, Created: time.Now()}); err != nil {
		h.Fatal(err)
	}
	theirs := newWorld(a)
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	for _, o := range theirs.objects {
		switch o.State.Kind() {
		case setup.KindOrganization:
			continue
		case setup.KindZone:
			if a.Zone == "example.org" {
				continue
			}
			o.ID, o.State = "zone-"+a.Zone, setup.Zone{Name: a.Zone, Status: "active"}
		}
		h.world.objects = append(h.world.objects, o)
	}
}

func TestTwoSetupsOnOneAccountDoNotRunAtOnce(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		other := sample("wiki", "wiki.example.org")
		h.add(other)
		hold := make(chan struct{})
		h.world.call = waiting("create dns-record/"+host, hold)
		one := h.start(&h.answers, setup.StepRemove)
		h.serve(h.engine)
		h.settle() // it is in the middle of a call now
		two := h.start(&other, setup.StepRemove)
		h.settle()
		h.wantState(one, engine.RunRunning, "")
		h.wantState(two, engine.RunQueued, "")
		for _, call := range h.world.calls() {
			if strings.Contains(call, "wiki") {
				t.Errorf("while the first one runs, the second did %q", call)
			}
		}
		close(hold)
		h.settle()
		h.wantState(one, engine.RunSucceeded, "")
		h.wantState(two, engine.RunSucceeded, "")
	})
}

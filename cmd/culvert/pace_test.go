package main

import (
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// latency is what a call to Cloudflare's API takes here.
const latency = 150 * time.Millisecond

// inUse opens the data folder for the rest of the test, with the token in use.
func (s *shop) inUse() (*workspace, *stranger) {
	s.Helper()
	w, world := s.workspace(s.Context())
	s.Cleanup(func() {
		if err := w.Close(); err != nil {
			s.Error(err)
		}
	})
	w.cloud.Use(world.Token())
	return w, world
}

func TestADeletedDoorIsPutRightAndProvenWithinThreeSeconds(t *testing.T) {
	w, world := newShop(t).applied().inUse()
	const id = setup.SetupID("open-chat-studio")
	world.call("DELETE", apps+"/"+world.named(apps, "Door for Telegram").id(), nil)
	world.Cloud.Inject(sim.Fault{Delay: latency})
	report, err := w.watcher.Examine(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	fix, ids, err := journey.FixOf(report.Condition.Findings, nil)
	if err != nil || len(ids) != 1 {
		t.Fatalf("to put right: %v (%v)", ids, err)
	}
	world.Cloud.ForgetCalls()

	pressed := time.Now()
	run, err := w.engine.Mend(t.Context(), id, fix.Keys, fix.Hashes, ids, "ana")
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.engine.Execute(t.Context(), run); err != nil || run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s (%v)", run.State, run.Note, err)
	}
	took := time.Since(pressed)
	t.Logf("from the press to the proof: %s, %d calls", took.Round(time.Millisecond), len(world.Cloud.Calls()))
	if took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestStatusLooksAtTheAccountOnce(t *testing.T) {
	s := newShop(t).applied()
	looks := 0
	r := s.must("status")
	for _, c := range r.calls {
		if strings.HasSuffix(c.Path, "/access/policies") {
			looks++
		}
	}
	t.Logf("the status cost %d calls", len(r.calls))
	if looks != 1 {
		t.Errorf("the account was looked at %d times: %+v", looks, r.calls)
	}
}

// looksInFiveMinutes is how often an account is looked at while a page is open
// and nothing is wrong; package watch keeps to it.
const looksInFiveMinutes = 4

func TestLookingAtAHealthySetupCostsFewCalls(t *testing.T) {
	w, world := newShop(t).applied().inUse()
	world.Cloud.ForgetCalls()
	for range looksInFiveMinutes {
		if _, err := w.watcher.Examine(t.Context(), "open-chat-studio"); err != nil {
			t.Fatal(err)
		}
	}
	calls := world.Cloud.Calls()
	t.Logf("%d looks cost %d calls", looksInFiveMinutes, len(calls))
	if len(calls) >= 40 || len(calls) == 0 {
		t.Errorf("five minutes cost %d calls; below 40 is the aim: %+v", len(calls), calls)
	}
}

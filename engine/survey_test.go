package engine_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func everything() engine.Reach { return engine.Reach{Accounts: []string{account}, Host: true} }

// twoSetups are two apps on one account, both set up.
func twoSetups(t *testing.T) *harness {
	t.Helper()
	a, b := sample("ocs", host), sample("wiki", "wiki.example.org")
	h := newHarness(t, a, b)
	for _, answers := range []setup.Answers{a, b} {
		h.answers = answers
		stood(t, h)
	}
	h.answers = a
	return h
}

func (h *harness) survey(again engine.Reach) engine.Survey {
	h.Helper()
	s, err := h.engine.Survey(h.Context(), again)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func TestOneLookServesAllSetups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := twoSetups(t)
		looks := 0
		h.world.look = func(context.Context) { looks++ }
		s := h.survey(everything())
		if looks != 3 || len(s.Plans) != 2 || !s.Plans["ocs"].Plan.Empty() || !s.Plans["wiki"].Plan.Empty() {
			t.Fatalf("after %d looks the plans are %+v", looks, s.Plans)
		}
		time.Sleep(time.Minute)
		h.dropApp("Door for Telegram on wiki")
		s = h.survey(engine.Reach{})
		if looks != 3 || !s.Plans["wiki"].Plan.Empty() || time.Since(s.Plans["wiki"].Seen.Oldest()) != time.Minute {
			t.Errorf("without a look %d were taken, and the plan is of %v", looks-3, s.Plans["wiki"].Seen)
		}
		s = h.survey(engine.Reach{Accounts: []string{account}})
		if looks != 4 || len(s.Plans["wiki"].Plan.Changes) != 1 || !s.Plans["ocs"].Plan.Empty() {
			t.Errorf("after %d looks the plans are %+v", looks, s.Plans)
		}
		if last, ok := h.engine.Last("wiki"); !ok || len(last.Plan.Changes) != 1 {
			t.Errorf("the newest plan is %+v", last)
		}
		if seen := s.Plans["ocs"].Seen; seen.Cloud.Equal(seen.Docker) || !seen.Oldest().Equal(seen.Files) {
			t.Errorf("the ages are %+v", seen)
		}
	})
}

// A new setup is looked at as a whole, whatever was asked for.
func TestASetupThatIsNewIsLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := sample("ocs", host), sample("wiki", "wiki.example.org")
		h := newHarness(t, a, b)
		stood(t, h)
		h.survey(everything())
		h.answers = b
		stood(t, h)
		if s := h.survey(engine.Reach{}); len(s.Plans) != 2 || !s.Plans["wiki"].Plan.Empty() {
			t.Errorf("the plans are %+v", s.Plans)
		}
	})
}

// What is seen while a run is at work may be half done: no plan is made of it,
// and it is not remembered.
func TestNothingIsSaidOfASetupThatARunWorksOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := twoSetups(t)
		h.survey(everything())
		h.dropApp("Door for Telegram on chat")
		looking, goOn := make(chan struct{}), make(chan struct{})
		keys, hashes := h.damage("door/chat")
		h.world.look = func(context.Context) {
			h.world.look = nil
			close(looking)
			<-goOn
		}
		surveyed := make(chan engine.Survey)
		go func() { surveyed <- h.survey(engine.Reach{Accounts: []string{account}}) }()
		<-looking
		run, err := h.engine.Mend(t.Context(), "ocs", keys, hashes, nil, "ana")
		if err != nil {
			t.Fatal(err)
		}
		h.wantState(h.execute(run), engine.RunSucceeded, "")
		close(goOn)
		if s := <-surveyed; len(s.Plans) != 0 || !slices.Equal(s.Moving, []setup.SetupID{"ocs", "wiki"}) {
			t.Errorf("in the midst of a run it says %+v", s)
		}
		if s := h.survey(engine.Reach{}); len(s.Moving) != 0 || !s.Plans["ocs"].Plan.Empty() {
			t.Errorf("after the run it says %+v", s)
		}
	})
}

// An account that does not answer keeps nobody from the host.
func TestTheHostIsSeenWhileAnAccountDoesNotAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := twoSetups(t)
		h.survey(everything())
		h.world.viewed = func(setup.View) { time.Sleep(90 * time.Second) }
		slow := make(chan engine.Survey)
		go func() { slow <- h.survey(engine.Reach{Accounts: []string{account}}) }()
		time.Sleep(time.Second)
		began := time.Now()
		first := h.survey(engine.Reach{Host: true})
		if d := time.Since(began); d > time.Second || len(first.Plans) != 2 {
			t.Errorf("after %v there are %d plans", d, len(first.Plans))
		}
		if seen := first.Plans["ocs"].Seen; seen.Docker.Sub(seen.Cloud) != time.Second {
			t.Errorf("the ages are %+v", seen)
		}
		second := <-slow
		if seen := second.Plans["ocs"].Seen; second.Number <= first.Number || !seen.Docker.Equal(first.Plans["ocs"].Seen.Docker) {
			t.Errorf("what was seen meanwhile does not count: %+v", seen)
		}
	})
}

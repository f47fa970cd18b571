package watch_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// most is the greatest number of moments within any stretch of time.
func most(at []time.Time, within time.Duration) int {
	n := 0
	for i := range at {
		end := slices.IndexFunc(at[i:], func(t time.Time) bool { return t.Sub(at[i]) >= within })
		if end < 0 {
			end = len(at) - i
		}
		n = max(n, end)
	}
	return n
}

func TestAHealthySetupCostsFewCalls(t *testing.T) {
	rows := map[string]struct {
		viewed bool
		setups int
		cost   uint64
		calls  uint64 // in five minutes, at most
	}{
		"with its page open":          {true, 1, 8, 39},
		"while nobody looks":          {false, 1, 8, 16},
		"fifty of them, a page open":  {true, 50, 66, 299},
		"fifty of them, nobody looks": {false, 50, 66, 132},
		"a very large account":        {true, 1, 150, 299},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			var ids []setup.SetupID
			for i := range row.setups {
				ids = append(ids, setup.SetupID(fmt.Sprintf("s%d", i)))
			}
			within(t, func(s *scene) {
				s.viewed, s.engine.cost = row.viewed, row.cost
				s.serve()
				s.pass(6 * time.Minute)
				n := most(s.looks(), 5*time.Minute)
				if calls := uint64(n) * row.cost; calls > row.calls || n == 0 {
					s.Errorf("%d looks cost %d calls in five minutes, want at most %d", n, calls, row.calls)
				}
				for _, r := range s.watcher.Reports() {
					if r.Condition.Light != diagnosis.Good {
						s.Fatalf("%s is %s: %s", r.Setup, r.Condition.Light, r.Condition.Sentence)
					}
				}
			}, ids...)
		})
	}
}

func TestChecksAreMadeMoreOftenWhileSomebodyLooks(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Minute)
		quiet, rare := s.prober.count("telegram/1"), s.prober.count("slack/1")
		if quiet < 8 || quiet > 11 || rare > 3 {
			s.Errorf("in ten minutes it was asked %d times, the costly one %d times", quiet, rare)
		}
		s.viewed = true
		s.pass(25 * time.Second)
		if s.prober.count("telegram/1") == quiet {
			s.Error("it was not asked soon after a page was opened")
		}
		s.pass(10 * time.Minute)
		if n := s.prober.count("telegram/1") - quiet; n < 100 || n > 125 {
			s.Errorf("with a page open it was asked %d times in ten minutes", n)
		}
		if n := s.prober.count("slack/1") - rare; n > 3 {
			s.Errorf("the costly one was asked %d times", n)
		}
	})
}

// A page that was shown counts as open for a while, without any stream.
func TestAPageThatWasShownCountsAsOpen(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(30 * time.Second)
		before := s.prober.count("telegram/1")
		s.watcher.Look("ocs")
		s.pass(21 * time.Second)
		if s.prober.count("telegram/1") == before {
			s.Error("it was not asked soon")
		}
	})
}

func TestALookThatIsAskedForComesAtOnceAndKeepsToTheBudget(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(4 * time.Minute)
		before, calls := s.prober.count("telegram/1"), s.engine.calls()
		s.watcher.Hurry("ocs")
		s.watcher.Hurry("nobody")
		s.pass(time.Second)
		if s.prober.count("telegram/1") == before || s.engine.calls() == calls {
			s.Error("not everything was looked at within a second")
		}
		calls = s.engine.calls()
		for range 5 * 60 {
			s.watcher.Hurry("ocs")
			s.pass(time.Second)
		}
		if n := s.engine.calls() - calls; n > 280 {
			s.Errorf("a finger that does not rest cost %d calls in five minutes", n)
		}
	})
}

func TestAHostThatWasTouchedIsLookedAtAtOnceAndNoAccountIs(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(4 * time.Minute)
		before, calls := s.planned(), s.engine.calls()
		s.watcher.Touched()
		s.pass(time.Second)
		if s.planned() == before || s.engine.calls() != calls {
			t.Errorf("looked at the host: %v, calls to Cloudflare: %d", s.planned() != before, s.engine.calls()-calls)
		}
	})
}

// planned is when the host was last looked at.
func (s *scene) planned() time.Time {
	r, _ := s.watcher.Report("ocs")
	return r.Seen.Docker
}

// While Cloudflare asks for patience it is left alone, whatever fails.
func TestPatienceThatIsAskedForIsHad(t *testing.T) {
	within(t, func(s *scene) {
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.meddle(func(w *setuptest.World) {
			w.Away(setup.Problem{Code: setup.CodeRateLimited, Message: "slower", RetryAfter: 4 * time.Minute})
		})
		before := len(s.looks())
		for len(s.looks()) == before {
			s.pass(time.Second)
		}
		limited := s.looks()[before]
		s.dropDoor()
		s.watcher.Hurry("ocs")
		s.pass(3*time.Minute + 50*time.Second)
		if n := len(s.looks()); n != before+1 {
			s.Errorf("it was looked at %d times in between", n-before-1)
		}
		if f := s.findings(); !slices.Contains(f, "cloud-away") || !slices.Contains(f, "check-fails/access") {
			s.Errorf("the findings are %v", f)
		}
		s.meddle(func(w *setuptest.World) { w.Unread = nil })
		s.pass(30 * time.Second)
		if n := len(s.looks()); n < before+2 || s.looks()[before+1].Sub(limited) < 4*time.Minute {
			s.Errorf("the looks were at %v", s.looks())
		}
		s.wantFindings("afterwards", "door-missing/whatsapp")
	})
}

// Looks that fail come less and less often, and what they were refused for may be
// mended meanwhile: whoever asks for a look then does not wait for the next one.
func TestALookThatIsAskedForDoesNotWaitForThoseThatFail(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.meddle(func(w *setuptest.World) { w.Away(setup.Problem{Code: setup.CodeUnavailable, Message: "not now"}) })
		s.pass(20 * time.Minute)
		s.wantFindings("while nothing can be read", "cloud-away")
		s.meddle(func(w *setuptest.World) { w.Unread = nil })
		s.pass(30 * time.Second) // the last one was some seconds ago
		before := len(s.looks())
		s.watcher.Hurry("ocs")
		s.pass(time.Second)
		if n := len(s.looks()); n != before+1 {
			s.Errorf("it was looked at %d times", n-before)
		}
		s.wantFindings("once it can be read")
	})
}

// What stops callers at the edge is looked for once that is known to be so, and
// not with the next look that comes by itself.
func TestWhatStopsCallersAtTheEdgeIsLookedForAtOnce(t *testing.T) {
	within(t, func(s *scene) {
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.prober.fail(setup.ByEdge, "telegram/1")
		s.pass(15 * time.Second)
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		if s.engine.edges == 0 {
			s.Error("nobody looked for it")
		}
	})
}

// A look that shows nothing new is not repeated at every failing check.
func TestAFailureThatNothingExplainsDoesNotDrainTheBudget(t *testing.T) {
	within(t, func(s *scene) {
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.prober.fail(setup.ByNobody, "telegram/1", "whatsapp/1", "slack/1", "locked/root", "locked/admin")
		s.pass(20 * time.Minute)
		if calls := most(s.looks(), 5*time.Minute) * 8; calls > 200 {
			s.Errorf("it cost %d calls in five minutes", calls)
		}
		if len(s.findings()) == 0 {
			s.Error("nothing is wrong")
		}
	})
}

// In 500 rounds with answers that take their time, now and then one or two in a
// row that fail, and an edge that is slow after each run, nobody is alarmed.
func TestNoFalseAlarmInFiveHundredRounds(t *testing.T) {
	of := setuptest.Sample("ocs")
	for _, a := range []setup.Answers{of, setuptest.InMode(of, setup.ModeFallback), setuptest.InMode(of, setup.ModeHostname)} {
		t.Run(cmp.Or(string(a.Mode), "public"), func(t *testing.T) { withinOf(t, noFalseAlarm, a) })
	}
}

func noFalseAlarm(s *scene) {
	random := rand.New(rand.NewPCG(3, 4))
	failed := map[string]int{}
	var slowUntil time.Time
	s.prober.jitter = func() time.Duration { return time.Duration(random.Int64N(int64(900 * time.Millisecond))) }
	s.prober.spoil = func(c setup.Check) (setup.Answerer, bool) {
		by, bad := setup.ByNobody, failed[c.ID] < 2 && random.IntN(20) == 0
		if time.Now().Before(slowUntil) && c.Outside() && c.Door != "" {
			by, bad = setup.ByAccess, random.IntN(2) == 0
		}
		if failed[c.ID]++; !bad {
			failed[c.ID] = 0
		}
		return by, bad
	}
	s.viewed = true
	s.serve()
	s.pass(10 * time.Second)
	for s.prober.count("telegram/1") < 500 {
		s.pass(10 * time.Minute)
		run, err := s.engine.Mend(s.Context(), "ocs", nil, nil, nil, "ana")
		if err != nil {
			s.Fatal(err)
		}
		s.watcher.Tell("ocs", engine.TopicRun)
		s.pass(5 * time.Second)
		s.changed(run, s.world().Answers.TunnelKey())
		slowUntil = time.Now().Add(50 * time.Second)
		s.finish(run, setup.RunSucceeded, "")
		s.pass(30 * time.Second)
		for _, f := range s.report().Condition.Findings {
			if f.Class != setup.ClassUnproven { // what fails again and again is not proven, and that is no alarm
				s.Fatalf("while the edge is slow the findings are %v: %s", s.findings(), f.Effect)
			}
		}
		s.pass(30 * time.Second)
		s.wantFindings("when the edge has followed")
	}
	if i := s.incidents(); len(i) > 0 || len(s.herald.heard()) > 0 {
		s.Errorf("there was an alarm: %+v", i)
	}
	if c := s.report().Condition; c.Light != diagnosis.Good {
		s.Errorf("it says %q", c.Sentence)
	}
}

// What is known grows old when nothing can be asked any more, and says so.
func TestOldProofIsNoProof(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		s.prober.mu.Lock()
		s.prober.slow = time.Hour
		s.prober.mu.Unlock()
		s.pass(6 * time.Minute)
		s.wantFindings("without answers", "unproven")
		if c := s.report().Condition; c.Light != diagnosis.Unknown {
			s.Errorf("the light is %s: %s", c.Light, c.Sentence)
		}
		if i := s.incidents(); len(i) != 1 {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

func TestALookThatFailsIsRepeatedLessAndLessOften(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(time.Minute)
		s.engine.mu.Lock()
		s.engine.err = errors.New("broken")
		s.engine.mu.Unlock()
		before := len(s.looks())
		s.pass(time.Hour)
		if n := len(s.looks()) - before; n < 8 || n > 20 {
			s.Errorf("it was looked %d times in an hour", n)
		}
		if h := s.watcher.Health(); !h.Alive {
			s.Errorf("its health is %+v", h)
		}
	})
}

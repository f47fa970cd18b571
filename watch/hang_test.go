package watch_test

import (
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// hang has looks take some time from now on.
func (s *scene) hang(f func(engine.Reach) time.Duration) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	s.engine.hangs = f
}

func TestAnAccountThatDoesNotAnswerHoldsUpNoLookAtTheHost(t *testing.T) {
	within(t, func(s *scene) {
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.hang(func(r engine.Reach) time.Duration {
			if len(r.Accounts) > 0 {
				return 90 * time.Second
			}
			return 0
		})
		before := s.engine.calls()
		s.watcher.Hurry("ocs")
		s.pass(5 * time.Second)
		s.prober.mu.Lock()
		s.prober.facts = func(f *found.Facts) { f.App.Running = 0 }
		s.prober.mu.Unlock()
		s.prober.fail(setup.ByConnector, "telegram/1", "whatsapp/1", "slack/1")
		s.prober.fail(setup.ByNobody, "beside/telegram/1", "beside/whatsapp/1", "beside/slack/1")
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "ocs", Name: "web"})
		s.named("app-stopped", "telegram")
		if s.engine.calls() != before {
			t.Error("the account had answered by then")
		}
	})
}

// A host that does not answer holds up no look at the accounts, and a look that
// does not end is no sign of health.
func TestALookThatDoesNotEndIsSeen(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(time.Minute)
		s.hang(func(r engine.Reach) time.Duration {
			if r.Host {
				return time.Hour
			}
			return 0
		})
		s.pass(time.Minute)
		before := len(s.looks())
		s.dropDoor()
		s.pass(2 * time.Minute)
		s.wantFindings("while the host does not answer", "door-missing/whatsapp")
		if len(s.looks()) == before {
			t.Error("the account was not looked at")
		}
		s.pass(3 * time.Minute)
		if h := s.watcher.Health(); h.Alive || time.Since(h.Beat) > time.Minute || time.Since(h.Looking) < 4*time.Minute {
			t.Errorf("after %v its health is %+v", time.Since(h.Looking), h)
		}
	})
}

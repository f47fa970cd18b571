package watch_test

import (
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// channel tells how a door's channel stands.
func (s *scene) channel(door string) diagnosis.Light {
	s.Helper()
	for _, ch := range s.report().Condition.Channels {
		if ch.Door == door {
			return ch.Light
		}
	}
	s.Fatalf("there is no channel %s", door)
	return ""
}

// afterARun has a page open and a run that ended just now.
func (s *scene) afterARun() {
	s.Helper()
	s.viewed = true
	s.serve()
	s.pass(time.Minute)
	run, err := s.engine.Mend(s.Context(), "ocs", nil, nil, nil, "ana")
	if err != nil {
		s.Fatal(err)
	}
	s.watcher.Tell("ocs", engine.TopicRun)
	s.pass(5 * time.Second)
	s.finish(run, setup.RunSucceeded, "")
	s.pass(5 * time.Second)
}

// named waits until a finding is known and a channel is dark, and fails if that
// takes longer than people shall wait.
func (s *scene) named(finding, door string) {
	s.Helper()
	began := time.Now()
	for {
		if f := s.findings(); len(f) == 1 && f[0] == finding && s.channel(door) == diagnosis.Bad {
			return
		}
		if time.Since(began) > 10*time.Second {
			s.Fatalf("after %v the findings are %v, and the channel of %s is %s", time.Since(began), s.findings(), door, s.channel(door))
		}
		s.pass(100 * time.Millisecond)
	}
}

// While a change settles at Cloudflare's edge a failing check alone is no news,
// but what somebody else changes meanwhile is.
func TestADoorThatIsDeletedRightAfterARunIsNamedAsSoonAsEver(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun()
		s.dropDoor()
		s.named("door-missing/whatsapp", "whatsapp")
	})
}

func TestAnAppThatStopsRightAfterARunIsNamedAsSoonAsEver(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun()
		s.prober.mu.Lock()
		s.prober.facts = func(f *found.Facts) { f.App.Running = 0 }
		s.prober.mu.Unlock()
		s.prober.fail(setup.ByConnector, "telegram/1", "whatsapp/1", "slack/1")
		s.prober.fail(setup.ByNobody, "beside/telegram/1", "beside/whatsapp/1", "beside/slack/1")
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "ocs", Name: "web"})
		s.named("app-stopped", "telegram")
	})
}

func TestAConnectorThatStopsRightAfterARunIsNamedAsSoonAsEver(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun()
		s.meddle(func(w *setuptest.World) { w.Alter(w.Answers.ConnectorKey(), setuptest.Gone) })
		s.prober.fail(setup.ByTunnel, "telegram/1", "whatsapp/1", "slack/1")
		s.prober.fail(setup.ByNobody, "beside/connector")
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "culvert-ocs", Name: "cloudflared"})
		s.named("connector-missing", "telegram")
	})
}

// Whoever makes a container anew stops the old one first. That shows, and is
// nothing to wake anybody for.
func TestAContainerThatIsMadeAnewShowsAndIsNoIncident(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(time.Minute)
		runs := func(n int) {
			s.prober.mu.Lock()
			s.prober.facts = func(f *found.Facts) { f.App.Running = n }
			s.prober.mu.Unlock()
			s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "ocs", Name: "web"})
		}
		runs(0)
		s.pass(time.Second)
		s.wantFindings("while there is none", "app-stopped")
		runs(1)
		s.pass(10 * time.Second)
		s.wantFindings("when the new one runs")
		if i := s.incidents(); len(i) > 0 || len(s.herald.heard()) > 0 {
			s.Errorf("there was an alarm: %+v, %v", i, s.herald.heard())
		}
		runs(0)
		s.pass(10 * time.Second)
		if i := s.incidents(); len(i) != 1 {
			s.Errorf("of one that stays away there are the incidents %+v", i)
		}
	})
}

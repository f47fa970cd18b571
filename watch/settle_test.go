package watch_test

import (
	"strings"
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

// afterARun has a page open and a run that ended just now, which changed things.
func (s *scene) afterARun(keys ...setup.Key) {
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
	s.changed(run, keys...)
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

func TestAnApplicationOfOthersOverADoorIsNamedAsSoonAsEverRightAfterARun(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun(s.world().Answers.TunnelKey())
		s.meddle(func(w *setuptest.World) {
			w.Put(setuptest.Account, "theirs", setup.App{Name: "Somebody else's", Destinations: []string{setuptest.Host + "/channels/telegram/x*"}, Session: "24h"})
		})
		s.prober.fail(setup.ByAccess, "telegram/1")
		s.named("shadowed/telegram", "telegram")
	})
}

// What was changed just now excuses only what it may bring about.
func TestAFreshChangeExcusesNoFailureThatItCannotBringAbout(t *testing.T) {
	rows := map[string]struct {
		by      setup.Answerer
		changed func(setup.Answers) setup.Key
		told    bool
	}{
		"the door itself was made anew":    {setup.ByAccess, func(a setup.Answers) setup.Key { return a.DoorKey(a.Doors[1]) }, false},
		"another door was made anew":       {setup.ByAccess, func(a setup.Answers) setup.Key { return a.DoorKey(a.Doors[0]) }, true},
		"everything passes what changed":   {setup.ByTunnel, setup.Answers.TunnelKey, false},
		"the edge stops callers by itself": {setup.ByEdge, setup.Answers.TunnelKey, true},
		"and was told not to just now":     {setup.ByEdge, setup.Answers.EdgeRuleKey, false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			within(t, func(s *scene) {
				s.afterARun(row.changed(s.world().Answers))
				s.prober.fail(row.by, "whatsapp/1")
				s.pass(12 * time.Second)
				if told := s.channel("whatsapp") == diagnosis.Bad; told != row.told {
					s.Errorf("that messages do not arrive is told: %v", told)
				}
				s.pass(time.Minute)
				if s.channel("whatsapp") != diagnosis.Bad {
					s.Error("it is not told when nothing is on its way any more")
				}
			})
		})
	}
}

// What nobody can name yet may come from the change that is on its way. It is no
// alarm then, and no proof from before it stays.
func TestWhileAChangeSettlesNothingThatFailsStaysGreen(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun(s.world().Answers.TunnelKey())
		s.prober.fail(setup.ByConnector, "telegram/1", "whatsapp/1")
		began := time.Now()
		for s.channel("telegram") == diagnosis.Good || s.channel("whatsapp") == diagnosis.Good {
			if s.pass(100 * time.Millisecond); time.Since(began) > 12*time.Second {
				s.Fatalf("after %v it says %q", time.Since(began), s.report().Condition.Sentence)
			}
		}
		s.wantFindings("when nothing is proven", "unproven")
		c := s.report().Condition
		if c.Light != diagnosis.Unknown || !strings.Contains(c.Findings[0].Cause, "may take a minute to reach Cloudflare's edge") {
			s.Errorf("it says %q (%s): %+v", c.Sentence, c.Light, c.Findings[0])
		}
		s.pass(time.Minute)
		s.wantFindings("when it should have arrived", "connector-blind")
		if i := s.incidents(); len(i) != 1 {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

// Something of others that stands in the way is no change of ours.
func TestARuleBeforeOursThatWasMadeRightAfterARunIsNamedAsSoonAsEver(t *testing.T) {
	within(t, func(s *scene) {
		s.afterARun(s.world().Answers.TunnelKey())
		s.meddle(func(w *setuptest.World) {
			for i, o := range w.Objects {
				if rules, ok := o.State.(setup.Ingress); ok {
					rules.Above = []string{"*.example.org"}
					w.Objects[i].State = rules
				}
			}
		})
		s.prober.fail(setup.ByConnector, "telegram/1", "whatsapp/1", "slack/1")
		s.named("ingress-shadowed", "telegram")
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

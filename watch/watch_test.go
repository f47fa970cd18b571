package watch_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/store"
	"github.com/culvert/culvert/watch"
)

func TestASetupThatStandsIsSaidToWithinSeconds(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		c := s.report().Condition
		if c.Light != diagnosis.Good || !strings.HasPrefix(c.Sentence, "3 of 3 channels reach the app; everything else is locked; proven") {
			s.Errorf("it says %q (%s): %v", c.Sentence, c.Light, s.findings())
		}
		if h := s.watcher.Health(); !h.Alive || h.Setups != 1 {
			s.Errorf("its health is %+v", h)
		}
	})
}

func TestADeletedDoorIsNamedSoonAfterItsCheckFails(t *testing.T) {
	within(t, func(s *scene) {
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.dropDoor()
		failed := time.Now()
		for len(s.findings()) == 0 {
			s.pass(100 * time.Millisecond)
			if time.Since(failed) > 35*time.Second {
				s.Fatal("it was not named")
			}
		}
		s.wantFindings("after the deletion", "door-missing/whatsapp")
		s.pass(10 * time.Second)
		r := s.report()
		f := r.Condition.Findings[0]
		if !f.Repairable() || !slices.Equal(f.Checks, []string{"whatsapp/1"}) || f.Cause != "Not by Culvert." {
			s.Errorf("the finding is %+v", f)
		}
		if !strings.HasPrefix(r.Condition.Sentence, "WhatsApp messages do NOT arrive since ") {
			s.Errorf("it says %q", r.Condition.Sentence)
		}
		if got := s.herald.heard(); !slices.Equal(got, []string{"opened door-missing/whatsapp"}) {
			s.Errorf("told was %v", got)
		}
		if i := s.incidents(); len(i) != 1 || !i[0].Standing() {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

func TestOneAnswerThatFailsIsNoProblem(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		before := s.prober.count("whatsapp/1")
		s.prober.fail(setup.ByNobody, "whatsapp/1")
		for s.prober.count("whatsapp/1") == before {
			s.pass(50 * time.Millisecond)
		}
		s.prober.heal()
		s.pass(2 * time.Second)
		if n := s.prober.count("whatsapp/1"); n != before+2 {
			s.Errorf("it was asked %d times, want once more at once", n-before)
		}
		s.pass(time.Minute)
		s.wantFindings("after one failure")
		if i := s.incidents(); len(i) != 0 {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

// Something that is open counts at the second look, also while a change settles.
func TestWhatIsOpenCountsAtTheSecondLook(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		before := s.prober.count("locked/admin")
		s.prober.fail(setup.ByApp, "locked/admin")
		for s.prober.count("locked/admin") == before {
			s.pass(50 * time.Millisecond)
		}
		s.wantFindings("after the first look")
		s.pass(1300 * time.Millisecond)
		s.wantFindings("after the second look", "open")
	})
}

func TestAnEventLeadsToALookAtOnce(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(20 * time.Second)
		s.meddle(func(w *setuptest.World) {
			w.Alter(w.Answers.ConnectorKey(), func(st setup.State) setup.State {
				c := st.(setup.Connector)
				c.Running = false
				return c
			})
		})
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "culvert-ocs", Name: "cloudflared"})
		s.pass(400 * time.Millisecond)
		s.wantFindings("after the event", "connector-stopped")
	})
}

func TestEventsOfOthersAreNotOurs(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(20 * time.Second)
		before := len(s.engine.hosts)
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "die", Project: "other", Name: "db"})
		s.pass(time.Second)
		if len(s.engine.hosts) != before {
			s.Error("the host was looked at")
		}
	})
}

// Whatever is started may serve the app past the tunnel, and may take a while to
// begin.
func TestAContainerOfOthersThatStartsIsAskedWhetherItServesTheApp(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(20 * time.Second)
		before := s.prober.count(setup.FrontsCheck)
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "start", Project: "other", Name: "copy"})
		s.pass(2 * time.Second)
		if s.prober.count(setup.FrontsCheck) != before+1 {
			t.Error("it was not asked at once")
		}
		s.prober.fail(setup.ByApp, setup.FrontsCheck)
		s.pass(6 * time.Second)
		s.wantFindings("once it answers", "front")
		s.prober.heal()
		s.pass(time.Minute)
		before = s.prober.count(setup.FrontsCheck)
		s.pass(4 * time.Minute)
		if n := s.prober.count(setup.FrontsCheck) - before; n > 1 {
			t.Errorf("later it is asked %d times", n)
		}
	})
}

// What happened while the stream of events was broken is seen by a look at
// everything behind it.
func TestAfterABreakEverythingIsLookedAt(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(20 * time.Second)
		s.host.mu.Lock()
		s.host.down = errors.New("no socket")
		s.host.mu.Unlock()
		s.host.breakOff()
		s.pass(5 * time.Second)
		s.meddle(func(w *setuptest.World) { w.Alter(w.Answers.ConnectorKey(), setuptest.Gone) })
		s.host.mu.Lock()
		s.host.down = nil
		asked := s.host.asked
		s.host.mu.Unlock()
		for {
			s.pass(100 * time.Millisecond)
			s.host.mu.Lock()
			again := s.host.asked > asked
			s.host.mu.Unlock()
			if again {
				break
			}
		}
		s.pass(400 * time.Millisecond)
		s.wantFindings("after the break", "connector-missing")
	})
}

// Incidents survive the process: since when, and that it was told already.
func TestAnIncidentOutlivesTheProcess(t *testing.T) {
	within(t, func(s *scene) {
		stop := s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		since := s.report().Condition.Findings[0].Since
		stop()
		s.pass(time.Hour)
		s.restart()
		s.serve()
		s.pass(10 * time.Second)
		s.wantFindings("in the new process", "door-missing/whatsapp")
		r := s.report()
		if got := r.Condition.Findings[0].Since; got.Sub(since).Abs() > time.Millisecond || time.Since(since) < time.Hour {
			s.Errorf("it stands since %v, want %v", got, since)
		}
		if !strings.Contains(r.Condition.Sentence, "62 min") && !strings.Contains(r.Condition.Sentence, "61 min") {
			s.Errorf("it says %q", r.Condition.Sentence)
		}
		if got := s.herald.heard(); len(got) != 1 {
			s.Errorf("told was %v", got)
		}
	})
}

func TestTheHistorySaysHowItEnded(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		f := s.report().Condition.Findings[0]
		run, err := s.engine.Mend(s.Context(), "ocs", f.Fix.Keys, f.Fix.Hashes, []string{f.ID}, "ana")
		if err != nil {
			s.Fatal(err)
		}
		s.watcher.Tell("ocs", engine.TopicRun)
		s.pass(time.Second)
		if r := s.report(); !r.Busy() {
			s.Error("the run is not seen to be at work")
		}
		s.meddle(func(w *setuptest.World) { w.Build() })
		s.prober.heal()
		if err := s.store.SaveEvidence(s.Context(), "ocs", []setup.Evidence{
			{Check: s.world().Answers.Checks[1], At: time.Now(), OK: true, By: setup.ByApp}}); err != nil {
			s.Fatal(err)
		}
		s.finish(run, setup.RunSucceeded, "Put right and proven.")
		s.pass(2 * time.Second)
		s.wantFindings("after the repair")
		i := s.incidents()
		if len(i) != 1 || i[0].Standing() || i[0].Run != run.ID || i[0].Ended != "Put right in run 1, by ana." {
			s.Errorf("the incidents are %+v", i)
		}
		if got := s.herald.heard(); !slices.Equal(got, []string{"opened door-missing/whatsapp", "closed door-missing/whatsapp"}) {
			s.Errorf("told was %v", got)
		}
		log, err := s.store.AuditLog(s.Context(), "ocs", 0, 1)
		if err != nil || log[0].Action != "solved" || log[0].Actor != "Culvert" || log[0].Run != run.ID {
			s.Errorf("the history ends with %+v, %v", log, err)
		}
	})
}

// What was put right by hand stays the same problem until the checks hold: the
// edge is slower than the API.
func TestAProblemThatSettlesIsNotAnotherOne(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		s.meddle(func(w *setuptest.World) { w.Build() })
		s.pass(40 * time.Second)
		s.wantFindings("while the edge is slow", "door-missing/whatsapp")
		if f := s.report().Condition.Findings[0]; f.Fix != nil || !strings.Contains(f.IfNot, "may take a minute") {
			s.Errorf("it is told as %+v", f)
		}
		s.prober.heal()
		s.pass(10 * time.Second)
		s.wantFindings("when the edge followed")
		if i := s.incidents(); len(i) != 1 || i[0].Ended != "It is as it should be again; not by Culvert." {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

func TestTakingASetupDownEndsItsIncidents(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		if _, err := s.store.Approve(s.Context(), setup.Revision{Setup: "ocs"}, setup.Audit{Action: "approved"}); err != nil {
			s.Fatal(err)
		}
		s.watcher.Tell("ocs", engine.TopicRun)
		s.pass(time.Second)
		if _, known := s.watcher.Report("ocs"); known {
			s.Error("it is still watched")
		}
		if i := s.incidents(); len(i) != 1 || i[0].Ended != "The setup was taken down." {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

// brittle is a store that fails to keep incidents, a few times.
type brittle struct {
	*store.Store
	fails int
}

func (b *brittle) SaveIncident(ctx context.Context, i setup.Incident, a []setup.Audit) (setup.Incident, error) {
	if b.fails > 0 {
		b.fails--
		return i, errors.New("the disk is full")
	}
	return b.Store.SaveIncident(ctx, i, a)
}

// What could not be stored is neither told nor forgotten.
func TestAnIncidentThatCouldNotBeStoredIsStoredLater(t *testing.T) {
	within(t, func(s *scene) {
		b := &brittle{Store: s.store, fails: 3}
		s.change = func(o *watch.Options) { o.Store = b }
		s.restart()
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		for b.fails > 0 {
			s.pass(time.Second)
		}
		s.pass(5 * time.Second)
		if got := s.herald.heard(); !slices.Equal(got, []string{"opened door-missing/whatsapp"}) {
			s.Errorf("told was %v", got)
		}
		b.fails = 3
		s.meddle(func(w *setuptest.World) { w.Build() })
		s.prober.heal()
		s.pass(2 * time.Minute)
		if i := s.incidents(); len(i) != 1 || i[0].Standing() {
			s.Errorf("the incidents are %+v", i)
		}
		if got := s.herald.heard(); len(got) != 2 {
			s.Errorf("told was %v", got)
		}
	})
}

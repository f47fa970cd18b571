package watch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/watch"
)

// allow lets doors be repaired by themselves.
func (s *scene) allow(perHour int) {
	s.Helper()
	err := s.store.SaveAutomatic(s.Context(), "ocs", []setup.Automatic{{Class: setup.ClassDoorMissing, PerHour: perHour}}, setup.Audit{Setup: "ocs", Action: "settings"})
	if err != nil {
		s.Fatal(err)
	}
	s.watcher.Tell("ocs", engine.TopicRun)
}

// repaired carries a repair out, and says whether there was one.
func (s *scene) repaired(n int) bool {
	s.Helper()
	runs := s.mended()
	if len(runs) < n {
		return false
	}
	s.meddle(func(w *setuptest.World) { w.Build() })
	s.prober.heal()
	if err := s.store.SaveEvidence(s.Context(), "ocs", []setup.Evidence{
		{Check: s.world().Answers.Checks[1], At: time.Now(), OK: true, By: setup.ByApp}}); err != nil {
		s.Fatal(err)
	}
	s.finish(runs[n-1], setup.RunSucceeded, "Put right and proven.")
	s.pass(2 * time.Second)
	return true
}

func TestNothingIsRepairedByItselfUnlessItIsAllowed(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(5 * time.Minute)
		if runs := s.mended(); len(runs) != 0 {
			s.Errorf("it was repaired: %+v", runs)
		}
	})
}

func TestWhatMayBeRepairedByItselfIs(t *testing.T) {
	within(t, func(s *scene) {
		s.allow(3)
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		runs := s.mended()
		if len(runs) != 1 || runs[0].Actor != watch.ActorAlone || runs[0].Mends[0] != "door-missing/whatsapp" || len(runs[0].Only) != 1 {
			s.Fatalf("the repairs are %+v", runs)
		}
		s.repaired(1)
		s.wantFindings("after the repair")
		if i := s.incidents(); len(i) != 1 || i[0].Ended != "Put right in run 1, by Culvert (automatic)." {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

// A repair that does not hold is not made again and again.
func TestARepairThatDoesNotHoldIsGivenUpAndSaid(t *testing.T) {
	within(t, func(s *scene) {
		s.allow(3)
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		if !s.repaired(1) {
			s.Fatal("it was not repaired")
		}
		s.pass(time.Minute)
		s.dropDoor()
		s.pass(20 * time.Minute)
		if runs := s.mended(); len(runs) != 1 {
			s.Fatalf("it was repaired %d times", len(runs))
		}
		if why := s.report().Stopped["door-missing/whatsapp"]; !strings.Contains(why, "did not hold") {
			s.Errorf("it says %q", why)
		}
		log, err := s.store.AuditLog(s.Context(), "ocs", 0, 1)
		if err != nil || log[0].Action != "stopped" || log[0].Actor != watch.ActorAlone {
			s.Errorf("the history ends with %+v, %v", log, err)
		}
	})
}

func TestARepairThatFailsIsNotMadeAgain(t *testing.T) {
	within(t, func(s *scene) {
		s.allow(3)
		s.serve()
		s.pass(10 * time.Second)
		s.dropDoor()
		s.pass(2 * time.Minute)
		s.finish(s.mended()[0], setup.RunFailed, "Cloudflare refused.")
		s.pass(10 * time.Minute)
		if runs := s.mended(); len(runs) != 1 {
			s.Fatalf("it was repaired %d times", len(runs))
		}
		if why := s.report().Stopped["door-missing/whatsapp"]; why != "It was tried in run 1: Cloudflare refused." {
			s.Errorf("it says %q", why)
		}
	})
}

func TestNoMoreIsRepairedInAnHourThanIsAllowed(t *testing.T) {
	within(t, func(s *scene) {
		s.allow(2)
		s.serve()
		s.pass(10 * time.Second)
		for n := 1; n <= 2; n++ {
			s.dropDoor()
			s.pass(2 * time.Minute)
			if !s.repaired(n) {
				s.Fatalf("repair %d was not made", n)
			}
			s.pass(15 * time.Minute)
		}
		s.dropDoor()
		s.pass(2 * time.Minute)
		if why := s.report().Stopped["door-missing/whatsapp"]; !strings.Contains(why, "2 times within the last hour") {
			s.Errorf("it says %q", why)
		}
		s.pass(40 * time.Minute)
		if runs := s.mended(); len(runs) != 3 {
			s.Errorf("an hour later %d repairs were made, want the third", len(runs))
		}
	})
}

func TestAnExaminationTellsWhatTheWatcherWould(t *testing.T) {
	within(t, func(s *scene) {
		if _, err := s.watcher.Examine(s.Context(), "nobody"); err != engine.ErrNotFound {
			s.Errorf("of no setup: %v", err)
		}
		r, err := s.watcher.Examine(s.Context(), "ocs")
		if err != nil || len(r.Condition.Findings) != 0 {
			s.Fatalf("of a setup that stands: %+v, %v", r.Condition, err)
		}
		s.dropDoor()
		began := time.Now()
		if r, err = s.watcher.Examine(s.Context(), "ocs"); err != nil {
			s.Fatal(err)
		}
		if len(r.Condition.Findings) != 1 || r.Condition.Findings[0].ID != "door-missing/whatsapp" || time.Since(began) > 10*time.Second {
			s.Errorf("after %v it tells %+v", time.Since(began), r.Condition.Findings)
		}
		if i := s.incidents(); len(i) != 0 {
			s.Errorf("it opened %+v", i)
		}
		stored, err := s.store.Evidence(s.Context(), "ocs")
		if err != nil || len(stored) < 9 {
			s.Errorf("it kept %d pieces of evidence, %v", len(stored), err)
		}
	})
}

func TestWhatTheChecksSeeIsKept(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.pass(2*time.Hour + 20*time.Minute)
		readings, err := s.store.Readings(s.Context(), "ocs", "telegram/1", time.Time{})
		if err != nil || len(readings) < 100 || readings[0].Took != 80*time.Millisecond || !readings[0].OK {
			s.Errorf("there are %d readings: %v", len(readings), err)
		}
		hours, err := s.store.Hours(s.Context(), "ocs", "telegram/1", time.Time{})
		if err != nil || len(hours) != 2 || hours[0].OK != hours[0].Count || hours[0].P95 != 80*time.Millisecond {
			s.Errorf("the hours are %+v, %v", hours, err)
		}
	})
}

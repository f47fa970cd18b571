package watch_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/watch"
)

// fakeAccounts is an audit log that may be behind.
type fakeAccounts struct {
	mu    sync.Mutex
	deeds []setup.Deed
	err   error
	asked []time.Time
}

func (a *fakeAccounts) Deeds(_ context.Context, account string, since time.Time) ([]setup.Deed, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, time.Now())
	if account != setuptest.Account {
		return nil, nil
	}
	return a.deeds, a.err
}

func (a *fakeAccounts) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

const ana = "by ana@example.org in the dashboard"

// logged puts an audit log beside the scene.
func (s *scene) logged() *fakeAccounts {
	log := &fakeAccounts{}
	s.change = func(o *watch.Options) { o.Accounts = log }
	s.restart()
	return log
}

// deleted is the deed that fits dropDoor.
func (s *scene) deleted() setup.Deed {
	w := s.world()
	return setup.Deed{At: time.Now(), Verb: setup.Delete, By: ana, Path: "accounts/a/access/apps/" + w.Ledger.Records[w.Answers.DoorKey(w.Answers.Doors[1])].ID}
}

func TestWhoDeletedADoorIsAskedOnceAndTold(t *testing.T) {
	within(t, func(s *scene) {
		log := s.logged()
		s.viewed = true
		s.serve()
		s.pass(2 * time.Minute)
		if n := log.times(); n != 0 {
			s.Fatalf("the log was read %d times although nothing is wrong", n)
		}
		log.mu.Lock()
		log.deeds = []setup.Deed{s.deleted()}
		log.mu.Unlock()
		s.dropDoor()
		s.pass(time.Minute)
		s.wantFindings("afterwards", "door-missing/whatsapp")
		f := s.report().Condition.Findings[0]
		if f.Deed == nil || !strings.HasPrefix(f.Cause, "Deleted "+ana+", ") {
			s.Errorf("its cause is %q", f.Cause)
		}
		if i := s.incidents(); i[len(i)-1].Finding.Cause != f.Cause {
			s.Errorf("the history says %q", i[len(i)-1].Finding.Cause)
		}
		s.pass(20 * time.Minute)
		if n := log.times(); n != 1 {
			s.Errorf("the log was read %d times", n)
		}
		if f := s.report().Condition.Findings[0]; f.Deed == nil {
			s.Errorf("later its cause is %q", f.Cause)
		}
	})
}

func TestALogThatIsBehindIsAskedAFewTimes(t *testing.T) {
	within(t, func(s *scene) {
		log := s.logged()
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		deed := s.deleted()
		s.dropDoor()
		s.pass(2 * time.Minute)
		if f := s.report().Condition.Findings[0]; f.Deed != nil || f.Cause != "Not by Culvert." {
			s.Errorf("without a log its cause is %q", f.Cause)
		}
		log.mu.Lock()
		log.deeds = []setup.Deed{deed}
		log.mu.Unlock()
		s.pass(5 * time.Minute)
		if f := s.report().Condition.Findings[0]; f.Deed == nil {
			s.Errorf("with the log its cause is %q", f.Cause)
		}
	})
}

func TestALogThatSaysNothingIsNotReadForEver(t *testing.T) {
	within(t, func(s *scene) {
		log := s.logged()
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		s.dropDoor()
		s.pass(2 * time.Hour)
		if n := log.times(); n < 2 || n > 4 {
			s.Errorf("a log that says nothing was read %d times", n)
		}
	})
}

// Without the permission the page says how to allow it, and nothing is wrong
// because of it.
func TestWhatWasDoneIsNotKnownWithoutThePermission(t *testing.T) {
	within(t, func(s *scene) {
		log := s.logged()
		log.err = &setup.Problem{Code: setup.CodeDenied, Message: "No.", Permission: "Account Settings"}
		s.viewed = true
		s.serve()
		s.pass(time.Minute)
		if s.report().Untold != "" {
			s.Error("it is said before anybody asked")
		}
		s.dropDoor()
		s.pass(time.Minute)
		s.wantFindings("afterwards", "door-missing/whatsapp")
		if r := s.report(); r.Untold != watch.Untold || r.Condition.Findings[0].Cause != "Not by Culvert." {
			s.Errorf("it says %q and %q", r.Untold, r.Condition.Findings[0].Cause)
		}
	})
}

// What Docker told of how something came about stays known when the engine has
// forgotten it, and while it was not heard.
func TestWhatHappenedOnTheServerIsToldAsLongAsTheFindingStands(t *testing.T) {
	within(t, func(s *scene) {
		stop := s.serve()
		s.pass(time.Minute)
		died := found.Event{At: time.Now(), Kind: "container", Action: "die", ID: "box", Project: "ocs", Service: "web", Exit: "1"}
		tells := func(past ...found.Event) {
			s.prober.mu.Lock()
			s.prober.facts = func(f *found.Facts) { f.App.Running, f.Past = 0, past }
			s.prober.mu.Unlock()
		}
		const want = "by itself, with exit code 1"
		tells(died) // and no event is heard of it
		s.pass(40 * time.Second)
		s.wantFindings("once it was looked at", "app-stopped")
		if f := s.report().Condition.Findings[0]; f.Happened == nil || !strings.Contains(f.Cause, want) {
			s.Fatalf("its cause is %q", f.Cause)
		}
		tells()
		s.pass(time.Minute)
		stop()
		s.restart()
		s.serve()
		s.pass(10 * time.Second)
		if f := s.report().Condition.Findings[0]; !strings.Contains(f.Cause, want) {
			s.Errorf("when the engine has forgotten it, and Culvert was started again, its cause is %q", f.Cause)
		}
		if i := s.incidents(); len(i) != 1 || !strings.Contains(i[0].Finding.Cause, want) {
			s.Errorf("the incidents are %+v", i)
		}
	})
}

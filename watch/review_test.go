package watch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

// fakeRoutes says what a test has it say of the app's addresses.
type fakeRoutes struct {
	mu    sync.Mutex
	asked int
	known *setup.RouteReview
	says  setup.RouteReview
	err   error
}

func (r *fakeRoutes) Known(context.Context, setup.SetupID) (*setup.RouteReview, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known, nil
}

func (r *fakeRoutes) Review(context.Context, setup.SetupID) (*setup.RouteReview, error) {
	time.Sleep(3 * time.Second) // loading an app takes time
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked++; r.err != nil {
		return nil, r.err
	}
	r.known = &setup.RouteReview{Fresh: r.says.Fresh, Stale: r.says.Stale, At: time.Now()}
	return r.known, nil
}

func (r *fakeRoutes) say(says setup.RouteReview, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.says, r.err = says, err
}

func (r *fakeRoutes) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func withRoutes(t *testing.T, f func(*scene, *fakeRoutes)) {
	t.Helper()
	within(t, func(s *scene) {
		r := &fakeRoutes{}
		s.change = func(o *watch.Options) { o.Routes = r }
		s.restart()
		f(s, r)
	})
}

func TestTheDoorsAreComparedWithTheAppAtTheStartAndAfterEachReplacement(t *testing.T) {
	withRoutes(t, func(s *scene, r *fakeRoutes) {
		s.serve()
		s.pass(time.Hour)
		if n := r.count(); n != 1 {
			s.Fatalf("in an hour it was compared %d times", n)
		}
		s.wantFindings("of a version that fits", []string{}...)
		r.say(setup.RouteReview{
			Fresh: []string{"/channels/signal", "/channels/telegram/1"}, // to the second a door leads
			Stale: []setup.StaleDoor{{Door: "whatsapp", Path: "/channels/whatsapp/incoming_message"}, {Door: "not open", Path: "/x"}},
		}, nil)
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "start", Project: "ocs", Service: "web"})
		s.pass(30 * time.Second)
		s.wantFindings("of another version", "route-new", "route-stale/whatsapp")
		if c := s.report().Condition; c.Findings[0].Repairable() || c.Findings[0].Title != "The app takes messages at /channels/signal, and no door leads there." {
			s.Errorf("it says %+v", c.Findings[0])
		}
		s.host.happen(found.Event{At: time.Now(), Kind: "container", Action: "start", Project: "ocs", Service: "worker"})
		s.pass(time.Hour)
		if n := r.count(); n != 2 {
			s.Errorf("after another service began it was compared %d times", n)
		}
	})
}

func TestAnImageThatChangedIsReasonToCompare(t *testing.T) {
	withRoutes(t, func(s *scene, r *fakeRoutes) {
		image := "app:1"
		s.prober.facts = func(f *found.Facts) { f.App.Image = image }
		s.serve()
		s.pass(5 * time.Minute)
		s.prober.mu.Lock()
		image = "app:2"
		s.prober.mu.Unlock()
		s.pass(5 * time.Minute)
		if n := r.count(); n != 2 {
			s.Errorf("it was compared %d times", n)
		}
	})
}

// What cannot be read is not fine: what was known stands, and it is tried again.
func TestAddressesThatCannotBeReadSolveNothing(t *testing.T) {
	withRoutes(t, func(s *scene, r *fakeRoutes) {
		r.known = &setup.RouteReview{Fresh: []string{"/channels/signal"}}
		r.say(setup.RouteReview{}, errors.New("web is not running"))
		s.serve()
		s.pass(30 * time.Minute)
		s.wantFindings("while it cannot be read", "route-new")
		if n := r.count(); n < 4 || n > 6 {
			s.Errorf("in half an hour it was tried %d times", n)
		}
		r.say(setup.RouteReview{}, nil)
		s.pass(time.Hour)
		s.wantFindings("once it was read")
	})
}

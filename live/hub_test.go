package live_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/culvert/culvert/live"
)

func TestASlowReaderSeesOnlyTheNewestOfEachTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := live.New()
		defer hub.Close()
		events := hub.Subscribe(t.Context(), live.Filter{})
		for range 1000 {
			hub.Publish("ocs", "run")
			hub.Publish("ocs", "status")
		}
		synctest.Wait() // the pump has seen everything

		want := []live.Event{{"ocs", "run", 1999}, {"ocs", "status", 2000}}
		for _, w := range want {
			if got := <-events; got != w {
				t.Errorf("got %v, want %v", got, w)
			}
		}
		assertQuiet(t, events)
	})
}

func TestAnEventThatWasOfferedButNotTakenIsReplacedByANewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := live.New()
		defer hub.Close()
		events := hub.Subscribe(t.Context(), live.Filter{})
		hub.Publish("ocs", "run")
		synctest.Wait() // offered
		hub.Publish("ocs", "run")
		synctest.Wait()
		if got := <-events; got.Version != 2 {
			t.Errorf("got version %d, want the newest", got.Version)
		}
		assertQuiet(t, events)
	})
}

func TestFiltersLetThroughWhatWasAskedFor(t *testing.T) {
	rows := []struct {
		name   string
		filter live.Filter
		want   []live.Event
	}{
		{"everything", live.Filter{}, []live.Event{{"a", "run", 1}, {"b", "run", 2}, {"", "setups", 3}, {"a", "status", 4}}},
		{"one setup, with what concerns all", live.Filter{Setup: "a"}, []live.Event{{"a", "run", 1}, {"", "setups", 3}, {"a", "status", 4}}},
		{"one topic", live.Filter{Topics: []string{"run"}}, []live.Event{{"a", "run", 1}, {"b", "run", 2}}},
		{"one topic of one setup", live.Filter{Setup: "a", Topics: []string{"status"}}, []live.Event{{"a", "status", 4}}},
		{"another setup", live.Filter{Setup: "c", Topics: []string{"run"}}, nil},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := live.New()
				defer hub.Close()
				events := hub.Subscribe(t.Context(), r.filter)
				hub.Publish("a", "run")
				hub.Publish("b", "run")
				hub.Publish("", "setups")
				hub.Publish("a", "status")
				synctest.Wait()
				for _, w := range r.want {
					if got := <-events; got != w {
						t.Errorf("got %v, want %v", got, w)
					}
				}
				assertQuiet(t, events)
			})
		})
	}
}

func TestTooMuchForOneReaderBecomesReadEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := live.New()
		defer hub.Close()
		events := hub.Subscribe(t.Context(), live.Filter{})
		for i := range 65 {
			hub.Publish(fmt.Sprint("setup-", i), "run")
		}
		synctest.Wait()
		if got, want := <-events, (live.Event{Version: 65}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		assertQuiet(t, events)
	})
}

func TestASubscriptionEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := live.New()
		defer hub.Close()
		ctx, leave := context.WithCancel(t.Context())
		events := hub.Subscribe(ctx, live.Filter{})
		stays := hub.Subscribe(t.Context(), live.Filter{})
		hub.Publish("ocs", "run") // nobody takes it
		leave()
		synctest.Wait()
		if _, open := <-events; open {
			t.Error("the channel still gives events")
		}
		if n := hub.Subscribers(); n != 1 {
			t.Errorf("%d subscribers are left, want the other one", n)
		}
		if got := <-stays; got.Version != 1 {
			t.Errorf("the other subscriber got %v", got)
		}
	})
}

func TestCloseEndsEveryoneAndLaterCallsDoNothing(t *testing.T) {
	hub := live.New()
	var channels []<-chan live.Event
	for range 10 {
		channels = append(channels, hub.Subscribe(t.Context(), live.Filter{}))
	}
	hub.Publish("ocs", "run") // nobody takes it
	hub.Close()
	hub.Close()
	hub.Publish("ocs", "run")
	channels = append(channels, hub.Subscribe(t.Context(), live.Filter{}))
	for i, c := range channels {
		if e, open := <-c; open {
			t.Errorf("channel %d gave %v after Close", i, e)
		}
	}
	if n := hub.Subscribers(); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
}

func TestAThousandSubscribersAllSeeTheLastVersion(t *testing.T) {
	const subscribers, publishers, each = 1000, 4, 15
	hub := live.New()
	var readers sync.WaitGroup
	for range subscribers {
		events := hub.Subscribe(t.Context(), live.Filter{Setup: "ocs"})
		readers.Go(func() {
			var last uint64
			for e := range events {
				if e.Version <= last {
					t.Errorf("version %d came after %d", e.Version, last)
				}
				if last = e.Version; last == publishers*each+1 {
					return
				}
			}
			t.Errorf("the stream ended at version %d", last)
		})
	}
	idle := hub.Subscribe(t.Context(), live.Filter{}) // never reads: must hold up nobody
	var writers sync.WaitGroup
	for p := range publishers {
		writers.Go(func() {
			for i := range each {
				hub.Publish("ocs", fmt.Sprint("topic-", (p+i)%5))
			}
		})
	}
	writers.Wait()
	hub.Publish("ocs", "last")
	readers.Wait()
	hub.Close()
	if _, open := <-idle; open {
		t.Error("the idle reader's channel is still open")
	}
}

// assertQuiet must run in a synctest bubble.
func assertQuiet(t *testing.T, events <-chan live.Event) {
	t.Helper()
	synctest.Wait()
	select {
	case e, open := <-events:
		t.Errorf("got one more: %v (open: %v)", e, open)
	default:
	}
}

func BenchmarkPublishToAThousandReaders(b *testing.B) {
	hub := live.New()
	defer hub.Close()
	for range 1000 {
		hub.Subscribe(b.Context(), live.Filter{})
	}
	for b.Loop() {
		hub.Publish("ocs", "run")
	}
}

func TestASetupIsWatchedByWhoeverHearsOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := live.New()
		defer hub.Close()
		if hub.Watched("a") {
			t.Error("nobody listens, and it is watched")
		}
		ctx, leave := context.WithCancel(t.Context())
		hub.Subscribe(ctx, live.Filter{Setup: "a"})
		if !hub.Watched("a") || hub.Watched("b") {
			t.Errorf("a is watched: %v, b: %v", hub.Watched("a"), hub.Watched("b"))
		}
		leave()
		synctest.Wait()
		hub.Subscribe(t.Context(), live.Filter{})
		if !hub.Watched("a") || !hub.Watched("b") {
			t.Error("who hears of everything does not count")
		}
	})
}

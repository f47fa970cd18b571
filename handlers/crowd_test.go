package handlers_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestAFaultThatHappensShowsOnAnOpenStatusPage(t *testing.T) {
	p := standOn(t, sceneStanding(t, illness{}))
	_, s := p.tune("status")
	s.until("past") // the last part of the snapshot
	p.fake.stand(sceneWhatsAppSilent(t))
	p.hub.Publish(string(ocs), "watch")
	for _, want := range []string{"headline", "lights", "problems", "way"} {
		e, _ := s.next()
		if e.name != want || !strings.Contains(e.data, "WhatsApp") {
			t.Errorf("got %s, want %s with what is wrong", e.name, want)
		}
	}
}

// What a hundred people see is made once, and nothing of them is left behind.
func TestAHundredOpenPagesAllSeeAFaultAndLeaveNothingBehind(t *testing.T) {
	const crowd = 100
	p := standOn(t, sceneStanding(t, illness{}))
	p.get(at("status")).status(200)
	before := runtime.NumGoroutine()
	var opened, seen sync.WaitGroup
	opened.Add(crowd)
	for range crowd {
		seen.Go(func() {
			ready := sync.OnceFunc(opened.Done)
			defer ready() // however it ends
			res, s := p.tune("status")
			defer res.Body.Close()
			defer s.cancel()
			s.until("past")
			ready()
			if e := s.until("headline"); !strings.Contains(e.data, "do NOT arrive") {
				t.Errorf("one of them sees %s", e.data)
			}
		})
	}
	opened.Wait()
	// A stream is a connection's two goroutines at the server, two at the client
	// and one of the hub, and the reader here.
	if during := runtime.NumGoroutine(); during > before+8*crowd {
		t.Errorf("%d streams take %d goroutines", crowd, during-before)
	}
	reads := p.fake.timesRead()
	p.fake.stand(sceneWhatsAppSilent(t))
	p.hub.Publish(string(ocs), "watch")
	seen.Wait()
	if n := p.fake.timesRead() - reads; n > 2 {
		t.Errorf("how things stand was read %d times for one event", n)
	}
	waitFor(t, "nobody listens", func() bool { return p.hub.Subscribers() == 0 })
	waitFor(t, "their goroutines end", func() bool { return runtime.NumGoroutine() <= before+5 })
}

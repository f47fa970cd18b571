package handlers_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
)

// tuned is one open stream of events.
type tuned struct {
	t      testing.TB
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

type event struct{ name, id, data string }

func (p *pages) tune(page string, header ...string) (*http.Response, *tuned) {
	p.t.Helper()
	return p.tuneAt(at("events?page="+page), header...)
}

func (p *pages) tuneAt(path string, header ...string) (*http.Response, *tuned) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	p.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", p.server.URL+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { res.Body.Close() })
	scanner := bufio.NewScanner(res.Body)
	scanner.Buffer(nil, 1<<20)
	return res, &tuned{p.t, scanner, cancel}
}

// next reads one event; false at the end of the stream. Signs of life do not
// count.
func (s *tuned) next() (event, bool) {
	s.t.Helper()
	for {
		if e, more := s.any(); e.name != "alive" {
			return e, more
		}
	}
}

// any reads one event, of whatever kind.
func (s *tuned) any() (event, bool) {
	s.t.Helper()
	var e event
	for s.lines.Scan() {
		line := s.lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && e.name != "":
			return e, true
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data":
			e.data += value + "\n"
		}
	}
	if err := s.lines.Err(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.t.Fatalf("the stream broke: %v", err)
	}
	return event{}, false
}

// until reads on to an event of a name.
func (s *tuned) until(name string) event {
	s.t.Helper()
	for {
		e, more := s.any()
		if !more {
			s.t.Fatalf("the stream ended without %s", name)
		}
		if e.name == name {
			return e
		}
	}
}

func TestAStreamBeginsWithHowThingsStand(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	res, s := p.tune("build")
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("%d, %s", res.StatusCode, got)
	}
	page := p.get(at("build"))
	for _, name := range []string{"rail", "status", "progress", "plan", "proof", "onward"} {
		e, more := s.next()
		if !more || e.name != name {
			t.Fatalf("got %q, want %s", e.name, name)
		}
		box := page.doc.Find("[sse-swap=" + name + "]")
		if box.AttrOr("data-version", "") != e.id {
			t.Errorf("%s is another one on the page", name)
		}
	}
}

func TestAnEventBringsOnlyWhatIsDifferent(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	_, s := p.tune("build")
	s.until("onward")
	running := sceneRunning(t)
	running.Plan, running.PlanAt = p.fake.overview.Plan, p.fake.overview.PlanAt
	p.fake.show(func(o *journey.Overview) { *o = running })
	p.hub.Publish(string(ocs), "run")
	for _, want := range []string{"rail", "status", "progress", "plan"} {
		if e, _ := s.next(); e.name != want {
			t.Fatalf("got %s, want %s", e.name, want)
		} else if e.name == "progress" && !strings.Contains(e.data, "attempt 3") {
			t.Errorf("progress says %s", e.data)
		}
	}
	p.fake.show(func(o *journey.Overview) { o.Run.Note = "Nearly there." })
	p.hub.Publish(string(ocs), "run")
	if e, _ := s.next(); e.name != "progress" || !strings.Contains(e.data, "Nearly there.") {
		t.Errorf("got %s %s", e.name, e.data)
	}
}

func TestARegionThatBecomesEmptyIsSentToo(t *testing.T) {
	p := openOn(t, sceneRunning(t))
	_, s := p.tune("build")
	s.until("onward")
	p.fake.show(func(o *journey.Overview) { o.Run = nil })
	p.hub.Publish(string(ocs), "run")
	if e := s.until("progress"); strings.TrimSpace(e.data) != "" || e.data == "" {
		t.Errorf("progress is %q", e.data)
	}
}

func TestEventsOfOthersAreNotHeard(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	_, s := p.tune("build")
	s.until("onward")
	before := p.fake.timesRead()
	p.hub.Publish("another", "run")
	p.fake.show(func(o *journey.Overview) { o.Stages[0].Status = journey.Failed })
	p.hub.Publish("", "token") // concerns everybody
	s.until("rail")
	if n := p.fake.timesRead() - before; n != 1 {
		t.Errorf("it was read %d times", n)
	}
}

func TestManyEventsWhileReadingLeadToOneMoreLook(t *testing.T) {
	f := &fake{overview: scenePlanned(t), gate: make(chan struct{}), begun: make(chan struct{})}
	p := open(t, f, func(o *handlers.Options) { o.Timing.Pace = time.Nanosecond })
	look := func() {
		<-f.begun
		f.gate <- struct{}{}
	}
	opened := make(chan *tuned)
	go func() {
		_, s := p.tune("build")
		opened <- s
	}()
	look() // the snapshot
	s := <-opened
	s.until("onward")

	p.hub.Publish(string(ocs), "run")
	<-f.begun // it is being read
	for range 100 {
		p.hub.Publish(string(ocs), "run")
	}
	f.show(func(o *journey.Overview) { o.Stages[0].Status = journey.Failed })
	f.gate <- struct{}{}
	s.until("rail")
	look() // all hundred together
	waitFor(t, "the third look", func() bool { return f.timesRead() == 3 })
	f.show(func(o *journey.Overview) { o.Stages[0].Status = journey.Done })
	p.hub.Publish(string(ocs), "run")
	look()
	if e := s.until("rail"); strings.Contains(e.data, "failed") {
		t.Error("the last look shows what was before")
	}
	select {
	case <-f.begun:
		t.Error("there is one look more than there was news")
	default:
	}
}

func TestPagesThatShowTheSameAreRenderedOnce(t *testing.T) {
	f := &fake{overview: scenePlanned(t)}
	p := open(t, f)
	var streams []*tuned
	for range 5 {
		_, s := p.tune("build")
		s.until("onward")
		streams = append(streams, s)
	}
	before := f.timesRead()
	f.show(func(o *journey.Overview) { o.Stages[0].Status = journey.Failed })
	p.hub.Publish(string(ocs), "plan")
	for _, s := range streams {
		s.until("rail")
	}
	if n := f.timesRead() - before; n != 1 {
		t.Errorf("five pages needed %d looks", n)
	}
}

func TestAStreamEndsWithTheHub(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	_, s := p.tune("build")
	s.until("onward")
	p.hub.Close()
	if e, more := s.next(); more {
		t.Errorf("got %s after the end", e.name)
	}
}

func TestAStreamEndsWithItsTime(t *testing.T) {
	p := openOn(t, scenePlanned(t), func(o *handlers.Options) { o.Timing.Life = time.Millisecond })
	_, s := p.tune("build")
	for more := true; more; {
		_, more = s.next()
	}
	waitFor(t, "nobody listens", func() bool { return p.hub.Subscribers() == 0 })
}

func TestAStreamEndsWithItsVisitor(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	_, s := p.tune("build")
	s.until("onward")
	s.cancel()
	waitFor(t, "nobody listens", func() bool { return p.hub.Subscribers() == 0 })
}

func TestAStreamTellsThatTheSessionHasEnded(t *testing.T) {
	in := &sessions{over: make(chan struct{})}
	p := openOn(t, scenePlanned(t), func(o *handlers.Options) {
		o.Sessions, o.Timing.Beat = in, time.Millisecond
	})
	_, s := p.tune("build")
	s.until("onward")
	close(in.over)
	if e := s.until("signed-out"); !strings.Contains(e.data, "signed out") {
		t.Errorf("it says %s", e.data)
	}
	if e, more := s.next(); more {
		t.Errorf("got %s after the end", e.name)
	}
	res, _ := p.tune("build")
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a new stream gets %d", res.StatusCode)
	}
}

func TestAQuietStreamShowsThatItLives(t *testing.T) {
	p := openOn(t, scenePlanned(t), func(o *handlers.Options) { o.Timing.Beat = time.Millisecond })
	_, s := p.tune("build")
	s.until("onward")
	// It says which time it is, so that a page can tell how old its proof is.
	if e := s.until("alive"); strings.TrimSpace(e.data) != now.Format(time.RFC3339) {
		t.Errorf("the sign of life says %q", e.data)
	}
}

func TestAnotherWebSiteCanHoldNoStream(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	res, _ := p.tune("build", "Sec-Fetch-Site", "cross-site")
	if res.StatusCode != http.StatusForbidden || p.hub.Subscribers() != 0 {
		t.Errorf("%d with %d listening", res.StatusCode, p.hub.Subscribers())
	}
}

func TestAStreamOfNothingIsNotOpened(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	p.fake.overErr = journey.ErrNotFound
	res, _ := p.tune("build")
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("it gets %d", res.StatusCode)
	}
	waitFor(t, "nobody listens", func() bool { return p.hub.Subscribers() == 0 })
}

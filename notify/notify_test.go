package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/store"
)

// clock is the time of the test's bubble: waiting costs nothing.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }

func (clock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

type publisher struct{}

func (publisher) Publish(string, string) {}

const hook = "https://example.org/hook/very-secret"

// scene is a notifier over the real store, with a service that notes what it is
// sent.
type scene struct {
	*testing.T
	store    *store.Store
	notifier *notify.Notifier
	channel  setup.Channel
	log      strings.Builder

	mu    sync.Mutex
	sent  []string
	pings []string
	down  error
	hangs chan struct{}
	heart notify.Heart
}

func within(t *testing.T, f func(*scene)) {
	t.Helper()
	t.Parallel() // each has a disk to wait for
	dir := filepath.Join(t.TempDir(), "data")
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t}
		var err error
		if s.store, err = store.Open(t.Context(), dir, store.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.store.Close(); err != nil {
				t.Error(err)
			}
		})
		a := setuptest.Sample("ocs")
		if err := s.store.SaveSetup(t.Context(), setup.Setup{ID: a.Setup}); err != nil {
			t.Fatal(err)
		}
		s.restart()
		if s.channel, err = s.notifier.Add(t.Context(), "the team", secret.New(hook), "ana"); err != nil {
			t.Fatal(err)
		}
		f(s)
	})
}

// restart makes a new notifier, as a new process would.
func (s *scene) restart() {
	s.notifier = notify.New(notify.Options{
		Store: s.store, Send: s.send, Ping: s.ping, Heart: func() notify.Heart { s.mu.Lock(); defer s.mu.Unlock(); return s.heart },
		Name: func(setup.SetupID) string { return "chat.example.org" }, Link: func(id setup.SetupID) string { return "http://localhost:8765/" + string(id) },
		Flags:  func(id setup.SetupID) string { return " --name " + string(id) },
		Notify: publisher{}, Clock: clock{}, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
}

func (s *scene) serve() (stop func()) {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.notifier.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.Errorf("the notifier ended badly: %v", err)
		}
	})
	s.Cleanup(stop)
	return stop
}

func (s *scene) send(_ context.Context, address secret.Text, title, text string) error {
	s.mu.Lock()
	down, hangs := s.down, s.hangs
	s.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	if down != nil {
		return down
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, title+"\n"+text)
	return nil
}

func (s *scene) ping(_ context.Context, address secret.Text, suffix string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pings = append(s.pings, address.Reveal()+suffix)
	return s.down
}

func (s *scene) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// told gives what was sent since it was asked last.
func (s *scene) told() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.sent
	s.sent = nil
	return told
}

// wantTold fails unless one message was sent for each title.
func (s *scene) wantTold(when string, titles ...string) []string {
	s.Helper()
	told := s.told()
	if len(told) != len(titles) {
		s.Fatalf("%s it told %d messages, want %d: %q", when, len(told), len(titles), told)
	}
	for i, want := range titles {
		if got, _, _ := strings.Cut(told[i], "\n"); got != "chat.example.org: "+want {
			s.Errorf("%s it told %q, want %q", when, got, want)
		}
	}
	return told
}

func (s *scene) open(id string, severity setup.Severity) setup.Incident {
	s.Helper()
	i, err := s.store.SaveIncident(s.Context(), setup.Incident{Setup: "ocs", Opened: time.Now(), Finding: setup.Finding{
		ID: id, Severity: severity, Title: id + " is broken.", Effect: "Nothing arrives.", Cause: "Somebody did it.", Since: time.Now(),
		Fix: &setup.Fix{Does: "makes 1 door, about 3 s"},
	}}, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.notifier.Opened(i)
	return i
}

func (s *scene) close(i setup.Incident) {
	s.Helper()
	i.Closed, i.Ended = time.Now(), "Put right in run 7, by ana."
	if _, err := s.store.SaveIncident(s.Context(), i, nil); err != nil {
		s.Fatal(err)
	}
	s.notifier.Closed(i)
}

func TestAProblemIsToldOnceWithItsCauseAndTheCommandAndSoIsItsEnd(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		i := s.open("door", setup.SeverityBroken)
		time.Sleep(14 * time.Second)
		s.wantTold("at once")
		time.Sleep(2 * time.Second)
		text := s.wantTold("then", "door is broken.")[0]
		for _, want := range []string{"Nothing arrives.", "Cause: Somebody did it.", "A repair makes 1 door, about 3 s.", "culvert repair --name ocs", "http://localhost:8765/ocs"} {
			if !strings.Contains(text, want) {
				s.Errorf("it does not say %q: %s", want, text)
			}
		}
		time.Sleep(3 * time.Hour)
		s.wantTold("while it stands")
		s.close(i)
		time.Sleep(20 * time.Second)
		if text := s.wantTold("at the end", "Solved: door is broken.")[0]; !strings.Contains(text, "after 3 h") || !strings.Contains(text, "Put right in run 7, by ana.") {
			s.Errorf("it says %s", text)
		}
		time.Sleep(3 * time.Hour)
		s.wantTold("afterwards")
	})
}

// explain ends an incident because its cause is known, which is one of its own.
func (s *scene) explain(i setup.Incident, cause string) {
	s.Helper()
	i.Closed, i.Finding.Explained = time.Now(), cause
	if _, err := s.store.SaveIncident(s.Context(), i, nil); err != nil {
		s.Fatal(err)
	}
	s.notifier.Closed(i)
}

func TestWhatEndsBecauseItsCauseIsKnownIsNotToldAsSolved(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		callers := s.open("callers", setup.SeverityBroken)
		time.Sleep(20 * time.Second)
		s.wantTold("first", "callers is broken.")
		door := s.open("door", setup.SeverityBroken)
		s.explain(callers, "door")
		time.Sleep(20 * time.Second)
		s.wantTold("with the cause", "door is broken.")
		time.Sleep(time.Hour)
		s.wantTold("while it stands")
		s.close(door)
		time.Sleep(time.Minute)
		s.wantTold("at the end", "Solved: door is broken.")
	})
}

func TestACauseThatIsOverBeforeItWasToldEndsWhatWasTold(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		callers := s.open("callers", setup.SeverityBroken)
		time.Sleep(20 * time.Second)
		s.wantTold("first", "callers is broken.")
		door := s.open("door", setup.SeverityBroken)
		s.explain(callers, "door")
		time.Sleep(5 * time.Second)
		s.close(door)
		time.Sleep(time.Hour)
		s.wantTold("at the end", "Solved: door is broken.")
	})
}

func TestWhatOpensTogetherIsToldTogetherWorstFirst(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.open("door", setup.SeverityBroken)
		time.Sleep(5 * time.Second)
		s.open("lock", setup.SeverityOpen)
		time.Sleep(11 * time.Second)
		s.wantTold("then", "2 problems, the worst: lock is broken.")
		time.Sleep(time.Hour)
		s.wantTold("later")
	})
}

func TestAProblemThatIsOverBeforeItIsToldIsNotTold(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		i := s.open("door", setup.SeverityBroken)
		time.Sleep(10 * time.Second)
		s.close(i)
		time.Sleep(time.Hour)
		s.wantTold("of it")
	})
}

func TestAProblemThatComesAndGoesIsToldAFewTimesAndThenOnceItStays(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		var last setup.Incident
		for range 60 { // for three hours
			last = s.open("door", setup.SeverityBroken)
			time.Sleep(2 * time.Minute)
			s.close(last)
			time.Sleep(time.Minute)
		}
		told := s.told()
		if len(told) != 5 || !strings.Contains(told[4], "It comes and goes: 3 times within the hour.") {
			s.Fatalf("it told %d messages: %q", len(told), told)
		}
		time.Sleep(16 * time.Minute)
		s.wantTold("once it stays away", "Solved: door is broken.")
		s.open("door", setup.SeverityBroken)
		time.Sleep(10 * time.Minute)
		s.wantTold("when it is back")
		time.Sleep(10 * time.Minute)
		s.wantTold("once it stays", "door is broken.")
	})
}

func TestNoMoreIsToldInAnHourThanMayBeAndTheRestInOneMessage(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		for n := range 30 {
			s.open(fmt.Sprintf("door-%02d", n), setup.SeverityBroken)
			time.Sleep(time.Minute)
		}
		if told := s.told(); len(told) != 12 {
			s.Fatalf("it told %d messages", len(told))
		}
		s.open("lock", setup.SeverityOpen)
		time.Sleep(20 * time.Second)
		told := s.told()
		if len(told) != 1 || !strings.Contains(told[0], "19 problems, the worst: lock is broken.") || !strings.Contains(told[0], "And 9 more") {
			s.Errorf("of something that is open it told %q", told)
		}
	})
}

func TestWhatIsHeldBackByTheCapIsToldLater(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		for n := range 20 {
			s.open(fmt.Sprintf("door-%02d", n), setup.SeverityBroken)
			time.Sleep(time.Minute)
		}
		s.told()
		time.Sleep(time.Hour)
		told := s.told()
		if len(told) != 1 || !strings.Contains(told[0], "8 problems") {
			s.Errorf("an hour later it told %q", told)
		}
	})
}

func TestAMessageThatIsNotTakenIsTriedAgainAndThatIsSaid(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		s.set(func() { s.down = &setup.Problem{Code: setup.CodeUnavailable, Message: "Nothing listens there."} })
		s.open("door", setup.SeverityBroken)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		state, err := s.notifier.State(s.Context())
		if err != nil || state.Channels[0].Waiting != 1 || state.Channels[0].Problem != "Nothing listens there." {
			s.Fatalf("the state is %+v, %v", state, err)
		}
		if untold := state.Untold(); len(untold) != 1 || untold[0] != "Problems could not be told by Webhook (the team). Nothing listens there." {
			s.Errorf("it says %q", untold)
		}
		s.set(func() { s.down = nil })
		time.Sleep(10 * time.Minute)
		s.wantTold("in the end", "door is broken.")
		if state, err = s.notifier.State(s.Context()); err != nil || len(state.Untold()) != 0 || state.Channels[0].Sent.IsZero() {
			s.Errorf("then the state is %+v, %v", state, err)
		}
		if strings.Contains(s.log.String(), "very-secret") {
			s.Errorf("the log shows the address: %s", s.log.String())
		}
	})
}

// A process that dies tells nothing twice and forgets nothing.
func TestARestartTellsNothingTwiceAndForgetsNothing(t *testing.T) {
	within(t, func(s *scene) {
		stop := s.serve()
		first := s.open("door", setup.SeverityBroken)
		time.Sleep(time.Minute)
		s.wantTold("before", "door is broken.")
		stop()
		s.close(first)
		short := s.open("network", setup.SeverityBroken)
		time.Sleep(10 * time.Minute)
		s.close(short)
		s.open("port", setup.SeverityOpen)
		s.restart()
		s.serve()
		time.Sleep(time.Minute)
		text := s.wantTold("afterwards", "port is broken.")[0]
		for _, want := range []string{"nobody could be told: network is broken.", "Solved at", "door is broken."} {
			if !strings.Contains(text, want) {
				s.Errorf("it does not say %q: %s", want, text)
			}
		}
	})
}

func TestAChannelThatHangsIsAskedByOneAttemptAtATime(t *testing.T) {
	within(t, func(s *scene) {
		s.serve()
		free := make(chan struct{})
		s.set(func() { s.hangs = free })
		s.open("door", setup.SeverityBroken)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		state, err := s.notifier.State(s.Context())
		if err != nil || state.Channels[0].Problem != "The attempt before has not ended yet." {
			s.Errorf("the state is %+v, %v", state, err)
		}
		s.set(func() { s.hangs = nil })
		close(free)
		time.Sleep(10 * time.Minute)
		if told := s.told(); len(told) == 0 || len(told) > 2 { // the service may have taken the one that hung
			s.Errorf("it told %q", told)
		}
	})
}

func TestWhatStandsWhenAChannelIsAddedIsToldAndWhatIsOverIsNot(t *testing.T) {
	within(t, func(s *scene) {
		if err := s.notifier.Remove(s.Context(), s.channel.ID, "ana"); err != nil {
			s.Fatal(err)
		}
		s.serve()
		over := s.open("door", setup.SeverityBroken)
		s.open("lock", setup.SeverityOpen)
		time.Sleep(time.Hour)
		s.close(over)
		time.Sleep(time.Hour)
		s.wantTold("without a channel")
		if _, err := s.notifier.Add(s.Context(), "", secret.New(hook), "ana"); err != nil {
			s.Fatal(err)
		}
		time.Sleep(time.Minute)
		s.wantTold("with one", "lock is broken.")
	})
}

func TestATestIsSentAtOnceOrSaysWhyNot(t *testing.T) {
	within(t, func(s *scene) {
		if err := s.notifier.Test(s.Context(), s.channel.ID); err != nil {
			s.Fatal(err)
		}
		if told := s.told(); len(told) != 1 || !strings.HasPrefix(told[0], "Culvert: a test") {
			s.Errorf("it told %q", told)
		}
		s.set(func() { s.down = errors.New("broken") })
		if err := s.notifier.Test(s.Context(), s.channel.ID); err == nil {
			s.Error("a test that failed is taken for a good one")
		}
		if err := s.notifier.Test(s.Context(), 99); !errors.Is(err, notify.ErrNotFound) {
			s.Errorf("of no channel: %v", err)
		}
	})
}

func TestASignOfLifeIsGivenOnlyAfterGoodRounds(t *testing.T) {
	const url = "https://hc-ping.com/0000"
	within(t, func(s *scene) {
		if err := s.notifier.SetHeartbeat(s.Context(), secret.New("hc-ping.com")); err == nil || strings.Contains(err.Error(), "hc-ping.com ") {
			s.Errorf("of no web address it says %v", err)
		}
		if err := s.notifier.SetHeartbeat(s.Context(), secret.New(url+"/")); err != nil {
			s.Fatal(err)
		}
		s.serve()
		time.Sleep(5 * time.Minute)
		pinged := func() []string {
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			got := s.pings
			s.pings = nil
			return got
		}
		if got := pinged(); len(got) != 0 {
			s.Errorf("while nothing is known it asked %q", got)
		}
		s.set(func() { s.heart = notify.Heart{Good: true} })
		s.open("door", setup.SeverityRisk) // what is told beside it changes nothing
		time.Sleep(5*time.Minute - 2*time.Second)
		if got := pinged(); len(got) != 5 || got[0] != url {
			s.Errorf("while all is well it asked %q", got)
		}
		s.set(func() { s.heart = notify.Heart{Broken: true} })
		time.Sleep(2 * time.Second)
		if got := pinged(); len(got) != 1 || got[0] != url+"/fail" {
			s.Errorf("just after something broke it asked %q", got)
		}
		time.Sleep(5*time.Minute + 2*time.Second)
		if got := pinged(); len(got) != 5 || got[0] != url+"/fail" {
			s.Errorf("while something is broken it asked %q", got)
		}
		if state, err := s.notifier.State(s.Context()); err != nil || !state.Heartbeat.Set || !state.Heartbeat.Failed {
			s.Errorf("the state is %+v, %v", state.Heartbeat, err)
		}
		if err := s.notifier.SetHeartbeat(s.Context(), secret.Text{}); err != nil {
			s.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if got := pinged(); len(got) != 0 {
			s.Errorf("without an address it asked %q", got)
		}
	})
}

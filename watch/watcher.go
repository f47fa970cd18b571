package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// TopicWatch is published when something else is known of a setup: its
// condition, its findings, their fixes.
const TopicWatch = "watch"

// Engine plans and repairs.
type Engine interface {
	Survey(context.Context, engine.Reach) (engine.Survey, error)
	Mend(ctx context.Context, id setup.SetupID, keys []setup.Key, hashes, findings []string, actor string) (engine.Run, error)
}

// Prober makes the checks and asks the Docker host.
type Prober interface {
	Beside(context.Context, setup.Answers) []setup.Evidence
	Outside(context.Context, setup.Answers) []setup.Evidence
	Port(context.Context, setup.Answers) []setup.Evidence
	Others(context.Context, setup.Answers) []setup.Evidence
	Private(ctx context.Context, a setup.Answers, only ...setup.Check) []setup.Evidence
	// Facts tells of the containers of several setups, from one look.
	Facts(context.Context, ...setup.Answers) []found.Facts
}

// Host tells what happens to containers and networks. One event of kind
// "engine" says that others may have been missed.
type Host interface {
	Watch(ctx context.Context, since time.Time) (<-chan found.Event, error)
}

// Routes compares the doors with the addresses of the running app.
type Routes interface {
	// Known is what was last found; nil: nothing yet.
	Known(context.Context, setup.SetupID) (*setup.RouteReview, error)
	// Review reads the app's addresses now. Nil: nobody can read them. The error
	// says that they could not be read this time.
	Review(context.Context, setup.SetupID) (*setup.RouteReview, error)
}

// Store keeps what must survive the process.
type Store interface {
	Approved(context.Context) (map[setup.SetupID]setup.Revision, error)
	Evidence(context.Context, setup.SetupID) ([]setup.Evidence, error)
	SaveEvidence(context.Context, setup.SetupID, []setup.Evidence) error
	SaveReadings(context.Context, setup.SetupID, []setup.Reading) error
	RollUp(ctx context.Context, now time.Time) error
	Runs(ctx context.Context, of setup.SetupID, limit int) ([]setup.Run, error)
	RunChanges(ctx context.Context, run int64) ([]setup.RunChange, error)
	Standing(context.Context) ([]setup.Incident, error)
	SaveIncident(context.Context, setup.Incident, []setup.Audit) (setup.Incident, error)
	Automatic(context.Context, setup.SetupID) ([]setup.Automatic, error)
	SaveAudit(context.Context, setup.Audit) error
}

// Herald is told of incidents, after they were stored. It must not wait.
type Herald interface {
	Opened(setup.Incident)
	Closed(setup.Incident)
}

// Options are what a Watcher is made of.
type Options struct {
	Store  Store
	Engine Engine
	Prober Prober
	Host   Host // nil: no events
	Notify engine.Notifier
	Herald Herald // nil: nobody is told
	Routes Routes // nil: they are not compared
	// Accounts tells who changed something; nil: nobody asks.
	Accounts Accounts
	Clock    engine.Clock
	Log      *slog.Logger
	Pace     Pace
	// Viewed says whether somebody has a page about a setup open.
	Viewed func(setup string) bool
	// Calls counts the calls that were made to Cloudflare so far.
	Calls func() uint64
	// Downtime is how long the last restart of a service took; nil: not known.
	Downtime func(project, service string) time.Duration
	Seed     uint64 // of the jitter
}

// Watcher keeps setups under observation. Make one per process; it does nothing
// until Serve or Examine is called. It is safe for concurrent use.
type Watcher struct {
	Options
	poke chan struct{}

	mu      sync.Mutex
	news    map[setup.SetupID]bool // of runs and answers
	looked  map[setup.SetupID]time.Time
	hurried map[setup.SetupID]bool // to be looked at now
	touched bool                   // the host is
	reports map[setup.SetupID]Report
	beat    time.Time // when the heart beat last
	stuck   time.Time // since when a look is under way; zero: none is
	began   time.Time // when Serve was called; zero: never
}

// New makes a watcher.
func New(o Options) *Watcher {
	o.Pace = o.Pace.orDefault()
	if o.Viewed == nil {
		o.Viewed = func(string) bool { return false }
	}
	if o.Calls == nil {
		o.Calls = func() uint64 { return 0 }
	}
	return &Watcher{
		Options: o, poke: make(chan struct{}, 1),
		news: map[setup.SetupID]bool{}, looked: map[setup.SetupID]time.Time{}, hurried: map[setup.SetupID]bool{}, reports: map[setup.SetupID]Report{},
	}
}

// Report is what is known of one setup.
type Report struct {
	Setup     setup.SetupID
	Answers   setup.Answers
	At        time.Time // when it was put together
	Condition diagnosis.Condition
	Plan      setup.Plan
	Seen      engine.Seen
	Facts     found.Facts
	Replicas  []setup.Replica  // the connectors, as Cloudflare sees them
	Evidence  []setup.Evidence // that counts
	Standing  []setup.Incident // oldest first
	Run       *setup.Run       // the newest
	// Stopped says of findings that are repaired by themselves why that was
	// given up: by finding.
	Stopped map[string]string
	// Untold says why who changed something cannot be told; empty: it can, or
	// nobody asked.
	Untold string
}

// Busy says whether a run is at work: then what is known is from before it.
func (r Report) Busy() bool {
	return r.Run != nil && !r.Run.State.Over() && r.Run.State != setup.RunParked
}

// Report gives what is known of a setup without looking. It is not there until
// the first look ended.
func (w *Watcher) Report(id setup.SetupID) (Report, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, ok := w.reports[id]
	return r, ok
}

// Look says that somebody looks at a setup now: it is looked at more often for a
// while.
func (w *Watcher) Look(id setup.SetupID) {
	w.mu.Lock()
	first := w.Clock.Now().Sub(w.looked[id]) > lookLasts
	w.looked[id] = w.Clock.Now()
	w.mu.Unlock()
	if first {
		w.wake()
	}
}

// Hurry looks at everything of a setup again, as soon as the budget of calls
// lets. What costs others something waits for its turn.
func (w *Watcher) Hurry(id setup.SetupID) {
	w.mu.Lock()
	w.hurried[id] = true
	w.mu.Unlock()
	w.wake()
}

// Touched says that something on this host is not as it was, of which no event of
// Docker tells: the host is looked at now.
func (w *Watcher) Touched() {
	w.mu.Lock()
	w.touched = true
	w.mu.Unlock()
	w.wake()
}

// lookLasts is how long a page counts as open after it was shown, besides those
// that are kept up to date.
const lookLasts = 30 * time.Second

func (w *Watcher) watched(id setup.SetupID) bool {
	w.mu.Lock()
	at, ok := w.looked[id]
	w.mu.Unlock()
	return ok && w.Clock.Now().Sub(at) < lookLasts || w.Viewed(string(id))
}

// Tell passes on what the engine publishes.
func (w *Watcher) Tell(id, topic string) {
	if topic != engine.TopicRun {
		return
	}
	w.mu.Lock()
	w.news[setup.SetupID(id)] = true
	w.mu.Unlock()
	w.wake()
}

func (w *Watcher) wake() {
	select {
	case w.poke <- struct{}{}:
	default: // it is awake already
	}
}

// Health is how the watcher itself is.
type Health struct {
	Alive bool
	Began time.Time // when it began to watch; zero: not yet
	Beat  time.Time // when it last did something
	// Looking is since when a look at the host or at accounts is under way; zero:
	// none is.
	Looking time.Time
	Setups  int
}

// silence is how long the heart may be quiet: it beats every few seconds.
const silence = time.Minute

// longestLook is how long a look may take. Whoever is asked in it has less time
// to answer.
const longestLook = 4 * time.Minute

// Health says whether the watcher does its work: that it beats, and that its
// looks end.
func (w *Watcher) Health() Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Clock.Now()
	beats := !w.began.IsZero() && now.Sub(w.beat) < silence
	looks := w.stuck.IsZero() || now.Sub(w.stuck) < longestLook
	return Health{Alive: beats && looks, Began: w.began, Beat: w.beat, Looking: w.stuck, Setups: len(w.reports)}
}

// Reports gives what is known of all setups.
func (w *Watcher) Reports() []Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Report
	for _, id := range sortedIDs(w.reports) {
		all = append(all, w.reports[id])
	}
	return all
}

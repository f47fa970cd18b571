package watch_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/store"
	"github.com/culvert/culvert/watch"
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

// scene is a watcher over small worlds, with the real store.
type scene struct {
	*testing.T
	watcher *watch.Watcher
	store   *store.Store
	engine  *fakeEngine
	prober  *fakeProber
	host    *fakeHost
	herald  *fakeHerald
	dir     string
	viewed  bool
	change  func(*watch.Options)
}

// within plays a scene in a bubble whose time passes by itself.
func within(t *testing.T, f func(*scene), ids ...setup.SetupID) {
	t.Helper()
	if len(ids) == 0 {
		ids = []setup.SetupID{"ocs"}
	}
	var all []setup.Answers
	for _, id := range ids {
		all = append(all, setuptest.Sample(id))
	}
	withinOf(t, f, all...)
}

// withinOf is the same with setups of one's own.
func withinOf(t *testing.T, f func(*scene), all ...setup.Answers) {
	t.Helper()
	t.Parallel() // each has a disk to wait for
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, dir: dir}
		s.open()
		s.engine = &fakeEngine{scene: s, worlds: map[setup.SetupID]*setuptest.World{}, seen: map[setup.SetupID][]setup.Object{}, cloudAt: map[setup.SetupID]time.Time{}, cost: 8}
		for _, a := range all {
			s.engine.worlds[a.Setup] = setuptest.New(t, a)
			s.agree(a)
		}
		s.prober = &fakeProber{engine: s.engine, says: map[string]setup.Answerer{}, slow: 80 * time.Millisecond}
		s.host = &fakeHost{}
		s.herald = &fakeHerald{}
		s.restart()
		f(s)
	})
}

func (s *scene) open() {
	s.Helper()
	var err error
	if s.store, err = store.Open(s.Context(), filepath.Join(s.dir, "data"), store.Options{}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			s.Error(err)
		}
	})
}

// agree approves answers.
func (s *scene) agree(a setup.Answers) {
	s.Helper()
	if err := s.store.SaveSetup(s.Context(), setup.Setup{ID: a.Setup}); err != nil {
		s.Fatal(err)
	}
	if _, err := s.store.Approve(s.Context(), setup.Revision{Setup: a.Setup, Answers: &a}, setup.Audit{Action: "approved"}); err != nil {
		s.Fatal(err)
	}
}

// restart makes a new watcher, as a new process would.
func (s *scene) restart() {
	o := watch.Options{
		Store: s.store, Engine: s.engine, Prober: s.prober, Host: s.host, Herald: s.herald,
		Notify: publisher{}, Clock: clock{}, Log: slog.New(slog.DiscardHandler), Seed: 7,
		Viewed: func(string) bool { return s.viewed }, Calls: s.engine.calls,
	}
	if s.change != nil {
		s.change(&o)
	}
	s.watcher = watch.New(o)
}

type publisher struct{}

func (publisher) Publish(string, string) {}

// serve lets the watcher work until stop or the end of the test.
func (s *scene) serve() (stop func()) {
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.watcher.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.Errorf("the watcher ended badly: %v", err)
		}
	})
	s.Cleanup(stop)
	return stop
}

// pass lets time pass.
func (s *scene) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *scene) world() *setuptest.World { return s.engine.worlds["ocs"] }

// meddle is somebody changing the world behind our back.
func (s *scene) meddle(f func(*setuptest.World)) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	f(s.engine.worlds["ocs"])
}

func (s *scene) report() watch.Report {
	s.Helper()
	r, ok := s.watcher.Report("ocs")
	if !ok {
		s.Fatal("nothing is known yet")
	}
	return r
}

func (s *scene) findings() []string {
	s.Helper()
	var ids []string
	for _, f := range s.report().Condition.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

// wantFindings fails unless exactly these are known.
func (s *scene) wantFindings(when string, ids ...string) {
	s.Helper()
	if got := s.findings(); !slices.Equal(got, ids) {
		s.Fatalf("%s the findings are %v, want %v", when, got, ids)
	}
}

func (s *scene) incidents() []setup.Incident {
	s.Helper()
	all, err := s.store.Incidents(s.Context(), "ocs", 0, 0)
	if err != nil {
		s.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

func (s *scene) dropDoor() {
	s.meddle(func(w *setuptest.World) { w.Alter(w.Answers.DoorKey(w.Answers.Doors[1]), setuptest.Gone) })
	s.prober.fail(setup.ByAccess, "whatsapp/1")
}

// fakeEngine shows worlds as the real one would, and notes what was asked.
type fakeEngine struct {
	*scene
	mu      sync.Mutex
	worlds  map[setup.SetupID]*setuptest.World
	seen    map[setup.SetupID][]setup.Object // what the last looks showed
	cloudAt map[setup.SetupID]time.Time      // when the account was looked at
	cost    uint64
	made    uint64
	looks   []time.Time // at the account
	hosts   []time.Time
	edges   int // looks for what stops callers at the edge
	mended  []setup.Run
	err     error
	slow    time.Duration
	hangs   func(engine.Reach) time.Duration // nil: no look does
}

func (e *fakeEngine) calls() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.made
}

func (e *fakeEngine) Survey(_ context.Context, again engine.Reach) (engine.Survey, error) {
	e.mu.Lock()
	hangs := e.hangs
	e.mu.Unlock()
	time.Sleep(e.slow)
	if hangs != nil {
		time.Sleep(hangs(again))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	cloud := slices.Contains(again.Accounts, setuptest.Account)
	if cloud {
		e.looks = append(e.looks, time.Now())
		e.made += e.cost
	}
	if len(again.Edge) > 0 {
		e.edges++
	}
	if again.Host {
		e.hosts = append(e.hosts, time.Now())
	}
	if e.err != nil {
		return engine.Survey{}, e.err
	}
	out := engine.Survey{Plans: map[setup.SetupID]engine.Planned{}}
	for id, w := range e.worlds {
		now := time.Now()
		if cloud || e.seen[id] == nil {
			e.cloudAt[id] = now
		}
		e.glance(w, cloud || e.seen[id] == nil, again.Host || e.seen[id] == nil)
		view := *w
		view.Objects = e.seen[id]
		out.Plans[id] = engine.Planned{Setup: id, At: now, Seen: engine.Seen{Cloud: e.cloudAt[id], Docker: now, Files: now}, Answers: &w.Answers, Plan: view.Plan(), Ledger: w.Ledger.Clone(), World: view.Look()}
	}
	return out, nil
}

// glance renews what is seen of some places.
func (e *fakeEngine) glance(w *setuptest.World, cloud, host bool) {
	id := w.Answers.Setup
	renew := func(k setup.Kind) bool {
		if k.Place() == setup.AtDocker || k.Place() == setup.AtFiles {
			return host
		}
		return cloud
	}
	var seen []setup.Object
	for _, o := range e.seen[id] {
		if !renew(o.State.Kind()) {
			seen = append(seen, o)
		}
	}
	for _, o := range w.Objects {
		if renew(o.State.Kind()) {
			seen = append(seen, o)
		}
	}
	e.seen[id] = seen
}

func (e *fakeEngine) Mend(ctx context.Context, id setup.SetupID, keys []setup.Key, hashes, findings []string, actor string) (engine.Run, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	run, err := e.store.CreateRun(ctx, setup.Run{Setup: id, Revision: 1, Approved: hashes, Only: keys, Mends: findings, Actor: actor,
		Created: time.Now()}, setup.Audit{Action: "requested"})
	if err == nil {
		e.mended = append(e.mended, run)
	}
	return run, err
}

// changed has a run have changed things.
func (s *scene) changed(run setup.Run, keys ...setup.Key) {
	s.Helper()
	for _, k := range keys {
		if err := s.store.SaveRunChange(s.Context(), setup.RunChange{Run: run.ID, Key: k, State: setup.ChangeDone}); err != nil {
			s.Fatal(err)
		}
	}
}

// finish ends a run, and lets the watcher know.
func (s *scene) finish(run setup.Run, state setup.RunState, note string) {
	s.Helper()
	run.State, run.Note, run.Ended = state, note, time.Now()
	if err := s.store.SaveRun(s.Context(), run, nil); err != nil {
		s.Fatal(err)
	}
	s.watcher.Tell(string(run.Setup), engine.TopicRun)
}

func (s *scene) mended() []setup.Run {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return slices.Clone(s.engine.mended)
}

func (s *scene) looks() []time.Time {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return slices.Clone(s.engine.looks)
}

// fakeProber answers as it should, but for what a test has it say.
type fakeProber struct {
	engine *fakeEngine
	mu     sync.Mutex
	says   map[string]setup.Answerer // by check: who answers instead
	asked  map[string]int
	spoil  func(c setup.Check) (setup.Answerer, bool)
	slow   time.Duration
	jitter func() time.Duration // added to slow
	facts  func(*found.Facts)
}

func (p *fakeProber) fail(by setup.Answerer, ids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		p.says[id] = by
	}
}

func (p *fakeProber) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.says)
}

func (p *fakeProber) count(id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[id]
}

func (p *fakeProber) see(c setup.Check) setup.Evidence {
	at := time.Now()
	p.mu.Lock()
	slow := p.slow
	if p.jitter != nil {
		slow += p.jitter()
	}
	p.mu.Unlock()
	time.Sleep(slow)
	v := setup.Evidence{Check: c, At: at, Took: slow, OK: true, By: setup.ByApp, Detail: "as it should be"}
	if c.Locked {
		v.By = setup.ByAccess
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[string]int{}
	}
	p.asked[c.ID]++
	by, bad := p.says[c.ID]
	if !bad && p.spoil != nil {
		by, bad = p.spoil(c)
	}
	if bad {
		v.OK, v.By, v.Detail = false, by, "not as it should be"
	}
	return v
}

func (p *fakeProber) Outside(_ context.Context, a setup.Answers) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range a.Checks {
		all = append(all, p.see(c))
	}
	return all
}

func (p *fakeProber) Beside(_ context.Context, a setup.Answers) []setup.Evidence {
	all := []setup.Evidence{p.see(setup.Check{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"})}
	for _, c := range a.Checks {
		if !c.Locked && !c.Metadata {
			c.ID = setup.BesidePrefix + c.ID
			all = append(all, p.see(c))
		}
	}
	return all
}

func (p *fakeProber) Port(context.Context, setup.Answers) []setup.Evidence {
	return []setup.Evidence{p.see(setup.Check{ID: setup.PortCheck, Name: "The published port"})}
}

func (p *fakeProber) Others(context.Context, setup.Answers) []setup.Evidence {
	return []setup.Evidence{p.see(setup.Check{ID: setup.FrontsCheck, Name: "Other ways in"})}
}

func (p *fakeProber) Private(_ context.Context, _ setup.Answers, only ...setup.Check) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range only {
		all = append(all, p.see(c))
	}
	return all
}

func (p *fakeProber) Facts(_ context.Context, all ...setup.Answers) []found.Facts {
	facts := make([]found.Facts, len(all))
	for i := range all {
		facts[i] = found.Facts{At: time.Now(), App: found.Service{Name: "web", Containers: 1, Running: 1, Networks: []string{all[i].Stack.Network}},
			Connector: found.Service{Containers: 1, Running: 1}, Ready: found.Ready{Answered: true, Ready: true, Connections: 4}}
		if p.facts != nil {
			p.facts(&facts[i])
		}
	}
	return facts
}

// fakeHost tells what a test has happen on it.
type fakeHost struct {
	mu      sync.Mutex
	streams []chan found.Event
	down    error
	asked   int
}

func (h *fakeHost) Watch(ctx context.Context, _ time.Time) (<-chan found.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	if h.down != nil {
		return nil, h.down
	}
	ch := make(chan found.Event, 16)
	h.streams = append(h.streams, ch)
	context.AfterFunc(ctx, func() { h.breakOff() })
	return ch, nil
}

func (h *fakeHost) happen(e found.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ch := range h.streams {
		ch <- e
	}
}

// breakOff ends every stream, as an engine that restarts does.
func (h *fakeHost) breakOff() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ch := range h.streams {
		close(ch)
	}
	h.streams = nil
}

// fakeHerald notes what it was told.
type fakeHerald struct {
	mu   sync.Mutex
	told []string
}

func (h *fakeHerald) Opened(i setup.Incident) { h.note("opened " + i.Finding.ID) }
func (h *fakeHerald) Closed(i setup.Incident) { h.note("closed " + i.Finding.ID) }

func (h *fakeHerald) note(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, text)
}

func (h *fakeHerald) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told)
}

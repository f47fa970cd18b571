package engine_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
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

// prober gives whatever evidence a test has it give, and holds by default.
type prober struct {
	world *world
	mu    sync.Mutex
	give  map[string]func(setup.Answers) []setup.Evidence
}

func (p *prober) says(what string, f func(setup.Answers) []setup.Evidence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give[what] = f
}

func (p *prober) ask(what string, a setup.Answers, otherwise []setup.Evidence) []setup.Evidence {
	p.world.note("prove %s", what)
	p.mu.Lock()
	f := p.give[what]
	p.mu.Unlock()
	if f != nil {
		return f(a)
	}
	return otherwise
}

func (p *prober) Beside(_ context.Context, a setup.Answers) []setup.Evidence {
	v := holds(a.Checks[0])
	v.Check.ID = "beside/" + v.Check.ID
	return p.ask("beside", a, []setup.Evidence{v})
}

func (p *prober) Outside(_ context.Context, a setup.Answers) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range a.Checks {
		all = append(all, holds(c))
	}
	return p.ask("outside", a, all)
}

func (p *prober) Closed(_ context.Context, a setup.Answers) []setup.Evidence {
	return p.ask("closed", a, []setup.Evidence{holds(setup.Check{ID: "port", Name: "The published port"})})
}

func (p *prober) Private(_ context.Context, a setup.Answers, only ...setup.Check) []setup.Evidence {
	if a.Private == nil {
		return nil
	}
	checks := a.PrivateChecks()
	if len(only) > 0 {
		checks = only
	}
	var all []setup.Evidence
	for _, c := range checks {
		if c.ID != setup.RouteCheck {
			all = append(all, holds(c))
		}
	}
	return p.ask("private", a, all)
}

func holds(c setup.Check) setup.Evidence {
	by := setup.ByApp
	if c.Locked {
		by = setup.ByAccess
	}
	return setup.Evidence{Check: c, At: time.Now(), By: by, OK: true, Detail: "as it should be"}
}

func fails(c setup.Check, by setup.Answerer, why string) []setup.Evidence {
	return []setup.Evidence{{Check: c, At: time.Now(), By: by, Detail: why}}
}

// pages notes what was published and what a page would have read at that moment.
type pages struct {
	mu   sync.Mutex
	seen []string
	read func(of, topic string) string
}

func (p *pages) Publish(of, topic string) {
	text := topic
	if p.read != nil {
		text = p.read(of, topic)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, text)
}

func (p *pages) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// harness is an engine over the real store and a small world.
type harness struct {
	*testing.T
	engine  *engine.Engine
	store   *store.Store
	world   *world
	prober  *prober
	pages   *pages
	answers setup.Answers
}

// within runs a test in a bubble whose time passes by itself.
func within(t *testing.T, f func(*testing.T, *harness)) {
	t.Helper()
	t.Parallel() // each has a disk to wait for
	synctest.Test(t, func(t *testing.T) { f(t, newHarness(t, sample("ocs", host))) })
}

func newHarness(t *testing.T, apps ...setup.Answers) *harness {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, a := range apps {
		if err := s.SaveSetup(t.Context(), setup.Setup{ID: a.Setup, Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(apps...)
	h := &harness{T: t, store: s, world: w, pages: &pages{}, answers: apps[0],
		prober: &prober{world: w, give: map[string]func(setup.Answers) []setup.Evidence{}}}
	h.engine = h.process(s)
	return h
}

// process is a new process over the same world, with a store of its own choice.
func (h *harness) process(s engine.Store) *engine.Engine {
	ports := engine.Ports{
		Cloud:  port{h.world, []setup.Place{setup.AtAccount, setup.AtZone}},
		Docker: port{h.world, []setup.Place{setup.AtDocker}},
		Files:  port{h.world, []setup.Place{setup.AtFiles}},
	}
	return engine.New(engine.Options{Store: s, Ports: ports, Prober: h.prober, Notify: h.pages, Clock: clock{},
		Log: slog.New(slog.DiscardHandler)})
}

// start asks for a run of all that the plan shows, through a step.
func (h *harness) start(a *setup.Answers, through setup.Step) engine.Run {
	h.Helper()
	id := h.answers.Setup
	if a != nil {
		id = a.Setup
	}
	p, err := h.engine.Plan(h.Context(), id, a)
	if err != nil {
		h.Fatal(err)
	}
	run, err := h.engine.Start(h.Context(), engine.Request{Setup: id, Answers: a, Through: through, Hashes: p.Plan.Hashes(), Actor: "ana"})
	if err != nil {
		h.Fatal(err)
	}
	return run
}

// run starts a run and carries it out.
func (h *harness) run(through setup.Step) engine.Run {
	h.Helper()
	return h.execute(h.start(&h.answers, through))
}

func (h *harness) execute(run engine.Run) engine.Run {
	h.Helper()
	run, err := h.engine.Execute(h.Context(), run)
	if err != nil {
		h.Fatalf("the run broke: %v", err)
	}
	return run
}

// serve lets an engine work in the background, until the test or stop ends it.
func (h *harness) serve(e *engine.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(h.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			h.Errorf("the engine ended badly: %v", err)
		}
	})
	h.Cleanup(stop)
	return stop
}

// settle waits until nothing moves any more, without letting time pass.
func (h *harness) settle() { synctest.Wait() }

func (h *harness) stored(run engine.Run) engine.Run {
	h.Helper()
	r, err := h.store.Run(h.Context(), run.ID)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

func (h *harness) wantState(run engine.Run, want engine.RunState, note string) {
	h.Helper()
	stored := h.stored(run)
	if stored.State != want {
		h.Fatalf("the run is %s (%s), want %s", stored.State, stored.Note, want)
	}
	if !strings.Contains(stored.Note, note) {
		h.Errorf("the run's note is %q, want it to say %q", stored.Note, note)
	}
}

// wantNothingLeft fails if anything is still to be done, or exists twice.
func (h *harness) wantNothingLeft() {
	h.Helper()
	p, err := h.engine.Plan(h.Context(), h.answers.Setup, &h.answers)
	if err != nil {
		h.Fatal(err)
	}
	if !p.Plan.Empty() {
		h.Errorf("there is something left:\n%s", p.Plan)
	}
	for kind, want := range map[setup.Kind]int{
		setup.KindTunnel: 1, setup.KindPolicy: 2, setup.KindApp: 2, setup.KindIngress: 1, setup.KindDNSRecord: 1,
		setup.KindLoginMethod: 1, setup.KindConnector: 1, setup.KindConnectorFile: 1,
	} {
		if got := len(h.world.all(kind)); got != want {
			h.Errorf("there are %d of %s, want %d", got, kind, want)
		}
	}
}

func (h *harness) history() []engine.Audit {
	h.Helper()
	log, err := h.store.AuditLog(h.Context(), h.answers.Setup, 0, 0)
	if err != nil {
		h.Fatal(err)
	}
	slices.Reverse(log)
	return log
}

func (h *harness) progress(run engine.Run) []engine.RunChange {
	h.Helper()
	changes, err := h.store.RunChanges(h.Context(), run.ID)
	if err != nil {
		h.Fatal(err)
	}
	return changes
}

package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/setup"
)

var errDead = errors.New("the process is dead")

// death says at which kind of call a process ends.
type death string

const (
	looking death = "at a look"
	before  death = "before a change"
	after   death = "after a change took effect"
)

// mortal is the life of one process: it ends at a chosen call to a Port. From
// then on nothing that the process does reaches the world or the disk.
type mortal struct {
	at   int // which call of the kind it is; 0: never
	how  death
	kill context.CancelFunc

	mu    sync.Mutex
	calls int
	dead  bool
	last  string // the call at which it ended
}

// reach counts a call. It says whether the call takes place, and whether its
// answer comes back.
func (m *mortal) reach(what string, looks bool) (happens, answers bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return false, false
	}
	if looks != (m.how == looking) {
		return true, true
	}
	m.calls++
	if m.calls != m.at {
		return true, true
	}
	m.dead, m.last = true, what
	m.kill()
	return m.how == after, false
}

func (m *mortal) alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	return nil
}

// mortalPort is a Port as a process that may end sees it.
type mortalPort struct {
	setup.Port
	life *mortal
	name string
}

func (p mortalPort) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	if _, answers := p.life.reach("looking at "+p.name, true); !answers {
		return setup.World{}, errDead
	}
	w, err := p.Port.Observe(ctx, v)
	return w, errors.Join(err, p.life.alive())
}

func (p mortalPort) Do(ctx context.Context, c setup.Call) ([]setup.Outcome, error) {
	happens, answers := p.life.reach(string(c.Entries[0].Verb)+" "+c.Entries[0].Key.Short(), false)
	if !happens {
		return nil, errDead
	}
	outs, err := p.Port.Do(ctx, c)
	if !answers {
		return nil, errDead
	}
	return outs, errors.Join(err, p.life.alive())
}

// mortalStore is the disk of such a process.
type mortalStore struct {
	engine.Store
	life *mortal
}

func (s mortalStore) SaveRecords(ctx context.Context, c []engine.RecordChange, a []engine.Audit) error {
	if err := s.life.alive(); err != nil {
		return err
	}
	return s.Store.SaveRecords(ctx, c, a)
}

func (s mortalStore) SaveRun(ctx context.Context, r engine.Run, a []engine.Audit) error {
	if err := s.life.alive(); err != nil {
		return err
	}
	return s.Store.SaveRun(ctx, r, a)
}

func (s mortalStore) SaveRunChange(ctx context.Context, c engine.RunChange) error {
	if err := s.life.alive(); err != nil {
		return err
	}
	return s.Store.SaveRunChange(ctx, c)
}

func (s mortalStore) SaveEvidence(ctx context.Context, id setup.SetupID, v []setup.Evidence) error {
	if err := s.life.alive(); err != nil {
		return err
	}
	return s.Store.SaveEvidence(ctx, id, v)
}

// patient is one workspace on which process after process works.
type patient struct {
	*testing.T
	*workspace
	world *stranger
	id    setup.SetupID
	want  *setup.Answers
	// later is how far the account's clock is ahead: process after process makes
	// more calls than an account allows in real time.
	later atomic.Int64
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{T: t}
	s := newShop(t)
	s.clock = func() time.Time { return time.Now().Add(time.Duration(p.later.Load())) }
	w, world := s.workspace(t.Context())
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	answers, _, err := w.journey.FromFile(t.Context(), exampleFile(t), world.Token())
	if err != nil {
		t.Fatal(err)
	}
	p.workspace, p.world, p.id, p.want = w, world, answers.Setup, &answers
	return p
}

// process is an engine of its own over the same disk and world.
func (p *patient) process(life *mortal) *engine.Engine {
	p.later.Add(int64(5 * time.Minute))
	p.cloud.Use(p.world.Token()) // a client of its own
	o := p.engine.Options
	o.Store = mortalStore{p.store, life}
	o.Notify = live.New() // nobody listens
	o.Ports = engine.Ports{
		Cloud:  mortalPort{p.engine.Ports.Cloud, life, "the account"},
		Docker: mortalPort{p.engine.Ports.Docker, life, "Docker"},
		Files:  mortalPort{p.engine.Ports.Files, life, "the files"},
	}
	return engine.New(o)
}

// request starts a run of all that the plan shows; nil answers take down.
func (p *patient) request(a *setup.Answers) setup.Run {
	p.Helper()
	plan, err := p.engine.Plan(p.Context(), p.id, a)
	if err != nil {
		p.Fatal(err)
	}
	run, err := p.engine.Start(p.Context(), engine.Request{Setup: p.id, Answers: a, Through: setup.StepRemove, Hashes: plan.Plan.Hashes(), Actor: "ana"})
	if err != nil {
		p.Fatal(err)
	}
	return run
}

// live carries a run out as far as a process lives.
func (p *patient) live(life *mortal, run setup.Run) (setup.Run, error) {
	ctx, cancel := context.WithCancel(p.Context())
	defer cancel()
	life.kill = cancel
	return p.process(life).Execute(ctx, run)
}

// survive carries a run out by process after process, each of which ends at a
// call; the last one lives. It gives the calls at which they ended.
func (p *patient) survive(run setup.Run, lives ...*mortal) (ends []string) {
	p.Helper()
	for _, life := range append(lives, &mortal{}) {
		stored, err := p.store.Run(p.Context(), run.ID)
		if err != nil {
			p.Fatal(err)
		}
		if stored.State.Over() {
			p.Fatalf("killed at %q, the run was written down as %s: %s", ends, stored.State, stored.Note)
		}
		run, err = p.live(life, stored)
		if life.last == "" {
			if err != nil || run.State != setup.RunSucceeded {
				p.Fatalf("killed at %q and begun again, the run is %s (%s), %v", ends, run.State, run.Note, err)
			}
			return ends
		}
		ends = append(ends, life.last)
	}
	return ends
}

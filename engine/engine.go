package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/culvert/culvert/setup"
)

// Clock is time, injected so that tests need not wait.
type Clock interface {
	Now() time.Time
	// Sleep waits, or ends early with the context's error.
	Sleep(context.Context, time.Duration) error
}

// Notifier is told, after a commit, that something changed: a page re-reads it.
type Notifier interface {
	Publish(setup, topic string)
}

// Topics that the engine publishes.
const (
	TopicRun   = "run"   // a run or one of its changes moved
	TopicPlan  = "plan"  // the plan is another one
	TopicProof = "proof" // new evidence
)

// Ports are the three sides of the world.
type Ports struct {
	Cloud  setup.Port
	Docker setup.Port
	Files  setup.Port // of this server's disk, certificates as well
}

// of gives the Port that keeps a kind.
func (p Ports) of(k setup.Kind) setup.Port {
	switch k.Place() {
	case setup.AtDocker:
		return p.Docker
	case setup.AtFiles, setup.AtCert:
		return p.Files
	}
	return p.Cloud
}

// Prober gets evidence from outside of what was written.
type Prober interface {
	// Beside asks the app and the connector directly, before anybody is sent
	// their way.
	Beside(context.Context, setup.Answers) []setup.Evidence
	// Outside asks through the public name.
	Outside(context.Context, setup.Answers) []setup.Evidence
	// Closed asks whether the app can still be reached past the tunnel.
	Closed(context.Context, setup.Answers) []setup.Evidence
	// Private asks on the private way, behind the devices: some of its checks, or
	// all of them. The route is not among them, for a look at the account tells it.
	Private(ctx context.Context, a setup.Answers, only ...setup.Check) []setup.Evidence
}

// Options are what an Engine is made of.
type Options struct {
	Store  Store
	Ports  Ports
	Prober Prober
	Notify Notifier
	Clock  Clock
	Log    *slog.Logger
	// ProofWait is how long a fresh change may take to reach Cloudflare's edge
	// before missing proof counts as failure. Default 60 s.
	ProofWait time.Duration
	// ParkCheck is how often a parked run looks whether its gate has opened.
	// Default 10 s.
	ParkCheck time.Duration
}

// Engine carries out runs. Make one per process.
type Engine struct {
	Options
	locks keyedLocks

	mu      sync.Mutex
	running map[int64]context.CancelFunc
	stopped map[int64]bool // by hand: not begun again
	wake    chan struct{}
	last    map[setup.SetupID]Planned
	moves   map[string]int // by lock name: how often a run began or ended
	busy    map[string]int // by lock name: runs at work

	memory *memory
}

// New makes an engine. It does nothing until Serve or Execute is called.
func New(o Options) *Engine {
	if o.ProofWait == 0 {
		o.ProofWait = time.Minute
	}
	if o.ParkCheck == 0 {
		o.ParkCheck = 10 * time.Second
	}
	return &Engine{
		Options: o,
		running: map[int64]context.CancelFunc{},
		stopped: map[int64]bool{},
		wake:    make(chan struct{}, 1),
		last:    map[setup.SetupID]Planned{},
		moves:   map[string]int{},
		busy:    map[string]int{},
		memory:  newMemory(),
	}
}

// Request asks for a run.
type Request struct {
	Setup setup.SetupID
	// Answers is what shall stand; nil takes everything of the setup down.
	Answers *setup.Answers
	Through setup.Step
	// Hashes are the changes that the person saw and agreed to.
	Hashes []string
	// Only limits the run to some keys; empty: everything. See Mend.
	Only  []setup.Key
	Mends []string // ids of the findings that it is to put right
	// Decision says for the history what was decided, as in "Decided to …";
	// empty: how the app shall be reached.
	Decision string
	Actor    string
}

// Invalid is bad input, field by field.
type Invalid struct{ Fields []setup.FieldError }

func (e *Invalid) Error() string {
	var parts []error
	for _, f := range e.Fields {
		parts = append(parts, f)
	}
	return errors.Join(parts...).Error()
}

// Start stores the approval and a queued run, and wakes the worker. It does not
// wait. ErrBusy: the setup has a run under way.
func (e *Engine) Start(ctx context.Context, r Request) (Run, error) {
	if r.Answers != nil {
		if bad := r.Answers.Validate(); len(bad) > 0 {
			return Run{}, &Invalid{bad}
		}
	}
	unlock, err := e.locks.lock(ctx, "approve "+string(r.Setup))
	if err != nil {
		return Run{}, err
	}
	defer unlock()
	if open, err := e.openRun(ctx, r.Setup); err != nil {
		return Run{}, err
	} else if open != nil {
		return Run{}, ErrBusy
	}
	revision, err := e.approve(ctx, r)
	if err != nil {
		return Run{}, err
	}
	now := e.Clock.Now()
	run, err := e.Store.CreateRun(ctx, Run{
		Setup: r.Setup, Revision: revision.Number, Through: r.Through, Approved: r.Hashes,
		State: RunQueued, Actor: r.Actor, Created: now, Only: r.Only, Mends: r.Mends,
	}, Audit{At: now, Setup: r.Setup, Actor: r.Actor, Action: "requested", Text: requestText(r)})
	if err != nil {
		return Run{}, fmt.Errorf("storing the run: %w", err)
	}
	e.Notify.Publish(string(r.Setup), TopicRun)
	e.Wake()
	return run, nil
}

func (e *Engine) openRun(ctx context.Context, of setup.SetupID) (*Run, error) {
	open, err := e.Store.OpenRuns(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the open runs: %w", err)
	}
	for _, run := range open {
		if run.Setup == of {
			return &run, nil
		}
	}
	return nil, nil
}

// approve stores a new revision if the answers differ from the newest one.
func (e *Engine) approve(ctx context.Context, r Request) (Revision, error) {
	all, err := e.Store.Approved(ctx)
	if err != nil {
		return Revision{}, fmt.Errorf("reading the approved answers: %w", err)
	}
	if have, ok := all[r.Setup]; ok && sameAnswers(have.Answers, r.Answers) {
		return have, nil
	}
	now := e.Clock.Now()
	revision, err := e.Store.Approve(ctx,
		Revision{Setup: r.Setup, At: now, Actor: r.Actor, Answers: r.Answers},
		Audit{At: now, Setup: r.Setup, Actor: r.Actor, Action: "approved", Text: approveText(r)})
	if err != nil {
		return Revision{}, fmt.Errorf("storing the answers: %w", err)
	}
	return revision, nil
}

// Wake makes the worker look for runs at once.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Serve carries out queued, interrupted and parked runs until the context ends,
// and waits for what it started.
func (e *Engine) Serve(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	e.Wake()
	park := e.parkTimer(ctx, &work)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.wake:
		case <-park:
			park = e.parkTimer(ctx, &work)
		}
		runs, err := e.Store.OpenRuns(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			e.Log.Error("reading the open runs", "err", err)
			continue
		}
		for _, run := range runs {
			e.begin(ctx, &work, run)
		}
	}
}

// parkTimer closes what it gives when it is time to look at parked runs again.
func (e *Engine) parkTimer(ctx context.Context, work *sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	work.Go(func() {
		defer close(done)
		_ = e.Clock.Sleep(ctx, e.ParkCheck) // the context is looked at by the caller
	})
	return done
}

// begin starts a run's goroutine unless it has one.
func (e *Engine) begin(ctx context.Context, work *sync.WaitGroup, run Run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, busy := e.running[run.ID]; busy || e.stopped[run.ID] {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	e.running[run.ID] = cancel
	work.Add(1)
	go func() {
		defer work.Done()
		defer func() {
			cancel()
			e.mu.Lock()
			delete(e.running, run.ID)
			e.mu.Unlock()
		}()
		if _, err := e.Execute(ctx, run); err != nil && ctx.Err() == nil {
			e.Log.Error("run stopped", "run", run.ID, "err", err)
		}
	}()
}

// Cancel ends a run between two calls. What was done stays done and is in the
// history.
func (e *Engine) Cancel(ctx context.Context, id int64, actor string) error {
	run, err := e.Store.Run(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	if run.State.Over() {
		return nil
	}
	e.mu.Lock()
	stop := e.running[id]
	e.stopped[id] = true
	e.mu.Unlock()
	if stop != nil {
		stop()
	}
	unlock, err := e.locks.lock(ctx, "setup "+string(run.Setup)) // after its last write
	if err != nil {
		return err
	}
	defer unlock()
	if run, err = e.Store.Run(ctx, id); err != nil || run.State.Over() {
		return err
	}
	now := e.Clock.Now()
	run.State, run.Ended, run.Note = RunCancelled, now, "Stopped by hand. What was done so far stays."
	err = e.Store.SaveRun(ctx, run, []Audit{{At: now, Setup: run.Setup, Run: run.ID, Actor: actor, Action: "cancelled", Text: run.Note}})
	e.Notify.Publish(string(run.Setup), TopicRun)
	return err
}

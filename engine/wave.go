package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/setup"
)

// parallelCalls is how many calls of one wave are under way at once.
const parallelCalls = 4

// callGrace is how long a call may take to end after its run was stopped.
const callGrace = 10 * time.Second

// wave makes the given changes: notes in our ledger at once, calls in parallel,
// one per footprint. The ending is set if one of them failed for good.
func (x *execution) wave(ctx context.Context, p Planned, changes []setup.Change) (*ending, error) {
	if !changes[0].Verb.Writes() {
		return nil, x.note(ctx, p, changes)
	}
	if x.run.Step != changes[0].Step {
		x.run.Step = changes[0].Step
		if err := x.save(ctx); err != nil {
			return nil, err
		}
	}
	for _, c := range changes {
		x.sight.changed(c.Key.Kind)
	}
	if again := x.repeated(changes); again != nil {
		return x.again(ctx, *again, &setup.Problem{Code: setup.CodeUnavailable,
			Message: "It was done, and it still does not look so. Either it takes longer than usual, or somebody undoes it. Look again later."})
	}
	calls := byFootprint(changes)
	endings := make([]*ending, len(calls))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for i, call := range calls {
		group.Go(func() (err error) {
			endings[i], err = x.call(ctx, p, call)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, end := range endings {
		if end != nil {
			return end, nil
		}
	}
	return nil, nil
}

// repeated finds a change that this run has made already: what it made is not
// to be seen yet, so making it again could leave two of it.
func (x *execution) repeated(changes []setup.Change) *setup.Change {
	i := slices.IndexFunc(changes, func(c setup.Change) bool { return x.made[c.Hash()] })
	if i < 0 {
		return nil
	}
	x.sight.clear()
	return &changes[i]
}

// byFootprint groups changes that go in one call, in the order of the plan.
func byFootprint(changes []setup.Change) [][]setup.Change {
	var calls [][]setup.Change
	at := map[string]int{}
	for _, c := range changes {
		i, known := at[c.Footprint()]
		if !known {
			i = len(calls)
			at[c.Footprint()] = i
			calls = append(calls, nil)
		}
		calls[i] = append(calls[i], c)
	}
	return calls
}

// note stores claims and releases, which change nothing but our ledger.
func (x *execution) note(ctx context.Context, p Planned, changes []setup.Change) error {
	var records []RecordChange
	var audit []Audit
	for _, c := range changes {
		r, keep := p.Ledger.Note(c)
		records = append(records, recordChange(c.Key, r, keep))
		audit = append(audit, x.audit(c, string(c.Verb), noteText(c), nil))
	}
	if err := x.Store.SaveRecords(context.WithoutCancel(ctx), records, audit); err != nil {
		return fmt.Errorf("storing what was found: %w", err)
	}
	return nil
}

func recordChange(k setup.Key, r setup.Record, keep bool) RecordChange {
	if !keep {
		return RecordChange{Key: k}
	}
	return RecordChange{Key: k, Record: &r}
}

// call makes one call: the intents are stored before it, the outcomes after it,
// even when the run is being cancelled.
func (x *execution) call(ctx context.Context, p Planned, changes []setup.Change) (*ending, error) {
	call := setup.Call{Footprint: changes[0].Footprint()}
	records := make([]setup.Record, len(changes))
	var intents []RecordChange
	for i, c := range changes {
		entry, ok := p.Plan.Entry(c, p.Ledger)
		if !ok {
			return nil, fmt.Errorf("%s refers to something that does not stand", c.Key)
		}
		call.Entries = append(call.Entries, entry)
		records[i] = p.Ledger.Begin(c, entry)
		intents = append(intents, recordChange(c.Key, records[i], true))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := x.Store.SaveRecords(ctx, intents, nil); err != nil {
		return nil, fmt.Errorf("storing what is about to be done: %w", err)
	}
	started := x.Clock.Now()
	if err := x.progress(ctx, changes, ChangeRunning, started, nil); err != nil {
		return nil, err
	}
	kind := changes[0].Key.Kind
	x.forget(kind)
	outcomes, err := x.do(ctx, x.Ports.of(kind), call)
	x.forget(kind)
	if err != nil {
		return x.unknown(ctx, changes, started, err)
	}
	return x.outcomes(ctx, changes, records, outcomes, started)
}

// forget drops what surveys saw of an account that a call writes to. Looks that
// are under way are not kept either.
func (x *execution) forget(k setup.Kind) {
	if !onHost(k) {
		x.memory.forget(x.locks)
	}
}

// do makes a call. One that is under way when the run is stopped gets the time
// to end: a run is stopped between two calls.
func (x *execution) do(ctx context.Context, port setup.Port, call setup.Call) ([]setup.Outcome, error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if x.Clock.Sleep(lasting, callGrace) == nil {
			cancel()
		}
	})
	defer stop()
	return port.Do(lasting, call)
}

// unknown is after a call whose effect nobody knows: the intents stay open and
// the next look finds out.
func (x *execution) unknown(ctx context.Context, changes []setup.Change, started time.Time, cause error) (*ending, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	problem := setup.AsProblem(cause)
	x.Log.Warn("a call ended without an answer", "change", changes[0].Key.String(), "err", cause)
	if err := x.progress(ctx, changes, ChangeFailed, started, problem); err != nil {
		return nil, err
	}
	return x.again(ctx, changes[0], problem)
}

// outcomes stores what became of each change of a call.
func (x *execution) outcomes(ctx context.Context, changes []setup.Change, records []setup.Record, outs []setup.Outcome, started time.Time) (*ending, error) {
	if len(outs) != len(changes) {
		return nil, fmt.Errorf("%d outcomes for %d changes", len(outs), len(changes))
	}
	var stored []RecordChange
	var audit []Audit
	var end *ending
	for i, c := range changes {
		r, keep := setup.Finish(records[i], c, outs[i])
		stored = append(stored, recordChange(c.Key, r, keep))
		audit = append(audit, x.audit(c, outcomeAction(outs[i]), outcomeText(c, outs[i]), outs[i].State))
	}
	if err := x.Store.SaveRecords(context.WithoutCancel(ctx), stored, audit); err != nil {
		return nil, fmt.Errorf("storing what was done: %w", err)
	}
	for i, c := range changes {
		state := ChangeDone
		if outs[i].Err != nil {
			state = ChangeFailed
		}
		if err := x.progress(ctx, changes[i:i+1], state, started, outs[i].Err); err != nil {
			return nil, err
		}
		if outs[i].Err == nil {
			x.madeIt(c)
			continue
		}
		if end != nil {
			continue
		}
		x.Log.Warn("a change was refused", "change", c.Key.String(), "err", outs[i].Err)
		var err error
		if end, err = x.refused(ctx, c, outs[i].Err); err != nil {
			return nil, err
		}
	}
	return end, nil
}

func (x *execution) madeIt(c setup.Change) {
	x.mu.Lock()
	x.made[c.Hash()] = true
	x.mu.Unlock()
}

// refused decides what a definite refusal means. What changed under our hands
// is looked at again: the new plan decides whether the approval still covers it.
func (x *execution) refused(ctx context.Context, c setup.Change, p *setup.Problem) (*ending, error) {
	if p.Code == setup.CodeChanged || p.Retryable() {
		return x.again(ctx, c, p)
	}
	return &ending{RunFailed, setup.Title(c) + ": " + p.Message, p}, nil
}

// again waits before another attempt, or gives up.
func (x *execution) again(ctx context.Context, c setup.Change, p *setup.Problem) (*ending, error) {
	x.mu.Lock()
	x.attempts[c.Key]++
	attempt := x.attempts[c.Key]
	x.mu.Unlock()
	if attempt >= maxAttempts {
		return &ending{RunFailed, setup.Title(c) + ": " + p.Message, p}, nil
	}
	return nil, x.Clock.Sleep(ctx, backoff(attempt, p.RetryAfter))
}

func (x *execution) progress(ctx context.Context, changes []setup.Change, state ChangeState, started time.Time, p *setup.Problem) error {
	for _, c := range changes {
		x.mu.Lock()
		attempt := x.attempts[c.Key] + 1
		x.mu.Unlock()
		rc := RunChange{Run: x.run.ID, Key: c.Key, Verb: c.Verb, Step: c.Step, Title: setup.Title(c),
			State: state, Attempt: attempt, Started: started, Problem: p}
		if state != ChangeRunning {
			rc.Ended = x.Clock.Now()
		}
		if err := x.Store.SaveRunChange(context.WithoutCancel(ctx), rc); err != nil {
			return fmt.Errorf("storing the progress: %w", err)
		}
	}
	x.Notify.Publish(string(x.run.Setup), TopicRun)
	return nil
}

func (x *execution) audit(c setup.Change, action, text string, after setup.State) Audit {
	return Audit{At: x.Clock.Now(), Setup: x.run.Setup, Run: x.run.ID, Actor: x.run.Actor,
		Action: action, Key: c.Key, Verb: c.Verb, Text: text, Before: c.From, After: after}
}

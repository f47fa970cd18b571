package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// maxAttempts is how often one change is tried when nobody knows whether a call
// took effect or when the other side asks for patience.
const maxAttempts = 4

// Execute carries out a run until it is over or parked. It may be called again
// for the same run at any time: it goes by what stands, never by what it
// remembers. It takes the locks of the setup, its account and its project.
func (e *Engine) Execute(ctx context.Context, run Run) (Run, error) {
	answers, err := e.answersOf(ctx, run)
	if err != nil {
		return run, err
	}
	names, err := e.lockNames(ctx, run.Setup)
	if err != nil {
		return run, err
	}
	unlock, err := e.locks.lock(ctx, names...)
	if err != nil {
		return run, err
	}
	defer unlock()
	if run, err = e.Store.Run(ctx, run.ID); err != nil {
		return run, fmt.Errorf("reading the run: %w", err)
	}
	if run.State.Over() {
		return run, nil
	}
	x := &execution{Engine: e, run: run, answers: answers, locks: names,
		attempts: map[setup.Key]int{}, made: map[string]bool{}, proven: map[setup.Step]bool{}}
	x.recall()
	defer e.moving(names)()
	return x.carryOut(ctx)
}

func (e *Engine) answersOf(ctx context.Context, run Run) (*setup.Answers, error) {
	revisions, err := e.Store.Revisions(ctx, run.Setup)
	if err != nil {
		return nil, fmt.Errorf("reading the approved answers: %w", err)
	}
	for _, r := range revisions {
		if r.Number == run.Revision {
			return r.Answers, nil
		}
	}
	return nil, fmt.Errorf("run %d belongs to revision %d, which does not exist", run.ID, run.Revision)
}

// lockNames: one run at a time for a setup, for an account and for a compose
// project, those of its earlier answers included.
func (e *Engine) lockNames(ctx context.Context, id setup.SetupID) ([]string, error) {
	names := []string{"setup " + string(id)}
	revisions, err := e.Store.Revisions(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading earlier answers: %w", err)
	}
	for _, r := range revisions {
		if r.Answers != nil {
			names = append(names, accountLock+r.Answers.Account, "project "+r.Answers.Stack.Project)
		}
	}
	return names, nil
}

const accountLock = "account "

// execution is one stretch of a run between its start, or a resume, and the
// moment it parks or ends.
type execution struct {
	*Engine
	run      Run
	answers  *setup.Answers
	locks    []string // names
	attempts map[setup.Key]int
	made     map[string]bool // by hash: changes that took place, as their call said
	sight    sight
	freshly  bool                // the newest plan was made from a look at everything
	tidied   bool                // what an earlier stretch left behind is settled
	tookBack bool                // the public name was removed again
	proven   map[setup.Step]bool // the proof before a step was given
	// openBefore says, for a limited run, what was open before it began.
	openBefore map[string]bool
	// unaskable are checks of what must be locked that Cloudflare stopped by
	// itself before a limited run began, if that run lifts it for webhooks alone.
	unaskable map[string]bool
	closes    bool // a limited run closes something that was open
}

// carryOut goes wave by wave: look, plan, compare with the approval, make what
// can be made, look again.
func (x *execution) carryOut(ctx context.Context) (Run, error) {
	if x.run.State != RunParked { // whoever waits at a gate is told when it opens
		if err := x.start(ctx); err != nil {
			return x.run, err
		}
	}
	if err := x.knowOpen(ctx); err != nil {
		return x.interrupted(ctx, err)
	}
	for {
		p, err := x.plan(ctx)
		if err != nil {
			return x.interrupted(ctx, err)
		}
		next, ended := x.next(p)
		if (ended != nil || len(next) == 0 && !x.sawItsPart()) && !x.freshly {
			x.sight.clear() // nothing ends on what was seen before the last changes
			continue
		}
		switch {
		case ended != nil:
			return x.finish(ctx, p, *ended)
		case len(next) == 0:
			return x.prove(ctx, p)
		}
		if x.run.State == RunParked {
			if err := x.start(ctx); err != nil {
				return x.run, err
			}
		}
		if !x.limited() && x.run.Step != next[0].Step && !x.freshly && next[0].Verb.Writes() {
			x.sight.clear() // a step begins with a look at everything
			continue
		}
		evidence, err := x.beforeStep(ctx, next[0])
		if err != nil {
			return x.interrupted(ctx, err)
		}
		if open := x.opened(evidence); open != nil {
			return x.takeBack(ctx, *open)
		}
		if ended := mayEnter(next[0].Step, evidence); ended != nil {
			return x.finish(ctx, p, *ended)
		}
		if ended, err := x.wave(ctx, p, next); err != nil {
			return x.interrupted(ctx, err)
		} else if ended != nil {
			return x.finish(ctx, p, *ended)
		}
	}
}

// plan looks at what may have changed since the last wave, and plans. Who holds
// the locks of a run stores how changes ended that a process left open.
func (x *execution) plan(ctx context.Context) (Planned, error) {
	x.freshly = x.sight.blank()
	p, stored, err := x.lookWith(ctx, x.run.Setup, x.answers, &x.sight)
	if err != nil {
		return Planned{}, err
	}
	x.answers = p.Answers
	if err := x.settle(ctx, stored, p); err != nil {
		return Planned{}, err
	}
	x.remember(p)
	return p, nil
}

// ending is how a run leaves the loop.
type ending struct {
	state   RunState
	note    string
	problem *setup.Problem
}

func (x *execution) start(ctx context.Context) error {
	if x.run.Started.IsZero() {
		x.run.Started = x.Clock.Now()
	}
	x.run.State, x.run.Note, x.run.Problem = RunRunning, "", nil
	return x.save(ctx)
}

func (x *execution) save(ctx context.Context, audit ...Audit) error {
	if err := x.Store.SaveRun(context.WithoutCancel(ctx), x.run, audit); err != nil {
		return fmt.Errorf("storing the run: %w", err)
	}
	x.Notify.Publish(string(x.run.Setup), TopicRun)
	return nil
}

// next gives the changes of the next wave, or how the run ends. Nothing and no
// ending means that everything asked for stands.
func (x *execution) next(p Planned) ([]setup.Change, *ending) {
	if x.limited() {
		return x.nextOfPart(p.Plan)
	}
	if extra := x.unapproved(p.Plan); len(extra) > 0 {
		return nil, &ending{state: RunNeedsApproval,
			note: fmt.Sprintf("Something is not as it was when you agreed: %s. Look at the new plan and agree again.", setup.Title(extra[0]))}
	}
	ready := p.Plan.Ready(x.run.Through)
	if notes := slices.DeleteFunc(slices.Clone(ready), func(c setup.Change) bool { return c.Verb.Writes() }); len(notes) > 0 {
		return notes, nil
	}
	step, left := firstStep(p.Plan, x.run.Through)
	if !left {
		return nil, x.barred(p.Plan)
	}
	ready = slices.DeleteFunc(ready, func(c setup.Change) bool { return c.Step != step })
	if len(ready) == 0 {
		return nil, x.barred(p.Plan)
	}
	return ready, nil
}

// unapproved lists changes that would be made and were not agreed to. Where a
// followed app is, that was agreed to when it was chosen, and a run that makes it
// anew may move it.
func (x *execution) unapproved(p setup.Plan) []setup.Change {
	var extra []setup.Change
	for _, c := range p.Changes {
		if c.Verb.Writes() && !c.Follows && c.Step.Through(x.run.Through) && !slices.Contains(x.run.Approved, c.Hash()) {
			extra = append(extra, c)
		}
	}
	return extra
}

// firstStep is the earliest step that still has something to do.
func firstStep(p setup.Plan, through setup.Step) (setup.Step, bool) {
	for _, step := range setup.Steps() {
		if step.Through(through) && len(p.Of(step)) > 0 {
			return step, true
		}
	}
	return "", false
}

// barred says how a run ends that cannot go on because of what is in the way:
// it parks at a gate and fails at everything else. No barrier of its steps: nil.
func (x *execution) barred(p setup.Plan) *ending {
	var gate, other *setup.Barrier
	for i, b := range p.Barriers {
		switch {
		case !setup.StepOf(b.Key.Kind).Through(x.run.Through):
		case b.Why == setup.WhyGate || b.Why == setup.WhyUnread && b.Cause != nil && b.Cause.Retryable():
			gate = &p.Barriers[i]
		case other == nil:
			other = &p.Barriers[i]
		}
	}
	switch {
	case other != nil:
		return &ending{state: RunFailed, note: other.Detail, problem: other.Cause}
	case gate != nil:
		return &ending{state: RunParked, note: gate.Detail}
	}
	return nil
}

// finish stores how this stretch ended, and keeps the plan that is left.
func (x *execution) finish(ctx context.Context, p Planned, end ending) (Run, error) {
	x.remember(p)
	return x.end(ctx, end)
}

// end stores how this stretch ended.
func (x *execution) end(ctx context.Context, end ending) (Run, error) {
	if x.run.State == RunParked && end.state == RunParked && x.run.Note == end.note {
		return x.run, nil // still waiting for the same
	}
	now := x.Clock.Now()
	x.run.State, x.run.Note, x.run.Problem = end.state, end.note, end.problem
	var audit []Audit
	if end.state.Over() {
		x.run.Ended = now
		audit = append(audit, Audit{At: now, Setup: x.run.Setup, Run: x.run.ID, Actor: x.run.Actor, Action: string(end.state), Text: endText(end)})
	}
	return x.run, x.save(ctx, audit...)
}

// interrupted is for what is not the plan's fault: the process is ending, or
// something inside broke. The run goes on when the process is back.
func (x *execution) interrupted(ctx context.Context, cause error) (Run, error) {
	if ctx.Err() != nil {
		x.run.State, x.run.Note = RunInterrupted, "Culvert stopped. It goes on as soon as it is back."
		return x.run, errors.Join(x.save(ctx), ctx.Err())
	}
	problem := setup.AsProblem(cause)
	x.Forget(x.run.Setup) // nobody knows now what is left to do
	_, err := x.end(ctx, ending{RunFailed, problem.Message, problem})
	return x.run, errors.Join(cause, err)
}

// backoff is the pause before another attempt.
func backoff(attempt int, asked time.Duration) time.Duration {
	wait := time.Duration(attempt*attempt) * 500 * time.Millisecond
	return min(max(wait, asked), 30*time.Second)
}

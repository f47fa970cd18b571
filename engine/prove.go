package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// mayEnter asks for the proof that a step needs before anything of it is done:
// before the switch the app answers at its container, before the port closes
// the public name works and everything else is locked.
func (x *execution) mayEnter(ctx context.Context, step setup.Step) *ending {
	if x.answers == nil || x.proven[step] {
		return nil
	}
	var proof func(context.Context, setup.Answers) []setup.Evidence
	var what string
	switch step {
	case setup.StepSwitch:
		proof, what = x.Prober.Beside, "Nothing was switched over"
	case setup.StepClose:
		proof, what = x.Prober.Outside, "The port stays open"
	default:
		return nil
	}
	evidence, err := x.untilProven(ctx, proof)
	if err != nil {
		return &ending{state: RunInterrupted, note: err.Error()}
	}
	if bad := firstBad(evidence); bad != nil {
		return &ending{state: RunFailed, note: fmt.Sprintf("%s, because this is not proven yet: %s: %s", what, bad.Check.Name, bad.Detail)}
	}
	x.proven[step] = true
	return nil
}

// prove ends a run: everything asked for stands as far as the APIs tell; now
// the outside has to say so too.
func (x *execution) prove(ctx context.Context, p Planned) (Run, error) {
	if x.answers == nil {
		return x.finish(ctx, p, ending{state: RunSucceeded, note: "Everything that Culvert made is gone."})
	}
	proofs := []func(context.Context, setup.Answers) []setup.Evidence{x.Prober.Beside}
	if setup.StepSwitch.Through(x.run.Through) {
		proofs = append(proofs, x.Prober.Outside)
	}
	if setup.StepClose.Through(x.run.Through) && x.answers.Port != setup.PortKeep {
		proofs = append(proofs, x.Prober.Closed)
	}
	for _, proof := range proofs {
		evidence, err := x.untilProven(ctx, proof)
		if err != nil {
			return x.interrupted(ctx, err)
		}
		if open := firstOpen(evidence); open != nil {
			return x.takeBack(ctx, p, *open)
		}
		if bad := firstBad(evidence); bad != nil {
			return x.finish(ctx, p, ending{state: RunFailed, note: fmt.Sprintf("Done, but not proven: %s: %s", bad.Check.Name, bad.Detail)})
		}
	}
	return x.finish(ctx, p, ending{state: RunSucceeded, note: "Done and proven."})
}

// untilProven repeats a proof until it holds or the time that a fresh change
// may take to reach the edge is over. Something that is open and should not be
// gets no such time beyond a second look.
func (x *execution) untilProven(ctx context.Context, proof func(context.Context, setup.Answers) []setup.Evidence) ([]setup.Evidence, error) {
	deadline := x.Clock.Now().Add(x.ProofWait)
	for attempt := 1; ; attempt++ {
		evidence := proof(ctx, *x.answers)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := x.keep(ctx, x.run.Setup, evidence); err != nil {
			return nil, err
		}
		settled := firstBad(evidence) == nil && len(evidence) > 0
		if settled || !x.Clock.Now().Before(deadline) || firstOpen(evidence) != nil && attempt >= 3 {
			return nonEmpty(evidence), nil
		}
		if err := x.Clock.Sleep(ctx, min(time.Duration(attempt)*500*time.Millisecond, 5*time.Second)); err != nil {
			return nil, err
		}
	}
}

// nonEmpty makes no evidence count as bad: no light without proof.
func nonEmpty(evidence []setup.Evidence) []setup.Evidence {
	if len(evidence) > 0 {
		return evidence
	}
	return []setup.Evidence{{Check: setup.Check{ID: "none", Name: "Proof"}, Detail: "There was nothing to ask, so nothing is proven."}}
}

func firstBad(evidence []setup.Evidence) *setup.Evidence {
	i := slices.IndexFunc(evidence, func(v setup.Evidence) bool { return !v.OK })
	if i < 0 {
		return nil
	}
	return &evidence[i]
}

// firstOpen finds what the app answered although it must be locked.
func firstOpen(evidence []setup.Evidence) *setup.Evidence {
	i := slices.IndexFunc(evidence, func(v setup.Evidence) bool {
		return v.Check.Locked && !v.OK && (v.By == setup.ByApp || v.By == setup.ByAppHost)
	})
	if i < 0 {
		return nil
	}
	return &evidence[i]
}

// takeBack removes the public name again after the outside saw something open
// that must be locked. It is the one change made without being asked for: to
// leave the name up would be to leave the door open.
func (x *execution) takeBack(ctx context.Context, p Planned, open setup.Evidence) (Run, error) {
	what := fmt.Sprintf("%s answers without a login. ", open.Check.Path)
	key := x.answers.RecordKey()
	rec, ours := p.Ledger.Records[key]
	if !ours || rec.Owner != setup.Created || rec.Left == nil {
		return x.finish(ctx, p, ending{state: RunFailed, note: what + "The public name is not ours to remove: remove it in the dashboard (DNS → Records) until this is repaired."})
	}
	c := setup.Change{Key: key, Verb: setup.Delete, From: rec.Left, FromID: rec.ID, Drop: true, Reach: setup.ReachLive,
		Step: setup.StepSwitch, Cause: "something was open that must be locked", By: rec.By}
	end, err := x.call(ctx, p, []setup.Change{c})
	switch {
	case err != nil:
		return x.interrupted(ctx, err)
	case end != nil:
		return x.finish(ctx, p, ending{RunFailed, what + "Taking the public name away again failed: " + end.note, end.problem})
	}
	return x.finish(ctx, p, ending{state: RunFailed, note: what + "The public name was taken away again at once, so nothing is open."})
}

// Verify asks everything from outside that the approved answers promise, and
// keeps the evidence.
func (e *Engine) Verify(ctx context.Context, id setup.SetupID) ([]setup.Evidence, error) {
	all, err := e.Store.Approved(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the approved answers: %w", err)
	}
	revision, ok := all[id]
	if !ok || revision.Answers == nil {
		return nil, ErrNotFound
	}
	a := *revision.Answers
	evidence := slices.Concat(e.Prober.Beside(ctx, a), e.Prober.Outside(ctx, a))
	if a.Port != setup.PortKeep {
		evidence = append(evidence, e.Prober.Closed(ctx, a)...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return evidence, e.keep(ctx, id, evidence)
}

func (e *Engine) keep(ctx context.Context, id setup.SetupID, evidence []setup.Evidence) error {
	if len(evidence) == 0 {
		return nil
	}
	if err := e.Store.SaveEvidence(context.WithoutCancel(ctx), id, evidence); err != nil {
		return fmt.Errorf("storing the evidence: %w", err)
	}
	e.Notify.Publish(string(id), TopicProof)
	return nil
}

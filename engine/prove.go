package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// beforeStep gets the proof that a step needs before anything of it is done:
// before the switch the app answers at its container, before the port closes
// the public name works and everything else is locked. Nothing, if the step
// needs none or was entered before, or if only our ledger is written.
func (x *execution) beforeStep(ctx context.Context, first setup.Change) ([]setup.Evidence, error) {
	if x.answers == nil || x.proven[first.Step] || !first.Verb.Writes() {
		return nil, nil
	}
	var asked proof
	switch {
	case first.Step == setup.StepSwitch && x.limited() && !x.leadsIn(): // what else is wrong on the private way keeps no repair waiting
		asked = x.Prober.Beside
	case first.Step == setup.StepSwitch:
		asked = x.besideAndPrivate
	case first.Step == setup.StepClose && !x.limited(): // closing again what was closed needs no proof
		asked = x.throughNames
	default:
		return nil, nil
	}
	evidence, err := x.untilProven(ctx, asked)
	x.proven[first.Step] = err == nil && firstBad(evidence) == nil
	return evidence, err
}

// mayEnter says how a run ends whose proof before a step does not hold.
func mayEnter(step setup.Step, evidence []setup.Evidence) *ending {
	bad := firstBad(evidence)
	if bad == nil {
		return nil
	}
	what := "Nothing was switched over"
	if step == setup.StepClose {
		what = "The port stays open"
	}
	end := &ending{state: RunFailed, note: fmt.Sprintf("%s, because this is not proven yet: %s: %s", what, bad.Check.Name, bad.Detail)}
	if bad.Final {
		end.problem = &setup.Problem{Code: setup.CodeByApp, Message: bad.Detail}
	}
	return end
}

// prove ends a run: everything asked for stands as far as the APIs tell; now
// the outside has to say so too.
func (x *execution) prove(ctx context.Context, p Planned) (Run, error) {
	if x.answers == nil {
		return x.finish(ctx, p, ending{state: RunSucceeded, note: "Everything that Culvert made is gone."})
	}
	for _, asked := range x.proofs(p) {
		evidence, err := x.untilProven(ctx, asked)
		if err != nil {
			return x.interrupted(ctx, err)
		}
		if open := x.opened(evidence); open != nil {
			return x.takeBack(ctx, *open)
		}
		if bad := firstBad(evidence); bad != nil {
			return x.finish(ctx, p, ending{state: RunFailed, note: fmt.Sprintf("Done, but not proven: %s: %s", bad.Check.Name, bad.Detail)})
		}
	}
	note := "Done and proven."
	if x.limited() {
		note = x.mended(p.Plan)
	}
	return x.finish(ctx, p, ending{state: RunSucceeded, note: note})
}

// proof asks for evidence.
type proof = func(context.Context, setup.Answers) []setup.Evidence

// besideAndPrivate is what has to hold before anybody is sent here.
func (x *execution) besideAndPrivate(ctx context.Context, a setup.Answers) []setup.Evidence {
	return append(x.Prober.Beside(ctx, a), x.Prober.Private(ctx, a)...)
}

// private asks everything on the private way.
func (x *execution) private(ctx context.Context, a setup.Answers) []setup.Evidence {
	return x.Prober.Private(ctx, a)
}

// throughNames asks through the names by which people and bots come in. A setup
// without a public one has nothing to ask from outside.
func (x *execution) throughNames(ctx context.Context, a setup.Answers) []setup.Evidence {
	evidence := x.Prober.Private(ctx, a)
	if a.Hostname == "" {
		return evidence
	}
	return append(x.Prober.Outside(ctx, a), evidence...)
}

// carried is the proof that the route leads here, by the look that a run ends
// with.
func (p Planned) carried(_ context.Context, a setup.Answers) []setup.Evidence {
	return []setup.Evidence{a.Carried(p.World, p.Ledger, p.Seen.Cloud)}
}

// proofs are what a run has to prove at its end.
func (x *execution) proofs(p Planned) []proof {
	if x.limited() {
		return x.mendProofs(p)
	}
	proofs := []proof{x.Prober.Beside}
	if x.answers.Mode.Private() {
		proofs = append(proofs, x.private)
	}
	if setup.StepSwitch.Through(x.run.Through) && x.answers.Hostname != "" {
		proofs = append(proofs, x.Prober.Outside)
	}
	if setup.StepSwitch.Through(x.run.Through) && x.answers.Mode.Private() {
		proofs = append(proofs, p.carried)
	}
	if setup.StepClose.Through(x.run.Through) && x.answers.Port != setup.PortKeep {
		proofs = append(proofs, x.Prober.Closed)
	}
	return proofs
}

// untilProven repeats a proof until it holds or the time that a fresh change
// may take to reach the edge is over. Something that is open and should not be
// gets no such time beyond a second look, and neither does what no waiting
// changes, once it was seen twice in a row.
func (x *execution) untilProven(ctx context.Context, asked proof) ([]setup.Evidence, error) {
	deadline := x.Clock.Now().Add(x.ProofWait)
	final := 0 // looks in a row
	for attempt := 1; ; attempt++ {
		evidence := asked(ctx, *x.answers)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := x.keep(ctx, x.run.Setup, evidence); err != nil {
			return nil, err
		}
		bad := firstBad(evidence)
		if final++; bad == nil || !bad.Final {
			final = 0
		}
		settled := bad == nil && len(evidence) > 0
		if settled || !x.Clock.Now().Before(deadline) || x.opened(evidence) != nil && attempt >= 3 || final >= 2 {
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

// firstBad is what to tell of evidence that does not hold: first of all what no
// waiting changes.
func firstBad(evidence []setup.Evidence) *setup.Evidence {
	i := slices.IndexFunc(evidence, func(v setup.Evidence) bool { return !v.OK && v.Final })
	if i < 0 {
		i = slices.IndexFunc(evidence, func(v setup.Evidence) bool { return !v.OK })
	}
	if i < 0 {
		return nil
	}
	return &evidence[i]
}

// isOpen says whether the app answered although the path must be locked.
func isOpen(v setup.Evidence) bool {
	return v.Check.Locked && !v.OK && (v.By == setup.ByApp || v.By == setup.ByAppHost)
}

// Verify asks again everything that the approved answers promise, as far as
// they were carried out, and keeps the evidence: the outside only once the
// public name was made, the port only once it was closed.
func (e *Engine) Verify(ctx context.Context, id setup.SetupID) ([]setup.Evidence, error) {
	all, err := e.Store.Approved(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the approved answers: %w", err)
	}
	revision, ok := all[id]
	if !ok || revision.Answers == nil {
		return nil, ErrNotFound
	}
	ledger, err := e.Store.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	last, known := e.Last(id)
	a := revision.Answers.Placed(last.World, ledger)
	evidence := append(e.Prober.Beside(ctx, a), e.Prober.Private(ctx, a)...)
	if known && a.LedIn(ledger) {
		evidence = append(evidence, last.carried(ctx, a)...)
	}
	_, made := ledger.Records[a.RecordKey()]
	if made {
		evidence = append(evidence, e.Prober.Outside(ctx, a)...)
	}
	_, closed := ledger.Records[a.PublishedKey()]
	if closed || (made || a.LedIn(ledger)) && a.Port == setup.PortKeep { // a port that was left open is told, too
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

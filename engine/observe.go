package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/culvert/culvert/setup"
)

// Planned is a plan with what it was made from.
type Planned struct {
	Setup   setup.SetupID
	At      time.Time
	Answers *setup.Answers // as they are now (Placed); nil: everything is to be taken down
	Plan    setup.Plan
	Ledger  setup.Ledger
	World   setup.World // from which the plan was made
	Seen    Seen
}

// For says whether the plan was made for these answers.
func (p Planned) For(a setup.Answers) bool { return p.Answers != nil && p.Answers.Same(a) }

// Seen says when each side of the world showed what a plan was made from.
type Seen struct{ Cloud, Docker, Files time.Time }

// Oldest is the earliest of them: what is known is not newer than that.
func (s Seen) Oldest() time.Time {
	oldest := s.Cloud
	for _, at := range []time.Time{s.Docker, s.Files} {
		if at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

// Plan observes and says what is left to do for a setup: with the given answers
// in place of the approved ones, or nil to take everything down. It changes
// nothing.
func (e *Engine) Plan(ctx context.Context, id setup.SetupID, answers *setup.Answers) (Planned, error) {
	p, err := e.Preview(ctx, id, answers)
	if err == nil && answers != nil {
		e.remember(p)
	}
	return p, err
}

// Preview is Plan for answers that somebody only thinks about: the plan is not
// the one that Last gives.
func (e *Engine) Preview(ctx context.Context, id setup.SetupID, answers *setup.Answers) (Planned, error) {
	if answers != nil {
		if bad := answers.Validate(); len(bad) > 0 {
			return Planned{}, &Invalid{bad}
		}
	}
	return e.look(ctx, id, answers)
}

// Last gives the newest plan of a setup without looking again.
func (e *Engine) Last(id setup.SetupID) (Planned, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, ok := e.last[id]
	return p, ok
}

// Forget drops the remembered plan, for example when the answers change.
func (e *Engine) Forget(id setup.SetupID) {
	e.mu.Lock()
	delete(e.last, id)
	e.mu.Unlock()
	e.Notify.Publish(string(id), TopicPlan)
}

func (e *Engine) remember(p Planned) {
	e.mu.Lock()
	e.last[p.Setup] = p
	e.mu.Unlock()
	e.Notify.Publish(string(p.Setup), TopicPlan)
}

// look observes everything that concerns a setup and plans. It stores nothing:
// an open intent may be a change that is being made right now.
func (e *Engine) look(ctx context.Context, id setup.SetupID, answers *setup.Answers) (Planned, error) {
	planned, _, err := e.lookWith(ctx, id, answers, new(sight))
	return planned, err
}

// lookWith plans with what a sight shows. The second result is the ledger as it
// was stored, before intents that a process left open were closed.
func (e *Engine) lookWith(ctx context.Context, id setup.SetupID, answers *setup.Answers, s *sight) (Planned, setup.Ledger, error) {
	approved, err := e.approved(ctx)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	ledger, err := e.Store.Ledger(ctx)
	if err != nil {
		return Planned{}, setup.Ledger{}, fmt.Errorf("reading the ledger: %w", err)
	}
	if answers != nil {
		answers = new(e.lately(id, *answers, ledger))
	}
	view, err := e.view(ctx, id, answers, approved, ledger)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	world, err := s.observe(ctx, view, e.Ports, e.Clock)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	settled, barriers := setup.Settle(world, ledger)
	if answers != nil {
		answers = new(answers.Placed(world, settled))
		if more := view.Join(answers.View()); len(more.Networks) > len(view.Networks) { // a followed app's was not known
			s.changed(setup.KindSplitTunnel)
			if world, err = s.observe(ctx, more, e.Ports, e.Clock); err != nil {
				return Planned{}, setup.Ledger{}, err
			}
		}
	}
	want, contradictions := setup.Merge(id, answers, placed(approved, world, settled))
	plan, err := setup.MakePlan(id, want, world, settled)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	plan.Barriers = append(append(plan.Barriers, barriers...), contradictions...)
	return Planned{Setup: id, At: e.Clock.Now(), Answers: answers, Plan: plan, Ledger: settled, World: world, Seen: s.seen}, ledger, nil
}

// placed are answers as they are now.
func placed(all map[setup.SetupID]setup.Answers, w setup.World, l setup.Ledger) map[setup.SetupID]setup.Answers {
	out := map[setup.SetupID]setup.Answers{}
	for id, a := range all {
		out[id] = a.Placed(w, l)
	}
	return out
}

// approved gives the answers that stand, of every setup that wants anything.
func (e *Engine) approved(ctx context.Context) (map[setup.SetupID]setup.Answers, error) {
	revisions, err := e.Store.Approved(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the approved answers: %w", err)
	}
	approved := map[setup.SetupID]setup.Answers{}
	for id, r := range revisions {
		if r.Answers != nil {
			approved[id] = *r.Answers
		}
	}
	return approved, nil
}

// lately gives answers as they were when they were planned for last, or as our
// records tell: what they ask to be looked at is then known before the look.
func (e *Engine) lately(id setup.SetupID, a setup.Answers, l setup.Ledger) setup.Answers {
	if p, ok := e.Last(id); ok && p.For(a) {
		return *p.Answers
	}
	return a.Placed(setup.World{}, l)
}

// view joins what all setups look at with what earlier answers of this one did.
func (e *Engine) view(ctx context.Context, id setup.SetupID, answers *setup.Answers, approved map[setup.SetupID]setup.Answers, l setup.Ledger) (setup.View, error) {
	var view setup.View
	if answers != nil {
		view = answers.View()
	}
	earlier, err := e.Store.Revisions(ctx, id)
	if err != nil {
		return setup.View{}, fmt.Errorf("reading earlier answers: %w", err)
	}
	for _, r := range earlier {
		if r.Answers != nil {
			view = view.Join(r.Answers.View().Earlier())
		}
	}
	for _, a := range approved {
		other := a.View()
		if view.Account != "" && other.Account != view.Account {
			other = other.OnHost() // of another account nothing is seen here
		}
		view = view.Join(other)
	}
	return view.Join(l.View()), nil
}

func sameAnswers(a, b *setup.Answers) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Same(*b)
}

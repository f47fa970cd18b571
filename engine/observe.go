package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/setup"
)

// Planned is a plan with what it was made from.
type Planned struct {
	Setup   setup.SetupID
	At      time.Time
	Answers *setup.Answers // nil: everything is to be taken down
	Plan    setup.Plan
	Ledger  setup.Ledger
}

// Plan observes and says what is left to do for a setup: with the given answers
// in place of the approved ones, or nil to take everything down. It changes
// nothing.
func (e *Engine) Plan(ctx context.Context, id setup.SetupID, answers *setup.Answers) (Planned, error) {
	if answers != nil {
		if bad := answers.Validate(); len(bad) > 0 {
			return Planned{}, &Invalid{bad}
		}
	}
	p, err := e.look(ctx, id, answers)
	if err != nil {
		return Planned{}, err
	}
	if answers != nil {
		e.remember(p)
	}
	return p, nil
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
	planned, _, err := e.lookWith(ctx, id, answers, e.observe)
	return planned, err
}

// lookWith plans with what observe sees. The second result is the ledger as it
// was stored, before intents that a process left open were closed.
func (e *Engine) lookWith(ctx context.Context, id setup.SetupID, answers *setup.Answers,
	observe func(context.Context, setup.View) (setup.World, error)) (Planned, setup.Ledger, error) {
	revisions, err := e.Store.Approved(ctx)
	if err != nil {
		return Planned{}, setup.Ledger{}, fmt.Errorf("reading the approved answers: %w", err)
	}
	approved := map[setup.SetupID]setup.Answers{}
	for other, r := range revisions {
		if r.Answers != nil {
			approved[other] = *r.Answers
		}
	}
	ledger, err := e.Store.Ledger(ctx)
	if err != nil {
		return Planned{}, setup.Ledger{}, fmt.Errorf("reading the ledger: %w", err)
	}
	view, err := e.view(ctx, id, answers, approved, ledger)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	world, err := observe(ctx, view)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	settled, barriers := setup.Settle(world, ledger)
	want, contradictions := setup.Merge(id, answers, approved)
	plan, err := setup.MakePlan(id, want, world, settled)
	if err != nil {
		return Planned{}, setup.Ledger{}, err
	}
	plan.Barriers = append(append(plan.Barriers, barriers...), contradictions...)
	return Planned{Setup: id, At: e.Clock.Now(), Answers: answers, Plan: plan, Ledger: settled}, ledger, nil
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
			view = view.Join(r.Answers.View())
		}
	}
	for _, a := range approved {
		view = view.Join(a.View())
	}
	return view.Join(l.View()), nil
}

// observe reads all Ports at the same time.
func (e *Engine) observe(ctx context.Context, v setup.View) (setup.World, error) {
	return new(sight).observe(ctx, v, e.Ports)
}

// sight is what the Ports showed last. Within a run only those are read again
// that a wave has written to, or all of them when it was cleared: looking at an
// account costs calls of a small budget.
type sight struct {
	worlds [3]*setup.World
}

// all lists the Ports in the order in which a sight keeps them.
func (p Ports) all() [3]setup.Port { return [3]setup.Port{p.Cloud, p.Docker, p.Files} }

func (s *sight) clear() { s.worlds = [3]*setup.World{} }

// changed forgets what the Port of a place showed.
func (s *sight) changed(k setup.Kind) {
	switch k.Place() {
	case setup.AtDocker:
		s.worlds[1] = nil
	case setup.AtFiles:
		s.worlds[2] = nil
	default:
		s.worlds[0] = nil
	}
}

// observe reads what is not known, all Ports at the same time.
func (s *sight) observe(ctx context.Context, v setup.View, p Ports) (setup.World, error) {
	group, ctx := errgroup.WithContext(ctx)
	for i, port := range p.all() {
		if s.worlds[i] != nil {
			continue
		}
		group.Go(func() error {
			w, err := port.Observe(ctx, v)
			if err != nil {
				return err
			}
			s.worlds[i] = &w
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return setup.World{}, fmt.Errorf("looking at how things stand: %w", err)
	}
	var all setup.World
	for _, w := range s.worlds {
		all.Add(*w)
	}
	return all, nil
}

func sameAnswers(a, b *setup.Answers) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

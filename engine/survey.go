package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/culvert/culvert/setup"
)

// Reach says what a survey looks at again. The rest is taken from the newest
// look, as far as there was one.
type Reach struct {
	Accounts []string // by id
	Host     bool     // Docker and the operator's files
	// Edge are setups whose callers Cloudflare stops by itself: what could be the
	// cause in their domain is looked at as well.
	Edge []setup.SetupID
}

// Survey is how all setups that were agreed to stand.
type Survey struct {
	Plans map[setup.SetupID]Planned
	// Moving are setups that a run worked on meanwhile: what was seen of them
	// may be half done, so they have no plan.
	Moving []setup.SetupID
	// Number is greater the more is known: of two surveys at the same time, what
	// the one with the lesser number shows may be out of date.
	Number int
}

// Survey plans every setup that was agreed to, from one look for all of them:
// an account is read once, however many setups live in it. It changes nothing. A
// survey waits only for what it looks at: one of the host is not held up by one
// of an account that runs beside it.
func (e *Engine) Survey(ctx context.Context, again Reach) (Survey, error) {
	approved, err := e.approved(ctx)
	if err != nil {
		return Survey{}, err
	}
	ledger, err := e.Store.Ledger(ctx)
	if err != nil {
		return Survey{}, fmt.Errorf("reading the ledger: %w", err)
	}
	for id, a := range approved {
		approved[id] = e.lately(id, a, ledger)
	}
	began, err := e.moved(ctx, approved)
	if err != nil {
		return Survey{}, err
	}
	world, seen, number, err := e.lookFor(ctx, approved, ledger, again)
	if err != nil {
		return Survey{}, err
	}
	if now := placed(approved, world, ledger); elsewhere(approved, now) { // what they ask for was not part of the look
		approved = now
		if world, seen, number, err = e.lookFor(ctx, approved, ledger, Reach{Edge: again.Edge}); err != nil {
			return Survey{}, err
		}
	}
	ended, err := e.moved(ctx, approved)
	if err != nil {
		return Survey{}, err
	}
	settled, barriers := setup.Settle(world, ledger)
	approved = placed(approved, world, settled)
	want, contradictions := setup.Merge("", nil, approved)
	out := Survey{Plans: map[setup.SetupID]Planned{}, Number: number}
	for id, answers := range approved {
		if began[id] != ended[id] || ended[id] < 0 {
			out.Moving = append(out.Moving, id)
			continue
		}
		plan, err := setup.MakePlan(id, want, world, settled)
		if err != nil {
			return Survey{}, err
		}
		plan.Barriers = append(append(plan.Barriers, barriersOf(id, barriers, settled)...), contradictions...)
		p := Planned{Setup: id, At: e.Clock.Now(), Answers: &answers, Plan: plan, Ledger: settled, World: world, Seen: seen.of(answers.Account)}
		out.Plans[id] = p
		e.refresh(p)
	}
	slices.Sort(out.Moving)
	return out, nil
}

// lookFor looks at what some answers ask for. What is known from before and not
// asked for anew is not looked at again.
func (e *Engine) lookFor(ctx context.Context, of map[setup.SetupID]setup.Answers, l setup.Ledger, again Reach) (setup.World, ages, int, error) {
	want, _ := setup.Merge("", nil, of)
	views, err := e.views(ctx, of, l, want, again.Edge)
	if err != nil {
		return setup.World{}, nil, 0, err
	}
	return e.memory.observe(ctx, views, again, e.Ports, e.Clock)
}

// elsewhere says whether devices have to send other ranges through WARP than was
// known.
func elsewhere(before, now map[setup.SetupID]setup.Answers) bool {
	for id, a := range now {
		if a.Private != nil && a.Private.Within != before[id].Private.Within {
			return true
		}
	}
	return false
}

// barriersOf are those of a setup's own records.
func barriersOf(id setup.SetupID, all []setup.Barrier, l setup.Ledger) []setup.Barrier {
	return slices.DeleteFunc(slices.Clone(all), func(b setup.Barrier) bool {
		by := l.Records[b.Key].By
		return len(by) > 0 && !slices.Contains(by, id)
	})
}

// refresh remembers a plan unless one for other answers is being looked at.
func (e *Engine) refresh(p Planned) {
	if last, ok := e.Last(p.Setup); ok && !sameAnswers(last.Answers, p.Answers) {
		return
	}
	e.remember(p)
}

// moving notes that a run is at work on some locks, until the result is called.
func (e *Engine) moving(names []string) func() {
	count := func(by int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, n := range names {
			e.moves[n]++
			e.busy[n] += by
		}
	}
	count(1)
	return func() { count(-1) }
}

// moved counts for each setup the beginnings and ends of runs that may have
// changed what is seen of it; below zero while one is at work.
func (e *Engine) moved(ctx context.Context, approved map[setup.SetupID]setup.Answers) (map[setup.SetupID]int, error) {
	counts := map[setup.SetupID]int{}
	for id := range approved {
		names, err := e.lockNames(ctx, id)
		if err != nil {
			return nil, err
		}
		e.mu.Lock()
		for _, n := range names {
			counts[id] += e.moves[n]
			if e.busy[n] > 0 {
				counts[id] = -1 << 30
			}
		}
		e.mu.Unlock()
	}
	return counts, nil
}

// views says what to look at for all setups: one view for each account, and one
// for this host.
func (e *Engine) views(ctx context.Context, approved map[setup.SetupID]setup.Answers, l setup.Ledger, want map[setup.Key]setup.Want, edge []setup.SetupID) (map[string]setup.View, error) {
	views := map[string]setup.View{}
	add := func(a setup.Answers, v setup.View) {
		views[""] = views[""].Join(v.OnHost())
		v.Stacks = nil
		views[a.Account] = views[a.Account].Join(v)
	}
	for _, id := range slices.Sorted(maps.Keys(approved)) { // the same view for the same setups
		a := approved[id]
		add(a, a.View())
		if slices.Contains(edge, id) {
			views[a.Account] = views[a.Account].Join(setup.View{Also: setup.EdgeKinds()})
		}
		if !leftBehind(id, l, want) {
			continue
		}
		earlier, err := e.Store.Revisions(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading earlier answers: %w", err)
		}
		for _, r := range earlier {
			if r.Answers != nil && r.Answers.Account == a.Account {
				add(*r.Answers, r.Answers.View().Earlier())
			}
		}
	}
	return views, nil
}

// leftBehind says whether something of earlier answers still stands.
func leftBehind(id setup.SetupID, l setup.Ledger, want map[setup.Key]setup.Want) bool {
	for k, r := range l.Records {
		if _, wanted := want[k]; !wanted && slices.Contains(r.By, id) {
			return true
		}
	}
	return false
}

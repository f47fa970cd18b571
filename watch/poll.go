package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// account is when to look at one Cloudflare account.
type account struct {
	due    time.Time
	last   time.Time // when the newest look began
	cost   uint64    // calls that a look takes: the dearest of late
	costs  []price   // of the looks within the window of the budget
	failed int       // looks in a row that could not read everything
	quiet  time.Time // until when Cloudflare wants to be left alone
	vain   int       // looks at once in a row that showed nothing new

	hasty time.Time // the look behind which the newest look at once was asked for

	inquiring bool // who changed something
}

// price is what one look cost.
type price struct {
	at    time.Time
	calls uint64
}

// paid notes what a look cost. Not every look reads everything, so the dearest
// within the window says how many there can be.
func (a *account) paid(now time.Time, calls uint64, pace Pace) {
	a.costs = slices.DeleteFunc(a.costs, func(p price) bool { return now.Sub(p.at) > pace.Window })
	a.costs = append(a.costs, price{now, max(calls, 1)})
	a.cost = slices.MaxFunc(a.costs, func(p, q price) int { return cmp.Compare(p.calls, q.calls) }).calls
}

// account gives an account, looked at now if it is new.
func (h *heart) account(id string) *account {
	a := h.accounts[id]
	if a == nil {
		a = &account{due: h.Clock.Now()}
		h.accounts[id] = a
	}
	return a
}

// now looks at once, whatever was before: a run has changed something.
func (a *account) now(now time.Time) { a.due, a.vain = now, 0 }

// urgent looks soon, because a check began to fail: less and less soon while
// that shows nothing new.
func (a *account) urgent(now time.Time, pace Pace) {
	a.sooner(now, a.last.Add(pace.Gap<<min(a.vain, 6)))
	if !a.hasty.Equal(a.last) { // several checks that fail together ask for one look
		a.vain++
		a.hasty = a.last
	}
}

// viewed looks as often as an open page asks for.
func (a *account) viewed(now time.Time, pace Pace) {
	a.sooner(now, a.last.Add(a.atLeast(pace.Quick, pace)))
}

// asked looks as soon as the budget lets, because somebody waits for it: also
// where the last looks failed, which they may just have mended.
func (a *account) asked(now time.Time, pace Pace) {
	at := a.last.Add(a.atLeast(pace.Gap, pace))
	for _, earliest := range []time.Time{now, a.quiet} {
		if at.Before(earliest) {
			at = earliest
		}
	}
	if at.Before(a.due) {
		a.due = at
	}
}

// troubled looks as often as something that is wrong asks for.
func (a *account) troubled(now time.Time, pace Pace) {
	a.sooner(now, a.last.Add(a.atLeast(pace.Wrong, pace)))
}

// sooner brings the next look forward, unless the last ones failed.
func (a *account) sooner(now, at time.Time) {
	if at.Before(now) {
		at = now
	}
	if a.failed == 0 && at.Before(a.due) {
		a.due = at
	}
}

// atLeast stretches an interval so that the budget holds.
func (a *account) atLeast(d time.Duration, pace Pace) time.Duration {
	looks := max(1, pace.Budget/max(a.cost, 1)) // within the window
	return max(d, pace.Window/time.Duration(looks))
}

// survey looks at the accounts that are due, and at the host, and plans. Neither
// waits for the other one: but a setup of which nothing is known yet is looked at
// as a whole.
func (h *heart) survey(ctx context.Context, now time.Time) {
	if len(h.subjects) == 0 {
		return
	}
	var accounts []string
	if !h.accountsLook.under() {
		accounts = h.dueAccounts(now)
	}
	if len(accounts) > 0 {
		h.edge = h.stoppedAtEdge()
	}
	host := !h.hostLook.under() && !now.Before(h.hostDue)
	if host {
		h.hostDue = now.Add(jitter(h.rand, h.Pace.Host))
	}
	if host && len(accounts) > 0 && h.anyNew() {
		h.look(ctx, now, engine.Reach{Accounts: accounts, Host: true, Edge: h.edge}, &h.accountsLook, &h.hostLook)
		return
	}
	if len(accounts) > 0 {
		h.look(ctx, now, engine.Reach{Accounts: accounts, Edge: h.edge}, &h.accountsLook)
	}
	if host {
		h.look(ctx, now, engine.Reach{Host: true, Edge: h.edge}, &h.hostLook)
	}
}

// dueAccounts are those to look at now.
func (h *heart) dueAccounts(now time.Time) []string {
	var due []string
	for _, id := range sortedAccounts(h.accounts) {
		if a := h.accounts[id]; !now.Before(a.due) {
			due = append(due, id)
			a.last, a.due = now, now.Add(h.Pace.Slow) // whoever asks from now on asks for the next look
		}
	}
	return due
}

// anyNew says whether a setup was never looked at.
func (h *heart) anyNew() bool {
	for _, s := range h.subjects {
		if s.planned == nil {
			return true
		}
	}
	return false
}

// looking is a look that may be under way; zero: none is.
type looking struct{ since time.Time }

func (l *looking) under() bool { return !l.since.IsZero() }

// look looks at something beside the heart.
func (h *heart) look(ctx context.Context, now time.Time, reach engine.Reach, under ...*looking) {
	for _, l := range under {
		l.since = now
	}
	answers := h.answers()
	h.beside(ctx, func() func() {
		var facts []found.Facts
		var work sync.WaitGroup
		if reach.Host {
			work.Go(func() { facts = h.Prober.Facts(ctx, answers...) })
		}
		before := h.Calls()
		seen, err := h.Engine.Survey(ctx, reach)
		cost := h.Calls() - before
		work.Wait()
		return func() {
			for _, l := range under {
				l.since = time.Time{}
			}
			h.surveyed(ctx, reach, seen, err, cost, answers, facts)
		}
	})
}

// stuck is since when a look is under way, the one that takes longest; zero: none
// is.
func (h *heart) stuck() time.Time {
	since := h.hostLook.since
	if at := h.accountsLook.since; since.IsZero() || !at.IsZero() && at.Before(since) {
		since = at
	}
	return since
}

// stoppedAtEdge are the setups whose callers Cloudflare stops by itself.
func (h *heart) stoppedAtEdge() []setup.SetupID {
	var ids []setup.SetupID
	for _, id := range sortedIDs(h.subjects) {
		if h.subjects[id].stoppedAtEdge() {
			ids = append(ids, id)
		}
	}
	return ids
}

// answers are those of all setups.
func (h *heart) answers() []setup.Answers {
	var all []setup.Answers
	for _, id := range sortedIDs(h.subjects) {
		all = append(all, h.subjects[id].answers)
	}
	return all
}

func sortedAccounts(m map[string]*account) []string {
	var ids []string
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// surveyed takes in what a survey saw.
func (h *heart) surveyed(ctx context.Context, reach engine.Reach, seen engine.Survey, err error, cost uint64, of []setup.Answers, facts []found.Facts) {
	if ctx.Err() != nil {
		return
	}
	now := h.Clock.Now()
	if err != nil {
		h.Log.Warn("looking at how things stand", "err", err)
	}
	for i, f := range facts {
		if s := h.subjects[of[i].Setup]; s != nil {
			if f.App.Image != s.facts.App.Image && s.facts.App.Image != "" {
				s.reviewSoon(now, h.Pace)
			}
			switch {
			case lost(s.facts.App, f.App) || lost(s.facts.Connector, f.Connector):
				s.unsettled(now, h.Pace, h.rand)
			case lost(f.App, s.facts.App) || lost(f.Connector, s.facts.Connector):
				s.alarmed = time.Time{} // it is back, and may take a moment to answer
			}
			s.facts, s.dirty = f.After(s.facts), true
		}
	}
	outdated := seen.Number < h.known // another look that ended before saw more
	h.known = max(h.known, seen.Number)
	for id, p := range seen.Plans {
		if s := h.subjects[id]; s != nil && (!outdated || s.planned == nil) {
			h.planned(ctx, s, p, now)
		}
	}
	for _, id := range reach.Accounts {
		h.schedule(h.accounts[id], id, seen, err, cost/uint64(len(reach.Accounts)), now)
	}
}

// planned takes in a new plan of a setup. One with less to do than the one
// before tells that something was put right just now.
func (h *heart) planned(ctx context.Context, s *subject, p engine.Planned, now time.Time) {
	first := s.planned == nil
	if !first && !s.busy() {
		less, more := compare(s.planned.Plan, p.Plan)
		switch {
		case more:
			s.unsettled(now, h.Pace, h.rand)
		case len(less) > 0:
			s.mood = s.mood.with(fresh{now.Add(h.Pace.Settle), onItsWay(s.answers, less)}, now)
		}
		if len(less) > 0 || more {
			h.account(s.answers.Account).vain = 0
			s.soon(now, h.Pace.First, h.rand)
		}
	}
	if !first && p.Seen.Cloud.After(s.planned.Seen.Cloud) {
		s.before = s.planned.Seen.Cloud
	}
	s.take(p)
	spread := h.Pace.First * time.Duration(min(2*len(h.subjects), 20))
	s.arrange(h.Prober, now, spread, h.rand)
	if !first {
		return
	}
	stored, err := h.Store.Evidence(ctx, s.id)
	if err != nil {
		h.Log.Warn("reading the stored evidence", "setup", string(s.id), "err", err)
		return
	}
	s.recall(stored, now)
}

// lost says whether a service has fewer running containers than before, or is no
// longer in a network.
func lost(was, now found.Service) bool {
	gone := func(network string) bool { return !slices.Contains(now.Networks, network) }
	return now.Running < was.Running || slices.ContainsFunc(was.Networks, gone)
}

// compare gives of what a plan has lost changes or what stood in their way, and
// says whether it has others.
func compare(was, now setup.Plan) (less []setup.Key, more bool) {
	old, next := contents(was), contents(now)
	for line, key := range old {
		if _, still := next[line]; !still {
			less = append(less, key)
		}
	}
	for line := range next {
		if _, known := old[line]; !known {
			more = true
		}
	}
	return less, more
}

// contents are the changes of a plan and what stands in their way, each by what
// tells it from others.
func contents(p setup.Plan) map[string]setup.Key {
	all := map[string]setup.Key{}
	for _, c := range p.Changes {
		all[c.Hash()] = c.Key
	}
	for _, b := range p.Barriers {
		all[fmt.Sprint(b.Key, b.Why, b.Detail)] = b.Key
	}
	return all
}

// schedule says when to look at an account again.
func (h *heart) schedule(a *account, id string, seen engine.Survey, err error, cost uint64, now time.Time) {
	a.paid(now, cost, h.Pace)
	if wait := h.refused(id, seen, err); wait > 0 {
		a.failed++
		a.quiet = now.Add(wait)
		a.due = now.Add(max(wait, min(h.Pace.Gap<<min(a.failed-1, 8), h.Pace.Slow)))
		return
	}
	a.failed = 0
	if h.well(id) { // the next failure is news
		a.vain = 0
	}
	every := h.Pace.Slow
	for _, s := range h.subjects {
		switch {
		case s.answers.Account != id:
		case concerned(s):
			every = min(every, h.Pace.Wrong)
		case s.watched:
			every = min(every, h.Pace.Quick)
		}
	}
	if due := now.Add(jitter(h.rand, a.atLeast(every, h.Pace))); due.Before(a.due) {
		a.due = due
	}
}

// well says whether no check of any setup in an account fails.
func (h *heart) well(account string) bool {
	for _, s := range h.subjects {
		if s.answers.Account == account && slices.ContainsFunc(s.points, func(p *point) bool { return p.row() > 0 }) {
			return false
		}
	}
	return true
}

// concerned says whether something is wrong that may be of the account's making.
func concerned(s *subject) bool {
	return slices.ContainsFunc(s.condition.Findings, func(f setup.Finding) bool {
		return f.Severity == setup.SeverityBroken || f.Severity == setup.SeverityOpen
	})
}

// refused says how long Cloudflare wants to be left alone; zero: it answered.
func (h *heart) refused(id string, seen engine.Survey, err error) time.Duration {
	if err != nil {
		return h.Pace.Gap
	}
	var wait time.Duration
	for _, p := range seen.Plans {
		if p.Answers.Account != id {
			continue
		}
		for at, problem := range p.World.Unread {
			if at.Kind.Place() != setup.AtDocker && at.Kind.Place() != setup.AtFiles && problem.Retryable() {
				wait = max(wait, h.Pace.Gap, problem.RetryAfter)
			}
		}
	}
	return wait
}

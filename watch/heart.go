package watch

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// longestRest is how long the heart rests at most: whether somebody opened a
// page is only seen when it beats.
const longestRest = 2 * time.Second

// heart holds all that is known. Everything in it is touched by one goroutine.
type heart struct {
	*Watcher
	subjects map[setup.SetupID]*subject
	accounts map[string]*account
	rand     *rand.Rand

	results  chan func() // of what runs beside it
	work     sync.WaitGroup
	asking   int // checks under way
	hostLook looking
	hostDue  time.Time
	flushDue time.Time
	keepDue  time.Time
	keeping  bool
	reading  bool // the addresses of an app

	accountsLook looking
	edge         []setup.SetupID // whose domains the newest look at accounts was about
	known        int             // the number of the survey that knew most
}

func (w *Watcher) newHeart() *heart {
	now := w.Clock.Now()
	return &heart{
		Watcher: w, subjects: map[setup.SetupID]*subject{}, accounts: map[string]*account{},
		rand:    rand.New(rand.NewPCG(w.Seed, w.Seed^0x9e3779b97f4a7c15)),
		results: make(chan func()),
		hostDue: now, flushDue: now.Add(w.Pace.Flush), keepDue: now.Add(w.Pace.Upkeep),
	}
}

// Serve watches until the context ends, and waits for what it started.
func (w *Watcher) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	h := w.newHeart()
	defer h.work.Wait()
	defer cancel()
	w.mu.Lock()
	w.began, w.beat = w.Clock.Now(), w.Clock.Now()
	w.mu.Unlock()
	if err := h.begin(ctx); err != nil && ctx.Err() == nil {
		w.Log.Error("beginning to watch", "err", err) // tried again with the first news
	}
	if w.Host != nil {
		h.work.Go(func() { h.listen(ctx) })
	}
	for {
		rest := h.round(ctx)
		w.mu.Lock()
		w.beat, w.stuck = w.Clock.Now(), h.stuck()
		w.mu.Unlock()
		alarm, stop := h.alarm(ctx, rest)
		select {
		case <-ctx.Done():
			stop()
			h.flush(context.WithoutCancel(ctx))
			return nil
		case result := <-h.results:
			result()
		case <-w.poke:
		case <-alarm:
		}
		stop()
	}
}

// alarm closes what it gives when a time has passed.
func (h *heart) alarm(ctx context.Context, d time.Duration) (<-chan struct{}, func()) {
	ctx, stop := context.WithCancel(ctx)
	rung := make(chan struct{})
	h.work.Go(func() {
		defer close(rung)
		_ = h.Clock.Sleep(ctx, d) // the context is looked at by the caller
	})
	return rung, stop
}

// beside runs what takes time; its result is taken in by the heart.
func (h *heart) beside(ctx context.Context, do func() func()) {
	h.work.Go(func() {
		result := do()
		select {
		case h.results <- result:
		case <-ctx.Done():
		}
	})
}

// begin takes up what an earlier process knew.
func (h *heart) begin(ctx context.Context) error {
	if err := h.meet(ctx); err != nil {
		return err
	}
	standing, err := h.Store.Standing(ctx)
	if err != nil {
		return fmt.Errorf("reading the standing incidents: %w", err)
	}
	for _, i := range standing {
		if s := h.subjects[i.Setup]; s != nil {
			s.track.standing = append(s.track.standing, i)
		} else {
			h.end(ctx, i, "The setup was taken down.")
		}
	}
	return nil
}

// meet reads which setups there are to watch.
func (h *heart) meet(ctx context.Context) error {
	approved, err := h.Store.Approved(ctx)
	if err != nil {
		return fmt.Errorf("reading the approved answers: %w", err)
	}
	for id, r := range approved {
		switch s := h.subjects[id]; {
		case r.Answers == nil:
			h.leave(ctx, id)
		case s == nil:
			s = &subject{id: id, answers: *r.Answers, stopped: map[string]string{}, questions: map[string]question{}}
			h.subjects[id] = s
			h.recallRoutes(ctx, s)
		case !s.answers.Same(*r.Answers): // else they are as the newest look shows them
			s.answers = *r.Answers
			if p := s.planned; p != nil {
				s.answers = s.answers.Placed(p.World, p.Ledger)
			}
		}
	}
	for _, s := range h.subjects {
		if err := h.readRun(ctx, s); err != nil {
			return err
		}
		h.account(s.answers.Account)
	}
	return nil
}

// leave ends watching a setup that was taken down.
func (h *heart) leave(ctx context.Context, id setup.SetupID) {
	s := h.subjects[id]
	if s == nil {
		return
	}
	for _, i := range s.track.standing {
		h.end(ctx, i, "The setup was taken down.")
	}
	delete(h.subjects, id)
	h.mu.Lock()
	delete(h.reports, id)
	h.mu.Unlock()
}

// readRun reads how the newest run of a setup stands. One that has just ended is
// followed by a look at everything.
func (h *heart) readRun(ctx context.Context, s *subject) error {
	was := s.busy()
	runs, err := h.Store.Runs(ctx, s.id, 1)
	if err != nil {
		return fmt.Errorf("reading the runs: %w", err)
	}
	if s.run, s.changes = nil, nil; len(runs) > 0 {
		s.run = &runs[0]
		if s.changes, err = h.Store.RunChanges(ctx, runs[0].ID); err != nil {
			return fmt.Errorf("reading the changes of a run: %w", err)
		}
	}
	if s.automatic, err = h.Store.Automatic(ctx, s.id); err != nil {
		return fmt.Errorf("reading what is repaired by itself: %w", err)
	}
	s.dirty = true
	if was && !s.busy() {
		h.afterRun(ctx, s)
	}
	return nil
}

func (h *heart) afterRun(ctx context.Context, s *subject) {
	now := h.Clock.Now()
	var keys []setup.Key
	for _, c := range s.changes {
		keys = append(keys, c.Key)
	}
	s.mood = s.mood.with(fresh{now.Add(h.Pace.Settle), onItsWay(s.answers, keys)}, now)
	h.account(s.answers.Account).now(now)
	h.hostDue = now
	stored, err := h.Store.Evidence(ctx, s.id)
	if err != nil {
		h.Log.Warn("reading the evidence of a run", "setup", string(s.id), "err", err)
		return
	}
	s.recall(stored, now)
}

// round does what is due and says how long there is to rest.
func (h *heart) round(ctx context.Context) time.Duration {
	h.takeNews(ctx)
	h.noticeViewers()
	now := h.Clock.Now()
	h.lookAgain(now)
	h.survey(ctx, now)
	for _, id := range sortedIDs(h.subjects) {
		h.ask(ctx, h.subjects[id], now)
		h.review(ctx, h.subjects[id], now)
	}
	for _, id := range sortedIDs(h.subjects) {
		if s := h.subjects[id]; s.dirty || now.Sub(s.diagnosed) >= longestRest { // evidence grows old by itself
			h.diagnose(ctx, s)
		}
	}
	if h.Accounts != nil {
		h.inquire(ctx, now)
	}
	if !now.Before(h.flushDue) {
		h.flush(ctx)
	}
	h.upkeep(ctx, now)
	return h.rest(h.Clock.Now())
}

// takeNews reads what runs and approvals changed.
func (h *heart) takeNews(ctx context.Context) {
	h.mu.Lock()
	news := len(h.news) > 0
	clear(h.news)
	h.mu.Unlock()
	if !news {
		return
	}
	if err := h.meet(ctx); err != nil && ctx.Err() == nil {
		h.Log.Error("reading what there is to watch", "err", err)
	}
}

// noticeViewers looks more often at what somebody has begun to look at.
func (h *heart) noticeViewers() {
	now := h.Clock.Now()
	for _, s := range h.subjects {
		watched := h.watched(s.id)
		if watched && !s.watched {
			s.soon(now, h.Pace.Watched, h.rand)
			h.account(s.answers.Account).viewed(now, h.Pace)
		}
		s.watched = watched
	}
}

// lookAgain brings forward what was asked for.
func (h *heart) lookAgain(now time.Time) {
	h.mu.Lock()
	asked := slices.Collect(maps.Keys(h.hurried))
	clear(h.hurried)
	if h.touched {
		h.touched, h.hostDue = false, now
	}
	h.mu.Unlock()
	for _, id := range asked {
		s := h.subjects[id]
		if s == nil {
			continue
		}
		s.soon(now, 0, h.rand)
		h.account(s.answers.Account).asked(now, h.Pace)
		h.hostDue = now
	}
}

// ask makes the checks of a setup that are due, as many at a time as may be. What
// waits longest is asked first, so that checks that hang do not keep others away.
func (h *heart) ask(ctx context.Context, s *subject, now time.Time) {
	if s.busy() {
		return // a run makes its own
	}
	for _, p := range slices.SortedStableFunc(slices.Values(s.points), func(a, b *point) int { return a.due.Compare(b.due) }) {
		if p.asking || p.due.After(now) || h.asking >= h.Pace.Parallel || s.asking >= h.Pace.PerSetup {
			continue
		}
		p.asking = true
		h.asking++
		s.asking++
		answers := s.answers
		h.beside(ctx, func() func() {
			evidence := p.ask(ctx, answers)
			return func() { h.answered(ctx, s, p, evidence) }
		})
	}
}

// answered takes in what a check saw.
func (h *heart) answered(ctx context.Context, s *subject, p *point, evidence []setup.Evidence) {
	now := h.Clock.Now()
	p.asking = false
	h.asking--
	s.asking--
	if ctx.Err() != nil {
		return
	}
	for _, v := range evidence {
		if p.remembers(v, s.watched, h.Pace) {
			s.readings = append(s.readings, v.Reading())
		}
	}
	was, stopped := p.broken(), s.stoppedAtEdge()
	v := p.answered(evidence, now, s.mood, h.Pace)
	p.due = p.next(now, s.watched, h.Pace, h.rand)
	if v.urgent {
		h.account(s.answers.Account).urgent(now, h.Pace)
		h.hostDue = now
	}
	if v.doubt {
		s.dirty = true
	}
	if !stopped && s.stoppedAtEdge() { // what does it is looked for only from now on
		a := h.account(s.answers.Account)
		a.sooner(now, a.last.Add(h.Pace.Gap))
	}
	if len(v.counts) == 0 {
		return
	}
	s.unsaved, s.dirty = append(s.unsaved, v.counts...), true
	if was != p.broken() {
		h.flushDue = now
	}
}

// rest is how long nothing is due.
func (h *heart) rest(now time.Time) time.Duration {
	next := now.Add(longestRest)
	sooner := func(at time.Time) {
		if at.Before(next) {
			next = at
		}
	}
	sooner(h.flushDue)
	if !h.hostLook.under() {
		sooner(h.hostDue)
	}
	if !h.accountsLook.under() {
		for _, a := range h.accounts {
			sooner(a.due)
		}
	}
	for _, s := range h.subjects {
		if s.busy() || h.asking >= h.Pace.Parallel || s.asking >= h.Pace.PerSetup {
			continue
		}
		for _, p := range s.points {
			if !p.asking {
				sooner(p.due)
			}
		}
	}
	return max(next.Sub(now), time.Millisecond)
}

// flush writes what the checks saw.
func (h *heart) flush(ctx context.Context) {
	h.flushDue = h.Clock.Now().Add(h.Pace.Flush)
	for _, id := range sortedIDs(h.subjects) {
		s := h.subjects[id]
		if len(s.readings) == 0 && len(s.unsaved) == 0 {
			continue
		}
		if err := h.write(ctx, s); err != nil {
			h.Log.Error("keeping what the checks saw", "setup", string(id), "err", err)
		}
		h.Notify.Publish(string(id), engine.TopicProof)
	}
}

// write stores what the checks of a setup saw. What cannot be stored is not
// kept: the next look tells it anew.
func (h *heart) write(ctx context.Context, s *subject) error {
	readings, unsaved := s.readings, s.unsaved
	s.readings, s.unsaved = nil, nil
	if err := h.Store.SaveReadings(ctx, s.id, readings); err != nil || len(unsaved) == 0 {
		return err
	}
	return h.Store.SaveEvidence(ctx, s.id, unsaved)
}

// upkeep rolls the history up.
func (h *heart) upkeep(ctx context.Context, now time.Time) {
	if h.keeping || now.Before(h.keepDue) {
		return
	}
	h.keeping = true
	h.beside(ctx, func() func() {
		err := h.Store.RollUp(ctx, now)
		return func() {
			h.keeping, h.keepDue = false, h.Clock.Now().Add(h.Pace.Upkeep)
			if err != nil && ctx.Err() == nil {
				h.Log.Error("rolling up the history of checks", "err", err)
			}
		}
	})
}

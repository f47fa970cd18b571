package watch

import (
	"context"
	"fmt"
	"sync"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// Examine looks at everything of a setup now, makes every check until what it
// shows counts, and says what is wrong. It is for a command that runs without
// Serve: the checks are kept, incidents are neither opened nor closed.
// engine.ErrNotFound: nothing was agreed to; engine.ErrBusy: a run is at work.
func (w *Watcher) Examine(ctx context.Context, id setup.SetupID) (Report, error) {
	h := w.newHeart()
	if err := h.meet(ctx); err != nil {
		return Report{}, err
	}
	s := h.subjects[id]
	if s == nil {
		return Report{}, engine.ErrNotFound
	}
	standing, err := h.Store.Standing(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("reading the standing incidents: %w", err)
	}
	for _, i := range standing {
		if i.Setup == id {
			s.track.standing = append(s.track.standing, i)
		}
	}
	if err := h.lookAt(ctx, s, engine.Reach{Accounts: []string{s.answers.Account}, Host: true}); err != nil {
		return Report{}, err
	}
	s.facts = h.Prober.Facts(ctx, s.answers)[0]
	s.arrange(h.Prober, h.Clock.Now(), 0, h.rand)
	if err := h.askAll(ctx, s); err != nil {
		return Report{}, err
	}
	if s.stoppedAtEdge() { // what does it is looked for only then
		if err := h.lookAt(ctx, s, engine.Reach{Edge: []setup.SetupID{id}}); err != nil {
			return Report{}, err
		}
	}
	in := s.input(h.Clock.Now(), h.Downtime)
	shown, _ := s.track.update(diagnosis.Of(in), moment{now: in.Now, seen: s.seen(), run: s.run, first: s.firsts()})
	h.askOnce(ctx, s, in, shown)
	s.condition = diagnosis.Sum(in, shown)
	return s.report(in.Now), nil
}

// lookAt plans a setup from a look now.
func (h *heart) lookAt(ctx context.Context, s *subject, reach engine.Reach) error {
	seen, err := h.Engine.Survey(ctx, reach)
	if err != nil {
		return err
	}
	p, ok := seen.Plans[s.id]
	if !ok {
		return engine.ErrBusy
	}
	s.take(p)
	return nil
}

// askAll makes every check of a setup, and again as long as an answer does not
// count yet. Somebody waits for it, so it ends after Pace.Once: what did not hold
// until then counts as it is.
func (h *heart) askAll(ctx context.Context, s *subject) error {
	var work sync.WaitGroup
	var mu sync.Mutex
	asking, cancel := context.WithTimeout(ctx, h.Pace.Once)
	defer cancel()
	free := make(chan struct{}, h.Pace.AtOnce)
	for _, p := range s.points {
		work.Go(func() {
			for {
				select {
				case free <- struct{}{}:
				case <-asking.Done():
					return // not asked, so nothing is known
				}
				evidence := p.ask(asking, s.answers)
				<-free
				now := h.Clock.Now()
				v := p.answered(evidence, now, mood{}, h.Pace)
				mu.Lock()
				for _, e := range evidence {
					s.readings = append(s.readings, e.Reading())
				}
				next := p.next(now, true, h.Pace, h.rand)
				mu.Unlock()
				switch {
				case !v.again:
					return
				case asking.Err() != nil || h.Clock.Sleep(asking, next.Sub(now)) != nil:
					p.counts = evidence
					return
				}
			}
		})
	}
	work.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.unsaved = s.evidence()
	if err := h.write(ctx, s); err != nil {
		return fmt.Errorf("keeping what the checks saw: %w", err)
	}
	return nil
}

package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// Actor is who acts in the history when nobody asked.
const Actor = "Culvert"

// diagnose says what is wrong with a setup by all that is known now, and keeps
// what became of its incidents. While a run is at work nothing is said.
func (h *heart) diagnose(ctx context.Context, s *subject) {
	if s.planned == nil {
		return
	}
	now := h.Clock.Now()
	s.dirty, s.diagnosed = false, now
	if s.busy() {
		h.publish(s, s.condition)
		return
	}
	in := s.input(now, h.Downtime)
	shown, c := s.track.update(diagnosis.Of(in), moment{now: now, seen: s.seen(), settling: s.settling(), run: s.run, first: s.firsts()})
	h.keep(ctx, s, c)
	h.wonder(s, in)
	h.publish(s, diagnosis.Sum(in, shown))
	if !c.none() && concerned(s) {
		h.account(s.answers.Account).troubled(now, h.Pace)
	}
	s.askRare(shown, now)
	h.repairAlone(ctx, s)
}

// askRare asks what is asked rarely once more if something broke since that lies
// on its way.
func (s *subject) askRare(findings []setup.Finding, now time.Time) {
	for _, p := range s.points {
		if p.rare && p.row() == 0 && slices.ContainsFunc(p.counts, func(v setup.Evidence) bool {
			return v.OK && v.At.Before(diagnosis.Broke(s.answers, findings, v.Check))
		}) {
			p.sooner(now)
		}
	}
}

// publish makes a condition known. Pages are told when it is another one; ages
// alone they count themselves.
func (h *heart) publish(s *subject, c diagnosis.Condition) {
	same := sameCondition(s.condition, c)
	s.condition = c
	r := s.report(h.Clock.Now())
	h.mu.Lock()
	old, had := h.reports[s.id]
	h.reports[s.id] = r
	h.mu.Unlock()
	if !same || !had || old.Busy() != r.Busy() {
		h.Notify.Publish(string(s.id), TopicWatch)
	}
}

// keep stores what became of incidents, and then tells of it. What could not be
// stored is tried again with the next look.
func (h *heart) keep(ctx context.Context, s *subject, c changes) {
	for _, i := range c.opened {
		i.Setup = s.id
		saved, err := h.Store.SaveIncident(ctx, i, h.audit(i, "problem", i.Finding.Title))
		at := s.track.index(i.Finding.ID)
		if err != nil && !errors.Is(err, engine.ErrBusy) {
			h.Log.Error("keeping an incident", "finding", i.Finding.ID, "err", err)
			s.track.standing = slices.Delete(s.track.standing, at, at+1)
			continue
		}
		s.track.standing[at] = saved
		h.Log.Warn("problem", "setup", string(s.id), "finding", i.Finding.ID, "title", i.Finding.Title)
		if h.Herald != nil {
			h.Herald.Opened(saved)
		}
	}
	for _, i := range c.moved {
		if _, err := h.Store.SaveIncident(ctx, i, nil); err != nil {
			h.Log.Error("keeping an incident", "finding", i.Finding.ID, "err", err)
		}
	}
	for _, i := range c.closed {
		if !h.close(ctx, i) {
			i.Closed, i.Ended, i.Run = setup.Incident{}.Closed, "", 0
			s.track.standing = append(s.track.standing, i)
		}
		delete(s.stopped, i.Finding.ID)
	}
}

// close stores that an incident is over, and says whether that worked.
func (h *heart) close(ctx context.Context, i setup.Incident) bool {
	if _, err := h.Store.SaveIncident(ctx, i, h.audit(i, "solved", i.Finding.Title+" "+i.Ended)); err != nil {
		h.Log.Error("keeping the end of an incident", "finding", i.Finding.ID, "err", err)
		return false
	}
	h.Log.Info("solved", "setup", string(i.Setup), "finding", i.Finding.ID, "how", i.Ended)
	if h.Herald != nil {
		h.Herald.Closed(i)
	}
	return true
}

// end closes an incident whose setup is no longer watched.
func (h *heart) end(ctx context.Context, i setup.Incident, how string) {
	i.Closed, i.Ended = h.Clock.Now(), how
	h.close(ctx, i)
}

func (h *heart) audit(i setup.Incident, action, text string) []setup.Audit {
	a := setup.Audit{At: h.Clock.Now(), Setup: i.Setup, Run: i.Run, Actor: Actor, Action: action, Text: text}
	if len(i.Finding.Keys) > 0 {
		a.Key = i.Finding.Keys[0]
	}
	return []setup.Audit{a}
}

package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// ActorAlone is who acts in the history when a repair was made by itself.
const ActorAlone = "Culvert (automatic)"

// recentRuns is how many runs of a setup are looked at to count repairs.
const recentRuns = 50

// repairAlone puts right what may be put right without asking: once for each
// incident, no more often than the cap says, and no more when a repair did not
// hold.
func (h *heart) repairAlone(ctx context.Context, s *subject) {
	if len(s.automatic) == 0 || s.run != nil && !s.run.State.Over() {
		return
	}
	for _, i := range s.track.standing {
		rule := ruleFor(s.automatic, i.Finding.Class)
		f := find(s.condition.Findings, i.Finding.ID)
		if rule == nil || f == nil || !f.Repairable() {
			continue
		}
		runs, err := h.Store.Runs(ctx, s.id, recentRuns)
		if err != nil {
			h.Log.Error("reading the runs", "setup", string(s.id), "err", err)
			return
		}
		if why := h.mayNot(runs, i, *rule); why != "" {
			h.giveUp(ctx, s, i, why)
			continue
		}
		run, err := h.Engine.Mend(ctx, s.id, f.Fix.Keys, f.Fix.Hashes, []string{f.ID}, ActorAlone)
		if err != nil {
			h.Log.Warn("repairing by itself", "setup", string(s.id), "finding", f.ID, "err", err)
			return
		}
		s.run = &run
		return // one at a time
	}
}

func ruleFor(rules []setup.Automatic, c setup.Class) *setup.Automatic {
	for i, r := range rules {
		if r.Class == c {
			return &rules[i]
		}
	}
	return nil
}

func find(findings []setup.Finding, id string) *setup.Finding {
	for i, f := range findings {
		if f.ID == id {
			return &findings[i]
		}
	}
	return nil
}

// mayNot says why an incident is not put right by itself; empty: it may be.
func (h *heart) mayNot(runs []setup.Run, i setup.Incident, rule setup.Automatic) string {
	now, lately := h.Clock.Now(), 0
	for _, run := range runs { // newest first
		if run.Actor != ActorAlone {
			continue
		}
		mends := slices.Contains(run.Mends, i.Finding.ID)
		switch {
		case mends && !run.Created.Before(i.Opened):
			return fmt.Sprintf("It was tried in run %d: %s", run.ID, run.Note)
		case mends && run.State == setup.RunSucceeded && run.Ended.After(i.Opened.Add(-h.Pace.Hold)):
			return fmt.Sprintf("It was put right in run %d at %s and did not hold.", run.ID, run.Ended.In(now.Location()).Format("15:04"))
		}
		if run.Created.After(now.Add(-time.Hour)) && mendsClass(run, rule.Class) {
			lately++
		}
	}
	if lately >= rule.PerHour {
		return fmt.Sprintf("It was done %d times within the last hour, and no more is allowed.", lately)
	}
	return ""
}

// mendsClass: a finding's id begins with its class.
func mendsClass(run setup.Run, c setup.Class) bool {
	return slices.ContainsFunc(run.Mends, func(id string) bool { return id == string(c) || len(id) > len(c) && id[:len(c)+1] == string(c)+"/" })
}

// giveUp says once why a finding is no longer put right by itself.
func (h *heart) giveUp(ctx context.Context, s *subject, i setup.Incident, why string) {
	if s.stopped[i.Finding.ID] == why {
		return
	}
	said := s.stopped[i.Finding.ID] != ""
	s.stopped[i.Finding.ID] = why
	h.publishAgain(s)
	if said {
		return
	}
	a := setup.Audit{At: h.Clock.Now(), Setup: s.id, Actor: ActorAlone, Action: "stopped", Text: i.Finding.Title + " It is not repaired by itself any more. " + why}
	if err := h.Store.SaveAudit(ctx, a); err != nil {
		h.Log.Error("keeping the history", "err", err)
	}
}

func (h *heart) publishAgain(s *subject) {
	h.mu.Lock()
	h.reports[s.id] = s.report(h.Clock.Now())
	h.mu.Unlock()
	h.Notify.Publish(string(s.id), TopicWatch)
}

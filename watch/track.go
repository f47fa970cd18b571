package watch

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// moment is what a look at the findings of one setup needs beside them.
type moment struct {
	now      time.Time
	seen     time.Time // when that was looked at in which something may be wrong
	settling time.Time // until when a fresh change may be on its way
	run      *setup.Run
	first    map[string]time.Time // by check: since when it does not hold
}

// tracker keeps which findings of one setup stand, and since when.
type tracker struct {
	standing []setup.Incident     // oldest first
	waiting  map[string]time.Time // by finding: first seen, not yet an incident
}

// changes are what became of incidents at one look.
type changes struct {
	opened []setup.Incident // without ids yet
	closed []setup.Incident
	moved  []setup.Incident // still standing, and told otherwise now
}

func (c changes) none() bool { return len(c.opened)+len(c.closed)+len(c.moved) == 0 }

// patience is how long a finding has to stand before it is an incident.
func patience(c setup.Class) time.Duration {
	switch c {
	case setup.ClassUnproven:
		return 2 * time.Minute // the checks are being made
	case setup.ClassConnectorSecond:
		return 90 * time.Second // a connector that was restarted counts twice for a while
	case setup.ClassCloudAway, setup.ClassUnread:
		return 30 * time.Second // one read may fail
	case setup.ClassAppStopped, setup.ClassConnectorStopped, setup.ClassConnectorMissing, setup.ClassConnectorNetwork:
		return 4 * time.Second // whoever makes a container anew stops the old one first
	}
	return 0
}

// hidden findings are not even shown before their patience is over: they are
// more often than not nothing.
func hidden(f setup.Finding) bool {
	return f.Class == setup.ClassConnectorSecond && f.Severity == setup.SeverityRisk
}

// update compares findings with what stood before. The findings it gives have
// their times, and those that are nothing yet are left out.
func (t *tracker) update(found []setup.Finding, m moment) ([]setup.Finding, changes) {
	found = t.carry(found, m)
	var shown []setup.Finding
	var c changes
	for _, f := range found {
		if i := t.index(f.ID); i >= 0 {
			f.Since = t.standing[i].Finding.Since
			if aboutOf(f) == aboutOf(t.standing[i].Finding) {
				f = f.DoneBy(t.standing[i].Finding.Deed)
				if f.Happened == nil { // the engine forgets
					f = f.After(t.standing[i].Finding.Happened)
				}
			}
			if told(t.standing[i].Finding) != told(f) {
				t.standing[i].Finding = f
				c.moved = append(c.moved, t.standing[i])
			}
			shown = append(shown, f)
			continue
		}
		f.Since = t.since(f, m)
		ripe := t.ripe(f, m.now)
		if ripe || !hidden(f) {
			shown = append(shown, f)
		}
		if ripe {
			c.opened = append(c.opened, setup.Incident{Finding: f, Opened: m.now})
		}
	}
	c.closed = t.close(found, m)
	t.standing = append(t.standing, c.opened...)
	t.forget(found)
	return shown, c
}

func (t *tracker) index(id string) int {
	return slices.IndexFunc(t.standing, func(i setup.Incident) bool { return i.Finding.ID == id })
}

// told is what would be told of a finding: while it is the same, nothing is
// written again.
func told(f setup.Finding) string {
	text := fmt.Sprint(f.Severity, f.Title, f.Effect, f.Cause, f.Doors, f.Keys, f.Checks)
	if f.Fix != nil {
		text += fmt.Sprint(f.Fix.Hashes, f.Fix.Barred)
	}
	return text
}

// ripe says whether a finding stands long enough to be an incident.
func (t *tracker) ripe(f setup.Finding, now time.Time) bool {
	if t.waiting == nil {
		t.waiting = map[string]time.Time{}
	}
	first, seen := t.waiting[f.ID]
	if !seen {
		first = now
		t.waiting[f.ID] = now
	}
	return now.Sub(first) >= patience(f.Class)
}

// forget drops what waited and is gone.
func (t *tracker) forget(found []setup.Finding) {
	for id := range t.waiting {
		gone := !slices.ContainsFunc(found, func(f setup.Finding) bool { return f.ID == id })
		if gone || t.index(id) >= 0 {
			delete(t.waiting, id)
		}
	}
}

// since is when a new finding began: with the first of its checks that failed,
// with a finding whose cause is only known now, or with the look that shows it.
// What no look shows began with its checks.
func (t *tracker) since(f setup.Finding, m moment) time.Time {
	since := m.seen
	if len(f.Keys) == 0 && slices.ContainsFunc(f.Checks, func(id string) bool { return !m.first[id].IsZero() }) {
		since = m.now
	}
	if first, waits := t.waiting[f.ID]; waits {
		since = first
	}
	for _, id := range f.Checks {
		if at, ok := m.first[id]; ok && !at.IsZero() && at.Before(since) {
			since = at
		}
	}
	for _, i := range t.standing {
		if shares(i.Finding.Checks, f.Checks) && i.Finding.Since.Before(since) {
			since = i.Finding.Since
		}
	}
	return since
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// carry keeps a finding whose cause was put right while its checks still fail,
// for as long as the change may take to reach Cloudflare's edge. Otherwise the
// same failure would be told once more, as one that nothing explains.
func (t *tracker) carry(found []setup.Finding, m moment) []setup.Finding {
	if !m.now.Before(m.settling) {
		return found
	}
	out := slices.Clone(found)
	for i, f := range out {
		if len(f.Keys) > 0 || len(f.Checks) == 0 || t.index(f.ID) >= 0 || f.Class == setup.ClassUnproven {
			continue
		}
		for _, s := range t.standing {
			still := slices.ContainsFunc(out, func(o setup.Finding) bool { return o.ID == s.Finding.ID })
			if still || !within(f.Checks, s.Finding.Checks) {
				continue
			}
			old := s.Finding
			old.Checks, old.Proof, old.Doors, old.Fix = f.Checks, f.Proof, f.Doors, nil
			old.IfNot = "It was put right; Cloudflare's edge may take a minute to follow."
			out[i] = old
			break
		}
	}
	return out
}

func within(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// close ends what stands no longer, and says how it ended.
func (t *tracker) close(found []setup.Finding, m moment) []setup.Incident {
	var closed, left []setup.Incident
	for _, i := range t.standing {
		if slices.ContainsFunc(found, func(f setup.Finding) bool { return f.ID == i.Finding.ID }) {
			left = append(left, i)
			continue
		}
		i.Closed = m.now
		if by := explanation(i, found); by != nil {
			i.Ended, i.Finding.Explained = "Its cause is known now: "+by.Title, by.ID
		} else {
			i.Ended, i.Run = ended(i, m.run)
		}
		closed = append(closed, i)
	}
	t.standing = left
	return closed
}

// explanation is the finding that tells the cause of what was told without one.
func explanation(i setup.Incident, found []setup.Finding) *setup.Finding {
	for _, f := range found {
		if len(i.Finding.Keys) == 0 && len(f.Keys) > 0 && shares(f.Checks, i.Finding.Checks) {
			return &f
		}
	}
	return nil
}

func ended(i setup.Incident, run *setup.Run) (string, int64) {
	if run != nil && run.State == setup.RunSucceeded && !run.Ended.Before(i.Opened) &&
		(len(run.Mends) == 0 || slices.Contains(run.Mends, i.Finding.ID)) {
		return fmt.Sprintf("Put right in run %d, by %s.", run.ID, run.Actor), run.ID
	}
	return "It is as it should be again; not by Culvert.", 0
}

package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/culvert/culvert/setup"
)

// settle writes down how changes ended that a process left open: into the
// ledger, into the history, and into the progress of this run. Only who holds
// the locks of a run may: for anybody else an open intent may be a change that
// is being made right now.
func (x *execution) settle(ctx context.Context, was setup.Ledger, p Planned) error {
	var changes []RecordChange
	var audit []Audit
	late := map[setup.Key]bool{} // done after all
	for _, k := range slices.SortedFunc(maps.Keys(was.Records), byKey) {
		before := was.Records[k]
		now, kept := p.Ledger.Records[k]
		if !x.concerns(before) || kept && (before.Intent == nil || now.Intent != nil) {
			continue
		}
		changes = append(changes, recordChange(k, now, kept))
		if before.Intent != nil && !left(p.Plan, k) {
			late[k] = true
			audit = append(audit, x.audit(asChange(k, *before.Intent), "changed", lateText(k, *before.Intent), before.Intent.To))
		}
	}
	if len(changes) > 0 {
		if err := x.Store.SaveRecords(context.WithoutCancel(ctx), changes, audit); err != nil {
			return fmt.Errorf("storing how the last run ended: %w", err)
		}
	}
	return x.tidy(ctx, p.Plan, late)
}

// concerns says whether a record is this setup's, so that its locks are held.
func (x *execution) concerns(r setup.Record) bool {
	return len(r.By) == 0 || slices.Contains(r.By, x.run.Setup)
}

func byKey(a, b setup.Key) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	}
	return 0
}

func asChange(k setup.Key, i setup.Intent) setup.Change {
	return setup.Change{Key: k, Verb: i.Verb, From: i.From, To: i.To}
}

// left says whether something is still to be done about a key, or nobody knows.
func left(p setup.Plan, k setup.Key) bool {
	return slices.ContainsFunc(p.Changes, func(c setup.Change) bool { return c.Key == k }) ||
		slices.ContainsFunc(p.Barriers, func(b setup.Barrier) bool { return b.Key == k })
}

// tidy closes the progress of changes that turned out to be done, and of those
// that were under way when an earlier stretch of this run ended. What is still
// to be done gets a new entry when it is tried again.
func (x *execution) tidy(ctx context.Context, p setup.Plan, late map[setup.Key]bool) error {
	if x.tidied && len(late) == 0 {
		return nil
	}
	changes, err := x.Store.RunChanges(ctx, x.run.ID)
	if err != nil {
		return fmt.Errorf("reading the progress: %w", err)
	}
	for _, c := range changes {
		switch {
		case c.State == ChangeRunning && !x.tidied && left(p, c.Key):
			c.State, c.Problem = ChangeFailed, &setup.Problem{Code: setup.CodeUnavailable, Message: "It was under way when Culvert stopped."}
		case c.State == ChangeRunning && !x.tidied, late[c.Key]:
			c.State, c.Problem = ChangeDone, nil
		default:
			continue
		}
		c.Ended = x.Clock.Now()
		if err := x.Store.SaveRunChange(context.WithoutCancel(ctx), c); err != nil {
			return fmt.Errorf("storing the progress: %w", err)
		}
	}
	x.tidied = true
	return nil
}

package engine

import (
	"context"
	"fmt"

	"github.com/culvert/culvert/setup"
)

// takeBack removes the public name again after the outside saw something open
// that must be locked. It is the one change made without being asked for: to
// leave the name up would be to leave the door open.
func (x *execution) takeBack(ctx context.Context, open setup.Evidence) (Run, error) {
	what := fmt.Sprintf("%s answers without a login. ", open.Check.Path)
	for {
		x.sight.clear()
		p, err := x.plan(ctx)
		if err != nil {
			return x.interrupted(ctx, err)
		}
		rec, ours := p.Ledger.Records[x.answers.RecordKey()]
		switch {
		case x.tookBack && !ours:
			return x.finish(ctx, p, ending{state: RunFailed, note: what + "The public name was taken away again at once, so nothing is open."})
		case !ours || rec.Owner != setup.Created || rec.Left == nil:
			return x.finish(ctx, p, ending{state: RunFailed, note: what + "The public name is not ours to remove: remove it in the dashboard (DNS → Records) until this is repaired."})
		}
		x.tookBack = true
		end, err := x.call(ctx, p, []setup.Change{x.withdrawal(rec)})
		switch {
		case err != nil:
			return x.interrupted(ctx, err)
		case end != nil:
			return x.finish(ctx, p, ending{RunFailed, what + "Taking the public name away again failed: " + end.note, end.problem})
		}
	}
}

func (x *execution) withdrawal(rec setup.Record) setup.Change {
	return setup.Change{Key: x.answers.RecordKey(), Verb: setup.Delete, From: rec.Left, FromID: rec.ID, Drop: true,
		Reach: setup.ReachLive, Step: setup.StepSwitch, Cause: "something was open that must be locked", By: rec.By}
}

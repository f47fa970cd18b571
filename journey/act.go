package journey

import (
	"context"
	"errors"
	"slices"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// Refresh looks at everything again and makes a new plan.
func (j *Journey) Refresh(ctx context.Context, id setup.SetupID) error {
	answers, err := j.current(ctx, id)
	if err != nil || answers == nil {
		return err
	}
	if held, err := j.holdImages(ctx, id, *answers); err != nil {
		return err
	} else if held {
		if answers, err = j.current(ctx, id); err != nil || answers == nil {
			return err
		}
	}
	planned, err := j.Engine.Plan(ctx, id, answers)
	if err == nil {
		if again, failed := j.ChooseRange(ctx, id, planned); failed != nil || again {
			j.lookSoon(id)
			return failed
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	j.mu.Lock()
	delete(j.trouble, id)
	if err != nil {
		j.trouble[id] = setup.AsProblem(err)
	}
	j.mu.Unlock()
	j.Notify.Publish(string(id), "plan")
	return err
}

// current gives the answers of a draft, or nil while they are not complete.
func (j *Journey) current(ctx context.Context, id setup.SetupID) (*setup.Answers, error) {
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return nil, err
	}
	answers, bad := j.resolve(id, draft)
	if len(bad) > 0 || !j.hasToken() {
		return nil, nil
	}
	return &answers, nil
}

// Apply starts a run through a step, with the changes that were shown.
func (j *Journey) Apply(ctx context.Context, id setup.SetupID, through setup.Step, hashes []string, actor string) (setup.Run, error) {
	answers, err := j.current(ctx, id)
	if err != nil {
		return setup.Run{}, err
	}
	planned, ok := j.Engine.Last(id)
	if answers == nil || !ok || !sameHashes(writes(planned.Plan, through), hashes) {
		j.lookSoon(id)
		return setup.Run{}, Stale{}
	}
	run, err := j.Engine.Start(ctx, engineRequest(id, answers, through, hashes, actor))
	var invalid *engine.Invalid
	if errors.As(err, &invalid) {
		return setup.Run{}, &setup.Problem{Code: setup.CodeInvalid, Message: invalid.Fields[0].Message, Cause: err}
	}
	return run, err
}

// writes gives the hashes of the changes up to a step that write something.
func writes(p setup.Plan, through setup.Step) []string {
	var hashes []string
	for _, c := range p.All() {
		if c.Verb.Writes() && c.Step.Through(through) {
			hashes = append(hashes, c.Hash())
		}
	}
	return hashes
}

func sameHashes(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// Cancel stops a run between two changes.
func (j *Journey) Cancel(ctx context.Context, id setup.SetupID, run int64, actor string) error {
	r, err := j.Store.Run(ctx, run)
	if err != nil {
		return err
	}
	if r.Setup != id {
		return ErrNotFound
	}
	return j.Engine.Cancel(ctx, run, actor)
}

// Verify proves everything again from outside.
func (j *Journey) Verify(ctx context.Context, id setup.SetupID) error {
	_, err := j.Engine.Verify(ctx, id)
	if err == nil && j.Watch != nil && j.Watch.Health().Alive {
		j.Watch.Hurry(id) // so that the sentence knows it too
	}
	return err
}

// TearDownPlan says what goes and what stays if everything of a setup is taken
// down.
func (j *Journey) TearDownPlan(ctx context.Context, id setup.SetupID) (setup.Plan, error) {
	if _, _, err := j.load(ctx, id); err != nil {
		return setup.Plan{}, err
	}
	p, err := j.Engine.Plan(ctx, id, nil)
	return p.Plan, err
}

// TearDown takes everything of a setup down, as far as it was shown.
func (j *Journey) TearDown(ctx context.Context, id setup.SetupID, hashes []string, actor string) (setup.Run, error) {
	plan, err := j.TearDownPlan(ctx, id)
	if err != nil {
		return setup.Run{}, err
	}
	if !sameHashes(writes(plan, setup.StepRemove), hashes) {
		return setup.Run{}, Stale{}
	}
	return j.Engine.Start(ctx, engineRequest(id, nil, setup.StepRemove, hashes, actor))
}

// History gives what happened, newest first.
func (j *Journey) History(ctx context.Context, id setup.SetupID, before int64, limit int) ([]Entry, error) {
	all, err := j.Store.AuditLog(ctx, id, before, limit)
	if err != nil {
		return nil, err
	}
	return j.entries(ctx, id, all)
}

// RunOf gives one run of a setup and its changes.
func (j *Journey) RunOf(ctx context.Context, id setup.SetupID, run int64) (setup.Run, []setup.RunChange, error) {
	r, err := j.Store.Run(ctx, run)
	if err != nil {
		return setup.Run{}, nil, err
	}
	if r.Setup != id {
		return setup.Run{}, nil, ErrNotFound
	}
	changes, err := j.Store.RunChanges(ctx, run)
	return r, changes, err
}

package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Fix says what putting findings right would do: those with the given ids, or
// all that can be, if there are none. ErrNotFound: one of them does not stand.
func (j *Journey) Fix(ctx context.Context, id setup.SetupID, findings []string) (setup.Fix, []string, error) {
	s, err := j.Standing(ctx, id)
	if err != nil {
		return setup.Fix{}, nil, err
	}
	return FixOf(s.Condition.Findings, findings)
}

// FixOf joins the fixes of findings: those with the given ids, or all that can be
// put right, if there are none. What changes a whole domain is never among all:
// it has to be meant.
func FixOf(all []setup.Finding, wanted []string) (setup.Fix, []string, error) {
	var fix setup.Fix
	var ids, does []string
	for _, f := range all {
		if len(wanted) > 0 && !slices.Contains(wanted, f.ID) || len(wanted) == 0 && f.Fix != nil && f.Fix.Asks != "" {
			continue
		}
		if !f.Repairable() {
			if len(wanted) > 0 {
				return setup.Fix{}, nil, notRepairable(f)
			}
			continue
		}
		ids, does = append(ids, f.ID), append(does, f.Fix.Does)
		join(&fix, *f.Fix)
	}
	for _, id := range wanted {
		if !slices.Contains(ids, id) {
			return setup.Fix{}, nil, fmt.Errorf("%s: %w", id, ErrNotFound)
		}
	}
	fix.Does = strings.Join(does, "; ")
	return fix, ids, nil
}

// join adds a fix to others; what both do is done once.
func join(fix *setup.Fix, f setup.Fix) {
	for _, r := range f.Remedies {
		if !slices.Contains(fix.Remedies, r) {
			fix.Remedies = append(fix.Remedies, r)
		}
	}
	if !strings.Contains(fix.Asks, f.Asks) {
		fix.Asks = strings.TrimSpace(fix.Asks + " " + f.Asks)
	}
	for i, h := range f.Hashes {
		if !slices.Contains(fix.Hashes, h) {
			fix.Keys, fix.Hashes, fix.Changes = append(fix.Keys, f.Keys[i]), append(fix.Hashes, h), append(fix.Changes, f.Changes[i])
		}
	}
	for _, r := range f.Restarts {
		if !slices.Contains(fix.Restarts, r) {
			fix.Restarts = append(fix.Restarts, r)
		}
	}
	fix.Expected = max(fix.Expected, f.Expected)
	if fix.Then != "" && fix.Then != f.Then {
		f.Then = fix.Then + "; " + f.Then
	}
	fix.Then = f.Then
}

func notRepairable(f setup.Finding) error {
	why := "Culvert cannot put this right: " + f.Title + " " + f.Advice
	if f.Fix != nil {
		why = "This cannot be put right now: " + f.Fix.Barred
	}
	return &setup.Problem{Code: setup.CodeRefused, Message: strings.TrimSpace(why)}
}

// Mending is what a person agreed to.
type Mending struct {
	Findings []string // ids; empty: all that can be put right
	Hashes   []string // of the changes that were shown
	// Domain: also to what it changes for the whole domain.
	Domain bool
}

// Repair starts a run that puts findings right and leaves everything else alone.
// Stale says that it would take other changes now than those that were shown.
func (j *Journey) Repair(ctx context.Context, id setup.SetupID, m Mending, actor string) (setup.Run, error) {
	fix, ids, err := j.Fix(ctx, id, m.Findings)
	if err != nil {
		return setup.Run{}, err
	}
	if len(ids) == 0 || !sameHashes(fix.Hashes, m.Hashes) {
		return setup.Run{}, Stale{}
	}
	if fix.Asks != "" && !m.Domain {
		return setup.Run{}, &setup.Problem{Code: setup.CodeInvalid,
			Message: "Nothing was changed, because it would be changed for the whole domain: say that it may. " + fix.Asks}
	}
	return j.Mend(ctx, id, fix, ids, actor)
}

// Mend carries out a fix that was agreed to. What it takes beyond what was
// agreed to before becomes part of the answers, as a decision that can be undone
// like every other; typed answers that were not carried out yet stay typed.
func (j *Journey) Mend(ctx context.Context, id setup.SetupID, fix setup.Fix, findings []string, actor string) (setup.Run, error) {
	if len(fix.Remedies) == 0 {
		return j.Engine.Mend(ctx, id, fix.Keys, fix.Hashes, findings, actor)
	}
	c, err := j.thinking(ctx, id)
	if err != nil {
		return setup.Run{}, err
	}
	if c.approved == nil {
		return setup.Run{}, ErrNotFound
	}
	answers := *c.approved
	var does []string
	for _, r := range fix.Remedies {
		answers, does = answers.With(r), append(does, r.Does(answers))
		c.draft = c.draft.with(r)
	}
	if err := j.saveDraft(ctx, c.row, c.draft); err != nil {
		return setup.Run{}, err
	}
	request := engineRequest(id, &answers, setup.StepRemove, fix.Hashes, actor)
	request.Only, request.Mends, request.Decision = fix.Keys, findings, strings.Join(does, " and ")
	run, err := j.Engine.Start(ctx, request)
	if err != nil {
		return run, errors.Join(err, j.putBack(ctx, c, answers))
	}
	return run, nil
}

// with asks for a remedy as well.
func (d Draft) with(r setup.Remedy) Draft {
	asked := setup.Answers{Remedies: d.Remedies, EdgeByHand: d.ByHand}.With(r)
	d.Remedies, d.ByHand = asked.Remedies, asked.EdgeByHand
	return d
}

// Classes that can be repaired by themselves, and those that are suggested:
// nothing but what they say is touched, and nobody else is asked.
var suggested = []setup.Class{setup.ClassAppReaddressed, setup.ClassConnectorStopped, setup.ClassConnectorMissing}

// usualCap is how often an hour a class is repaired unless it is said otherwise.
const usualCap = 3

// RepairableClasses are those whose findings come with a fix.
func RepairableClasses() []setup.Class {
	return []setup.Class{
		setup.ClassAppReaddressed, setup.ClassConnectorStopped, setup.ClassConnectorMissing, setup.ClassConnectorNetwork,
		setup.ClassDoorMissing, setup.ClassDoorWide, setup.ClassDoorChanged, setup.ClassDoorsClosed,
		setup.ClassLockMissing, setup.ClassLockChanged, setup.ClassTeamChanged, setup.ClassLoginMissing,
		setup.ClassEdgeRule, setup.ClassRecordMissing, setup.ClassRecordGrey, setup.ClassIngressChanged, setup.ClassPortReopened, setup.ClassSettingLost, setup.ClassAlert,
	}
}

func (j *Journey) automatic(ctx context.Context, id setup.SetupID) ([]AutomaticRule, error) {
	stored, err := j.Store.Automatic(ctx, id)
	if err != nil {
		return nil, err
	}
	var rules []AutomaticRule
	for _, c := range RepairableClasses() {
		r := AutomaticRule{Class: c, PerHour: usualCap, Suggested: slices.Contains(suggested, c)}
		for _, s := range stored {
			if s.Class == c {
				r.On, r.PerHour = true, s.PerHour
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// mostPerHour bounds the cap: what has to be repaired more often is not repaired.
const mostPerHour = 12

// SaveAutomatic says which classes of findings are repaired without asking.
func (j *Journey) SaveAutomatic(ctx context.Context, id setup.SetupID, rules []setup.Automatic, actor string) ([]setup.FieldError, error) {
	var names []string
	for _, r := range rules {
		switch {
		case !slices.Contains(RepairableClasses(), r.Class):
			return []setup.FieldError{{Field: "class", Message: fmt.Sprintf("%q is nothing that is repaired by itself.", r.Class)}}, nil
		case r.PerHour < 1 || r.PerHour > mostPerHour:
			return []setup.FieldError{{Field: string(r.Class), Message: fmt.Sprintf("Type how often an hour, 1 to %d.", mostPerHour)}}, nil
		}
		names = append(names, string(r.Class))
	}
	text := "Nothing is repaired by itself."
	if len(names) > 0 {
		text = "Repaired by itself from now on: " + strings.Join(names, ", ") + "."
	}
	err := j.Store.SaveAutomatic(ctx, id, rules, setup.Audit{At: j.Clock.Now(), Setup: id, Actor: actor, Action: "settings", Text: text})
	if err != nil {
		return nil, err
	}
	j.Notify.Publish(string(id), "run") // whoever watches reads it again
	return nil, nil
}

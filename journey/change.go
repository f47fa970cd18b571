package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// EditVerb says what an edit does to a door.
type EditVerb string

// Edits.
const (
	EditOpen   EditVerb = "open"
	EditClose  EditVerb = "close"
	EditAdd    EditVerb = "add"    // a path of one's own
	EditRemove EditVerb = "remove" // the same
)

// Edit is one change of what gets in without a login.
type Edit struct {
	Verb EditVerb
	Door string        // id of a door of the profile; empty: it is about Own
	Own  setup.OwnPath // to add; otherwise only its path counts
}

// Proposal is what a change of the answers would do, before anybody agreed.
type Proposal struct {
	Does string // as in "Decided to …": open the door for Telegram
	// Live: something was set up by the answers before, so the change is a run.
	// Otherwise it is noted, and becomes part of the plan of the steps.
	Live bool
	// Along: other answers that were typed and not carried out yet come along.
	Along   bool
	Answers setup.Answers
	Plan    setup.Plan
}

// Hashes are those of the changes to agree to.
func (p Proposal) Hashes() []string { return writes(p.Plan, setup.StepRemove) }

// Propose says what an edit would do. It changes nothing. What is wrong with a
// path is told at its fields: path, method, name, check, answer.
func (j *Journey) Propose(ctx context.Context, id setup.SetupID, e Edit) (Proposal, []setup.FieldError, error) {
	c, bad, err := j.editing(ctx, id, e)
	if err != nil || len(bad) > 0 {
		return Proposal{}, bad, err
	}
	p, err := j.propose(ctx, c)
	return p, nil, err
}

// Change carries an edit out as it was shown. Stale: it would take other
// changes now. What is not live is only noted; then there is no run.
func (j *Journey) Change(ctx context.Context, id setup.SetupID, e Edit, hashes []string, actor string) (setup.Run, []setup.FieldError, error) {
	c, bad, err := j.editing(ctx, id, e)
	if err != nil || len(bad) > 0 {
		return setup.Run{}, bad, err
	}
	run, err := j.decide(ctx, c, hashes, actor)
	return run, nil, err
}

// candidate is a draft that somebody thinks about.
type candidate struct {
	row      setup.Setup
	draft    Draft
	does     string
	approved *setup.Answers // nil: nothing stands
	along    bool
}

// thinking begins a candidate with the draft as it is.
func (j *Journey) thinking(ctx context.Context, id setup.SetupID) (candidate, error) {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return candidate{}, err
	}
	approved, err := j.Store.Approved(ctx)
	if err != nil {
		return candidate{}, err
	}
	return candidate{row: row, draft: draft, approved: approved[id].Answers}, nil
}

func (j *Journey) editing(ctx context.Context, id setup.SetupID, e Edit) (candidate, []setup.FieldError, error) {
	c, err := j.thinking(ctx, id)
	if err != nil {
		return c, nil, err
	}
	prof, known := j.Profiles.Get(c.draft.Profile)
	if !known {
		return c, nil, &setup.Problem{Code: setup.CodeNotFound, Message: "No app was chosen. Look at your server and choose one."}
	}
	if c.approved != nil {
		now, _ := j.resolve(id, c.draft)
		c.along = !now.Same(*c.approved)
	}
	at, err := e.change(&c, prof)
	if err != nil {
		return c, nil, err
	}
	answers, bad := j.resolve(id, c.draft)
	own, others := ownFaults(bad, at)
	switch {
	case len(own) > 0:
		return c, own, nil
	case len(others) > 0 && c.approved != nil:
		return c, nil, &setup.Problem{Code: setup.CodeInvalid,
			Message: "First put the answers right: " + others[0].Message}
	case c.approved != nil && answers.Same(*c.approved):
		return c, nil, &setup.Problem{Code: setup.CodeInvalid, Message: "It is like that already. Nothing would change."}
	}
	return c, nil, nil
}

// ownFaults parts what is wrong with one own path, by its fields, from the rest.
func ownFaults(bad []setup.FieldError, at int) (own, others []setup.FieldError) {
	for _, f := range bad {
		if part, of := strings.CutPrefix(f.Field, profile.OwnField(at, "")); of && at >= 0 {
			own = append(own, setup.FieldError{Field: part, Message: f.Message})
		} else {
			others = append(others, f)
		}
	}
	return own, others
}

// change makes an edit in a draft. It gives the number of the own path that it
// is about; below zero: of none.
func (e Edit) change(c *candidate, prof profile.Profile) (int, error) {
	if e.Door == "" {
		return e.changeOwn(c)
	}
	d, known := prof.Door(e.Door)
	if !known {
		return -1, ErrNotFound
	}
	if c.draft.Doors == nil {
		c.draft.Doors = prof.UsualDoors()
	}
	doors := slices.DeleteFunc(slices.Clone(c.draft.Doors), func(id string) bool { return id == d.ID })
	switch e.Verb {
	case EditOpen:
		doors = append(doors, d.ID)
	case EditClose:
	default:
		return -1, ErrNotFound
	}
	c.draft.Doors, c.does = doors, fmt.Sprintf("%s the door for %s", e.Verb, d.Name)
	return -1, nil
}

func (e Edit) changeOwn(c *candidate) (int, error) {
	rows := slices.Clone(c.draft.Own)
	at := slices.IndexFunc(rows, func(o setup.OwnPath) bool { return o.Path == e.Own.Path })
	if e.Verb == EditAdd {
		c.draft.Own, c.does = append(rows, e.Own), fmt.Sprintf("open %s, a path of your own", strings.TrimSpace(e.Own.Path))
		return len(rows), nil
	}
	if at < 0 {
		return -1, ErrNotFound
	}
	switch e.Verb {
	case EditOpen, EditClose:
		rows[at].Closed = e.Verb == EditClose
	case EditRemove:
		rows = slices.Delete(rows, at, at+1)
	default:
		return -1, ErrNotFound
	}
	c.draft.Own, c.does = rows, fmt.Sprintf("%s %s, a path of your own", e.Verb, e.Own.Path)
	return at, nil
}

// propose plans a candidate.
func (j *Journey) propose(ctx context.Context, c candidate) (Proposal, error) {
	answers, bad := j.resolve(c.row.ID, c.draft)
	p := Proposal{Does: c.does, Live: c.approved != nil, Along: c.along, Answers: answers}
	if !p.Live {
		return p, nil
	}
	if len(bad) > 0 {
		return p, &setup.Problem{Code: setup.CodeInvalid, Message: "These answers are not possible any more: " + bad[0].Message}
	}
	if !j.hasToken() {
		return p, noToken()
	}
	planned, err := j.Engine.Preview(ctx, c.row.ID, &answers)
	p.Plan = planned.Plan
	return p, err
}

// decide makes a candidate what is wanted, as far as it was shown, and begins
// the run. The draft is stored first, so that it never wants back what was
// decided; it is put back if nothing can begin.
func (j *Journey) decide(ctx context.Context, c candidate, hashes []string, actor string) (setup.Run, error) {
	p, err := j.propose(ctx, c)
	if err != nil {
		return setup.Run{}, err
	}
	if !sameHashes(p.Hashes(), hashes) {
		return setup.Run{}, Stale{}
	}
	if err := j.saveDraft(ctx, c.row, c.draft); err != nil || !p.Live {
		return setup.Run{}, err
	}
	request := engineRequest(c.row.ID, &p.Answers, setup.StepRemove, hashes, actor)
	request.Decision = p.Does
	run, err := j.Engine.Start(ctx, request)
	if err != nil {
		return run, errors.Join(err, j.putBack(ctx, c, p.Answers))
	}
	return run, nil
}

// putBack stores the draft as it was before a decision that did not come about.
// One that was stored although no run began stands, and the draft with it.
func (j *Journey) putBack(ctx context.Context, c candidate, decided setup.Answers) error {
	ctx = context.WithoutCancel(ctx)
	approved, err := j.Store.Approved(ctx)
	if err != nil {
		return err
	}
	if now := approved[c.row.ID].Answers; now != nil && now.Same(decided) {
		return nil
	}
	j.Engine.Forget(c.row.ID)
	if err := j.Store.SaveSetup(ctx, c.row); err != nil {
		return err
	}
	_, err = j.needs(ctx)
	return err
}

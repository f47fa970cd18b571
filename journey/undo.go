package journey

import (
	"context"
	"fmt"
	"slices"

	"github.com/culvert/culvert/setup"
)

// Entry is one line of the history.
type Entry struct {
	setup.Audit
	// Undoes is the number of the decision that can be undone from here; 0: none.
	Undoes int
}

// Undoing says what undoing a decision would do.
type Undoing struct {
	Proposal
	// Undone are the decisions that go, as the history tells them, newest first:
	// the one that was asked for and all that came after it.
	Undone []setup.Audit
	Back   setup.Revision // how it was before
}

// entries marks what can be undone: a decision, unless it was the first.
func (j *Journey) entries(ctx context.Context, id setup.SetupID, all []setup.Audit) ([]Entry, error) {
	revisions, err := j.Store.Revisions(ctx, id)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(all))
	for i, a := range all {
		entries[i] = Entry{Audit: a}
		if at := decisionOf(revisions, a); at >= 0 && at < len(revisions)-1 {
			entries[i].Undoes = revisions[at].Number
		}
	}
	return entries, nil
}

// decisionOf finds the revision that an entry tells of; below zero: none.
func decisionOf(revisions []setup.Revision, a setup.Audit) int {
	return slices.IndexFunc(revisions, func(r setup.Revision) bool { return a.Action == "approved" && r.At.Equal(a.At) })
}

// Undo says what it would do to go back to how things were before a decision.
// It changes nothing. ErrNotFound: there is no such decision. A Problem says why
// it cannot be undone.
func (j *Journey) Undo(ctx context.Context, id setup.SetupID, decision int) (Undoing, error) {
	u, c, err := j.undoing(ctx, id, decision)
	if err != nil {
		return u, err
	}
	if u.Undone, err = j.decisions(ctx, id, decision); err != nil {
		return u, err
	}
	u.Proposal, err = j.propose(ctx, c)
	return u, err
}

// decisions tells the decisions from one on.
func (j *Journey) decisions(ctx context.Context, id setup.SetupID, first int) ([]setup.Audit, error) {
	revisions, err := j.Store.Revisions(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := j.Store.AuditLog(ctx, id, 0, 0)
	return slices.DeleteFunc(all, func(a setup.Audit) bool {
		at := decisionOf(revisions, a)
		return at < 0 || revisions[at].Number < first
	}), err
}

// Revert undoes a decision as it was shown. Stale: it would take other changes
// now.
func (j *Journey) Revert(ctx context.Context, id setup.SetupID, decision int, hashes []string, actor string) (setup.Run, error) {
	_, c, err := j.undoing(ctx, id, decision)
	if err != nil {
		return setup.Run{}, err
	}
	return j.decide(ctx, c, hashes, actor)
}

// undoing makes the answers before a decision a candidate.
func (j *Journey) undoing(ctx context.Context, id setup.SetupID, decision int) (Undoing, candidate, error) {
	var u Undoing
	c, err := j.thinking(ctx, id)
	if err != nil {
		return u, c, err
	}
	revisions, err := j.Store.Revisions(ctx, id)
	if err != nil {
		return u, c, err
	}
	at := slices.IndexFunc(revisions, func(r setup.Revision) bool { return r.Number == decision })
	if at < 0 {
		return u, c, ErrNotFound
	}
	if at == len(revisions)-1 || revisions[at+1].Answers == nil {
		return u, c, &setup.Problem{Code: setup.CodeRefused,
			Message: "Before this decision nothing was set up. To go back to that, take the setup down; that page says what goes and what stays."}
	}
	u.Back = revisions[at+1]
	now := c.approved
	c.draft = draftOf(*u.Back.Answers, c.draft)
	c.does = fmt.Sprintf("go back to how it was before %s", revisions[at].At.UTC().Format("2 Jan 2006, 15:04 UTC"))
	answers, bad := j.resolve(id, c.draft)
	switch {
	case len(bad) > 0:
		return u, c, &setup.Problem{Code: setup.CodeRefused, Message: "How it was then is not possible any more: " + bad[0].Message}
	case now != nil && now.Same(answers):
		return u, c, &setup.Problem{Code: setup.CodeRefused, Message: "How it was before this decision is how it is decided now. There is nothing to undo."}
	}
	// What was taken down is set up again by a run as well.
	c.approved = u.Back.Answers
	return u, c, nil
}

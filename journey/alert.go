package journey

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// SetAlert says whom Cloudflare mails when nothing is connected to the tunnel any
// more; empty: nobody. Where something stands, a run does that and nothing else;
// otherwise it is noted, and done with the rest. What is wrong with the address is
// told at the field alert_email.
func (j *Journey) SetAlert(ctx context.Context, id setup.SetupID, email, actor string) (setup.Run, []setup.FieldError, error) {
	c, err := j.thinking(ctx, id)
	if err != nil {
		return setup.Run{}, nil, err
	}
	c.draft.AlertEmail = strings.TrimSpace(email)
	answers, bad := j.resolve(id, c.draft)
	if c.approved != nil {
		answers = *c.approved
		answers.AlertEmail = c.draft.AlertEmail
		bad = answers.Validate()
	}
	bad = slices.DeleteFunc(bad, func(e setup.FieldError) bool { return e.Field != "alert_email" })
	if len(bad) > 0 {
		return setup.Run{}, bad, nil
	}
	var run setup.Run
	if c.approved == nil {
		err = j.saveDraft(ctx, c.row, c.draft)
	} else {
		run, err = j.startAlert(ctx, c, answers, actor)
	}
	return run, nil, err
}

func (j *Journey) startAlert(ctx context.Context, c candidate, answers setup.Answers, actor string) (setup.Run, error) {
	hashes, err := j.alertChanges(ctx, c, answers)
	if err != nil {
		return setup.Run{}, err
	}
	if err := j.saveDraft(ctx, c.row, c.draft); err != nil {
		return setup.Run{}, err
	}
	request := engineRequest(c.row.ID, &answers, setup.StepRemove, hashes, actor)
	request.Only, request.Decision = []setup.Key{answers.AlertKey()}, "have Cloudflare mail nobody any more when this server is gone"
	if answers.AlertEmail != "" {
		request.Decision = "have Cloudflare mail " + answers.AlertEmail + " when this server is gone"
	}
	run, err := j.Engine.Start(ctx, request)
	if err != nil {
		return run, errors.Join(err, j.putBack(ctx, c, answers))
	}
	return run, nil
}

// alertChanges are the hashes of what it takes, which must be about the mail and
// nothing else.
func (j *Journey) alertChanges(ctx context.Context, c candidate, answers setup.Answers) ([]string, error) {
	if !j.hasToken() {
		return nil, noToken()
	}
	planned, err := j.Engine.Preview(ctx, c.row.ID, &answers)
	if err != nil {
		return nil, err
	}
	part, bar := planned.Plan.Part([]setup.Key{answers.AlertKey()})
	switch {
	case bar != nil && bar.Cause != nil:
		return nil, bar.Cause
	case bar != nil:
		return nil, &setup.Problem{Code: setup.CodeConflict, Message: bar.Detail}
	case len(part) == 0 && c.approved.AlertEmail == answers.AlertEmail:
		return nil, &setup.Problem{Code: setup.CodeInvalid, Message: "It is like that already. Nothing would change."}
	}
	var hashes []string
	for _, change := range part {
		if change.Key.Kind != setup.KindAlert {
			return nil, &setup.Problem{Code: setup.CodeConflict, Message: "First put this right on the status page, because the mail is about it: " + setup.Title(change) + "."}
		}
		if change.Verb.Writes() {
			hashes = append(hashes, change.Hash())
		}
	}
	return hashes, nil
}

package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// SaveAnswers stores what was typed, right or wrong, and says what is wrong.
func (j *Journey) SaveAnswers(ctx context.Context, id setup.SetupID, typed Draft) ([]setup.FieldError, error) {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return nil, err
	}
	draft.Hostname, draft.Zone = typed.Hostname, typed.Zone
	draft.Emails, draft.Domains = typed.Emails, typed.Domains
	draft.Doors, draft.Port, draft.Tunnel = typed.Doors, typed.Port, typed.Tunnel
	draft.Answered = true
	if err := j.saveDraft(ctx, row, draft); err != nil {
		return nil, err
	}
	_, bad := j.resolve(id, draft)
	bad = at(StageAnswers, bad)
	if len(bad) == 0 {
		j.lookSoon(id)
	}
	return bad, nil
}

// ChooseAccount stores which account the setup is for, where the token leaves a
// choice, and says what is wrong with it.
func (j *Journey) ChooseAccount(ctx context.Context, id setup.SetupID, account string) ([]setup.FieldError, error) {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return nil, err
	}
	draft.Account = account
	if err := j.saveDraft(ctx, row, draft); err != nil {
		return nil, err
	}
	_, bad := j.resolve(id, draft)
	return at(StageAccount, bad), nil
}

// Accept notes that the operator agreed to what a barrier offers, about an object
// as it was seen, and plans anew.
func (j *Journey) Accept(ctx context.Context, id setup.SetupID, key setup.Key, consent setup.Consent) error {
	if err := j.Agree(ctx, id, setup.GivenConsent{Key: key, Consent: consent}); err != nil {
		return err
	}
	return j.Refresh(ctx, id)
}

// Agree only notes what was agreed to.
func (j *Journey) Agree(ctx context.Context, id setup.SetupID, given ...setup.GivenConsent) error {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return err
	}
	for _, g := range given {
		draft.Consents = setup.Agree(draft.Consents, g)
	}
	return j.saveDraft(ctx, row, draft)
}

func (j *Journey) load(ctx context.Context, id setup.SetupID) (setup.Setup, Draft, error) {
	row, err := j.Store.Setup(ctx, id)
	if err != nil {
		return setup.Setup{}, Draft{}, err
	}
	draft, err := decodeDraft(row.Draft)
	return row, draft, err
}

// saveDraft stores a draft. What the token must be allowed to do follows from it.
func (j *Journey) saveDraft(ctx context.Context, row setup.Setup, d Draft) error {
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("writing the answers: %w", err)
	}
	row.Draft, row.Closed = text, false
	if err := j.Store.SaveSetup(ctx, row); err != nil {
		return fmt.Errorf("storing the answers: %w", err)
	}
	j.Engine.Forget(row.ID)
	_, err = j.needs(ctx)
	return err
}

func decodeDraft(text json.RawMessage) (Draft, error) {
	var d Draft
	if len(text) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("reading the stored answers: %w", err)
	}
	return d, nil
}

// resolve works a draft into answers.
func (j *Journey) resolve(id setup.SetupID, d Draft) (setup.Answers, []setup.FieldError) {
	prof, ok := j.Profiles.Get(d.Profile)
	if !ok {
		return setup.Answers{}, []setup.FieldError{{Field: "app", Message: "No app was chosen. Look at your server and choose one."}}
	}
	answers, bad := prof.Resolve(profile.Choices{
		Setup: id, Account: d.Account, Zone: d.Zone, Hostname: d.Hostname,
		Emails: split(d.Emails), Domains: split(d.Domains), Doors: d.Doors, Own: d.Own,
		Port: d.Port, Stack: d.Stack, Tunnel: d.Tunnel, Image: d.Image, ByHand: d.ByHand, Remedies: d.Remedies, Alert: d.AlertEmail, Consents: d.Consents, Digests: d.Digests,
		Mode: d.Mode, Inside: d.Inside, FrontDir: j.frontDir(d.Stack), Fixes: d.Fixes, Site: d.Site,
	})
	return answers, append(bad, j.checkOffered(d.Mode)...)
}

var separators = regexp.MustCompile(`[\s,;]+`)

func split(typed string) []string {
	var list []string
	for _, s := range separators.Split(strings.TrimSpace(typed), -1) {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// at gives the errors that belong to one stage.
func at(s Stage, bad []setup.FieldError) []setup.FieldError {
	var of []setup.FieldError
	for _, e := range bad {
		if stageOfField(e.Field) == s {
			of = append(of, e)
		}
	}
	return of
}

func stageOfField(field string) Stage {
	switch field {
	case "app", "setup":
		return StageLook
	case "account":
		return StageAccount
	}
	return StageAnswers
}

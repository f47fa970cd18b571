package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// FromFile works a culvert.yaml into answers: it finds the app that the file
// means, tries the token for the account, and keeps the answers as the setup's
// draft, so that the pages show the same. The sentences say what will not work
// as it is.
func (j *Journey) FromFile(ctx context.Context, f config.File, token secret.Text) (setup.Answers, []string, error) {
	c, err := j.meant(ctx, f)
	if err != nil {
		return setup.Answers{}, nil, err
	}
	id := setup.SetupID(f.Name)
	if id == "" {
		id = slugOf(c.Project.Name)
	}
	row, draft, err := j.load(ctx, id)
	if errors.Is(err, ErrNotFound) {
		row = setup.Setup{ID: id, Created: j.Clock.Now()}
	} else if err != nil {
		return setup.Answers{}, nil, err
	}
	choices := f.Choices(c.Stack)
	choices.Setup, choices.Consents, choices.FrontDir = id, draft.Consents, j.frontDir(c.Stack)
	if f.Remedies == nil {
		choices.Remedies = draft.Remedies
	}
	choices.Digests = draft.Digests
	if f.AlertEmail == "" {
		choices.Alert = draft.AlertEmail
	}
	if choices.Inside.Subnet == "" {
		choices.Inside.Subnet = draft.Inside.Subnet
	}
	var warnings []string
	if choices.Stack, warnings, err = j.Locator.Locate(ctx, choices.Stack, c.Profile.EnvFiles(), c.Profile.SettingNames()); err != nil {
		return setup.Answers{}, nil, err
	}
	if choices.Account, err = j.accountFor(ctx, token, f); err != nil {
		return setup.Answers{}, nil, err
	}
	var unknown []setup.FieldError
	if f.Mode.Private() {
		if choices.Inside.Profiles, unknown, err = j.profilesNamed(ctx, choices.Account, f.Inside.Profiles); err != nil {
			return setup.Answers{}, warnings, err
		}
	}
	answers, bad := c.Profile.Resolve(choices)
	bad = append(append(bad, unknown...), j.checkOffered(f.Mode)...)
	kept, err := j.keepsName(ctx, answers)
	if err != nil {
		return setup.Answers{}, warnings, err
	}
	if bad = append(bad, kept...); len(bad) > 0 {
		return setup.Answers{}, warnings, f.Explain(bad)
	}
	digests, err := j.digestsFor(ctx, id, answers)
	if err != nil {
		return setup.Answers{}, warnings, err
	}
	if len(digests) > 0 {
		draft.hold(digests)
		choices.Digests = draft.Digests
		answers, _ = c.Profile.Resolve(choices) // a digest makes nothing wrong
	}
	if answers.Private != nil && answers.Private.Front == nil {
		if w := c.Profile.NoPlainLogin(answers.PrivateAddress(), c.Service.Env, choices.Fixes); w != "" {
			warnings = append(warnings, w)
		}
	}
	return answers, warnings, j.saveDraft(ctx, row, draftOf(answers, draft))
}

// IDFor is the setup that a file means, without asking Docker or Cloudflare
// when the file names it.
func (j *Journey) IDFor(ctx context.Context, f config.File) (setup.SetupID, error) {
	if f.Name != "" {
		return setup.SetupID(f.Name), nil
	}
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		d, err := decodeDraft(row.Draft)
		if err != nil {
			return "", err
		}
		if d.Hostname == f.Hostname && d.Profile == f.App {
			return row.ID, nil
		}
	}
	return "", &setup.Problem{Code: setup.CodeNotFound,
		Message: fmt.Sprintf("There is no setup for %s in this data folder. Apply the file first, or give --data.", f.Hostname)}
}

// meant finds the one app on this server that a file is about.
func (j *Journey) meant(ctx context.Context, f config.File) (Candidate, error) {
	seen, err := j.Look(ctx)
	if err != nil {
		return Candidate{}, err
	}
	if seen.Problem != nil {
		return Candidate{}, seen.Problem
	}
	fits := slices.DeleteFunc(slices.Clone(seen.Candidates), func(c Candidate) bool {
		return c.Profile.ID != f.App ||
			f.ProjectFolder != "" && c.Stack.Dir != f.ProjectFolder ||
			f.Service != "" && c.Service.Name != f.Service
	})
	switch {
	case len(fits) == 0:
		return Candidate{}, &setup.Problem{Code: setup.CodeNotFound,
			Message: fmt.Sprintf("No running app of the kind %s was found%s. Start it with docker compose, then try again.", f.App, in(f.ProjectFolder))}
	case len(fits) > 1:
		var dirs []string
		for _, c := range fits {
			dirs = append(dirs, c.Stack.Dir)
		}
		return Candidate{}, &setup.Problem{Code: setup.CodeConflict,
			Message: fmt.Sprintf("Several apps of the kind %s run here. Say which one by project_folder: %s.", f.App, strings.Join(dirs, ", "))}
	case fits[0].Problem != nil:
		return Candidate{}, fits[0].Problem
	}
	return fits[0], nil
}

func in(dir string) string {
	if dir == "" {
		return ""
	}
	return " in " + dir
}

// accountFor tries the token and gives the account that it is for.
func (j *Journey) accountFor(ctx context.Context, token secret.Text, f config.File) (string, error) {
	if token.Empty() {
		return "", &setup.Problem{Code: setup.CodeNoToken,
			Message: "No API token. Set CLOUDFLARE_API_TOKEN, or store one at the step Account of the dashboard. " +
				"This page makes one with just what is needed: " + j.token.Link}
	}
	report, err := j.Cloud.Try(ctx, token, f.Account, setup.PermissionsFor(f.Mode, f.Hostname, f.Zone))
	switch p := report.Problem; {
	case err != nil:
		return "", err
	case p != nil && f.Account != "" && (p.Code == setup.CodeInvalid || p.Code == setup.CodeElsewhere):
		return "", f.Explain([]setup.FieldError{{Field: "account", Message: p.Message}})
	case p != nil:
		return "", p
	}
	missing := slices.DeleteFunc(report.Missing(), func(g setup.Grant) bool { return f.EdgeByHand && g.Key == setup.PermitsRules })
	if len(missing) > 0 {
		var lines []string
		for _, g := range missing {
			lines = append(lines, fmt.Sprintf("%s: %s (without it: no %s)", g.Name, g.Level(), g.Blocks))
		}
		return "", &setup.Problem{Code: setup.CodeDenied,
			Message: "The token lacks permissions. Open it in the dashboard, add these rows, and try again: " + strings.Join(lines, "; ") + "."}
	}
	if report.Account == "" {
		return "", &setup.Problem{Code: setup.CodeInvalid,
			Message: "The token sees several accounts, or may not list them. Write the account's id into the file as account."}
	}
	j.Cloud.Use(token)
	j.mu.Lock()
	j.token.Held, j.token.Report, j.token.Checked = true, &report, j.Clock.Now()
	j.mu.Unlock()
	return report.Account, nil
}

// StoredToken is the token that was given on a page; empty if there is none.
func (j *Journey) StoredToken(ctx context.Context) (secret.Text, error) {
	token, err := j.Store.Secret(ctx, tokenName)
	if errors.Is(err, ErrNotFound) {
		return secret.Text{}, nil
	}
	return token, err
}

// draftOf is what would have been typed on the pages for the same answers.
func draftOf(a setup.Answers, d Draft) Draft {
	d.Project, d.Service, d.Profile, d.Stack = a.Stack.Project, a.Stack.Service, a.Profile, a.Stack
	d.Hostname, d.Zone, d.Account = a.Hostname, a.Zone, a.Account
	d.Emails, d.Domains = strings.Join(a.Team.Emails, "\n"), strings.Join(a.Team.Domains, "\n")
	d.Port, d.Tunnel, d.Image, d.Answered = a.Port, a.Tunnel, a.Image, true
	d.Mode, d.Fixes, d.Site = "", profile.FixesOf(a), a.Site != ""
	if a.Mode.Private() {
		d.Mode, d.Inside = a.Mode, profile.InsideOf(a)
	}
	d.Doors = []string{}
	d.Own, d.ByHand, d.Remedies, d.AlertEmail = a.Own, a.EdgeByHand, a.Remedies, a.AlertEmail
	for _, door := range profile.Known(a) {
		d.Doors = append(d.Doors, door.ID)
	}
	return d
}

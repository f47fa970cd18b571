package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// Look says what runs on this server. It changes nothing, and what hinders the
// look is part of the answer.
func (j *Journey) Look(ctx context.Context) (Found, error) {
	f := Found{At: j.Clock.Now()}
	projects, err := j.Host.Look(ctx)
	if ctx.Err() != nil {
		return Found{}, ctx.Err()
	}
	if err != nil {
		f.Problem = setup.AsProblem(err)
	}
	for _, p := range projects {
		if c, ok := j.recognise(ctx, p); ok {
			f.Candidates = append(f.Candidates, c)
		} else {
			f.Others = append(f.Others, p)
		}
	}
	j.mu.Lock()
	j.seen = &f
	j.mu.Unlock()
	return f, nil
}

// recognise finds a profile for one of a project's services.
func (j *Journey) recognise(ctx context.Context, p found.Project) (Candidate, bool) {
	if p.Name == "" {
		return Candidate{}, false
	}
	for _, prof := range j.Profiles.List() {
		for _, s := range p.Services {
			if prof.Recognises(s.Name, s.Image, s.Command, s.Keys) {
				return j.candidate(ctx, p, s, prof), true
			}
		}
	}
	return Candidate{}, false
}

// candidate is a service with its files located.
func (j *Journey) candidate(ctx context.Context, p found.Project, s found.Service, prof profile.Profile) Candidate {
	c := Candidate{Project: p, Service: s, Profile: prof}
	stack, _ := p.Stack(s.Name)
	stack.Target = prof.Target(s.Command)
	stack.Settings = prof.SettingNames()
	located, _, err := j.Locator.Locate(ctx, stack, prof.EnvFiles(), prof.SettingNames())
	if err == nil && !j.edited(ctx, located) {
		err = j.Host.Preflight(ctx, located)
	}
	c.Stack = located
	if err != nil {
		c.Stack, c.Problem = stack, setup.AsProblem(err)
	}
	return c
}

// edited says whether we changed the app's files already. Then they differ from
// what runs for a while, and that is no reason to refuse the app.
func (j *Journey) edited(ctx context.Context, s setup.Stack) bool {
	ledger, err := j.Store.Ledger(ctx)
	if err != nil {
		return false // the stricter look
	}
	for k := range ledger.Records {
		if k.Kind.Place() == setup.AtFiles && (k.Scope == s.EnvFile || k.Scope == s.ComposeFile) {
			return true
		}
	}
	return false
}

// Choose makes an app of this server the one that a setup is about, and keeps
// how it could be reached before.
func (j *Journey) Choose(ctx context.Context, project, service, profileID string) (setup.SetupID, error) {
	c, err := j.find(ctx, project, service, profileID)
	if err != nil {
		return "", err
	}
	if c.Problem != nil {
		return "", c.Problem
	}
	id := slugOf(project)
	row, err := j.Store.Setup(ctx, id)
	var draft Draft
	switch {
	case errors.Is(err, ErrNotFound):
		row = setup.Setup{ID: id, Created: j.Clock.Now()}
	case err != nil:
		return "", err
	default:
		if draft, err = decodeDraft(row.Draft); err != nil {
			return "", err
		}
	}
	draft.Project, draft.Service, draft.Profile, draft.Stack = project, service, c.Profile.ID, c.Stack
	if row.Before == nil {
		if row.Before, err = json.Marshal(j.before(ctx, c)); err != nil {
			return "", err
		}
	}
	if err := j.saveDraft(ctx, row, draft); err != nil {
		return "", err
	}
	return id, nil
}

func (j *Journey) find(ctx context.Context, project, service, profileID string) (Candidate, error) {
	f, err := j.Look(ctx)
	if err != nil {
		return Candidate{}, err
	}
	if f.Problem != nil {
		return Candidate{}, f.Problem
	}
	all := f.Others
	for _, c := range f.Candidates {
		if c.Project.Name == project && c.Service.Name == service && (profileID == "" || c.Profile.ID == profileID) {
			return c, nil
		}
		all = append(all, c.Project)
	}
	prof, known := j.Profiles.Get(profileID)
	for _, p := range all {
		if s, ok := p.Find(service); ok && known && p.Name == project {
			return j.candidate(ctx, p, s, prof), nil
		}
	}
	return Candidate{}, &setup.Problem{Code: setup.CodeNotFound,
		Message: fmt.Sprintf("No running service %s of a project %s was found. Start your app with docker compose, then look again.", service, project)}
}

// before notes how the app can be reached now.
func (j *Journey) before(ctx context.Context, c Candidate) Before {
	b := Before{At: j.Clock.Now(), Exposure: setup.ExposedNone}
	for _, p := range c.Service.Ports {
		if p.Target == c.Stack.Target {
			b.Exposure = p.Exposure
			b.Port = fmt.Sprintf("%s:%d", orAll(p.Address), p.Published)
		}
	}
	for _, name := range sortedKeys(c.Service.Env) {
		value := c.Service.Env[name]
		if value == "" {
			value = "(empty)"
		}
		b.Settings = append(b.Settings, name+"="+value)
	}
	b.Webhooks = c.Profile.InUse(c.Service.Filled)
	b.Fronts = j.Onlooker.Fronts(ctx, c.Stack)
	b.Admin = j.Onlooker.Admin(ctx, c.Stack)
	_, b.Warnings, _ = j.Locator.Locate(ctx, c.Stack, c.Profile.EnvFiles(), c.Profile.SettingNames())
	b.Warnings = append(b.Warnings, c.Profile.Astray(c.Service.Env)...)
	return b
}

func orAll(address string) string {
	if address == "" {
		return "0.0.0.0"
	}
	return address
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slugOf makes a setup's id of a compose project's name.
func slugOf(project string) setup.SetupID {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(project), "-"), "-")
	if len(s) > 40 {
		s = strings.Trim(s[:40], "-")
	}
	if setup.Reserved(s) {
		s += "-app"
	}
	return setup.SetupID(s)
}

package journey

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// registerTime is how long the app may take to tell all platforms.
const registerTime = 2 * time.Minute

// Registration is what can be said before platforms are told an address anew.
type Registration struct {
	Register *profile.Register // nil: nobody knows how this app does it
	Address  string            // which the app takes for its own, and would tell
	Teams    []string
}

// Registration asks the app what it would tell, and for whom.
func (j *Journey) Registration(ctx context.Context, id setup.SetupID) (Registration, error) {
	s, err := j.Standing(ctx, id)
	if err != nil || s.Profile.Site == nil || s.Profile.Site.Register == nil {
		return Registration{}, err
	}
	stack, site := s.Answers.Stack, s.Profile.Site
	r := Registration{Register: site.Register}
	said, err := j.Host.Beside(ctx, stack.Project, stack.Service, site.Read)
	if err != nil {
		return r, err
	}
	r.Address = setup.SiteCommand{}.Domain(said)
	teams, err := j.Host.Beside(ctx, stack.Project, stack.Service, site.Register.Teams)
	if err != nil {
		return r, err
	}
	r.Teams = lines(teams)
	if r.Address == s.Answers.Hostname {
		return r, nil
	}
	return r, &setup.Problem{Code: setup.CodeConflict, Message: fmt.Sprintf(
		"The app takes %s for its own address, so it would tell platforms to call that. Let it know %s first: on the page about the way in, “Tell the app its address”.", r.Address, s.Answers.Hostname)}
}

var teamText = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Register has the app tell the platforms of a team its address, and gives what
// the app said. The history knows of it before it begins, however it ends.
func (j *Journey) Register(ctx context.Context, id setup.SetupID, team, actor string) ([]string, []setup.FieldError, error) {
	r, err := j.Registration(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if r.Register == nil {
		return nil, nil, ErrNotFound
	}
	if !teamText.MatchString(team) || !slices.Contains(r.Teams, team) {
		return nil, []setup.FieldError{{Field: "team", Message: "Choose one of the app's teams."}}, nil
	}
	s, err := j.Standing(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	note := func(ctx context.Context, text string) error {
		return j.Store.SaveAudit(ctx, engine.Audit{At: j.Clock.Now(), Setup: id, Actor: actor, Action: "register", Text: text})
	}
	if err := note(ctx, fmt.Sprintf("The app is told to register the webhooks of team %s at %s.", team, r.Address)); err != nil {
		return nil, nil, err
	}
	command := slices.Clone(r.Register.Run)
	for i, arg := range command {
		command[i] = strings.ReplaceAll(arg, "{team}", team)
	}
	asking, cancel := context.WithTimeout(ctx, registerTime)
	defer cancel()
	said, err := j.Host.Beside(asking, s.Answers.Stack.Project, s.Answers.Stack.Service, command)
	ended := fmt.Sprintf("The webhooks of team %s are registered at %s.", team, r.Address)
	if err != nil {
		ended = fmt.Sprintf("Registering the webhooks of team %s failed, perhaps half-way: %s", team, setup.AsProblem(err).Message)
	}
	keeping, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	err = errors.Join(err, note(keeping, ended))
	j.Notify.Publish(string(id), engine.TopicRun)
	return lines(said), nil, err
}

// lines are the lines of a text that are not empty.
func lines(text []byte) []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

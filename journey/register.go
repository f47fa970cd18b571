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

	stack setup.Stack
}

// Registers says whether it is known how the app tells platforms its address.
func (s Standing) Registers() bool {
	return s.Answers.Setup != "" && s.Profile.Site != nil && s.Profile.Site.Register != nil
}

// Registration asks the app what it would tell, and for whom. Without an error
// it may be carried out.
func (j *Journey) Registration(ctx context.Context, id setup.SetupID) (Registration, error) {
	s, err := j.Standing(ctx, id)
	if err != nil || !s.Registers() {
		return Registration{}, err
	}
	stack, site := s.Answers.Stack, s.Profile.Site
	said, err := j.Host.Beside(ctx, stack.Project, stack.Service, site.Read)
	if err != nil {
		return Registration{}, err
	}
	address := setup.SiteCommand{}.Domain(said)
	if address != s.Answers.Hostname {
		return Registration{}, &setup.Problem{Code: setup.CodeConflict, Message: fmt.Sprintf(
			"The app takes %s for its own address, so it would tell platforms to call that. Let it know %s first: on the page about the way in, “Tell the app its address”.", address, s.Answers.Hostname)}
	}
	teams, err := j.Host.Beside(ctx, stack.Project, stack.Service, site.Register.Teams)
	if err != nil {
		return Registration{}, err
	}
	return Registration{Register: site.Register, Address: address, Teams: lines(teams), stack: stack}, nil
}

var teamText = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Register has the app tell the platforms of a team its address, and gives what
// the app said. The history knows of it before it begins, however it ends.
func (j *Journey) Register(ctx context.Context, id setup.SetupID, r Registration, team, actor string) ([]string, []setup.FieldError, error) {
	if r.Register == nil {
		return nil, nil, ErrNotFound
	}
	if !teamText.MatchString(team) || !slices.Contains(r.Teams, team) {
		return nil, []setup.FieldError{{Field: "team", Message: "Choose one of the app's teams."}}, nil
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
	said, err := j.Host.Beside(asking, r.stack.Project, r.stack.Service, command)
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

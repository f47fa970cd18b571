package web

import (
	"fmt"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
)

// ServerView is the page that shows what runs on the server.
type ServerView struct {
	Frame
	Found    journey.Found
	Profiles []profile.Profile // for apps that no profile recognises
	Note     *Note
}

func portText(p found.Port) string {
	address := p.Address
	if address == "" {
		address = "all addresses"
	}
	return fmt.Sprintf("%d on %s → %d in the container: %s", p.Published, address, p.Target, exposureWord(p.Exposure))
}

func serviceState(s found.Service) string {
	state := fmt.Sprintf("%d of %s running", s.Running, plural(s.Containers, "container", "containers"))
	if s.Health != "" {
		state += ", " + s.Health
	}
	return state
}

// facts is an app as it was found, in lines.
func facts(c journey.Candidate) []Value {
	rows := []Value{
		{"Project", c.Project.Name},
		{"Service", c.Service.Name + ", " + serviceState(c.Service)},
		{"Image", c.Service.Image},
		{"Folder", c.Service.Dir},
		{"Compose files", orWords(strings.Join(c.Service.Files, ", "), "not known")},
	}
	if len(c.Service.Ports) == 0 {
		rows = append(rows, Value{"Published port", "none"})
	}
	for _, p := range c.Service.Ports {
		rows = append(rows, Value{"Published port", portText(p)})
	}
	if c.Stack.Network != "" {
		rows = append(rows, Value{"Docker network", c.Stack.Network})
	}
	if c.Stack.EnvFile != "" {
		rows = append(rows, Value{"Settings file", c.Stack.EnvFile})
	}
	return rows
}

// before is how the app could be reached when it was first looked at.
func (v View) before() []Value {
	b := v.O.Before
	if b == nil {
		return nil
	}
	port := "none"
	if b.Port != "" {
		port = b.Port + ": " + exposureWord(b.Exposure)
	}
	rows := []Value{{"Published port", port}}
	if b.Admin != "" {
		rows = append(rows, Value{"Its admin pages", b.Admin})
	}
	if len(b.Webhooks) > 0 {
		rows = append(rows, Value{"Webhooks in use, as its settings show", strings.Join(b.Webhooks, ", ")})
	}
	if len(b.Fronts) == 0 {
		rows = append(rows, Value{"Other ways in on this server", "none seen"})
	}
	for _, f := range b.Fronts {
		rows = append(rows, Value{"Other way in on this server", f})
	}
	for _, s := range b.Settings {
		name, value, _ := strings.Cut(s, "=")
		rows = append(rows, Value{name, orWords(value, "(empty)")})
	}
	return rows
}

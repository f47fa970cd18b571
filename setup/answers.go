package setup

import (
	"reflect"
	"slices"
)

// Mode says how the team comes in.
type Mode string

// ModePublic: through the public hostname, behind an Access policy.
const ModePublic Mode = "public"

// Team says who may enter.
type Team struct {
	Emails  []string `json:"emails,omitempty"`
	Domains []string `json:"domains,omitempty"`
}

// Door is one webhook platform that is let through without a login.
type Door struct {
	ID           string   `json:"id"`           // telegram
	Name         string   `json:"name"`         // Telegram
	Destinations []string `json:"destinations"` // /channels/telegram/*, as Access matches
	Paths        []string `json:"paths"`        // ^/channels/telegram/…$, as the tunnel matches
}

// Item is one thing that must stand in a list setting of the app.
type Item struct {
	Name  string `json:"name"` // DJANGO_ALLOWED_HOSTS
	Value string `json:"value"`
}

// PortChoice says what becomes of the published port.
type PortChoice string

// Choices for the published port.
const (
	PortLoopback PortChoice = "loopback" // this server only
	PortNone     PortChoice = "none"     // not published
	PortKeep     PortChoice = "keep"     // left as it is
)

// Answers is everything that a setup was told or decided for it, with the
// app's profile already worked in. Two equal answers want the same things.
type Answers struct {
	Setup    SetupID    `json:"setup"`
	Profile  string     `json:"profile"`
	Mode     Mode       `json:"mode"`
	Account  string     `json:"account"`
	Zone     string     `json:"zone"`
	Hostname string     `json:"hostname"`
	Team     Team       `json:"team"`
	Doors    []Door     `json:"doors"`
	Settings []Item     `json:"settings"`
	Stack    Stack      `json:"stack"`
	Tunnel   string     `json:"tunnel,omitempty"` // name of the tunnel; empty: the setup's
	Image    string     `json:"image"`            // of the connector
	Port     PortChoice `json:"port"`
	Session  string     `json:"session"` // how long a login lasts
	// Checks prove the setup from outside: each door answers, the rest is locked.
	Checks []Check `json:"checks"`
	// Consents names the existing objects that may be taken over.
	Consents []GivenConsent `json:"consents,omitempty"`
}

// Consent allows taking over one object with the content that was seen.
type Consent struct {
	ObjectID string `json:"object_id"`
	Seen     string `json:"seen"` // Digest of its state
}

// GivenConsent is a consent with the key it is for.
type GivenConsent struct {
	Key Key `json:"key"`
	Consent
}

// View says what must be looked at to plan for these answers.
func (a Answers) View() View {
	v := View{Account: a.Account}
	if a.Zone != "" {
		v.Zones = []string{a.Zone}
	}
	if a.Hostname != "" {
		v.Hosts = []string{a.Hostname}
	}
	if a.Stack.Project != "" {
		v.Stacks = []Stack{a.Stack}
	}
	return v
}

// Join merges what two views look at.
func (v View) Join(o View) View {
	if v.Account == "" {
		v.Account = o.Account
	}
	v.Zones = union(v.Zones, o.Zones)
	v.Hosts = union(v.Hosts, o.Hosts)
	for _, s := range o.Stacks {
		same := func(have Stack) bool { return reflect.DeepEqual(have, s) }
		if !slices.ContainsFunc(v.Stacks, same) {
			v.Stacks = append(slices.Clone(v.Stacks), s)
		}
	}
	return v
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

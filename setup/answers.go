package setup

import (
	"reflect"
	"slices"
)

// Mode says how the team comes in.
type Mode string

// Modes. One of them, never a mixture.
const (
	// ModePublic: through the public hostname, behind an Access policy.
	ModePublic Mode = "public"
	// ModeFallback: with WARP; devices ask a DNS server of ours for the private
	// name (Local Domain Fallback, dnsmasq), and a route by address leads there.
	ModeFallback Mode = "fallback"
	// ModeHostname: with WARP; Gateway answers for the private name, a route by
	// name leads to the connector, and Docker's DNS says where that is.
	ModeHostname Mode = "hostname"
)

// Private says whether a mode brings the team in by a private name.
func (m Mode) Private() bool { return m == ModeFallback || m == ModeHostname }

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

// Item is one thing that must stand in a setting of the app.
type Item struct {
	Name  string `json:"name"` // DJANGO_ALLOWED_HOSTS
	Value string `json:"value"`
	// Whole: the setting is this value, instead of a list that holds it.
	Whole bool `json:"whole,omitempty"`
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
	Setup    SetupID `json:"setup"`
	Profile  string  `json:"profile"`
	Mode     Mode    `json:"mode"`
	Account  string  `json:"account"`
	Zone     string  `json:"zone"`
	Hostname string  `json:"hostname"`
	Team     Team    `json:"team"`
	Doors    []Door  `json:"doors"`
	// Own are paths of the operator's own. The open ones are among the doors.
	Own      []OwnPath  `json:"own,omitempty"`
	Settings []Item     `json:"settings"`
	Stack    Stack      `json:"stack"`
	Tunnel   string     `json:"tunnel,omitempty"` // name of the tunnel; empty: the setup's
	Image    string     `json:"image"`            // of the connector
	Port     PortChoice `json:"port"`
	Session  string     `json:"session"` // how long a login lasts
	// Private is set in the private modes and only there.
	Private *Private `json:"private,omitempty"`
	// PublicTeam: in a private mode, the team may come in through the public
	// hostname as well. Otherwise that lets nobody in and serves the doors alone.
	PublicTeam bool `json:"public_team,omitempty"`
	// EdgeByHand: the operator looks after what Cloudflare's edge lets through by
	// themselves, so no rule is made for the webhook paths.
	EdgeByHand bool `json:"edge_by_hand,omitempty"`
	// Remedies are the further changes at Cloudflare's edge that the operator
	// asked for, sorted.
	Remedies []Remedy `json:"remedies,omitempty"`
	// AlertEmail is whom Cloudflare mails when nothing is connected to the tunnel
	// any more; empty: nobody.
	AlertEmail string `json:"alert_email,omitempty"`
	// Site is what the app's own record of its address shall say; empty: it is
	// left alone.
	Site string `json:"site,omitempty"`
	// Checks prove the setup from outside: each door answers, the rest is locked.
	Checks []Check `json:"checks"`
	// Consents names the existing objects that may be taken over.
	Consents []GivenConsent `json:"consents,omitempty"`
}

// Consent allows taking over one object with the content that was seen, or
// opening a whole network with the services that were seen in it.
type Consent struct {
	ObjectID string `json:"object_id"` // of a network: its name
	Seen     string `json:"seen"`      // Digest of its state; of a network: the services
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
	for _, r := range a.Remedies {
		if k := a.RemedyKey(r).Kind; k.aside() {
			v.Also = append(v.Also, k)
		}
	}
	if a.AlertEmail != "" {
		v.Also = append(v.Also, KindAlert)
	}
	if a.Private != nil {
		v = v.Join(a.Private.view(a))
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
	v.Private = v.Private || o.Private
	v.Profiles = union(v.Profiles, o.Profiles)
	v.Networks = union(v.Networks, o.Networks)
	v.Names = union(v.Names, o.Names)
	v.Lookups = union(v.Lookups, o.Lookups)
	v.Certificates = wantedOnce(union(v.Certificates, o.Certificates))
	v.Replaces = union(v.Replaces, o.Replaces)
	v.Also = union(v.Also, o.Also)
	for _, s := range o.Stacks {
		same := func(have Stack) bool { return reflect.DeepEqual(have, s) }
		if !slices.ContainsFunc(v.Stacks, same) {
			v.Stacks = append(slices.Clone(v.Stacks), s)
		}
	}
	return v
}

// Earlier is the view of answers that do not count any more.
func (v View) Earlier() View {
	v.Lookups = nil // nobody is led there
	v.Certificates = slices.Clone(v.Certificates)
	for i := range v.Certificates {
		v.Certificates[i].Valid = false
	}
	return v
}

// wantedOnce drops certificates of earlier answers that are wanted still.
func wantedOnce(all []Certificate) []Certificate {
	return slices.DeleteFunc(all, func(c Certificate) bool {
		wanted := c
		wanted.Valid = true
		return !c.Valid && slices.Contains(all, wanted)
	})
}

func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// What is decided for the operator unless the choices say otherwise.
const (
	DefaultImage   = "cloudflare/cloudflared:2026.8.2"
	DefaultSession = "24h"
)

// DecidedImage says whether an image, held by its tag alone, is one that was
// decided for the operator. What they chose themselves stays as they wrote it.
func DecidedImage(image string) bool {
	return image == DefaultImage || image == DefaultDNSImage || image == DefaultFrontImage
}

// Choices is what an operator chose, and what was found on the host.
type Choices struct {
	Setup    setup.SetupID // empty: the id of the profile
	Account  string
	Zone     string
	Hostname string
	Emails   []string
	Domains  []string
	Doors    []string          // ids; nil: those that are open by default
	Own      []setup.OwnPath   // beside them
	Port     setup.PortChoice  // empty: loopback
	ByHand   bool              // the operator makes the rule for callers that are no browsers
	Remedies []setup.Remedy    // further changes at Cloudflare's edge
	Alert    string            // whom Cloudflare mails when nothing is connected to the tunnel
	Tunnel   string            // name of the tunnel; empty: the setup's
	Image    string            // of the connector; empty: DefaultImage
	Digests  map[string]string // that hold images, by name and tag
	Session  string            // empty: DefaultSession
	Stack    setup.Stack       // as discovered; an empty service and target are the profile's
	Consents []setup.GivenConsent

	Mode     setup.Mode // empty: public
	Inside   Inside     // for a private mode
	FrontDir string     // the folder of the front, for a private mode
	Fixes    []string   // settings of the app that are to be set right
	Site     bool       // the app's own record of its address is to be the hostname
}

// Resolve works the choices into complete answers. What is wrong with them is
// told field by field; the answers are then as complete as they can be, so that
// a page can show them.
func (p Profile) Resolve(c Choices) (setup.Answers, []setup.FieldError) {
	if c.Mode.Private() && strings.TrimSpace(c.Hostname) == "" && c.Doors == nil {
		c.Doors = []string{} // no webhook arrives without a public address
	}
	doors, bad := p.choose(c.Doors)
	own, ownDoors, wrong := p.own(c.Own)
	doors, bad = append(doors, ownDoors...), append(bad, wrong...)
	a := setup.Answers{
		Setup:      orElse(c.Setup, setup.SetupID(p.ID)),
		Profile:    p.ID,
		Account:    strings.TrimSpace(c.Account),
		Zone:       strings.TrimSpace(c.Zone),
		Hostname:   strings.TrimSpace(c.Hostname),
		Team:       setup.Team{Emails: tidy(c.Emails), Domains: tidy(c.Domains)},
		Stack:      p.stack(c.Stack),
		Tunnel:     strings.TrimSpace(c.Tunnel),
		Image:      c.held(orElse(c.Image, DefaultImage)),
		Port:       orElse(c.Port, setup.PortLoopback),
		Session:    orElse(c.Session, DefaultSession),
		Own:        own,
		Checks:     p.checks(doors),
		EdgeByHand: c.ByHand,
		Remedies:   setup.SortedRemedies(c.Remedies),
		AlertEmail: strings.TrimSpace(c.Alert),
		Consents:   c.Consents,
	}
	for _, d := range doors {
		a.Doors = append(a.Doors, setup.Door{
			ID: d.ID, Name: d.Name,
			Destinations: slices.Clone(d.Destinations),
			Paths:        slices.Clone(d.Ingress),
		})
	}
	p.wayIn(&a, c)
	a.Settings = p.settings(a, c.Fixes)
	return a, slices.Concat(bad, p.checkFixes(c.Fixes), c.unused(a), a.Validate())
}

// choose gives the doors in the profile's order, whatever the order of the ids:
// the same choice gives the same answers.
func (p Profile) choose(ids []string) ([]Door, []setup.FieldError) {
	var doors []Door
	for _, d := range p.Doors {
		if ids == nil && d.Default || slices.Contains(ids, d.ID) {
			doors = append(doors, d)
		}
	}
	var bad []setup.FieldError
	for _, id := range ids {
		if _, known := p.Door(id); !known {
			bad = append(bad, setup.FieldError{
				Field:   "webhooks",
				Message: fmt.Sprintf("%s has no webhook called %q. It knows: %s.", p.Name, id, strings.Join(p.doorIDs(), ", ")),
			})
		}
	}
	return doors, bad
}

// UsualDoors lists the ids of the doors that are open by default.
func (p Profile) UsualDoors() []string {
	ids := []string{}
	for _, d := range p.Doors {
		if d.Default {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func (p Profile) doorIDs() []string {
	ids := make([]string, len(p.Doors))
	for i, d := range p.Doors {
		ids[i] = d.ID
	}
	return ids
}

// stack fills in what the profile knows: service, port and the keys of the
// environment that are of interest.
func (p Profile) stack(s setup.Stack) setup.Stack {
	s.Service = orElse(s.Service, p.Service)
	s.Target = orElse(s.Target, p.Port.Default)
	s.Settings = p.SettingNames()
	return s
}

// SettingNames lists the keys of the environment that are changed or reported.
func (p Profile) SettingNames() []string {
	var names []string
	for _, l := range p.Env.Lists {
		names = append(names, l.Name)
	}
	for _, r := range p.Env.Report {
		names = append(names, r.Name)
	}
	return names
}

// checks lists the doors' probes, then what must stay locked.
func (p Profile) checks(doors []Door) []setup.Check {
	var checks []setup.Check
	for _, d := range doors {
		checks = append(checks, d.checks()...)
	}
	for _, c := range p.Controls {
		checks = append(checks, locked(c.ID, c.Name, c.Path))
	}
	for _, d := range doors {
		for i, path := range d.Siblings {
			id := fmt.Sprintf("beside-%s-%d", d.ID, i+1)
			checks = append(checks, locked(id, "Beside the door for "+d.Name, path))
		}
	}
	return checks
}

func (d Door) checks() []setup.Check {
	checks := make([]setup.Check, len(d.Probes))
	for i, probe := range d.Probes {
		checks[i] = setup.Check{
			ID:          fmt.Sprintf("%s/%d", d.ID, i+1),
			Name:        orElse(probe.Name, d.Name),
			Door:        d.ID,
			Method:      probe.Method,
			Path:        probe.Path,
			NoUserAgent: probe.NoUserAgent,
			Metadata:    probe.Metadata,
			Sparing:     probe.Sparing,
			Want:        setup.Answer{Status: probe.Status, Allow: probe.Allow, Body: probe.Body},
		}
	}
	return checks
}

func locked(id, name, path string) setup.Check {
	return setup.Check{ID: "locked/" + id, Name: name, Locked: true, Method: "GET", Path: path}
}

// held adds to an image the digest that holds it to the letter, if one is known.
func (c Choices) held(image string) string {
	if digest := c.Digests[image]; digest != "" {
		return image + "@" + digest
	}
	return image
}

// tidy drops spaces around entries, empty entries and repetitions.
func tidy(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

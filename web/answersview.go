package web

import (
	"slices"
	"strings"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// errorsAt gives what is wrong with a field, or with one of its parts.
func (v View) errorsAt(field string) []string {
	var messages []string
	for _, e := range v.O.Errors {
		if e.Field == field && !slices.Contains(messages, e.Message) {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

// Field is one place to type, with what was typed and what is wrong with it.
type Field struct {
	ID     string
	Name   string
	Label  string
	Hint   string
	Value  string
	Errors []string
	List   []string // suggestions
	Rows   int      // more than one line to type in
	Secret bool     // not shown while it is typed, and never again
	Mail   bool
}

func (f Field) describedBy() string {
	ids := []string{f.ID + "-hint"}
	if len(f.Errors) > 0 {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

func (v View) hostnameField() Field {
	return Field{
		ID: "hostname", Name: "hostname", Label: "Address", Value: v.O.Draft.Hostname, Errors: v.errorsAt("hostname"),
		Hint: "The whole name, such as chat.example.org. If your bots are registered at an address already, keep that one.",
	}
}

func (v View) zoneField() Field {
	f := Field{
		ID: "zone", Name: "zone", Label: "Your domain at Cloudflare", Value: v.O.Draft.Zone, Errors: v.errorsAt("zone"),
		Hint: "The domain that the address belongs to, such as example.org.",
	}
	if r := v.O.Token.Report; r != nil {
		for _, z := range r.Zones {
			f.List = append(f.List, z.Name)
		}
	}
	if len(f.List) > 0 {
		f.Hint = "Your token sees: " + list(f.List) + "."
	}
	return f
}

func (v View) emailsField() Field {
	return Field{
		ID: "team-emails", Name: "emails", Label: "These people", Value: v.O.Draft.Emails, Rows: 3, Mail: true,
		Errors: append(v.errorsAt("team.emails"), v.errorsAt("team")...),
		Hint:   "E-mail addresses, one a line or with commas between them. Each gets a code by e-mail to log in.",
	}
}

func (v View) domainsField() Field {
	return Field{
		ID: "team-domains", Name: "domains", Label: "Everybody with an address of your organisation", Value: v.O.Draft.Domains,
		Errors: v.errorsAt("team.domains"),
		Hint:   "The part behind the @, such as example.org. Leave it empty to let in only the people above.",
	}
}

// fieldsOfAnswers maps a field of an error to the element to go to.
var anchors = []struct{ field, id, label string }{
	{"hostname", "hostname", "Address"},
	{"zone", "zone", "Your domain"},
	{"team", "team-emails", "Who may enter"},
	{"team.emails", "team-emails", "Who may enter"},
	{"team.domains", "team-domains", "Who may enter"},
	{"webhooks", "doors", "Doors"},
	{"port", "port", "The published port"},
	{"tunnel", "tunnel", "Name of the tunnel"},
	{"app", "app", "The app"},
	{"setup", "app", "The app"},
}

// FaultRow is one line of the summary of what is wrong.
type FaultRow struct{ Anchor, Label, Message string }

// faults lists what is wrong with the answers, in the order of the page.
func (v View) faults() []FaultRow {
	var rows []FaultRow
	for _, a := range anchors {
		for _, m := range v.errorsAt(a.field) {
			rows = append(rows, FaultRow{a.id, a.label, m})
		}
	}
	return rows
}

// DoorRow is one platform that may come in without a login.
type DoorRow struct {
	profile.Door
	Open  bool
	Guide []GuideRow
}

// GuideRow is a row of the guide's table that is not right as it stands.
type GuideRow struct{ Path, Word, Why string }

// doors gives the platforms that are open by default, or the others.
func (v View) doors(byDefault bool) []DoorRow {
	var rows []DoorRow
	for _, d := range v.O.Profile.Doors {
		if d.Default != byDefault {
			continue
		}
		r := DoorRow{Door: d, Open: d.Default}
		if v.O.Draft.Doors != nil {
			r.Open = slices.Contains(v.O.Draft.Doors, d.ID)
		}
		for _, g := range v.O.Profile.GuideRows(d.ID) {
			if g.Verdict != profile.VerdictRight {
				r.Guide = append(r.Guide, GuideRow{g.Path, verdictWord(g.Verdict), g.Why})
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func verdictWord(v profile.Verdict) string {
	switch v {
	case profile.VerdictPartial:
		return "reaches only a part"
	case profile.VerdictUnneeded:
		return "is not needed"
	case profile.VerdictRight:
		return "is right"
	}
	return "reaches nothing"
}

func names(rows []DoorRow) string {
	var all []string
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return list(all)
}

func anyOpen(rows []DoorRow) bool {
	return slices.ContainsFunc(rows, func(r DoorRow) bool { return r.Open })
}

// PortRow is one choice for the published port.
type PortRow struct {
	Choice setup.PortChoice
	Label  string
	Hint   string
	On     bool
}

func (v View) ports() []PortRow {
	rows := []PortRow{
		{setup.PortLoopback, "Closed to everybody but this server", "Scripts and health checks on the server go on working.", false},
		{setup.PortNone, "Not published at all", "Not even this server reaches the app by the port.", false},
		{setup.PortKeep, "Left as it is", "Whoever knows the port’s number gets past the lock. Choose it only if something else still needs the port.", false},
	}
	chosen := v.O.Draft.Port
	if chosen == "" {
		chosen = setup.PortLoopback
	}
	for i := range rows {
		rows[i].On = rows[i].Choice == chosen
	}
	return rows
}

// loginMethods are where Cloudflare's documentation says how to connect a way to
// log in.
func loginMethods() []Value {
	const docs = "https://developers.cloudflare.com/cloudflare-one/integrations/identity-providers/"
	return []Value{{"Google", docs + "google-workspace/"}, {"GitHub", docs + "github/"}, {"Okta", docs + "okta/"}}
}

// decided lists what nobody was asked, as name and value.
func (v View) decided() []Value {
	values := []Value{
		{"How the team comes in", modeTitle(v.mode()) + " (" + string(v.mode()) + ")"},
		{"A login lasts", orWords(v.answer(func(a setup.Answers) string { return a.Session }), "24h")},
		{"Connector", orWords(v.answer(func(a setup.Answers) string { return a.Image }), profile.DefaultImage)},
	}
	if f := v.O.Draft.Stack.ConnectorFile; f != "" {
		values = append(values, Value{"The connector’s file", f})
	}
	if f := v.O.Draft.Stack.EnvFile; f != "" {
		values = append(values, Value{"The app’s settings are in", f})
	}
	return values
}

func (v View) answer(get func(setup.Answers) string) string {
	if v.O.Answers == nil {
		return ""
	}
	return get(*v.O.Answers)
}

func orWords(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (v View) tunnelField() Field {
	return Field{
		ID: "tunnel", Name: "tunnel", Label: "Name of the tunnel", Value: v.O.Draft.Tunnel, Errors: v.errorsAt("tunnel"),
		Hint: "Empty: " + string(v.O.Setup) + ". Choose another name if one of that name exists and must not be taken over.",
	}
}

// settings lists what is added to the app's settings.
func (v View) settings() []profile.List { return v.O.Profile.Env.Lists }

// ownPaths lists the operator's own paths that are open.
func (v View) ownPaths() string {
	var open []string
	for _, o := range v.O.Draft.Own {
		if !o.Closed {
			open = append(open, o.Path)
		}
	}
	return list(open)
}

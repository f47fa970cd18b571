package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// WebhooksView is the page about what gets in without a login.
type WebhooksView struct {
	StandingView
	W    journey.Webhooks
	Form OwnForm
}

// OwnForm is what was typed to open a path of one's own, and what is wrong.
type OwnForm struct {
	Own    setup.OwnPath
	Answer string // as typed
	Errors []setup.FieldError
	Shown  bool // somebody begins to type, or is led here
}

func (v WebhooksView) regionNames() []string {
	return []string{"mending", "channels", "own", "locked", "routes"}
}

func (v WebhooksView) draw(name string) templ.Component {
	switch name {
	case "channels":
		return channels(v)
	case "own":
		return ownRows(v)
	case "locked":
		return lockedRows(v)
	case "routes":
		return routes(v)
	}
	return mending(v.StandingView)
}

// Regions renders what changes by itself on the page, as the page itself does.
func (v WebhooksView) Regions(ctx context.Context) ([]Region, error) {
	return renderAll(ctx, v.regionNames(), v.draw)
}

// Page is the page with the answer to a form on it.
func (v WebhooksView) Page(n *Note) templ.Component {
	v.Note = n
	return Webhooks(v)
}

func (v WebhooksView) region(name string) templ.Component { return regionOf(name, v.draw(name)) }

// ChannelRow is one platform or path with its door and its proof.
type ChannelRow struct {
	LightRow
	Platform string
	Stand    string // of the door, in a word; empty: there is nothing to tell yet
	By       string
	Seen     time.Time // when the app answered last; zero: not in what is kept
	Since    time.Time // when it began to fail; zero: it does not
	Paths    []profile.Path
	Verified string
	Why      string
	Unset    []string // keys by which the app would verify callers, without a value
	Stale    []string // paths that the running app does not serve
	Guide    []GuideRow
	Note     string // of the operator's own: how it is proven
	Actions  []RowAction
}

// RowAction leads to the page that shows what a change would do.
type RowAction struct{ Label, To string }

func (v WebhooksView) change(verb journey.EditVerb, door, path string) string {
	q := url.Values{"verb": {string(verb)}}
	if door != "" {
		q.Set("door", door)
	} else {
		q.Set("path", path)
	}
	return v.link("webhooks", "change") + "?" + q.Encode()
}

// openRows are the doors of the profile that are open.
func (v WebhooksView) openRows() []ChannelRow {
	var rows []ChannelRow
	for _, d := range v.W.Open {
		r := v.doorRow(d)
		v.prove(&r, d.ID, d.Name)
		r.Actions = []RowAction{{"Close this door", v.change(journey.EditClose, d.ID, "")}}
		rows = append(rows, r)
	}
	return rows
}

// closedRows are what the app could receive and is not let in.
func (v WebhooksView) closedRows() []ChannelRow {
	var rows []ChannelRow
	for _, d := range v.W.Closed {
		r := v.doorRow(d)
		r.LightRow = LightRow{ID: "closed-" + anchor(d.ID), Name: d.Name}
		r.Actions = []RowAction{{"Open this door", v.change(journey.EditOpen, d.ID, "")}}
		rows = append(rows, r)
	}
	return rows
}

func (v WebhooksView) doorRow(d profile.Door) ChannelRow {
	r := ChannelRow{Platform: d.Platform, Paths: d.Paths, Verified: d.Verified, Why: d.Why, Unset: v.W.Unset[d.ID]}
	for _, g := range v.S.Profile.GuideRows(d.ID) {
		r.Guide = append(r.Guide, GuideRow{g.Path, verdictWord(g.Verdict), g.Why})
	}
	if v.S.Routes != nil {
		for _, s := range v.S.Routes.Review.Stale {
			if s.Door.ID == d.ID {
				r.Stale = append(r.Stale, s.Path.Path)
			}
		}
	}
	return r
}

// ownRows are the operator's own paths, open or not.
func (v WebhooksView) ownRows() []ChannelRow {
	var rows []ChannelRow
	for _, o := range v.W.Own {
		id := profile.OwnID(o.Path)
		r := ChannelRow{Platform: "A path of your own", Paths: []profile.Path{{Path: o.Path, Methods: []string{o.Method}}}, Note: ownProof(o)}
		verb, label := journey.EditClose, "Close"
		if o.Closed {
			r.LightRow = LightRow{ID: "closed-" + id, Name: o.Title(), State: LightOut, Word: "closed"}
			verb, label = journey.EditOpen, "Open"
		} else {
			v.prove(&r, id, o.Title())
			if r.State == LightOn {
				r.Word = "the app answers"
			}
		}
		r.Actions = []RowAction{{label, v.change(verb, "", o.Path)}, {"Remove", v.change(journey.EditRemove, "", o.Path)}}
		rows = append(rows, r)
	}
	return rows
}

// ownProof says how an own path is proven.
func ownProof(o setup.OwnPath) string {
	status, allow := profile.OwnAnswer(o)
	text := "Proven by a GET of " + orWords(o.Sample, o.Path) + " without any content, which the app must answer with " + strconv.Itoa(status)
	if allow != "" {
		text += " (only " + allow + " is allowed)"
	}
	if o.Method == http.MethodGet && o.Sample == "" {
		text += ". It is the request that callers make, so the app may do what it does for them: Culvert sends it every five minutes, and at each change"
	}
	return text + "."
}

// prove gives a row its light and what is known of its door, as the diagnosis
// tells it, once there is something to tell.
func (v WebhooksView) prove(r *ChannelRow, door, name string) {
	r.LightRow = LightRow{Name: name, State: LightOut, Word: "not set up yet"}
	if v.S.Live {
		r.Word = noRecentProof
	}
	for _, ch := range v.S.Condition.Channels {
		if ch.Door == door {
			r.LightRow = v.channelRow(ch)
			r.Stand, r.Seen, r.Since = ch.State, ch.Seen, ch.Since
			if ch.By != "" {
				r.By = answeredBy(ch.By)
			}
		}
	}
	r.ID = "channel-" + anchor(door)
}

// lockedRows are what must stay locked, each with its proof.
func (v WebhooksView) lockedRows() []Light {
	return lightsOf(v.S.Answers.Checks, v.S.Evidence, v.Now, func(c setup.Check) bool { return c.Locked })
}

// guide is the guide's table with what each row is worth.
func (v WebhooksView) guide() (rows []GuideRow, wrong int) {
	for _, g := range v.S.Profile.Guide {
		rows = append(rows, GuideRow{g.Path, verdictWord(g.Verdict), g.Why})
		if g.Verdict == profile.VerdictWrong {
			wrong++
		}
	}
	return rows, wrong
}

// ProposedRoute is an address of the running app that takes something from
// programs, and for which there is no door.
type ProposedRoute struct {
	profile.Route
	Own string // the own path that covers it; empty: none
	To  string // leads to the form, filled in
}

func (v WebhooksView) proposed() []ProposedRoute {
	var rows []ProposedRoute
	for _, r := range v.S.Routes.Review.New {
		p := ProposedRoute{Route: r}
		if own, covered := profile.Covering(v.W.Own, r.Sample); covered {
			p.Own = own.Path
		}
		q := url.Values{"path": {r.Path}, "method": {"POST"}}
		if len(r.Methods) > 0 && slices.Contains(profile.OwnMethods(), r.Methods[0]) {
			q.Set("method", r.Methods[0])
		}
		p.To = v.link("webhooks") + "?" + q.Encode() + "#own-form"
		rows = append(rows, p)
	}
	return rows
}

func (v WebhooksView) ownErrors(part string) []string {
	var messages []string
	for _, e := range v.Form.Errors {
		if e.Field == part {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

func (v WebhooksView) ownField(part, label, hint, value string) Field {
	return Field{ID: "own-" + part, Name: part, Label: label, Hint: hint, Value: value, Errors: v.ownErrors(part)}
}

// ownFaults lists what is wrong with what was typed.
func (v WebhooksView) ownFaults() []FaultRow {
	var rows []FaultRow
	for _, e := range v.Form.Errors {
		rows = append(rows, FaultRow{"own-" + e.Field, upperFirst(e.Field), e.Message})
	}
	return rows
}

// rarely says whether one of the fields was filled in that hardly anybody needs.
func (f OwnForm) rarely() bool {
	return f.Own.Name != "" || f.Answer != "" ||
		slices.ContainsFunc(f.Errors, func(e setup.FieldError) bool { return e.Field == "answer" || e.Field == "name" })
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

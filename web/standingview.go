package web

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/journey"
)

// StandingView is a page about how a finished setup stands.
type StandingView struct {
	Frame
	At     Page
	Now    time.Time
	S      journey.Standing
	Recent []journey.Entry // what was done last, newest first
	Note   *Note
	// Histories are those of the checks, on a page that shows them.
	Histories []CheckHistory
}

func (v StandingView) page() Page { return v.At }

func (v StandingView) link(parts ...string) string {
	return v.To(append([]string{string(v.S.Setup)}, parts...)...)
}

// regionNames lists what changes by itself on a page, in the order in which it is
// sent: that a repair is proven stands there before anything turns good by it.
func (v StandingView) regionNames() []string {
	if v.At.Span() != "" {
		return []string{"checks"}
	}
	return []string{"mending", "headline", "lights", "problems", "way", "past"}
}

// draw gives the component of a region.
func (v StandingView) draw(name string) templ.Component {
	switch name {
	case "headline":
		return headline(v)
	case "mending":
		return mending(v)
	case "problems":
		return problems(v)
	case "lights":
		return standingLights(v)
	case "checks":
		return checks(v)
	case "way":
		return way(v)
	}
	return past(v)
}

// Regions renders what changes by itself on a page, as the page itself does.
func (v StandingView) Regions(ctx context.Context) ([]Region, error) {
	return renderAll(ctx, v.regionNames(), v.draw)
}

// Page is the page with the answer to a form on it.
func (v StandingView) Page(n *Note) templ.Component {
	v.Note = n
	if v.At.Span() != "" {
		return Checks(v)
	}
	return Status(v)
}

func (v StandingView) region(name string) templ.Component { return regionOf(name, v.draw(name)) }

// DeskLink leads to one of the pages about how a setup stands.
type DeskLink struct {
	Page  Page
	Label string
}

func deskLinks() []DeskLink {
	return []DeskLink{{PageStatus, "Status"}, {PageWebhooks, "Webhooks"}, {PageDay, "Checks"}, {PageLogs, "Logs"}, {PageSettings, "Settings"}, {PageHistory, "What was done"}}
}

// lookCounts is how long what was put together from looks counts.
const lookCounts = 3 * time.Minute

// Headline is the one sentence on top.
type Headline struct {
	State LightState
	Told  diagnosis.Told
	Until time.Time // when it is no longer known to be true; zero: it never was
	More  string    // of the watching itself
}

// begin is the sentence as far as it does not grow.
func (h Headline) begin() string {
	if h.Told.Since.IsZero() {
		return h.Told.Begin + "."
	}
	return h.Told.Begin
}

// headline tells how a setup stands, and nothing that is not proven now.
func (v StandingView) headline() Headline {
	if v.S.Answers.Setup == "" && !v.S.TornDown {
		return nothingYet()
	}
	return headlineOf(v.S.Brief, v.S.TornDown, v.Now)
}

func nothingYet() Headline {
	return Headline{State: LightOut, Told: diagnosis.Told{Begin: "Nothing was set up yet", End: "Go on with the set-up; then this page tells how it stands."}}
}

func headlineOf(b journey.Brief, tornDown bool, now time.Time) Headline {
	c := b.Condition
	h := Headline{Told: c.Told, Until: b.At.Add(lookCounts)}
	switch {
	case tornDown:
		return Headline{State: LightOut, Told: diagnosis.Told{Begin: "Everything was taken down", End: "Nothing of this setup is watched."}}
	case !b.Known && !b.Watching:
		return Headline{State: LightOut, Told: diagnosis.Told{Begin: "Nobody watches this setup now"}, More: notWatching}
	case !b.Known:
		return Headline{State: LightOut, Told: diagnosis.Told{Begin: "The first look is under way", End: "It takes a few seconds."}}
	}
	if !b.Watching {
		h.More = notWatching
	}
	switch c.Light {
	case diagnosis.Good:
		h.State, h.Until = LightOn, sooner(h.Until, c.Until)
	case diagnosis.Bad:
		h.State = LightOff
	default:
		h.State = LightOut
	}
	if !now.Before(h.Until) {
		h.State, h.Until = LightOut, time.Time{}
		h.Told = diagnosis.Told{Begin: noProof, End: "What was known last is too old to count."}
	}
	return h
}

// noProof is what stands where nothing that is known is fresh enough to say.
const noProof = "There is no recent proof"

const notWatching = "Culvert has stopped looking by itself. Restart it on the server: docker compose restart culvert"

// sooner is the earlier of two times, of which the second may not be known.
func sooner(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

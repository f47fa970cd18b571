package web

import (
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// Frame is what is around every page.
type Frame struct {
	Base      string // before every link: empty, or such as /practice
	Practice  string // link to the practice; empty: not offered here
	Leave     string // link out of the practice; empty: there is nothing else
	Break     string // link to what can be broken; empty: this is no practice
	SignOut   string // where the sign-out button posts to; empty: no sessions
	Rehearsal bool
	Version   string
	Assets    Assets
}

// To is a link within the pages.
func (f Frame) To(parts ...string) string { return f.Base + "/" + strings.Join(parts, "/") }

func (f Frame) asset(name string) string { return f.To("static", f.Assets.Path(name)) }

func (f Frame) title(page string) string {
	if f.Rehearsal {
		return page + " · Practice · Culvert"
	}
	return page + " · Culvert"
}

// Page names one page of a setup, as its address does.
type Page string

// Pages that are not stages of the way.
const (
	PageStatus   Page = "status"
	PageWebhooks Page = "webhooks"
	PageDay      Page = "checks-24h"
	PageMonth    Page = "checks-30d"
	PageLogs     Page = "logs"
	PageSettings Page = "settings"
	PageHistory  Page = "history"
	PageTeardown Page = "teardown"
	PageRun      Page = "run"
	PageUndo     Page = "undo"
	PageWayIn    Page = "way-in"
)

// Stands says whether the page shows how a finished setup stands, and not a
// part of the way there.
func (p Page) Stands() bool { return slices.Contains(standingPages(), p) }

func standingPages() []Page {
	return []Page{PageStatus, PageWebhooks, PageDay, PageMonth, PageLogs, PageSettings}
}

// KnownPage says whether there is a page of that name.
func KnownPage(name string) bool {
	p := Page(name)
	return p.Stands() || slices.Contains([]Page{PageHistory, PageTeardown, PageRun, PageUndo, PageWayIn}, p) ||
		slices.Contains(journey.Stages(), journey.Stage(p))
}

// Note is the answer to a form: how it went, in a sentence or two.
type Note struct {
	Bad  bool
	Text string
}

// View is one page of one setup.
type View struct {
	Frame
	At   Page
	Now  time.Time
	O    journey.Overview
	Note *Note
	// Wrong: this page answers a form that was not right. It leads to what is.
	Wrong bool
	// Handmade is the path of a compose file to read, as it was typed.
	Handmade string
	// AskedDevices: the device profiles were read for this very answer, or Unlisted
	// says why they could not be.
	AskedDevices bool
	Unlisted     *setup.Problem
	// TokenFault says why the token that was just sent is not good.
	TokenFault string
	// TypedAccount is the account id that was typed beside that token.
	TypedAccount string
}

// place is where a part stands that several pages share.
type place interface {
	link(parts ...string) string // within the setup
	page() Page
}

func (v View) page() Page { return v.At }

// link leads to a page of this setup.
func (v View) link(parts ...string) string {
	return v.To(append([]string{string(v.O.Setup)}, parts...)...)
}

func (v View) stage() journey.StageState { return v.O.Stage(journey.Stage(v.At)) }

// step is the step of the plan that belongs to the page; empty if none does.
func (v View) step() setup.Step {
	switch journey.Stage(v.At) {
	case journey.StageBuild:
		return setup.StepBuild
	case journey.StageSwitch:
		return setup.StepSwitch
	case journey.StageClose:
		return setup.StepClose
	case journey.StageDone:
		return setup.StepRemove
	}
	return ""
}

// neighbours gives the stages before and behind the page's.
func (v View) neighbours() (before, behind journey.Stage) {
	stages := journey.Stages()
	for i, s := range stages {
		if Page(s) != v.At {
			continue
		}
		if i > 0 {
			before = stages[i-1]
		}
		if i < len(stages)-1 {
			behind = stages[i+1]
		}
	}
	return before, behind
}

// publicName is the public hostname; empty if there is none, or none yet.
func (v View) publicName() string {
	if v.O.Answers != nil {
		return v.O.Answers.Hostname
	}
	return v.O.Draft.Hostname
}

// insideOnly says that nothing of the setup is public: neither a webhook nor the
// team comes in by a public address.
func (v View) insideOnly() bool { return v.mode().Private() && v.publicName() == "" }

// host is the name under which the app is known: the public one, or else the
// private one, or words that stand for it.
func (v View) host() string {
	switch {
	case v.publicName() != "":
		return v.publicName()
	case v.mode().Private():
		return v.privateName()
	}
	return "your address"
}

func (v View) appName() string {
	if v.O.Profile.Name != "" {
		return v.O.Profile.Name
	}
	return "the app"
}

// GoOn is the stage where a setup stands: the first that is not done.
func GoOn(o journey.Overview) journey.Stage {
	for _, s := range o.Stages {
		if s.Status != journey.Done {
			return s.Stage
		}
	}
	return journey.StageDone
}

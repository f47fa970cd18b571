package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// Light is one check with what it last saw.
type Light struct {
	ID      string
	Name    string
	Path    string // of what must stay locked, to tell likes apart
	State   LightState
	Word    string // what the state means here
	By      string
	At      time.Time // zero: never
	Until   time.Time
	Request string
	Detail  string
	Excerpt []string
}

// LightState is on, off (with proof that it is not as it must be) or out (no
// recent proof).
type LightState string

// States of a light, as classes of the style sheet.
const (
	LightOn  LightState = "on"
	LightOff LightState = "off"
	LightOut LightState = "out"
)

func (s LightState) sign() string {
	switch s {
	case LightOn:
		return "✔"
	case LightOff:
		return "✘"
	}
	return "○"
}

// LightGroup is a set of lights under a heading.
type LightGroup struct {
	Title  string
	Lights []Light
	Folds  bool // while all of it is on, one line stands for it
}

// folded says whether one line stands for the group. It gives the light that
// fades first.
func (g LightGroup) folded() (first Light, yes bool) {
	if !g.Folds || len(g.Lights) < 4 {
		return first, false
	}
	first = g.Lights[0]
	for _, l := range g.Lights {
		if l.State != LightOn {
			return first, false
		}
		if l.Until.Before(first.Until) {
			first = l
		}
	}
	return first, true
}

// kindOfCheck sorts checks by what they are about.
func kindOfCheck(c setup.Check) string {
	switch {
	case c.Beside():
		return "beside"
	case c.Private():
		return "private"
	case c.Port():
		return "port"
	case c.Locked:
		return "locked"
	}
	return "door"
}

// lights gives the checks of one kind.
func (v View) lights(kind string) []Light {
	var checks []setup.Check
	if v.O.Answers != nil {
		checks = slices.Concat(v.O.Answers.Checks, v.O.Answers.PrivateChecks())
	}
	return lightsOf(checks, v.O.Evidence, v.Now, func(c setup.Check) bool { return kindOfCheck(c) == kind })
}

// lightsOf gives some of the checks, in the order of the answers: those with
// evidence, and those that were never asked.
func lightsOf(checks []setup.Check, evidence []setup.Evidence, now time.Time, which func(setup.Check) bool) []Light {
	var lights []Light
	seen := map[string]bool{}
	for _, e := range evidence {
		if which(e.Check) {
			lights = append(lights, lightOf(e, now))
			seen[e.Check.ID] = true
		}
	}
	for _, c := range checks {
		if which(c) && !seen[c.ID] {
			lights = append(lights, Light{ID: lightID(c), Name: c.Name, Path: lockedPath(c), State: LightOut, Word: "not asked yet", Request: strings.TrimSpace(c.Method + " " + c.Path)})
		}
	}
	place := map[string]int{}
	for i, c := range checks {
		place[lightID(c)] = i + 1
		place[lightID(setup.Check{ID: setup.BesidePrefix + c.ID})] = i + 1
	}
	slices.SortStableFunc(lights, func(a, b Light) int { return place[a.ID] - place[b.ID] })
	return lights
}

func lockedPath(c setup.Check) string {
	if c.Locked {
		return c.Path
	}
	return ""
}

func lightID(c setup.Check) string {
	return "light-" + anchor(c.ID)
}

func lightOf(e setup.Evidence, now time.Time) Light {
	l := Light{
		ID: lightID(e.Check), Name: e.Check.Name, Path: lockedPath(e.Check), At: e.At, Until: e.At.Add(e.Check.Fresh()),
		Detail: e.Detail, Excerpt: e.Excerpt,
	}
	if e.By != "" {
		l.By = answeredBy(e.By)
	}
	if e.Check.Method != "" {
		l.Request = asked(e)
	}
	kind := kindOfCheck(e.Check)
	l.State, l.Word = LightOff, lightWord(kind, false)
	if e.OK {
		l.State, l.Word = LightOn, lightWord(kind, true)
	}
	if !e.Counts(now) {
		l.State, l.Word = LightOut, "no recent proof"
	}
	return l
}

// asked is the request of a check, and the status of the answer.
func asked(e setup.Evidence) string {
	url := e.URL
	if url == "" {
		url = e.Check.Path
	}
	text := e.Check.Method + " " + url
	if e.Status != 0 {
		text += fmt.Sprintf(" → %d", e.Status)
	}
	return text
}

func lightWord(kind string, ok bool) string {
	words := map[string][2]string{
		"door":    {"open", "not open"},
		"locked":  {"locked", "NOT locked"},
		"port":    {"closed", "open"},
		"beside":  {"answers", "does not answer"},
		"private": {"as it must be", "broken"},
	}[kind]
	if ok {
		return words[0]
	}
	return words[1]
}

// proof gives the groups of lights that belong to the page.
func (v View) proof() []LightGroup {
	doors := LightGroup{"Doors for webhooks", v.lights("door"), false}
	locked := LightGroup{"Must stay locked", v.lights("locked"), true}
	port := LightGroup{"Past the tunnel", v.lights("port"), false}
	beside := LightGroup{"Beside, before anybody is sent there", v.lights("beside"), v.At == Page(journey.StageDone)}
	private := LightGroup{"Your team’s private way, as this server sees it", v.lights("private"), false}
	var groups []LightGroup
	switch journey.Stage(v.At) {
	case journey.StageProve:
		private.Lights = slices.DeleteFunc(private.Lights, func(l Light) bool { return l.ID == lightID(setup.Check{ID: setup.RouteCheck}) }) // it is made with the switch
		groups = []LightGroup{beside, private}
	case journey.StageSwitch:
		groups = []LightGroup{doors, locked, private}
	case journey.StageClose:
		groups = []LightGroup{port}
	case journey.StageDone:
		groups = []LightGroup{doors, locked, private, port, beside}
	}
	return slices.DeleteFunc(groups, func(g LightGroup) bool { return len(g.Lights) == 0 })
}

// headline is the sentence of the status page: what both say is one thing.
func (v View) headline() Headline {
	if v.O.Approved == nil && !v.O.TornDown {
		return nothingYet()
	}
	return headlineOf(v.O.Stands, v.O.TornDown, v.Now)
}

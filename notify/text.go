package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// mostTold is how many problems one message tells of.
const mostTold = 10

// about is what a message needs to know of a setup beside its incidents.
type about struct {
	prefix string // before every title
	name   string // the public name
	link   string
	flags  string // behind a command about it
	zone   *time.Location
	comes  func(setup.Notice) int // how often it came within the hour; zero: it does not come and go
}

// letter words a bundle.
func (a about) letter(b bundle) (title, text string) {
	opened := slices.Clone(b.opened)
	slices.SortStableFunc(opened, func(x, y setup.Notice) int {
		switch {
		case x.Finding.Severity.Worse(y.Finding.Severity):
			return -1
		case y.Finding.Severity.Worse(x.Finding.Severity):
			return 1
		}
		return 0
	})
	var parts []string
	part := func(n setup.Notice, word func(setup.Notice) string) {
		if len(parts) < mostTold {
			parts = append(parts, word(n))
		}
	}
	for _, n := range opened {
		part(n, a.opened)
	}
	for _, n := range b.passed {
		part(n, a.passed)
	}
	for _, n := range b.ended {
		part(n, a.ended)
	}
	if more := len(opened) + len(b.passed) + len(b.ended) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("And %d more; the page tells them all.", more))
	}
	if len(opened) > 0 {
		parts = append(parts, a.wayOut(opened))
	}
	if a.link != "" {
		parts = append(parts, "The page: "+a.link)
	}
	return a.prefix + a.name + ": " + headline(opened, b.passed, b.ended), strings.Join(parts, "\n\n")
}

func headline(opened, passed, ended []setup.Notice) string {
	switch {
	case len(opened) == 1:
		return opened[0].Finding.Title
	case len(opened) > 1:
		return fmt.Sprintf("%d problems, the worst: %s", len(opened), opened[0].Finding.Title)
	case len(ended) == 1 && len(passed) == 0:
		return "Solved: " + ended[0].Finding.Title
	case len(ended) == 0 && len(passed) == 1:
		return "Was wrong, and is over: " + passed[0].Finding.Title
	}
	return fmt.Sprintf("%d problems are over", len(passed)+len(ended))
}

func (a about) opened(n setup.Notice) string {
	f := n.Finding
	lines := []string{f.Title, "Since " + a.clock(f.Since, n.Opened) + "."}
	add := func(what, text string) {
		if text != "" {
			lines = append(lines, what+text)
		}
	}
	add("", f.Effect)
	add("Cause: ", f.Cause)
	add("If nothing is done: ", f.IfNot)
	add("What to do: ", f.Advice)
	if f.Repairable() {
		add("A repair ", f.Fix.Does+".")
	}
	if times := a.comes(n); times > 0 {
		lines = append(lines, fmt.Sprintf("It comes and goes: %d times within the hour. You hear of it again once it stays, or stays away.", times))
	}
	return strings.Join(lines, "\n")
}

func (a about) ended(n setup.Notice) string {
	return fmt.Sprintf("Solved at %s, after %s: %s\n%s", a.clock(n.Closed, n.Closed), lasted(n), n.Finding.Title, n.Ended)
}

func (a about) passed(n setup.Notice) string {
	return fmt.Sprintf("From %s to %s nobody could be told: %s\n%s", a.clock(n.Finding.Since, n.Opened), a.clock(n.Closed, n.Closed), n.Finding.Title, n.Ended)
}

// wayOut says what puts the problems right, also for when the page cannot be
// reached.
func (a about) wayOut(opened []setup.Notice) string {
	var only []string
	for _, n := range opened {
		if n.Finding.Repairable() {
			only = append(only, " --only "+n.Finding.ID)
		}
	}
	switch {
	case len(only) == 0:
		return "Culvert cannot put this right by itself. To look at it on the server: culvert status" + a.flags
	case len(only) < len(opened):
		return "To put right what can be, on the server: culvert repair" + strings.Join(only, "") + a.flags
	}
	return "To put it right, on the server: culvert repair" + a.flags
}

func (a about) clock(at, or time.Time) string {
	if at.IsZero() {
		at = or
	}
	return at.In(cmp.Or(a.zone, time.UTC)).Format("2 Jan 15:04")
}

// lasted is how long an incident stood, as people say it.
func lasted(n setup.Notice) string {
	from := n.Finding.Since
	if from.IsZero() {
		from = n.Opened
	}
	return diagnosis.Age(n.Closed.Sub(from))
}

package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// ProposalView is a change of the answers that somebody thinks about.
type ProposalView struct {
	View
	Proposal journey.Proposal
	Problem  *setup.Problem // why it cannot be; nil: it can
}

func (p ProposalView) parts() PlanView {
	all := func(setup.Step) bool { return true }
	return planOf(p.Proposal.Plan, setup.StepRemove, all, p.host()).leaving(&p.Proposal.Answers)
}

// effects says what callers notice of doors that open and close, then the rest.
func (p ProposalView) effects() []string {
	var open, closed []string
	for _, c := range p.Proposal.Plan.Changes {
		if !strings.HasPrefix(c.Key.Name, "door/") || !c.Verb.Writes() {
			continue
		}
		from, _ := c.From.(setup.App)
		to, _ := c.To.(setup.App)
		open = append(open, lacking(to.Destinations, from.Destinations)...)
		closed = append(closed, lacking(from.Destinations, to.Destinations)...)
	}
	var lines []string
	if len(open) > 0 {
		lines = append(lines, "Anybody reaches "+list(open)+" without a login from then on. Only the app decides whom it answers there.")
	}
	if len(closed) > 0 {
		lines = append(lines, "Programs that call "+list(closed)+" get a login page from then on; what they send is lost.")
	}
	return append(lines, p.parts().Effects...)
}

// lacking gives the items of all that some do not have.
func lacking(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(item string) bool { return slices.Contains(some, item) })
}

// UndoView is the page that goes back to before a decision.
type UndoView struct {
	ProposalView
	Undoing  journey.Undoing
	Decision int
}

func (u UndoView) action() string { return u.link("undo", strconv.Itoa(u.Decision)) }

// ChangeView is the page that shows what a change of a door would do.
type ChangeView struct {
	ProposalView
	Fields []Value // what says which change it is
	Opens  string  // id of the profile's door that opens; empty: none does
}

// opening gives the door that opens, and the keys by which the app would verify
// its callers and which have no value where it runs.
func (c ChangeView) opening() (d profile.Door, unset []string, opens bool) {
	d, opens = c.O.Profile.Door(c.Opens)
	if app := c.O.Candidate; opens && app != nil && app.Service.Running > 0 {
		unset = d.Unset(app.Service.Filled)
	}
	return d, unset, opens
}

func (c ChangeView) label() string {
	if !c.Proposal.Live {
		return "Note it"
	}
	return "Do it"
}

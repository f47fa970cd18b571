package web

import (
	"slices"
	"strconv"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// HistoryView is one page of what happened.
type HistoryView struct {
	View
	Entries []journey.Entry
	Older   int64 // id to go on before; 0: there is nothing older
	Newest  bool  // this is the first page
}

func (h HistoryView) difference(a journey.Entry) (before, after []string) {
	for _, line := range setup.Difference(a.Before, a.After) {
		if line[0] == '-' {
			before = append(before, line[2:])
		} else {
			after = append(after, line[2:])
		}
	}
	return before, after
}

func (h HistoryView) older() string {
	return h.link("history") + "?before=" + strconv.FormatInt(h.Older, 10)
}

func (h HistoryView) run(a journey.Entry) string {
	return h.link("runs", strconv.FormatInt(a.Run, 10))
}

func (h HistoryView) undo(a journey.Entry) string {
	return h.link("undo", strconv.Itoa(a.Undoes))
}

// TeardownView is the page that takes a setup down.
type TeardownView struct {
	View
	Plan    setup.Plan
	Problem *setup.Problem // why there is no plan
	Typed   string         // what was typed to confirm
	Wrong   string         // what is wrong with it
}

func (t TeardownView) parts() PlanView {
	all := func(setup.Step) bool { return true }
	p := planOf(t.Plan, setup.StepRemove, all, t.host())
	// The page says it in its own, stronger words.
	silent := liveText(setup.Change{Key: setup.Key{Kind: setup.KindDNSRecord}, Verb: setup.Delete}, t.host())
	p.Effects = slices.DeleteFunc(p.Effects, func(e string) bool { return e == silent })
	return p
}

// RunView is one run.
type RunView struct {
	View
	Own bool // whether it is the newest, which goes on changing
}

package web

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"github.com/culvert/culvert/journey"
)

// LogsView is the page that shows what the containers write.
type LogsView struct {
	StandingView
	Sources []journey.LogSource // empty: nothing is set up
	Source  string              // the one that is shown
}

func (v LogsView) source() journey.LogSource {
	for _, s := range v.Sources {
		if s.ID == v.Source {
			return s
		}
	}
	return journey.LogSource{Name: "Logs"}
}

// Has says whether there is a log of that name.
func (v LogsView) Has(source string) bool {
	return slices.ContainsFunc(v.Sources, func(s journey.LogSource) bool { return s.ID == source })
}

// Regions is empty: the log has a stream of its own.
func (v LogsView) Regions(context.Context) ([]Region, error) { return nil, nil }

// Page is the page with the answer to a form on it.
func (v LogsView) Page(n *Note) templ.Component {
	v.Note = n
	return Logs(v)
}

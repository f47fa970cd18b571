package web

import (
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// RegisterView is the page on which platforms are told the app's address anew.
type RegisterView struct {
	StandingView
	R       journey.Registration
	Problem *setup.Problem // why nothing can be told now
	Team    string         // as chosen
	Errors  []setup.FieldError
	Failed  *setup.Problem // how it ended
	Done    bool
	Said    []string // by the app, when it was done
}

func (v RegisterView) teams() []Choice {
	var all []Choice
	for _, t := range v.R.Teams {
		all = append(all, Choice{Value: t, Label: t, On: t == v.Team || len(v.R.Teams) == 1})
	}
	return all
}

func (v RegisterView) teamErrors() []string {
	var all []string
	for _, e := range v.Errors {
		all = append(all, e.Message)
	}
	return all
}

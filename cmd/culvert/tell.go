package main

import (
	"context"
	"path/filepath"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/setup"
)

// heart is how all setups stand to which somebody is led. Nothing is known
// while the watcher does not do its work.
func (w *workspace) heart() notify.Heart {
	if !w.watcher.Health().Alive {
		return notify.Heart{}
	}
	live, good, broken := 0, 0, false
	for _, r := range w.watcher.Reports() {
		broken = broken || r.Condition.Light == diagnosis.Bad
		if !r.Condition.Switched {
			continue // nobody is led there yet
		}
		live++
		if r.Condition.Light == diagnosis.Good {
			good++
		}
	}
	return notify.Heart{Good: live > 0 && good == live && !broken, Broken: broken}
}

func (w *workspace) publicName(id setup.SetupID) string {
	if r, ok := w.watcher.Report(id); ok {
		return r.Answers.Hostname
	}
	return string(id)
}

// linker gives the address of a setup's page; empty: there is no dashboard.
func linker(pages string) func(setup.SetupID) string {
	return func(id setup.SetupID) string {
		if pages == "" {
			return ""
		}
		return pages + "/" + string(id) + "/status"
	}
}

// flags gives what a command about a setup takes, wherever on this server it is
// typed. The practice is kept below the data folder.
func (w *workspace) flags(dir string, practice bool) func(setup.SetupID) string {
	if practice {
		dir = filepath.Dir(dir)
	}
	return func(id setup.SetupID) string {
		flags := " --data " + dir + practiceFlag(practice)
		if len(w.watcher.Reports()) > 1 {
			flags += " --name " + string(id)
		}
		return flags
	}
}

// prefix keeps what is told of a rehearsal apart.
func prefix(practice bool) string {
	if practice {
		return "Rehearsal: "
	}
	return ""
}

// routeReader lets the watcher compare the doors with the app's own addresses.
type routeReader struct{ *workspace }

func (w routeReader) Known(ctx context.Context, id setup.SetupID) (*setup.RouteReview, error) {
	r, err := w.journey.Reviewed(ctx, id)
	return r.Doubts(), err
}

func (w routeReader) Review(ctx context.Context, id setup.SetupID) (*setup.RouteReview, error) {
	r, err := w.journey.ReviewRoutes(ctx, id)
	if err == nil && r != nil && r.Problem != nil {
		return nil, r.Problem
	}
	return r.Doubts(), err
}

package main

import (
	"context"
	"errors"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// practiceBreaker is what the practice's page breaks and mends.
type practiceBreaker struct{ *workspace }

func (p practiceBreaker) Breakages() (all []web.Breakage) {
	for _, b := range breakages(p.world) {
		all = append(all, web.Breakage{ID: b.ID, Name: b.Name, Does: b.Does, Sees: b.Sees, Mend: b.Mend, Broken: b.Broken})
	}
	return all
}

func (p practiceBreaker) Break(ctx context.Context, id string) error {
	return p.changed(ctx, p.world.Break(id))
}

func (p practiceBreaker) Mend(ctx context.Context, id string) error {
	return p.changed(ctx, p.world.Mend(id))
}

// changed has the watcher look now, because somebody waits for what it says. All
// is made up here, so a refusal is told in its own words.
func (p practiceBreaker) changed(ctx context.Context, err error) error {
	if err != nil {
		why := err
		if cause := errors.Unwrap(err); cause != nil {
			why = cause
		}
		return &setup.Problem{Code: setup.CodeConflict, Message: "It stays as it is: " + why.Error() + ".", Cause: err}
	}
	all, err := p.journey.Setups(ctx)
	for _, s := range all {
		p.watcher.Hurry(s.Setup)
	}
	return err
}

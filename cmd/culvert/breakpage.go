package main

import (
	"context"
	"errors"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// breakPage is what the practice's page breaks and mends.
type breakPage struct{ breaker }

func (p breakPage) Breakages() (all []web.Breakage) {
	for _, b := range p.list() {
		all = append(all, web.Breakage{ID: b.ID, Name: b.Name, Does: b.Does, Sees: b.Sees, Mend: b.Mend, Broken: b.Broken})
	}
	return all
}

func (p breakPage) Break(ctx context.Context, id string) error {
	return refused(p.breaker.Break(ctx, id))
}

func (p breakPage) Mend(ctx context.Context, id string) error {
	return refused(p.breaker.Mend(ctx, id))
}

// refused tells a refusal in its own words, because all is made up here.
func refused(err error) error {
	if err == nil {
		return nil
	}
	why := err
	if cause := errors.Unwrap(err); cause != nil {
		why = cause
	}
	return &setup.Problem{Code: setup.CodeConflict, Message: "It stays as it is: " + why.Error() + ".", Cause: err}
}

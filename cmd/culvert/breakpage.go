package main

import (
	"context"
	"errors"
	"slices"

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

func (p breakPage) Mails() (all []web.SentMail) {
	cloud := p.world.Cloud
	for _, m := range slices.Backward(cloud.Mails(cloud.Basics().AccountID)) {
		all = append(all, web.SentMail{At: m.At, To: m.To, Subject: m.Subject, Text: m.Text})
	}
	return all
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

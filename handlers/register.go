package handlers

import (
	"context"
	"net/http"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Registrar has the app tell platforms anew at which address to call it.
type Registrar interface {
	// Registration asks the app what it would tell. What stands in its way is a
	// Problem.
	Registration(context.Context, setup.SetupID) (journey.Registration, error)
	// Register gives what the app said.
	Register(ctx context.Context, id setup.SetupID, team, actor string) ([]string, []setup.FieldError, error)
}

// registration shows what telling platforms anew would change.
func (s *site) registration(w http.ResponseWriter, r *http.Request) error {
	v, err := s.registerView(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Register(v))
}

func (s *site) registerView(r *http.Request) (web.RegisterView, error) {
	of, err := s.standing(r, web.PageWebhooks)
	if err != nil {
		return web.RegisterView{}, err
	}
	v := web.RegisterView{StandingView: of}
	if !v.Registers() {
		return v, journey.ErrNotFound
	}
	v.R, err = s.Journey.Registration(r.Context(), setupOf(r))
	v.Problem, err = told(err)
	return v, err
}

// register does it, and shows what the app said.
func (s *site) register(w http.ResponseWriter, r *http.Request) error {
	said, bad, failed := s.Journey.Register(r.Context(), setupOf(r), r.PostForm.Get("team"), s.actor(r))
	v, err := s.registerView(r)
	if err != nil {
		return err
	}
	v.Errors, v.Team = bad, r.PostForm.Get("team")
	if v.Failed, err = told(failed); err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case len(bad) > 0:
		status = http.StatusUnprocessableEntity
	case v.Failed != nil:
		status = statusOf(v.Failed.Code)
	default:
		v.Done, v.Said = true, said
	}
	return s.show(w, r, status, web.Register(v))
}

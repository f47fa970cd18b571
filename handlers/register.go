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
	Register(ctx context.Context, id setup.SetupID, r journey.Registration, team, actor string) ([]string, []setup.FieldError, error)
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
	if !of.S.Registers() {
		return v, journey.ErrNotFound
	}
	v.R, err = s.Journey.Registration(r.Context(), setupOf(r))
	v.Problem, err = told(err)
	return v, err
}

// register does it, and shows what the app said.
func (s *site) register(w http.ResponseWriter, r *http.Request) error {
	v, err := s.registerView(r)
	if err != nil {
		return err
	}
	if v.Problem != nil {
		return s.show(w, r, statusOf(v.Problem.Code), web.Register(v))
	}
	v.Team = r.PostForm.Get("team")
	v.Said, v.Errors, err = s.Journey.Register(r.Context(), setupOf(r), v.R, v.Team, s.actor(r))
	if v.Failed, err = told(err); err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case len(v.Errors) > 0:
		status = http.StatusUnprocessableEntity
	case v.Failed != nil:
		status = statusOf(v.Failed.Code)
	default:
		v.Done = true
	}
	return s.show(w, r, status, web.Register(v))
}

package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Server looks at what runs here.
type Server interface {
	Look(context.Context) (journey.Found, error)
	Choose(ctx context.Context, project, service, profile string) (setup.SetupID, error)
}

// server lists what runs on the server.
func (s *site) server(w http.ResponseWriter, r *http.Request) error {
	return s.showServer(w, r, http.StatusOK, nil)
}

func (s *site) showServer(w http.ResponseWriter, r *http.Request, status int, n *web.Note) error {
	f, err := s.Journey.Look(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, status, web.Server(web.ServerView{Frame: s.frame, Found: f, Profiles: s.Profiles, Note: n}))
}

// choose makes an app of the server a setup.
func (s *site) choose(w http.ResponseWriter, r *http.Request) error {
	id, err := s.Journey.Choose(r.Context(), r.PostFormValue("project"), r.PostFormValue("service"), r.PostFormValue("profile"))
	var p *setup.Problem
	if errors.As(err, &p) && !faultOf(err).private && !scripted(r) {
		return s.showServer(w, r, faultOf(err).status, &web.Note{Bad: true, Text: p.Message})
	}
	if err != nil {
		return err
	}
	return s.move(w, r, s.frame.To(string(id), "look"))
}

// look shows the app that a setup is about.
func (s *site) look(w http.ResponseWriter, r *http.Request) error {
	v, err := s.view(r, web.Page(journey.StageLook))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Look(v))
}

// lookAgain reads the same app anew.
func (s *site) lookAgain(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Journey.Overview(r.Context(), setupOf(r))
	if err != nil {
		return err
	}
	id, err := s.Journey.Choose(r.Context(), o.Draft.Project, o.Draft.Service, o.Draft.Profile)
	if err != nil {
		return s.refused(w, r, err)
	}
	return s.move(w, r, s.frame.To(string(id), "look"))
}

package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/setup"
)

// Acts are what a person can ask for on the pages of the steps.
type Acts interface {
	Refresh(context.Context, setup.SetupID) error
	Apply(ctx context.Context, id setup.SetupID, through setup.Step, hashes []string, actor string) (setup.Run, error)
	Accept(context.Context, setup.SetupID, setup.Key, setup.Consent) error
	Cancel(ctx context.Context, id setup.SetupID, run int64, actor string) error
	Verify(context.Context, setup.SetupID) error
}

// apply begins a run with exactly the changes that the page showed.
func (s *site) apply(w http.ResponseWriter, r *http.Request) error {
	step := setup.Step(chi.URLParam(r, "step"))
	if !slices.Contains(setup.Steps(), step) {
		return s.nothing(w, r)
	}
	if _, err := s.Journey.Apply(r.Context(), setupOf(r), step, r.PostForm["hash"], s.actor(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Begun. This page shows how it goes; you may close it.")
}

// accept notes what the operator agreed to about something that is in the way.
func (s *site) accept(w http.ResponseWriter, r *http.Request) error {
	key := setup.Key{
		Kind: setup.Kind(r.PostFormValue("kind")), Scope: r.PostFormValue("scope"), Name: r.PostFormValue("name"),
	}
	consent := setup.Consent{ObjectID: r.PostFormValue("object"), Seen: r.PostFormValue("seen")}
	if !slices.Contains(setup.Kinds(), key.Kind) || consent.ObjectID == "" || consent.Seen == "" {
		return errForm
	}
	if err := s.Journey.Accept(r.Context(), setupOf(r), key, consent); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Noted. The plan has changed: read it again before you press.")
}

func (s *site) cancel(w http.ResponseWriter, r *http.Request) error {
	run, err := strconv.ParseInt(r.PostFormValue("run"), 10, 64)
	if err != nil {
		return errForm
	}
	if err := s.Journey.Cancel(r.Context(), setupOf(r), run, s.actor(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "It stops after the change that is being made now. What was done stays done.")
}

func (s *site) verify(w http.ResponseWriter, r *http.Request) error {
	if err := s.Journey.Verify(r.Context(), setupOf(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Everything was asked again just now.")
}

func (s *site) refresh(w http.ResponseWriter, r *http.Request) error {
	if err := s.Journey.Refresh(r.Context(), setupOf(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Looked again just now.")
}

// actor is who asks, for the history.
func (s *site) actor(r *http.Request) string {
	if a := s.Actor(r.Context()); a != "" {
		return a
	}
	return "operator"
}

package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Undos goes back to earlier decisions.
type Undos interface {
	Undo(ctx context.Context, id setup.SetupID, decision int) (journey.Undoing, error)
	Revert(ctx context.Context, id setup.SetupID, decision int, hashes []string, actor string) (setup.Run, error)
}

func (s *site) undo(w http.ResponseWriter, r *http.Request) error {
	return s.showUndo(w, r, http.StatusOK, nil)
}

// showUndo shows what going back would change, or why it cannot be.
func (s *site) showUndo(w http.ResponseWriter, r *http.Request, status int, n *web.Note) error {
	decision, err := strconv.Atoi(chi.URLParam(r, "decision"))
	if err != nil {
		return journey.ErrNotFound
	}
	v, err := s.view(r, web.PageUndo)
	if err != nil {
		return err
	}
	v.Note = n
	u := web.UndoView{ProposalView: web.ProposalView{View: v}, Decision: decision}
	if !v.O.Busy() {
		u.Undoing, err = s.Journey.Undo(r.Context(), v.O.Setup, decision)
		if u.Problem, err = told(err); err != nil {
			return err
		}
		u.Proposal = u.Undoing.Proposal
	}
	return s.show(w, r, status, web.Undo(u))
}

// told parts what a person is told in place of a plan from what goes wrong.
func told(err error) (*setup.Problem, error) {
	var p *setup.Problem
	if errors.As(err, &p) && !faultOf(err).private {
		return p, nil
	}
	return nil, err
}

// revert goes back as it was shown.
func (s *site) revert(w http.ResponseWriter, r *http.Request) error {
	decision, err := strconv.Atoi(chi.URLParam(r, "decision"))
	if err != nil {
		return journey.ErrNotFound
	}
	run, err := s.Journey.Revert(r.Context(), setupOf(r), decision, r.PostForm["hash"], s.actor(r))
	var stale journey.Stale
	if errors.As(err, &stale) || errors.Is(err, journey.ErrBusy) {
		return s.showUndo(w, r, http.StatusConflict, &web.Note{Bad: true, Text: faultOf(err).text})
	}
	if err != nil {
		return err
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), "runs", strconv.FormatInt(run.ID, 10)))
}

package handlers

import (
	"context"
	"net/http"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// WaysIn keeps which way the team comes in.
type WaysIn interface {
	// SaveWayIn stores what was chosen even if it is wrong, and says what is.
	SaveWayIn(context.Context, setup.SetupID, journey.Draft) ([]setup.FieldError, error)
}

// wayIn is the page about it, as long as there is a choice.
func (s *site) wayIn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.wayInView(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.WayIn(v))
}

func (s *site) wayInView(r *http.Request) (web.View, error) {
	v, err := s.view(r, web.PageWayIn)
	if err == nil && !v.ChoosesWayIn() {
		err = journey.ErrNotFound
	}
	return v, err
}

func (s *site) saveWayIn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.wayInView(r)
	if err != nil {
		return err
	}
	typed := web.WayInFrom(v.O.Draft, r.PostForm.Get, func(name string) []string { return r.PostForm[name] })
	asks := r.PostForm.Has("ask")
	var wrong []setup.FieldError
	if !asks {
		if wrong, err = s.Journey.SaveWayIn(r.Context(), v.O.Setup, typed); err != nil {
			return s.refused(w, r, err)
		}
		if len(wrong) == 0 {
			return s.move(w, r, s.frame.To(string(v.O.Setup), string(journey.StageAnswers)))
		}
	}
	status := http.StatusOK // a question is no mistake
	if !asks {
		status, v.Wrong = http.StatusUnprocessableEntity, true
	}
	v.O.Draft, v.O.Errors = typed, wrong
	if scripted(r) {
		return s.show(w, r, status, web.WayInForm(v))
	}
	return s.show(w, r, status, web.WayIn(v))
}

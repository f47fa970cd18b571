package handlers

import (
	"context"
	"net/http"
	"net/url"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Answering keeps what was typed.
type Answering interface {
	// SaveAnswers stores what was typed even if it is wrong, and says what is.
	SaveAnswers(context.Context, setup.SetupID, journey.Draft) ([]setup.FieldError, error)
}

func (s *site) answers(w http.ResponseWriter, r *http.Request) error {
	v, err := s.view(r, web.Page(journey.StageAnswers))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Answers(v))
}

func (s *site) saveAnswers(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Journey.Overview(r.Context(), setupOf(r))
	if err != nil {
		return err
	}
	typed := answersFrom(o.Draft, r.PostForm)
	wrong, err := s.Journey.SaveAnswers(r.Context(), o.Setup, typed)
	if err != nil {
		return s.refused(w, r, err)
	}
	if len(wrong) == 0 {
		return s.move(w, r, s.frame.To(string(o.Setup), string(journey.StageAccount)))
	}
	v, err := s.view(r, web.Page(journey.StageAnswers))
	if err != nil {
		return err
	}
	v.O.Draft, v.O.Errors, v.Wrong = typed, wrong, true
	if scripted(r) {
		return s.show(w, r, http.StatusUnprocessableEntity, web.AnswersForm(v))
	}
	return s.show(w, r, http.StatusUnprocessableEntity, web.Answers(v))
}

// answersFrom lays a form over what was typed before.
func answersFrom(d journey.Draft, form url.Values) journey.Draft {
	d.Hostname, d.Zone = form.Get("hostname"), form.Get("zone")
	d.Emails, d.Domains = form.Get("emails"), form.Get("domains")
	if form.Has("doors-shown") {
		d.Doors = append([]string{}, form["door"]...) // none ticked is an answer too
	}
	if form.Has("port") {
		d.Port = setup.PortChoice(form.Get("port"))
	}
	d.Tunnel = form.Get("tunnel")
	return d
}

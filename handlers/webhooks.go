package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Doors shows and changes what gets in without a login.
type Doors interface {
	Webhooks(context.Context, setup.SetupID) (journey.Webhooks, error)
	// Propose says what an edit would do, or what is wrong with it by its fields.
	Propose(context.Context, setup.SetupID, journey.Edit) (journey.Proposal, []setup.FieldError, error)
	Change(ctx context.Context, id setup.SetupID, e journey.Edit, hashes []string, actor string) (setup.Run, []setup.FieldError, error)
	ReviewRoutes(context.Context, setup.SetupID) (*journey.Reviewed, error)
}

// webhooksView gathers what the page about doors shows.
func (s *site) webhooksView(r *http.Request) (web.WebhooksView, error) {
	w, err := s.Journey.Webhooks(r.Context(), setupOf(r))
	v := web.WebhooksView{W: w}
	v.StandingView = web.StandingView{Frame: s.frame, At: web.PageWebhooks, Now: s.Clock(), S: w.Standing}
	return v, err
}

func (s *site) webhooks(w http.ResponseWriter, r *http.Request) error {
	v, err := s.webhooksView(r)
	if err != nil {
		return err
	}
	if form := r.URL.Query(); form.Has("path") { // led here by what the app serves
		e, _ := editFrom(form)
		v.Form = web.OwnForm{Own: e.Own, Shown: true}
	}
	return s.show(w, r, http.StatusOK, web.Webhooks(v))
}

// editFrom reads an edit. The fault is what is wrong with a number.
func editFrom(form url.Values) (journey.Edit, []setup.FieldError) {
	e := journey.Edit{Verb: journey.EditVerb(form.Get("verb")), Door: form.Get("door"), Own: setup.OwnPath{
		Path: form.Get("path"), Method: form.Get("method"), Name: form.Get("name"), Sample: form.Get("check"),
	}}
	typed := form.Get("answer")
	if typed == "" {
		return e, nil
	}
	status, err := strconv.Atoi(typed)
	if err != nil || status < 100 {
		return e, []setup.FieldError{{Field: "answer", Message: "Type the number of an answer, such as 405, or nothing."}}
	}
	e.Own.Status = status
	return e, nil
}

// propose shows what an edit would do. What is wrong is told where it was typed.
func (s *site) propose(w http.ResponseWriter, r *http.Request) error {
	return s.showChange(w, r, r.URL.Query(), http.StatusOK, nil)
}

func (s *site) showChange(w http.ResponseWriter, r *http.Request, form url.Values, status int, n *web.Note) error {
	v, err := s.view(r, web.PageUndo)
	if err != nil {
		return err
	}
	v.Note = n
	c := web.ChangeView{ProposalView: web.ProposalView{View: v, Proposal: journey.Proposal{Does: "change a door"}}}
	if v.O.Busy() {
		return s.show(w, r, status, web.Change(c))
	}
	e, bad := editFrom(form)
	if len(bad) == 0 {
		var p journey.Proposal
		p, bad, err = s.Journey.Propose(r.Context(), v.O.Setup, e)
		if c.Problem, err = told(err); err != nil {
			return err
		}
		if p.Does != "" {
			c.Proposal = p
		}
	}
	if len(bad) > 0 {
		return s.wrongPath(w, r, form, bad)
	}
	if e.Verb == journey.EditOpen {
		c.Opens = e.Door
	}
	for _, name := range []string{"verb", "door", "path", "method", "name", "check", "answer"} {
		if text := form.Get(name); text != "" {
			c.Fields = append(c.Fields, web.Value{Name: name, Text: text})
		}
	}
	return s.show(w, r, status, web.Change(c))
}

// wrongPath shows the page of the doors with what was typed and what is wrong.
func (s *site) wrongPath(w http.ResponseWriter, r *http.Request, form url.Values, bad []setup.FieldError) error {
	v, err := s.webhooksView(r)
	if err != nil {
		return err
	}
	e, _ := editFrom(form)
	v.Form = web.OwnForm{Own: e.Own, Answer: form.Get("answer"), Errors: bad, Shown: true}
	return s.show(w, r, http.StatusUnprocessableEntity, web.Webhooks(v))
}

// change carries an edit out as it was shown.
func (s *site) change(w http.ResponseWriter, r *http.Request) error {
	e, bad := editFrom(r.PostForm)
	if len(bad) > 0 {
		return s.wrongPath(w, r, r.PostForm, bad)
	}
	run, bad, err := s.Journey.Change(r.Context(), setupOf(r), e, r.PostForm["hash"], s.actor(r))
	var stale journey.Stale
	switch {
	case errors.As(err, &stale) || errors.Is(err, journey.ErrBusy):
		return s.showChange(w, r, r.PostForm, http.StatusConflict, &web.Note{Bad: true, Text: faultOf(err).text})
	case err != nil:
		return err
	case len(bad) > 0:
		return s.wrongPath(w, r, r.PostForm, bad)
	case run.ID == 0: // nothing is set up yet; it is noted
		return s.move(w, r, s.frame.To(string(setupOf(r)), string(web.PageWebhooks)))
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), "runs", strconv.FormatInt(run.ID, 10)))
}

// review reads what the running app serves.
func (s *site) review(w http.ResponseWriter, r *http.Request) error {
	reviewed, err := s.Journey.ReviewRoutes(r.Context(), setupOf(r))
	if err != nil {
		return s.refused(w, r, err)
	}
	if reviewed == nil || reviewed.Problem != nil {
		return s.said(w, r, "What the app serves could not be read. The page says why.")
	}
	return s.said(w, r, "Read and compared just now.")
}

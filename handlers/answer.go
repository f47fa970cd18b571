package handlers

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// maxForm bounds what a form may send.
const maxForm = 256 << 10

func setupOf(r *http.Request) setup.SetupID { return setup.SetupID(chi.URLParam(r, "setup")) }

// scripted says whether HTMX asks: it wants the form's own answer and not a page.
func scripted(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// view gathers what a page of a setup shows.
func (s *site) view(r *http.Request, at web.Page) (web.View, error) {
	o, err := s.Journey.Overview(r.Context(), setupOf(r))
	if err != nil {
		return web.View{}, err
	}
	return web.View{Frame: s.frame, At: at, Now: s.Clock(), O: o}, nil
}

// pageOf renders the page of a setup that has no more on it than an overview.
func pageOf(v web.View) templ.Component {
	switch journey.Stage(v.At) {
	case journey.StageLook:
		return web.Look(v)
	case journey.StageAnswers:
		return web.Answers(v)
	case journey.StageAccount:
		return web.Account(v)
	case journey.StageDone:
		return web.Done(v)
	}
	return web.Stage(v)
}

// show sends a component that rendered whole, or nothing of it.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		return fmt.Errorf("rendering %s: %w", r.URL.Path, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A page and a form's own answer have the same address.
	w.Header().Add("Vary", "HX-Request")
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		s.Log.DebugContext(r.Context(), "the visitor left", "path", r.URL.Path)
	}
	return nil
}

// move sends the visitor on to another page.
func (s *site) move(w http.ResponseWriter, r *http.Request, to string) error {
	if scripted(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// said answers an action that worked: a line for HTMX, the page again otherwise.
func (s *site) said(w http.ResponseWriter, r *http.Request, text string) error {
	if scripted(r) {
		return s.show(w, r, http.StatusOK, web.NoteLine(web.Note{Text: text}))
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), s.cameFrom(r)))
}

// cameFrom is the page on which a form stood.
func (s *site) cameFrom(r *http.Request) string {
	if p := r.PostFormValue("page"); web.KnownPage(p) && web.Page(p) != web.PageRun {
		return p
	}
	return ""
}

// refused answers an action that did not work on the page where it was asked
// for, so that the person sees how things stand.
func (s *site) refused(w http.ResponseWriter, r *http.Request, err error) error {
	f := faultOf(err)
	if scripted(r) || f.private {
		return err
	}
	from := s.cameFrom(r)
	if from == "" || from == string(web.PageHistory) || from == string(web.PageTeardown) {
		return err
	}
	page, again := s.pageWith(r, web.Page(from), web.Note{Bad: true, Text: f.text})
	if again != nil {
		return err
	}
	return s.show(w, r, f.status, page)
}

// pageWith is a page with the answer to a form on it.
func (s *site) pageWith(r *http.Request, at web.Page, n web.Note) (templ.Component, error) {
	if at.Stands() {
		d, err := s.desk(r, at)
		if err != nil {
			return nil, err
		}
		return d.Page(&n), nil
	}
	v, err := s.view(r, at)
	v.Note = &n
	return pageOf(v), err
}

// desk is a page about how a setup stands.
type desk interface {
	lively
	Page(*web.Note) templ.Component
}

func (s *site) desk(r *http.Request, at web.Page) (desk, error) {
	switch at {
	case web.PageWebhooks:
		return s.webhooksView(r)
	case web.PageLogs:
		return s.logsView(r)
	case web.PageSettings:
		return s.settingsView(r)
	}
	return s.standing(r, at)
}

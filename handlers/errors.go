package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// page is a handler that leaves its errors to the adapter.
type page func(http.ResponseWriter, *http.Request) error

// fault is an error as people may see it.
type fault struct {
	status  int
	title   string
	text    string
	private bool // the text says nothing of the cause; it is in the log
}

// errForm is what a form says that no page of ours sends.
var errForm = &setup.Problem{Code: setup.CodeInvalid, Message: "This form could not be read. Load the page again and send it once more."}

// faultOf is the one place that turns errors into answers.
func faultOf(err error) fault {
	var problem *setup.Problem
	var stale journey.Stale
	switch {
	case errors.Is(err, journey.ErrNotFound):
		return fault{http.StatusNotFound, "Not here", "There is nothing at this address. It may have been taken down.", false}
	case errors.Is(err, journey.ErrBusy):
		return fault{http.StatusConflict, "Something is under way", "Something is under way already; this page shows it. Nothing was begun a second time.", false}
	case errors.As(err, &stale):
		return fault{http.StatusConflict, "The plan has changed", "The plan is no longer the one that was shown, so nothing was done. Read it again, then press.", false}
	case errors.As(err, &problem) && problem.Code != setup.CodeInternal:
		return fault{statusOf(problem.Code), "That did not work", problem.Message, false}
	}
	return fault{http.StatusInternalServerError, "Something went wrong",
		"Something went wrong inside Culvert. Nothing more was done; try again, and if it stays, the log says more.", true}
}

func statusOf(c setup.Code) int {
	switch c {
	case setup.CodeConflict, setup.CodeChanged, setup.CodeInUse:
		return http.StatusConflict
	case setup.CodeNotFound:
		return http.StatusNotFound
	case setup.CodeRateLimited, setup.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// handle is the adapter: it answers for the error that a page returns, and for
// its panics.
func (s *site) handle(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch broken := recover(); {
			case broken == http.ErrAbortHandler:
				panic(broken)
			case broken != nil:
				s.fail(w, r, fmt.Errorf("panic: %v\n%s", broken, debug.Stack()))
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				s.fail(w, r, errForm)
				return
			}
		}
		if err := p(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the visitor left
	}
	f := faultOf(err)
	reference := ""
	if f.private {
		reference = rand.Text()[:8]
		s.Log.ErrorContext(r.Context(), "answering", "method", r.Method, "path", pathForLog(r), "reference", reference, "err", err)
	} else if cause := (*setup.Problem)(nil); errors.As(err, &cause) && cause.Cause != nil {
		s.Log.WarnContext(r.Context(), "answering", "method", r.Method, "path", pathForLog(r), "status", f.status, "err", err)
	}
	if p := (*setup.Problem)(nil); errors.As(err, &p) && p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.RetryAfter.Seconds())))
	}
	s.tell(w, r, f, reference)
}

// tell shows a fault: as a line on the page for HTMX, as a page otherwise.
func (s *site) tell(w http.ResponseWriter, r *http.Request, f fault, reference string) {
	c := web.ErrorPage(s.frame, f.title, f.text, reference)
	if scripted(r) {
		w.Header().Set("HX-Retarget", "#note")
		w.Header().Set("HX-Reswap", "innerHTML")
		text := f.text
		if reference != "" {
			text += " For the log: " + reference + "."
		}
		c = web.NoteLine(web.Note{Bad: true, Text: text})
	}
	if err := s.show(w, r, f.status, c); err != nil {
		s.Log.ErrorContext(r.Context(), "rendering an error", "err", err)
		http.Error(w, f.text, f.status)
	}
}

// pathForLog leaves out login links, which are secrets.
func pathForLog(r *http.Request) string {
	if len(r.URL.Path) > len(startPath) && r.URL.Path[:len(startPath)] == startPath {
		return startPath + "…"
	}
	return r.URL.Path
}

func (s *site) nothing(http.ResponseWriter, *http.Request) error { return journey.ErrNotFound }

func (s *site) wrongMethod(w http.ResponseWriter, r *http.Request) error {
	s.tell(w, r, fault{http.StatusMethodNotAllowed, "Not this way", "This address takes no such request. Begin on the first page.", false}, "")
	return nil
}

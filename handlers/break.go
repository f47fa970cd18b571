package handlers

import (
	"context"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/web"
)

// Breaking makes things go wrong in the practice, and takes that back.
type Breaking interface {
	Breakages() []web.Breakage
	Break(ctx context.Context, id string) error
	Mend(ctx context.Context, id string) error
	// Mails are those that the made-up Cloudflare sent, newest first.
	Mails() []web.SentMail
}

func (s *site) routeBreaking(r chi.Router) {
	r.Get("/", s.handle(s.breakages))
	r.Post("/{breakage}", s.handle(s.breaks(s.Breaking.Break, "It is broken now. If something is wrong, the status page tells it as soon as Culvert has looked.")))
	r.Post("/{breakage}/mend", s.handle(s.breaks(s.Breaking.Mend, "It is put back. The status page tells it as soon as Culvert has looked.")))
}

func (s *site) breakView(r *http.Request) (web.BreakView, error) {
	setups, err := s.Journey.Setups(r.Context())
	return web.BreakView{Frame: s.frame, All: s.Breaking.Breakages(), Mails: s.Breaking.Mails(), Setups: setups}, err
}

// breakages lists what can be broken, and what was.
func (s *site) breakages(w http.ResponseWriter, r *http.Request) error {
	v, err := s.breakView(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Break(v))
}

// breaks breaks or mends, and answers where the button stands.
func (s *site) breaks(do func(context.Context, string) error, done string) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := chi.URLParam(r, "breakage")
		at := slices.IndexFunc(s.Breaking.Breakages(), func(b web.Breakage) bool { return b.ID == id })
		if at < 0 {
			return s.nothing(w, r)
		}
		status, note := http.StatusOK, web.Note{Text: done}
		if err := do(r.Context(), id); err != nil {
			f := faultOf(err)
			if f.private {
				return err
			}
			status, note = f.status, web.Note{Bad: true, Text: f.text}
		} else if !scripted(r) {
			return s.move(w, r, s.frame.To("break")+"#break-"+id)
		}
		v, err := s.breakView(r)
		if err != nil {
			return err
		}
		v.At, v.Note = id, &note
		if scripted(r) {
			return s.show(w, r, status, web.BreakageCard(v, v.All[at]))
		}
		return s.show(w, r, status, web.Break(v))
	}
}

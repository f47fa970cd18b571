package handlers

import (
	"net/http"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/web"
)

// front is the first page: where to begin, or the setups.
func (s *site) front(w http.ResponseWriter, r *http.Request) error {
	setups, err := s.Journey.Setups(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Front(web.FrontView{Frame: s.frame, Now: s.Clock(), Setups: setups}))
}

// goOn leads to the page where a setup stands: to its status once everything
// was carried out, to the next step until then.
func (s *site) goOn(w http.ResponseWriter, r *http.Request) error {
	st, err := s.Journey.Standing(r.Context(), setupOf(r))
	if err != nil {
		return err
	}
	if st.Finished {
		return s.move(w, r, s.frame.To(string(st.Setup), string(web.PageStatus)))
	}
	o, err := s.Journey.Overview(r.Context(), setupOf(r))
	if err != nil {
		return err
	}
	return s.move(w, r, s.frame.To(string(o.Setup), string(web.GoOn(o))))
}

// stage is a page that shows its part of the plan or of the proof.
func (s *site) stage(at journey.Stage) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.view(r, web.Page(at))
		if err != nil {
			return err
		}
		return s.show(w, r, http.StatusOK, web.Stage(v))
	}
}

// done is the page that says whether everything works.
func (s *site) done(w http.ResponseWriter, r *http.Request) error {
	v, err := s.view(r, web.Page(journey.StageDone))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Done(v))
}

package handlers

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Histories tells what happened.
type Histories interface {
	// History gives entries newest first, before an id (0: the newest).
	History(ctx context.Context, id setup.SetupID, before int64, limit int) ([]journey.Entry, error)
	RunOf(ctx context.Context, id setup.SetupID, run int64) (setup.Run, []setup.RunChange, error)
}

// historyPage is how many entries one page has.
const historyPage = 50

func (s *site) history(w http.ResponseWriter, r *http.Request) error {
	before, err := strconv.ParseInt(orZero(r.URL.Query().Get("before")), 10, 64)
	if err != nil || before < 0 {
		return journey.ErrNotFound
	}
	v, err := s.view(r, web.PageHistory)
	if err != nil {
		return err
	}
	entries, err := s.Journey.History(r.Context(), v.O.Setup, before, historyPage+1)
	if err != nil {
		return err
	}
	h := web.HistoryView{View: v, Entries: entries, Newest: before == 0}
	if len(entries) > historyPage {
		h.Entries, h.Older = entries[:historyPage], entries[historyPage-1].ID
	}
	return s.show(w, r, http.StatusOK, web.History(h))
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// run shows one run; the newest goes on changing.
func (s *site) run(w http.ResponseWriter, r *http.Request) error {
	number, err := strconv.ParseInt(chi.URLParam(r, "run"), 10, 64)
	if err != nil {
		return journey.ErrNotFound
	}
	v, err := s.view(r, web.PageRun)
	if err != nil {
		return err
	}
	own := v.O.Run != nil && v.O.Run.ID == number
	if !own {
		run, changes, err := s.Journey.RunOf(r.Context(), v.O.Setup, number)
		if err != nil {
			return err
		}
		v.O.Run, v.O.Changes = &run, changes
	}
	return s.show(w, r, http.StatusOK, web.Run(web.RunView{View: v, Own: own}))
}

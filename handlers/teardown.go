package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// TearDowns takes setups down.
type TearDowns interface {
	TearDownPlan(context.Context, setup.SetupID) (setup.Plan, error)
	TearDown(ctx context.Context, id setup.SetupID, hashes []string, actor string) (setup.Run, error)
}

func (s *site) teardown(w http.ResponseWriter, r *http.Request) error {
	return s.showTeardown(w, r, http.StatusOK, func(*web.TeardownView) {})
}

// showTeardown shows what goes and what stays. While something is under way
// there is no plan to show.
func (s *site) showTeardown(w http.ResponseWriter, r *http.Request, status int, change func(*web.TeardownView)) error {
	v, err := s.view(r, web.PageTeardown)
	if err != nil {
		return err
	}
	t := web.TeardownView{View: v}
	if !v.O.Busy() {
		t.Plan, err = s.Journey.TearDownPlan(r.Context(), v.O.Setup)
		if t.Problem, err = told(err); err != nil {
			return err
		}
	}
	change(&t)
	return s.show(w, r, status, web.Teardown(t))
}

// takeDown begins the teardown as it was shown, if the setup's name was typed.
func (s *site) takeDown(w http.ResponseWriter, r *http.Request) error {
	id, typed := setupOf(r), r.PostFormValue("confirm")
	if strings.TrimSpace(typed) != string(id) {
		return s.showTeardown(w, r, http.StatusUnprocessableEntity, func(t *web.TeardownView) {
			t.Wrong, t.Typed = fmt.Sprintf("Type %s, the name of this setup. Nothing was taken down.", t.O.Setup), typed
		})
	}
	_, err := s.Journey.TearDown(r.Context(), id, r.PostForm["hash"], s.actor(r))
	var stale journey.Stale
	if errors.As(err, &stale) || errors.Is(err, journey.ErrBusy) {
		return s.showTeardown(w, r, http.StatusConflict, func(t *web.TeardownView) {
			t.Note, t.Typed = &web.Note{Bad: true, Text: faultOf(err).text}, typed
		})
	}
	if err != nil {
		return err
	}
	return s.move(w, r, s.frame.To(string(id), string(web.PageTeardown)))
}

package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Settings says what is done without asking.
type Settings interface {
	// SaveAutomatic stores the classes of problems that are repaired without
	// asking, and says what is wrong with them by class.
	SaveAutomatic(ctx context.Context, id setup.SetupID, rules []setup.Automatic, actor string) ([]setup.FieldError, error)
}

func (s *site) settings(w http.ResponseWriter, r *http.Request) error {
	v, err := s.standing(r, web.PageSettings)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Settings(web.SettingsView{StandingView: v}))
}

// saveAutomatic stores what was ticked. What is wrong is told where it is.
func (s *site) saveAutomatic(w http.ResponseWriter, r *http.Request) error {
	rules, typed, bad := rulesFrom(r.PostForm)
	if len(bad) == 0 {
		var err error
		if bad, err = s.Journey.SaveAutomatic(r.Context(), setupOf(r), rules, s.actor(r)); err != nil {
			return s.refused(w, r, err)
		}
	}
	v, err := s.standing(r, web.PageSettings)
	if err != nil {
		return err
	}
	page := web.SettingsView{StandingView: v}
	if len(bad) > 0 {
		page.Typed, page.Errors = typed, bad
		return s.show(w, r, http.StatusUnprocessableEntity, web.Settings(page))
	}
	page.Note = &web.Note{Text: "Saved."}
	return s.show(w, r, http.StatusOK, web.Settings(page))
}

// rulesFrom reads the classes that are ticked, and how often each may be
// repaired.
func rulesFrom(form url.Values) (rules []setup.Automatic, typed []web.TypedRule, bad []setup.FieldError) {
	on := map[string]bool{}
	for _, class := range form["class"] {
		on[class] = true
	}
	for name := range form {
		class, is := strings.CutPrefix(name, "hour-")
		if !is {
			continue
		}
		typed = append(typed, web.TypedRule{Class: setup.Class(class), On: on[class], PerHour: form.Get(name)})
	}
	for _, class := range form["class"] {
		n, err := strconv.Atoi(form.Get("hour-" + class))
		if err != nil {
			bad = append(bad, setup.FieldError{Field: class, Message: "Type a number: how often an hour at most."})
			continue
		}
		rules = append(rules, setup.Automatic{Class: setup.Class(class), PerHour: n})
	}
	return rules, typed, bad
}

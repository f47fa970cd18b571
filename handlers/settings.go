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

// settingsView gathers what is done without asking, and whom is told.
func (s *site) settingsView(r *http.Request) (web.SettingsView, error) {
	v, err := s.standing(r, web.PageSettings)
	if err != nil {
		return web.SettingsView{}, err
	}
	state, err := s.Journey.Notifications(r.Context())
	return web.SettingsView{StandingView: v, Told: state}, err
}

func (s *site) settings(w http.ResponseWriter, r *http.Request) error {
	return s.showSettings(w, r, http.StatusOK, func(*web.SettingsView) {})
}

func (s *site) showSettings(w http.ResponseWriter, r *http.Request, status int, change func(*web.SettingsView)) error {
	v, err := s.settingsView(r)
	if err != nil {
		return err
	}
	change(&v)
	return s.show(w, r, status, web.Settings(v))
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
	if len(bad) > 0 {
		return s.showSettings(w, r, http.StatusUnprocessableEntity, func(v *web.SettingsView) { v.Typed, v.Errors = typed, bad })
	}
	return s.showSettings(w, r, http.StatusOK, func(v *web.SettingsView) { v.Note = &web.Note{Text: "Saved."} })
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

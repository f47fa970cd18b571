package handlers

import (
	"context"
	"net/http"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// WaysIn keeps which way the team comes in.
type WaysIn interface {
	// SaveWayIn stores what was chosen even if it is wrong, and says what is.
	SaveWayIn(context.Context, setup.SetupID, journey.Draft) ([]setup.FieldError, error)
	// Handmade lays over a draft what a compose file says that was made by hand.
	// It stores nothing.
	Handmade(ctx context.Context, id setup.SetupID, typed journey.Draft, file string) (journey.Draft, setup.Handmade, []setup.FieldError, error)
	// ReadDevices reads the device profiles of the account, unless they are known.
	ReadDevices(context.Context, setup.SetupID) (journey.Devices, error)
}

// wayIn is the page about it, as long as there is a choice.
func (s *site) wayIn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.wayInView(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.WayIn(v))
}

func (s *site) wayInView(r *http.Request) (web.View, error) {
	v, err := s.view(r, web.PageWayIn)
	if err == nil && !v.ChoosesWayIn() {
		err = journey.ErrNotFound
	}
	return v, err
}

// deviceProfiles lists those of the account on the page. The page itself waits
// for no account: with scripts it asks for the list when it is there, without
// them a link does.
func (s *site) deviceProfiles(w http.ResponseWriter, r *http.Request) error {
	v, err := s.wayInView(r)
	if err != nil {
		return err
	}
	if typed := r.URL.Query(); typed.Has("private-profiles") {
		v.O.Draft.Inside.Profiles = web.ProfilesFrom(nil, func(name string) []string { return typed[name] })
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timing.Read)
	defer cancel()
	v.AskedDevices = true
	if v.O.Devices, err = s.Journey.ReadDevices(ctx, v.O.Setup); err != nil {
		v.Unlisted = setup.AsProblem(err)
		s.Log.WarnContext(r.Context(), "listing the device profiles", "setup", string(v.O.Setup), "err", err)
	}
	if !scripted(r) {
		return s.show(w, r, http.StatusOK, web.WayIn(v))
	}
	if v.Unlisted != nil { // what is being typed stays
		w.Header().Set("HX-Retarget", "#"+web.UnlistedID)
		return s.show(w, r, http.StatusOK, web.Unlisted(v))
	}
	return s.show(w, r, http.StatusOK, web.DeviceProfiles(v))
}

func (s *site) saveWayIn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.wayInView(r)
	if err != nil {
		return err
	}
	typed := web.WayInFrom(v.O.Draft, r.PostForm.Get, func(name string) []string { return r.PostForm[name] })
	switch {
	case r.PostForm.Has("ask"):
		v.O.Draft, v.O.Errors = typed, nil
	case r.PostForm.Has("read"):
		if err := s.readHandmade(r, &v, typed); err != nil {
			return s.refused(w, r, err)
		}
	default:
		wrong, err := s.Journey.SaveWayIn(r.Context(), v.O.Setup, typed)
		if err != nil {
			return s.refused(w, r, err)
		}
		if len(wrong) == 0 {
			return s.move(w, r, s.frame.To(string(v.O.Setup), string(journey.StageAnswers)))
		}
		v.O.Draft, v.O.Errors, v.Wrong = typed, wrong, true
	}
	status := http.StatusOK // a question is no mistake
	if v.Wrong {
		status = http.StatusUnprocessableEntity
	}
	if scripted(r) {
		return s.show(w, r, status, web.WayInForm(v))
	}
	return s.show(w, r, status, web.WayIn(v))
}

// readHandmade fills a form in with what a compose file says.
func (s *site) readHandmade(r *http.Request, v *web.View, typed journey.Draft) error {
	v.Handmade = r.PostForm.Get("handmade")
	draft, h, wrong, err := s.Journey.Handmade(r.Context(), v.O.Setup, typed, v.Handmade)
	if err != nil {
		return err
	}
	v.O.Draft, v.O.Errors, v.Wrong = draft, wrong, len(wrong) > 0
	if !v.Wrong {
		v.Note = web.ReadNote(h, draft)
	}
	return nil
}

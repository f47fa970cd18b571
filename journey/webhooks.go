package journey

import (
	"context"
	"slices"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// Webhooks is everything that gets in without a login, or could.
type Webhooks struct {
	Standing
	// Open are doors of the profile, as decided; as answered, if nothing is
	// decided yet. Closed has the others.
	Open []profile.Door
	Own  []setup.OwnPath // the operator's own, open or not
	// Decided: what stands here was agreed to.
	Decided bool
	// Unset are, by door, keys by which the app would verify callers and which
	// have no value where it runs. nil: it was not seen running.
	Unset map[string][]string
}

// Webhooks gathers what gets in without a login. It calls no API but the Docker
// host's, for what the app runs with.
func (j *Journey) Webhooks(ctx context.Context, id setup.SetupID) (Webhooks, error) {
	s, err := j.Standing(ctx, id)
	if err != nil {
		return Webhooks{}, err
	}
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return Webhooks{}, err
	}
	w := Webhooks{Standing: s, Decided: s.Answers.Setup != ""}
	of := s.Answers
	if !w.Decided {
		of, _ = j.resolve(id, draft) // what is wrong with it is told where it is typed
	}
	w.Own, w.Closed = of.Own, closedDoors(s.Profile, of)
	for _, d := range s.Profile.Doors {
		if slices.ContainsFunc(of.Doors, func(o setup.Door) bool { return o.ID == d.ID }) {
			w.Open = append(w.Open, d)
		}
	}
	app, err := j.chosen(ctx, draft)
	if err != nil || app == nil || app.Service.Running == 0 {
		return w, err
	}
	w.Unset = map[string][]string{}
	for _, d := range s.Profile.Doors {
		if unset := d.Unset(app.Service.Filled); len(unset) > 0 {
			w.Unset[d.ID] = unset
		}
	}
	return w, nil
}

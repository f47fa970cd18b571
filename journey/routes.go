package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/profile/django"
	"github.com/culvert/culvert/setup"
)

// Reviewed is the newest comparison of a profile with the app as it runs.
type Reviewed struct {
	At      time.Time
	Review  profile.Review // as it was read last
	Problem *setup.Problem // why the app's addresses could not be read this time
}

// reviewName is under which name the newest comparison of a setup is kept.
func reviewName(id setup.SetupID) string { return "routes of " + string(id) }

// Reviewed gives the newest comparison; nil: there was none.
func (j *Journey) Reviewed(ctx context.Context, id setup.SetupID) (*Reviewed, error) {
	text, err := j.Store.Value(ctx, reviewName(id))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &Reviewed{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("reading the comparison with the app's addresses: %w", err)
	}
	return r, nil
}

func (j *Journey) keepReview(ctx context.Context, id setup.SetupID, r *Reviewed) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing the comparison with the app's addresses: %w", err)
	}
	if err := j.Store.PutValue(ctx, reviewName(id), string(text)); err != nil {
		return err
	}
	j.Notify.Publish(string(id), "routes")
	return nil
}

// Doubts is what of a comparison concerns the doors, for whoever watches.
func (r *Reviewed) Doubts() *setup.RouteReview {
	if r == nil {
		return nil
	}
	d := &setup.RouteReview{At: r.At}
	for _, route := range r.Review.New {
		d.Fresh = append(d.Fresh, route.Sample)
	}
	for _, s := range r.Review.Stale {
		d.Stale = append(d.Stale, setup.StaleDoor{Door: s.Door.ID, Path: s.Path.Path})
	}
	return d
}

// ReviewRoutes reads the addresses of the running app and compares them with
// what the profile says. It changes nothing. An app whose addresses nobody can
// read has no review.
func (j *Journey) ReviewRoutes(ctx context.Context, id setup.SetupID) (*Reviewed, error) {
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return nil, err
	}
	prof, ok := j.Profiles.Get(draft.Profile)
	if !ok || prof.Routes.Reader != "django" {
		return nil, nil
	}
	run := func(ctx context.Context, command []string) ([]byte, error) {
		return j.Host.Beside(ctx, draft.Stack.Project, draft.Stack.Service, command)
	}
	r, err := j.Reviewed(ctx, id)
	if err != nil {
		return nil, err
	}
	if r == nil {
		r = &Reviewed{}
	}
	r.At, r.Problem = j.Clock.Now(), nil
	served, err := django.Read(ctx, run, prof.Routes.Settings, prof.Samples())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.Problem = routesProblem(err)
	} else {
		r.Review = prof.Review(served)
	}
	return r, j.keepReview(ctx, id, r)
}

// routesProblem says what an unread list of addresses means, whatever the cause.
func routesProblem(cause error) *setup.Problem {
	const unread = "The app’s own list of addresses could not be read, so it was not compared with the doors."
	if p := setup.AsProblem(cause); p.Code != setup.CodeInternal {
		return &setup.Problem{Code: p.Code, Cause: cause, Message: unread + " " + p.Message}
	}
	return &setup.Problem{Code: setup.CodeUnavailable, Cause: cause, Message: unread}
}

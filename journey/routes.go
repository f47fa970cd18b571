package journey

import (
	"context"
	"time"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/profile/django"
	"github.com/culvert/culvert/setup"
)

// Reviewed is the newest comparison of a profile with the app as it runs.
type Reviewed struct {
	At      time.Time
	Review  profile.Review
	Problem *setup.Problem // why the app's addresses could not be read
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
	r := &Reviewed{At: j.Clock.Now()}
	served, err := django.Read(ctx, run, prof.Routes.Settings, prof.Samples())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.Problem = routesProblem(err)
	} else {
		r.Review = prof.Review(served)
	}
	j.mu.Lock()
	j.reviewed[id] = r
	j.mu.Unlock()
	j.Notify.Publish(string(id), "routes")
	return r, nil
}

// routesProblem says what an unread list of addresses means, whatever the cause.
func routesProblem(cause error) *setup.Problem {
	const unread = "The app’s own list of addresses could not be read, so it was not compared with the doors."
	if p := setup.AsProblem(cause); p.Code != setup.CodeInternal {
		return &setup.Problem{Code: p.Code, Cause: cause, Message: unread + " " + p.Message}
	}
	return &setup.Problem{Code: setup.CodeUnavailable, Cause: cause, Message: unread}
}

package handlers_test

import (
	"testing"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

func hooked(scene func(testing.TB) journey.Webhooks) func(testing.TB) *fake {
	return func(t testing.TB) *fake {
		w := scene(t)
		return &fake{overview: sceneDone(t), standing: w.Standing, webhooks: w}
	}
}

// webhooksOf is what a finished setup lets in.
func webhooksOf(s journey.Standing) journey.Webhooks {
	w := journey.Webhooks{Standing: s, Decided: true, Unset: map[string][]string{
		"telegram": {"TELEGRAM_SECRET_TOKEN"}, "email-ses": {"ANYMAIL_WEBHOOK_SECRET"}}}
	open := map[string]bool{}
	for _, d := range s.Answers.Doors {
		open[d.ID] = true
	}
	w.Closed = nil
	for _, d := range s.Profile.Doors {
		if open[d.ID] {
			w.Open = append(w.Open, d)
		} else {
			w.Closed = append(w.Closed, d)
		}
	}
	return w
}

// sceneWebhooks: all is well, one path is the operator's own and open, one is
// closed, and the app has learnt something new.
func sceneWebhooks(t testing.TB) journey.Webhooks {
	own := []setup.OwnPath{
		{Name: "Payments", Path: "/hooks/payments", Method: "POST"},
		{Path: "/feed/*", Method: "GET", Sample: "/feed/news.xml", Closed: true},
	}
	w := webhooksOf(sceneStanding(t, illness{own: own}))
	w.Own = own
	slack, _ := w.Profile.Door("slack")
	w.Routes = &journey.Reviewed{At: now.Add(-4 * time.Minute), Review: profile.Review{
		Stale: []profile.StalePath{{Door: slack, Path: slack.Paths[0]}},
		New: []profile.Route{
			{Path: "/channels/signal/<uuid:channel_external_id>/incoming_message", Sample: "/channels/signal/0/incoming_message", Exempt: true, Methods: []string{"POST"}},
			{Path: "/hooks/payments", Sample: "/hooks/payments", Exempt: true},
		}}}
	return w
}

// sceneWebhooksNew: the questions are answered, and nothing is set up.
func sceneWebhooksNew(t testing.TB) journey.Webhooks {
	o := sceneAnswered(t)
	w := webhooksOf(journey.Standing{Setup: ocs, Hostname: "chat.example.org", Profile: o.Profile, Answers: *o.Answers})
	w.Decided, w.Answers = false, setup.Answers{}
	w.Routes = &journey.Reviewed{At: now, Problem: &setup.Problem{Code: setup.CodeUnavailable,
		Message: "The app’s own list of addresses could not be read, so it was not compared with the doors."}}
	return w
}

func tooWide(t testing.TB) *fake {
	f := hooked(sceneWebhooks)(t)
	f.wrong = []setup.FieldError{{Field: "path", Message: "This would open a part of /channels/<team>/chatbots/…, which stays behind the login. Pages of a team."}}
	return f
}

// opening is a path of one's own that is about to be opened.
func opening(t testing.TB) *fake {
	f := hooked(sceneWebhooks)(t)
	from := *f.overview.Answers
	to, bad := f.overview.Profile.Resolve(profile.Choices{
		Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
		Emails: from.Team.Emails, Doors: f.overview.Draft.Doors, Own: f.webhooks.Own[:1], Stack: stack(),
	})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	f.proposal = proposal(t, from, to, "open /hooks/payments, a path of your own")
	f.proposal.Along = true
	return f
}

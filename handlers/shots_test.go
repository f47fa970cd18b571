package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// shot is one page in one state worth looking at.
type shot struct {
	name string
	path string
	fake func(testing.TB) *fake
	base string // of the practice
}

func over(scene func(testing.TB) journey.Overview, change ...func(*journey.Overview)) func(testing.TB) *fake {
	return func(t testing.TB) *fake {
		o := scene(t)
		for _, c := range change {
			c(&o)
		}
		return &fake{overview: o, found: foundHere(t), down: downPlan(scenePlanned(t)), audit: entries(t, 60), devices: threeProfiles()}
	}
}

// stands shows how a finished setup stands.
func stands(scene func(testing.TB) journey.Standing) func(testing.TB) *fake {
	return func(t testing.TB) *fake {
		return &fake{overview: sceneDone(t), standing: scene(t), audit: entries(t, 60)}
	}
}

// shots lists every page in its interesting states.
func shots() []shot {
	at := func(page string) string { return "/" + string(ocs) + "/" + page }
	stale := func(o *journey.Overview) { evidence(o, 10*time.Minute) }
	return []shot{
		{"front-empty", "/", func(testing.TB) *fake { return &fake{} }, ""},
		{"front-practice", "/practice/", func(testing.TB) *fake { return &fake{} }, "/practice"},
		{"front-list", "/", func(testing.TB) *fake {
			return &fake{setups: []journey.Summary{{Setup: ocs, Hostname: "chat.example.org", At: journey.StageDone, Status: journey.Done},
				{Setup: "second", At: journey.StageBuild, Status: journey.Failed}}}
		}, ""},
		{"front-standing", "/", func(t testing.TB) *fake {
			return &fake{setups: []journey.Summary{
				{Setup: ocs, Hostname: "chat.example.org", At: journey.StageDone, Status: journey.Done, Stands: sceneWhatsAppSilent(t).Brief},
				{Setup: "second", Hostname: "two.example.org", At: journey.StageDone, Status: journey.Done, Stands: sceneStanding(t, illness{}).Brief},
				{Setup: "third", Hostname: "three.example.org", At: journey.StageClose, Status: journey.Ready},
			}}
		}, ""},
		{"server", "/look", func(t testing.TB) *fake { return &fake{found: foundHere(t)} }, ""},
		{"server-none", "/look", func(testing.TB) *fake { return &fake{found: journey.Found{At: now}} }, ""},
		{"server-no-docker", "/look", func(testing.TB) *fake {
			return &fake{found: journey.Found{At: now, Problem: &setup.Problem{Code: setup.CodeDenied, Message: "Culvert may not use Docker here."}}}
		}, ""},
		{"server-broken-file", "/look", func(t testing.TB) *fake {
			c := candidate(t)
			c.Problem = &setup.Problem{Code: setup.CodeInvalid, Message: "docker-compose.prod.yml does not parse: line 12."}
			return &fake{found: journey.Found{At: now, Candidates: []journey.Candidate{c}}}
		}, ""},
		{"look", at("look"), over(sceneChosen), ""},
		{"look-gone", at("look"), over(sceneChosen, func(o *journey.Overview) { o.Candidate = nil }), ""},
		{"answers", at("answers"), over(sceneChosen), ""},
		{"answers-wrong", at("answers"), over(sceneAnswered, badAnswers), ""},
		{"way-in", at("way-in"), over(sceneWayIn), ""},
		{"way-in-fallback", at("way-in"), over(sceneFallback), ""},
		{"way-in-profiles", at("way-in"), over(sceneProfiles), ""},
		{"way-in-unlisted", at("way-in/profiles"), func(t testing.TB) *fake {
			return &fake{overview: sceneFallback(t), unlisted: &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks Zero Trust: Edit."}}
		}, ""},
		{"way-in-followed", at("way-in"), over(sceneFollowed), ""},
		{"way-in-whole", at("way-in"), over(sceneWhole), ""},
		{"switch-whole", at("switch"), over(sceneWhole), ""},
		{"switch-whole-agreed", at("switch"), over(sceneWholeAgreed), ""},
		{"way-in-wrong", at("way-in"), over(sceneWayInWrong), ""},
		{"switch-fallback", at("switch"), over(sceneFallback), ""},
		{"account", at("account"), over(sceneAnswered), ""},
		{"account-good", at("account"), over(scenePlanned), ""},
		{"account-practice", "/practice" + at("account"), over(sceneAnswered, func(o *journey.Overview) { o.Token.Practice = "made-up" }), "/practice"},
		{"account-missing", at("account"), over(scenePlanned, lacking), ""},
		{"account-choice", at("account"), over(scenePlanned, twoAccounts), ""},
		{"account-ask", at("account"), over(scenePlanned, askAccount), ""},
		{"build", at("build"), over(scenePlanned), ""},
		{"build-practice", "/practice" + at("build"), over(scenePlanned, func(o *journey.Overview) { o.Rehearsal = true }), "/practice"},
		{"build-running", at("build"), over(sceneRunning), ""},
		{"build-barred", at("build"), over(sceneBarred), ""},
		{"build-looking", at("build"), over(scenePlanned, func(o *journey.Overview) { o.Plan, o.PlanAt = nil, time.Time{} }), ""},
		{"build-no-plan", at("build"), over(scenePlanned, func(o *journey.Overview) {
			o.Plan, o.PlanProblem = nil, &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare cannot be reached."}
		}), ""},
		{"build-done", at("build"), over(sceneBuilt), ""},
		{"prove", at("prove"), over(sceneBuilt), ""},
		{"prove-stale", at("prove"), over(sceneBuilt, stale), ""},
		{"switch", at("switch"), over(sceneBuilt), ""},
		{"close", at("close"), over(sceneSwitched), ""},
		{"close-early", at("close"), over(scenePlanned), ""},
		{"done", at("done"), over(sceneDone), ""},
		{"done-silent", at("done"), over(sceneDone, func(o *journey.Overview) { evidence(o, 20*time.Second, "whatsapp/1") }), ""},
		{"done-open", at("done"), over(sceneDone, func(o *journey.Overview) { evidence(o, 20*time.Second, "locked/admin") }), ""},
		{"done-stale", at("done"), over(sceneDone, stale), ""},
		{"done-torn-down", at("done"), over(sceneDone, func(o *journey.Overview) { o.TornDown, o.Plan = true, nil }), ""},
		{"status", at("status"), stands(func(t testing.TB) journey.Standing { return sceneStanding(t, illness{}) }), ""},
		{"status-silent", at("status"), stands(sceneWhatsAppSilent), ""},
		{"status-much", at("status"), stands(sceneMuchWrong), ""},
		{"status-edge", at("status"), stands(sceneBotFight), ""},
		{"status-mending", at("status"), stands(sceneMending), ""},
		{"status-mended", at("status"), stands(sceneMended), ""},
		{"status-private", at("status"), stands(func(t testing.TB) journey.Standing {
			return sceneStanding(t, illness{standby: func(s *journey.Standing) {
				s.Answers.Mode, s.Answers.Private = setup.ModeFallback, &setup.Private{Name: "ocs.example", Address: "10.9.0.3", DNS: "10.9.0.4"}
			}})
		}), ""},
		{"status-stale", at("status"), stands(func(t testing.TB) journey.Standing { return sceneStanding(t, illness{age: 10 * time.Minute}) }), ""},
		{"status-unknown", at("status"), stands(func(t testing.TB) journey.Standing {
			return sceneStanding(t, illness{standby: func(s *journey.Standing) { s.Brief = journey.Brief{Live: true, Watching: true} }})
		}), ""},
		{"status-early", at("status"), stands(func(testing.TB) journey.Standing {
			return journey.Standing{Setup: ocs, Brief: journey.Brief{Watching: true}}
		}), ""},
		{"status-down", at("status"), stands(func(t testing.TB) journey.Standing {
			return journey.Standing{Setup: ocs, Hostname: "chat.example.org", TornDown: true, Brief: journey.Brief{Watching: true}}
		}), ""},
		{"checks", at("checks-24h"), stands(sceneWhatsAppSilent), ""},
		{"checks-month", at("checks-30d"), stands(sceneWhatsAppSilent), ""},
		{"checks-none", at("checks-24h"), stands(func(t testing.TB) journey.Standing {
			return journey.Standing{Setup: ocs, Hostname: "chat.example.org", TornDown: true}
		}), ""},
		{"status-practice", "/practice" + at("status"), stands(sceneWhatsAppSilent), "/practice"},
		{"webhooks", at("webhooks"), hooked(sceneWebhooks), ""},
		{"register", at("webhooks/register"), registers, ""},
		{"register-early", at("webhooks/register"), func(t testing.TB) *fake {
			f := registers(t)
			f.registration.Address, f.registration.Teams = "localhost:8000", nil
			f.elsewhere = errElsewhere
			return f
		}, ""},
		{"webhooks-silent", at("webhooks"), hooked(func(t testing.TB) journey.Webhooks { return webhooksOf(sceneWhatsAppSilent(t)) }), ""},
		{"webhooks-new", at("webhooks"), hooked(sceneWebhooksNew), ""},
		{"webhooks-practice", "/practice" + at("webhooks"), hooked(sceneWebhooks), "/practice"},
		{"webhooks-proposed", at("webhooks?path=%2Fchannels%2Fsignal&method=POST"), hooked(sceneWebhooks), ""},
		{"webhooks-wide", at("webhooks/change?verb=add&path=%2Fchannels%2F*&method=POST&check=%2Fchannels%2Fx"), tooWide, ""},
		{"webhooks-open", at("webhooks/change?verb=add&path=%2Fhooks%2Fpayments&method=POST&name=Payments"), opening, ""},
		{"webhooks-note", at("webhooks/change?verb=close&door=slack"), func(t testing.TB) *fake {
			return &fake{overview: sceneAnswered(t), webhooks: sceneWebhooksNew(t), proposal: journey.Proposal{Does: "close the door for Slack"}}
		}, ""},
		{"settings", at("settings"), stands(sceneSettings), ""},
		{"settings-told", at("settings"), toldOf, ""},
		{"settings-given-up", at("settings"), stands(sceneGivenUp), ""},
		{"logs", at("logs"), writing, ""},
		{"logs-none", at("logs"), stands(func(testing.TB) journey.Standing { return journey.Standing{Setup: ocs} }), ""},
		{"break", "/practice/break", broken, "/practice"},
		{"history", at("history"), over(sceneDone), ""},
		{"history-empty", at("history"), func(t testing.TB) *fake { return &fake{overview: sceneDone(t)} }, ""},
		{"run", at("runs/7"), over(sceneRunning), ""},
		{"undo", at("undo/4"), undoing(nil), ""},
		{"undo-refused", at("undo/4"), undoing(&setup.Problem{Code: setup.CodeRefused, Message: "Before this decision nothing was set up. To go back to that, take the setup down."}), ""},
		{"undo-running", at("undo/4"), over(sceneRunning), ""},
		{"teardown", at("teardown"), over(sceneDone), ""},
		{"teardown-running", at("teardown"), over(sceneRunning, func(o *journey.Overview) { o.Run.Through = setup.StepRemove }), ""},
		{"missing", "/nobody/build", over(sceneDone), ""},
		{"start", "/start/SECRETTOKEN", func(testing.TB) *fake { return &fake{} }, ""},
		{"signed-out", "/signed-out", func(testing.TB) *fake { return &fake{} }, ""},
	}
}

func (s shot) open(t testing.TB) *pages {
	return open(t, s.fake(t), func(o *handlers.Options) {
		o.Sessions = &sessions{}
		if s.base != "" {
			o.Base, o.Rehearsal, o.Practice, o.Leave = s.base, true, "", "/"
			o.Breaking = &breaking{wrong: map[string]bool{"door-deleted": true}}
		}
	})
}

func badAnswers(o *journey.Overview) {
	o.Draft.Hostname, o.Draft.Domains = "https://chat.example.org", "gmail.com"
	o.Answers = nil
	o.Errors = []setup.FieldError{
		{Field: "hostname", Message: `Leave out "https://": only the name is needed, such as chat.example.org.`},
		{Field: "team.domains", Message: "Anybody can get an address at gmail.com, so this would let everybody in."},
	}
	statuses(o, journey.StageAnswers, journey.Failed, o.Errors[0].Message)
}

func lacking(o *journey.Overview) {
	r := goodReport()
	r.Grants[5].Granted, r.ZeroTrust, r.TeamDomain = setup.GrantedNo, setup.GrantedNo, ""
	o.Token.Report = &r
	statuses(o, journey.StageAccount, journey.Failed, "The token lacks DNS.")
}

func twoAccounts(o *journey.Overview) {
	r := goodReport()
	r.Accounts = append(r.Accounts, setup.Account{ID: strings.Repeat("a", 32), Name: "Another"})
	o.Token.Report, o.Draft.Account = &r, ""
	statuses(o, journey.StageAccount, journey.Ready, "Choose the account.")
}

func askAccount(o *journey.Overview) {
	r := goodReport()
	r.Accounts, r.Account, r.AskAccount = nil, "", true
	o.Token.Report, o.Draft.Account = &r, ""
	statuses(o, journey.StageAccount, journey.Ready, "Choose the account.")
}

// undoing goes back to before one path of one's own was opened.
func undoing(refusal error) func(testing.TB) *fake {
	return func(t testing.TB) *fake {
		f := over(sceneDone)(t)
		f.refusal = refusal
		with := *f.overview.Answers
		own := setup.OwnPath{Name: "Payments", Path: "/hooks/payments", Method: "POST"}
		answers, bad := f.overview.Profile.Resolve(profile.Choices{
			Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
			Emails: with.Team.Emails, Doors: f.overview.Draft.Doors, Own: []setup.OwnPath{own}, Stack: stack(),
		})
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		f.undoing = journey.Undoing{
			Proposal: proposal(t, answers, with, "go back to how it was before 23 Nov 2026, 09:00 UTC"),
			Undone:   []setup.Audit{{At: now.Add(-time.Hour), Actor: "ana", Action: "approved", Text: "Decided to open /hooks/payments, a path of your own."}},
			Back:     setup.Revision{Number: 3, At: now.Add(-48 * time.Hour), Actor: "ben"},
		}
		return f
	}
}

// proposal plans the way from answers that stand to others.
func proposal(t testing.TB, from, to setup.Answers, does string) journey.Proposal {
	w := setuptest.New(t, from)
	w.Answers = to
	return journey.Proposal{Does: does, Live: true, Answers: to, Plan: w.Plan()}
}

func entries(t testing.TB, n int) []setup.Audit {
	o := scenePlanned(t)
	all := []setup.Audit{{ID: int64(n + 1), At: now, Setup: ocs, Actor: "ana", Action: "approved", Text: "Decided to open /hooks/payments, a path of your own."}}
	for id := n; id > 0; id-- {
		c := o.Plan.Changes[id%len(o.Plan.Changes)]
		all = append(all, setup.Audit{ID: int64(id), At: now.Add(-time.Duration(n-id) * time.Minute), Setup: ocs, Run: 7, Actor: "operator",
			Action: "changed", Key: c.Key, Verb: c.Verb, Text: "Created: " + setup.Title(c) + ".", Before: c.From, After: c.To})
	}
	return all
}

// sessions lets everybody in until it is told otherwise.
type sessions struct {
	over chan struct{} // closed: the session has ended
	err  error
}

func (s *sessions) Redeem(context.Context, string) error { return s.err }
func (s *sessions) SignOut(context.Context) error        { return s.err }
func (s *sessions) Alive(context.Context) (bool, error) {
	select {
	case <-s.over:
		return false, nil
	default:
		return true, nil
	}
}

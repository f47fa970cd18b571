package handlers_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
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
		return &fake{overview: o, found: foundHere(t), down: downPlan(scenePlanned(t)), audit: entries(t, 60)}
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
		{"history", at("history"), over(sceneDone), ""},
		{"history-empty", at("history"), func(t testing.TB) *fake { return &fake{overview: sceneDone(t)} }, ""},
		{"run", at("runs/7"), over(sceneRunning), ""},
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

func entries(t testing.TB, n int) []setup.Audit {
	o := scenePlanned(t)
	var all []setup.Audit
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

// What holds for every page in every state.
func TestEveryPageIsSoundInEveryState(t *testing.T) {
	for _, s := range shots() {
		t.Run(s.name, func(t *testing.T) {
			a := s.open(t).get(s.path, "Accept", "text/html")
			want := http.StatusOK
			if s.name == "missing" {
				want = http.StatusNotFound
			}
			a.status(want)
			assertStrict(t, a)
			assertWellFormed(t, a)
			assertWords(t, a)
			if strings.Contains(a.text, "SECRETTOKEN") {
				t.Error("a secret is on the page")
			}
			if banner := a.doc.Find(".practice").Length() > 0; banner != (s.base != "") {
				t.Errorf("practice banner: %v", banner)
			}
		})
	}
}

func assertStrict(t *testing.T, a answer) {
	t.Helper()
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the content policy lacks %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the content policy is weak: %s", policy)
	}
	a.doc.Find("script").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("src", "") == "" || strings.TrimSpace(s.Text()) != "" {
			t.Error("there is a script in the page")
		}
	})
	a.lacks("style")
	a.doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, attr := range s.Get(0).Attr {
			if attr.Key == "style" || strings.HasPrefix(attr.Key, "on") || strings.HasPrefix(attr.Key, "hx-on") {
				t.Errorf("%s has %s", goquery.NodeName(s), attr.Key)
			}
		}
	})
}

func assertWellFormed(t *testing.T, a answer) {
	t.Helper()
	for _, selector := range []string{"main#main", "h1", "a.skip[href='#main']", "title"} {
		if n := a.doc.Find(selector).Length(); n != 1 {
			t.Errorf("there are %d of %s", n, selector)
		}
	}
	seen := map[string]bool{}
	a.doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if seen[id] {
			t.Errorf("the id %s stands twice", id)
		}
		seen[id] = true
	})
	a.doc.Find("[aria-describedby]").Each(func(_ int, s *goquery.Selection) {
		for _, id := range strings.Fields(s.AttrOr("aria-describedby", "")) {
			if !seen[id] {
				t.Errorf("%s is described by %s, which is not there", s.AttrOr("id", "?"), id)
			}
		}
	})
	a.doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if s.Find("button").Length() == 0 {
			t.Errorf("the form to %s has no button", s.AttrOr("action", "?"))
		}
	})
	// What changes by itself holds nothing to type in.
	a.doc.Find("[sse-swap] input, [sse-swap] textarea, [sse-swap] select").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("type", "") != "hidden" {
			t.Errorf("a region that changes by itself holds the field %s", s.AttrOr("name", "?"))
		}
	})
}

var unwanted = regexp.MustCompile(`(?i)\b(drift\w*|converge\w*|reconcil\w*|resource\w*)\b`)

func assertWords(t *testing.T, a answer) {
	t.Helper()
	body := a.doc.Find("body").Clone()
	body.Find("code").Remove()
	if bad := unwanted.FindString(body.Text()); bad != "" {
		t.Errorf("the page says %q", bad)
	}
	if strings.Contains(body.Text(), "@time") || strings.Contains(body.Text(), "%!") {
		t.Error("markup or a broken format shows in the text")
	}
}

func TestTheFirstPageOffersALookAndAPractice(t *testing.T) {
	a := open(t, &fake{}).get("/").status(200)
	a.says("main", "Look at my server (read-only)", "Practice (nothing real is touched)")
	a = shots()[2].open(t).get("/").status(200)
	a.says("main", "open-chat-studio", "chat.example.org", "second", "failed")
}

func TestALookSaysWhatRunsAndWhatHindersIt(t *testing.T) {
	f := &fake{found: foundHere(t)}
	p := open(t, f)
	a := p.get("/look").status(200)
	a.says("main", "Open Chat Studio", "everybody can reach it", "/srv/ocs/docker-compose.prod.yml", "serves web pages here")

	action, form := a.form(".card form")
	res := p.post(action, form).status(303)
	if to := res.Header.Get("Location"); to != "/"+string(ocs)+"/look" {
		t.Errorf("it leads to %s", to)
	}
	if got := f.last(); got != (askedChoose{"open-chat-studio", "web", "open-chat-studio"}) {
		t.Errorf("asked for %v", got)
	}

	f.err = &setup.Problem{Code: setup.CodeInvalid, Message: "The compose file lacks the service web."}
	p.post(action, form).status(422).says("#note", "lacks the service web")

	f.found = journey.Found{Problem: &setup.Problem{Message: "Add yourself to the group docker; that equals root here."}, Others: []found.Project{}}
	p.get("/look").status(200).says(".barrier", "equals root")
}

func TestASetupLeadsToWhereItStands(t *testing.T) {
	for want, o := range map[journey.Stage]journey.Overview{
		journey.StageAnswers: sceneChosen(t), journey.StageAccount: sceneAnswered(t), journey.StageBuild: scenePlanned(t),
		journey.StageSwitch: sceneBuilt(t), journey.StageClose: sceneSwitched(t), journey.StageDone: sceneDone(t),
	} {
		a := openOn(t, o).get("/" + string(ocs)).status(303)
		if to := a.Header.Get("Location"); to != "/"+string(ocs)+"/"+string(want) {
			t.Errorf("it leads to %s, want %s", to, want)
		}
	}
}

func TestTheRailSaysWhereEachStepStandsInWords(t *testing.T) {
	a := openOn(t, sceneBuilt(t)).get("/" + string(ocs) + "/switch").status(200)
	a.says("#rail-build", "✔", "Build", "done")
	a.says("#rail-switch", "Switch", "ready")
	a.says("#rail-close", "waiting")
	a.says("a[aria-current=step]", "Switch")
}

func TestInPracticeEveryLinkStaysInPractice(t *testing.T) {
	for _, s := range shots() {
		if s.base == "" {
			continue
		}
		a := s.open(t).get(s.path).status(200)
		a.says(".practice", "nothing real is touched")
		a.doc.Find("[href], [action], [hx-post], [sse-connect], [src]").Each(func(_ int, sel *goquery.Selection) {
			for _, attr := range []string{"href", "action", "hx-post", "sse-connect", "src"} {
				to, ok := sel.Attr(attr)
				away := strings.HasPrefix(to, "#") || strings.HasPrefix(to, "https://") || to == "/sign-out" || to == "/"
				if ok && !away && !strings.HasPrefix(to, "/practice/") {
					t.Errorf("%s leads out of the practice: %s", attr, to)
				}
			}
		})
	}
}

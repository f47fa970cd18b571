package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// What holds for every page in every state.
func TestEveryPageIsSoundInEveryState(t *testing.T) {
	for _, s := range shots() {
		t.Run(s.name, func(t *testing.T) {
			a := s.open(t).get(s.path, "Accept", "text/html")
			want := http.StatusOK
			switch s.name {
			case "missing":
				want = http.StatusNotFound
			case "webhooks-wide":
				want = http.StatusUnprocessableEntity
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

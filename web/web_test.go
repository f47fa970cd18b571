package web

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func seen(id string, ok bool, age time.Duration) setup.Evidence {
	return setup.Evidence{
		Check: setup.Check{ID: id, Name: id, Locked: strings.HasPrefix(id, "locked/"), Method: "GET", Path: "/"},
		At:    noon.Add(-age), By: setup.ByApp, OK: ok, Detail: "what was seen",
	}
}

func view(at journey.Stage, evidence ...setup.Evidence) View {
	return View{At: Page(at), Now: noon, O: journey.Overview{Setup: "ocs", Evidence: evidence}}
}

func TestALightGoesOutAfterThreeMinutes(t *testing.T) {
	fades := setup.Check{}.Fresh()
	rows := []struct {
		age  time.Duration
		ok   bool
		want LightState
	}{
		{0, true, LightOn}, {fades - time.Second, true, LightOn}, {fades, true, LightOut},
		{0, false, LightOff}, {fades, false, LightOut},
	}
	for _, r := range rows {
		l := lightOf(seen("telegram/1", r.ok, r.age), noon)
		if l.State != r.want {
			t.Errorf("seen %v ago, ok %v: the light is %s, want %s", r.age, r.ok, l.State, r.want)
		}
	}
}

func TestWhatWasNeverAskedHasNoLight(t *testing.T) {
	v := view(journey.StageDone, seen("telegram/1", true, 0))
	v.O.Answers = &setup.Answers{Checks: []setup.Check{{ID: "telegram/1"}, {ID: "slack/1", Name: "Slack"}}}
	lights := v.lights("door")
	if len(lights) != 2 || lights[1].State != LightOut || lights[1].Word != "not asked yet" {
		t.Errorf("the lights are %+v", lights)
	}
}

// The last step of the set-up and the status page are never of two minds.
func TestTheLastStepSaysWhatTheStatusPageSays(t *testing.T) {
	stands := func(l diagnosis.Light, says string, age time.Duration) journey.Brief {
		return journey.Brief{Known: true, Watching: true, At: noon.Add(-age), Condition: diagnosis.Condition{Light: l, Told: diagnosis.Told{Begin: says}, Until: noon.Add(time.Minute)}}
	}
	a := setup.Answers{Setup: "ocs"}
	for says, row := range map[string]struct {
		brief journey.Brief
		a     setup.Answers
		down  bool
		state LightState
	}{
		"All is well":                  {stands(diagnosis.Good, "All is well", 0), a, false, LightOn},
		"Slack messages do NOT arrive": {stands(diagnosis.Bad, "Slack messages do NOT arrive", 0), a, false, LightOff},
		"It is not known":              {stands(diagnosis.Unknown, "It is not known", 0), a, false, LightOut},
		noProof:                        {stands(diagnosis.Good, "All was well", time.Hour), a, false, LightOut},
		"The first look is under way":  {journey.Brief{Watching: true}, a, false, LightOut},
		"Nobody watches":               {journey.Brief{}, a, false, LightOut},
		"Everything was taken down":    {journey.Brief{}, setup.Answers{}, true, LightOut},
		"Nothing was set up yet":       {journey.Brief{}, setup.Answers{}, false, LightOut},
	} {
		v := view(journey.StageDone, seen("telegram/1", true, 0)) // a light of its own proves nothing of the whole
		if v.O.Stands, v.O.TornDown = row.brief, row.down; row.a.Setup != "" {
			v.O.Approved = &row.a
		}
		h := v.headline()
		if status := (StandingView{Now: noon, S: journey.Standing{Answers: row.a, TornDown: row.down, Brief: row.brief}}).headline(); h != status {
			t.Errorf("the last step says %+v, the status page %+v", h, status)
		}
		if h.State != row.state || !strings.HasPrefix(h.begin(), says) {
			t.Errorf("it is %s: %s, want %s: %s", h.State, h.begin(), row.state, says)
		}
	}
}

func TestEveryStageSaysWhatAndWhy(t *testing.T) {
	for _, s := range journey.Stages() {
		text := view(s).text()
		if text.Title == "" || text.What == "" || text.Why == "" {
			t.Errorf("%s says %+v", s, text)
		}
		if s != journey.StageDone && len(text.Guide) == 0 {
			t.Errorf("%s does not compare itself with the guide", s)
		}
		if !KnownPage(string(s)) {
			t.Errorf("%s is no known page", s)
		}
	}
}

func TestEveryKindHasANameAndAPlace(t *testing.T) {
	for _, k := range setup.Kinds() {
		if kindName(setup.Key{Kind: k, Name: "it"}) == "" {
			t.Errorf("%s has no name", k)
		}
	}
	if atCloudflare(setup.KindConnector) || !atCloudflare(setup.KindTunnel) {
		t.Error("the connector runs here, the tunnel at Cloudflare")
	}
}

func TestTheWayByHandHasTheExactValues(t *testing.T) {
	a := setup.Answers{
		Setup: "ocs", Account: "a", Zone: "example.org", Hostname: "chat.example.org", Image: "cloudflare/cloudflared:1", Port: setup.PortLoopback, Session: "24h",
		Team:     setup.Team{Domains: []string{"example.org"}},
		Doors:    []setup.Door{{ID: "telegram", Name: "Telegram", Destinations: []string{"/channels/telegram/*"}, Paths: []string{"^/channels/telegram/.+$"}}},
		Settings: []setup.Item{{Name: "DJANGO_ALLOWED_HOSTS", Value: "chat.example.org"}},
		Stack: setup.Stack{Project: "ocs", Service: "web", Target: 8000, Files: []string{"/srv/ocs/compose.yml"}, ComposeFile: "/srv/ocs/compose.yml",
			EnvFile: "/srv/ocs/.env", Network: "ocs_default", ConnectorFile: "/srv/ocs/culvert.yml", ConnectorProject: "culvert-ocs"},
	}
	want := map[journey.Stage][]string{
		journey.StageBuild: {"chat.example.org/channels/telegram/*", "^/channels/telegram/.+$ → http://web:8000", "@example.org", "Everyone",
			"docker compose -p culvert-ocs -f /srv/ocs/culvert.yml up -d", "what stands there,chat.example.org", "docker compose -p ocs -f /srv/ocs/compose.yml up -d --no-deps"},
		journey.StageSwitch: {"CNAME", "chat.example.org", ".cfargotunnel.com", "Proxied"},
		journey.StageClose:  {"127.0.0.1:"},
	}
	for stage, texts := range want {
		v := view(stage)
		v.O.Answers = &a
		var all []string
		for _, m := range v.byHand() {
			if m.Where == "" {
				t.Errorf("%s has no place", m.Title)
			}
			for _, val := range m.Values {
				all = append(all, val.Text)
			}
		}
		for _, text := range texts {
			if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) }) {
				t.Errorf("%s does not say %q: %q", stage, text, all)
			}
		}
	}
}

func TestPagesWorkWithoutTheScriptsOfNpm(t *testing.T) {
	with := LoadAssets()
	without := Assets{files: map[string]asset{}}
	for name, f := range with.files {
		if !strings.HasPrefix(name, "vendor/") {
			without.files[name] = f
		}
	}
	var b bytes.Buffer
	v := view(journey.StageBuild)
	v.Assets = without
	if err := Stage(v).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("[sse-connect], script[src*=vendor]").Length() > 0 {
		t.Error("it asks for scripts that are not there")
	}
	if without.Live() {
		t.Error("it says that the scripts are there")
	}
}

func TestAnEmptyRegionIsStillARegion(t *testing.T) {
	for _, stage := range journey.Stages() {
		v := view(stage)
		regions, err := v.Regions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range regions {
			if r.Name == "" || r.Version == "" {
				t.Errorf("%s has the region %+v", stage, r)
			}
		}
	}
}

func TestATitlePartsIntoPlainWordsAndATerm(t *testing.T) {
	rows := []struct{ title, plain, term string }{
		{"Lock on x (Access application)", "Lock on x", "Access application"},
		{"Door for WhatsApp (Meta) on x (Access application)", "Door for WhatsApp (Meta) on x", "Access application"},
		{"Tunnel ocs", "Tunnel ocs", ""},
		{"Odd (one) thing", "Odd (one) thing", ""},
	}
	for _, r := range rows {
		if plain, term := splitTerm(r.title); plain != r.plain || term != r.term {
			t.Errorf("%q parts into %q and %q", r.title, plain, term)
		}
	}
}

func TestWhatStaysLockedIsOneLineOnlyWhileAllOfItIs(t *testing.T) {
	all := func(last setup.Evidence) LightGroup {
		v := view(journey.StageDone, seen("locked/a", true, 0), seen("locked/b", true, time.Minute), seen("locked/c", true, 0), last)
		return v.proof()[0]
	}
	if first, folded := all(seen("locked/d", true, 0)).folded(); !folded || !first.Until.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("folded %v until %v", folded, first.Until)
	}
	for _, last := range []setup.Evidence{seen("locked/d", false, 0), seen("locked/d", true, time.Hour)} {
		if _, folded := all(last).folded(); folded {
			t.Errorf("one line hides that %s is not on", last.Check.ID)
		}
	}
}

func TestLightsStandInTheOrderOfTheChecks(t *testing.T) {
	v := view(journey.StageDone, seen("a/1", true, 0), seen("b/1", true, 0))
	v.O.Answers = &setup.Answers{Checks: []setup.Check{{ID: "c/1", Name: "c/1"}, {ID: "b/1"}, {ID: "a/1"}}}
	var order []string
	for _, l := range v.lights("door") {
		order = append(order, l.Name)
	}
	if !slices.Equal(order, []string{"c/1", "b/1", "a/1"}) {
		t.Errorf("the order is %v", order)
	}
}

func TestEveryClassThatCanBePutRightIsToldInWords(t *testing.T) {
	for _, c := range journey.RepairableClasses() {
		if label, does := classWords(c); label == string(c) || does == "" {
			t.Errorf("%s is told as %q, %q", c, label, does)
		}
	}
}

func TestTheLoginIsNotGoodWhileNobodyGetsIn(t *testing.T) {
	v := StandingView{Now: noon}
	v.S.Answers = setup.Answers{Hostname: "chat.example.org", Checks: []setup.Check{{ID: "locked/front", Name: "The front page", Path: "/", Locked: true}}}
	v.S.Evidence = []setup.Evidence{{Check: v.S.Answers.Checks[0], At: v.Now, OK: true, By: setup.ByAccess}}
	login := func(f ...setup.Finding) LightRow {
		v.S.Condition.Findings = f
		return v.lightRows()[0]
	}
	if r := login(); r.State != LightOn {
		t.Errorf("while all is well it is %+v", r)
	}
	lock := []setup.Key{v.S.Answers.LockKey()}
	for word, f := range map[string]setup.Finding{
		"nobody gets in":                      {Class: setup.ClassLoginMissing, Severity: setup.SeverityBroken},
		"more people may enter":               {Class: setup.ClassTeamChanged, Severity: setup.SeverityOpen},
		"who may enter was changed":           {Class: setup.ClassTeamChanged, Severity: setup.SeverityBroken},
		"asked for, but the lock was changed": {Class: setup.ClassLockChanged, Severity: setup.SeverityOpen, Keys: lock},
	} {
		if r := login(f); r.State != LightOff || r.Word != word {
			t.Errorf("with %s it is %s: %q, want %q", f.Class, r.State, r.Word, word)
		}
	}
	if r := login(setup.Finding{Class: setup.ClassLockChanged, Severity: setup.SeverityBroken, Keys: lock}); r.Word != "nobody gets in" {
		t.Errorf("with a lock without rules it is %q", r.Word)
	}
	if r := login(setup.Finding{Class: setup.ClassLockChanged, Severity: setup.SeverityBroken}); r.State != LightOn {
		t.Errorf("with another lock that was changed it is %q", r.Word)
	}
}

func TestARepairThatSucceededIsNotShownOverWhatBrokeSince(t *testing.T) {
	v := StandingView{Now: noon}
	v.S.Run = &setup.Run{State: setup.RunSucceeded, Mends: []string{"door-missing/telegram"}, Ended: noon.Add(-time.Minute)}
	for since, shown := range map[time.Duration]bool{-2 * time.Minute: true, -30 * time.Second: false} {
		v.S.Condition.Findings = []setup.Finding{{Severity: setup.SeverityBroken, Since: noon.Add(since)}}
		if v.showsRun() != shown {
			t.Errorf("with what broke %v ago it is shown: %v", -since, !shown)
		}
	}
}

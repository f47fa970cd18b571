package profile

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/culvert/culvert/setup"
)

func ownChoices(rows ...setup.OwnPath) Choices {
	c := choices()
	c.Own = rows
	return c
}

func TestAnOwnPathBecomesADoorWithItsProofAndItsControl(t *testing.T) {
	a := resolved(t, ownChoices(setup.OwnPath{Name: " Payments ", Path: "/hooks/payments", Method: "post"}))
	id := OwnID("/hooks/payments")
	i := slices.IndexFunc(a.Doors, func(d setup.Door) bool { return d.ID == id })
	if i < 0 {
		t.Fatalf("no door %s in %+v", id, a.Doors)
	}
	want := setup.Door{ID: id, Name: "Payments", Destinations: []string{"/hooks/payments"}, Paths: []string{"^/hooks/payments$"}}
	if diff := cmp.Diff(want, a.Doors[i]); diff != "" {
		t.Errorf("door (-want +got):\n%s", diff)
	}
	checks := map[string]setup.Check{}
	for _, c := range a.Checks {
		checks[c.ID] = c
	}
	open := setup.Check{ID: id + "/1", Name: "Payments", Door: id, Method: "GET", Path: "/hooks/payments", Want: setup.Answer{Status: 405, Allow: "POST"}}
	if diff := cmp.Diff(open, checks[id+"/1"]); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
	if c := checks["locked/beside-"+id+"-1"]; !c.Locked || c.Path != "/hooks/payments-beside" {
		t.Errorf("beside it: %+v", c)
	}
	if diff := cmp.Diff([]setup.OwnPath{{Name: "Payments", Path: "/hooks/payments", Method: "POST"}}, a.Own); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestAStarOpensWhatLiesBelowAndIsProvenByASample(t *testing.T) {
	a := resolved(t, ownChoices(setup.OwnPath{Path: "/hooks/*", Method: "PUT", Sample: "/hooks/check/", Status: 401}))
	d := a.Doors[len(a.Doors)-1]
	if !slices.Equal(d.Paths, []string{"^/hooks/.+$"}) || d.Name != "/hooks/*" {
		t.Errorf("door: %+v", d)
	}
	i := slices.IndexFunc(a.Checks, func(c setup.Check) bool { return c.Door == d.ID })
	if c := a.Checks[i]; c.Path != "/hooks/check/" || c.Want != (setup.Answer{Status: 401}) {
		t.Errorf("check: %+v", c)
	}
}

func TestAClosedOwnPathIsKeptAndOpensNothing(t *testing.T) {
	with := resolved(t, ownChoices(setup.OwnPath{Path: "/hooks/a", Method: "POST", Closed: true}))
	without := resolved(t, choices())
	if len(with.Own) != 1 || len(with.Doors) != len(without.Doors) || len(with.Checks) != len(without.Checks) {
		t.Errorf("got %+v", with.Doors)
	}
}

func TestTheDoorOfAnOwnPathStaysTheSameWhenItIsRenamed(t *testing.T) {
	one := resolved(t, ownChoices(setup.OwnPath{Name: "A", Path: "/hooks/a", Method: "POST"}))
	other := resolved(t, ownChoices(setup.OwnPath{Name: "B", Path: "/hooks/a", Method: "GET", Status: 400}))
	if a, b := one.Doors[len(one.Doors)-1].ID, other.Doors[len(other.Doors)-1].ID; a != b {
		t.Errorf("%s became %s", a, b)
	}
	if OwnID("/hooks/a") == OwnID("/hooks-a") {
		t.Error("two paths share a door")
	}
}

// Each row is refused at one field, with the reason.
func TestAnOwnPathIsRefusedAtItsFieldWithTheReason(t *testing.T) {
	path := func(p string) setup.OwnPath {
		return setup.OwnPath{Path: p, Method: "POST", Sample: strings.ReplaceAll(p, "*", "x")}
	}
	rows := map[string]struct {
		own   setup.OwnPath
		field string
		says  string
	}{
		"nothing":                {path(""), "path", "Type the path"},
		"an address":             {path("https://chat.example.org/hooks"), "path", "only the path"},
		"no slash":               {path("hooks/a"), "path", "/hooks/a"},
		"everything":             {path("/*"), "path", "whole app"},
		"the front page":         {path("/"), "path", "whole app"},
		"a query":                {path("/hooks?x=1"), "path", `"?x=1"`},
		"a star in the middle":   {path("/hooks/*/in"), "path", "only at the end"},
		"a star within a word":   {path("/hooks*"), "path", "only at the end"},
		"an escape":              {path("/%61dmin/"), "path", "without %"},
		"dots":                   {path("/hooks/../admin"), "path", ". and .."},
		"two slashes":            {path("//admin/"), "path", "single slashes"},
		"all channels":           {path("/channels/*"), "path", "Pages of a team"},
		"channels without star":  {path("/channels"), "path", "Pages of a team"},
		"one word of channels":   {path("/channels/whatsapp/*"), "path", "Pages of a team"},
		"a team's page":          {path("/channels/my-team/chatbots/1/"), "path", "Pages of a team"},
		"a team's own page":      {path("/a/my-team/chatbots/"), "path", "own pages"},
		"the administration":     {path("/admin/"), "path", "the admin pages"},
		"in capitals":            {path("/ADMIN/login"), "path", "administration"},
		"below a new channel":    {path("/channels/new/*"), "path", "Pages of a team"},
		"the login":              {path("/accounts/*"), "path", "login"},
		"the state of the app":   {path("/status/"), "path", "Watch it from the server"},
		"what a door is for":     {path("/slack/events"), "path", "The door for Slack"},
		"below a door":           {path("/channels/telegram/x"), "path", "The door for Telegram"},
		"what a closed door has": {path("/static/css/*"), "path", "The door for Static files"},
		"beside a door":          {path("/slack/install"), "path", "/slack/install"},
		"most of a closed part":  {path("/o/*"), "path", "/o/…"},
		"the root of one":        {path("/o/"), "path", "/o/…"},
		"a star without sample":  {setup.OwnPath{Path: "/hooks/*", Method: "POST"}, "check", "/hooks/check"},
		"a sample elsewhere":     {setup.OwnPath{Path: "/hooks/*", Method: "POST", Sample: "/other"}, "check", "covers"},
		"a sample with a star":   {setup.OwnPath{Path: "/hooks/*", Method: "POST", Sample: "/hooks/a*"}, "check", "without a star"},
		"another method":         {setup.OwnPath{Path: "/hooks/a", Method: "FETCH"}, "method", "POST"},
		"404":                    {setup.OwnPath{Path: "/hooks/a", Method: "POST", Status: 404}, "answer", "prove nothing"},
		"a redirect":             {setup.OwnPath{Path: "/hooks/a", Method: "POST", Status: 302}, "answer", "no answer"},
		"405 to its own method":  {setup.OwnPath{Path: "/hooks/a", Method: "GET", Status: 405}, "answer", "does not refuse GET"},
		"a name of two lines":    {setup.OwnPath{Path: "/hooks/a", Method: "POST", Name: "a\nb"}, "name", "one line"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			a, bad := openChatStudio(t).Resolve(ownChoices(row.own))
			if len(bad) != 1 || bad[0].Field != OwnField(0, row.field) || !strings.Contains(bad[0].Message, row.says) {
				t.Errorf("got %v", bad)
			}
			if slices.ContainsFunc(a.Doors, func(d setup.Door) bool { return strings.HasPrefix(d.ID, "own-") }) {
				t.Error("it became a door all the same")
			}
		})
	}
}

func TestAPathThatTheAppHasAndTheProfileDoesNotKnowCanBeOpened(t *testing.T) {
	resolved(t, ownChoices(setup.OwnPath{Path: "/channels/signal/incoming_message", Method: "POST"}, setup.OwnPath{Path: "/webhooks/*", Method: "POST", Sample: "/webhooks/x"}))
}

func TestOnePathOfWhatIsClosedMayBeOpenedWhereTheProfileSaysSo(t *testing.T) {
	resolved(t, ownChoices(setup.OwnPath{Path: "/o/token/", Method: "POST"}, setup.OwnPath{Path: "/.well-known/openid-configuration", Method: "GET"}))
}

func TestTwoOwnPathsThatOverlapAreRefused(t *testing.T) {
	for name, second := range map[string]string{"the same": "/hooks/a", "below": "/hooks/a/b", "around": "/hooks/*"} {
		_, bad := openChatStudio(t).Resolve(ownChoices(
			setup.OwnPath{Path: "/hooks/a", Method: "POST"}, setup.OwnPath{Path: second, Method: "POST", Sample: "/hooks/x"}))
		if len(bad) == 0 || !strings.HasPrefix(bad[0].Field, "own_paths.2.") {
			t.Errorf("%s: %v", name, bad)
		}
	}
}

// Whatever is accepted opens no page that must be locked. The judge here is
// another one than the code's: the widest reading as a regular expression.
func TestAnOwnPathNeverOpensALockedPage(t *testing.T) {
	p := openChatStudio(t)
	segment := rapid.SampledFrom([]string{"channels", "whatsapp", "telegram", "a", "team", "chatbots", "admin", "Admin", "django-admin", "accounts",
		"login", "slack", "events", "install", "api", "docs", "export", "o", "token", "status", "media", "anymail", "hooks", "x", "*", "..", ""})
	rapid.Check(t, func(t *rapid.T) {
		form := "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
		_, doors, bad := p.own([]setup.OwnPath{{Path: form, Method: "POST", Sample: strings.ReplaceAll(form, "*", "x")}})
		if len(bad) > 0 {
			return
		}
		locked := lockedPages(p)
		for range 20 {
			below := strings.Join(rapid.SliceOfN(segment, 0, 3).Draw(t, "below"), "/")
			locked = append(locked, "/a/team/"+below, "/admin/"+below, "/accounts/"+below, "/channels/team/chatbots/"+below)
		}
		for _, d := range doors {
			for _, page := range append(locked, d.Siblings...) {
				if widest(d.Destinations[0]).MatchString(page) {
					t.Fatalf("%s opens %s", form, page)
				}
			}
			if !widest(d.Destinations[0]).MatchString(d.Probes[0].Path) {
				t.Fatalf("%s is not proven by %s", form, d.Probes[0].Path)
			}
		}
	})
}

// widest is a pattern as Access may read it at most.
func widest(pattern string) *regexp.Regexp {
	stem := strings.TrimRight(pattern, "/")
	if strings.HasSuffix(stem, "*") {
		return regexp.MustCompile("(?i)^" + regexp.QuoteMeta(strings.TrimSuffix(stem, "*")) + ".*$")
	}
	return regexp.MustCompile("(?i)^" + regexp.QuoteMeta(stem) + "(/.*)?$")
}

// lockedPages are the pages that the profile names.
func lockedPages(p Profile) []string {
	var pages []string
	for _, c := range p.Controls {
		pages = append(pages, c.Path)
	}
	for _, n := range p.Never {
		pages = append(pages, n.Witness)
	}
	for _, d := range p.Doors {
		pages = append(pages, d.Siblings...)
	}
	return pages
}

// The doors of own paths are held to the same rules as the profile's.
func TestAProfileWithTheDoorsOfOwnPathsHasNoFault(t *testing.T) {
	p := openChatStudio(t)
	_, doors, bad := p.own([]setup.OwnPath{
		{Path: "/hooks/payments", Method: "POST"}, {Path: "/hooks-in/*", Method: "POST", Sample: "/hooks-in/x"},
		{Path: "/o/token/", Method: "POST", Status: 400}, {Path: "/feed", Method: "GET"},
	})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	for _, d := range doors {
		d.Why, d.Verified = "chosen", "by the app"
		p.Doors = append(p.Doors, d)
	}
	for _, fault := range Lint(p) {
		t.Error(fault)
	}
}

func TestAPatternAndAFormMeetAsAnEnumerationSays(t *testing.T) {
	all := texts(7)
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.StringOfN(rapid.SampledFrom([]rune("ab*/")), 0, 4, -1).Draw(t, "one")
		other := rapid.StringOfN(rapid.SampledFrom([]rune("ab*+/")), 0, 4, -1).Draw(t, "other")
		a, b := obvious(one), obvious(other)
		want := slices.ContainsFunc(all, func(text string) bool { return a.MatchString(text) && b.MatchString(text) })
		if got := meet(one, other); got != want {
			t.Fatalf("%q and %q: got %v, want %v", one, other, got, want)
		}
	})
}

// obvious is a form as a regular expression.
func obvious(form string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "+", "[^/]*").Replace(form) + "$")
}

// texts are all texts of three letters up to a length.
func texts(most int) []string {
	all, last := []string{""}, []string{""}
	for range most {
		var longer []string
		for _, t := range last {
			longer = append(longer, t+"a", t+"b", t+"/")
		}
		all, last = append(all, longer...), longer
	}
	return all
}

func TestACallThatIsMadeInEarnestIsProvenSparingly(t *testing.T) {
	for _, row := range []struct {
		own     setup.OwnPath
		sparing bool
	}{
		{setup.OwnPath{Path: "/hooks/run", Method: "GET"}, true},
		{setup.OwnPath{Path: "/hooks/run", Method: "POST"}, false},
		{setup.OwnPath{Path: "/hooks/*", Method: "GET", Sample: "/hooks/check"}, false},
	} {
		a := resolved(t, ownChoices(row.own))
		for _, c := range a.Checks {
			if c.Door == OwnID(row.own.Path) && c.Rare() != row.sparing {
				t.Errorf("%s %s is asked rarely: %v", row.own.Method, row.own.Path, c.Rare())
			}
		}
		for _, c := range a.BesideChecks() {
			if row.sparing && c.Door == OwnID(row.own.Path) {
				t.Errorf("%s is asked of the app itself as well", row.own.Path)
			}
		}
	}
}

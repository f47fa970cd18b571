package config

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var sameText = cmpopts.IgnoreUnexported(File{})

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) string {
		return strings.TrimSpace(strings.Map(oneLine, rapid.String().Draw(t, "value")))
	})
	some := rapid.Map(rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
		return value.Filter(func(s string) bool { return s != "" }).Draw(t, "entry")
	})), func(list []string) []string {
		if len(list) == 0 {
			return nil
		}
		return list
	})
	own := rapid.Custom(func(t *rapid.T) setup.OwnPath {
		return setup.OwnPath{Path: value.Draw(t, "path"), Name: value.Draw(t, "name"), Method: value.Draw(t, "method"), Sample: value.Draw(t, "check"),
			Status: rapid.SampledFrom([]int{0, 200, 405}).Draw(t, "answer"), Closed: rapid.Bool().Draw(t, "closed")}
	})
	needed := value.Filter(func(s string) bool { return s != "" })
	rapid.Check(t, func(t *rapid.T) {
		f := File{
			App: needed.Draw(t, "app"), Name: value.Draw(t, "name"), Hostname: needed.Draw(t, "hostname"),
			Zone: value.Draw(t, "zone"), Account: value.Draw(t, "account"),
			Emails: some.Draw(t, "emails"), Domains: some.Draw(t, "domains"),
			ProjectFolder: value.Draw(t, "folder"), ComposeFiles: some.Draw(t, "files"),
			EnvFile: value.Draw(t, "env"), Service: value.Draw(t, "service"),
			Port: rapid.IntRange(0, 65535).Draw(t, "port"), Image: value.Draw(t, "image"), Tunnel: value.Draw(t, "tunnel"),
			EdgeByHand:    rapid.Bool().Draw(t, "rule by hand"),
			Remedies:      rapid.SampledFrom([][]setup.Remedy{nil, {}, {setup.RemedyBots, setup.RemedySkip}}).Draw(t, "changes at the edge"),
			AlertEmail:    value.Draw(t, "mail"),
			PublishedPort: rapid.SampledFrom([]setup.PortChoice{"", setup.PortLoopback, setup.PortNone, setup.PortKeep}).Draw(t, "choice"),
		}
		if rapid.Bool().Draw(t, "private") {
			f.Mode = rapid.SampledFrom([]setup.Mode{setup.ModeFallback, setup.ModeHostname}).Draw(t, "mode")
			f.Inside = profile.Inside{
				Name: value.Draw(t, "private name"), Front: rapid.SampledFrom([]string{"", "acme", "internal", "own", "none"}).Draw(t, "front"),
				Follow: rapid.Bool().Draw(t, "follow"), Whole: rapid.Bool().Draw(t, "whole"), Wildcard: rapid.Bool().Draw(t, "wildcard"), Subnet: value.Draw(t, "subnet"), Profiles: some.Draw(t, "profiles"),
				VNet: value.Draw(t, "network"), ICMP: rapid.Bool().Draw(t, "pings"), Location: rapid.Bool().Draw(t, "location"),
				Comment: value.Draw(t, "description"), Protocol: value.Draw(t, "protocol"), DNSImage: value.Draw(t, "dns image"),
				FrontImage: value.Draw(t, "front image"), PublicTeam: rapid.Bool().Draw(t, "team in public"),
			}
			if rapid.Bool().Draw(t, "replaces") {
				f.Inside.Replaces = []setup.Service{{Project: "open-chat-studio", Service: "dns"}, {Project: "a", Service: "b/c"}}
			}
		}
		f.Fixes, f.Site = some.Draw(t, "settings"), rapid.Bool().Draw(t, "site")
		for range rapid.IntRange(0, 3).Draw(t, "own paths") {
			f.Own = append(f.Own, own.Draw(t, "own path"))
		}
		if rapid.Bool().Draw(t, "webhooks chosen") {
			f.Webhooks = append([]string{}, some.Draw(t, "webhooks")...)
		}
		got, err := Parse(Write(f))
		if err != nil {
			t.Fatalf("%v in\n%s", err, Write(f))
		}
		if diff := cmp.Diff(f, got, sameText); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, Write(f))
		}
	})
}

// oneLine drops what the file cannot hold: line ends, NUL, and code points that
// are no characters.
func oneLine(r rune) rune {
	if r == '\n' || r == '\r' || r == 0 || r == '\uFFFD' {
		return -1
	}
	return r
}

func TestTheExampleIsAsTheProgramWritesIt(t *testing.T) {
	text, err := os.ReadFile("../examples/open-chat-studio/culvert.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(Write(f))); diff != "" {
		t.Errorf("(-example +written):\n%s", diff)
	}
}

func TestTheExampleGivesAnswersWithoutFault(t *testing.T) {
	text, err := os.ReadFile("../examples/open-chat-studio/culvert.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Get(f.App)
	if !ok {
		t.Fatalf("no profile %q", f.App)
	}
	c := f.Choices(setup.Stack{ // as a running app is found
		Project: "open-chat-studio", Dir: "/srv/ocs", Files: []string{"/srv/ocs/docker-compose.prod.yml"},
		Network: "open-chat-studio_default", ComposeFile: "/srv/ocs/docker-compose.prod.yml", EnvFile: "/srv/ocs/.env.prod",
	})
	c.Account = "0123456789abcdef0123456789abcdef" // as the token shows it
	a, bad := p.Resolve(c)
	if err := f.Explain(bad); err != nil {
		t.Fatal(err)
	}
	if a.Hostname != "chat.example.org" || a.Zone != "example.org" || len(a.Doors) == 0 {
		t.Errorf("got %+v", a)
	}
	if a.Port != setup.PortLoopback {
		t.Errorf("the published port: %q", a.Port)
	}
}

const good = "app: open-chat-studio\nhostname: chat.example.org\n"

func TestEachMistakeIsNamedWithItsLineAndTheWayOut(t *testing.T) {
	rows := map[string]struct {
		text string
		says []string
	}{
		"an empty file":         {"", []string{"empty", "examples/open-chat-studio"}},
		"only comments":         {"# nothing\n", []string{"empty"}},
		"a list":                {"- a\n", []string{"line 1: ", "hostname: "}},
		"a misspelt key":        {good + "hostnme: x.example.org\n", []string{"line 3: hostnme: ", "Did you mean hostname?"}},
		"a dash for a line":     {good + "published-port: none\n", []string{"line 3: ", "Did you mean published_port?"}},
		"another word":          {good + "domain: example.org\n", []string{"line 3: domain: ", "Did you mean zone?"}},
		"a key in wrong place":  {good + "emails: [a@example.org]\n", []string{"line 3: emails: ", "Did you mean team.emails?"}},
		"a misspelt inner key":  {good + "team:\n  domain: [example.org]\n", []string{"line 4: team.domain: ", "team.domains"}},
		"a key from elsewhere":  {good + "zzzzzzzz: 1\n", []string{"line 3: zzzzzzzz: ", "Known are: app, name, hostname"}},
		"a key twice":           {good + "zone: a.org\nzone: b.org\n", []string{"line 4: zone: ", "line 3"}},
		"a list for a value":    {good + "zone: [a.org]\n", []string{"line 3: zone: ", "not a list"}},
		"a value for a list":    {good + "team:\n  emails: ana@example.org\n", []string{"line 4: team.emails: ", "[ana@example.org]"}},
		"a list within a list":  {good + "compose_files: [[a]]\n", []string{"line 3: compose_files: ", "Every entry"}},
		"a team that is a word": {good + "team: everyone\n", []string{"line 3: team: ", "emails and domains"}},
		"a port that is none":   {good + "port: 80000\n", []string{"line 3: port: ", `"80000"`, "such as 8000"}},
		"a published pair":      {good + "port: 8000:8000\n", []string{"line 3: port: "}},
		"a choice that is none": {good + "published_port: closed\n", []string{"line 3: published_port: ", "loopback"}},
		"own paths as a word":   {good + "own_paths: /hooks\n", []string{"line 3: own_paths: ", "- path: /hooks/payments"}},
		"an own path alone":     {good + "own_paths: [/hooks]\n", []string{"line 3: own_paths.1: ", "- path: /hooks/payments"}},
		"a misspelt own key":    {good + "own_paths:\n  - path: /hooks\n    methd: POST\n", []string{"line 5: own_paths.1.methd: ", "Did you mean own_paths.1.method?"}},
		"an answer in words":    {good + "own_paths:\n  - path: /hooks\n    answer: fine\n", []string{"line 5: own_paths.1.answer: ", "405"}},
		"open in words":         {good + "own_paths:\n  - path: /hooks\n    open: maybe\n", []string{"line 5: own_paths.1.open: ", "true nor false"}},
		"an alias":              {"app: &a open-chat-studio\nhostname: *a\n", []string{"line 2: hostname: ", "*a"}},
		"two lines in a value":  {good + "zone: |\n  a.org\n  b.org\n", []string{"line 3: zone: ", "one line"}},
		"two documents":         {good + "---\n" + good, []string{"second document"}},
		"a tab":                 {"app: x\nteam:\n\temails: []\n", []string{"line 3: ", "not with tabs"}},
		"no colon":              {"app open-chat-studio\nhostname: x\n", []string{"not YAML"}},
		"no app":                {"hostname: chat.example.org\n", []string{"app: Say which app"}},
		"no address":            {"app: open-chat-studio\n", []string{"hostname: Say under which address"}},
		"an empty address":      {"app: open-chat-studio\nhostname:\n", []string{"line 2: hostname: "}},
		"a huge file":           {strings.Repeat("#", maxSize+1), []string{"not a culvert.yaml"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(row.text))
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range row.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
		})
	}
}

func TestAllMistakesAreToldAtOnceInTheOrderOfTheFile(t *testing.T) {
	_, err := Parse([]byte("app: open-chat-studio\nport: x\nhostname: chat.example.org\nzonne: example.org\n"))
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].Line != 2 || faults[1].Line != 4 {
		t.Errorf("got %v", err)
	}
}

func TestATokenInTheFileIsRefusedAndNotRepeated(t *testing.T) {
	for _, key := range []string{"token", "api_token", "CLOUDFLARE_API_TOKEN"} {
		_, err := Parse([]byte(good + key + ": s3cr3t-value\n"))
		if err == nil || !strings.Contains(err.Error(), "CLOUDFLARE_API_TOKEN") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestWindowsLineEndsAndAMissingLastOneAreFine(t *testing.T) {
	f, err := Parse([]byte("app: open-chat-studio\r\nhostname: chat.example.org"))
	if err != nil || f.App != "open-chat-studio" || f.Hostname != "chat.example.org" {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestWebhooksMayBeDefaultNoneOrAList(t *testing.T) {
	rows := map[string][]string{
		"":                         nil,
		"webhooks:":                nil,
		"webhooks: default":        nil,
		"webhooks: none":           {},
		"webhooks: []":             {},
		"webhooks: [slack, turn]":  {"slack", "turn"},
		"webhooks:\n- slack\n":     {"slack"},
		"webhooks:\n  - slack # x": {"slack"},
	}
	for text, want := range rows {
		f, err := Parse([]byte(good + text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, f.Webhooks); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestFaultsOfTheAnswersAreToldAtTheLinesOfTheFile(t *testing.T) {
	f, err := Parse([]byte(good + "team:\n  domains: [gmail.com]\npublished_port: none\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Explain([]setup.FieldError{
		{Field: "port", Message: "p"}, {Field: "team.domains", Message: "d"},
		{Field: "team.emails", Message: "e"}, {Field: "zone", Message: "z"},
	})
	want := "zone: z\nline 3: team.emails: e\nline 4: team.domains: d\nline 5: published_port: p"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := f.Explain(nil); err != nil {
		t.Errorf("nothing is wrong, and yet: %v", err)
	}
}

func TestAFaultOfAnOwnPathIsToldAtItsLine(t *testing.T) {
	f, err := Parse([]byte(good + "own_paths:\n  - path: /hooks/a\n  - path: /admin/\n    method: PUT\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Explain([]setup.FieldError{{Field: profile.OwnField(1, "path"), Message: "p"}, {Field: profile.OwnField(1, "check"), Message: "c"}})
	if want := "line 5: own_paths.2.path: p\nline 5: own_paths.2.check: c"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestTheFileGoesBeforeWhatWasFound(t *testing.T) {
	f, err := Parse([]byte(good + "project_folder: /srv/app\ncompose_files: [prod.yml, /etc/other.yml]\nenv_file: .env\nport: 9000\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Choices(setup.Stack{Project: "p", Dir: "/elsewhere", Service: "web", Target: 8000}).Stack
	want := setup.Stack{
		Project: "p", Dir: "/srv/app", Service: "web", Target: 9000, EnvFile: "/srv/app/.env",
		Files: []string{"/srv/app/prod.yml", "/etc/other.yml"}, ComposeFile: "/srv/app/prod.yml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatTheBrowserSetUpCanBeHadAsAFile(t *testing.T) {
	a := setup.Answers{
		Setup: "ocs", Profile: "open-chat-studio", Hostname: "chat.example.org", Zone: "example.org",
		Team: setup.Team{Emails: []string{"ana@example.org"}}, Doors: []setup.Door{{ID: "slack"}, {ID: profile.OwnID("/hooks/a")}},
		Own:  []setup.OwnPath{{Path: "/hooks/a", Method: "POST"}, {Path: "/hooks/b", Method: "GET", Closed: true}},
		Port: setup.PortNone, Stack: setup.Stack{Dir: "/srv/ocs", Service: "web", Target: 8000, Files: []string{"/srv/ocs/c.yml"}},
	}
	f, err := Parse(Write(FromAnswers(a)))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Choices(setup.Stack{})
	if c.Setup != "ocs" || c.Hostname != a.Hostname || c.Port != setup.PortNone || c.Stack.Target != 8000 {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff(a.Own, c.Own); diff != "" {
		t.Errorf("own paths (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"slack"}, c.Doors); diff != "" {
		t.Errorf("doors (-want +got):\n%s", diff)
	}
}

func TestNoDoorsStayNoDoors(t *testing.T) {
	f, err := Parse(Write(FromAnswers(setup.Answers{Profile: "x", Hostname: "y.example.org"})))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Choices(setup.Stack{}); c.Doors == nil {
		t.Error("a setup without doors came back with the usual ones")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add(Write(File{App: "a", Hostname: "b"}))
	f.Add([]byte("a: &b [*b]\n? [x]\n: y\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("an error without faults: %v", err)
			}
			return
		}
		again, err := Parse(Write(file))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v\n%s", err, Write(file))
		}
		if diff := cmp.Diff(file, again, sameText, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

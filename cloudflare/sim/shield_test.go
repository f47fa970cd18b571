package sim

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Callers as the edge sees them.
func nobodyInParticular() http.Header { return http.Header{"User-Agent": {""}} }
func curl() http.Header               { return http.Header{"User-Agent": {"curl/8.5.0"}} }
func urllib() http.Header             { return http.Header{"User-Agent": {"Python-urllib/3.12"}} }
func browser() http.Header {
	return http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"}, "Accept-Language": {"en"},
		"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
}

// outcome names how the edge answered a visit to https://app.example.org.
func (s *stack) outcome(path string, who http.Header) string {
	s.Helper()
	resp, body := s.visit("GET", "https://app.example.org"+path, who)
	switch {
	case resp.Header.Get("Cf-Mitigated") == "challenge" && resp.StatusCode == 403 && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return "challenge"
	case resp.StatusCode == 403 && strings.Contains(body, "1010"):
		return "1010"
	case resp.StatusCode == 403 && (strings.Contains(body, "1020") || strings.Contains(body, "you have been blocked")):
		return "blocked"
	case resp.StatusCode == 302 && strings.Contains(resp.Header.Get("Location"), s.TeamDomain):
		return "login"
	case resp.StatusCode == 200:
		return "origin"
	}
	return body
}

func TestTheEdgeShieldsAZoneInTheDocumentedOrder(t *testing.T) {
	bicOff := func(expression string) Rule {
		return Rule{Phase: configPhase, Action: "set_config", Parameters: map[string]any{"bic": false}, Expression: expression}
	}
	set := func(id, value string) func(*stack) {
		return func(s *stack) { s.cloud.SetZoneSetting(s.ZoneID, id, value) }
	}
	fight := func(s *stack) { s.cloud.SetBotFight(s.ZoneID, true) }
	rule := func(r Rule) func(*stack) {
		return func(s *stack) {
			if _, err := s.cloud.AddRule(s.ZoneID, r); err != nil {
				s.Fatal(err)
			}
		}
	}
	custom := func(action, expression string, parameters map[string]any) func(*stack) {
		return rule(Rule{Phase: customPhase, Action: action, Expression: expression, Parameters: parameters})
	}
	super := func(does string) func(*stack) {
		return func(s *stack) {
			s.cloud.SetPaid(s.ZoneID, true)
			s.ok("PUT", "Z/bot_management", `{"sbfm_definitely_automated":"`+does+`"}`)
		}
	}
	lock := func(s *stack) { s.newApp("lock", "app.example.org") }
	check, attack := set("browser_check", "on"), set("security_level", "under_attack")
	for _, row := range []struct {
		what                          string
		nobody, curl, urllib, browser string
		with                          []func(*stack)
	}{
		{"nothing", "origin", "origin", "origin", "origin", nil},
		{"Browser Integrity Check (WAF, Browser Integrity Check)", "1010", "origin", "1010", "origin", []func(*stack){check}},
		{"a configuration rule lifts it (Configuration Rules, Available settings)", "origin", "origin", "origin", "origin",
			[]func(*stack){check, rule(bicOff(`http.request.uri.path eq "/x"`))}},
		{"a rule for elsewhere does not", "1010", "origin", "1010", "origin", []func(*stack){check, rule(bicOff(`http.request.uri.path eq "/y"`))}},
		{"nor one that is off", "1010", "origin", "1010", "origin", []func(*stack){check,
			rule(Rule{Phase: configPhase, Action: "set_config", Parameters: map[string]any{"bic": false}, Expression: "true", Disabled: true})}},
		{"of two rules the last one counts", "1010", "origin", "1010", "origin", []func(*stack){check, rule(bicOff("true")),
			rule(Rule{Phase: configPhase, Action: "set_config", Parameters: map[string]any{"bic": true}, Expression: "true"})}},
		{"a rule turns it on where the zone has it off", "1010", "origin", "1010", "origin",
			[]func(*stack){rule(Rule{Phase: configPhase, Action: "set_config", Parameters: map[string]any{"bic": true}, Expression: "true"})}},
		{"a custom rule skips it (WAF, Available skip options)", "origin", "origin", "origin", "origin",
			[]func(*stack){check, custom("skip", "true", map[string]any{"products": []string{"bic"}})}},
		{"Bot Fight Mode (Bots, Bot Fight Mode)", "challenge", "challenge", "challenge", "origin", []func(*stack){fight}},
		{"which no rule lifts (Bot Fight Mode, Limitations)", "challenge", "challenge", "challenge", "origin", []func(*stack){fight,
			rule(bicOff("true")), custom("skip", "true", map[string]any{"products": []string{"bic", "securityLevel"}, "phases": []string{"http_request_sbfm"}})}},
		{"Super Bot Fight Mode blocks (Bots, Super Bot Fight Mode)", "blocked", "blocked", "blocked", "origin", []func(*stack){super("block")}},
		{"or challenges", "challenge", "challenge", "challenge", "origin", []func(*stack){super("managed_challenge")}},
		{"or lets through", "origin", "origin", "origin", "origin", []func(*stack){super("allow")}},
		{"a custom rule skips it (WAF, Available skip options)", "origin", "origin", "origin", "origin",
			[]func(*stack){super("block"), custom("skip", `http.request.uri.path eq "/x"`, map[string]any{"phases": []string{botsPhase}})}},
		{"one for elsewhere does not", "blocked", "blocked", "blocked", "origin",
			[]func(*stack){super("block"), custom("skip", `http.request.uri.path eq "/y"`, map[string]any{"phases": []string{botsPhase}})}},
		{"nor one that skips custom rules alone", "blocked", "blocked", "blocked", "origin",
			[]func(*stack){super("block"), custom("skip", "true", map[string]any{"ruleset": "current"})}},
		{"nor one behind a skip that ends the list", "blocked", "blocked", "blocked", "origin", []func(*stack){super("block"),
			custom("skip", "true", map[string]any{"ruleset": "current"}), custom("skip", "true", map[string]any{"phases": []string{botsPhase}})}},
		{"a custom rule that blocks is before it", "blocked", "blocked", "blocked", "blocked", []func(*stack){super("allow"), custom("block", "true", nil)}},
		{"Bot Fight Mode is none of such a plan's", "origin", "origin", "origin", "origin", []func(*stack){fight, super("allow")}},
		{"Under Attack mode challenges everybody (Under Attack mode)", "challenge", "challenge", "challenge", "challenge", []func(*stack){attack}},
		{"a configuration rule lifts that", "origin", "origin", "origin", "origin", []func(*stack){attack,
			rule(Rule{Phase: configPhase, Action: "set_config", Parameters: map[string]any{"security_level": "essentially_off"}, Expression: "true"})}},
		{"a custom rule skips it", "origin", "origin", "origin", "origin",
			[]func(*stack){attack, custom("skip", "true", map[string]any{"products": []string{"securityLevel"}})}},
		{"a custom rule blocks (WAF, Custom rules)", "blocked", "origin", "origin", "origin", []func(*stack){custom("block", `http.user_agent eq ""`, nil)}},
		{"a skip above it spares what it matches", "origin", "blocked", "blocked", "blocked",
			[]func(*stack){custom("skip", `http.user_agent eq ""`, map[string]any{"ruleset": "current"}), custom("block", "true", nil)}},
		{"a skip of products alone does not", "blocked", "blocked", "blocked", "blocked",
			[]func(*stack){custom("skip", "true", map[string]any{"products": []string{"bic"}}), custom("block", "true", nil)}},
		{"a log does nothing, and the first of the others ends", "challenge", "challenge", "challenge", "challenge",
			[]func(*stack){custom("log", "true", nil), custom("managed_challenge", "true", nil), custom("block", "true", nil)}},
		{"Access is behind all of it (Phases list)", "1010", "login", "1010", "login", []func(*stack){check, lock}},
		{"and a bypass opens Access alone (Access, Policies)", "1010", "origin", "1010", "origin", []func(*stack){check, lock,
			func(s *stack) { s.newApp("door", "app.example.org/x", s.newPolicy("b", "bypass", `{"everyone":{}}`)) }}},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := newStack(t, Options{})
			for _, with := range row.with {
				with(s)
			}
			for _, caller := range []struct {
				name, want string
				header     http.Header
			}{{"nobody", row.nobody, nobodyInParticular()}, {"curl", row.curl, curl()}, {"urllib", row.urllib, urllib()}, {"a browser", row.browser, browser()}} {
				if got := s.outcome("/x", caller.header); got != caller.want {
					t.Errorf("%s meets %s, want %s", caller.name, got, caller.want)
				}
			}
		})
	}
}

func TestARefusalComesInTheFormThatIsAskedFor(t *testing.T) {
	s := newStack(t, Options{BrowserCheck: true})
	if _, err := s.cloud.AddRule(s.ZoneID, Rule{Phase: customPhase, Action: "block", Expression: `starts_with(http.request.uri.path, "/no")`}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ path, accept, kind, text string }{
		{"/", "", "text/plain; charset=UTF-8", "error code: 1010"},
		{"/", "application/json", "application/problem+json; charset=utf-8", `"error_name":"browser_signature_banned"`},
		{"/", "text/html", "text/html; charset=UTF-8", "<title>Error 1010 Access denied</title>"},
		{"/no", "*/*", "text/plain; charset=UTF-8", "error code: 1020"},
		{"/no", "application/json", "application/problem+json; charset=utf-8", `"error_code":1020`},
		{"/no", "text/html", "text/html; charset=utf-8", "Sorry, you have been blocked"},
	} {
		resp, body := s.visit("GET", "https://app.example.org"+row.path, http.Header{"Accept": {row.accept}, "User-Agent": {""}})
		if resp.StatusCode != 403 || resp.Header.Get("Content-Type") != row.kind || !strings.Contains(body, row.text) ||
			resp.Header.Get("Server") != "cloudflare" || resp.Header.Get("Cf-Ray") == "" || resp.Header.Get("Cf-Mitigated") != "" {
			t.Errorf("%s for %q: %d %v %s", row.path, row.accept, resp.StatusCode, resp.Header, body)
		}
	}
	challenging := newStack(t, Options{BrowserCheck: true, Unsure: Unsure{BrowserCheckChallenges: true}})
	if none, bad := challenging.outcome("/", nobodyInParticular()), challenging.outcome("/", urllib()); none != "challenge" || bad != "1010" {
		t.Errorf("where it challenges: %s and %s", none, bad)
	}
}

func TestABrowserPassesAChallengeForAWhile(t *testing.T) {
	s := newStack(t, Options{})
	s.cloud.SetZoneSetting(s.ZoneID, "security_level", "under_attack")
	s.cloud.SetZoneSetting(s.ZoneID, "challenge_ttl", 300)
	_, page := s.visit("GET", "https://app.example.org/a?b=1", browser())
	if !strings.Contains(page, `action="`+solvePath+`"`) || !strings.Contains(page, `value="/a?b=1"`) || !strings.Contains(page, "<title>Just a moment...</title>") {
		t.Fatalf("the page is\n%s", page)
	}
	solve := func(to string) *http.Response {
		r := httptest.NewRequest("POST", "https://app.example.org"+solvePath, strings.NewReader(url.Values{"to": {to}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		out := httptest.NewRecorder()
		s.cloud.Edge().ServeHTTP(out, r)
		return out.Result()
	}
	if got := solve("//evil.example").Header.Get("Location"); got != "/" {
		t.Errorf("it leads to %q", got)
	}
	back := solve("/a?b=1")
	if back.StatusCode != 303 || back.Header.Get("Location") != "/a?b=1" || len(back.Cookies()) != 1 || back.Cookies()[0].Name != "cf_clearance" {
		t.Fatalf("solved: %d %v", back.StatusCode, back.Header)
	}
	cleared := back.Cookies()[0]
	s.gets("https://app.example.org/a?b=1", 200, "origin:", cleared)
	s.clock.advance(5 * time.Minute)
	s.gets("https://app.example.org/a?b=1", 403, "Just a moment", cleared)
	s.gets("https://app.example.org"+solvePath, 403, "Just a moment")
}

func TestPlainHTTPIsSentOnWhereTheZoneSaysSo(t *testing.T) {
	s := newStack(t, Options{})
	s.gets("http://app.example.org/a", 200, "origin:")
	s.cloud.SetZoneSetting(s.ZoneID, "always_use_https", "on")
	if to := s.gets("http://app.example.org/a%2Fb?c=1", 301, "").Header.Get("Location"); to != "https://app.example.org/a%2Fb?c=1" {
		t.Errorf("it leads to %q", to)
	}
	s.gets("https://app.example.org/a", 200, "origin:")
}

func TestANewZoneChecksBrowsersWhereItIsAsAtCloudflare(t *testing.T) {
	for _, as := range []bool{false, true} {
		s := newStack(t, Options{BrowserCheck: as})
		want := map[bool]string{false: "origin", true: "1010"}[as]
		if got := s.outcome("/", nobodyInParticular()); got != want {
			t.Errorf("%v: a caller without a User-Agent meets %s, want %s", as, got, want)
		}
	}
}

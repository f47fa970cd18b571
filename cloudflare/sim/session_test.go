package sim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Session management, Session durations.
func TestASessionLastsAsLongAsTheClosestSettingSays(t *testing.T) {
	for _, row := range []struct {
		what, policy, app string
		want              time.Duration
	}{
		{"nothing said", `null`, `null`, 24 * time.Hour},
		{"the application's", `null`, `"30m"`, 30 * time.Minute},
		{"the policy's", `"6h"`, `"30m"`, 6 * time.Hour},
	} {
		s := newStack(t, Options{})
		policy := s.ok("POST", "A/access/policies", `{"name":"p","decision":"allow","include":[{"everyone":{}}],"session_duration":`+row.policy+`}`)
		app := s.newApp("lock", "app.example.org", policy.text("id"))
		delete(app, "session_duration")
		if row.app != "null" {
			app["session_duration"] = strings.Trim(row.app, `"`)
		}
		s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
		cookie := s.signedIn("https://app.example.org/", "ann@example.org")
		s.clock.advance(row.want - time.Second)
		s.gets("https://app.example.org/", 200, "", cookie)
		s.clock.advance(time.Second)
		s.gets("https://app.example.org/", 302, "", cookie)
	}
}

// Session management: "Access will automatically issue a new application token
// if the global token is still valid (and the user's identity still passes)".
func TestTheTeamsSessionRenewsTheApplications(t *testing.T) {
	s := newStack(t, Options{})
	app := s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
	app["session_duration"] = "30m"
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	s.ok("PUT", "A/access/organizations", `{"session_duration":"2h"}`)
	b := s.surfer()
	sent := b.types(b.goes("https://app.example.org/"), url.Values{"email": {"ann@example.org"}})
	b.wants("logging in", b.types(sent, url.Values{"code": {sent.code()}}), 200, "app.example.org", "origin:")
	s.clock.advance(45 * time.Minute)
	b.wants("the application's session is over", b.goes("https://app.example.org/x"), 200, "app.example.org", "origin: GET app.example.org/x")
	s.clock.advance(75 * time.Minute)
	b.wants("the team's is over as well", b.goes("https://app.example.org/"), 200, s.TeamDomain, "Send me a code")
}

func TestARevokedSessionIsOver(t *testing.T) {
	for what, revoke := range map[string]func(*stack, object) bool{
		"of an application, by hand": func(s *stack, app object) bool { return s.cloud.RevokeSessions(s.AccountID, app.text("id")) },
		"of somebody, by hand":       func(s *stack, _ object) bool { return s.cloud.RevokeUser(s.AccountID, "Ann@example.org") },
		"of an application, by API": func(s *stack, app object) bool {
			return s.succeed("POST", "A/access/apps/"+app.text("id")+"/revoke_tokens", "").Success
		},
		"of somebody, by API": func(s *stack, _ object) bool {
			return s.succeed("POST", "A/access/organizations/revoke_user", `{"email":"ann@example.org"}`).Success
		},
	} {
		s := newStack(t, Options{})
		app := s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
		ann, bob := s.signedIn("https://app.example.org/", "ann@example.org"), s.signedIn("https://app.example.org/", "bob@example.org")
		if !revoke(s, app) {
			t.Errorf("%s: refused", what)
		}
		s.gets("https://app.example.org/", 302, "", ann)
		others := map[bool]int{true: 200, false: 302}[strings.Contains(what, "somebody")]
		s.gets("https://app.example.org/", others, "", bob)
		s.gets("https://app.example.org/", 200, "", s.signedIn("https://app.example.org/", "ann@example.org"))
	}
	w := newWorld(t, Options{})
	w.refused(400, 12130, "POST", "A/access/organizations/revoke_user", `{}`)
	if w.cloud.RevokeUser("x", "ann@example.org") || w.cloud.RevokeSessions("x", "y") {
		t.Error("an account that does not exist has sessions")
	}
}

func TestAPolicyThatIsGoneDoesNotEndSessions(t *testing.T) {
	s := newStack(t, Options{})
	app := s.lock("app.example.org", `allow|{"everyone":{}}`)
	cookie := s.signedIn("https://app.example.org/", "ann@example.org")
	app["policies"] = []string{}
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	s.gets("https://app.example.org/", 200, "", cookie)
}

// CORS, Allow preflighted requests.
func TestPreflightRequestsAreAnsweredAsTheApplicationSays(t *testing.T) {
	asks := http.Header{"Origin": {"https://example.com"}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"x-a"}}
	for _, row := range []struct {
		what, setting, value string
		status               int
		allowed              map[string]string
	}{
		{"by default they are refused", "", "", 403, nil},
		{"the origin answers", "options_preflight_bypass", `true`, 200, nil},
		{"Access answers", "cors_headers", `{"allowed_origins":["https://example.com"],"allowed_methods":["GET","PUT"],"allowed_headers":["x-a"],"allow_credentials":true,"max_age":60}`, 200,
			map[string]string{"Access-Control-Allow-Origin": "https://example.com", "Access-Control-Allow-Methods": "GET, PUT",
				"Access-Control-Allow-Headers": "x-a", "Access-Control-Allow-Credentials": "true", "Access-Control-Max-Age": "60"}},
		{"Access answers everybody", "cors_headers", `{"allow_all_origins":true,"allow_all_methods":true,"allow_all_headers":true}`, 200,
			map[string]string{"Access-Control-Allow-Origin": "https://example.com", "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "x-a"}},
		{"not that site", "cors_headers", `{"allowed_origins":["https://example.net"],"allowed_methods":["PUT"]}`, 403, nil},
	} {
		s := newStack(t, Options{})
		body := `"name":"n","type":"self_hosted","domain":"app.example.org"`
		if row.setting != "" {
			body += `,"` + row.setting + `":` + row.value
		}
		s.ok("POST", "A/access/apps", "{"+body+"}")
		resp, text := s.visit("OPTIONS", "https://app.example.org/", asks)
		if resp.StatusCode != row.status || strings.HasPrefix(text, "origin:") != (row.setting == "options_preflight_bypass") {
			t.Errorf("%s: %d %s", row.what, resp.StatusCode, text)
		}
		for name, want := range row.allowed {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", row.what, name, got, want)
			}
		}
		if resp, _ := s.visit("PUT", "https://app.example.org/", asks); resp.StatusCode != 302 {
			t.Errorf("%s: the request itself gets %d", row.what, resp.StatusCode)
		}
	}
}

// Session management, AJAX.
func TestAScriptIsToldThatItsSessionIsOver(t *testing.T) {
	s := newStack(t, Options{})
	s.lock("app.example.org", `allow|{"everyone":{}}`)
	if resp, _ := s.visit("GET", "https://app.example.org/", http.Header{"X-Requested-With": {"XMLHttpRequest"}}); resp.StatusCode != 401 {
		t.Errorf("it gets %d", resp.StatusCode)
	}
}

// Service tokens, Enforce strict service token authentication.
func TestStrictOrganizationsAreStrictAboutHowATokenIsShown(t *testing.T) {
	born := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	s := newStack(t, Options{Clock: (&clock{now: born}).Now})
	token, good := s.serviceToken(`{"name":"ci"}`)
	app := s.lock("app.example.org", `non_identity|{"any_valid_service_token":{}}`+"\n"+`allow|{"everyone":{}}`)
	app["read_service_tokens_from_header"] = "Authorization"
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	ann := s.signedIn("https://app.example.org/", "ann@example.org")
	with := func(h http.Header, name string, values ...string) http.Header {
		h = h.Clone()
		h[name] = values
		return h
	}
	both := `{"cf-access-client-id":"` + token.text("client_id") + `","cf-access-client-secret":"` + token.text("client_secret") + `"}`
	twice := with(good, "Cf-Access-Client-Id", token.text("client_id"), token.text("client_id"))
	rows := map[string]struct {
		header        http.Header
		loose, strict int
	}{
		"good":                     {good, 200, 200},
		"twice":                    {twice, 302, 401},
		"without a secret":         {with(good, "Cf-Access-Client-Secret"), 302, 401},
		"in both ways":             {with(good, "Authorization", both), 302, 401},
		"half in one header":       {http.Header{"Authorization": {`{"cf-access-client-id":"x"}`}}, 302, 401},
		"another use of it":        {http.Header{"Authorization": {"Bearer x"}}, 302, 302},
		"bad, but with a session":  {with(http.Header{"Cookie": {ann.String()}}, "Cf-Access-Client-Id", "x"), 200, 401},
		"none, but with a session": {http.Header{"Cookie": {ann.String()}}, 200, 200},
	}
	for _, strict := range []bool{false, true} {
		if got := s.ok("PATCH", "A/access/organizations", `{"strict_service_token_auth":`+toJSON(strict)+`}`)["strict_service_token_auth"]; got != strict {
			t.Errorf("it shows %v", got)
		}
		for what, row := range rows {
			resp, _ := s.visit("GET", "https://app.example.org/", row.header)
			if want := map[bool]int{false: row.loose, true: row.strict}[strict]; resp.StatusCode != want {
				t.Errorf("strict %v, %s: %d, want %d", strict, what, resp.StatusCode, want)
			}
		}
	}
	if young := newWorld(t, Options{}).ok("PATCH", "A/access/organizations", `{"strict_service_token_auth":false}`); young["strict_service_token_auth"] != true {
		t.Error("a young organization can be loose")
	}
}

func TestProgramsCanBeSentElsewhere(t *testing.T) {
	s := newStack(t, Options{})
	app := s.lock("app.example.org", `non_identity|{"any_valid_service_token":{}}`)
	app["custom_non_identity_deny_url"] = "https://help.example.org/"
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	if to := s.gets("https://app.example.org/", 302, "").Header.Get("Location"); to != "https://help.example.org/" {
		t.Errorf("it leads to %q", to)
	}
}

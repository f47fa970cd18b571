package sim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAGroupDecidesForThePoliciesThatNameIt(t *testing.T) {
	s := newStack(t, Options{})
	g := s.ok("POST", "A/access/groups", `{"name":"team","include":[{"email_domain":{"domain":"example.org"}}],"exclude":[{"email":{"email":"eve@example.org"}}]}`)
	s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"group":{"id":"`+g.text("id")+`"}}`))
	enters := func(email string) bool {
		_, err := s.cloud.Session("https://app.example.org/", email)
		return err == nil
	}
	if !enters("ann@example.org") || enters("eve@example.org") || enters("ann@elsewhere.org") {
		t.Error("the group's rules do not decide")
	}
	path := "A/access/groups/" + g.text("id")
	s.refused(400, 12130, "DELETE", path, "")
	s.ok("PUT", path, `{"name":"team","include":[{"email":{"email":"eve@example.org"}}],"is_default":true}`)
	if enters("ann@example.org") || !enters("eve@example.org") {
		t.Error("the changed group's rules do not decide")
	}
	read := s.ok("GET", path, "")
	if len(read["is_default"].([]any)) != 1 {
		t.Errorf("a default group shows %v", read["is_default"])
	}
	s.ok("PUT", path, toJSON(read)) // what was read can be written back
	for _, bad := range []string{`{"include":[{"everyone":{}}]}`, `{"name":"x","include":[]}`, `{"name":"x","include":[{"group":{"id":"` + g.text("id") + `"}}]}`,
		`{"name":"x","include":[{"service_token":{"token_id":"` + g.text("id") + `"}}]}`} {
		s.refused(400, 12130, "POST", "A/access/groups", bad)
	}
	for query, want := range map[string]int{"": 1, "?name=team": 1, "?name=tea": 0, "?search=EA": 1, "?page=2": 0} {
		if got := len(s.list("A/access/groups" + query)); got != want {
			t.Errorf("groups%s: %d, want %d", query, got, want)
		}
	}
	other := s.ok("POST", "A/access/groups", `{"name":"free","include":[{"everyone":{}}]}`)
	s.ok("DELETE", "A/access/groups/"+other.text("id"), "")
	s.refused(404, 11021, "GET", "A/access/groups/"+other.text("id"), "")
}

// token makes a service token and gives it with the headers that show it.
func (w *world) serviceToken(body string) (object, http.Header) {
	w.Helper()
	made := w.ok("POST", "A/access/service_tokens", body)
	return made, shows(made, made.text("client_secret"))
}

func shows(token object, secret string) http.Header {
	return http.Header{"Cf-Access-Client-Id": {token.text("client_id")}, "Cf-Access-Client-Secret": {secret}}
}

func TestTheSecretOfAServiceTokenIsToldOnce(t *testing.T) {
	w := newWorld(t, Options{})
	made, _ := w.serviceToken(`{"name":"ci"}`)
	if !strings.HasPrefix(made.text("client_secret"), "cfast_") || !strings.HasSuffix(made.text("client_id"), ".access") ||
		made.text("duration") != "8760h" || made["enabled"] != true || made.text("expires_at") != w.clock.Now().Add(8760*time.Hour).Format(time.RFC3339) {
		t.Errorf("made: %v", made)
	}
	path := "A/access/service_tokens/" + made.text("id")
	if got := w.ok("GET", path, ""); got["client_secret"] != nil || got.text("client_id") != made.text("client_id") {
		t.Errorf("read: %v", got)
	}
	if raw, err := w.cloud.Snapshot(); err != nil || strings.Contains(string(raw), made.text("client_secret")) {
		t.Errorf("a snapshot holds the secret (%v)", err)
	}
	w.clock.advance(time.Hour)
	if got := w.ok("POST", path+"/refresh", ""); got.text("expires_at") != w.clock.Now().Add(8760*time.Hour).Format(time.RFC3339) {
		t.Errorf("refreshed: %v", got)
	}
	if got := w.ok("PUT", path, `{"name":"cd","duration":"forever"}`); got.text("name") != "cd" || got["expires_at"] != nil {
		t.Errorf("changed: %v", got)
	}
	w.refused(400, 12130, "PUT", path, `{"duration":"a while"}`)
	w.refused(400, 12130, "POST", "A/access/service_tokens", `{}`)
	for i := range maxServiceTokens - 1 {
		w.ok("POST", "A/access/service_tokens", fmt.Sprintf(`{"name":"%d"}`, i))
	}
	w.refused(400, 12130, "POST", "A/access/service_tokens", `{"name":"over"}`)
	w.ok("DELETE", path, "")
	w.refused(404, 11021, "GET", path, "")

	old := newWorld(t, Options{Clock: (&clock{now: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}).Now})
	if made, _ := old.serviceToken(`{"name":"ci"}`); len(made.text("client_secret")) != 64 {
		t.Errorf("before August 2026 a secret was %q", made.text("client_secret"))
	}
}

func TestAServiceTokenOpensWhatServiceAuthNames(t *testing.T) {
	for _, row := range []struct {
		what        string
		born        time.Time
		bad, wrong  int
		leavesCooky bool
	}{
		{"an organization made before October 2026", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), 302, 302, true},
		{"a strict one", time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC), 401, 403, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := newStack(t, Options{Clock: (&clock{now: row.born}).Now})
			s.T = t
			good, header := s.serviceToken(`{"name":"good"}`)
			_, stranger := s.serviceToken(`{"name":"stranger"}`)
			team := s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}},{"service_token":{"token_id":"`+good.text("id")+`"}}`)
			machines := s.newPolicy("machines", "non_identity", `{"service_token":{"token_id":"`+good.text("id")+`"}}`)
			app := s.newApp("lock", "app.example.org", team)
			answers := func(h http.Header) *http.Response {
				resp, _ := s.visit("GET", "https://app.example.org/", h)
				return resp
			}
			if got := answers(header).StatusCode; got != row.wrong {
				t.Errorf("Allow policies do not know service tokens: %d, want %d", got, row.wrong)
			}
			app["policies"], app["read_service_tokens_from_header"] = []string{team, machines}, "Authorization"
			s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
			resp := answers(header)
			if cookies := resp.Cookies(); resp.StatusCode != 200 || (len(cookies) > 0) != row.leavesCooky {
				t.Errorf("a good one: %d with %v", resp.StatusCode, cookies)
			} else if row.leavesCooky {
				s.gets("https://app.example.org/", 200, "", cookies[0])
			}
			both := `{"cf-access-client-id":"` + good.text("client_id") + `","cf-access-client-secret":"` + good.text("client_secret") + `"}`
			if got := answers(http.Header{"Authorization": {both}}).StatusCode; got != 200 {
				t.Errorf("in one header: %d", got)
			}
			if got := answers(shows(good, "cfast_wrong")).StatusCode; got != row.bad {
				t.Errorf("with a wrong secret: %d, want %d", got, row.bad)
			}
			if got := answers(stranger).StatusCode; got != row.wrong {
				t.Errorf("with another token: %d, want %d", got, row.wrong)
			}
			if got := answers(nil).StatusCode; got != 302 {
				t.Errorf("without a token: %d", got)
			}
			path := "A/access/service_tokens/" + good.text("id")
			rotated := s.ok("POST", path+"/rotate", `{"previous_client_secret_expires_at":"2027-01-01T00:00:00Z"}`)
			if answers(header).StatusCode != 200 || answers(shows(good, rotated.text("client_secret"))).StatusCode != 200 {
				t.Error("after a rotation with grace one of the two secrets is refused")
			}
			s.ok("POST", path+"/rotate", "")
			if got := answers(header).StatusCode; got != row.bad {
				t.Errorf("after a rotation without grace the old secret gives %d", got)
			}
			s.ok("PUT", path, `{"enabled":false}`)
			if got := answers(shows(good, rotated.text("client_secret"))).StatusCode; got != row.bad {
				t.Errorf("a disabled token gives %d", got)
			}
		})
	}
}

func TestTagsAreTakenFromApplicationsThatHaveThem(t *testing.T) {
	w := newWorld(t, Options{})
	w.refused(400, 12130, "POST", "A/access/apps", `{"type":"self_hosted","name":"n","domain":"app.example.org","tags":["team a"]}`)
	w.ok("POST", "A/access/tags", `{"name":"team a"}`)
	w.refused(409, 11010, "POST", "A/access/tags", `{"name":"team a"}`)
	w.refused(400, 12130, "POST", "A/access/tags", `{}`)
	app := w.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"n","domain":"app.example.org","tags":["team a"]}`)
	if got := w.list("A/access/tags"); len(got) != 1 || got[0]["app_count"] != 1.0 {
		t.Errorf("tags: %v", got)
	}
	tags := func() string { return toJSON(w.ok("GET", "A/access/apps/"+app.text("id"), "")["tags"]) }
	w.ok("PUT", "A/access/tags/team%20a", `{"name":"b"}`)
	if got := tags(); got != `["b"]` {
		t.Errorf("renamed, the application has %s", got)
	}
	w.ok("GET", "A/access/tags/b", "")
	w.ok("DELETE", "A/access/tags/b", "")
	w.refused(404, 11021, "GET", "A/access/tags/b", "")
	if got := tags(); got != `[]` {
		t.Errorf("deleted, the application has %s", got)
	}
}

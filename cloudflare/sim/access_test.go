package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestALockedHostSendsVisitorsToTheLoginPage(t *testing.T) {
	s := newStack(t, Options{})
	app := s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`))
	resp := s.gets("https://app.example.org/admin/?next=1", 302, "302 Found")
	location, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q := location.Query()
	if location.Host != s.TeamDomain || location.Path != "/cdn-cgi/access/login/app.example.org" ||
		q.Get("kid") != app.text("aud") || q.Get("redirect_url") != "/admin/?next=1" {
		t.Errorf("it leads to %s", location)
	}
	if meta := jwtBody(t, q.Get("meta")); meta["auth_status"] != "NONE" || meta["service_token_status"] != false || meta["hostname"] != "app.example.org" {
		t.Errorf("meta says %v", meta)
	}
	if h := resp.Header; !strings.HasPrefix(h.Get("Www-Authenticate"), "Cloudflare-Access resource_metadata=") ||
		!strings.HasPrefix(h.Get("Set-Cookie"), "CF_AppSession=") || h.Get("Server") != "cloudflare" || h.Get("Cf-Ray") == "" {
		t.Errorf("it carries %v", h)
	}
	if resp, _ := s.visit("POST", "https://app.example.org/hooks/1", nil); resp.StatusCode != 302 {
		t.Errorf("a webhook's POST gets %d", resp.StatusCode)
	}
}

func jwtBody(t *testing.T, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestOnlyTheClosestApplicationCounts(t *testing.T) {
	s := newStack(t, Options{})
	bypass := s.newPolicy("bypass", "bypass", `{"everyone":{}}`)
	s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`))
	s.newApp("hooks", "app.example.org/hooks/*", bypass)
	s.newApp("closed again", "app.example.org/hooks/secret")
	for path, status := range map[string]int{"/": 302, "/hooks": 302, "/hooks/": 200, "/hooks/1": 200, "/hooks/1/2": 200,
		"/hooks/../admin": 302, "/hooks/%2e%2e/admin": 302, "/hooksy": 302, "/hooks/secret": 302, "/hooks/secret/x": 302,
		"/hooks/secrets": 200, "//hooks/1": 200, "/HOOKS/1": 302} {
		s.gets("https://app.example.org"+path, status, "")
	}
}

func TestPoliciesAreTakenInTheDocumentedOrder(t *testing.T) {
	all, org := `{"everyone":{}}`, `{"email_domain":{"domain":"example.org"}}`
	ann, bob := `{"email":{"email":"Ann@example.org"}}`, `{"email":{"email":"bob@example.org"}}`
	here := `{"ip":{"ip":"203.0.113.0/24"}}`
	for _, row := range []struct {
		what     string
		policies string // decision include[; exclude][; require] per line
		stranger int
		ann, bob int
	}{
		{"no policy", "", 302, 403, 403},
		{"allow a domain", "allow|" + org, 302, 200, 200},
		{"allow one", "allow|" + ann, 302, 200, 403},
		{"the first match ends: deny above allow", "deny|" + bob + "\nallow|" + org, 302, 200, 403},
		{"the first match ends: allow above deny", "allow|" + org + "\ndeny|" + bob, 302, 200, 200},
		{"allow everyone still asks for a login", "allow|" + all, 302, 200, 200},
		{"bypass below allow opens all of it", "allow|" + ann + "\nbypass|" + all, 200, 200, 200},
		{"bypass for an address", "bypass|" + here, 200, 200, 200},
		{"bypass for another address", "bypass|{\"ip\":{\"ip\":\"192.0.2.1\"}}\nallow|" + ann, 302, 200, 403},
		{"bypass cannot know who asks", "bypass|" + ann, 302, 403, 403},
		{"exclude", "allow|" + org + "|" + bob, 302, 200, 403},
		{"require", "allow|" + org + "||" + ann, 302, 200, 403},
		{"service auth alone", "non_identity|{\"any_valid_service_token\":{}}", 403, 403, 403},
		{"service auth beside allow", "non_identity|{\"any_valid_service_token\":{}}\nallow|" + ann, 302, 200, 403},
		{"a selector that is not simulated", `allow|{"device_posture":{"integration_uid":"x"}}`, 302, 403, 403},
		{"a domain with its @", `allow|{"email_domain":{"domain":"@example.org"}}`, 302, 403, 403},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := newStack(t, Options{})
			s.T = t
			var ids []string
			for line := range strings.SplitSeq(row.policies, "\n") {
				if line == "" {
					continue
				}
				part := append(strings.Split(line, "|"), "", "")
				ids = append(ids, s.ok("POST", "A/access/policies", `{"name":"p","decision":"`+part[0]+`","include":[`+part[1]+
					`],"exclude":[`+part[2]+`],"require":[`+part[3]+`]}`).text("id"))
			}
			s.newApp("lock", "app.example.org", ids...)
			s.gets("https://app.example.org/", row.stranger, "")
			for email, want := range map[string]int{"ann@example.org": row.ann, "bob@example.org": row.bob} {
				cookie, err := s.cloud.Session("https://app.example.org/", email)
				if row.stranger == 200 {
					continue // nobody is asked to log in
				}
				if got := err == nil; got != (want == 200) {
					t.Errorf("%s may log in: %v (%v), want %v", email, got, err, want == 200)
				}
				if err == nil {
					s.gets("https://app.example.org/", want, "origin:", cookie)
				}
			}
		})
	}
}

func TestAVisitorLogsInByThePageOfTheTeam(t *testing.T) {
	s := newStack(t, Options{})
	s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`))
	login := s.gets("https://app.example.org/admin/?x=1", 302, "").Header.Get("Location")
	s.gets(login, 200, `name="email"`)

	type_ := func(email string) *http.Response {
		r := httptest.NewRequest("POST", login, strings.NewReader(url.Values{"email": {email}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		out := httptest.NewRecorder()
		s.cloud.Edge().ServeHTTP(out, r)
		return out.Result()
	}
	if resp := type_("eve@example.net"); resp.StatusCode != 403 {
		t.Errorf("a stranger gets %d", resp.StatusCode)
	}
	back := type_(" Ann@Example.org ")
	if back.StatusCode != 303 {
		t.Fatalf("a colleague gets %d", back.StatusCode)
	}
	in := s.gets(back.Header.Get("Location"), 302, "")
	if got := in.Header.Get("Location"); got != "/admin/?x=1" {
		t.Errorf("after the login she is at %q", got)
	}
	cookies := in.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "CF_Authorization" {
		t.Fatalf("she has the cookies %v", cookies)
	}
	resp := s.gets("https://app.example.org/admin/?x=1", 200, "origin:", cookies[0])
	var asked http.Header
	if err := json.Unmarshal([]byte(resp.Header.Get("X-Asked")), &asked); err != nil {
		t.Fatal(err)
	}
	if asked.Get("Cf-Access-Authenticated-User-Email") != "ann@example.org" || asked.Get("Cf-Access-Jwt-Assertion") != cookies[0].Value {
		t.Errorf("the origin is told %v", asked)
	}
	forged := *cookies[0]
	forged.Value = forged.Value[:len(forged.Value)-4] + "AAAA"
	s.gets("https://app.example.org/admin/", 302, "", &forged)
	s.clock.advance(25 * time.Hour)
	s.gets("https://app.example.org/admin/", 302, "", cookies[0])
	s.gets("https://app.example.org/cdn-cgi/access/authorized?token=x&redirect_url=//evil.example", 403, "")
}

func TestASessionIsGoodForItsApplicationOnly(t *testing.T) {
	s := newStack(t, Options{})
	s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"everyone":{}}`))
	s.newApp("admin", "app.example.org/admin", s.newPolicy("boss", "allow", `{"email":{"email":"boss@example.org"}}`))
	ann, err := s.cloud.Session("https://app.example.org/", "ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	s.gets("https://app.example.org/", 200, "origin:", ann)
	s.gets("https://app.example.org/admin", 302, "", ann)
}

func TestWithoutAOneTimePINNobodyCanTypeAnAddress(t *testing.T) {
	w := newWorld(t, Options{})
	w.newCNAME("app", "x.cfargotunnel.com")
	w.newApp("lock", "app.example.org", w.newPolicy("all", "allow", `{"everyone":{}}`))
	login := w.gets("https://app.example.org/", 302, "").Header.Get("Location")
	w.gets(login, 200, "no login method")
	if _, err := w.cloud.Session("https://app.example.org/", "ann@example.org"); err == nil {
		t.Error("somebody logged in")
	}
	other := w.list("A/access/identity_providers")[0].text("id")
	w.ok("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin"}`)
	if _, err := w.cloud.Session("https://app.example.org/", "ann@example.org"); err != nil {
		t.Error(err)
	}
	app := w.list("A/access/apps")[0]
	app["allowed_idps"] = []string{other}
	w.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	if _, err := w.cloud.Session("https://app.example.org/", "ann@example.org"); err == nil {
		t.Error("a login method that the application does not allow was used")
	}
}

func TestTheMetadataProbeTellsWhichApplicationCoversAURL(t *testing.T) {
	for _, silent := range []bool{false, true} {
		s := newStack(t, Options{Unsure: Unsure{NoMetadataOnBypass: silent}})
		lock := s.newApp("lock", "app.example.org/admin")
		hooks := s.newApp("hooks", "app.example.org/hooks/*", s.newPolicy("b", "bypass", `{"everyone":{}}`))
		for path, want := range map[string]string{"/admin": lock.text("aud"), "/hooks/1": hooks.text("aud"), "/": ""} {
			if silent && path == "/hooks/1" {
				want = ""
			}
			resp, _ := s.visit("HEAD", "https://app.example.org"+path, http.Header{"Cf-Access-Metadata-Request": {"true"}})
			got := ""
			if jwt := resp.Header.Get("Cf-Access-Metadata"); jwt != "" {
				body := jwtBody(t, jwt)
				got = body["aud"].([]any)[0].(string)
				if body["type"] != "match" || body["auth_domain"] != s.TeamDomain || body["hostname"] != "app.example.org" {
					t.Errorf("%s: %v", path, body)
				}
			}
			if got != want {
				t.Errorf("%s is covered by %q, want %q", path, got, want)
			}
		}
	}
}

func TestHostsWithoutAnApplicationCanBeDenied(t *testing.T) {
	s := newStack(t, Options{})
	s.gets("https://app.example.org/", 200, "origin:")
	s.ok("PUT", "A/access/organizations", `{"deny_unmatched_requests":true}`)
	s.gets("https://app.example.org/", 403, "")
	s.ok("PATCH", "A/access/organizations", `{"deny_unmatched_requests_exempted_zone_names":["example.org"]}`)
	s.gets("https://app.example.org/", 200, "origin:")
}

func TestServiceAuthCanAnswer401InPlaceOfTheLoginPage(t *testing.T) {
	s := newStack(t, Options{})
	app := s.newApp("lock", "app.example.org", s.newPolicy("machines", "non_identity", `{"any_valid_service_token":{}}`),
		s.newPolicy("team", "allow", `{"everyone":{}}`))
	s.gets("https://app.example.org/", 302, "")
	app["service_auth_401_redirect"] = true
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	s.gets("https://app.example.org/", 401, "")
}

package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
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

package sim

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// surfer is a browser without scripts: it keeps cookies, follows redirects and
// fills in forms.
type surfer struct {
	*stack
	client *http.Client
}

func (s *stack) surfer() surfer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	return surfer{s, &http.Client{Jar: jar, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Host, r.RemoteAddr = r.URL.Host, "203.0.113.9:4444"
		out := httptest.NewRecorder()
		s.cloud.Edge().ServeHTTP(out, r)
		resp := out.Result()
		resp.Request = r
		return resp, nil
	})}}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// screen is what a surfer sees.
type screen struct {
	status int
	at     *url.URL
	body   string
	header http.Header
}

func (b surfer) goes(address string) screen { return b.sees(b.client.Get(address)) }

// types fills in the form that is seen, hidden fields included.
func (b surfer) types(on screen, fields url.Values) screen {
	hidden := regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`)
	for _, m := range hidden.FindAllStringSubmatch(on.body, -1) {
		fields.Set(m[1], m[2])
	}
	return b.sees(b.client.PostForm(on.at.String(), fields))
}

func (b surfer) sees(resp *http.Response, err error) screen {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return screen{resp.StatusCode, resp.Request.URL, string(body), resp.Header}
}

func (b surfer) wants(what string, got screen, status int, host, text string) {
	b.Helper()
	if got.status != status || got.at.Host != host || !strings.Contains(got.body, text) {
		b.Errorf("%s: %d at %s, want %d at %s with %q\n%s", what, got.status, got.at, status, host, text, got.body)
	}
}

// code is the one that the page shows in place of a mail; empty if none.
func (s screen) code() string {
	m := regexp.MustCompile(`id="simulated-code">(\d{6})<`).FindStringSubmatch(s.body)
	if m == nil {
		return ""
	}
	return m[1]
}

// typing goes to an address, types an e-mail address and then a code.
func (s *stack) typing(address, email, code string) screen {
	s.Helper()
	b := s.surfer()
	return b.types(b.types(b.goes(address), url.Values{"email": {email}}), url.Values{"code": {code}})
}

// logsIn goes to an address and types what it is asked for, the code that is
// shown or else a wrong one.
func (b surfer) logsIn(address, email string) screen {
	b.Helper()
	got := b.goes(address)
	if strings.Contains(got.body, `name="email"`) {
		got = b.types(got, url.Values{"email": {email}})
		got = b.types(got, url.Values{"code": {cmp.Or(got.code(), "0")}})
	}
	return got
}

// signedIn is the session that somebody has after logging in.
func (s *stack) signedIn(address, email string) *http.Cookie {
	s.Helper()
	b := s.surfer()
	if got := b.logsIn(address, email); got.status != 200 {
		s.Fatalf("%s cannot log in: %d\n%s", email, got.status, got.body)
	}
	at, err := url.Parse(address)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == sessionCookie {
			return c
		}
	}
	s.Fatalf("%s has no session", email)
	return nil
}

func TestAColleagueLogsInWithACodeAndIsKnownEverywhere(t *testing.T) {
	s := newStack(t, Options{})
	s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
	s.lock("other.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
	s.lock("boss.example.org", `allow|{"email":{"email":"boss@example.org"}}`)
	for _, host := range []string{"other", "boss"} {
		s.newCNAME(host, s.tunnel.text("id")+".cfargotunnel.com")
	}
	s.configure(`{"service":"http://web:8000","hostname":"*.example.org"}`)

	b := s.surfer()
	form := b.goes("https://app.example.org/admin/?x=1")
	b.wants("a stranger", form, 200, s.TeamDomain, "Send me a code")
	sent := b.types(form, url.Values{"email": {" Ann@Example.org "}})
	b.wants("an address typed", sent, 200, s.TeamDomain, "A code has been emailed to ann@example.org")
	in := b.types(sent, url.Values{"code": {sent.code()}})
	b.wants("the code typed", in, 200, "app.example.org", "origin: GET app.example.org/admin/?x=1")
	var told http.Header
	if err := json.Unmarshal([]byte(in.header.Get("X-Asked")), &told); err != nil {
		t.Fatal(err)
	}
	if told.Get("Cf-Access-Authenticated-User-Email") != "ann@example.org" || len(strings.Split(told.Get("Cf-Access-Jwt-Assertion"), ".")) != 3 {
		t.Errorf("the origin is told %v", told)
	}
	b.wants("another application of the team", b.goes("https://other.example.org/"), 200, "other.example.org", "origin:")
	b.wants("one that is not for her", b.goes("https://boss.example.org/"), 403, s.TeamDomain, "That account does not have access.")

	b.wants("logging out", b.goes("https://app.example.org/cdn-cgi/access/logout"), 200, "app.example.org", "signed out")
	for _, host := range []string{"app", "other"} {
		b.wants("logged out, "+host, b.goes("https://"+host+".example.org/"), 200, s.TeamDomain, "Send me a code")
	}
}

func TestWhoIsNotAllowedIsToldOfAMailAndRefused(t *testing.T) {
	s := newStack(t, Options{})
	app := s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}|{"email":{"email":"bob@example.org"}}`)
	for _, email := range []string{"eve@example.net", "bob@example.org"} {
		b := s.surfer()
		sent := b.types(b.goes("https://app.example.org/"), url.Values{"email": {email}})
		b.wants(email, sent, 200, s.TeamDomain, "A code has been emailed to "+email)
		if sent.code() != "" || !strings.Contains(sent.body, "Cloudflare would not have sent one") {
			t.Errorf("%s is shown\n%s", email, sent.body)
		}
		out := b.types(sent, url.Values{"code": {"123456"}})
		b.wants(email+" with a code", out, 403, s.TeamDomain, "That account does not have access.")
		if !strings.Contains(out.body, "<title>Forbidden ・ Cloudflare Access</title>") || !strings.Contains(out.body, "/cdn-cgi/access/logout") {
			t.Errorf("the refusal is\n%s", out.body)
		}
		b.wants(email+" afterwards", b.goes("https://app.example.org/"), 200, s.TeamDomain, "Send me a code")
	}
	wrong := s.typing("https://app.example.org/", "ann@example.org", "not it")
	if wrong.status != 403 || !strings.Contains(wrong.body, "That account does not have access.") {
		t.Errorf("a wrong code: %d\n%s", wrong.status, wrong.body)
	}

	app["custom_deny_message"] = "Ask Ann."
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	if got := s.typing("https://app.example.org/", "eve@example.net", "1"); !strings.Contains(got.body, "Ask Ann.") {
		t.Errorf("its own words are missing\n%s", got.body)
	}
	app["custom_deny_url"] = "https://help." + s.TeamDomain + "/"
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	if got := s.typing("https://app.example.org/", "eve@example.net", "1"); got.at.Host != "help."+s.TeamDomain {
		t.Errorf("its own address: %s", got.at)
	}
}

func TestACodeIsGoodForTenMinutesAndForItsAddress(t *testing.T) {
	s := newStack(t, Options{})
	s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
	b := s.surfer()
	sent := b.types(b.goes("https://app.example.org/"), url.Values{"email": {"ann@example.org"}})
	s.clock.advance(10*time.Minute - time.Second)
	other := sent
	other.body = strings.ReplaceAll(sent.body, "ann@example.org", "boss@example.org")
	b.wants("another's code", b.types(other, url.Values{"code": {sent.code()}}), 403, s.TeamDomain, "does not have access")
	s.clock.advance(time.Second)
	b.wants("an old code", b.types(sent, url.Values{"code": {sent.code()}}), 403, s.TeamDomain, "does not have access")
	sent = b.types(b.goes("https://app.example.org/"), url.Values{"email": {"ann@example.org"}})
	b.wants("a new code", b.types(sent, url.Values{"code": {sent.code()}}), 200, "app.example.org", "origin:")
}

func TestNobodyEntersWithWhatIsNotTheirs(t *testing.T) {
	s := newStack(t, Options{})
	s.lock("app.example.org", `allow|{"everyone":{}}`)
	cookie := s.signedIn("https://app.example.org/", "ann@example.org")
	s.gets("https://app.example.org/", 200, "origin:", cookie)
	forged := *cookie
	forged.Value = forged.Value[:len(forged.Value)-4] + "AAAA"
	s.gets("https://app.example.org/", 302, "", &forged)
	s.gets("https://app.example.org/cdn-cgi/access/authorized?token=x&redirect_url=//evil.example", 403, "")
	in := s.gets("https://app.example.org/cdn-cgi/access/authorized?redirect_url=//evil.example&token="+cookie.Value, 302, "")
	if to := in.Header.Get("Location"); to != "/" {
		t.Errorf("it leads to %q", to)
	}
}

package apptest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func signIn(t *testing.T, start Start) {
	s := strict(t, start, "CSRF_TRUSTED_ORIGINS", "https://other.example.com,https://*.wild.example.com")
	page := s.ask("GET", "/accounts/login/", "")
	cookie := page.cookie(t, "csrftoken")
	if !cookie.Secure || !strings.Contains(page.body, `name="csrfmiddlewaretoken"`) {
		t.Fatalf("cookie %v", cookie)
	}
	back := func(r *http.Request) { r.AddCookie(cookie) }
	for _, row := range []struct {
		name   string
		change []func(*http.Request)
		want   int
	}{
		{"cookie and own origin", []func(*http.Request){back, header("Origin", "https://app.example.com")}, 302},
		{"cookie and referer", []func(*http.Request){back, header("Referer", "https://app.example.com/accounts/login/")}, 302},
		{"trusted origin", []func(*http.Request){back, header("Origin", "https://other.example.com")}, 302},
		{"trusted wildcard", []func(*http.Request){back, header("Origin", "https://a.wild.example.com")}, 302},
		{"foreign origin", []func(*http.Request){back, header("Origin", "https://evil.example.org")}, 403},
		{"other scheme", []func(*http.Request){back, header("Origin", "http://other.example.com")}, 403},
		{"no origin at all", []func(*http.Request){back}, 403},
		{"no cookie", []func(*http.Request){header("Origin", "https://app.example.com")}, 403},
	} {
		got := s.post(cookie.Value, row.change...)
		if got.StatusCode != row.want {
			t.Errorf("%s: %d, want %d", row.name, got.StatusCode, row.want)
		}
		if got.StatusCode == 302 && (got.Header.Get("Location") != "/" || !got.cookie(t, "sessionid").Secure || !got.cookie(t, "sessionid").HttpOnly) {
			t.Errorf("%s: to %q with %v", row.name, got.Header.Get("Location"), got.Cookies())
		}
	}
}

// withoutRedirect: the way out that does not work. The page is there, but its
// cookie is kept by no browser, because it says Secure.
func withoutRedirect(t *testing.T, start Start) {
	s := strict(t, start, "DJANGO_SECURE_SSL_REDIRECT", "False")
	page := s.ask("GET", "/accounts/login/", "", plain)
	if page.StatusCode != 200 || page.Header.Get("Strict-Transport-Security") != "" {
		t.Fatalf("%d %v", page.StatusCode, page.Header)
	}
	if c := page.cookie(t, "csrftoken"); !c.Secure {
		t.Errorf("the cookie is not Secure: %v", c)
	}
	got := s.post(page.cookie(t, "csrftoken").Value, plain) // and without the cookie
	if got.StatusCode != 403 || !strings.Contains(got.body, "CSRF verification failed. Request aborted.") {
		t.Errorf("signing in: %d %s", got.StatusCode, got.body)
	}
}

func (a answer) cookie(t *testing.T, name string) *http.Cookie {
	t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no cookie %s in %v", name, a.Cookies())
	return nil
}

// post sends the form of the login page.
func (s subject) post(token string, change ...func(*http.Request)) answer {
	s.Helper()
	body := url.Values{"csrfmiddlewaretoken": {token}, "login": {Email}, "password": {Password}}.Encode()
	return s.ask("POST", "/accounts/login/", body, append([]func(*http.Request){form}, change...)...)
}

package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvert/culvert/auth"
)

// behind asks a server that lets everything through but for the given guard.
func behind(t *testing.T, guard func(http.Handler) http.Handler, method string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "inside")
	})))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	change(req)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func assertGuarded(t *testing.T, res *http.Response, body string, refusedWith int, let bool) {
	t.Helper()
	switch {
	case let && (res.StatusCode != http.StatusOK || body != "inside"):
		t.Errorf("refused with %d %s", res.StatusCode, body)
	case !let && (res.StatusCode != refusedWith || strings.Contains(body, "inside") || len(body) < 40):
		t.Errorf("got %d %q, want %d and a sentence", res.StatusCode, body, refusedWith)
	}
}

func TestOnlyKnownHostNamesAreAnswered(t *testing.T) {
	rows := []struct {
		host string
		let  bool
	}{
		{"localhost", true}, {"localhost:8765", true}, {"LOCALHOST:1", true}, {"localhost.", true},
		{"127.0.0.1", true}, {"127.0.0.1:8765", true}, {"[::1]", true}, {"[::1]:8765", true},
		{"culvert.example.com", true}, {"Culvert.Example.com:443", true}, {"with-port.example.com:9", true},
		{"evil.example.com", false}, {"localhost.evil.com", false}, {"127.0.0.1.evil.com:8765", false},
		{"127.0.0.2", false}, {"192.168.1.5:8765", false}, {"evil.com:80@localhost", false}, {"[::2]:8765", false},
	}
	guard := auth.Hosts([]string{"culvert.example.com", "with-port.example.com:8443", ""})
	for _, r := range rows {
		t.Run(r.host, func(t *testing.T) {
			res, body := behind(t, guard, "GET", func(req *http.Request) { req.Host = r.host })
			assertGuarded(t, res, body, http.StatusMisdirectedRequest, r.let)
		})
	}
}

func TestARequestWithoutAHostIsRefused(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil) // a client always sends one; HTTP/1.0 need not
	r.Host = ""
	auth.Hosts(nil)(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("status = %d", w.Code)
	}
}

// self stands for the address of the server itself.
const self = "self"

type crossing struct {
	name, method, site, origin string
	let                        bool
}

func runCrossings(t *testing.T, guard func(http.Handler) http.Handler, rows []crossing) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			res, body := behind(t, guard, r.method, func(req *http.Request) {
				origin := r.origin
				if origin == self {
					origin = "http://" + req.URL.Host
				}
				for name, value := range map[string]string{"Sec-Fetch-Site": r.site, "Origin": origin} {
					if value != "" {
						req.Header.Set(name, value)
					}
				}
			})
			assertGuarded(t, res, body, http.StatusForbidden, r.let)
		})
	}
}

func TestOtherSitesCanChangeNothing(t *testing.T) {
	runCrossings(t, auth.CrossOrigin, []crossing{
		{"our own form", "POST", "same-origin", self, true},
		{"a form of another site", "POST", "cross-site", "https://evil.example", false},
		{"a form of another port", "POST", "same-site", "http://localhost:3000", false},
		{"an old browser, our form", "POST", "", self, true},
		{"an old browser, another site", "POST", "", "https://evil.example", false},
		{"an old browser that hides where it comes from", "POST", "", "null", false},
		{"a link on another site", "GET", "cross-site", "", true},
		{"curl", "POST", "", "", true},
	})
}

func TestOtherSitesCannotOpenStreams(t *testing.T) {
	runCrossings(t, auth.SameOrigin, []crossing{
		{"our own page", "GET", "same-origin", "", true},
		{"the address bar", "GET", "none", "", true},
		{"another site", "GET", "cross-site", "https://evil.example", false},
		{"another site without an origin", "GET", "cross-site", "", false},
		{"another port", "GET", "same-site", "", false},
		{"a value that we do not know", "GET", "same-planet", self, false},
		{"an old browser, our page", "GET", "", self, true},
		{"an old browser, another site", "GET", "", "https://evil.example", false},
		{"an old browser that hides where it comes from", "GET", "", "null", false},
		{"curl", "GET", "", "", true},
	})
}

func TestPagesAreSentWithStrictHeaders(t *testing.T) {
	res, body := behind(t, auth.Headers, "GET", func(*http.Request) {})
	assertGuarded(t, res, body, 0, true)
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "private, no-cache",
	}
	for name, value := range want {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

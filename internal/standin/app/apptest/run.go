package apptest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Who can sign in.
const (
	Email    = "a@example.com"
	Password = "made-up-pa55word"
)

// App is a running app.
type App struct {
	Address string // its own, as it finds it by itself
	// Do sends a request to it, whatever the host, and follows no redirect.
	Do func(*http.Request) (*http.Response, error)
}

// Start runs the app with an environment, given as names and values in turn,
// until the test ends. Email can sign in with Password.
type Start func(t *testing.T, env ...string) App

// Run holds an app to everything.
func Run(t *testing.T, start Start) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Start)
	}{
		{"every path answers an unsigned probe", everyPath},
		{"the host decides whether the app answers", hosts},
		{"static files and preflights answer any host", anyHost},
		{"plain HTTP is sent to HTTPS", plainHTTP},
		{"without the redirect a page comes over plain HTTP, and signing in does not work", withoutRedirect},
		{"without production settings anything goes", anythingGoes},
		{"secrets change the answer", secrets},
		{"signing in needs the cookie and a trusted origin", signIn},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, start) })
	}
}

// subject is an app with production settings, or with others.
type subject struct {
	*testing.T
	App
}

func strict(t *testing.T, start Start, more ...string) subject {
	t.Helper()
	return subject{t, start(t, append([]string{
		"DJANGO_SETTINGS_MODULE", "config.settings_production", "DJANGO_ALLOWED_HOSTS", "app.example.com",
		"SLACK_CLIENT_ID", "", "SLACK_CLIENT_SECRET", "",
	}, more...)...)}
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// ask sends a request as the tunnel does: allowed host, HTTPS in front.
func (s subject) ask(method, path, body string, change ...func(*http.Request)) answer {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, "http://app.example.com"+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("X-Forwarded-Proto", "https")
	for _, c := range change {
		c(r)
	}
	resp, err := s.Do(r)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp, string(text)}
}

func host(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }

func plain(r *http.Request) { r.Header.Del("X-Forwarded-Proto") }

func header(k, v string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(k, v) }
}

func form(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }

func everyPath(t *testing.T, start Start) {
	s := strict(t, start)
	for _, row := range rows() {
		f := strings.SplitN(row.request+"  ", " ", 3)
		got := s.ask(f[0], f[1], strings.TrimSpace(f[2]), form)
		if got.StatusCode != row.status {
			t.Errorf("%s: status %d, want %d", row.request, got.StatusCode, row.status)
		}
		if allow := got.Header.Get("Allow"); allow != row.allow {
			t.Errorf("%s: Allow %q, want %q", row.request, allow, row.allow)
		}
		if kind := got.Header.Get("Content-Type"); kind != row.kind {
			t.Errorf("%s: type %q, want %q", row.request, kind, row.kind)
		}
		if !strings.Contains(got.body, row.says) {
			t.Errorf("%s: body %q does not say %q", row.request, got.body, row.says)
		}
		if got.Header.Get("WWW-Authenticate") == "Bearer" != strings.HasPrefix(row.says, "Authentication") {
			t.Errorf("%s: WWW-Authenticate %q", row.request, got.Header.Get("WWW-Authenticate"))
		}
	}
	s.redirects()
	s.securityHeaders()
}

func (s subject) redirects() {
	for path, want := range map[string]string{
		"/admin/?x=1":                     "/accounts/login/?next=/admin/%3Fx%3D1",
		"/status?token=a":                 "/status/?token=a",
		"/favicon.ico":                    "/static/images/favicons/favicon-96x96.png",
		"/channels/team/chatbots/1/x/y":   "/accounts/login/?next=/channels/team/chatbots/1/x/y",
		"/a/team/chatbots/?q=a%20b&c=%26": "/accounts/login/?next=/a/team/chatbots/%3Fq%3Da%2520b%26c%3D%2526",
	} {
		if got := s.ask("GET", path, "").Header.Get("Location"); got != want {
			s.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

func (s subject) securityHeaders() {
	for _, path := range []string{"/", "/nowhere", "/channels/twilio/incoming_message"} {
		h := s.ask("GET", path, "").Header
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=60; includeSubDomains", "Cross-Origin-Opener-Policy": "same-origin",
			"Server": "gunicorn",
		} {
			if got := h.Get(name); got != want {
				s.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func hosts(t *testing.T, start Start) {
	s := strict(t, start, "DJANGO_ALLOWED_HOSTS", "app.example.com, spaced.example.com,.wild.example.com")
	for name, want := range map[string]int{
		"app.example.com":              200,
		"APP.example.com:443":          200,
		"app.example.com.":             200,
		s.Address + ":8000":            200, // its own address
		"x.wild.example.com":           200,
		"wild.example.com":             200,
		"spaced.example.com":           400, // the setting says " spaced.example.com"
		"web:8000":                     400,
		"localhost":                    400,
		"evil-app.example.com":         400,
		"under_score.wild.example.com": 400,
		"app.example.com:x":            400,
	} {
		got := s.ask("GET", "/", "", host(name))
		if got.StatusCode != want {
			t.Errorf("host %q: %d, want %d", name, got.StatusCode, want)
		}
		if want == 400 && !strings.Contains(got.body, "Shucks. That was a bad request.") {
			t.Errorf("host %q: the page does not say so", name)
		}
	}
}

func anyHost(t *testing.T, start Start) {
	s := strict(t, start)
	for path, kind := range map[string]string{"/static/js/site.js": `text/javascript; charset="utf-8"`, "/static/images/favicons/favicon-96x96.png": "image/png"} {
		if got := s.ask("GET", path, "", host("wrong.example.org")); got.StatusCode != 200 || got.Header.Get("Content-Type") != kind {
			t.Errorf("static file %s: %d %s", path, got.StatusCode, got.Header.Get("Content-Type"))
		}
	}
	got := s.ask("OPTIONS", "/api/chat/start/", "", plain, host("wrong.example.org"),
		header("Origin", "https://blog.example.org"), header("Access-Control-Request-Method", "POST"))
	if got.StatusCode != 200 || got.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "x-embed-key") {
		t.Errorf("preflight: %d %v", got.StatusCode, got.Header)
	}
	got = s.ask("POST", "/api/chat/start/", "{}", header("Origin", "https://blog.example.org"))
	if got.StatusCode != 400 || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the request itself: %d %v", got.StatusCode, got.Header)
	}
}

func plainHTTP(t *testing.T, start Start) {
	s := strict(t, start)
	at := s.Address + ":8000"
	got := s.ask("GET", "/channels/x?y=1", "", plain, host(at))
	if to := got.Header.Get("Location"); got.StatusCode != 301 || to != "https://"+at+"/channels/x?y=1" {
		t.Errorf("%d to %q", got.StatusCode, to)
	}
	if got := s.ask("GET", "/", "", plain, host("web:8000")); got.StatusCode != 400 {
		t.Errorf("wrong host: %d", got.StatusCode)
	}
	if got := s.ask("POST", "/accounts/login/", "x=1", plain, form); got.StatusCode != 301 {
		t.Errorf("a login over plain HTTP: %d", got.StatusCode)
	}
}

func anythingGoes(t *testing.T, start Start) {
	s := subject{t, start(t)}
	page := s.ask("GET", "/accounts/login/", "", host("localhost:8000"), plain)
	if page.StatusCode != 200 || page.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%d %v", page.StatusCode, page.Header)
	}
	if c := page.cookie(t, "csrftoken"); c.Secure {
		t.Errorf("the cookie is %v", c)
	}
	if got := s.ask("POST", "/slack/events", "{}"); got.StatusCode != 500 {
		t.Errorf("without Slack keys in the environment: %d", got.StatusCode)
	}
}

func secrets(t *testing.T, start Start) {
	s := strict(t, start, "TELEGRAM_SECRET_TOKEN", "tg", "HEALTH_CHECK_TOKENS", "one,two")
	telegram := "/channels/telegram/" + someone
	if got := s.ask("POST", telegram, "{}"); got.StatusCode != 400 || got.body != "Invalid request." {
		t.Errorf("Telegram without its secret: %d", got.StatusCode)
	}
	if got := s.ask("POST", telegram, "{}", header("X-Telegram-Bot-Api-Secret-Token", "tg")); got.StatusCode != 404 {
		t.Errorf("Telegram with its secret: %d", got.StatusCode)
	}
	for query, want := range map[string]int{"": 404, "?token=three": 404, "?token=two": 200} {
		if got := s.ask("GET", "/status/"+query, ""); got.StatusCode != want {
			t.Errorf("/status/%s: %d, want %d", query, got.StatusCode, want)
		}
	}
}

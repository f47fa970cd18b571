package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/standin/app"
)

const someone = "0b5e7d3c-0000-4000-8000-000000000001"

func env(pairs ...string) app.Lookup {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func settings(t *testing.T, pairs ...string) app.Settings {
	t.Helper()
	s, err := app.FromEnv(env(pairs...), func() string { return "172.18.0.7" })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func strict(t *testing.T, more ...string) app.Settings {
	t.Helper()
	return settings(t, append([]string{
		"DJANGO_SETTINGS_MODULE", "config.settings_production", "DJANGO_ALLOWED_HOSTS", "app.example.com",
		"SLACK_CLIENT_ID", "", "SLACK_CLIENT_SECRET", "",
	}, more...)...)
}

// ask sends a request as the tunnel does: allowed host, HTTPS in front.
func ask(s app.Settings, method, path, body string, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "app.example.com"
	r.Header.Set("X-Forwarded-Proto", "https")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	app.Handler(s, io.Discard).ServeHTTP(w, r)
	return w.Result()
}

func host(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }

func header(k, v string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(k, v)
		if v == "" {
			r.Header.Del(k)
		}
	}
}

func form(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }

func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryPathAnswersAnUnsignedProbeAsTheAppDoes(t *testing.T) {
	const html, jsonType = "text/html; charset=utf-8", "application/json"
	for _, row := range []struct {
		request string // method, path, and a body if there is one
		status  int
		allow   string
		kind    string
		says    string
	}{
		{"GET /channels/telegram/" + someone, 405, "POST", html, ""},
		{"HEAD /channels/telegram/" + someone, 405, "POST", html, ""},
		{"POST /channels/telegram/" + someone + " {}", 404, "", html, "Page not found"},
		{"POST /channels/telegram/123:bot-token {}", 404, "", html, ""},
		{"GET /channels/telegram/" + someone + "/", 404, "", html, ""},
		{"GET /channels/twilio/incoming_message", 405, "POST", html, ""},
		{"POST /channels/twilio/incoming_message {}", 200, "", html, ""},
		{"POST /channels/twilio/incoming_message Body=hi", 400, "", html, "Invalid payload."},
		{"POST /channels/twilio/incoming_message Body=hi&From=1&To=2", 404, "", html, ""},
		{"GET /channels/whatsapp/incoming_message", 405, "POST", html, ""},
		{"POST /channels/whatsapp/incoming_message Body=hi", 400, "", html, "Invalid payload."},
		{"GET /channels/whatsapp/meta/incoming_message", 400, "", html, "Verification failed."},
		{"PUT /channels/whatsapp/meta/incoming_message", 405, "GET, POST", html, ""},
		{"POST /channels/whatsapp/meta/incoming_message {}", 200, "", html, ""},
		{"POST /channels/whatsapp/meta/incoming_message {", 400, "", html, "Invalid JSON."},
		{"GET /channels/whatsapp/turn/" + someone + "/incoming_message", 405, "POST", html, ""},
		{"POST /channels/whatsapp/turn/" + someone + "/incoming_message {}", 404, "", html, ""},
		{"GET /channels/commcare_connect/incoming_message", 405, "POST", html, ""},
		{"POST /channels/commcare_connect/incoming_message {}", 401, "", html, "Missing HMAC signature or shared key"},
		{"GET /channels/sureadhere/42/incoming_message", 405, "POST", html, ""},
		{"POST /channels/sureadhere/42/incoming_message {}", 404, "", html, ""},
		{"GET /channels/api/" + someone + "/incoming_message", 401, "", jsonType, "Authentication credentials"},
		{"POST /channels/api/" + someone + "/v2/incoming_message {}", 401, "", jsonType, "Authentication credentials"},
		{"GET /channels/team/chatbots/1/channels/2/", 302, "", html, ""},
		{"GET /channels/facebook/incoming_message", 404, "", html, ""},
		{"GET /slack/events", 405, "POST", html, ""},
		{"POST /slack/events {}", 401, "", jsonType, `{"error":"invalid request"}`},
		{"POST /slack/events/ {}", 404, "", html, ""},
		{"GET /slack/oauth_redirect", 500, "", html, ""},
		{"GET /slack/oauth/x", 404, "", html, ""},
		{"GET /api/chat/start/", 405, "POST, OPTIONS", jsonType, `Method \"GET\" not allowed.`},
		{"POST /api/chat/start/ {}", 400, "", jsonType, "required"},
		{"POST /api/v1/chat/start/ {}", 400, "", jsonType, "required"},
		{"POST /api/chat/" + someone + "/message/ {}", 403, "", jsonType, "permission"},
		{"GET /api/chat/" + someone + "/poll/", 403, "", jsonType, "permission"},
		{"GET /api/chat/" + someone + "/task-1/poll/", 403, "", jsonType, "permission"},
		{"POST /api/commcare_connect/generate_key {}", 400, "", html, "Missing token or data"},
		{"POST /api/commcare_connect/callback {}", 401, "", html, "Missing HMAC"},
		{"GET /api/commcare_connect/consent", 405, "POST", html, ""},
		{"POST /api/openai/" + someone + "/chat/completions {}", 401, "", jsonType, "Authentication"},
		{"GET /api/v2/sessions/", 401, "", jsonType, "Authentication"},
		{"HEAD /anymail/mailgun/inbound/", 200, "", html, ""},
		{"GET /anymail/mailgun/inbound/", 405, "POST, HEAD, OPTIONS", html, ""},
		{"POST /anymail/mailgun/inbound_mime/ x=1", 400, "", html, "bad request"},
		{"POST /anymail/amazon_ses/inbound/ {}", 400, "", html, "bad request"},
		{"GET /anymail/mailgun/inbound", 301, "", html, ""},
		{"GET /.well-known/openid-configuration", 200, "", jsonType, ""},
		{"POST /o/token/ x=1", 400, "", jsonType, "error"},
		{"GET /", 200, "", html, "Open Chat Studio"},
		{"HEAD /", 200, "", html, ""},
		{"GET /accounts/login/", 200, "", html, "csrfmiddlewaretoken"},
		{"GET /accounts/login", 301, "", html, ""},
		{"GET /admin/", 302, "", html, ""},
		{"GET /admin/users/", 302, "", html, ""},
		{"GET /django-admin/", 302, "", html, ""},
		{"GET /a/team/chatbots/", 302, "", html, ""},
		{"GET /a/team/chatbots/" + someone + "/start/", 404, "", html, ""},
		{"GET /robots.txt", 200, "", "text/plain", "User-agent"},
		{"GET /favicon.ico", 301, "", html, ""},
		{"GET /status/", 200, "", html, "working"},
		{"GET /status/celery/", 200, "", html, "working"},
		{"GET /status", 301, "", html, ""},
		{"GET /static/css/site.css", 200, "", `text/css; charset="utf-8"`, ""},
		{"GET /static/", 404, "", html, ""},
		{"POST /static/css/site.css x", 404, "", html, ""},
		{"GET /media/x.png", 404, "", html, ""},
		{"POST /nowhere {}", 404, "", html, ""},
	} {
		t.Run(row.request, func(t *testing.T) {
			f := strings.SplitN(row.request+"  ", " ", 3)
			resp := ask(strict(t), f[0], f[1], strings.TrimSpace(f[2]), form)
			if resp.StatusCode != row.status {
				t.Errorf("status %d, want %d", resp.StatusCode, row.status)
			}
			if got := resp.Header.Get("Allow"); got != row.allow {
				t.Errorf("Allow %q, want %q", got, row.allow)
			}
			if got := resp.Header.Get("Content-Type"); got != row.kind {
				t.Errorf("type %q, want %q", got, row.kind)
			}
			if body := text(t, resp); !strings.Contains(body, row.says) {
				t.Errorf("body %q does not say %q", body, row.says)
			}
			if resp.Header.Get("WWW-Authenticate") == "Bearer" != strings.HasPrefix(row.says, "Authentication") {
				t.Errorf("WWW-Authenticate %q", resp.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestRedirectsNameTheirPlace(t *testing.T) {
	for path, want := range map[string]string{
		"/admin/?x=1":                   "/accounts/login/?next=%2Fadmin%2F%3Fx%3D1",
		"/status?token=a":               "/status/?token=a",
		"/favicon.ico":                  "/static/images/favicons/favicon-96x96.png",
		"/channels/team/chatbots/1/x/y": "/accounts/login/?next=%2Fchannels%2Fteam%2Fchatbots%2F1%2Fx%2Fy",
	} {
		if got := ask(strict(t), "GET", path, "").Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

func TestTheHostDecidesWhetherTheAppAnswers(t *testing.T) {
	for _, row := range []struct {
		host   string
		status int
	}{
		{"app.example.com", 200},
		{"APP.example.com:443", 200},
		{"app.example.com.", 200},
		{"172.18.0.7:8000", 200}, // its own address
		{"x.wild.example.com", 200},
		{"wild.example.com", 200},
		{"spaced.example.com", 400}, // the setting says " spaced.example.com"
		{"web:8000", 400},
		{"localhost", 400},
		{"evil-app.example.com", 400},
		{"under_score.wild.example.com", 400},
		{"app.example.com:x", 400},
		{"", 400},
	} {
		s := strict(t, "DJANGO_ALLOWED_HOSTS", "app.example.com, spaced.example.com,.wild.example.com")
		resp := ask(s, "GET", "/", "", host(row.host))
		if resp.StatusCode != row.status {
			t.Errorf("host %q: %d, want %d", row.host, resp.StatusCode, row.status)
		}
		if row.status == 400 && !strings.Contains(text(t, resp), "Shucks. That was a bad request.") {
			t.Errorf("host %q: the page does not say so", row.host)
		}
	}
}

func TestStaticFilesAndPreflightsAnswerAnyHost(t *testing.T) {
	if resp := ask(strict(t), "GET", "/static/js/site.js", "", host("wrong.example.org")); resp.StatusCode != 200 {
		t.Errorf("static file: %d", resp.StatusCode)
	}
	preflight := []func(*http.Request){
		host("wrong.example.org"), header("Origin", "https://blog.example.org"),
		header("Access-Control-Request-Method", "POST"), header("X-Forwarded-Proto", ""),
	}
	resp := ask(strict(t), "OPTIONS", "/api/chat/start/", "", preflight...)
	if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", resp.StatusCode, resp.Header)
	}
	resp = ask(strict(t), "POST", "/api/chat/start/", "{}", header("Origin", "https://blog.example.org"))
	if resp.StatusCode != 400 || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the request itself: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestPlainHTTPIsSentToHTTPS(t *testing.T) {
	plain := header("X-Forwarded-Proto", "")
	resp := ask(strict(t), "GET", "/channels/x?y=1", "", plain, host("172.18.0.7:8000"))
	if got := resp.Header.Get("Location"); resp.StatusCode != 301 || got != "https://172.18.0.7:8000/channels/x?y=1" {
		t.Errorf("%d to %q", resp.StatusCode, got)
	}
	if resp := ask(strict(t), "GET", "/", "", plain, host("web:8000")); resp.StatusCode != 400 {
		t.Errorf("wrong host: %d", resp.StatusCode)
	}
	off := strict(t, "DJANGO_SECURE_SSL_REDIRECT", "False")
	if resp := ask(off, "GET", "/", "", plain); resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("redirect off: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestDjangosSecurityHeadersAreThere(t *testing.T) {
	for _, path := range []string{"/", "/nowhere", "/channels/twilio/incoming_message"} {
		h := ask(strict(t), "GET", path, "").Header
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=60; includeSubDomains",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestWithoutProductionSettingsAnythingGoes(t *testing.T) {
	s := settings(t)
	resp := ask(s, "GET", "/accounts/login/", "", host("localhost:8000"), header("X-Forwarded-Proto", ""))
	if resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if c := resp.Cookies(); len(c) != 1 || c[0].Secure {
		t.Errorf("cookies %v", c)
	}
	if resp := ask(s, "POST", "/slack/events", "{}"); resp.StatusCode != 500 {
		t.Errorf("without Slack keys in the environment: %d", resp.StatusCode)
	}
}

func TestSecretsChangeTheAnswer(t *testing.T) {
	s := strict(t, "TELEGRAM_SECRET_TOKEN", "tg", "HEALTH_CHECK_TOKENS", "one,two")
	telegram := "/channels/telegram/" + someone
	if resp := ask(s, "POST", telegram, "{}"); resp.StatusCode != 400 || text(t, resp) != "Invalid request." {
		t.Errorf("Telegram without its secret: %d", resp.StatusCode)
	}
	if resp := ask(s, "POST", telegram, "{}", header("X-Telegram-Bot-Api-Secret-Token", "tg")); resp.StatusCode != 404 {
		t.Errorf("Telegram with its secret: %d", resp.StatusCode)
	}
	for query, want := range map[string]int{"": 404, "?token=three": 404, "?token=two": 200} {
		if resp := ask(s, "GET", "/status/"+query, ""); resp.StatusCode != want {
			t.Errorf("/status/%s: %d, want %d", query, resp.StatusCode, want)
		}
	}
}

func TestSigningInNeedsTheCookieAndATrustedOrigin(t *testing.T) {
	s := strict(t, "CSRF_TRUSTED_ORIGINS", "https://other.example.com,https://*.wild.example.com")
	page := ask(s, "GET", "/accounts/login/", "")
	cookie := page.Cookies()[0]
	if cookie.Name != "csrftoken" || !cookie.Secure || !strings.Contains(text(t, page), cookie.Value) {
		t.Fatalf("cookie %v", cookie)
	}
	post := func(change ...func(*http.Request)) int {
		body := url.Values{"csrfmiddlewaretoken": {cookie.Value}, "login": {"a@example.com"}, "password": {"x"}}.Encode()
		return ask(s, "POST", "/accounts/login/", body, append([]func(*http.Request){form}, change...)...).StatusCode
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
		if got := post(row.change...); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}

func TestRequestsAreLogged(t *testing.T) {
	var log strings.Builder
	h := app.Handler(settings(t), &log)
	for _, path := range []string{"/", "/nowhere?token=secret"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if got, want := log.String(), "GET / 200\nGET /nowhere 404\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

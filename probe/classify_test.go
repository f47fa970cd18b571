package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

var (
	telegram = setup.Check{ID: "telegram/1", Door: "telegram", Method: "GET", Path: "/channels/telegram/0", Want: setup.Answer{Status: 405, Allow: "POST"}}
	whatsapp = setup.Check{ID: "whatsapp/1", Door: "whatsapp", Method: "GET", Path: "/channels/whatsapp/meta", Want: setup.Answer{Status: 400, Body: "Verification failed."}}
	silent   = setup.Check{ID: "telegram/1", Door: "telegram", Method: "GET", Path: "/channels/telegram/0", NoUserAgent: true, Want: setup.Answer{Status: 405, Allow: "POST"}}
	api      = setup.Check{ID: "api/1", Door: "api", Method: "GET", Path: "/channels/api/0", Want: setup.Answer{Status: 401}}
	slack    = setup.Check{ID: "slack/2", Door: "slack", Method: "HEAD", Path: "/slack/oauth_redirect", Metadata: true}
	admin    = setup.Check{ID: "locked/admin", Locked: true, Method: "GET", Path: "/admin/"}
)

// Each row is a real server's answer. Many differ from another row in one thing
// only, and mean something else.
func TestWhoAnswered(t *testing.T) {
	const (
		shucks   = "<html><title>Bad Request</title><p>Shucks. That was a bad request.</p></html>"
		edgePage = "<html><head><title>%s</title></head><body><center><h1>%s</h1></center><hr><center>cloudflare</center></body></html>"
	)
	page := func(title string) string { return strings.ReplaceAll(edgePage, "%s", title) }
	rows := []struct {
		name   string
		check  setup.Check
		answer reply
		by     setup.Answerer
		ok     bool
		says   string
	}{
		// The app.
		{"a webhook that takes POST only", telegram, byDjango(405, "", "Allow", "POST", "Content-Type", htmlType),
			setup.ByApp, true, "The app answered (405, it accepts POST only): the door is open."},
		{"the same without the app's usual headers", telegram, stamped(405, "", "Allow", "POST, OPTIONS"),
			setup.ByApp, true, "POST only"},
		{"a webhook that takes GET only", telegram, byDjango(405, "", "Allow", "GET, HEAD"),
			setup.ByApp, false, "not as it should (405, Allow: POST)"},
		{"405 of nobody in particular", telegram, stamped(405, ""), setup.ByUnknown, false, "neither the app nor Cloudflare"},
		{"a page of the app in the webhook's place", telegram, byDjango(404, "<html>not found</html>", "Content-Type", htmlType),
			setup.ByApp, false, "does not know this path"},
		{"a fault of the app", telegram, byDjango(500, "", "Content-Type", htmlType), setup.ByApp, false, "has a fault"},
		{"the app sending callers to https", telegram,
			stamped(301, "", "Location", "https://example.com/channels/telegram/0", "X-Content-Type-Options", "nosniff", "Referrer-Policy", "same-origin"),
			setup.ByApp, false, "does not see that they came by https"},
		{"the expected words without any header", whatsapp, stamped(400, "Verification failed."), setup.ByApp, true, "(400): the door is open"},
		{"other words with the same status", whatsapp, stamped(400, "Invalid request."), setup.ByUnknown, false, ""},
		{"the app asking for its own key", api, stamped(401, `{"detail":"x"}`, "Content-Type", "application/json", "Www-Authenticate", "Bearer"),
			setup.ByApp, true, ""},
		{"the app speaking of Access", api, byDjango(401, `{"error":"Missing Cloudflare Access JWT"}`, "Content-Type", "application/json"),
			setup.ByApp, true, ""},
		{"an unsigned 401 speaking of Access", api, stamped(401, `{"error":"Missing Cloudflare Access JWT"}`, "Content-Type", "application/json"),
			setup.ByUnknown, false, ""},

		// The app, refusing the name.
		{"a host that the app does not know", telegram,
			stamped(400, shucks, "Content-Type", htmlType, "X-Content-Type-Options", "nosniff", "Referrer-Policy", "same-origin"),
			setup.ByAppHost, false, "refuses this host name"},
		{"the same over plain http", telegram, reply{400, []string{"Content-Type", htmlType}, shucks}, setup.ByAppHost, false, ""},
		{"a page's own 400", telegram, byDjango(400, shucks, "Content-Type", htmlType), setup.ByApp, false, "answered 400"},
		{"nginx's 400", telegram, reply{400, []string{"Content-Type", htmlType}, "<center><h1>400 Bad Request</h1></center><hr><center>nginx</center>"},
			setup.ByUnknown, false, ""},
		{"the edge's 400", telegram, stamped(400, page("400 Bad Request"), "Content-Type", htmlType), setup.ByEdge, false, ""},

		// The lock.
		{"a login", admin, stamped(302, "", "Location", login), setup.ByAccess, true, "Access asks for a login."},
		{"a login in a door's place", telegram, stamped(302, "", "Location", login), setup.ByAccess, false, "the door is closed"},
		{"a login on the site's own host", admin, stamped(302, "", "Location", "/cdn-cgi/access/login?x=1"), setup.ByAccess, true, ""},
		{"a login that only a header tells", admin, stamped(302, "", "Location", "https://login.example.org/", "Www-Authenticate", `Cloudflare-Access resource_metadata="x"`),
			setup.ByAccess, true, ""},
		{"401 instead of a login", admin, stamped(401, "", "Www-Authenticate", "Cloudflare-Access"), setup.ByAccess, true, ""},
		{"a refusal", admin, stamped(403, "<title>Forbidden</title>", "Content-Type", htmlType, "Cf-Access-Denied", "true"), setup.ByAccess, true, ""},
		{"a refusal that only its page tells", admin,
			stamped(403, `<title>Forbidden - Cloudflare Access</title><a href="/cdn-cgi/access/logout">`, "Content-Type", htmlType), setup.ByAccess, true, ""},
		{"a login at a host whose name ends alike", admin, stamped(302, "", "Location", "https://ngo.cloudflareaccess.com.evil.example/cdn-cgi/access/login/x"),
			setup.ByUnknown, false, "not a login by Access"},
		{"a login at a host without the dot", admin, stamped(302, "", "Location", "https://notcloudflareaccess.com/cdn-cgi/access/login/x"),
			setup.ByUnknown, false, ""},
		{"a login by plain http", admin, stamped(302, "", "Location", "http://ngo.cloudflareaccess.com/cdn-cgi/access/login/x"), setup.ByUnknown, false, ""},
		{"Access's host, but not its login", admin, stamped(302, "", "Location", "https://ngo.cloudflareaccess.com/"), setup.ByUnknown, false, ""},
		{"a login that does not come from the edge", admin, reply{302, []string{"Location", login}, ""}, setup.ByUnknown, false, ""},
		{"the app imitating a login", admin, byDjango(302, "", "Location", login), setup.ByUnknown, false, ""},
		{"the app's own login", admin, byDjango(302, "", "Location", "/accounts/login/?next=/admin/"), setup.ByApp, false, "/admin/ answers without a login."},
		{"a page of the app", admin, byDjango(200, "<html>", "Content-Type", htmlType), setup.ByApp, false, "/admin/ answers without a login."},
		{"a page of somebody", admin, stamped(200, "<html>welcome", "Content-Type", htmlType), setup.ByUnknown, false, "not a login by Access"},
		{"a door in the lock's place", admin, stamped(502, page("Error 502 Bad gateway"), "Content-Type", htmlType), setup.ByConnector, false, "let through to the tunnel without a login"},
		{"a lock that is missing while the tunnel is down", admin, stamped(530, "error code: 1033", "Content-Type", "text/plain"), setup.ByTunnel, false, "without a login"},
		{"a host refused behind a missing lock", admin, stamped(400, shucks, "Content-Type", htmlType), setup.ByAppHost, false, "without a login"},
		{"a lock that the edge hides", admin, stamped(403, "error code: 1020", "Content-Type", "text/plain"), setup.ByEdge, false, "cannot be told"},

		// The edge.
		{"a challenge", telegram, stamped(403, "<title>Just a moment...</title>", "Cf-Mitigated", "challenge", "Content-Type", htmlType), setup.ByEdge, false, "403, challenge"},
		{"a challenge for a caller without User-Agent", silent, stamped(403, "error code: 1010", "Content-Type", "text/plain; charset=UTF-8"), setup.ByEdge, false, "Browser Integrity Check"},
		{"a challenge of every caller, also of one without User-Agent", silent, stamped(403, "<title>Just a moment...</title>", "Cf-Mitigated", "challenge", "Content-Type", htmlType), setup.ByEdge, false, "a security setting of your domain"},
		{"a blocked caller", telegram, stamped(403, "<title>Attention Required! | Cloudflare</title>", "Content-Type", htmlType), setup.ByEdge, false, "security setting"},
		{"too many requests", telegram, stamped(429, "error code: 1015", "Content-Type", "text/plain"), setup.ByEdge, false, "error 1015"},
		{"a name that points to a dead server", telegram, stamped(522, page("Error 522"), "Content-Type", htmlType), setup.ByEdge, false, "does not lead into the tunnel"},
		{"an app that speaks of error 1010", telegram, byDjango(403, "error code: 1010", "Content-Type", "text/plain"), setup.ByApp, false, "answered 403"},

		// The tunnel and the connector.
		{"no connector, in text", telegram, stamped(530, "error code: 1033", "Content-Type", "text/plain"), setup.ByTunnel, false, "530, error 1033"},
		{"no connector, in JSON", telegram, stamped(530, `{"error_code":1033,"status":530}`, "Content-Type", "application/problem+json; charset=utf-8"), setup.ByTunnel, false, "error 1033"},
		{"no connector, as a page", telegram, stamped(530, page("Error 1033 Cloudflare Tunnel error"), "Content-Type", htmlType), setup.ByTunnel, false, "error 1033"},
		{"530 that is not the edge's", telegram, reply{530, nil, "error code: 1033"}, setup.ByUnknown, false, ""},
		{"an app that is not reached", telegram, stamped(502, page("Error 502 Bad gateway"), "Content-Type", htmlType), setup.ByConnector, false, "cannot reach the app (502)"},
		{"an app that is not reached, in text", telegram, stamped(502, "error code: 502", "Content-Type", "text/plain"), setup.ByConnector, false, ""},
		{"nginx that does not reach the app", telegram, stamped(502, "<center>nginx</center>", "Content-Type", htmlType), setup.ByUnknown, false, ""},
		{"no rule for the path", telegram, stamped(404, ""), setup.ByConnector, false, "no rule for this path"},
		{"an empty 404 of the app", telegram, byDjango(404, ""), setup.ByApp, false, ""},
		{"a connector without rules", telegram, stamped(503, ""), setup.ByConnector, false, ""},

		// Asked of Access alone.
		{"a path let through", slack, byDjango(500, "", "Content-Type", htmlType), setup.ByApp, true, "lets this path through"},
		{"a path let through, with metadata", slack, byDjango(500, "", "Content-Type", htmlType, "Cf-Access-Metadata", "jwt"), setup.ByApp, true, ""},
		{"a path that is gated", slack, stamped(302, "", "Location", login, "Cf-Access-Metadata", "jwt"), setup.ByAccess, false, "the door is closed"},
		{"a path without any application", slack, stamped(200, "", "Content-Type", htmlType), setup.ByUnknown, true, "does not ask for a login"},
		{"metadata without a sign of who answered", slack, stamped(200, "", "Content-Type", htmlType, "Cf-Access-Metadata", "jwt"), setup.ByUnknown, false, ""},
		{"a refusal that nobody signs", slack, stamped(403, "", "Content-Type", htmlType), setup.ByEdge, false, "blocked the caller"},
		{"a path asked beside the edge", slack, reply{200, nil, ""}, setup.ByUnknown, false, ""},
		{"a path let through to no app", slack, stamped(530, ""), setup.ByTunnel, false, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := edge(t, row.answer.ServeHTTP).Run(t.Context(), host, []setup.Check{row.check})[0]
			if got.By != row.by || got.OK != row.ok || got.Status != row.answer.status {
				t.Errorf("got %s, ok %v, %d: %s\n%s", got.By, got.OK, got.Status, got.Detail, strings.Join(got.Excerpt, "\n"))
			}
			if !strings.Contains(got.Detail, row.says) {
				t.Errorf("%q is not in %q", row.says, got.Detail)
			}
		})
	}
}

func TestTheExcerptShowsWhatDecidedAndNoSecret(t *testing.T) {
	p := edge(t, stamped(302, "", "Location", login, "Set-Cookie", "CF_AppSession=s3cr3t", "Cf-Access-Metadata", "s3cr3t").ServeHTTP)
	text := strings.Join(p.Run(t.Context(), host, []setup.Check{admin})[0].Excerpt, "\n")
	if !strings.Contains(text, "Location: https://ngo.cloudflareaccess.com/cdn-cgi/access/login/example.com") ||
		!strings.Contains(text, "HTTP 302") || strings.Contains(text, "s3cr3t") {
		t.Errorf("got:\n%s", text)
	}
}

func TestTheExcerptIsShortPrintableText(t *testing.T) {
	p := edge(t, stamped(200, "\x1b[31mred\x00 "+strings.Repeat("x", 5000)).ServeHTTP)
	e := p.Run(t.Context(), host, []setup.Check{admin})[0]
	for _, line := range e.Excerpt {
		if len(line) > 200 || strings.ContainsAny(line, "\x1b\x00\n") {
			t.Errorf("got %q", line)
		}
	}
}

// Whatever the edge adds, an answer of Access never counts as an open door, and
// nothing but an answer of Access counts as a lock.
func FuzzClassify(f *testing.F) {
	f.Add(302, "Location", login, "Allow", "POST", "text/html", "body", true, uint8(0), 302, "POST", "body")
	f.Add(405, "Allow", "POST", "X-Frame-Options", "DENY", "", "", true, uint8(1), 405, "POST", "")
	f.Add(401, "Www-Authenticate", "Cloudflare-Access", "Referrer-Policy", "same-origin", "application/json", "{}", true, uint8(2), 0, "", "")
	f.Add(530, "Cf-Mitigated", "challenge", "Server", "cloudflare", "application/problem+json", `{"error_code":1e99}`, false, uint8(3), 0, "", "")
	f.Fuzz(func(t *testing.T, status int, n1, v1, n2, v2, kind, body string, stamp bool, sort uint8, want int, allow, text string) {
		h := http.Header{}
		h.Set(n1, v1)
		h.Set(n2, v2)
		h.Set("Content-Type", kind)
		if stamp {
			h.Set("Cf-Ray", "1")
		}
		c := setup.Check{Method: "GET", Path: "/x", Want: setup.Answer{Status: want, Allow: allow, Body: text}}
		c.Locked, c.Metadata = sort%3 == 1, sort%3 == 2
		resp := &http.Response{StatusCode: status, Header: h}
		v := Classify(resp, []byte(body), nil, c)
		if v.Detail == "" || v.By == "" {
			t.Fatalf("an answer without a word: %+v", v)
		}
		if c.Locked && v.OK != (v.By == setup.ByAccess) {
			t.Fatalf("a lock proven by %s: %+v", v.By, v)
		}
		if !c.Locked && !c.Metadata && v.OK && v.By != setup.ByApp {
			t.Fatalf("a door proven by %s: %+v", v.By, v)
		}
		h.Set("Cf-Ray", "1")
		h.Set("Location", login)
		resp.StatusCode = http.StatusFound
		c.Locked = false
		if v := Classify(resp, []byte(body), nil, c); v.OK {
			t.Fatalf("a login taken for an open door: %+v", v)
		}
	})
}

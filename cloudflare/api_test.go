package cloudflare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const someAccount = "0123456789abcdef0123456789abcdef"

// inTurn answers with one handler after the other; the last one stays.
func inTurn(calls *atomic.Int32, handlers ...http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		handlers[min(n, len(handlers))-1](w, r)
	}
}

func broken(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func okList(rows string) http.HandlerFunc {
	return answer(200, `{"success":true,"errors":[],"messages":[],"result":`+rows+`}`)
}

func TestAReadIsRepeatedTwiceAndNoMore(t *testing.T) {
	html := answer(502, "<!DOCTYPE html><title>Bad gateway</title>")
	limited := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		answer(429, `{"success":false,"errors":[{"code":10429,"message":"slow down"}]}`)(w, r)
	}
	tests := map[string]struct {
		handlers []http.HandlerFunc
		calls    int32
		works    bool
	}{
		"a dropped connection, then an answer": {[]http.HandlerFunc{broken, okList("[]")}, 2, true},
		"two gateway errors, then an answer":   {[]http.HandlerFunc{html, html, okList("[]")}, 3, true},
		"too many calls once":                  {[]http.HandlerFunc{limited, okList("[]")}, 2, true},
		"gateway errors without end":           {[]http.HandlerFunc{html}, 3, false},
		"a refusal is final":                   {[]http.HandlerFunc{answer(403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)}, 1, false},
		"an answer that says it failed":        {[]http.HandlerFunc{answer(200, `{"success":false,"errors":[{"code":1,"message":"no"}],"result":null}`)}, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := stub(t, inTurn(&calls, test.handlers...))
			_, err := c.list(t.Context(), readingTunnels, "x", nil)
			if (err == nil) != test.works || calls.Load() != test.calls {
				t.Errorf("%d calls and error %v, want %d calls and success %v", calls.Load(), err, test.calls, test.works)
			}
		})
	}
}

func TestALongRetryAfterIsReportedAndNotWaitedFor(t *testing.T) {
	var calls atomic.Int32
	c := stub(t, inTurn(&calls, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "240")
		answer(429, `{"success":false,"errors":[{"code":10429,"message":"More than 1200 requests"}]}`)(w, r)
	}))
	_, err := c.list(t.Context(), readingTunnels, "x", nil)
	p := problem(err)
	if calls.Load() != 1 || p.Code != setup.CodeRateLimited || p.RetryAfter != 4*time.Minute || !strings.Contains(p.Message, "4m0s") {
		t.Errorf("%d calls, %+v", calls.Load(), p)
	}
}

func TestAWriteIsSentOnce(t *testing.T) {
	html := answer(503, "<html>maintenance</html>")
	conflict := answer(409, `{"success":false,"errors":[{"code":1013,"message":"You already have a tunnel with this name."}]}`)
	limited := answer(429, `{"success":false,"errors":[{"code":10429,"message":"slow down"}]}`)
	tests := map[string]struct {
		handler http.HandlerFunc
		unknown bool
		code    setup.Code
	}{
		"a dropped connection leaves its effect unknown":     {broken, true, setup.CodeUnavailable},
		"a gateway error leaves its effect unknown":          {html, true, setup.CodeUnavailable},
		"an answer that is no JSON leaves it unknown":        {answer(200, "OK"), true, setup.CodeUnavailable},
		"an answer without an id leaves it unknown":          {answer(200, `{"success":true,"result":{}}`), true, setup.CodeUnavailable},
		"a name that is taken is a refusal":                  {conflict, false, setup.CodeConflict},
		"too many calls is a refusal":                        {limited, false, setup.CodeRateLimited},
		"success:false is a refusal, whatever the status is": {answer(200, `{"success":false,"errors":[]}`), false, setup.CodeUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := stub(t, inTurn(&calls, test.handler))
			k := setup.Key{Kind: setup.KindTunnel, Scope: someAccount, Name: "ocs"}
			outcomes, err := c.Do(t.Context(), setup.Call{Entries: []setup.Entry{{Key: k, Verb: setup.Create, To: setup.Tunnel{Name: "ocs", Remote: true}}}})
			if calls.Load() != 1 {
				t.Errorf("sent %d times", calls.Load())
			}
			got := setup.AsProblem(err)
			if !test.unknown && err == nil {
				got = outcomes[0].Err
			}
			if (err != nil) != test.unknown || got == nil || got.Code != test.code {
				t.Errorf("error %v, problem %+v; want unknown %v and %s", err, got, test.unknown, test.code)
			}
		})
	}
}

func TestAWriteThatCouldNotBeSentIsKnownToHaveDoneNothing(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // nobody listens there any more
	c, err := New(Options{Token: secret.New("x"), BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	k := setup.Key{Kind: setup.KindTunnel, Scope: someAccount, Name: "ocs"}
	outcomes, err := c.Do(t.Context(), setup.Call{Entries: []setup.Entry{{Key: k, Verb: setup.Create, To: setup.Tunnel{Name: "ocs", Remote: true}}}})
	if err != nil || outcomes[0].Err == nil || outcomes[0].Err.Code != setup.CodeUnavailable {
		t.Errorf("outcomes %+v, error %v", outcomes, err)
	}
}

func TestWhatIsNoListIsUnreadAndNeverEmpty(t *testing.T) {
	bodies := map[string]string{
		"null":                        `{"success":true,"errors":[],"result":null}`,
		"no result":                   `{"success":true,"errors":[]}`,
		"an object":                   `{"success":true,"errors":[],"result":{}}`,
		"success false":               `{"success":false,"errors":[{"code":1,"message":"An unknown error has occurred"}],"result":[]}`,
		"empty, with a count above 0": `{"success":true,"errors":[],"result":[],"result_info":{"page":1,"per_page":50,"count":0,"total_count":7,"total_pages":1}}`,
		"rows that are no objects":    `{"success":true,"errors":[],"result":["x"]}`,
		"another program's JSON":      `{"hello":"world"}`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			c := stub(t, answer(200, body))
			seen, err := c.Observe(t.Context(), setup.View{Account: someAccount, Zones: []string{"example.org"}, Hosts: []string{"ocs.example.org"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []setup.ReadScope{
				{Kind: setup.KindLoginMethod, Scope: someAccount}, {Kind: setup.KindTunnel, Scope: someAccount}, {Kind: setup.KindPolicy, Scope: someAccount},
				{Kind: setup.KindApp, Scope: someAccount}, {Kind: setup.KindIngress, Scope: someAccount}, {Kind: setup.KindZone, Scope: someAccount},
				{Kind: setup.KindDNSRecord, Scope: "example.org"},
			} {
				if _, unread := seen.Unread[at]; !unread {
					t.Errorf("%v counts as read", at)
				}
			}
		})
	}
}

func TestAListIsReadToItsEnd(t *testing.T) {
	page := func(n, pages int) string {
		return fmt.Sprintf(`{"success":true,"errors":[],"result":[{"id":"%d"}],"result_info":{"page":%d,"per_page":1,"count":1,"total_count":%d,"total_pages":%d}}`, n, n, pages, pages)
	}
	tests := map[string]struct {
		bodies []string
		rows   int
	}{
		"three pages that are announced": {[]string{page(1, 3), page(2, 3), page(3, 3), `not asked for`}, 3},
		"pages that are not announced": {[]string{
			`{"success":true,"result":[{"id":"1"}],"result_info":{"page":1,"per_page":1}}`,
			`{"success":true,"result":[{"id":"2"}],"result_info":{"page":2,"per_page":1}}`,
			`{"success":true,"result":[],"result_info":{"page":3,"per_page":1}}`}, 2},
		"a list without pages": {[]string{`{"success":true,"result":[{"id":"1"},{"id":"2"}]}`, `not asked for`}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := stub(t, func(w http.ResponseWriter, r *http.Request) {
				var n int
				if _, err := fmt.Sscan(r.URL.Query().Get("page"), &n); err != nil || n < 1 || n > len(test.bodies) {
					t.Errorf("asked for page %q", r.URL.Query().Get("page"))
					n = len(test.bodies)
				}
				answer(200, test.bodies[n-1])(w, r)
			})
			rows, err := c.list(t.Context(), readingTunnels, "x", nil)
			if err != nil || len(rows) != test.rows {
				t.Errorf("%d rows, %v; want %d", len(rows), err, test.rows)
			}
		})
	}
}

func TestTheEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "from-the-environment")
	t.Setenv("CLOUDFLARE_API_KEY", "from-the-environment")
	t.Setenv("CLOUDFLARE_EMAIL", "from@the.environment")
	t.Setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("CLOUDFLARE_CUSTOM_HEADERS", "X-Extra: from-the-environment")
	var seen http.Header
	c := stub(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		okList("[]")(w, r)
	})
	if _, err := c.list(t.Context(), readingTunnels, "x", nil); err != nil {
		t.Fatal(err)
	}
	if got := seen.Get("Authorization"); got != "Bearer "+c.token.Reveal() {
		t.Errorf("Authorization is %q", got)
	}
	for name, values := range seen {
		if strings.Contains(strings.Join(values, " "), "environment") {
			t.Errorf("%s: %v", name, values)
		}
	}
}

func TestTheTokenIsInNoErrorAndInNoLog(t *testing.T) {
	const token = "cfut_verysecret_verysecret_verysecret_verysecret"
	var log bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(400, "you sent "+r.Header.Get("Authorization")+strings.Repeat(" and more", 1000))(w, r)
	}))
	defer server.Close()
	c, err := New(Options{Token: secret.New(token), BaseURL: server.URL, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.list(t.Context(), readingTunnels, "x", nil)
	p := problem(err)
	for what, text := range map[string]string{"error": err.Error(), "problem": p.Error(), "log": log.String(), "client": fmt.Sprintf("%+v", *p)} {
		if strings.Contains(text, "verysecret") {
			t.Errorf("the %s shows the token: %s", what, text)
		}
		if text == "" || len(text) > 2000 {
			t.Errorf("the %s has %d bytes", what, len(text))
		}
	}
}

func TestCallsAreHeldBackSoThatTheLimitIsNeverReached(t *testing.T) {
	const window, allowed = 300, 1200 // seconds, calls
	var calls atomic.Int32
	c := stub(t, inTurn(&calls, okList("[]")))
	if most := c.limiter.Burst() + window*int(c.limiter.Limit()); most >= allowed {
		t.Errorf("%d calls are possible in the time for %d", most, allowed)
	}
	c.limiter = rate.NewLimiter(rate.Every(time.Hour), 3)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	for range 4 {
		_, err = c.list(ctx, readingTunnels, "x", nil)
	}
	if p := problem(err); calls.Load() != 3 || p == nil || p.Code != setup.CodeRateLimited || !strings.Contains(p.Message, "holds calls back") {
		t.Errorf("%d calls were sent, then %+v", calls.Load(), p)
	}
}

func TestObserveGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stub(t, okList("[]")).Observe(ctx, setup.View{Account: someAccount}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, o := range map[string]Options{
		"no token":        {BaseURL: DefaultBaseURL},
		"no URL":          {Token: secret.New("x"), BaseURL: "cloudflare"},
		"a file":          {Token: secret.New("x"), BaseURL: "file:///etc/passwd"},
		"a scheme of ftp": {Token: secret.New("x"), BaseURL: "ftp://example.org/"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := New(Options{Token: secret.New("x")}); err != nil {
		t.Errorf("the default address: %v", err)
	}
}

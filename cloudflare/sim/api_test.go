package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestATokenIsVerifiedWhereItBelongs(t *testing.T) {
	w := newWorld(t, Options{})
	account := w.cloud.AddToken(AccountToken, w.AccountID, "DNS Read")
	for _, row := range []struct {
		what, token, path string
		status, code      int
	}{
		{"a user token", w.Token, "user/tokens/verify", 200, -1},
		{"a user token at the account", w.Token, "A/tokens/verify", 401, 1000},
		{"an account token", account, "A/tokens/verify", 200, -1},
		{"an account token at the user", account, "user/tokens/verify", 401, 1000},
		{"an account token listing accounts", account, "accounts", 400, 1001},
		{"an unknown token", strings.Repeat("x", 40), "user/tokens/verify", 401, 1000},
		{"an unknown token elsewhere", strings.Repeat("x", 40), "zones", 403, 9109},
		{"no token", "", "zones", 400, 9106},
		{"half a token", "short", "zones", 400, 6003},
	} {
		r, err := w.send(row.token, "GET", row.path, "")
		if err != nil {
			t.Fatal(err)
		}
		if r.status != row.status || r.code() != row.code {
			t.Errorf("%s: %d with code %d, want %d with code %d", row.what, r.status, r.code(), row.status, row.code)
		}
	}
	r := w.succeed("GET", "user/tokens/verify", "")
	if r.Messages[0].Code != 10000 || decode[object](w, r).text("status") != "active" {
		t.Errorf("verify says %s", r.body)
	}
	r, _ = w.send("short", "GET", "zones", "")
	if r.Errors[0].Chain[0].Code != 6111 {
		t.Errorf("a malformed header is explained by %v", r.Errors[0].Chain)
	}
	w.cloud.SetToken(w.Token, "disabled")
	if got := w.ok("GET", "user/tokens/verify", "").text("status"); got != "disabled" {
		t.Errorf("a disabled token is %q", got)
	}
	w.refused(403, 9109, "GET", "zones", "")
}

func TestEachAreaNeedsItsPermission(t *testing.T) {
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t").text("id")
	for _, row := range []struct {
		permission    string
		method, path  string
		code          int // of the refusal without it
		readIsNotGood bool
	}{
		{"Cloudflare Tunnel", "GET", "A/cfd_tunnel", 10000, false},
		{"Cloudflare One Connectors", "GET", "A/cfd_tunnel", 10000, false},
		{"Cloudflare Tunnel", "GET", "A/cfd_tunnel/" + tunnel + "/token", 10000, true},
		{"Cloudflare Tunnel", "GET", "A/cfd_tunnel/" + tunnel + "/configurations", 10000, false},
		{"Access: Apps and Policies", "GET", "A/access/apps", 10000, false},
		{"Access: Apps and Policies", "GET", "A/access/policies", 10000, false},
		{"Access: Organizations, Identity Providers, and Groups", "GET", "A/access/organizations", 10000, false},
		{"Access: Organizations, Identity Providers, and Groups", "GET", "A/access/identity_providers", 10000, false},
		{"DNS", "GET", "Z/dns_records", 10000, false},
		{"Zone", "GET", "zones", 0, false},
		{"Account Settings", "GET", "accounts", 10000, false},
	} {
		read := w.cloud.AddToken(UserToken, "", row.permission+" Read")
		write := w.cloud.AddToken(UserToken, "", row.permission+" Write")
		none := w.cloud.AddToken(UserToken, "", "Something Else Write")
		for _, try := range []struct {
			token string
			good  bool
		}{{read, !row.readIsNotGood}, {write, true}, {none, false}} {
			r, err := w.send(try.token, row.method, row.path, "")
			if err != nil {
				t.Fatal(err)
			}
			if try.good != r.Success || !try.good && (r.status != 403 || r.code() != row.code) {
				t.Errorf("%s %s with %q: %d %s", row.method, row.path, row.permission, r.status, r.body)
			}
		}
		if r, _ := w.send(read, "POST", "A/cfd_tunnel", `{"name":"x"}`); r.status != 403 {
			t.Errorf("%s Read creates a tunnel", row.permission)
		}
	}
}

func TestATokenReachesItsAccountsOnly(t *testing.T) {
	w := newWorld(t, Options{})
	other := w.cloud.AddAccount("Other")
	zone := w.cloud.AddZone(other, "other.org", "active")
	token := w.cloud.AddToken(UserToken, w.AccountID, AllPermissions()...)
	r, err := w.send(token, "GET", "zones", "")
	if err != nil {
		t.Fatal(err)
	}
	if zones := decode[[]object](w, r); len(zones) != 1 || zones[0].text("name") != "example.org" {
		t.Errorf("it sees %v", zones)
	}
	if r, _ = w.send(token, "GET", "accounts/"+other+"/cfd_tunnel", ""); r.status != 403 || r.code() != 9109 {
		t.Errorf("the other account answers %s", r.body)
	}
	if r, _ = w.send(token, "GET", "zones/"+zone+"/dns_records", ""); r.status != 403 || r.code() != 9109 {
		t.Errorf("the other account's zone answers %s", r.body)
	}
	if got := len(w.list("accounts")); got != 2 {
		t.Errorf("a token for every account sees %d", got)
	}
}

func TestPathsThatDoNotExist(t *testing.T) {
	w := newWorld(t, Options{})
	w.refused(404, 7003, "GET", "nothing/here", "")
	w.refused(404, 7003, "GET", "accounts/not-an-id/cfd_tunnel", "")
	w.refused(405, 10405, "DELETE", "A/cfd_tunnel", "")
	w.refused(400, 6007, "POST", "A/cfd_tunnel", `{"name":`)
	if r := w.call("GET", "nothing", ""); r.Errors[1].Code != 7000 {
		t.Errorf("the second error is %v", r.Errors[1])
	}
}

func TestAnAccountThatWasNeverOnboardedHasNoAccess(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.SetOnboarded(w.AccountID, "")
	for _, path := range []string{"organizations", "identity_providers", "apps", "policies"} {
		w.refused(403, 9999, "GET", "A/access/"+path, "")
	}
	w.refused(403, 10000, "POST", "A/access/organizations", `{"name":"n","auth_domain":"n.cloudflareaccess.com"}`)

	able := newWorld(t, Options{Unsure: Unsure{OnboardByAPI: true}})
	able.cloud.SetOnboarded(able.AccountID, "")
	able.ok("POST", "A/access/organizations", `{"name":"n","auth_domain":"N.cloudflareaccess.com"}`)
	if got := able.ok("GET", "A/access/organizations", "").text("auth_domain"); got != "n.cloudflareaccess.com" {
		t.Errorf("the team domain is %q", got)
	}
}

func TestListsComeInPagesAndEndWithAnEmptyOne(t *testing.T) {
	w := newWorld(t, Options{})
	for i := range 7 {
		w.newTunnel(fmt.Sprint("t", i))
		w.clock.advance(time.Second)
	}
	var names []string
	for number := 1; ; number++ {
		r := w.succeed("GET", "A/cfd_tunnel?is_deleted=false&per_page=3&page="+strconv.Itoa(number), "")
		rows := decode[[]object](w, r)
		want := resultInfo{Page: number, PerPage: 3, Count: len(rows), TotalCount: 7, TotalPages: 3}
		if r.info() != want {
			t.Errorf("page %d: %+v", number, r.info())
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			names = append(names, row.text("name"))
		}
	}
	if want := []string{"t6", "t5", "t4", "t3", "t2", "t1", "t0"}; !slices.Equal(names, want) {
		t.Errorf("tunnels come as %v, want the newest first", names)
	}
	if r := w.call("GET", "A/cfd_tunnel?page=9", ""); string(r.Result) != "[]" {
		t.Errorf("past the end there is %s", r.Result)
	}
}

func TestMoreThan1200CallsInFiveMinutesBlockForFive(t *testing.T) {
	w := newWorld(t, Options{RateLimit: 1200})
	other := w.cloud.AddToken(AccountToken, w.AccountID, AllPermissions()...)
	for i := range 1200 {
		if r := w.call("GET", "zones", ""); r.status != 200 {
			t.Fatalf("call %d: %d", i+1, r.status)
		}
	}
	w.clock.advance(time.Minute)
	r := w.call("GET", "zones", "")
	if r.status != 429 || r.header.Get("Retry-After") != "300" || r.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("call 1201: %d, %v", r.status, r.header)
	}
	if r, _ := w.send(other, "GET", "zones", ""); r.status != 200 {
		t.Errorf("somebody else is blocked too: %s", r.body)
	}
	w.clock.advance(5*time.Minute - time.Second)
	w.refused(429, 10429, "GET", "zones", "")
	w.clock.advance(time.Second)
	if r = w.call("GET", "zones", ""); r.status != 200 || r.header.Get("X-Ratelimit-Remaining") != "1199" {
		t.Errorf("after the block: %d, %v", r.status, r.header)
	}
}

func TestTheRefusalOfACallTooManySaysHowManyThereAre(t *testing.T) {
	for limit, want := range map[int]string{3: "More than 3 requests per 300 seconds reached.", -1: "More than 1200 requests per 300 seconds reached."} {
		w := newWorld(t, Options{RateLimit: limit})
		if limit < 0 {
			w.cloud.Inject(Fault{RetryAfter: time.Minute}) // nothing is counted, and yet refused
		}
		for range limit {
			w.list("zones")
		}
		if r := w.call("GET", "zones", ""); r.status != 429 || !strings.Contains(r.body, want) {
			t.Errorf("with a limit of %d: %d %s, want %q", limit, r.status, r.body, want)
		}
	}
}

func TestCallsAreLogged(t *testing.T) {
	var lines strings.Builder
	w := newWorld(t, Options{KeepCall: 3, CallLog: &lines})
	for i := range 5 {
		w.list("zones?page=" + strconv.Itoa(i+1))
	}
	var seen []string
	for _, call := range w.cloud.Calls() {
		seen = append(seen, fmt.Sprint(call.Method, " ", call.Path, "?", call.Query, " ", call.Status))
	}
	if want := []string{"GET /zones?page=3 200", "GET /zones?page=4 200", "GET /zones?page=5 200"}; !slices.Equal(seen, want) {
		t.Errorf("the log has %q", seen)
	}
	if n := strings.Count(lines.String(), "\n"); n != 5 || !strings.Contains(lines.String(), `"retry_count":0`) {
		t.Errorf("the written log has %d lines:\n%s", n, lines.String())
	}
	if strings.Contains(lines.String(), w.Token) {
		t.Error("the log holds the token")
	}
	w.cloud.ForgetCalls()
	if len(w.cloud.Calls()) != 0 {
		t.Error("forgotten calls are still there")
	}
}

func TestEveryRouteIsReachable(t *testing.T) {
	w := newWorld(t, Options{})
	w.clock.advance(-100 * 24 * time.Hour) // when every operation was there
	id := "00000000-0000-4000-8000-000000000000"
	for _, r := range allRoutes() {
		path := strings.NewReplacer("{account}", w.AccountID, "{zone}", w.ZoneID, "{id}", id, "{client}", id,
			"{policy}", id, "{name}", "x", "{cidr}", "192.0.2.0%2F24", "{ip}", "192.0.2.1", "{family}", "v4", "{location}", w.ZoneID, "{alert}", w.ZoneID, "{record}", w.ZoneID, "{setting}", "ssl",
			"{phase}", configPhase, "{ruleset}", w.ZoneID, "{rule}", w.ZoneID, "{version}", "1").Replace(strings.TrimPrefix(r.path, "/"))
		if got := w.call(r.method, path, "{}"); got.code() == 7003 || got.status == http.StatusMethodNotAllowed {
			t.Errorf("%s %s does not route: %s", r.method, r.path, got.body)
		}
	}
}

package sim

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestPermissionGroupsAreListedForWhoeverMakesTokens(t *testing.T) {
	w := newWorld(t, Options{})
	all, own := w.list("user/tokens/permission_groups"), w.list("A/tokens/permission_groups")
	named := func(list []object, name, scope string) object {
		at := slices.IndexFunc(list, func(o object) bool {
			return o.text("name") == name && toJSON(o["scopes"]) == `["`+scope+`"]`
		})
		if at < 0 {
			return nil
		}
		return list[at]
	}
	for name, id := range knownGroups() {
		if !slices.ContainsFunc(all, func(o object) bool { return o.text("name") == name && o.text("id") == id }) {
			t.Errorf("no group %s with id %s", name, id)
		}
	}
	if named(all, "API Tokens Write", userScope) == nil || named(own, "API Tokens Write", userScope) != nil {
		t.Error("groups of a user's are for user tokens, and only for these")
	}
	if a, z := named(all, "Access: Apps and Policies Write", accountScope), named(all, "Access: Apps and Policies Write", zoneScope); a == nil || z == nil || a.text("id") == z.text("id") {
		t.Errorf("one name in two scopes is %v and %v", a, z)
	}
	for _, name := range AllPermissions() {
		if !slices.ContainsFunc(all, func(o object) bool { return o.text("name") == name }) {
			t.Errorf("%s is in no group", name)
		}
	}
	if got := w.list("user/tokens/permission_groups?name=dns+read"); len(got) != 1 || got[0].text("category") != "dns_and_zones" {
		t.Errorf("by name: %v", got)
	}
	if got := w.list("A/tokens/permission_groups?scope=" + url.QueryEscape(zoneScope)); len(got) == 0 || len(got) >= len(own) {
		t.Errorf("by scope there are %d of %d", len(got), len(own))
	}
	w.Token = w.cloud.AddToken(AccountToken, w.AccountID, AllPermissions()...)
	w.refused(403, 9109, "GET", "user/tokens/permission_groups", "")
	w.list("A/tokens/permission_groups")
	w.Token = w.cloud.AddToken(UserToken, "", "DNS Read")
	w.refused(403, 10000, "GET", "user/tokens/permission_groups", "")
}

func TestATokenWorksOnlyWhenAndWhereItMay(t *testing.T) {
	w := newWorld(t, Options{})
	soon, later := w.clock.Now().Add(time.Hour), w.clock.Now().Add(2*time.Hour)
	if !w.cloud.LimitToken(w.Token, TokenLimits{NotBefore: &soon, ExpiresOn: &later, From: []string{"127.0.0.0/8"}}) {
		t.Fatal("there is no such token")
	}
	w.refused(403, 9109, "GET", "zones", "")
	verified := w.ok("GET", "user/tokens/verify", "")
	if verified.text("not_before") != soon.Format(time.RFC3339) || verified.text("expires_on") != later.Format(time.RFC3339) {
		t.Errorf("verify says %v", verified)
	}
	w.clock.advance(time.Hour)
	w.list("zones")
	w.clock.advance(time.Hour)
	w.refused(403, 9109, "GET", "zones", "")
	if got := w.ok("GET", "user/tokens/verify", "").text("status"); got != "expired" {
		t.Errorf("after its time it is %q", got)
	}
	w.cloud.LimitToken(w.Token, TokenLimits{From: []string{"192.0.2.0/24"}})
	if r := w.call("GET", "user/tokens/verify", ""); r.status != 403 || r.Errors[0].Message != "Cannot use the access token from location: 127.0.0.1" {
		t.Errorf("from elsewhere: %d %s", r.status, r.body)
	}
	if w.cloud.LimitToken("nobody's", TokenLimits{}) {
		t.Error("an unknown token was limited")
	}
}

func TestGlobalKeysAreRefusedAsCloudflareRefusesBadOnes(t *testing.T) {
	w := newWorld(t, Options{})
	const key = "0123456789abcdef0123456789abcdef01234"
	for _, row := range []struct {
		what, path, email, key string
		status, code, chain    int
	}{
		{"half a key", "zones", "ann@example.org", "short", 400, 6003, 6103},
		{"no address", "zones", "ann", key, 400, 6003, 6102},
		{"an unknown key", "zones", "ann@example.org", key, 403, 9103, 0},
		{"a new-style key", "zones", "ann@example.org", "cfk_x", 403, 9103, 0},
		{"a key to be verified", "user/tokens/verify", "ann@example.org", key, 400, 1001, 0},
	} {
		r, err := w.sendWith(http.Header{"X-Auth-Email": {row.email}, "X-Auth-Key": {row.key}}, "GET", row.path, "")
		if err != nil {
			t.Fatal(err)
		}
		chain := 0
		if len(r.Errors) > 0 && len(r.Errors[0].Chain) > 0 {
			chain = r.Errors[0].Chain[0].Code
		}
		if r.status != row.status || r.code() != row.code || chain != row.chain {
			t.Errorf("%s: %d %s", row.what, r.status, r.body)
		}
	}
}

func TestWhatIsLeftCanBeToldInTheNewerHeaders(t *testing.T) {
	w := newWorld(t, Options{RateLimit: 2, Unsure: Unsure{RateLimitFields: true, RateLimitIs971: true}})
	r := w.call("GET", "zones", "")
	w.clock.advance(time.Minute)
	r = w.call("GET", "zones", "")
	if r.header.Get("Ratelimit-Policy") != `"default";q=2;w=300` || r.header.Get("Ratelimit") != `"default";r=0;t=240` ||
		r.header.Get("X-Ratelimit-Limit")+r.header.Get("Retry-After") != "" {
		t.Errorf("headers: %v", r.header)
	}
	r = w.call("GET", "zones", "")
	if r.status != 429 || r.code() != 971 || r.header.Get("Retry-After") != "300" || r.header.Get("Ratelimit") != `"default";r=0;t=300` {
		t.Errorf("the third call: %d %v %s", r.status, r.header, r.body)
	}
}

func TestAListByCursorEndsWithAnEmptyCursor(t *testing.T) {
	rows := []int{1, 2, 3, 4, 5}
	q, sizes := url.Values{"per_page": {"2"}}, []int{}
	for range 3 {
		a, err := byCursor(q, rows, paging{20, 1, 50})
		if err != nil {
			t.Fatal(err)
		}
		info := a.info.(*cursorInfo)
		sizes = append(sizes, info.Count)
		q.Set("cursor", info.Cursor)
	}
	if !slices.Equal(sizes, []int{2, 2, 1}) || q.Get("cursor") != "" {
		t.Errorf("pages of %v, and then the cursor %q", sizes, q.Get("cursor"))
	}
	for _, bad := range []string{"!", "LTE"} { // LTE is -1
		if _, err := byCursor(url.Values{"cursor": {bad}}, rows, paging{20, 1, 50}); err != errCursor {
			t.Errorf("the cursor %q gives %v", bad, err)
		}
	}
}

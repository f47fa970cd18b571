package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnApplicationIsAlsoReachedThroughItsZone(t *testing.T) {
	w := newWorld(t, Options{})
	other := w.cloud.AddZone(w.AccountID, "other.org", "active")
	app := w.newApp("here", "a.example.org/x")
	w.newApp("there", "a.other.org")
	if got := w.list("Z/access/apps"); len(got) != 1 || got[0].text("id") != app.text("id") {
		t.Errorf("the zone lists %v", got)
	}
	path := "access/apps/" + app.text("id")
	w.ok("GET", "Z/"+path, "")
	w.refused(404, 11021, "GET", "zones/"+other+"/"+path, "")
	w.refused(400, 12130, "POST", "Z/access/apps", `{"type":"self_hosted","name":"n","domain":"b.other.org"}`)
	made := w.ok("POST", "Z/access/apps", `{"type":"self_hosted","name":"n","domain":"b.example.org"}`)
	if got := w.ok("PUT", "Z/access/apps/"+made.text("id"), `{"type":"self_hosted","name":"m","domain":"b.example.org"}`).text("name"); got != "m" {
		t.Errorf("changed through the zone it is called %q", got)
	}
	w.ok("DELETE", "Z/access/apps/"+made.text("id"), "")
	if got := len(w.list("A/access/apps")); got != 2 {
		t.Errorf("the account has %d applications", got)
	}
}

func TestAnApplicationHasPoliciesOfItsOwn(t *testing.T) {
	w := newWorld(t, Options{})
	reusable := w.newPolicy("shared", "deny", `{"everyone":{}}`)
	path := "A/access/apps/" + w.newApp("lock", "app.example.org", reusable).text("id") + "/policies"
	allow := `"decision":"allow","include":[{"email":{"email":"ann@example.org"}}]`
	own := w.ok("POST", path, `{"name":"own",`+allow+`}`)
	if own["precedence"] != 2.0 || own["reusable"] != false {
		t.Errorf("made: %v", own)
	}
	w.refused(400, 12130, "POST", path, `{"name":"n","precedence":2,`+allow+`}`)
	w.refused(400, 12130, "POST", path, `{"name":"n","precedence":-1,`+allow+`}`)
	w.refused(400, 12130, "POST", path, `{"name":"n","precedence":"first",`+allow+`}`)
	w.refused(400, 12130, "POST", path, `{"name":"n"}`)
	one := path + "/" + own.text("id")
	if got := w.ok("PUT", one, `{"name":"renamed",`+allow+`}`); got.text("name") != "renamed" || got["precedence"] != 2.0 {
		t.Errorf("changed: %v", got)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		w.refused(400, 12130, method, path+"/"+reusable, `{"name":"n",`+allow+`}`)
	}
	if got := w.ok("GET", path+"/"+reusable, ""); got["reusable"] != true {
		t.Errorf("the linked one shows as %v", got)
	}
	if got := w.list(path); len(got) != 2 || got[0].text("id") != reusable || got[1].text("name") != "renamed" {
		t.Errorf("the list has %v", got)
	}
	w.refused(404, 11021, "GET", "A/access/policies/"+own.text("id"), "")
	w.ok("PUT", one+"/make_reusable", "")
	w.refused(400, 12130, "PUT", one+"/make_reusable", "")
	if got := w.ok("GET", "A/access/policies/"+own.text("id"), ""); got["app_count"] != 1.0 {
		t.Errorf("made reusable it is %v", got)
	}
	second := w.ok("POST", path, `{"name":"second","precedence":9,`+allow+`}`)
	w.ok("DELETE", path+"/"+second.text("id"), "")
	w.refused(404, 11021, "GET", path+"/"+second.text("id"), "")

	apart := newWorld(t, Options{Unsure: Unsure{PoliciesNotMixed: true}})
	id := apart.newApp("lock", "app.example.org", apart.newPolicy("shared", "deny", `{"everyone":{}}`)).text("id")
	apart.refused(400, 12130, "POST", "A/access/apps/"+id+"/policies", `{"name":"own",`+allow+`}`)
}

func TestSettingsThatContradictEachOtherAreRefused(t *testing.T) {
	w := newWorld(t, Options{})
	body := func(fields string) string {
		return `{"type":"self_hosted","name":"n","domain":"app.example.org",` + fields + `}`
	}
	for _, bad := range []string{`"session_duration":"a day"`, `"session_duration":24`, `"same_site_cookie_attribute":"some"`,
		`"options_preflight_bypass":true,"cors_headers":{"allow_all_origins":true}`, `"auto_redirect_to_identity":true`,
		`"allowed_idps":["00000000-0000-4000-8000-000000000000"]`, `"allow_authenticate_via_warp":true`,
		`"name":"` + strings.Repeat("n", 351) + `"`, `"type":"teapot"`} {
		w.refused(400, 12130, "POST", "A/access/apps", body(bad))
	}
	w.ok("PUT", "A/access/organizations", `{"warp_auth_session_duration":"24h"}`)
	idp := w.list("A/access/identity_providers")[0].text("id")
	for _, good := range []string{`"allow_authenticate_via_warp":true`, `"auto_redirect_to_identity":true,"allowed_idps":["` + idp + `"]`,
		`"eager_redirect_cookie_setting":false,"same_site_cookie_attribute":"strict","cors_headers":{"allow_all_origins":true}`} {
		made := w.ok("POST", "A/access/apps", body(good))
		read := toJSON(w.ok("GET", "A/access/apps/"+made.text("id"), ""))
		for field := range strings.SplitSeq(good, ",") {
			if !strings.Contains(read, field) {
				t.Errorf("%s does not come back in %s", field, read)
			}
		}
		w.ok("DELETE", "A/access/apps/"+made.text("id"), "")
	}
}

func TestPrivateDestinationsAreChecked(t *testing.T) {
	w := newWorld(t, Options{})
	body := func(fields string) string {
		return `{"type":"self_hosted","name":"n","destinations":[{"type":"private",` + fields + `}]}`
	}
	for _, bad := range []string{`"port_range":"80"`, `"cidr":"10.0.0.0/8","hostname":"h"`, `"cidr":"10.0.0"`, `"hostname":"h","port_range":"80,443"`,
		`"hostname":"h","port_range":"0"`, `"hostname":"h","port_range":"443-80"`, `"hostname":"h","port_range":"1-70000"`,
		`"hostname":"h","l4_protocol":"icmp"`, `"hostname":"h","vnet_id":"v"`, `"type":"via_pigeon"`} {
		w.refused(400, 12130, "POST", "A/access/apps", body(bad))
	}
	for given, stored := range map[string]string{`"cidr":"172.18.0.7","port_range":"8000"`: `"cidr":"172.18.0.7/32","port_range":"8000"`,
		`"hostname":"OCS.team.","port_range":"8000-8010","l4_protocol":"tcp"`: `"hostname":"ocs.team","port_range":"8000-8010","l4_protocol":"tcp"`} {
		if got := w.succeed("POST", "A/access/apps", body(given)).body; !strings.Contains(got, stored) {
			t.Errorf("%s is stored as %s", given, got)
		}
	}
}

func TestTwoSettingsHaveAPathOfTheirOwn(t *testing.T) {
	w := newWorld(t, Options{})
	path := "A/access/apps/" + w.newApp("lock", "app.example.org").text("id")
	w.ok("PATCH", path+"/settings", `{"allow_iframe":true}`)
	if got := toJSON(w.ok("PUT", path+"/settings", `{"skip_interstitial":true}`)); got != `{"allow_iframe":true,"skip_interstitial":true}` {
		t.Errorf("the settings are %s", got)
	}
	if got := w.ok("GET", path, ""); got["allow_iframe"] != true || got.text("session_duration") != "24h" {
		t.Errorf("the application is %v", got)
	}
}

func TestRevokingEndsTheSessionsOfAnApplication(t *testing.T) {
	s := newStack(t, Options{})
	app := s.newApp("lock", "app.example.org", s.newPolicy("all", "allow", `{"everyone":{}}`))
	enter := func() bool {
		cookie, err := s.cloud.Session("https://app.example.org/", "ann@example.org")
		if err != nil {
			t.Fatal(err)
		}
		s.clock.advance(time.Minute)
		s.gets("https://app.example.org/", 200, "", cookie)
		s.ok("POST", "A/access/apps/"+app.text("id")+"/revoke_tokens", "")
		resp, _ := s.visit("GET", "https://app.example.org/", nil, cookie)
		return resp.StatusCode == 302
	}
	for range 2 { // also after the first time
		if !enter() {
			t.Error("a revoked session still opens the door")
		}
	}
}

func TestAnAccountHasFiveHundredApplicationsAndPoliciesAtMost(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.change(func(s *state) {
		a, _ := s.Accounts.get(w.AccountID)
		for range maxApps {
			id := w.cloud.ids.uuid()
			a.Apps.put(id, &app{ID: id})
			a.Policies.put(id, &policy{ID: id})
			a.IDPs.put(id, &identity{ID: id})
			a.Groups.put(id, &group{ID: id})
		}
	})
	for path, body := range map[string]string{
		"apps":               `{"type":"self_hosted","name":"n","domain":"app.example.org"}`,
		"policies":           `{"name":"n","decision":"allow","include":[{"everyone":{}}]}`,
		"groups":             `{"name":"n","include":[{"everyone":{}}]}`,
		"identity_providers": `{"name":"n","type":"google","config":{}}`,
	} {
		w.refused(400, 12130, "POST", "A/access/"+path, body)
	}
}

func TestAnApplicationHasAThousandRulesAtMost(t *testing.T) {
	w := newWorld(t, Options{})
	rules := func(count int) string {
		list := make([]string, count)
		for i := range list {
			list[i] = fmt.Sprintf(`{"email":{"email":"%d@example.org"}}`, i)
		}
		return strings.Join(list, ",")
	}
	w.refused(400, 12130, "POST", "A/access/policies", `{"name":"n","decision":"allow","include":[`+rules(maxRules+1)+`]}`)
	one, two := w.newPolicy("one", "allow", rules(maxRules)), w.newPolicy("two", "allow", rules(1))
	w.newApp("n", "app.example.org", one)
	w.refused(400, 12130, "POST", "A/access/apps", `{"type":"self_hosted","name":"m","domain":"b.example.org","policies":["`+one+`","`+two+`"]}`)
}

func TestAnOrganizationIsReplacedOrChanged(t *testing.T) {
	w := newWorld(t, Options{})
	w.ok("PUT", "A/access/organizations", `{"name":"Team","session_duration":"8h","deny_unmatched_requests":true}`)
	if got := w.ok("PATCH", "A/access/organizations", `{"warp_auth_session_duration":"1h"}`); got.text("session_duration") != "8h" ||
		got["deny_unmatched_requests"] != true || got.text("warp_auth_session_duration") != "1h" || got.text("name") != "Team" {
		t.Errorf("PATCH leaves %v", got)
	}
	if got := w.ok("PUT", "A/access/organizations", `{"auth_domain":"Other.cloudflareaccess.com"}`); got.text("session_duration") != "24h" ||
		got["deny_unmatched_requests"] != false || got["warp_auth_session_duration"] != nil || got.text("auth_domain") != "other.cloudflareaccess.com" {
		t.Errorf("PUT leaves %v", got)
	}
	w.cloud.SetOnboarded(w.cloud.AddAccount("Second"), "second.cloudflareaccess.com")
	w.refused(409, 11010, "PATCH", "A/access/organizations", `{"auth_domain":"second.cloudflareaccess.com"}`)
	w.refused(400, 12130, "PATCH", "A/access/organizations", `{"session_duration":"long"}`)
	w.refused(409, 11010, "POST", "A/access/organizations", `{"name":"n","auth_domain":"n.cloudflareaccess.com"}`)
}

func TestALoginMethodShowsNoSecret(t *testing.T) {
	w := newWorld(t, Options{})
	pin := w.ok("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	if got := toJSON(pin["config"]); got != `{"redirect_url":"https://example-team.cloudflareaccess.com/cdn-cgi/access/callback"}` {
		t.Errorf("the one-time PIN is configured with %s", got)
	}
	made := w.ok("POST", "A/access/identity_providers",
		`{"name":"GitHub","type":"github","config":{"client_id":"id","client_secret":"hidden"},"scim_config":{"enabled":true,"secret":"hidden"}}`)
	path := "A/access/identity_providers/" + made.text("id")
	read := w.succeed("GET", path, "").body
	if strings.Contains(read, "hidden") || strings.Count(read, concealed) != 2 || !strings.Contains(read, `"client_id":"id"`) {
		t.Errorf("read: %s", read)
	}
	w.ok("PUT", path, toJSON(w.ok("GET", path, ""))) // what was read can be written back
	if raw, err := w.cloud.Snapshot(); err != nil || strings.Count(string(raw), `"hidden"`) != 2 {
		t.Errorf("writing back what was read lost the secrets (%v)", err)
	}
	if got := w.list("A/access/identity_providers?scim_enabled=true"); len(got) != 1 || got[0].text("type") != "github" {
		t.Errorf("with SCIM there are %v", got)
	}
	w.refused(400, 12130, "POST", "A/access/identity_providers", `{"type":"github","config":{}}`)
	for _, kind := range identityTypes() {
		if kind != "onetimepin" {
			w.ok("POST", "A/access/identity_providers", `{"name":"n","type":"`+kind+`","config":{}}`)
		}
	}
}

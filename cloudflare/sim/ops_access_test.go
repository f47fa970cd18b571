package sim

import (
	"slices"
	"testing"
)

func TestLoginMethods(t *testing.T) {
	w := newWorld(t, Options{})
	if idps := w.list("A/access/identity_providers"); len(idps) != 1 || idps[0].text("type") != "cloudflare" {
		t.Errorf("a new organization has %v", idps)
	}
	made := w.ok("POST", "A/access/identity_providers", `{"name":"One-time PIN login","type":"onetimepin","config":{}}`)
	w.refused(409, 11010, "POST", "A/access/identity_providers", `{"name":"again","type":"onetimepin","config":{}}`)
	w.refused(400, 12130, "POST", "A/access/identity_providers", `{"name":"x","type":"carrier-pigeon"}`)
	path := "A/access/identity_providers/" + made.text("id")
	w.ok("PUT", path, `{"name":"PIN","type":"onetimepin"}`)
	if got := w.ok("GET", path, "").text("name"); got != "PIN" {
		t.Errorf("it is now called %q", got)
	}
	w.ok("DELETE", path, "")
	w.refused(404, 11021, "GET", path, "")
}

func TestPoliciesCountTheirApplications(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.newPolicy("everyone", "bypass", `{"everyone":{}}`)
	path := "A/access/policies/" + id
	app := w.newApp("hooks", "app.example.org/hooks/*", id)
	if got := w.ok("GET", path, ""); got["app_count"] != 1.0 || got["reusable"] != true {
		t.Errorf("linked it is %v", got)
	}
	w.refused(400, 12130, "DELETE", path, "")
	w.ok("PUT", path, `{"name":"renamed","decision":"bypass","include":[{"everyone":{}}]}`)
	if got := w.ok("GET", "A/access/apps/"+app.text("id"), "")["policies"].([]any)[0].(map[string]any); got["name"] != "renamed" || got["precedence"] != 1.0 {
		t.Errorf("the application shows %v", got)
	}
	w.ok("DELETE", "A/access/apps/"+app.text("id"), "")
	w.ok("DELETE", path, "")
	w.refused(404, 11021, "GET", path, "")
	for _, bad := range []string{`{"decision":"allow","include":[{"everyone":{}}]}`, `{"name":"x","decision":"maybe","include":[{"everyone":{}}]}`,
		`{"name":"x","decision":"allow","include":[]}`, `{"name":"x","decision":"allow","include":["everyone"]}`} {
		w.refused(400, 12130, "POST", "A/access/policies", bad)
	}
}

func TestApplicationsThatAreRefused(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.AddZone(w.AccountID, "pending.org", "pending")
	w.cloud.AddZone(w.cloud.AddAccount("Other"), "other.org", "active")
	w.newApp("first", "a.example.org/x")
	one, two := w.newPolicy("one", "allow", `{"everyone":{}}`), w.newPolicy("two", "allow", `{"everyone":{}}`)
	app := func(fields string) string { return `{"type":"self_hosted","name":"n",` + fields + `}` }
	for _, row := range []struct {
		what         string
		status, code int
		body         string
	}{
		{"the same destination", 409, 11010, app(`"destinations":[{"type":"public","uri":"A.example.org/x"}]`)},
		{"six destinations", 400, 12130, app(`"destinations":[{"uri":"b.example.org/1"},{"uri":"b.example.org/2"},{"uri":"b.example.org/3"},{"uri":"b.example.org/4"},{"uri":"b.example.org/5"},{"uri":"b.example.org/6"}]`)},
		{"a pending zone", 400, 12130, app(`"domain":"a.pending.org"`)},
		{"no zone", 400, 12130, app(`"domain":"a.nowhere.org"`)},
		{"another account's zone", 400, 12130, app(`"domain":"a.other.org"`)},
		{"a port", 400, 12130, app(`"domain":"b.example.org:8000"`)},
		{"a scheme", 400, 12130, app(`"domain":"https://b.example.org"`)},
		{"no destination", 400, 12130, app(`"session_duration":"24h"`)},
		{"no name", 400, 12130, `{"type":"self_hosted","domain":"b.example.org"}`},
		{"no type", 400, 12130, `{"name":"n","domain":"b.example.org"}`},
		{"one precedence twice", 400, 12130, app(`"domain":"b.example.org","policies":[{"id":"` + one + `","precedence":1},{"id":"` + two + `","precedence":1}]`)},
		{"an unknown policy", 404, 11021, app(`"domain":"b.example.org","policies":["00000000-0000-4000-8000-000000000000"]`)},
	} {
		r := w.call("POST", "A/access/apps", row.body)
		if r.status != row.status || r.code() != row.code {
			t.Errorf("%s: %d with code %d, want %d with %d\n%s", row.what, r.status, r.code(), row.status, row.code, r.body)
		}
	}
	if got := len(w.list("A/access/apps")); got != 1 {
		t.Errorf("refused applications were made: there are %d", got)
	}
}

func TestAnApplicationIsReplacedWhole(t *testing.T) {
	w := newWorld(t, Options{})
	one, two := w.newPolicy("one", "allow", `{"everyone":{}}`), w.newPolicy("two", "deny", `{"everyone":{}}`)
	r := w.succeed("POST", "A/access/apps", `{"type":"self_hosted","name":"n","session_duration":"1h","app_launcher_visible":false,"surprise":1,
		"destinations":[{"type":"public","uri":"a.example.org/x/*"},{"uri":"A.example.org."}],
		"policies":["`+one+`",{"id":"`+two+`","precedence":7},{"name":"own","decision":"allow","include":[{"email":{"email":"a@example.org"}}]}]}`)
	if r.status != 201 {
		t.Errorf("a create answers %d", r.status)
	}
	made := decode[object](w, r)
	if len(made.text("aud")) != 64 || made.text("domain") != "a.example.org/x/*" || made["surprise"] != nil ||
		toJSON(made["self_hosted_domains"]) != `["a.example.org/x/*","a.example.org"]` {
		t.Errorf("made: %v", made)
	}
	var shown []string
	for _, p := range made["policies"].([]any) {
		shown = append(shown, toJSON(p.(map[string]any)["precedence"])+p.(map[string]any)["name"].(string))
	}
	if want := []string{"1one", "3own", "7two"}; !slices.Equal(shown, want) {
		t.Errorf("policies are shown as %v, want %v", shown, want)
	}

	path := "A/access/apps/" + made.text("id")
	same := w.ok("PUT", path, toJSON(w.ok("GET", path, ""))) // what was read can be written back
	delete(same, "updated_at")
	delete(made, "updated_at")
	if before, after := toJSON(withoutTimes(made)), toJSON(withoutTimes(same)); before != after {
		t.Errorf("writing back what was read changes it:\n%s\n%s", before, after)
	}
	bare := w.ok("PUT", path, `{"type":"self_hosted","name":"n","domain":"a.example.org"}`)
	if bare.text("session_duration") != "24h" || bare["app_launcher_visible"] != true || len(bare["policies"].([]any)) != 0 ||
		bare.text("aud") != made.text("aud") {
		t.Errorf("a bare PUT leaves %v", bare)
	}
	for query, want := range map[string]int{"?name=n": 1, "?domain=a.example.org": 1, "?exact=true&domain=a.example": 0, "?search=zzz": 0} {
		if got := len(w.list("A/access/apps" + query)); got != want {
			t.Errorf("apps%s: %d, want %d", query, got, want)
		}
	}
	w.ok("DELETE", path, "")
	w.refused(404, 11021, "GET", path, "")
}

// withoutTimes drops updated_at, at any depth.
func withoutTimes(v any) any {
	switch v := v.(type) {
	case object:
		return withoutTimes(map[string]any(v))
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			if name != "updated_at" {
				out[name] = withoutTimes(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = withoutTimes(v[i])
		}
		return out
	default:
		return v
	}
}

func TestAnAccountHasOneEnrolmentApplication(t *testing.T) {
	w := newWorld(t, Options{})
	if got := w.ok("POST", "A/access/apps", `{"type":"warp"}`).text("name"); got != "Warp Login App" {
		t.Errorf("it is called %q", got)
	}
	w.refused(409, 11010, "POST", "A/access/apps", `{"type":"warp"}`)
}

func TestAPrivateDestinationNeedsNoZone(t *testing.T) {
	w := newWorld(t, Options{})
	made := w.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"p","destinations":[{"type":"private","hostname":"Ocs.your-org","port_range":"8000"}]}`)
	if made.text("domain") != "ocs.your-org" || toJSON(made["self_hosted_domains"]) != "[]" {
		t.Errorf("made: %v", made)
	}
}

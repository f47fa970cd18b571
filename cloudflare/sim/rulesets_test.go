package sim

import (
	"strings"
	"testing"
	"time"
)

const (
	configEntry = "Z/rulesets/phases/http_config_settings/entrypoint"
	customEntry = "Z/rulesets/phases/http_request_firewall_custom/entrypoint"
)

// rulesOf are the descriptions of a ruleset's rules, in order.
func rulesOf(ruleset object) string {
	var names []string
	list, _ := ruleset["rules"].([]any)
	for _, r := range list {
		name, _ := r.(map[string]any)["description"].(string)
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func ruleAt(ruleset object, i int) object {
	return object(ruleset["rules"].([]any)[i].(map[string]any))
}

// dropped deletes what is answered without a body.
func (w *world) dropped(path string) {
	w.Helper()
	if r := w.call("DELETE", path, ""); r.status != 204 || r.body != "" {
		w.Errorf("DELETE %s: %d %q", path, r.status, r.body)
	}
}

func bicRule(name string) string {
	return `{"action":"set_config","action_parameters":{"bic":false},"expression":"http.host eq \"a\"","description":"` + name + `"}`
}

func blockRule(name string) string {
	return `{"action":"block","expression":"true","description":"` + name + `"}`
}

func TestAPhaseHasNoRulesetUntilRulesAreWritten(t *testing.T) {
	w := newWorld(t, Options{})
	w.refused(404, 10003, "GET", configEntry, "")
	w.refused(404, 10003, "GET", "Z/rulesets/phases/http_request_transform/entrypoint", "")
	w.refused(400, 20013, "GET", "Z/rulesets/phases/no_such_phase/entrypoint", "")
	if listed := w.list("Z/rulesets"); len(listed) != 3 || listed[0]["kind"] != "managed" {
		t.Errorf("a new zone lists %v", listed)
	}
	made := w.ok("PUT", configEntry, `{"rules":[`+bicRule("a")+`]}`)
	if made["kind"] != "zone" || made["phase"] != configPhase || made["version"] != "1" || made.text("name") == "" {
		t.Errorf("it is %v", made)
	}
	r := ruleAt(made, 0)
	if r["ref"] != r["id"] || r["enabled"] != true || r["version"] != "1" || toJSON(r["action_parameters"]) != `{"bic":false}` {
		t.Errorf("its rule is %v", r)
	}
	for _, path := range []string{configEntry, "Z/rulesets/" + made.text("id")} {
		if got := w.ok("GET", path, ""); toJSON(got) != toJSON(made) {
			t.Errorf("%s: %v", path, got)
		}
	}
	if listed := w.list("Z/rulesets"); len(listed) != 4 {
		t.Errorf("the list has %v", listed)
	}
	w.refused(400, 20217, "POST", "Z/rulesets", `{"name":"x","kind":"zone","phase":"http_config_settings","rules":[]}`)
	w.dropped("Z/rulesets/" + made.text("id"))
	w.refused(404, 10003, "GET", configEntry, "")
	w.refused(404, 10001, "GET", "Z/rulesets/"+made.text("id"), "")
	w.ok("POST", "Z/rulesets", `{"name":"x","kind":"zone","phase":"http_config_settings","rules":[]}`)
}

func TestRulesKeepTheirIdentityWhenTheirListIsReplaced(t *testing.T) {
	w := newWorld(t, Options{})
	first := w.ok("PUT", customEntry, `{"rules":[`+blockRule("a")+`,`+blockRule("b")+`]}`)
	w.clock.advance(time.Minute)
	a, b := ruleAt(first, 0).text("id"), ruleAt(first, 1).text("id")
	second := w.ok("PUT", customEntry, `{"rules":[{"ref":"`+b+`","action":"block","expression":"true","description":"b"},{"id":"`+a+
		`","action":"block","expression":"false","description":"a"},`+blockRule("c")+`]}`)
	if rulesOf(second) != "b a c" || second["version"] != "2" {
		t.Errorf("it has %s in version %v", rulesOf(second), second["version"])
	}
	if r := ruleAt(second, 0); r.text("id") != b || r["version"] != "1" || r["last_updated"] != ruleAt(first, 1)["last_updated"] {
		t.Errorf("the rule that stayed as it was is %v", r)
	}
	if r := ruleAt(second, 1); r.text("id") != a || r["version"] != "2" || r["last_updated"] == ruleAt(first, 0)["last_updated"] {
		t.Errorf("the rule that changed is %v", r)
	}
	if got := w.list(customEntry + "/versions"); len(got) != 2 || got[0]["version"] != "1" || got[0]["rules"] != nil {
		t.Errorf("its versions are %v", got)
	}
	if got := w.ok("GET", customEntry+"/versions/1", ""); rulesOf(got) != "a b" {
		t.Errorf("version 1 had %s", rulesOf(got))
	}
	one := "Z/rulesets/" + first.text("id") + "/versions/"
	w.refused(400, 20131, "DELETE", one+"2", "")
	w.dropped(one + "1")
	w.refused(404, 10002, "GET", one+"1", "")
}

func TestOneRuleIsAddedMovedChangedAndDeleted(t *testing.T) {
	w := newWorld(t, Options{})
	set := w.ok("PUT", customEntry, `{"rules":[`+blockRule("a")+`]}`)
	path := "Z/rulesets/" + set.text("id") + "/rules"
	a := ruleAt(set, 0).text("id")
	for _, row := range []struct{ name, position, want string }{
		{"1", `{"before":"` + a + `"}`, "1 a"}, {"2", `{"before":""}`, "2 1 a"},
		{"3", `{"index":2}`, "2 3 1 a"}, {"4", `{"after":"` + a + `"}`, "2 3 1 a 4"},
	} {
		rule := strings.TrimSuffix(blockRule(row.name), "}") + `,"position":` + row.position + `}`
		if got := rulesOf(w.ok("POST", path, rule)); got != row.want {
			t.Errorf("%s: %s, want %s", row.position, got, row.want)
		}
	}
	w.refused(400, 50001, "POST", path, blockRule("6"))
	w.refused(400, 20132, "PATCH", path+"/"+a, `{"position":{"after":"nothing"}}`)
	moved := w.ok("PATCH", path+"/"+a, `{"position":{"index":1}}`)
	if rulesOf(moved) != "a 2 3 1 4" || ruleAt(moved, 0)["version"] != "1" {
		t.Errorf("moved: %s, %v", rulesOf(moved), ruleAt(moved, 0))
	}
	w.refused(400, 20125, "PATCH", path+"/"+a, `{"enabled":false}`) // a PATCH is a whole definition
	changed := w.ok("PATCH", path+"/"+a, `{"action":"log","expression":"false"}`)
	if r := ruleAt(changed, 0); r["action"] != "log" || r["description"] != "" || r["version"] != "2" || r.text("id") != a {
		t.Errorf("changed: %v", r)
	}
	if left := w.ok("DELETE", path+"/"+a, ""); rulesOf(left) != "2 3 1 4" {
		t.Errorf("left: %s", rulesOf(left))
	}
	w.refused(404, 10004, "DELETE", path+"/"+a, "")
}

func TestRulesThatThePlanOrThePhaseDoesNotAllowAreRefused(t *testing.T) {
	w := newWorld(t, Options{})
	rule := func(action, parameters, expression string) string {
		return `{"rules":[{"action":"` + action + `","action_parameters":` + parameters + `,"expression":` + toJSON(expression) + `}]}`
	}
	many := func(r string, n int) string {
		return `{"rules":[` + strings.TrimSuffix(strings.Repeat(r+",", n), ",") + `]}`
	}
	for _, row := range []struct {
		path, body string
		code       int
	}{
		{configEntry, many(bicRule("a"), 11), 50001},
		{customEntry, many(blockRule("a"), 6), 50001},
		{configEntry, rule("set_config", `{"bic":false}`, ""), 20125},
		{configEntry, rule("set_config", `{"bic":false}`, "ip.src eq 1.2.3.4"), 20127},
		{configEntry, rule("set_config", `{"bic":false}`, `http.host matches "x"`), 20126},
		{configEntry, rule("block", `{}`, "true"), 20016},
		{configEntry, rule("set_config", `{}`, "true"), 20111},
		{configEntry, rule("set_config", `[]`, "true"), 20110},
		{configEntry, rule("set_config", `{"bic":"off"}`, "true"), 20112},
		{configEntry, rule("set_config", `{"no_such":true}`, "true"), 20112},
		{customEntry, rule("set_config", `{"bic":false}`, "true"), 20016},
		{customEntry, rule("block", `{"response":{"status_code":404}}`, "true"), 20126},
		{customEntry, rule("skip", `{}`, "true"), 20111},
		{customEntry, rule("skip", `{"rules":{}}`, "true"), 20117},
		{customEntry, rule("skip", `{"products":["bfm"]}`, "true"), 20112},
		{customEntry, rule("skip", `{"phases":["http_request_firewall_custom"]}`, "true"), 20112},
		{customEntry, rule("skip", `{"ruleset":"all"}`, "true"), 20112},
		{customEntry, `{"rules":[{"ref":"x","action":"block","expression":"true"},{"ref":"x","action":"block","expression":"true"}]}`, 20130},
		{"Z/rulesets/phases/http_request_transform/entrypoint", `{"rules":[]}`, 20013},
	} {
		w.refused(400, row.code, "PUT", row.path, row.body)
	}
	w.refused(404, 10003, "GET", configEntry, "")
	w.ok("PUT", configEntry, many(bicRule("a"), 10))
	w.ok("PUT", customEntry, rule("skip", `{"products":["bic","securityLevel"],"phases":["http_request_sbfm"],"ruleset":"current"}`, "true"))
}

func TestADryRunOnlyChecks(t *testing.T) {
	w := newWorld(t, Options{})
	if r := w.succeed("PUT", configEntry+"?dry_run=true", `{"rules":[`+bicRule("a")+`]}`); string(r.Result) != "null" {
		t.Errorf("it shows %s", r.Result)
	}
	w.refused(400, 20016, "PUT", configEntry+"?dry_run=true", `{"rules":[`+blockRule("a")+`]}`)
	w.refused(404, 10003, "GET", configEntry, "")
	made := w.ok("PUT", configEntry, `{"rules":[`+bicRule("a")+`]}`)
	w.dropped("Z/rulesets/" + made.text("id") + "?dry_run=true")
	w.ok("GET", configEntry, "")
}

func TestEachPhaseHasItsOwnPermission(t *testing.T) {
	w := newWorld(t, Options{})
	all := w.Token
	w.ok("PUT", customEntry, `{"rules":[`+blockRule("a")+`]}`)
	w.Token = w.cloud.AddToken(UserToken, "", "Config Settings Write")
	w.refused(403, 10000, "GET", customEntry, "")
	w.refused(403, 10000, "PUT", customEntry, `{"rules":[]}`)
	w.refused(403, 10000, "POST", "Z/rulesets", `{"name":"x","kind":"zone","phase":"http_request_firewall_custom"}`)
	w.ok("PUT", configEntry, `{"rules":[`+bicRule("a")+`]}`)
	w.Token = w.cloud.AddToken(UserToken, "", "Config Settings Read")
	w.ok("GET", configEntry, "")
	w.refused(403, 10000, "PUT", configEntry, `{"rules":[]}`)
	w.Token = w.cloud.AddToken(UserToken, "", "Zone Settings Write")
	w.refused(403, 10000, "GET", configEntry, "")
	w.refused(403, 10000, "GET", "Z/rulesets", "")
	w.Token = all
}

func TestRulesCanBeSeeded(t *testing.T) {
	w := newWorld(t, Options{})
	id, err := w.cloud.AddRule(w.ZoneID, Rule{Phase: customPhase, Action: "block", Expression: "true", Description: "a"})
	if err != nil || id == "" {
		t.Fatal(err)
	}
	for _, r := range []Rule{{Phase: "x"}, {Phase: customPhase, Action: "block", Expression: "nonsense"}} {
		if _, err := w.cloud.AddRule(w.ZoneID, r); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	if _, err := w.cloud.AddRule("x", Rule{Phase: customPhase, Action: "block", Expression: "true"}); err == nil {
		t.Error("a zone that does not exist was given a rule")
	}
	if got := w.ok("GET", customEntry, ""); rulesOf(got) != "a" || ruleAt(got, 0).text("id") != id {
		t.Errorf("the API shows %v", got)
	}
	if !w.cloud.RemoveRule(w.ZoneID, id) || w.cloud.RemoveRule(w.ZoneID, id) {
		t.Error("a rule is not removed once")
	}
	if got := w.ok("GET", customEntry, ""); rulesOf(got) != "" {
		t.Errorf("left: %v", got)
	}
}

package conformance

import (
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/rulesets"
)

const (
	allRulesets = Z + "/rulesets"
	oneRuleset  = allRulesets + "/{ruleset}"
	oneRule     = oneRuleset + "/rules/{rule}"
	entrypoint  = allRulesets + "/phases/{phase}/entrypoint"
)

// customRules puts rules, named as given, in the phase of custom rules. They
// are of the whole zone: what was there before is lost.
func (t *try) customRules(names ...string) *rulesets.PhaseUpdateResponseEnvelopeResult {
	t.vars["phase"] = string(rulesets.PhaseHTTPRequestFirewallCustom)
	list := []rulesets.PhaseUpdateParamsRuleUnion{}
	for _, name := range names {
		list = append(list, rulesets.PhaseUpdateParamsRule{Action: sdk.F(rulesets.PhaseUpdateParamsRulesActionBlock),
			Expression: sdk.F(`http.host eq "` + t.host() + `"`), Description: sdk.F(name)})
	}
	made := must[*rulesets.PhaseUpdateResponseEnvelopeResult](t)(t.rulesets.Phases.Update(t.ctx, rulesets.PhaseHTTPRequestFirewallCustom,
		rulesets.PhaseUpdateParams{ZoneID: sdk.F(t.zone), Rules: sdk.F(list)}))
	t.vars["ruleset"] = made.ID
	t.made(oneRuleset)
	if len(made.Rules) > 0 {
		t.vars["rule"] = made.Rules[0].ID
	}
	return made
}

// names are the descriptions of a ruleset's rules, in order.
func names(ruleset object) string {
	var all []string
	list, _ := ruleset["rules"].([]any)
	for _, r := range list {
		rule, _ := r.(map[string]any)
		all = append(all, object(rule).text("description"))
	}
	return strings.Join(all, " ")
}

func rulesetRows() []row {
	return slices.Concat(wholeRulesetRows(), oneRuleRows(), rowsOf(rulesetRefusals()))
}

func wholeRulesetRows() []row {
	zone := func(t *try) rulesets.PhaseGetParams { return rulesets.PhaseGetParams{ZoneID: sdk.F(t.zone)} }
	return []row{
		{op: "GET " + allRulesets, what: "lists those of the zone, and Cloudflare's own, by cursor", class: wide, run: func(t *try) {
			made := t.customRules("a")
			kinds := map[string]bool{}
			pager := t.rulesets.ListAutoPaging(t.ctx, rulesets.RulesetListParams{ZoneID: sdk.F(t.zone)})
			for pager.Next() {
				kinds[string(pager.Current().Kind)] = true
				if pager.Current().ID == made.ID {
					t.same("the phase", pager.Current().Phase, rulesets.PhaseHTTPRequestFirewallCustom)
				}
			}
			t.holds("the pager ends", pager.Err() == nil)
			t.holds("there are both kinds", kinds["zone"] && kinds["managed"])
		}},
		{op: "PUT " + entrypoint, what: "makes the phase's ruleset with its first rules", class: wide, run: func(t *try) {
			made := t.customRules("a", "b")
			t.same("it", []any{made.Kind, made.Phase, len(made.Rules)}, []any{rulesets.KindZone, rulesets.PhaseHTTPRequestFirewallCustom, 2})
			t.holds("it has a name", made.Name != "")
			first := made.Rules[0]
			t.same("the first rule", []any{first.Action, first.Enabled, first.Ref, first.Version, first.Description},
				[]any{rulesets.PhaseUpdateResponseEnvelopeResultRulesActionBlock, true, first.ID, "1", "a"})
		}},
		{op: "GET " + entrypoint, what: "shows it", class: wide, run: func(t *try) {
			made := t.customRules("a")
			got := must[*rulesets.PhaseGetResponse](t)(t.rulesets.Phases.Get(t.ctx, rulesets.PhaseHTTPRequestFirewallCustom, zone(t)))
			t.same("it", []any{got.ID, got.Version, len(got.Rules)}, []any{made.ID, made.Version, 1})
		}},
		{op: "PUT " + entrypoint, what: "keeps the identity of rules that are named by ref", class: wide, run: func(t *try) {
			made := t.customRules("a", "b")
			after := t.object("PUT", entrypoint, `{"rules":[{"ref":"`+made.Rules[1].ID+`","action":"block","expression":"http.host eq \"{host}\"","description":"b"},
				{"id":"`+made.Rules[0].ID+`","action":"log","expression":"http.host eq \"{host}\"","description":"a"}]}`)
			t.same("names", names(after), "b a")
			list, _ := after["rules"].([]any)
			t.same("ids", []any{list[0].(map[string]any)["id"], list[1].(map[string]any)["id"]}, []any{made.Rules[1].ID, made.Rules[0].ID})
			t.same("their versions", []any{list[0].(map[string]any)["version"], list[1].(map[string]any)["version"]}, []any{"1", "2"})
		}},
		{op: "PUT " + entrypoint, what: "only checks where it is a dry run", class: wide, run: func(t *try) {
			t.customRules("a")
			r := t.raw("PUT", entrypoint+"?dry_run=true", `{"rules":[]}`)
			t.same("the status", r.status, 200)
			t.same("what is there", names(t.object("GET", entrypoint, "")), "a")
		}},
		{op: "GET " + oneRuleset, what: "shows it", class: wide, run: func(t *try) {
			made := t.customRules("a")
			got := must[*rulesets.RulesetGetResponse](t)(t.rulesets.Get(t.ctx, made.ID, rulesets.RulesetGetParams{ZoneID: sdk.F(t.zone)}))
			t.same("it", []any{got.ID, got.Kind, len(got.Rules)}, []any{made.ID, rulesets.KindZone, 1})
		}},
		{op: "POST " + allRulesets, what: "makes one for a phase that has none", class: wide, run: func(t *try) {
			made := must[*rulesets.RulesetNewResponseEnvelopeResult](t)(t.rulesets.New(t.ctx, rulesets.RulesetNewParams{ZoneID: sdk.F(t.zone), Kind: sdk.F(rulesets.KindZone),
				Name: sdk.F(t.name()), Phase: sdk.F(rulesets.PhaseHTTPConfigSettings), Rules: sdk.F([]rulesets.RulesetNewParamsRuleUnion{rulesets.RulesetNewParamsRule{
					Action: sdk.F(rulesets.RulesetNewParamsRulesActionSetConfig), ActionParameters: sdk.F[any](map[string]bool{"bic": false}), Expression: sdk.F(`http.host eq "` + t.host() + `"`)}})}))
			t.vars["ruleset"] = made.ID
			t.made(oneRuleset)
			t.same("it", []any{made.Name, made.Phase, made.Version, len(made.Rules)}, []any{t.name(), rulesets.PhaseHTTPConfigSettings, "1", 1})
			t.refused(t.execute("POST", allRulesets, `{"name":"{name}","kind":"zone","phase":"http_config_settings","rules":[]}`, nil), 400, 20217, "")
		}},
		{op: "PUT " + oneRuleset, what: "replaces its rules", class: wide, run: func(t *try) {
			made := t.customRules("a")
			put := must[*rulesets.RulesetUpdateResponseEnvelopeResult](t)(t.rulesets.Update(t.ctx, made.ID, rulesets.RulesetUpdateParams{ZoneID: sdk.F(t.zone),
				Rules: sdk.F([]rulesets.RulesetUpdateParamsRuleUnion{})}))
			t.same("it", []any{put.Version, len(put.Rules)}, []any{"2", 0})
		}},
		{op: "DELETE " + oneRuleset, what: "answers 204 without a body", class: wide, run: func(t *try) {
			made := t.customRules("a")
			if err := t.rulesets.Delete(t.ctx, made.ID, rulesets.RulesetDeleteParams{ZoneID: sdk.F(t.zone)}); err != nil {
				t.failf("%s", told(err))
			}
			_, err := t.rulesets.Phases.Get(t.ctx, rulesets.PhaseHTTPRequestFirewallCustom, zone(t))
			t.refused(err, 404, 10003, "could not find entrypoint ruleset")
			t.customRules("a")
			r := t.raw("DELETE", oneRuleset, "")
			t.same("status and body", []any{r.status, r.body}, []any{204, ""})
		}},
		{op: "GET " + oneRuleset + "/versions", what: "lists what the rules were", class: wide, run: func(t *try) {
			made := t.customRules("a")
			t.customRules("b")
			page := must[*versionsPage](t)(t.rulesets.Versions.List(t.ctx, made.ID, rulesets.VersionListParams{ZoneID: sdk.F(t.zone)}))
			t.same("how many", len(page.Result), 2)
		}},
		{op: "GET " + oneRuleset + "/versions/{version}", what: "shows what the rules were", class: wide, run: func(t *try) {
			made := t.customRules("a")
			t.customRules("b")
			got := must[*rulesets.VersionGetResponse](t)(t.rulesets.Versions.Get(t.ctx, made.ID, "1", rulesets.VersionGetParams{ZoneID: sdk.F(t.zone)}))
			t.same("it", []any{got.Version, got.Rules[0].Description}, []any{"1", "a"})
		}},
		{op: "DELETE " + oneRuleset + "/versions/{version}", what: "forgets an earlier version, not the one in force", class: wide, run: func(t *try) {
			made := t.customRules("a")
			t.customRules("b")
			remove := func(version string) error {
				return t.rulesets.Versions.Delete(t.ctx, made.ID, version, rulesets.VersionDeleteParams{ZoneID: sdk.F(t.zone)})
			}
			t.refused(remove("2"), 400, 20131, "")
			if err := remove("1"); err != nil {
				t.failf("%s", told(err))
			}
			t.refused(remove("1"), 404, 10002, "could not find version 1")
		}},
		{op: "GET " + entrypoint + "/versions", what: "lists them by phase", class: wide, run: func(t *try) {
			t.customRules("a")
			page := must[*phaseVersionsPage](t)(t.rulesets.Phases.Versions.List(t.ctx, rulesets.PhaseHTTPRequestFirewallCustom, rulesets.PhaseVersionListParams{ZoneID: sdk.F(t.zone)}))
			t.same("how many", len(page.Result), 1)
		}},
		{op: "GET " + entrypoint + "/versions/{version}", what: "shows one by phase", class: wide, run: func(t *try) {
			t.customRules("a")
			got := must[*rulesets.PhaseVersionGetResponse](t)(t.rulesets.Phases.Versions.Get(t.ctx, rulesets.PhaseHTTPRequestFirewallCustom, "1", rulesets.PhaseVersionGetParams{ZoneID: sdk.F(t.zone)}))
			t.same("it", []any{got.Version, len(got.Rules)}, []any{"1", 1})
		}},
	}
}

func oneRuleRows() []row {
	return []row{
		{op: "POST " + oneRuleset + "/rules", what: "adds a rule, behind the others or where it is told", class: wide, run: func(t *try) {
			made := t.customRules("a")
			add := func(name string, position any) {
				body := rulesets.RuleNewParamsBody{Action: sdk.F(rulesets.RuleNewParamsBodyActionBlock), Expression: sdk.F(`http.host eq "` + t.host() + `"`), Description: sdk.F(name)}
				if position != nil {
					body.Position = sdk.F(position)
				}
				must[*rulesets.RuleNewResponseEnvelopeResult](t)(t.rulesets.Rules.New(t.ctx, made.ID, rulesets.RuleNewParams{ZoneID: sdk.F(t.zone), Body: body}))
			}
			add("last", nil)
			add("first", map[string]string{"before": ""})
			add("second", map[string]int{"index": 2})
			t.same("names", names(t.object("GET", entrypoint, "")), "first second a last")
		}},
		{op: "PATCH " + oneRule, what: "is a whole definition, or a move", class: wide, run: func(t *try) {
			t.customRules("a", "b")
			var moved object
			if err := t.execute("PATCH", oneRule, `{"position":{"index":2}}`, &moved); err != nil {
				t.stop("%s", told(err))
			}
			t.same("moved", names(moved), "b a")
			body := rulesets.RuleEditParamsBody{Action: sdk.F(rulesets.RuleEditParamsBodyActionLog), Expression: sdk.F(`http.host eq "` + t.host() + `"`), Description: sdk.F("c")}
			edited := must[*rulesets.RuleEditResponseEnvelopeResult](t)(t.rulesets.Rules.Edit(t.ctx, t.vars["ruleset"], t.vars["rule"], rulesets.RuleEditParams{ZoneID: sdk.F(t.zone), Body: body}))
			t.same("changed", edited.Rules[1].Description, "c")
			t.refused(t.execute("PATCH", oneRule, `{"enabled":false}`, nil), 400, 20125, "")
		}},
		{op: "DELETE " + oneRule, what: "removes one and shows the others", class: wide, run: func(t *try) {
			made := t.customRules("a", "b")
			left := must[*rulesets.RuleDeleteResponseEnvelopeResult](t)(t.rulesets.Rules.Delete(t.ctx, made.ID, made.Rules[0].ID, rulesets.RuleDeleteParams{ZoneID: sdk.F(t.zone)}))
			t.holds("one is left", len(left.Rules) == 1 && left.Rules[0].ID == made.Rules[1].ID)
			t.refused(t.execute("DELETE", oneRule, "", nil), 404, 10004, "could not find rule")
		}},
	}
}

// rulesetRefusals are rules that the plan or the phase does not allow.
func rulesetRefusals() []refusal {
	phase := func(name rulesets.Phase) func(*try) { return func(t *try) { t.vars["phase"] = string(name) } }
	config, custom := phase(rulesets.PhaseHTTPConfigSettings), phase(rulesets.PhaseHTTPRequestFirewallCustom)
	rule := func(action, parameters, expression string) string {
		return `{"rules":[{"action":"` + action + `","action_parameters":` + parameters + `,"expression":` + asJSON(expression) + `}]}`
	}
	six := `{"rules":[` + strings.TrimSuffix(strings.Repeat(`{"action":"block","expression":"true"},`, 6), ",") + `]}`
	put := func(what string, given func(*try), body string, code int) refusal {
		return refusal{"PUT " + entrypoint, read, what, given, body, 400, code, "", 0}
	}
	return []refusal{
		{"GET " + oneRuleset, read, "an unknown one", nil, "", 404, 10001, "could not find ruleset", 0},
		{"GET " + entrypoint, simulated, "a phase without rules", config, "", 404, 10003, "could not find entrypoint ruleset in the http_config_settings phase", 0},
		{"GET " + entrypoint, read, "an unknown phase", func(t *try) { t.vars["phase"] = "no_such_phase" }, "", 400, 20013, "", 0},
		{"POST " + allRulesets, simulated, "one without a name", nil, `{"kind":"zone","phase":"http_config_settings"}`, 400, 20014, "name", 0},
		{"POST " + allRulesets, simulated, "one of another kind", nil, `{"name":"{name}","kind":"custom","phase":"http_config_settings"}`, 400, 20217, "kind", 0},
		{"POST " + oneRuleset + "/rules", wide, "more rules than the Free plan has", func(t *try) { t.customRules("1", "2", "3", "4", "5") },
			`{"action":"block","expression":"true"}`, 400, 50001, "", 0},
		{"PATCH " + oneRule, wide, "a place beside a rule that is not there", func(t *try) { t.customRules("a") }, `{"position":{"after":"nothing"}}`, 400, 20132, "", 0},
		put("more rules than the Free plan has", custom, six, 50001),
		put("an empty expression", config, rule("set_config", `{"bic":false}`, ""), 20125),
		put("a field that it does not have", config, rule("set_config", `{"bic":false}`, "ip.nothing eq 1"), 20127),
		put("an operator of another plan", config, rule("set_config", `{"bic":false}`, `http.host matches "x"`), 20126),
		put("an action of another phase", config, rule("block", `{}`, "true"), 20016),
		put("settings that are none", config, rule("set_config", `[]`, "true"), 20110),
		put("no settings", config, rule("set_config", `{}`, "true"), 20111),
		put("a setting of another kind", config, rule("set_config", `{"bic":"off"}`, "true"), 20112),
		put("exceptions that name no rules", custom, rule("skip", `{"rules":{}}`, "true"), 20117),
		put("a ref twice", custom, `{"rules":[{"ref":"x","action":"block","expression":"true"},{"ref":"x","action":"block","expression":"true"}]}`, 20130),
	}
}

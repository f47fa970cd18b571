package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const policies = A + "/access/policies"

func everyone() []zero_trust.AccessRuleUnionParam {
	return []zero_trust.AccessRuleUnionParam{zero_trust.EveryoneRuleParam{Everyone: sdk.F(zero_trust.EveryoneRuleEveryoneParam{})}}
}

// policy makes a reusable one for everyone.
func (t *try) reusable(suffix string, decision zero_trust.Decision) *zero_trust.AccessPolicyNewResponse {
	made := must[*zero_trust.AccessPolicyNewResponse](t)(t.zt.Access.Policies.New(t.ctx, zero_trust.AccessPolicyNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name() + suffix), Decision: sdk.F(decision), Include: sdk.F(everyone())}))
	t.made(policies + "/" + made.ID)
	return made
}

func policyRows() []row {
	get := func(t *try, id string) *zero_trust.AccessPolicyGetResponse {
		return must[*zero_trust.AccessPolicyGetResponse](t)(t.zt.Access.Policies.Get(t.ctx, id, zero_trust.AccessPolicyGetParams{AccountID: sdk.F(t.account)}))
	}
	return slices.Concat([]row{
		{op: "POST " + policies, what: "makes a reusable policy that no application uses", class: own, run: func(t *try) {
			made := t.reusable("", zero_trust.DecisionBypass)
			t.same("it", []any{made.Name, made.Decision, made.AppCount, bool(made.Reusable)}, []any{t.name(), zero_trust.DecisionBypass, int64(0), true})
			t.same("its rules", len(made.Include), 1)
			t.holds("it was made some time", !made.CreatedAt.IsZero())
		}},
		{op: "POST " + policies, what: "keeps every kind of rule, and both other lists", class: own, run: func(t *try) {
			group := t.group().ID
			token := t.serviceToken("").ID
			method := t.list(A + "/access/identity_providers")[0].text("id")
			rules := `[{"email":{"email":"ann@example.org"}},{"email_domain":{"domain":"example.org"}},{"everyone":{}},{"ip":{"ip":"192.0.2.0/24"}},{"geo":{"country_code":"PT"}},` +
				`{"group":{"id":"` + group + `"}},{"service_token":{"token_id":"` + token + `"}},{"any_valid_service_token":{}},{"login_method":{"id":"` + method + `"}}]`
			made := t.object("POST", policies, `{"name":"{name}","decision":"allow","session_duration":"1h","include":`+rules+`,"require":`+rules+`,"exclude":[]}`)
			t.made(policies + "/" + made.text("id"))
			for _, list := range []string{"include", "require"} {
				t.same(list, withoutSpaces(asJSON(made[list])), rules)
			}
			t.same("exclude", asJSON(made["exclude"]), "[]")
			t.same("session_duration", made["session_duration"], "1h")
		}},
		{op: "POST " + policies, what: "takes every decision", class: own, run: func(t *try) {
			for _, decision := range []zero_trust.Decision{zero_trust.DecisionAllow, zero_trust.DecisionDeny, zero_trust.DecisionNonIdentity, zero_trust.DecisionBypass} {
				t.same("the decision", t.reusable(string(decision), decision).Decision, decision)
			}
		}},
		{op: "POST " + policies, what: "answers 201", class: own, run: func(t *try) {
			r := t.raw("POST", policies, `{"name":"{name}","decision":"deny","include":[{"everyone":{}}]}`)
			var made object
			t.decode(r, &made)
			t.made(policies + "/" + made.text("id"))
			t.same("the status", r.status, http.StatusCreated)
		}},
		{op: "GET " + policies + "/{id}", what: "counts the applications that use it", class: own, run: func(t *try) {
			made := t.reusable("", zero_trust.DecisionAllow)
			t.lockWith(made.ID)
			t.same("app_count", get(t, made.ID).AppCount, int64(1))
		}},
		{op: "GET " + policies, what: "lists it", class: own, run: func(t *try) {
			made := t.reusable("", zero_trust.DecisionAllow)
			page := must[*policiesPage](t)(t.zt.Access.Policies.List(t.ctx, zero_trust.AccessPolicyListParams{AccountID: sdk.F(t.account), PerPage: sdk.F(int64(1000))}))
			t.holds("it is there", slices.ContainsFunc(page.Result, func(p zero_trust.AccessPolicyListResponse) bool { return p.ID == made.ID }))
		}},
		{op: "PUT " + policies + "/{id}", what: "changes it wherever it is used", class: own, run: func(t *try) {
			made := t.reusable("", zero_trust.DecisionAllow)
			t.lockWith(made.ID)
			put := must[*zero_trust.AccessPolicyUpdateResponse](t)(t.zt.Access.Policies.Update(t.ctx, made.ID, zero_trust.AccessPolicyUpdateParams{AccountID: sdk.F(t.account),
				Name: sdk.F(t.name() + "-2"), Decision: sdk.F(zero_trust.DecisionDeny), Include: sdk.F(everyone())}))
			t.same("it", []any{put.ID, put.Decision}, []any{made.ID, zero_trust.DecisionDeny})
			app := must[*zero_trust.AccessApplicationGetResponse](t)(t.through(A).get(t.vars["id"]))
			t.contains("the application's policies", asJSON(app.Policies), `"name":"`+t.name()+`-2"`)
		}},
		{op: "DELETE " + policies + "/{id}", what: "removes it once nothing uses it", class: own, run: func(t *try) {
			made := t.reusable("", zero_trust.DecisionAllow)
			t.lockWith(made.ID)
			remove := func() error {
				_, err := t.zt.Access.Policies.Delete(t.ctx, made.ID, zero_trust.AccessPolicyDeleteParams{AccountID: sdk.F(t.account)})
				return err
			}
			t.refused(remove(), 400, 12130, "in use")
			must[*zero_trust.AccessApplicationDeleteResponse](t)(t.through(A).remove(t.vars["id"]))
			if err := remove(); err != nil {
				t.failf("%s", told(err))
			}
		}},
		{op: "POST " + apps, what: "links policies by id, by object and written out, in order of precedence", class: own, run: func(t *try) {
			twoPolicies(t)
			made := t.object("POST", apps, `{"type":"self_hosted","name":"{name}","domain":"{host}","policies":["{one}",{"id":"{two}","precedence":7},
				{"name":"own","decision":"allow","include":[{"everyone":{}}]}]}`)
			t.made(apps + "/" + made.text("id"))
			var shown []string
			for _, p := range made["policies"].([]any) {
				o := object(p.(map[string]any))
				shown = append(shown, fmt.Sprint(o["precedence"], " ", o["reusable"]))
			}
			t.same("precedence and reusable", shown, []string{"1 true", "3 false", "7 true"})
		}},
		{op: "POST " + apps, what: "refuses own policies beside reusable ones, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{PoliciesNotMixed: true}}, run: func(t *try) {
				twoPolicies(t)
				err := t.execute("POST", apps, `{"type":"self_hosted","name":"{name}","domain":"{host}","policies":["{one}",{"name":"own","decision":"allow","include":[{"everyone":{}}]}]}`, nil)
				t.refused(err, 400, 12130, "reusable and inline policies are mutually exclusive")
			}},
	}, appPolicyRowsThrough(A), appPolicyRowsThrough(Z), rowsOf(policyRefusals()))
}

func withoutSpaces(s string) string { return strings.ReplaceAll(s, " ", "") }

// lockWith makes an application on the row's host with a policy.
func (t *try) lockWith(policy string) {
	body := lockOn(t, t.host())
	body.Policies = sdk.F([]zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationPolicyUnion{
		zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationPoliciesAccessAppPolicyLink{ID: sdk.F(policy), Precedence: sdk.F(int64(1))}})
	must[*zero_trust.AccessApplicationNewResponse](t)(t.through(A).create(body))
}

func policyRefusals() []refusal {
	create := "POST " + policies
	rules := strings.TrimSuffix(strings.Repeat(`{"email":{"email":"a@example.org"}},`, 1001), ",")
	return []refusal{
		{create, own, "a policy without a name", nil, `{"decision":"allow","include":[{"everyone":{}}]}`, 400, 12130, "name", 0},
		{create, own, "an unknown decision", nil, `{"name":"{name}","decision":"maybe","include":[{"everyone":{}}]}`, 400, 12130, "decision", 0},
		{create, own, "a policy that includes nobody", nil, `{"name":"{name}","decision":"allow","include":[]}`, 400, 12130, "include", 0},
		{create, own, "a rule that is none", nil, `{"name":"{name}","decision":"allow","include":["everyone"]}`, 400, 12130, "rule", 0},
		{create, own, "an unknown group", nil, `{"name":"{name}","decision":"allow","include":[{"group":{"id":"{id}"}}]}`, 400, 12130, "unknown group", 0},
		{create, own, "more than 1,000 rules", nil, `{"name":"{name}","decision":"allow","include":[` + rules + `]}`, 400, 12130, "1000 rules", 0},
		{create, simulated, "more than 500", func(t *try) {
			t.many(500, "POST", policies, `{"name":"{name}","decision":"allow","include":[{"everyone":{}}]}`)
		},
			`{"name":"{name}","decision":"allow","include":[{"everyone":{}}]}`, 400, 12130, "500", 0},
		{"GET " + policies + "/{id}", read, "an unknown one", nil, "", 404, 11021, "policy_not_found", 0},
		{"PUT " + policies + "/{id}", read, "an unknown one", nil, `{"name":"{name}","decision":"allow","include":[{"everyone":{}}]}`, 404, 11021, "policy_not_found", 0},
		{"DELETE " + policies + "/{id}", read, "an unknown one", nil, "", 404, 11021, "policy_not_found", 0},
	}
}

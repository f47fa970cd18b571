package conformance

import (
	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

type (
	newAppPolicy = zero_trust.AccessApplicationPolicyNewParamsBody
	putAppPolicy = zero_trust.AccessApplicationPolicyUpdateParamsBody
)

// ownPolicy makes an application with a policy of its own.
func (c appCalls) ownPolicy() (app string, made *zero_trust.AccessApplicationPolicyNewResponse) {
	aLock(c.try)
	app = c.vars["id"]
	made = must[*zero_trust.AccessApplicationPolicyNewResponse](c.try)(c.addPolicy(app, newAppPolicy{Name: sdk.F(c.name()), Decision: sdk.F(zero_trust.DecisionAllow), Include: sdk.F[any](everyone())}))
	c.vars["policy"] = made.ID
	return app, made
}

// appPolicyRowsThrough are the policies of one application.
func appPolicyRowsThrough(base string) []row {
	list, one := base+"/access/apps/{id}/policies", base+"/access/apps/{id}/policies/{policy}"
	allow := `{"name":"{name}","decision":"allow","include":[{"everyone":{}}],`
	return append([]row{
		{op: "POST " + list, what: "adds a policy behind the others", class: own, run: func(t *try) {
			c := t.through(base)
			app, first := c.ownPolicy()
			t.same("the first", []any{first.Name, first.Decision, first.Precedence}, []any{t.name(), zero_trust.DecisionAllow, int64(1)})
			second := must[*zero_trust.AccessApplicationPolicyNewResponse](t)(c.addPolicy(app, newAppPolicy{Name: sdk.F("second"), Decision: sdk.F(zero_trust.DecisionDeny), Include: sdk.F[any](everyone())}))
			t.same("the second's precedence", second.Precedence, int64(2))
		}},
		{op: "GET " + one, what: "shows it", class: own, run: func(t *try) {
			c := t.through(base)
			app, made := c.ownPolicy()
			got := must[*zero_trust.AccessApplicationPolicyGetResponse](t)(c.policy(app, made.ID))
			t.same("it", []any{got.ID, got.Name, got.Precedence}, []any{made.ID, t.name(), int64(1)})
		}},
		{op: "GET " + list, what: "lists it", class: own, run: func(t *try) {
			c := t.through(base)
			app, made := c.ownPolicy()
			all := c.policies(app)
			t.holds("it is there alone", len(all) == 1 && all[0].ID == made.ID)
		}},
		{op: "PUT " + one, what: "replaces it in its place", class: own, run: func(t *try) {
			c := t.through(base)
			app, made := c.ownPolicy()
			put := must[*zero_trust.AccessApplicationPolicyUpdateResponse](t)(c.putPolicy(app, made.ID, putAppPolicy{Name: sdk.F("other"), Decision: sdk.F(zero_trust.DecisionDeny), Include: sdk.F[any](everyone())}))
			t.same("it", []any{put.ID, put.Name, put.Decision, put.Precedence}, []any{made.ID, "other", zero_trust.DecisionDeny, int64(1)})
		}},
		{op: "DELETE " + one, what: "removes it", class: own, run: func(t *try) {
			c := t.through(base)
			app, made := c.ownPolicy()
			gone := must[*zero_trust.AccessApplicationPolicyDeleteResponse](t)(c.removePolicy(app, made.ID))
			t.same("the id", gone.ID, made.ID)
			t.same("what is left", len(c.policies(app)), 0)
		}},
		{op: "PUT " + one + "/make_reusable", what: "moves it to the account", class: own, run: func(t *try) {
			c := t.through(base)
			_, made := c.ownPolicy()
			t.after("DELETE", policies+"/"+made.ID, "")
			t.after("DELETE", apps+"/{id}", "")
			if err := t.execute("PUT", one+"/make_reusable", "", nil); err != nil {
				t.stop("%s", told(err))
			}
			got := t.object("GET", policies+"/{policy}", "")
			t.same("reusable and app_count", []any{got["reusable"], got["app_count"]}, []any{true, 1.0})
		}},
	}, rowsOf([]refusal{
		{"POST " + list, own, "a precedence that is taken", func(t *try) { t.through(base).ownPolicy() }, allow + `"precedence":1}`, 400, 12130, "policy precedences must be unique", 0},
		{"POST " + list, own, "a precedence below 1", aLock, allow + `"precedence":-1}`, 400, 12130, "precedence", 0},
		{"POST " + list, own, "a precedence that is no number", aLock, allow + `"precedence":"first"}`, 400, 12130, "precedence", 0},
		{"PUT " + one, own, "to change a reusable policy", reusableLinked, allow + `"precedence":1}`, 400, 12130, "reusable", 0},
		{"DELETE " + one, own, "to delete a reusable policy", reusableLinked, "", 400, 12130, "reusable", 0},
		{"PUT " + one + "/make_reusable", own, "one that is reusable", reusableLinked, "", 400, 12130, "reusable", 0},
		{"GET " + one, own, "an unknown one", aLock, "", 404, 11021, "policy_not_found", 0},
		{"GET " + list, read, "an unknown application", nil, "", 404, 11021, "application_not_found", 0},
	})...)
}

func reusableLinked(t *try) {
	t.vars["policy"] = t.reusable("", zero_trust.DecisionAllow).ID
	t.lockWith(t.vars["policy"])
}

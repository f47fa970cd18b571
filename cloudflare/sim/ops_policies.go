package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// policy is an Access policy: a reusable one of the account, or one that
// belongs to a single application.
type policy struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Decision string `json:"decision"`
	ruleset
	Settings  map[string]json.RawMessage `json:"settings"`
	CreatedAt time.Time                  `json:"created_at"`
	UpdatedAt time.Time                  `json:"updated_at"`
}

func policyRoutes() []route {
	list, one := "/accounts/{account}/access/policies", "/accounts/{account}/access/policies/{id}"
	return []route{
		{method: "GET", path: list, area: appArea(), access: true, do: listPolicies},
		{method: "POST", path: list, area: appArea(), access: true, do: createPolicy},
		{method: "GET", path: one, area: appArea(), access: true, do: getPolicy},
		{method: "PUT", path: one, area: appArea(), access: true, do: putPolicy},
		{method: "DELETE", path: one, area: appArea(), access: true, do: deletePolicy},
	}
}

func policyDefaults() map[string]string {
	return map[string]string{"session_duration": "", "approval_required": "", "approval_groups": "",
		"isolation_required": "", "purpose_justification_required": "", "purpose_justification_prompt": "",
		"mfa_config": "", "connection_rules": ""}
}

// view is a policy as /access/policies shows it; apps is the number of
// applications that link to it.
func (p *policy) view(reusable bool) map[string]any {
	v := map[string]any{"id": p.ID, "uid": p.ID, "name": p.Name, "decision": p.Decision, "include": p.Include,
		"exclude": p.Exclude, "require": p.Require, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt, "reusable": reusable}
	for name, value := range p.Settings {
		v[name] = value
	}
	return v
}

func (a *account) policyView(p *policy, uses map[string]int) map[string]any {
	v := p.view(true)
	v["app_count"] = uses[p.ID]
	return v
}

// uses counts the applications of each reusable policy.
func (a *account) uses() map[string]int {
	uses := map[string]int{}
	for app := range a.Apps.all() {
		for _, link := range app.Policies {
			uses[link.ID]++
		}
	}
	return uses
}

// newPolicy reads a whole policy from JSON.
func (c *call) newPolicy(body []byte, id string, created time.Time) (*policy, error) {
	p := &policy{}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, invalidAccess(err.Error())
	}
	settings, err := settable(body, policyDefaults())
	if err != nil {
		return nil, err
	}
	p.ID, p.CreatedAt, p.UpdatedAt, p.Settings = id, created, c.now, settings
	p.fill()
	switch {
	case p.Name == "":
		return nil, invalidAccess("policy name is required")
	case !slices.Contains([]string{"allow", "deny", "non_identity", "bypass"}, p.Decision):
		return nil, invalidAccess("unrecognized policy decision")
	case len(p.Include) == 0:
		return nil, invalidAccess("policy must have at least one include rule")
	case len(p.rules()) > maxRules:
		return nil, invalidAccess("a policy can have at most 1000 rules")
	}
	return p, c.account.resolve(p.ruleset)
}

// maxPolicies is how many reusable policies an account can have.
const maxPolicies = 500

var errTooManyPolicies = invalidAccess("an account can have at most 500 reusable policies")

func listPolicies(c *call) (answer, error) {
	rows := make([]map[string]any, 0, c.account.Policies.len())
	uses := c.account.uses()
	for p := range c.account.Policies.all() {
		rows = append(rows, c.account.policyView(p, uses))
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

func createPolicy(c *call) (answer, error) {
	if c.account.Policies.len() >= maxPolicies {
		return answer{}, errTooManyPolicies
	}
	p, err := c.newPolicy(c.body, c.cloud.ids.uuid(), c.now)
	if err != nil {
		return answer{}, err
	}
	c.account.Policies.put(p.ID, p)
	return answer{status: http.StatusCreated, result: c.account.policyView(p, nil)}, nil
}

func errNoAccessObject(what string) error {
	return refuse(http.StatusNotFound, 11021, "access.api.error."+what+"_not_found")
}

func (c *call) policy() (*policy, error) {
	if p, ok := c.account.Policies.get(c.id); ok {
		return p, nil
	}
	return nil, errNoAccessObject("policy")
}

func getPolicy(c *call) (answer, error) {
	p, err := c.policy()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.account.policyView(p, c.account.uses())}, nil
}

func putPolicy(c *call) (answer, error) {
	old, err := c.policy()
	if err != nil {
		return answer{}, err
	}
	p, err := c.newPolicy(c.body, old.ID, old.CreatedAt)
	if err != nil {
		return answer{}, err
	}
	c.account.Policies.put(p.ID, p)
	return answer{result: c.account.policyView(p, c.account.uses())}, nil
}

// deletePolicy refuses one in use; documented is that it must be unlinked
// first, not the code of the refusal.
func deletePolicy(c *call) (answer, error) {
	p, err := c.policy()
	if err != nil {
		return answer{}, err
	}
	if c.account.uses()[p.ID] > 0 {
		return answer{}, invalidAccess("reusable policy is in use by one or more applications")
	}
	c.account.Policies.drop(p.ID)
	return answer{status: http.StatusAccepted, result: named{ID: p.ID}}, nil
}

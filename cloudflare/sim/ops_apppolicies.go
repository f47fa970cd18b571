package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// appPolicyRoutes are the policies of one application: its own ones, and,
// only to be seen here, the reusable ones that it links.
func appPolicyRoutes() []route {
	var all []route
	for _, base := range accessBases() {
		list, one := base+"/access/apps/{id}/policies", base+"/access/apps/{id}/policies/{policy}"
		all = append(all,
			route{method: "GET", path: list, area: appArea(), access: true, do: listAppPolicies},
			route{method: "POST", path: list, area: appArea(), access: true, do: createAppPolicy},
			route{method: "GET", path: one, area: appArea(), access: true, do: getAppPolicy},
			route{method: "PUT", path: one, area: appArea(), access: true, do: putAppPolicy},
			route{method: "DELETE", path: one, area: appArea(), access: true, do: deleteAppPolicy},
			route{method: "PUT", path: one + "/make_reusable", area: appArea(), access: true, do: makeReusable})
	}
	return all
}

func listAppPolicies(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	return page(c.query, c.account.policyViews(a), paging{25, 1, 1000}), nil
}

// appPolicy finds the application of the path and the place of the policy
// among its links.
func (c *call) appPolicy() (*app, int, error) {
	a, err := c.app()
	if err != nil {
		return nil, 0, err
	}
	at := slices.IndexFunc(a.Policies, func(l appPolicy) bool { return l.ID == c.params["policy"] })
	if at < 0 {
		return nil, 0, errNoAccessObject("policy")
	}
	return a, at, nil
}

// ownPolicy is appPolicy for writes, which reach the application's own alone.
func (c *call) ownPolicy() (*app, int, error) {
	a, at, err := c.appPolicy()
	if err == nil && a.Policies[at].Own == nil {
		err = invalidAccess("reusable policies cannot be changed through an application")
	}
	return a, at, err
}

func getAppPolicy(c *call) (answer, error) {
	a, at, err := c.appPolicy()
	if err != nil {
		return answer{}, err
	}
	return answer{result: a.Policies[at].view(c.account.policiesOf(a)[at])}, nil
}

// relink stores the links of an application.
func (c *call) relink(a *app, links []appPolicy) error {
	if err := c.checkLinks(links); err != nil {
		return err
	}
	changed := *a
	changed.Policies, changed.UpdatedAt = links, c.now
	c.account.replaceApp(a, &changed)
	return nil
}

// createAppPolicy adds a policy of the application's own, without a precedence
// behind the others.
func createAppPolicy(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	last := 0
	if n := len(a.Policies); n > 0 {
		last = a.Policies[n-1].Precedence
	}
	link, err := c.ownLink(c.cloud.ids.uuid(), c.now, last+1, a.Policies)
	if err != nil {
		return answer{}, err
	}
	if err := c.relink(a, append(slices.Clone(a.Policies), link)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, result: link.view(link.Own)}, nil
}

// ownLink reads a policy of the application's own that is to stand among
// others, at a usual precedence if the body has none.
func (c *call) ownLink(id string, created time.Time, usual int, others []appPolicy) (appPolicy, error) {
	in := struct {
		Precedence int `json:"precedence"`
	}{usual}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return appPolicy{}, invalidAccess("precedence must be a number")
	}
	own, err := c.newPolicy(c.body, id, created)
	switch {
	case err != nil:
		return appPolicy{}, err
	case in.Precedence < 1:
		return appPolicy{}, errPrecedence
	case slices.ContainsFunc(others, func(l appPolicy) bool { return l.Precedence == in.Precedence }):
		return appPolicy{}, errPrecedences
	}
	return appPolicy{ID: id, Precedence: in.Precedence, Own: own}, nil
}

func putAppPolicy(c *call) (answer, error) {
	a, at, err := c.ownPolicy()
	if err != nil {
		return answer{}, err
	}
	old := a.Policies[at]
	others := slices.Delete(slices.Clone(a.Policies), at, at+1)
	link, err := c.ownLink(old.ID, old.Own.CreatedAt, old.Precedence, others)
	if err != nil {
		return answer{}, err
	}
	if err := c.relink(a, append(others, link)); err != nil {
		return answer{}, err
	}
	return answer{result: link.view(link.Own)}, nil
}

func deleteAppPolicy(c *call) (answer, error) {
	a, at, err := c.ownPolicy()
	if err != nil {
		return answer{}, err
	}
	id := a.Policies[at].ID
	if err := c.relink(a, slices.Delete(slices.Clone(a.Policies), at, at+1)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, result: named{ID: id}}, nil
}

// makeReusable moves a policy of the application's own to the account. The
// application links it from then on.
func makeReusable(c *call) (answer, error) {
	a, at, err := c.ownPolicy()
	if err != nil {
		return answer{}, err
	}
	if c.account.Policies.len() >= maxPolicies {
		return answer{}, errTooManyPolicies
	}
	own := a.Policies[at].Own
	c.account.Policies.put(own.ID, own)
	changed := *a
	changed.Policies, changed.UpdatedAt = slices.Clone(a.Policies), c.now
	changed.Policies[at].Own = nil
	c.account.replaceApp(a, &changed)
	return answer{result: c.account.policyView(own, c.account.uses())}, nil
}

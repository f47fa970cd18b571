package sim

import (
	"cmp"
	"encoding/json"
	"slices"
)

// appPolicy is one entry of an application's policies: a link to a reusable
// one, or a policy of its own.
type appPolicy struct {
	ID         string  `json:"id"`
	Precedence int     `json:"precedence"`
	Own        *policy `json:"own,omitempty"`
}

var (
	errPrecedence  = invalidAccess("policy precedence must be at least 1")
	errPrecedences = invalidAccess("policy precedences must be unique")
)

// linkPolicies reads the policies of an application. Each is an id, an object
// with an id, or a policy written out. A reusable policy cannot be edited
// here: of an object that names one, only the precedence counts. Without a
// precedence the place in the list is it.
func (c *call) linkPolicies(list []json.RawMessage, old *app) ([]appPolicy, error) {
	links := make([]appPolicy, 0, len(list))
	for i, raw := range list {
		link, err := c.linkPolicy(raw, old)
		if err != nil {
			return nil, err
		}
		if link.Precedence == 0 {
			link.Precedence = i + 1
		}
		if slices.ContainsFunc(links, func(l appPolicy) bool { return l.Precedence == link.Precedence }) {
			return nil, errPrecedences
		}
		links = append(links, link)
	}
	return links, c.checkLinks(links)
}

// checkLinks puts links in order and checks them as a whole.
func (c *call) checkLinks(links []appPolicy) error {
	slices.SortFunc(links, func(a, b appPolicy) int { return cmp.Compare(a.Precedence, b.Precedence) })
	rules, own := 0, 0
	for _, l := range links {
		if l.Own != nil {
			own++
			rules += len(l.Own.rules())
		} else if p, ok := c.account.Policies.get(l.ID); ok {
			rules += len(p.rules())
		}
	}
	switch {
	case rules > maxRules:
		return invalidAccess("an application can have at most 1000 rules")
	case c.cloud.o.Unsure.PoliciesNotMixed && own > 0 && own < len(links):
		return invalidAccess("reusable and inline policies are mutually exclusive")
	}
	return nil
}

func (c *call) linkPolicy(raw json.RawMessage, old *app) (appPolicy, error) {
	var in struct {
		ID         string `json:"id"`
		Precedence int    `json:"precedence"`
		Decision   string `json:"decision"`
	}
	if err := json.Unmarshal(raw, &in.ID); err != nil {
		if err := json.Unmarshal(raw, &in); err != nil {
			return appPolicy{}, invalidAccess("a policy is an id or an object")
		}
	}
	if in.Precedence < 0 {
		return appPolicy{}, errPrecedence
	}
	if _, reusable := c.account.Policies.get(in.ID); reusable {
		return appPolicy{ID: in.ID, Precedence: in.Precedence}, nil
	}
	id, created := c.cloud.ids.uuid(), c.now
	if in.ID != "" {
		own := old.own(in.ID)
		if own == nil {
			return appPolicy{}, errNoAccessObject("policy")
		}
		if in.Decision == "" { // named only
			return appPolicy{ID: in.ID, Precedence: in.Precedence, Own: own}, nil
		}
		id, created = own.ID, own.CreatedAt
	}
	own, err := c.newPolicy(raw, id, created)
	if err != nil {
		return appPolicy{}, err
	}
	return appPolicy{ID: id, Precedence: in.Precedence, Own: own}, nil
}

// own is the policy of the application's own with that id.
func (a *app) own(id string) *policy {
	if a == nil {
		return nil
	}
	for _, link := range a.Policies {
		if link.ID == id {
			return link.Own
		}
	}
	return nil
}

// policiesOf are the policies of an application by precedence.
func (a *account) policiesOf(app *app) []*policy {
	list := make([]*policy, 0, len(app.Policies))
	for _, link := range app.Policies {
		if link.Own != nil {
			list = append(list, link.Own)
		} else if p, ok := a.Policies.get(link.ID); ok {
			list = append(list, p)
		}
	}
	return list
}

func (a *account) policyViews(app *app) []map[string]any {
	views := make([]map[string]any, 0, len(app.Policies))
	for i, p := range a.policiesOf(app) {
		views = append(views, app.Policies[i].view(p))
	}
	return views
}

// view is a policy as its application shows it.
func (l appPolicy) view(p *policy) map[string]any {
	v := p.view(l.Own == nil)
	v["precedence"] = l.Precedence
	return v
}

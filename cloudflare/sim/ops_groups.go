package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// group is an Access group: rules with a name, for policies to refer to.
type group struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default truth  `json:"is_default"`
	ruleset
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// truth is a boolean that may also be written as a list: whether it has items.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) == nil {
		*t = len(list) > 0
		return nil
	}
	return json.Unmarshal(b, (*bool)(t))
}

// How many groups an account can have, and how many rules one has.
const (
	maxGroups = 300
	maxRules  = 1000
)

func groupRoutes() []route {
	list, one := "/accounts/{account}/access/groups", "/accounts/{account}/access/groups/{id}"
	return []route{
		{method: "GET", path: list, area: orgArea(), access: true, do: listGroups},
		{method: "POST", path: list, area: orgArea(), access: true, do: createGroup},
		{method: "GET", path: one, area: orgArea(), access: true, do: getGroup},
		{method: "PUT", path: one, area: orgArea(), access: true, do: putGroup},
		{method: "DELETE", path: one, area: orgArea(), access: true, do: deleteGroup},
	}
}

// groupView has is_default as the API does: the rules of a default group,
// where a write takes a boolean.
type groupView struct {
	*group
	UID     string `json:"uid"`
	Default []rule `json:"is_default"`
}

func (g *group) view() groupView {
	v := groupView{group: g, UID: g.ID, Default: []rule{}}
	if g.Default {
		v.Default = g.Include
	}
	return v
}

func listGroups(c *call) (answer, error) {
	var rows []groupView
	for g := range c.account.Groups.all() {
		if c.wantsNamed(g.Name) {
			rows = append(rows, g.view())
		}
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

// wantsNamed applies the filters of lists of things that have little but a name.
func (c *call) wantsNamed(name string) bool {
	return (!c.query.Has("name") || c.query.Get("name") == name) &&
		strings.Contains(strings.ToLower(name), strings.ToLower(c.query.Get("search")))
}

func (c *call) saveGroup(id string, created time.Time) (*group, error) {
	g := &group{}
	if err := c.read(g); err != nil {
		return nil, err
	}
	g.ID, g.CreatedAt, g.UpdatedAt = id, created, c.now
	g.fill()
	switch {
	case g.Name == "":
		return nil, invalidAccess("group name is required")
	case len(g.Include) == 0:
		return nil, invalidAccess("group must have at least one include rule")
	case len(g.rules()) > maxRules:
		return nil, invalidAccess("a group can have at most 1000 rules")
	case slices.ContainsFunc(g.rules(), func(r rule) bool { return r.kind == "group" }):
		return nil, invalidAccess("a group cannot refer to a group")
	}
	if err := c.account.resolve(g.ruleset); err != nil {
		return nil, err
	}
	c.account.Groups.put(g.ID, g)
	return g, nil
}

// resolve checks that what rules refer to exists. That the API does so was not
// established.
func (a *account) resolve(s ruleset) error {
	for _, r := range s.rules() {
		_, known := selectors()[r.kind]
		switch r.kind {
		case "group":
			_, known = a.Groups.get(r.value)
		case "service_token":
			_, known = a.ServiceTokens.get(r.value)
		case "login_method":
			_, known = a.IDPs.get(r.value)
		}
		if !known {
			return invalidAccess("the rule has, or refers to, an unknown " + strings.ReplaceAll(r.kind, "_", " "))
		}
	}
	return nil
}

func createGroup(c *call) (answer, error) {
	if c.account.Groups.len() >= maxGroups {
		return answer{}, invalidAccess("an account can have at most 300 groups")
	}
	g, err := c.saveGroup(c.cloud.ids.uuid(), c.now)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, result: g.view()}, nil
}

func (c *call) group() (*group, error) {
	if g, ok := c.account.Groups.get(c.id); ok {
		return g, nil
	}
	return nil, errNoAccessObject("group")
}

func getGroup(c *call) (answer, error) {
	g, err := c.group()
	if err != nil {
		return answer{}, err
	}
	return answer{result: g.view()}, nil
}

func putGroup(c *call) (answer, error) {
	old, err := c.group()
	if err != nil {
		return answer{}, err
	}
	g, err := c.saveGroup(old.ID, old.CreatedAt)
	if err != nil {
		return answer{}, err
	}
	return answer{result: g.view()}, nil
}

// deleteGroup refuses one that a policy refers to; neither that nor the code
// was established.
func deleteGroup(c *call) (answer, error) {
	g, err := c.group()
	if err != nil {
		return answer{}, err
	}
	if c.account.refersTo("group", g.ID) {
		return answer{}, invalidAccess("group is in use by one or more policies")
	}
	c.account.Groups.drop(g.ID)
	return answer{status: http.StatusAccepted, result: named{ID: g.ID}}, nil
}

// refersTo tells whether a policy, or a group, has a rule on something.
func (a *account) refersTo(kind, id string) bool {
	in := func(s ruleset) bool {
		return slices.ContainsFunc(s.rules(), func(r rule) bool { return r.kind == kind && r.value == id })
	}
	for p := range a.Policies.all() {
		if in(p.ruleset) {
			return true
		}
	}
	for g := range a.Groups.all() {
		if in(g.ruleset) {
			return true
		}
	}
	for app := range a.Apps.all() {
		if slices.ContainsFunc(app.Policies, func(p appPolicy) bool { return p.Own != nil && in(p.Own.ruleset) }) {
			return true
		}
	}
	return false
}

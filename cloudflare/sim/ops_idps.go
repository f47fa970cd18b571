package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// identity is a login method (identity provider).
type identity struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Config    json.RawMessage `json:"config"`
	CreatedAt time.Time       `json:"created_at"`
}

func identityRoutes() []route {
	list, one := "/accounts/{account}/access/identity_providers", "/accounts/{account}/access/identity_providers/{id}"
	return []route{
		{method: "GET", path: list, area: orgArea(), access: true, do: listIdentities},
		{method: "POST", path: list, area: orgArea(), access: true, do: createIdentity},
		{method: "GET", path: one, area: orgArea(), access: true, do: getIdentity},
		{method: "PUT", path: one, area: orgArea(), access: true, do: putIdentity},
		{method: "DELETE", path: one, area: orgArea(), access: true, do: deleteIdentity},
	}
}

func identityTypes() []string {
	return []string{"onetimepin", "azureAD", "saml", "github", "google", "google-apps", "oidc", "okta", "onelogin",
		"pingone", "centrify", "facebook", "linkedin", "yandex", "cloudflare"}
}

type identityView struct {
	ID     string          `json:"id"`
	UID    string          `json:"uid"`
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Config json.RawMessage `json:"config"`
}

func (i *identity) view() identityView { return identityView{i.ID, i.ID, i.Name, i.Type, i.Config} }

func listIdentities(c *call) (answer, error) {
	var rows []identityView
	for i := range c.account.IDPs.all() {
		rows = append(rows, i.view())
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

// saveIdentity stores the identity provider of the body under an id. That an
// account has one one-time PIN at most, and the code of that refusal, was not
// established.
func (c *call) saveIdentity(id string, created time.Time) (*identity, error) {
	i := &identity{}
	if err := c.read(i); err != nil {
		return nil, err
	}
	i.ID, i.CreatedAt = id, created
	if !slices.Contains(identityTypes(), i.Type) {
		return nil, invalidAccess("unknown identity provider type")
	}
	for other := range c.account.IDPs.all() {
		if i.Type == "onetimepin" && other.Type == i.Type && other.ID != id {
			return nil, refuse(http.StatusConflict, 11010, "access.api.error.identity_provider_already_exists")
		}
	}
	if i.Config == nil {
		i.Config = json.RawMessage("{}")
	}
	c.account.IDPs.put(id, i)
	return i, nil
}

func createIdentity(c *call) (answer, error) {
	i, err := c.saveIdentity(c.cloud.ids.uuid(), c.now)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, result: i.view()}, nil
}

func (c *call) identity() (*identity, error) {
	if i, ok := c.account.IDPs.get(c.id); ok {
		return i, nil
	}
	return nil, errNoAccessObject("identity provider")
}

func getIdentity(c *call) (answer, error) {
	i, err := c.identity()
	if err != nil {
		return answer{}, err
	}
	return answer{result: i.view()}, nil
}

func putIdentity(c *call) (answer, error) {
	old, err := c.identity()
	if err != nil {
		return answer{}, err
	}
	i, err := c.saveIdentity(old.ID, old.CreatedAt)
	if err != nil {
		return answer{}, err
	}
	return answer{result: i.view()}, nil
}

func deleteIdentity(c *call) (answer, error) {
	i, err := c.identity()
	if err != nil {
		return answer{}, err
	}
	c.account.IDPs.drop(i.ID)
	return answer{status: http.StatusAccepted, result: named{ID: i.ID}}, nil
}

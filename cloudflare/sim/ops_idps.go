package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// identity is a login method (identity provider).
type identity struct {
	ID        string                     `json:"id"`
	Name      string                     `json:"name"`
	Type      string                     `json:"type"`
	Config    map[string]json.RawMessage `json:"config"`
	SCIM      map[string]json.RawMessage `json:"scim_config,omitempty"`
	CreatedAt time.Time                  `json:"created_at"`
}

// maxIdentities of an account.
const maxIdentities = 50

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
	ID     string                     `json:"id"`
	UID    string                     `json:"uid"`
	Name   string                     `json:"name"`
	Type   string                     `json:"type"`
	Config map[string]json.RawMessage `json:"config"`
	SCIM   map[string]json.RawMessage `json:"scim_config,omitempty"`
}

// concealed is what is shown of a secret.
const concealed = `"**********************************"`

// view shows a login method without its secrets. The one-time PIN shows the
// address that it sends people back to.
func (c *call) identityView(i *identity) identityView {
	v := identityView{ID: i.ID, UID: i.ID, Name: i.Name, Type: i.Type, Config: maps.Clone(i.Config), SCIM: maps.Clone(i.SCIM)}
	for _, secrets := range []map[string]json.RawMessage{v.Config, v.SCIM} {
		for _, name := range []string{"client_secret", "api_token", "secret"} {
			if _, has := secrets[name]; has {
				secrets[name] = json.RawMessage(concealed)
			}
		}
	}
	if i.Type == "onetimepin" {
		v.Config["redirect_url"] = json.RawMessage(`"https://` + c.account.Org.AuthDomain + `/cdn-cgi/access/callback"`)
	}
	return v
}

func listIdentities(c *call) (answer, error) {
	var rows []identityView
	for i := range c.account.IDPs.all() {
		if enabled, asked := c.flag("scim_enabled"); !asked || enabled == (string(i.SCIM["enabled"]) == "true") {
			rows = append(rows, c.identityView(i))
		}
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
	if i.Name == "" {
		return nil, invalidAccess("name is required")
	}
	for other := range c.account.IDPs.all() {
		if i.Type == "onetimepin" && other.Type == i.Type && other.ID != id {
			return nil, refuse(http.StatusConflict, 11010, "access.api.error.identity_provider_already_exists")
		}
	}
	if i.Config == nil {
		i.Config = map[string]json.RawMessage{}
	}
	if old, ok := c.account.IDPs.get(id); ok {
		i.keepSecrets(old)
	}
	c.account.IDPs.put(id, i)
	return i, nil
}

// keepSecrets puts the known secrets where only their concealed form came back.
func (i *identity) keepSecrets(old *identity) {
	for name, value := range i.Config {
		if string(value) == concealed && old.Config[name] != nil {
			i.Config[name] = old.Config[name]
		}
	}
	for name, value := range i.SCIM {
		if string(value) == concealed && old.SCIM[name] != nil {
			i.SCIM[name] = old.SCIM[name]
		}
	}
}

func createIdentity(c *call) (answer, error) {
	if c.account.IDPs.len() >= maxIdentities {
		return answer{}, invalidAccess("an account can have at most 50 identity providers")
	}
	i, err := c.saveIdentity(c.cloud.ids.uuid(), c.now)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, result: c.identityView(i)}, nil
}

func (c *call) identity() (*identity, error) {
	if i, ok := c.account.IDPs.get(c.id); ok {
		return i, nil
	}
	return nil, errNoAccessObject("identity_provider")
}

func getIdentity(c *call) (answer, error) {
	i, err := c.identity()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.identityView(i)}, nil
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
	return answer{result: c.identityView(i)}, nil
}

func deleteIdentity(c *call) (answer, error) {
	i, err := c.identity()
	if err != nil {
		return answer{}, err
	}
	c.account.IDPs.drop(i.ID)
	return answer{status: http.StatusAccepted, result: named{ID: i.ID}}, nil
}

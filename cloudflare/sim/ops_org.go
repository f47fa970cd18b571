package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"
)

// organization is an account's Zero Trust organization.
type organization struct {
	Name       string                     `json:"name"`
	AuthDomain string                     `json:"auth_domain"`
	Settings   map[string]json.RawMessage `json:"settings"`
	CreatedAt  time.Time                  `json:"created_at"`
	UpdatedAt  time.Time                  `json:"updated_at"`
}

func organizationRoutes() []route {
	path := "/accounts/{account}/access/organizations"
	return []route{
		{method: "GET", path: path, area: orgArea(), access: true, do: getOrganization},
		{method: "POST", path: path, area: orgArea(), do: createOrganization},
		{method: "PUT", path: path, area: orgArea(), access: true, do: putOrganization},
	}
}

// settable is the part of a JSON body that an object keeps as it came: the
// known fields, each with its default. Unknown fields are dropped, and a
// field that a whole-object write leaves out goes back to its default.
func settable(body []byte, defaults map[string]string) (map[string]json.RawMessage, error) {
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, refuse(http.StatusBadRequest, 6007, "Malformed JSON in request body")
	}
	kept := map[string]json.RawMessage{}
	for name, value := range defaults {
		if given, ok := sent[name]; ok && string(given) != "null" {
			kept[name] = given
		} else if value != "" {
			kept[name] = json.RawMessage(value)
		}
	}
	return kept, nil
}

func organizationDefaults() map[string]string {
	return map[string]string{"session_duration": `"24h"`, "is_ui_read_only": "false", "auto_redirect_to_identity": "false",
		"deny_unmatched_requests": "false", "login_design": "{}", "allow_authenticate_via_warp": "", "warp_auth_session_duration": "",
		"user_seat_expiration_inactive_time": "", "ui_read_only_toggle_reason": "", "custom_pages": ""}
}

func (o *organization) view() map[string]any {
	v := map[string]any{"name": o.Name, "auth_domain": o.AuthDomain, "created_at": o.CreatedAt, "updated_at": o.UpdatedAt}
	for name, value := range o.Settings {
		v[name] = value
	}
	return v
}

func (o *organization) denyUnmatched() bool {
	return string(o.Settings["deny_unmatched_requests"]) == "true"
}

func getOrganization(c *call) (answer, error) { return answer{result: c.account.Org.view()}, nil }

// createOrganization onboards an account only if Unsure says that the API can.
func createOrganization(c *call) (answer, error) {
	if c.account.Org != nil {
		return answer{}, refuse(http.StatusConflict, 11010, "access.api.error.organization_already_exists")
	}
	if !c.cloud.o.Unsure.OnboardByAPI {
		return answer{}, errPermission
	}
	var in struct {
		Name       string `json:"name"`
		AuthDomain string `json:"auth_domain"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Name == "" || in.AuthDomain == "" {
		return answer{}, invalidAccess("name and auth_domain are required")
	}
	c.cloud.onboard(c.account, in.Name, in.AuthDomain, c.now)
	return answer{status: http.StatusCreated, result: c.account.Org.view()}, nil
}

func putOrganization(c *call) (answer, error) {
	var in struct {
		Name       *string `json:"name"`
		AuthDomain *string `json:"auth_domain"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	settings, err := settable(c.body, organizationDefaults())
	if err != nil {
		return answer{}, err
	}
	org := *c.account.Org
	org.Settings, org.UpdatedAt = settings, c.now
	if in.Name != nil {
		org.Name = *in.Name
	}
	if in.AuthDomain != nil {
		org.AuthDomain = hostname(*in.AuthDomain)
	}
	c.account.Org = &org
	return answer{result: org.view()}, nil
}

// onboard makes the organization, with the only login method new ones have:
// Cloudflare's own accounts. The state must be locked.
func (c *Cloud) onboard(a *account, name, domain string, now time.Time) {
	settings, _ := settable([]byte("{}"), organizationDefaults())
	a.Org = &organization{Name: name, AuthDomain: hostname(domain), Settings: maps.Clone(settings), CreatedAt: now, UpdatedAt: now}
	idp := &identity{ID: c.ids.uuid(), Name: "Cloudflare", Type: "cloudflare", Config: json.RawMessage("{}"), CreatedAt: now}
	a.IDPs.put(idp.ID, idp)
}

// invalidAccess is the refusal that /access gives for most bad input.
func invalidAccess(text string) error {
	return refuse(http.StatusBadRequest, 12130, "access.api.error.invalid_request: "+text)
}

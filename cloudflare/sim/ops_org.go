package sim

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
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
		{method: "PATCH", path: path, area: orgArea(), access: true, do: editOrganization},
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
		"user_seat_expiration_inactive_time": "", "ui_read_only_toggle_reason": "", "custom_pages": "",
		"deny_unmatched_requests_exempted_zone_names": "[]", "mfa_config": "", "mfa_piv_key_requirements": "",
		"mfa_required_for_all_apps": "", "warp_auth_non_browser_401": "", "strict_service_token_auth": "false"}
}

func (o *organization) view() map[string]any {
	v := map[string]any{"name": o.Name, "auth_domain": o.AuthDomain, "created_at": o.CreatedAt, "updated_at": o.UpdatedAt}
	for name, value := range o.Settings {
		v[name] = value
	}
	v["strict_service_token_auth"] = o.strict()
	return v
}

// deniesUnmatched tells whether hosts of a zone without an application are shut.
func (o *organization) deniesUnmatched(zone string) bool {
	var exempt []string
	if json.Unmarshal(o.Settings["deny_unmatched_requests_exempted_zone_names"], &exempt) != nil {
		exempt = nil // a snapshot edited by hand
	}
	return string(o.Settings["deny_unmatched_requests"]) == "true" && !slices.Contains(exempt, zone)
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
	var in organizationInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Name == "" || in.AuthDomain == "" {
		return answer{}, invalidAccess("name and auth_domain are required")
	}
	if err := c.checkOrganization(in); err != nil {
		return answer{}, err
	}
	c.cloud.onboard(c.account, in.Name, in.AuthDomain, c.now)
	return answer{status: http.StatusCreated, result: c.account.Org.view()}, nil
}

type organizationInput struct {
	Name       string `json:"name"`
	AuthDomain string `json:"auth_domain"`
	WARPLength string `json:"warp_auth_session_duration"`
	Length     string `json:"session_duration"`
}

// checkOrganization refuses what no organization can have. That another
// account's team domain is taken is sure, the code of the refusal is not.
func (c *call) checkOrganization(in organizationInput) error {
	if owner := c.state.team(hostname(in.AuthDomain)); owner != nil && owner != c.account {
		return refuse(http.StatusConflict, 11010, "access.api.error.auth_domain_already_exists")
	}
	for name, text := range map[string]string{"warp_auth_session_duration": in.WARPLength, "session_duration": in.Length} {
		if _, err := time.ParseDuration(text); text != "" && err != nil {
			return invalidAccess("invalid " + name)
		}
	}
	return nil
}

// putOrganization sets every setting, also those that are not in the body.
func putOrganization(c *call) (answer, error) {
	settings, err := settable(c.body, organizationDefaults())
	if err != nil {
		return answer{}, err
	}
	return c.saveOrganization(settings)
}

// editOrganization leaves what is not in the body.
func editOrganization(c *call) (answer, error) {
	given, err := settable(c.body, organizationDefaults())
	if err != nil {
		return answer{}, err
	}
	var sent map[string]json.RawMessage
	if err := c.read(&sent); err != nil {
		return answer{}, err
	}
	settings := maps.Clone(c.account.Org.Settings)
	for name, value := range given {
		if _, ok := sent[name]; ok {
			settings[name] = value
		}
	}
	return c.saveOrganization(settings)
}

func (c *call) saveOrganization(settings map[string]json.RawMessage) (answer, error) {
	var in organizationInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := c.checkOrganization(in); err != nil {
		return answer{}, err
	}
	org := *c.account.Org
	org.Settings, org.UpdatedAt = settings, c.now
	org.Name = cmp.Or(in.Name, org.Name)
	org.AuthDomain = cmp.Or(hostname(in.AuthDomain), org.AuthDomain)
	c.account.Org = &org
	return answer{result: org.view()}, nil
}

// onboard makes the organization, with the only login method new ones have:
// Cloudflare's own accounts. The state must be locked.
func (c *Cloud) onboard(a *account, name, domain string, now time.Time) {
	settings, _ := settable([]byte("{}"), organizationDefaults())
	a.Org = &organization{Name: name, AuthDomain: hostname(domain), Settings: maps.Clone(settings), CreatedAt: now, UpdatedAt: now}
	idp := &identity{ID: c.ids.uuid(), Name: "Cloudflare", Type: "cloudflare", Config: map[string]json.RawMessage{}, CreatedAt: now}
	a.IDPs.put(idp.ID, idp)
	c.openGateway(a, now)
}

// invalidAccess is the refusal that /access gives for most bad input.
func invalidAccess(text string) error {
	return refuse(http.StatusBadRequest, 12130, "access.api.error.invalid_request: "+text)
}

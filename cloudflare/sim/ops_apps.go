package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// app is an Access application.
type app struct {
	ID           string                     `json:"id"`
	AUD          string                     `json:"aud"`
	Name         string                     `json:"name"`
	Type         string                     `json:"type"`
	Domain       string                     `json:"domain"`
	Destinations []destination              `json:"destinations"`
	Policies     []appPolicy                `json:"policies"` // by precedence
	Settings     map[string]json.RawMessage `json:"settings"`
	CreatedAt    time.Time                  `json:"created_at"`
	UpdatedAt    time.Time                  `json:"updated_at"`

	patterns []pattern // of the public destinations; rebuilt by compile
	arriving bool      // at the edge, which cannot tell yet who gets in (Propagation)
}

type destination struct {
	Type       string `json:"type"`
	URI        string `json:"uri,omitempty"`
	Hostname   string `json:"hostname,omitempty"`
	CIDR       string `json:"cidr,omitempty"`
	PortRange  string `json:"port_range,omitempty"`
	L4Protocol string `json:"l4_protocol,omitempty"`
	VnetID     string `json:"vnet_id,omitempty"`
}

// maxDestinations of one application.
const maxDestinations = 5

func appRoutes() []route {
	var all []route
	for _, base := range accessBases() {
		list, one := base+"/access/apps", base+"/access/apps/{id}"
		all = append(all,
			route{method: "GET", path: list, area: appArea(), access: true, do: listApps},
			route{method: "POST", path: list, area: appArea(), access: true, do: createApp},
			route{method: "GET", path: one, area: appArea(), access: true, do: getApp},
			route{method: "PUT", path: one, area: appArea(), access: true, do: putApp},
			route{method: "DELETE", path: one, area: appArea(), access: true, do: deleteApp},
			route{method: "PUT", path: one + "/settings", area: appArea(), access: true, do: editAppSettings},
			route{method: "PATCH", path: one + "/settings", area: appArea(), access: true, do: editAppSettings},
			route{method: "POST", path: one + "/revoke_tokens", area: appArea(), access: true, do: revokeTokens})
	}
	return all
}

// accessBases are where applications are reached: through their account, or
// through the zone that they stand in.
func accessBases() []string { return []string{"/accounts/{account}", "/zones/{zone}"} }

// appDefaults are the writable fields beside those of app itself.
func appDefaults() map[string]string {
	return map[string]string{
		"session_duration": `"24h"`, "allowed_idps": "[]", "tags": "[]", "app_launcher_visible": "true",
		"auto_redirect_to_identity": "false", "enable_binding_cookie": "false", "http_only_cookie_attribute": "true",
		"options_preflight_bypass": "false", "service_auth_401_redirect": "", "skip_interstitial": "",
		"same_site_cookie_attribute": "", "path_cookie_attribute": "", "custom_deny_url": "", "custom_deny_message": "",
		"custom_non_identity_deny_url": "", "custom_pages": "", "cors_headers": "", "logo_url": "", "allow_iframe": "",
		"allow_authenticate_via_warp": "", "read_service_tokens_from_header": "", "mfa_config": "", "scim_config": "",
		"eager_redirect_cookie_setting": "", "oauth_configuration": "", "use_clientless_isolation_app_launcher_url": "",
	}
}

func (c *call) appView(a *app) map[string]any {
	v := map[string]any{"id": a.ID, "uid": a.ID, "aud": a.AUD, "name": a.Name, "type": a.Type,
		"created_at": a.CreatedAt, "updated_at": a.UpdatedAt, "policies": c.account.policyViews(a)}
	if len(a.Destinations) > 0 {
		v["domain"], v["destinations"], v["self_hosted_domains"] = a.Domain, a.Destinations, a.publicURIs()
	}
	for name, value := range a.Settings {
		v[name] = value
	}
	return v
}

func (a *app) publicURIs() []string {
	uris := []string{}
	for _, d := range a.Destinations {
		if d.Type == "public" {
			uris = append(uris, d.URI)
		}
	}
	return uris
}

// compile rebuilds what the edge needs.
func (a *app) compile(u Unsure) {
	a.patterns = nil
	for _, uri := range a.publicURIs() {
		if p, err := parsePattern(uri, u.ExactPaths); err == nil { // checked when it was written
			a.patterns = append(a.patterns, p)
		}
	}
}

func (a *app) allowsIDP(id string) bool {
	var allowed []string
	err := json.Unmarshal(a.Settings["allowed_idps"], &allowed)
	return err != nil || len(allowed) == 0 || slices.Contains(allowed, id)
}

func listApps(c *call) (answer, error) {
	var rows []map[string]any
	for a := range c.account.Apps.all() {
		if c.inZone(a) && c.wantsApp(a) {
			rows = append(rows, c.appView(a))
		}
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

// inZone tells whether an application is to be found by the path: by its
// account's always, by a zone's if a public destination of it lies there.
func (c *call) inZone(a *app) bool {
	return c.zone == nil || slices.ContainsFunc(a.patterns, func(p pattern) bool { return c.state.zoneOf(p.base()) == c.zone })
}

func (c *call) wantsApp(a *app) bool {
	exact, _ := c.flag("exact")
	is := func(field, value string) bool {
		wanted := strings.ToLower(c.query.Get(field))
		if exact {
			return wanted == "" || strings.ToLower(value) == wanted
		}
		return strings.Contains(strings.ToLower(value), wanted)
	}
	return is("name", a.Name) && is("domain", a.Domain) && is("aud", a.AUD) &&
		strings.Contains(strings.ToLower(a.Name+" "+a.Domain), strings.ToLower(c.query.Get("search")))
}

// appInput is the body of a create or a (whole-object) PUT.
type appInput struct {
	Name              string            `json:"name"`
	Type              string            `json:"type"`
	Domain            string            `json:"domain"`
	Destinations      []destination     `json:"destinations"`
	SelfHostedDomains []string          `json:"self_hosted_domains"`
	Policies          []json.RawMessage `json:"policies"`
}

// destinations are the ones of the body in whatever way it gives them.
func (in appInput) destinations() []destination {
	list := slices.Clone(in.Destinations)
	if list == nil {
		for _, domain := range in.SelfHostedDomains {
			list = append(list, destination{Type: "public", URI: domain})
		}
	}
	if list == nil && in.Domain != "" {
		list = append(list, destination{Type: "public", URI: in.Domain})
	}
	for i := range list {
		if list[i].Type == "" {
			list[i].Type = "public"
		}
	}
	return list
}

// saveApp stores the application of the body in the place of old, if given.
func (c *call) saveApp(fresh app, old *app) (answer, error) {
	var in appInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	settings, err := settable(c.body, appDefaults())
	if err != nil {
		return answer{}, err
	}
	a := &fresh
	a.Name, a.Type, a.Settings, a.UpdatedAt = in.Name, in.Type, settings, c.now
	if err := c.place(a, in); err != nil {
		return answer{}, err
	}
	if err := c.checkSettings(a); err != nil {
		return answer{}, err
	}
	if a.Policies, err = c.linkPolicies(in.Policies, old); err != nil {
		return answer{}, err
	}
	c.account.replaceApp(old, a)
	status := http.StatusOK
	if old == nil {
		status = http.StatusCreated
	}
	return answer{status: status, result: c.appView(a)}, nil
}

// replaceApp puts an application in the place of old, if given.
func (a *account) replaceApp(old, fresh *app) {
	if old != nil {
		a.doors.remove(old)
	}
	a.Apps.put(fresh.ID, fresh)
	a.doors.add(fresh)
}

// maxApps of an account.
const maxApps = 500

func createApp(c *call) (answer, error) {
	if c.account.Apps.len() >= maxApps {
		return answer{}, invalidAccess("an account can have at most 500 applications")
	}
	return c.saveApp(app{ID: c.cloud.ids.uuid(), AUD: c.cloud.ids.aud(), CreatedAt: c.now}, nil)
}

func (c *call) app() (*app, error) {
	if a, ok := c.account.Apps.get(c.id); ok && c.inZone(a) {
		return a, nil
	}
	return nil, errNoAccessObject("application")
}

func getApp(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.appView(a)}, nil
}

func putApp(c *call) (answer, error) {
	old, err := c.app()
	if err != nil {
		return answer{}, err
	}
	return c.saveApp(app{ID: old.ID, AUD: old.AUD, CreatedAt: old.CreatedAt}, old)
}

func deleteApp(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	c.account.doors.remove(a)
	c.account.Apps.drop(a.ID)
	return answer{status: http.StatusAccepted, result: named{ID: a.ID}}, nil
}

// editAppSettings changes the two settings that have a path of their own; both
// methods leave what they are not given. That PUT does so was not established.
func editAppSettings(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Iframe       json.RawMessage `json:"allow_iframe"`
		Interstitial json.RawMessage `json:"skip_interstitial"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	changed := *a
	changed.Settings, changed.UpdatedAt = maps.Clone(a.Settings), c.now
	for name, value := range map[string]json.RawMessage{"allow_iframe": in.Iframe, "skip_interstitial": in.Interstitial} {
		if value != nil {
			changed.Settings[name] = value
		}
	}
	c.account.replaceApp(a, &changed)
	return answer{result: map[string]bool{"allow_iframe": changed.is("allow_iframe"), "skip_interstitial": changed.is("skip_interstitial")}}, nil
}

// is tells whether a setting is switched on.
func (a *app) is(setting string) bool { return string(a.Settings[setting]) == "true" }

// revokeTokens ends the sessions that began before now.
func revokeTokens(c *call) (answer, error) {
	a, err := c.app()
	if err != nil {
		return answer{}, err
	}
	c.cloud.revoke(c.account, "app "+a.ID)
	return answer{status: http.StatusAccepted, result: struct{}{}}, nil
}

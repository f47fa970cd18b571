package sim

import (
	"encoding/json"
	"fmt"
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
	list, one := "/accounts/{account}/access/apps", "/accounts/{account}/access/apps/{id}"
	return []route{
		{method: "GET", path: list, area: appArea(), access: true, do: listApps},
		{method: "POST", path: list, area: appArea(), access: true, do: createApp},
		{method: "GET", path: one, area: appArea(), access: true, do: getApp},
		{method: "PUT", path: one, area: appArea(), access: true, do: putApp},
		{method: "DELETE", path: one, area: appArea(), access: true, do: deleteApp},
	}
}

// appDefaults are the writable fields beside those of app itself.
func appDefaults() map[string]string {
	return map[string]string{
		"session_duration": `"24h"`, "allowed_idps": "[]", "tags": "[]", "app_launcher_visible": "true",
		"auto_redirect_to_identity": "false", "enable_binding_cookie": "false", "http_only_cookie_attribute": "true",
		"options_preflight_bypass": "false", "service_auth_401_redirect": "", "skip_interstitial": "",
		"same_site_cookie_attribute": "", "path_cookie_attribute": "", "custom_deny_url": "", "custom_deny_message": "",
		"custom_non_identity_deny_url": "", "custom_pages": "", "cors_headers": "", "logo_url": "", "allow_iframe": "",
		"allow_authenticate_via_warp": "", "read_service_tokens_from_header": "", "mfa_config": "", "scim_config": "",
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
		if c.wantsApp(a) {
			rows = append(rows, c.appView(a))
		}
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
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
	if a.Policies, err = c.linkPolicies(in.Policies, old); err != nil {
		return answer{}, err
	}
	if old != nil {
		c.account.doors.remove(old)
	}
	c.account.Apps.put(a.ID, a)
	c.account.doors.add(a)
	status := http.StatusOK
	if old == nil {
		status = http.StatusCreated
	}
	return answer{status: status, result: c.appView(a)}, nil
}

// place checks where the application is to answer and derives its domain.
func (c *call) place(a *app, in appInput) error {
	list := in.destinations()
	switch {
	case a.Type == "warp":
		return c.placeEnrolment(a)
	case a.Type == "":
		return invalidAccess("type is required")
	case a.Type != "self_hosted":
		a.Domain, a.Destinations = in.Domain, list
		return nil
	case a.Name == "":
		return invalidAccess("name is required")
	case len(list) == 0:
		return invalidAccess("domain or destinations is required")
	case len(list) > maxDestinations:
		return invalidAccess(fmt.Sprintf("an application can have at most %d destinations", maxDestinations))
	}
	a.Destinations = list
	for i := range list {
		if err := c.placeDestination(a, &list[i]); err != nil {
			return err
		}
	}
	a.compile(c.cloud.o.Unsure)
	a.Domain = derivedDomain(hostname(in.Domain), list)
	return nil
}

// derivedDomain is the asked one if it is among the destinations, otherwise
// the first of them.
func derivedDomain(asked string, list []destination) string {
	derived := ""
	for _, d := range list {
		where := d.URI + d.Hostname + d.CIDR
		if asked != "" && where == asked {
			return asked
		}
		if derived == "" {
			derived = where
		}
	}
	return derived
}

func (c *call) placeDestination(a *app, d *destination) error {
	if d.Type != "public" {
		d.Hostname = hostname(d.Hostname)
		return nil
	}
	p, err := parsePattern(d.URI, false)
	if err != nil {
		return invalidAccess(err.Error())
	}
	d.URI = p.uri()
	z := c.state.zoneOf(strings.TrimPrefix(p.host[strings.LastIndex(p.host, "*")+1:], "."))
	if z == nil || z.AccountID != c.account.ID || z.Status != "active" {
		return invalidAccess("domain does not belong to zone")
	}
	if other := c.account.doors.at(p); other != nil && other.ID != a.ID {
		return errAppExists
	}
	return nil
}

var errAppExists = refuse(http.StatusConflict, 11010, "access.api.error.application_already_exists")

// placeEnrolment is for the device enrolment application: one per account,
// named by the server.
func (c *call) placeEnrolment(a *app) error {
	for other := range c.account.Apps.all() {
		if other.Type == "warp" && other.ID != a.ID {
			return errAppExists
		}
	}
	a.Name = "Warp Login App"
	return nil
}

func createApp(c *call) (answer, error) {
	return c.saveApp(app{ID: c.cloud.ids.uuid(), AUD: c.cloud.ids.aud(), CreatedAt: c.now}, nil)
}

func (c *call) app() (*app, error) {
	if a, ok := c.account.Apps.get(c.id); ok {
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

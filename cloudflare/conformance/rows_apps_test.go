package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const apps = A + "/access/apps"

func appRows() []row {
	return slices.Concat(appRowsThrough(A), appRowsThrough(Z), appDetailRows(), rowsOf(appRefusals()), rowsOf(settingRefusals()))
}

// lockOn is a body for an application on a host and path.
func lockOn(t *try, uri string) newApp {
	return newApp{Type: sdk.F(zero_trust.ApplicationTypeSelfHosted), Name: sdk.F(t.name()),
		Destinations: sdk.F([]zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationUnion{
			zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationsPublicDestination{URI: sdk.F(uri)}})}
}

// aLock makes an application on the row's host.
func aLock(t *try) {
	must[*zero_trust.AccessApplicationNewResponse](t)(t.through(A).create(lockOn(t, t.host())))
}

// appRowsThrough are the operations that there are for an account and for a zone.
func appRowsThrough(base string) []row {
	list, one := base+"/access/apps", base+"/access/apps/{id}"
	return []row{
		{op: "POST " + list, what: "makes an application, with the defaults told", class: own, run: func(t *try) {
			made := must[*zero_trust.AccessApplicationNewResponse](t)(t.through(base).create(lockOn(t, t.host()+"/x/*")))
			t.same("the name", made.Name, t.name())
			t.same("the type", made.Type, zero_trust.ApplicationTypeSelfHosted)
			t.same("the domain", made.Domain, t.host()+"/x/*")
			t.same("the length of aud", len(made.AUD), 64)
			t.same("the defaults", []any{made.SessionDuration, made.AppLauncherVisible, made.HTTPOnlyCookieAttribute, made.AutoRedirectToIdentity, made.EnableBindingCookie},
				[]any{"24h", true, true, false, false})
		}},
		{op: "GET " + one, what: "shows it", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			got := must[*zero_trust.AccessApplicationGetResponse](t)(c.get(made.ID))
			t.same("the aud", got.AUD, made.AUD)
			t.same("the destinations", compact(got.Destinations), `[{"type":"public","uri":"`+t.host()+`"}]`)
		}},
		{op: "GET " + list, what: "finds by name, domain and aud", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			for what, row := range map[string]struct {
				filter zero_trust.AccessApplicationListParams
				found  int
			}{
				"its name":                  {zero_trust.AccessApplicationListParams{Name: sdk.F(t.name())}, 1},
				"its domain":                {zero_trust.AccessApplicationListParams{Domain: sdk.F(t.host())}, 1},
				"its aud":                   {zero_trust.AccessApplicationListParams{AUD: sdk.F(made.AUD)}, 1},
				"a search":                  {zero_trust.AccessApplicationListParams{Search: sdk.F(t.name())}, 1},
				"a part of its name":        {zero_trust.AccessApplicationListParams{Name: sdk.F(t.name()[:25])}, 1},
				"exactly a part of it":      {zero_trust.AccessApplicationListParams{Name: sdk.F(t.name()[:25]), Exact: sdk.F(true)}, 0},
				"exactly its name":          {zero_trust.AccessApplicationListParams{Name: sdk.F(t.name()), Exact: sdk.F(true)}, 1},
				"the name of another's app": {zero_trust.AccessApplicationListParams{Name: sdk.F(t.name() + "x")}, 0},
			} {
				t.same("found by "+what, len(c.list(row.filter)), row.found)
			}
		}},
		{op: "PUT " + one, what: "replaces all but the identity", class: own, run: func(t *try) {
			c, body := t.through(base), lockOn(t, t.host())
			body.SessionDuration, body.AppLauncherVisible = sdk.F("1h"), sdk.F(false)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(body))
			t.same("the session", made.SessionDuration, "1h")
			put := must[*zero_trust.AccessApplicationUpdateResponse](t)(c.update(made.ID, zero_trust.AccessApplicationUpdateParamsBodySelfHostedApplication{
				Type: sdk.F(zero_trust.ApplicationTypeSelfHosted), Name: sdk.F(t.name() + "-2"), Domain: sdk.F(t.host())}))
			t.same("what was left out", []any{put.SessionDuration, put.AppLauncherVisible}, []any{"24h", true})
			t.same("the rest", []any{put.ID, put.AUD, put.Name}, []any{made.ID, made.AUD, t.name() + "-2"})
		}},
		{op: "DELETE " + one, what: "removes it", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			gone := must[*zero_trust.AccessApplicationDeleteResponse](t)(c.remove(made.ID))
			t.same("the id", gone.ID, made.ID)
			_, err := c.get(made.ID)
			t.refused(err, 404, 11021, "application_not_found")
		}},
		{op: "PATCH " + one + "/settings", what: "changes one and leaves the other", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			must[*zero_trust.AccessApplicationSettingEditResponse](t)(c.editSettings(made.ID, zero_trust.AccessApplicationSettingEditParams{AllowIframe: sdk.F(true)}))
			got := must[*zero_trust.AccessApplicationSettingEditResponse](t)(c.editSettings(made.ID, zero_trust.AccessApplicationSettingEditParams{SkipInterstitial: sdk.F(true)}))
			t.same("both", []bool{got.AllowIframe, got.SkipInterstitial}, []bool{true, true})
		}},
		{op: "PUT " + one + "/settings", what: "changes one", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			got := must[*zero_trust.AccessApplicationSettingUpdateResponse](t)(c.putSettings(made.ID, zero_trust.AccessApplicationSettingUpdateParams{AllowIframe: sdk.F(true)}))
			t.same("it", got.AllowIframe, true)
			app := must[*zero_trust.AccessApplicationGetResponse](t)(c.get(made.ID))
			t.same("the application's", app.AllowIframe, true)
		}},
		{op: "POST " + one + "/revoke_tokens", what: "succeeds", class: own, run: func(t *try) {
			c := t.through(base)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(c.create(lockOn(t, t.host())))
			if err := c.revoke(made.ID); err != nil {
				t.failf("%s", told(err))
			}
		}},
	}
}

// appDetailRows are what the client hides, and what other kinds of
// applications and destinations there are.
func appDetailRows() []row {
	return []row{
		{op: "POST " + apps, what: "answers 201, and normalises destinations", class: own, run: func(t *try) {
			r := t.raw("POST", apps, `{"type":"self_hosted","name":"{name}","surprise":1,"destinations":[{"type":"public","uri":"`+strings.ToUpper(t.name())+`.{domain}/X/*"},{"uri":"{host}."}]}`)
			t.same("the status", r.status, http.StatusCreated)
			var made object
			t.decode(r, &made)
			t.made(apps + "/" + made.text("id"))
			t.same("uid", made["uid"], made["id"])
			t.same("an unknown field", made["surprise"], nil)
			t.same("self_hosted_domains", asJSON(made["self_hosted_domains"]), `["`+t.host()+`/X/*","`+t.host()+`"]`)
		}},
		{op: "DELETE " + apps + "/{id}", what: "answers 202", class: own, run: func(t *try) {
			aLock(t)
			t.same("the status", t.raw("DELETE", apps+"/{id}", "").status, http.StatusAccepted)
		}},
		{op: "POST " + apps, what: "derives destinations from the older fields", class: own, run: func(t *try) {
			made := t.object("POST", apps, `{"type":"self_hosted","name":"{name}","domain":"{host}","self_hosted_domains":["{host}","{host}/y"]}`)
			t.made(apps + "/" + made.text("id"))
			t.same("the destinations", asJSON(made["destinations"]), `[{"type":"public","uri":"`+t.host()+`"},{"type":"public","uri":"`+t.host()+`/y"}]`)
		}},
		{op: "POST " + apps, what: "takes private destinations, which need no zone", class: own, run: func(t *try) {
			type private = zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationsPrivateDestination
			kind := sdk.F(zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationsPrivateDestinationTypePrivate)
			made := must[*zero_trust.AccessApplicationNewResponse](t)(t.through(A).create(newApp{Type: sdk.F(zero_trust.ApplicationTypeSelfHosted), Name: sdk.F(t.name()),
				Destinations: sdk.F([]zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationUnion{
					private{Type: kind, Hostname: sdk.F("OCS." + t.name()), PortRange: sdk.F("8000"), L4Protocol: sdk.F(zero_trust.AccessApplicationNewParamsBodySelfHostedApplicationDestinationsPrivateDestinationL4ProtocolTCP)},
					private{Type: kind, CIDR: sdk.F("172.18.0.7"), PortRange: sdk.F("8000-8010")}})}))
			t.same("the destinations", compact(made.Destinations), `[{"hostname":"ocs.`+t.name()+`","l4_protocol":"tcp","port_range":"8000","type":"private"},{"cidr":"172.18.0.7/32","port_range":"8000-8010","type":"private"}]`)
		}},
		{op: "POST " + apps, what: "names the application for device enrolment", class: simulated, run: func(t *try) {
			enrolment := zero_trust.AccessApplicationNewParamsBodyDeviceEnrollmentPermissionsApplication{Type: sdk.F(zero_trust.ApplicationTypeWARP)}
			made := must[*zero_trust.AccessApplicationNewResponse](t)(t.through(A).create(enrolment))
			t.same("the name", made.Name, "Warp Login App")
			_, err := t.through(A).create(enrolment)
			t.refused(err, 409, 11010, "access.api.error.application_already_exists")
		}},
		{op: "PUT " + apps + "/{id}", what: "takes back what was read, changed in nothing", class: own, run: func(t *try) {
			aLock(t)
			before := t.object("GET", apps+"/{id}", "")
			body, err := json.Marshal(before)
			if err != nil {
				t.stop("%v", err)
			}
			after := t.object("PUT", apps+"/{id}", string(body))
			delete(before, "updated_at")
			delete(after, "updated_at")
			t.same("the application", asJSON(after), asJSON(before))
		}},
		{op: "PUT " + apps + "/{id}", what: "keeps every setting of a self-hosted application", class: own, run: func(t *try) {
			aLock(t)
			settings := map[string]any{"session_duration": "30m", "app_launcher_visible": false, "enable_binding_cookie": true, "http_only_cookie_attribute": false,
				"same_site_cookie_attribute": "lax", "path_cookie_attribute": true, "options_preflight_bypass": true, "service_auth_401_redirect": true,
				"skip_interstitial": true, "custom_deny_url": "https://example.org/no", "custom_deny_message": "no", "custom_non_identity_deny_url": "https://example.org/non",
				"logo_url": "https://example.org/l.png", "allow_iframe": true, "read_service_tokens_from_header": "Authorization", "eager_redirect_cookie_setting": false}
			body := map[string]any{"type": "self_hosted", "name": t.name(), "destinations": []any{map[string]any{"type": "public", "uri": t.host()}}}
			for name, value := range settings {
				body[name] = value
			}
			t.object("PUT", apps+"/{id}", asJSON(body))
			got := t.object("GET", apps+"/{id}", "")
			for name, value := range settings {
				t.same(name, got[name], value)
			}
		}},
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(b)
}

// compact is asJSON of a list of objects without the texts that are empty, as
// the client makes them of fields that are not there.
func compact(v any) string {
	var list []map[string]any
	if err := json.Unmarshal([]byte(asJSON(v)), &list); err != nil {
		return asJSON(v)
	}
	for _, o := range list {
		maps.DeleteFunc(o, func(_ string, value any) bool { return value == "" })
	}
	return asJSON(list)
}

func appRefusals() []refusal {
	create := "POST " + apps
	body := func(fields string) string { return `{"type":"self_hosted","name":"{name}",` + fields + `}` }
	invalid := "access.api.error.invalid_request: "
	return []refusal{
		{create, own, "a destination that another application has", aLock, body(`"destinations":[{"type":"public","uri":"{host}"}]`), 409, 11010, "access.api.error.application_already_exists", 0},
		{create, own, "more than five destinations", nil, body(`"destinations":[{"uri":"{host}/1"},{"uri":"{host}/2"},{"uri":"{host}/3"},{"uri":"{host}/4"},{"uri":"{host}/5"},{"uri":"{host}/6"}]`), 400, 12130, invalid, 0},
		{create, own, "a host in no zone", nil, body(`"domain":"{name}.invalid"`), 400, 12130, "domain does not belong to zone", 0},
		{create, simulated, "a host in a zone that is pending", func(t *try) { t.vars["domain"] = "pending.org"; t.cloud.AddZone(t.account, "pending.org", "pending") },
			body(`"domain":"{name}.{domain}"`), 400, 12130, "domain does not belong to zone", 0},
		{"POST " + Z + "/access/apps", simulated, "a host in another zone", func(t *try) { t.vars["domain"] = "other.org"; t.cloud.AddZone(t.account, "other.org", "active") },
			body(`"domain":"{name}.{domain}"`), 400, 12130, "domain does not belong to zone", 0},
		{create, own, "a port", nil, body(`"domain":"{host}:8000"`), 400, 12130, invalid, 0},
		{create, own, "a scheme", nil, body(`"domain":"https://{host}"`), 400, 12130, invalid, 0},
		{create, own, "a query", nil, body(`"domain":"{host}/?x=1"`), 400, 12130, invalid, 0},
		{create, own, "two wildcards between slashes", nil, body(`"domain":"{host}/*x*"`), 400, 12130, invalid, 0},
		{create, own, "no destination", nil, body(`"session_duration":"24h"`), 400, 12130, invalid, 0},
		{create, own, "no name", nil, `{"type":"self_hosted","domain":"{host}"}`, 400, 12130, "name", 0},
		{create, own, "no type", nil, `{"name":"{name}","domain":"{host}"}`, 400, 12130, "type", 0},
		{create, own, "an unknown type", nil, `{"type":"teapot","name":"{name}"}`, 400, 12130, "type", 0},
		{create, own, "a name of 351 characters", nil, `{"type":"self_hosted","domain":"{host}","name":"` + strings.Repeat("n", 351) + `"}`, 400, 12130, "name", 0},
		{create, own, "a precedence twice", twoPolicies, body(`"domain":"{host}","policies":[{"id":"{one}","precedence":1},{"id":"{two}","precedence":1}]`), 400, 12130, "policy precedences must be unique", 0},
		{create, own, "a precedence below 1", twoPolicies, body(`"domain":"{host}","policies":[{"id":"{one}","precedence":-1}]`), 400, 12130, "precedence", 0},
		{create, own, "an unknown policy", nil, body(`"domain":"{host}","policies":["{id}"]`), 404, 11021, "policy_not_found", 0},
		{create, simulated, "more than 500", func(t *try) { t.many(500, "POST", apps, `{"type":"self_hosted","name":"{name}","domain":"{host}"}`) }, body(`"domain":"{host}"`), 400, 12130, "500", 0},
		{create, own, "a private destination without an address", nil, body(`"destinations":[{"type":"private","port_range":"80"}]`), 400, 12130, invalid, 0},
		{create, own, "a private destination with two", nil, body(`"destinations":[{"type":"private","cidr":"10.0.0.0/8","hostname":"h.{name}"}]`), 400, 12130, invalid, 0},
		{create, own, "a cidr that is none", nil, body(`"destinations":[{"type":"private","cidr":"10.0.0"}]`), 400, 12130, "cidr", 0},
		{create, own, "a list of ports", nil, body(`"destinations":[{"type":"private","hostname":"h.{name}","port_range":"80,443"}]`), 400, 12130, "port_range", 0},
		{create, own, "an unknown protocol", nil, body(`"destinations":[{"type":"private","hostname":"h.{name}","l4_protocol":"icmp"}]`), 400, 12130, "l4_protocol", 0},
		{create, own, "a virtual network that is none", nil, body(`"destinations":[{"type":"private","hostname":"h.{name}","vnet_id":"x"}]`), 400, 12130, "vnet_id", 0},
		{create, own, "an unknown kind of destination", nil, body(`"destinations":[{"type":"pigeon","uri":"{host}"}]`), 400, 12130, "destination", 0},
		{"GET " + apps + "/{id}", read, "an unknown one", nil, "", 404, 11021, "application_not_found", 0},
		{"PUT " + apps + "/{id}", read, "an unknown one", nil, body(`"domain":"{host}"`), 404, 11021, "application_not_found", 0},
		{"DELETE " + apps + "/{id}", read, "an unknown one", nil, "", 404, 11021, "application_not_found", 0},
		{"GET " + apps, simulated, "an account that was never onboarded", func(t *try) { t.cloud.SetOnboarded(t.account, "") }, "", 403, 9999, "access.api.error.not_enabled", 0},
	}
}

// settingRefusals are settings that contradict each other, or what is there.
func settingRefusals() []refusal {
	var list []refusal
	for what, fields := range map[string]string{
		"a session that is no duration":              `"session_duration":"a day"`,
		"a cookie attribute that is none":            `"same_site_cookie_attribute":"some"`,
		"preflight requests let through beside CORS": `"options_preflight_bypass":true,"cors_headers":{"allow_all_origins":true}`,
		"a redirect to one of several login methods": `"auto_redirect_to_identity":true,"allowed_idps":[]`,
		"an unknown login method":                    `"allowed_idps":["` + unknownUUID + `"]`,
		"an unknown tag":                             `"tags":["{name}"]`,
	} {
		list = append(list, refusal{"POST " + apps, own, what, nil, `{"type":"self_hosted","name":"{name}","domain":"{host}",` + fields + `}`, 400, 12130, "access.api.error.invalid_request: ", 0})
	}
	slices.SortFunc(list, func(a, b refusal) int { return strings.Compare(a.what, b.what) })
	return append(list, refusal{"POST " + apps, simulated, "WARP logins where the account has no length for them", nil,
		`{"type":"self_hosted","name":"{name}","domain":"{host}","allow_authenticate_via_warp":true}`, 400, 12130,
		"allow_authenticate_via_warp cannot be set if the Warp Auth Session Duration is not set for the account", 0})
}

// twoPolicies makes two, which {one} and {two} stand for.
func twoPolicies(t *try) {
	for _, name := range []string{"one", "two"} {
		t.vars[name] = t.reusable(name, zero_trust.DecisionAllow).ID
	}
}

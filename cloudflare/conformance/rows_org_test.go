package conformance

import (
	"net/http"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	organization = A + "/access/organizations"
	methods      = A + "/access/identity_providers"
)

// putBackOrganization writes it whole as it was once the row is over.
func (t *try) putBackOrganization() {
	t.after("PUT", organization, asJSON(t.object("GET", organization, "")))
}

// neverOnboarded is an account that has no Zero Trust.
func neverOnboarded(t *try) { t.cloud.SetOnboarded(t.account, "") }

func organizationRows() []row {
	get := func(t *try) *zero_trust.Organization {
		return must[*zero_trust.Organization](t)(t.zt.Organizations.List(t.ctx, zero_trust.OrganizationListParams{AccountID: sdk.F(t.account)}))
	}
	create := zero_trust.OrganizationNewParams{Name: sdk.F("Team"), AuthDomain: sdk.F("Team-X.cloudflareaccess.com")}
	return slices.Concat([]row{
		{op: "GET " + organization, what: "is one object, with the team's domain", class: read, run: func(t *try) {
			org := get(t)
			t.same("the team's domain", org.AuthDomain, t.team)
			t.holds("it has a name", org.Name != "")
			t.contains("the domain", org.AuthDomain, ".cloudflareaccess.com")
		}},
		{op: "PUT " + organization, what: "replaces the settings and keeps the names", class: wide, run: func(t *try) {
			t.putBackOrganization()
			before := get(t)
			put := must[*zero_trust.Organization](t)(t.zt.Organizations.Update(t.ctx, zero_trust.OrganizationUpdateParams{AccountID: sdk.F(t.account),
				SessionDuration: sdk.F("8h"), WARPAuthSessionDuration: sdk.F("1h"), DenyUnmatchedRequestsExemptedZoneNames: sdk.F([]string{t.domain})}))
			t.same("it", []any{put.Name, put.AuthDomain, put.SessionDuration, put.WARPAuthSessionDuration}, []any{before.Name, before.AuthDomain, "8h", "1h"})
			t.same("the exempted zones", put.DenyUnmatchedRequestsExemptedZoneNames, []string{t.domain})
			put = must[*zero_trust.Organization](t)(t.zt.Organizations.Update(t.ctx, zero_trust.OrganizationUpdateParams{AccountID: sdk.F(t.account), Name: sdk.F(before.Name)}))
			t.same("what was left out", []any{put.SessionDuration, put.WARPAuthSessionDuration}, []any{"24h", ""})
		}},
		{op: "PATCH " + organization, what: "changes what it is given, which the client has no method for", class: wide, run: func(t *try) {
			t.putBackOrganization()
			t.object("PUT", organization, `{"session_duration":"8h"}`)
			var org zero_trust.Organization
			if err := t.execute("PATCH", organization, `{"warp_auth_session_duration":"2h"}`, &org); err != nil {
				t.stop("%s", told(err))
			}
			t.same("both", []any{org.SessionDuration, org.WARPAuthSessionDuration}, []any{"8h", "2h"})
		}},
		{op: "POST " + organization + "/revoke_user", what: "ends somebody's sessions", class: wide, run: func(t *try) {
			done := must[*zero_trust.OrganizationRevokeUsersResponse](t)(t.zt.Organizations.RevokeUsers(t.ctx, zero_trust.OrganizationRevokeUsersParams{AccountID: sdk.F(t.account),
				Email: sdk.F(t.name() + "@example.org")}))
			t.same("the answer", *done, zero_trust.OrganizationRevokeUsersResponse(true))
		}},
		{op: "POST " + organization + "/revoke_user", what: "ends somebody's devices, if it is told", class: simulated, run: func(t *try) {
			t.laptops()
			revoke := func(p zero_trust.OrganizationRevokeUsersParams) []string {
				p.AccountID, p.Email = sdk.F(t.account), sdk.F("ann@example.org")
				must[*zero_trust.OrganizationRevokeUsersResponse](t)(t.zt.Organizations.RevokeUsers(t.ctx, p))
				return t.listRegistrations(zero_trust.DeviceRegistrationListParams{})
			}
			t.same("untold", len(revoke(zero_trust.OrganizationRevokeUsersParams{WARPSessionReauth: sdk.F(true)})), 2)
			t.same("told", revoke(zero_trust.OrganizationRevokeUsersParams{BodyDevices: sdk.F(true)}), []string{"ben@example.org"})
		}},
		{op: "POST " + organization, what: "onboards an account, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{OnboardByAPI: true}}, run: func(t *try) {
				neverOnboarded(t)
				create.AccountID = sdk.F(t.account)
				made := must[*zero_trust.Organization](t)(t.zt.Organizations.New(t.ctx, create))
				t.same("the team's domain", made.AuthDomain, "team-x.cloudflareaccess.com")
				t.same("login methods", t.list(methods)[0].text("type"), "cloudflare")
			}},
		{op: "POST " + organization, what: "does not onboard an account", class: simulated, run: func(t *try) {
			neverOnboarded(t)
			create.AccountID = sdk.F(t.account)
			_, err := t.zt.Organizations.New(t.ctx, create)
			t.refused(err, 403, 10000, "Authentication error")
		}},
		{op: "POST " + organization, what: "wants both names, where it onboards", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{OnboardByAPI: true}}, run: func(t *try) {
				neverOnboarded(t)
				t.refused(t.execute("POST", organization, `{"name":"n"}`, nil), 400, 12130, "auth_domain")
			}},
	}, rowsOf([]refusal{
		{"POST " + organization, simulated, "an account that has one", nil, `{"name":"n","auth_domain":"n.cloudflareaccess.com"}`, 409, 11010, "already_exists", 0},
		{"GET " + organization, simulated, "an account that was never onboarded", neverOnboarded, "", 403, 9999, "access.api.error.not_enabled: Access is not enabled", 0},
		{"PATCH " + organization, simulated, "a team domain that is taken", func(t *try) {
			t.cloud.SetOnboarded(t.cloud.AddAccount("Second"), "second.cloudflareaccess.com")
		}, `{"auth_domain":"second.cloudflareaccess.com"}`, 409, 11010, "already_exists", 0},
		{"PUT " + organization, wide, "a session that is no duration", (*try).putBackOrganization, `{"session_duration":"long"}`, 400, 12130, "session_duration", 0},
	}))
}

// method makes a login method of GitHub's, which {id} stands for.
func (t *try) method() *zero_trust.IdentityProvider {
	made := must[*zero_trust.IdentityProvider](t)(t.zt.IdentityProviders.New(t.ctx, zero_trust.IdentityProviderNewParams{AccountID: sdk.F(t.account),
		IdentityProvider: zero_trust.IdentityProviderParam{Type: sdk.F(zero_trust.IdentityProviderTypeGitHub), Name: sdk.F(t.name()),
			Config: sdk.F[any](map[string]string{"client_id": "id", "client_secret": "hidden"})}}))
	t.vars["id"] = made.ID
	t.made(methods + "/{id}")
	return made
}

// methodRows change what everybody sees who logs in.
func methodRows() []row {
	get := func(t *try) (*zero_trust.IdentityProvider, error) {
		return t.zt.IdentityProviders.Get(t.ctx, t.vars["id"], zero_trust.IdentityProviderGetParams{AccountID: sdk.F(t.account)})
	}
	return slices.Concat([]row{
		{op: "GET " + methods, what: "has Cloudflare's own accounts alone in a new organization", class: simulated, run: func(t *try) {
			page := must[*methodsPage](t)(t.zt.IdentityProviders.List(t.ctx, zero_trust.IdentityProviderListParams{AccountID: sdk.F(t.account)}))
			t.same("how many", len(page.Result), 1)
			t.same("the type", page.Result[0].Type, zero_trust.IdentityProviderType("cloudflare"))
		}},
		{op: "GET " + methods, what: "finds those with SCIM", class: simulated, run: func(t *try) {
			t.object("POST", methods, `{"name":"{name}","type":"okta","config":{},"scim_config":{"enabled":true,"secret":"hidden"}}`)
			page := must[*methodsPage](t)(t.zt.IdentityProviders.List(t.ctx, zero_trust.IdentityProviderListParams{AccountID: sdk.F(t.account), SCIMEnabled: sdk.F("true")}))
			t.same("how many", len(page.Result), 1)
		}},
		{op: "POST " + methods, what: "makes the one-time PIN, and says where it sends people back to", class: simulated, run: func(t *try) {
			made := must[*zero_trust.IdentityProvider](t)(t.zt.IdentityProviders.New(t.ctx, zero_trust.IdentityProviderNewParams{AccountID: sdk.F(t.account),
				IdentityProvider: zero_trust.IdentityProviderParam{Type: sdk.F(zero_trust.IdentityProviderTypeOnetimepin), Name: sdk.F("One-time PIN login"), Config: sdk.F[any](struct{}{})}}))
			t.same("the type", made.Type, zero_trust.IdentityProviderTypeOnetimepin)
			t.contains("the configuration", asJSON(t.object("GET", methods+"/"+made.ID, "")["config"]), `"redirect_url":"https://`+t.team+`/cdn-cgi/access/callback"`)
		}},
		{op: "POST " + methods, what: "takes every type", class: simulated, run: func(t *try) {
			for _, kind := range []string{"azureAD", "saml", "github", "google", "google-apps", "oidc", "okta", "onelogin", "pingone", "centrify", "facebook", "linkedin", "yandex"} {
				t.vars["type"] = kind
				made := t.object("POST", methods, `{"name":"{name}","type":"{type}","config":{"client_id":"x"}}`)
				t.same("the type", made.text("type"), kind)
			}
		}},
		{op: "POST " + methods, what: "answers 201", class: simulated, run: func(t *try) {
			t.same("the status", t.raw("POST", methods, `{"name":"{name}","type":"google","config":{}}`).status, http.StatusCreated)
		}},
		{op: "GET " + methods + "/{id}", what: "conceals secrets", class: wide, run: func(t *try) {
			t.method()
			got := must[*zero_trust.IdentityProvider](t)(get(t))
			t.same("the name", got.Name, t.name())
			shown := t.raw("GET", methods+"/{id}", "").body
			t.holds("the secret is not in it", !strings.Contains(shown, "hidden"))
			t.contains("the answer", shown, "**********************************")
		}},
		{op: "PUT " + methods + "/{id}", what: "renames it", class: wide, run: func(t *try) {
			made := t.method()
			put := must[*zero_trust.IdentityProvider](t)(t.zt.IdentityProviders.Update(t.ctx, made.ID, zero_trust.IdentityProviderUpdateParams{AccountID: sdk.F(t.account),
				IdentityProvider: zero_trust.IdentityProviderParam{Type: sdk.F(zero_trust.IdentityProviderTypeGitHub), Name: sdk.F(t.name() + "-2"), Config: sdk.F[any](map[string]string{"client_id": "id"})}}))
			t.same("it", []any{put.ID, put.Name}, []any{made.ID, t.name() + "-2"})
		}},
		{op: "DELETE " + methods + "/{id}", what: "removes it", class: wide, run: func(t *try) {
			made := t.method()
			gone := must[*zero_trust.IdentityProviderDeleteResponse](t)(t.zt.IdentityProviders.Delete(t.ctx, made.ID, zero_trust.IdentityProviderDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("the id", gone.ID, made.ID)
			_, err := get(t)
			t.refused(err, 404, 11021, "identity_provider_not_found")
		}},
	}, rowsOf([]refusal{
		{"POST " + methods, simulated, "a second one-time PIN", func(t *try) { t.object("POST", methods, `{"name":"PIN","type":"onetimepin","config":{}}`) },
			`{"name":"again","type":"onetimepin","config":{}}`, 409, 11010, "identity_provider_already_exists", 0},
		{"POST " + methods, wide, "an unknown type", nil, `{"name":"{name}","type":"carrier-pigeon","config":{}}`, 400, 12130, "type", 0},
		{"POST " + methods, wide, "a method without a name", nil, `{"type":"google","config":{}}`, 400, 12130, "name", 0},
		{"POST " + methods, simulated, "more than 50", func(t *try) { t.many(49, "POST", methods, `{"name":"{name}","type":"google","config":{}}`) },
			`{"name":"{name}","type":"google","config":{}}`, 400, 12130, "50 identity providers", 0},
	}))
}

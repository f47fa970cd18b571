package conformance

import (
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

func (t *try) listRegistrations(p zero_trust.DeviceRegistrationListParams) (emails []string) {
	p.AccountID = sdk.F(t.account)
	for _, r := range must[*registrationsPage](t)(t.zt.Devices.Registrations.List(t.ctx, p)).Result {
		emails = append(emails, r.User.Email)
	}
	slices.Sort(emails)
	return emails
}

func registrationRows() []row {
	const ann, ben = "ann@example.org", "ben@example.org"
	get := func(t *try, id string) *zero_trust.DeviceRegistrationGetResponse {
		return must[*zero_trust.DeviceRegistrationGetResponse](t)(t.zt.Devices.Registrations.Get(t.ctx, id, zero_trust.DeviceRegistrationGetParams{AccountID: sdk.F(t.account),
			Include: sdk.F("policy")}))
	}
	return slices.Concat([]row{
		{op: "GET " + registrations, what: "lists who enrolled which device", class: simulated, run: func(t *try) {
			t.laptops()
			t.same("they", t.listRegistrations(zero_trust.DeviceRegistrationListParams{}), []string{ann, ben})
		}},
		{op: "GET " + registrations, what: "finds by what it is told", class: simulated, run: func(t *try) {
			first, _ := t.laptops()
			r := get(t, first.Registration())
			named := func(what string, p zero_trust.DeviceRegistrationListParams) {
				t.same(what, t.listRegistrations(p), []string{ann})
			}
			named("by id", zero_trust.DeviceRegistrationListParams{ID: sdk.F([]string{r.ID})})
			named("by device", zero_trust.DeviceRegistrationListParams{Device: sdk.F(zero_trust.DeviceRegistrationListParamsDevice{ID: sdk.F(r.Device.ID)})})
			named("by user", zero_trust.DeviceRegistrationListParams{User: sdk.F(zero_trust.DeviceRegistrationListParamsUser{ID: sdk.F([]string{r.User.ID})})})
			named("by a part", zero_trust.DeviceRegistrationListParams{Search: sdk.F("ANN@")})
			t.same("by profile", t.listRegistrations(zero_trust.DeviceRegistrationListParams{Policy: sdk.F(zero_trust.DeviceRegistrationListParamsPolicy{ID: sdk.F(unknownUUID)})}), []string(nil))
			t.same("by profile", t.listRegistrations(zero_trust.DeviceRegistrationListParams{Policy: sdk.F(zero_trust.DeviceRegistrationListParamsPolicy{ID: sdk.F(r.Policy.ID)})}), []string{ann, ben})
		}},
		{op: "GET " + oneRegistration, what: "shows it with its address", class: simulated, run: func(t *try) {
			first, _ := t.laptops()
			r := get(t, first.Registration())
			t.same("it", []any{r.User.Email, r.Device.Name, r.TunnelType, r.Policy.Default, r.RevokedAt}, []any{ann, "ann's", "wireguard", true, ""})
			t.holds("the address is one for devices", strings.HasPrefix(r.VirtualIPV4, "100."))
			t.object("PATCH", defaultProfile, `{"tunnel_protocol":"masque"}`)
			t.same("the protocol", get(t, r.ID).TunnelType, "masque")
		}},
		{op: "POST " + registrations + "/revoke", what: "ends what it is told", class: simulated, run: func(t *try) {
			first, _ := t.laptops()
			must[*zero_trust.DeviceRegistrationRevokeResponse](t)(t.zt.Devices.Registrations.Revoke(t.ctx, zero_trust.DeviceRegistrationRevokeParams{AccountID: sdk.F(t.account),
				ID: sdk.F([]string{first.Registration()})}))
			t.same("active", t.listRegistrations(zero_trust.DeviceRegistrationListParams{}), []string{ben})
			t.same("revoked", t.listRegistrations(zero_trust.DeviceRegistrationListParams{Status: sdk.F(zero_trust.DeviceRegistrationListParamsStatusRevoked)}), []string{ann})
			t.same("all", t.listRegistrations(zero_trust.DeviceRegistrationListParams{Status: sdk.F(zero_trust.DeviceRegistrationListParamsStatusAll)}), []string{ann, ben})
			_, err := first.Trace(t.ctx, "tcp", "172.18.0.7:80")
			t.holds("the device reaches nothing", err != nil && strings.Contains(err.Error(), "not enrolled"))
		}},
		{op: "POST " + registrations + "/unrevoke", what: "lets them in again", class: simulated, run: func(t *try) {
			first, second := t.laptops()
			ids := []string{first.Registration(), second.Registration()}
			must[*zero_trust.DeviceRegistrationRevokeResponse](t)(t.zt.Devices.Registrations.Revoke(t.ctx, zero_trust.DeviceRegistrationRevokeParams{AccountID: sdk.F(t.account), ID: sdk.F(ids)}))
			t.same("active", t.listRegistrations(zero_trust.DeviceRegistrationListParams{}), []string(nil))
			must[*zero_trust.DeviceRegistrationUnrevokeResponse](t)(t.zt.Devices.Registrations.Unrevoke(t.ctx, zero_trust.DeviceRegistrationUnrevokeParams{AccountID: sdk.F(t.account), ID: sdk.F(ids)}))
			t.same("active again", t.listRegistrations(zero_trust.DeviceRegistrationListParams{}), []string{ann, ben})
		}},
		{op: "DELETE " + oneRegistration, what: "takes it away", class: simulated, run: func(t *try) {
			first, _ := t.laptops()
			must[*zero_trust.DeviceRegistrationDeleteResponse](t)(t.zt.Devices.Registrations.Delete(t.ctx, first.Registration(), zero_trust.DeviceRegistrationDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("those that are left", t.listRegistrations(zero_trust.DeviceRegistrationListParams{Status: sdk.F(zero_trust.DeviceRegistrationListParamsStatusAll)}), []string{ben})
		}},
		{op: "DELETE " + registrations, what: "takes several away", class: simulated, run: func(t *try) {
			first, second := t.laptops()
			must[*zero_trust.DeviceRegistrationBulkDeleteResponse](t)(t.zt.Devices.Registrations.BulkDelete(t.ctx, zero_trust.DeviceRegistrationBulkDeleteParams{AccountID: sdk.F(t.account),
				ID: sdk.F([]string{first.Registration(), second.Registration()})}))
			t.same("those that are left", t.listRegistrations(zero_trust.DeviceRegistrationListParams{}), []string(nil))
		}},
	}, rowsOf([]refusal{
		{"GET " + oneRegistration, read, "an unknown one", nil, "", 404, 1003, "Registration not found", 0},
		{"DELETE " + oneRegistration, read, "an unknown one", nil, "", 404, 1003, "Registration not found", 0},
		{"DELETE " + registrations, read, "a call without ids", nil, "", 400, 2003, "id is required", 0},
		{"DELETE " + registrations, read, "an unknown one", nil, "?id=" + unknownUUID, 404, 1003, "Registration not found", 0},
		{"POST " + registrations + "/revoke", read, "a call without ids", nil, "", 400, 2003, "id is required", 0},
		{"POST " + registrations + "/revoke", read, "an unknown one", nil, "?id=" + unknownUUID, 404, 1003, "Registration not found", 0},
		{"POST " + registrations + "/unrevoke", read, "an unknown one", nil, "?id=" + unknownUUID, 404, 1003, "Registration not found", 0},
	}))
}

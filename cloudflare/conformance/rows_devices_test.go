package conformance

import (
	"slices"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	devices         = A + "/devices/physical-devices"
	oneDevice       = devices + "/{id}"
	registrations   = A + "/devices/registrations"
	oneRegistration = registrations + "/{id}"
)

// enrolments lets everybody enrol a device.
func (t *try) enrolments() {
	t.object("POST", A+"/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	t.object("POST", apps, `{"type":"warp","policies":[{"name":"all","decision":"allow","include":[{"everyone":{}}]}]}`)
}

// enrol enrols one.
func (t *try) enrol(name, email string) *sim.Device {
	d, err := t.cloud.Enrol(t.account, sim.Enrolment{Name: name, Email: email, System: "mac"})
	if err != nil {
		t.stop("%v", err)
	}
	return d
}

// laptops are two people's, the second of which was seen a minute later.
func (t *try) laptops() (ann, ben *sim.Device) {
	t.enrolments()
	ann = t.enrol("ann's", "ann@example.org")
	t.clock.advance(time.Minute)
	return ann, t.enrol("ben's", "ben@example.org")
}

func (t *try) listDevices(p zero_trust.DeviceDeviceListParams) *devicesPage {
	p.AccountID = sdk.F(t.account)
	return must[*devicesPage](t)(t.zt.Devices.Devices.List(t.ctx, p))
}

func deviceNames(page *devicesPage) (names []string) {
	for _, d := range page.Result {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

func deviceRows() []row {
	return slices.Concat([]row{
		{op: "GET " + devices, what: "lists those that are enrolled", class: simulated, run: func(t *try) {
			t.laptops()
			page := t.listDevices(zero_trust.DeviceDeviceListParams{})
			t.same("they", deviceNames(page), []string{"ann's", "ben's"})
			d := page.Result[slices.IndexFunc(page.Result, func(d zero_trust.DeviceDeviceListResponse) bool { return d.Name == "ann's" })]
			t.same("one", []any{d.ActiveRegistrations, d.DeviceType, d.LastSeenUser.Email, d.LastSeenRegistration.Policy.ID}, []any{int64(1), "mac", "ann@example.org", ""})
		}},
		{op: "GET " + devices, what: "goes on behind a cursor", class: simulated, run: func(t *try) {
			t.laptops()
			pager, seen := t.zt.Devices.Devices.ListAutoPaging(t.ctx, zero_trust.DeviceDeviceListParams{AccountID: sdk.F(t.account), PerPage: sdk.F(int64(1))}), 0
			for pager.Next() {
				seen++
			}
			t.same("how many", []any{seen, pager.Err()}, []any{2, nil})
		}},
		{op: "GET " + devices, what: "finds by what it is told", class: simulated, run: func(t *try) {
			t.laptops()
			named := func(what string, p zero_trust.DeviceDeviceListParams, want ...string) {
				t.same(what, deviceNames(t.listDevices(p)), want)
			}
			id := t.listDevices(zero_trust.DeviceDeviceListParams{Search: sdk.F("BEN@")}).Result[0].ID
			named("by id", zero_trust.DeviceDeviceListParams{ID: sdk.F([]string{id})}, "ben's")
			named("by name", zero_trust.DeviceDeviceListParams{Search: sdk.F("ann's")}, "ann's")
			named("by user", zero_trust.DeviceDeviceListParams{LastSeenUser: sdk.F(zero_trust.DeviceDeviceListParamsLastSeenUser{Email: sdk.F("ann@example.org")})}, "ann's")
			now := t.clock.Now().Add(-time.Second).Format(time.RFC3339)
			named("seen after", zero_trust.DeviceDeviceListParams{SeenAfter: sdk.F(now)}, "ben's")
			named("seen before", zero_trust.DeviceDeviceListParams{SeenBefore: sdk.F(now)}, "ann's")
			newest := t.listDevices(zero_trust.DeviceDeviceListParams{SortBy: sdk.F(zero_trust.DeviceDeviceListParamsSortByLastSeenAt),
				SortOrder: sdk.F(zero_trust.DeviceDeviceListParamsSortOrderDesc)})
			t.same("the newest", newest.Result[0].Name, "ben's")
		}},
		{op: "GET " + devices, what: "shows the profile to who asks for it", class: simulated, run: func(t *try) {
			t.laptops()
			profile := t.object("POST", defaultProfile, `{"name":"mine","precedence":1,"match":"identity.email == \"ann@example.org\""}`).text("policy_id")
			page := t.listDevices(zero_trust.DeviceDeviceListParams{Include: sdk.F("last_seen_registration.policy"),
				LastSeenRegistration: sdk.F(zero_trust.DeviceDeviceListParamsLastSeenRegistration{Policy: sdk.F(profile)})})
			t.same("who has it", deviceNames(page), []string{"ann's"})
			p := page.Result[0].LastSeenRegistration.Policy
			t.same("it", []any{p.ID, p.Name, p.Default, p.Deleted}, []any{profile, "mine", false, false})
		}},
		{op: "GET " + oneDevice, what: "shows it", class: simulated, run: func(t *try) {
			t.laptops()
			id := t.listDevices(zero_trust.DeviceDeviceListParams{Search: sdk.F("ben's")}).Result[0].ID
			got := must[*zero_trust.DeviceDeviceGetResponse](t)(t.zt.Devices.Devices.Get(t.ctx, id, zero_trust.DeviceDeviceGetParams{AccountID: sdk.F(t.account),
				Include: sdk.F("last_seen_registration.policy")}))
			t.same("it", []any{got.Name, got.LastSeenUser.Email, got.LastSeenRegistration.Policy.Default}, []any{"ben's", "ben@example.org", true})
		}},
		{op: "POST " + oneDevice + "/revoke", what: "leaves nobody on it", class: simulated, run: func(t *try) {
			t.laptops()
			id := t.listDevices(zero_trust.DeviceDeviceListParams{Search: sdk.F("ben's")}).Result[0].ID
			must[*zero_trust.DeviceDeviceRevokeResponse](t)(t.zt.Devices.Devices.Revoke(t.ctx, id, zero_trust.DeviceDeviceRevokeParams{AccountID: sdk.F(t.account)}))
			t.same("in use", deviceNames(t.listDevices(zero_trust.DeviceDeviceListParams{})), []string{"ann's"})
			t.same("unused", deviceNames(t.listDevices(zero_trust.DeviceDeviceListParams{ActiveRegistrations: sdk.F(zero_trust.DeviceDeviceListParamsActiveRegistrationsExclude)})), []string{"ben's"})
			t.same("all", len(t.listDevices(zero_trust.DeviceDeviceListParams{ActiveRegistrations: sdk.F(zero_trust.DeviceDeviceListParamsActiveRegistrationsInclude)}).Result), 2)
		}},
		{op: "DELETE " + oneDevice, what: "takes its registrations along", class: simulated, run: func(t *try) {
			t.laptops()
			id := t.listDevices(zero_trust.DeviceDeviceListParams{Search: sdk.F("ben's")}).Result[0].ID
			must[*zero_trust.DeviceDeviceDeleteResponse](t)(t.zt.Devices.Devices.Delete(t.ctx, id, zero_trust.DeviceDeviceDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("devices", len(t.listDevices(zero_trust.DeviceDeviceListParams{ActiveRegistrations: sdk.F(zero_trust.DeviceDeviceListParamsActiveRegistrationsInclude)}).Result), 1)
			t.same("registrations", len(t.list(registrations+"?status=all")), 1)
		}},
	}, rowsOf([]refusal{
		{"GET " + devices, read, "a cursor that is none", nil, "?cursor=!", 400, 1001, "cursor", 0},
		{"GET " + oneDevice, read, "an unknown one", nil, "", 404, 1003, "Device not found", 0},
		{"DELETE " + oneDevice, read, "an unknown one", nil, "", 404, 1003, "Device not found", 0},
		{"POST " + oneDevice + "/revoke", read, "an unknown one", nil, "", 404, 1003, "Device not found", 0},
	}))
}

package conformance

import (
	"slices"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

// What shows that people get through: logins, and devices that were seen.

const (
	logins      = A + "/access/logs/access_requests"
	fleet       = A + "/dex/fleet-status/live"
	fleetList   = A + "/dex/fleet-status/devices"
	fleetDevice = A + "/dex/devices/{id}/fleet-status/live"
)

func (t *try) listLogins(p zero_trust.AccessLogAccessRequestListParams) []zero_trust.AccessRequest {
	p.AccountID = sdk.F(t.account)
	return *must[*[]zero_trust.AccessRequest](t)(t.zt.Access.Logs.AccessRequests.List(t.ctx, p))
}

// entrances is an application that two people log in to, a minute apart.
func (t *try) entrances() (app string) {
	t.enrolments()
	app = t.object("POST", apps, `{"type":"self_hosted","name":"{name}","destinations":[{"uri":"{host}"}],
		"policies":[{"name":"team","decision":"allow","include":[{"email_domain":{"domain":"example.org"}}]}]}`).text("id")
	for _, email := range []string{"ann@example.org", "ben@example.org"} {
		t.clock.advance(time.Minute)
		if _, err := t.cloud.Session("https://"+t.host()+"/", email); err != nil {
			t.stop("%v", err)
		}
	}
	return app
}

func loginRows() []row {
	return slices.Concat([]row{
		{op: "GET " + logins, what: "has who logged in, the newest first", class: simulated, run: func(t *try) {
			app := t.entrances()
			all := t.listLogins(zero_trust.AccessLogAccessRequestListParams{})
			t.same("how many", len(all), 2)
			e := all[0]
			t.same("the last", []any{e.UserEmail, e.Action, e.Allowed, e.AppDomain, e.AppUID, e.Connection}, []any{"ben@example.org", "login", true, t.host(), app, "onetimepin"})
			t.holds("it has a time and a ray", e.CreatedAt.Equal(t.clock.Now()) && len(e.RayID) == 16)
		}},
		{op: "GET " + logins, what: "finds by what it is told", class: simulated, run: func(t *try) {
			t.entrances()
			first := func(what string, p zero_trust.AccessLogAccessRequestListParams, count int, email string) {
				found := t.listLogins(p)
				t.same(what, []any{len(found), found[0].UserEmail}, []any{count, email})
			}
			type params = zero_trust.AccessLogAccessRequestListParams
			const ann, ben = "ann@example.org", "ben@example.org"
			first("the oldest first", params{Direction: sdk.F(zero_trust.AccessLogAccessRequestListParamsDirectionAsc)}, 2, ann)
			first("one", params{Limit: sdk.F(int64(1))}, 1, ben)
			first("since", params{Since: sdk.F(t.clock.Now().Add(-time.Second))}, 1, ben)
			first("until", params{Until: sdk.F(t.clock.Now().Add(-time.Second))}, 1, ann)
			first("by a part", params{Email: sdk.F("@example.org")}, 2, ben)
			first("by the whole", params{Email: sdk.F(ann), EmailExact: sdk.F(true)}, 1, ann)
			first("not by it", params{Email: sdk.F(ann), EmailOp: sdk.F(zero_trust.AccessLogAccessRequestListParamsEmailOpNeq)}, 1, ben)
			first("a page", params{Page: sdk.F(int64(2)), PerPage: sdk.F(int64(1))}, 1, ann)
			t.same("by a part, exactly", len(t.listLogins(params{Email: sdk.F("ann"), EmailOp: sdk.F(zero_trust.AccessLogAccessRequestListParamsEmailOpEq)})), 0)
			t.same("refused ones", len(t.list(logins+"?allowed=false")), 0)
		}},
		{op: "GET " + logins, what: "has who enrolled a device", class: simulated, run: func(t *try) {
			t.laptops()
			all := t.listLogins(zero_trust.AccessLogAccessRequestListParams{})
			t.same("the last", []any{all[0].UserEmail, all[0].AppDomain}, []any{"ben@example.org", t.team + "/warp"})
		}},
		{op: "GET " + logins, what: "does not have what a bypass lets through", class: simulated, run: func(t *try) {
			t.same("how many", len(t.listLogins(zero_trust.AccessLogAccessRequestListParams{})), 0)
		}},
		{op: "GET " + logins, what: "refuses a token without the permission", class: simulated, run: func(t *try) {
			t.refused(t.with("Access: Apps and Policies Write").executeOp(t, "GET "+logins), 403, 10000, "Authentication error")
		}},
	}, rowsOf([]refusal{{"GET " + logins, simulated, "an account without Access", neverOnboarded, "", 403, 9999, "not_enabled", 0}}))
}

func fleetRows() []row {
	live := func(t *try) zero_trust.DEXFleetStatusLiveResponseDeviceStats {
		return must[*zero_trust.DEXFleetStatusLiveResponse](t)(t.zt.DEX.FleetStatus.Live(t.ctx, zero_trust.DEXFleetStatusLiveParams{AccountID: sdk.F(t.account),
			SinceMinutes: sdk.F(10.0)})).DeviceStats
	}
	return slices.Concat([]row{
		{op: "GET " + fleet, what: "counts the devices that were seen", class: simulated, run: func(t *try) {
			t.laptops()
			got := live(t)
			t.same("all", got.UniqueDevicesTotal, 2.0)
			t.holds("by status and mode", len(got.ByStatus) == 1 && got.ByStatus[0].Value == "connected" && got.ByMode[0].Value == "warp" && got.ByMode[0].UniqueDevicesTotal == 2)
			t.clock.advance(10 * time.Minute)
			t.same("later", live(t).UniqueDevicesTotal, 1.0)
		}},
		{op: "GET " + fleetList, what: "has a line each", class: simulated, run: func(t *try) {
			t.laptops()
			from, to := t.clock.Now().Add(-time.Hour).Format(time.RFC3339), t.clock.Now().Format(time.RFC3339)
			page := must[*fleetPage](t)(t.zt.DEX.FleetStatus.Devices.List(t.ctx, zero_trust.DEXFleetStatusDeviceListParams{AccountID: sdk.F(t.account), From: sdk.F(from), To: sdk.F(to),
				Page: sdk.F(1.0), PerPage: sdk.F(10.0), Source: sdk.F(zero_trust.DEXFleetStatusDeviceListParamsSourceLastSeen), Platform: sdk.F("mac")}))
			t.same("how many", len(page.Result), 2)
			t.holds("whose", slices.ContainsFunc(page.Result, func(d zero_trust.DEXFleetStatusDeviceListResponse) bool {
				return d.PersonEmail == "ann@example.org" && d.DeviceName == "ann's"
			}))
		}},
		{op: "GET " + fleetDevice, what: "shows one", class: simulated, run: func(t *try) {
			t.laptops()
			id := t.list(devices + "?search=ann")[0].text("id")
			t.vars["id"] = id
			got := t.object("GET", fleetDevice+"?since_minutes=10", "") // the official client looks for it outside of the envelope
			t.same("it", []any{got["deviceId"], got["personEmail"], got["status"], got["tunnelType"]}, []any{id, "ann@example.org", "connected", "wireguard"})
		}},
		{op: "GET " + fleet, what: "is opened by Zero Trust as well, where it is", class: simulated, options: sim.Options{Unsure: sim.Unsure{ZeroTrustReadsDEX: true}}, run: func(t *try) {
			t.refused(t.with("Cloudflare Tunnel Write").executeOp(t, "GET "+fleet), 403, 10000, "Authentication error")
			t.refused(t.with("Zero Trust Read").executeOp(t, "GET "+fleet), 400, 1004, "since_minutes")
		}},
		{op: "GET " + fleet, what: "refuses a token without the permission", class: simulated, run: func(t *try) {
			t.refused(t.with("Zero Trust Write").executeOp(t, "GET "+fleet), 403, 10000, "Authentication error")
		}},
	}, rowsOf([]refusal{
		{"GET " + fleet, read, "a call without a time", nil, "", 400, 1004, "since_minutes", 0},
		{"GET " + fleetList, read, "a call without a time", nil, "?page=1&per_page=10", 400, 1004, "from, to, page and per_page are required", 0},
		{"GET " + fleetList, read, "more than an hour of what was seen last", nil, "?page=1&per_page=10&from=2026-11-23T00:00:00Z&to=2026-11-23T02:00:00Z", 400, 1004, "60 minutes", 0},
		{"GET " + fleetDevice, read, "an unknown device", nil, "?since_minutes=10", 404, 1003, "Device not found", 0},
		{"GET " + fleetDevice, read, "a call without a time", nil, "", 400, 1004, "since_minutes", 0},
	}))
}

package conformance

import (
	"slices"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/culvert/culvert/cloudflare/sim"
)

// zoneRows make no zone at Cloudflare: that takes a domain that is nobody's.
func zoneRows() []row {
	get := func(t *try) *zones.Zone {
		return must[*zones.Zone](t)(t.zones.Get(t.ctx, zones.ZoneGetParams{ZoneID: sdk.F(t.zone)}))
	}
	newZone := func(t *try) *zones.Zone {
		made := must[*zones.Zone](t)(t.zones.New(t.ctx, zones.ZoneNewParams{Account: sdk.F(zones.ZoneNewParamsAccount{ID: sdk.F(t.account)}),
			Name: sdk.F("New.org"), Type: sdk.F(zones.TypeFull)}))
		t.vars["zone"] = made.ID
		return made
	}
	return slices.Concat([]row{
		{op: "GET " + Z, what: "shows it whole", class: read, run: func(t *try) {
			z := get(t)
			t.same("it", []any{z.ID, z.Name, z.Account.ID, z.Type}, []any{t.zone, t.domain, t.account, zones.TypeFull})
			t.same("name servers", len(z.NameServers), 2)
			t.holds("it was made some time", !z.CreatedOn.IsZero() && !z.ModifiedOn.IsZero())
			plan, _ := t.object("GET", Z, "")["plan"].(map[string]any)
			t.holds("it has a plan", object(plan).text("name") != "")
		}},
		{op: "GET /zones", what: "finds by name, account and status", class: read, run: func(t *try) {
			z := get(t)
			for what, row := range map[string]struct {
				filter zones.ZoneListParams
				found  bool
			}{
				"its name":             {zones.ZoneListParams{Name: sdk.F(t.domain)}, true},
				"an operator":          {zones.ZoneListParams{Name: sdk.F("starts_with:" + t.domain[:3])}, true},
				"another name":         {zones.ZoneListParams{Name: sdk.F("x" + t.domain)}, false},
				"its account":          {zones.ZoneListParams{Account: sdk.F(zones.ZoneListParamsAccount{ID: sdk.F(t.account)}), Name: sdk.F(t.domain)}, true},
				"another account":      {zones.ZoneListParams{Account: sdk.F(zones.ZoneListParamsAccount{ID: sdk.F(unknownHex)}), Name: sdk.F(t.domain)}, false},
				"its status":           {zones.ZoneListParams{Status: sdk.F(zones.ZoneListParamsStatus(z.Status)), Name: sdk.F(t.domain)}, true},
				"another type":         {zones.ZoneListParams{Type: sdk.F([]zones.ZoneListParamsType{zones.ZoneListParamsTypePartial}), Name: sdk.F(t.domain)}, false},
				"either of two things": {zones.ZoneListParams{Status: sdk.F(zones.ZoneListParamsStatus(z.Status)), Name: sdk.F("x" + t.domain), Match: sdk.F(zones.ZoneListParamsMatchAny), PerPage: sdk.F(50.0)}, true},
			} {
				page := must[*zonesPage](t)(t.zones.List(t.ctx, row.filter))
				t.same("found by "+what, slices.ContainsFunc(page.Result, func(z zones.Zone) bool { return z.ID == t.zone }), row.found)
			}
		}},
		{op: "GET /zones", what: "comes in order", class: simulated, run: func(t *try) {
			t.cloud.AddZone(t.account, "aaa.org", "active")
			t.cloud.AddZone(t.account, "zzz.org", "active")
			page := must[*zonesPage](t)(t.zones.List(t.ctx, zones.ZoneListParams{Order: sdk.F(zones.ZoneListParamsOrderName), Direction: sdk.F(zones.ZoneListParamsDirectionDesc)}))
			var names []string
			for _, z := range page.Result {
				names = append(names, z.Name)
			}
			t.same("names", names, []string{"zzz.org", t.domain, "aaa.org"})
		}},
		{op: "POST /zones", what: "makes one that is pending until its name servers are used", class: simulated, run: func(t *try) {
			z := newZone(t)
			t.same("it", []any{z.Name, z.Status, z.Paused, len(z.NameServers)}, []any{"new.org", zones.ZoneStatusPending, false, 2})
			t.holds("it was never active", z.ActivatedOn.IsZero())
			t.cloud.SetZoneStatus(z.ID, "active")
			z = must[*zones.Zone](t)(t.zones.Get(t.ctx, zones.ZoneGetParams{ZoneID: sdk.F(z.ID)}))
			t.same("once they are", z.Status, zones.ZoneStatusActive)
			t.holds("it says when", !z.ActivatedOn.IsZero())
		}},
		{op: "PATCH " + Z, what: "pauses it", class: wide, run: func(t *try) {
			t.after("PATCH", Z, `{"paused":false}`)
			z := must[*zones.Zone](t)(t.zones.Edit(t.ctx, zones.ZoneEditParams{ZoneID: sdk.F(t.zone), Paused: sdk.F(true)}))
			t.same("paused", z.Paused, true)
		}},
		{op: "PUT " + Z + "/activation_check", what: "may be asked for once an hour", class: simulated, run: func(t *try) {
			z := newZone(t)
			check := func() (*zones.ActivationCheckTriggerResponse, error) {
				return t.zones.ActivationCheck.Trigger(t.ctx, zones.ActivationCheckTriggerParams{ZoneID: sdk.F(z.ID)})
			}
			t.same("the id", must[*zones.ActivationCheckTriggerResponse](t)(check()).ID, z.ID)
			t.clock.advance(59 * time.Minute)
			_, err := check()
			t.refused(err, 400, 1224, "once per hour")
			t.clock.advance(time.Minute)
			must[*zones.ActivationCheckTriggerResponse](t)(check())
			t.cloud.SetPaid(z.ID, true)
			t.clock.advance(5 * time.Minute)
			must[*zones.ActivationCheckTriggerResponse](t)(check())
		}},
		{op: "DELETE " + Z, what: "removes it", class: simulated, run: func(t *try) {
			z := newZone(t)
			gone := must[*zones.ZoneDeleteResponse](t)(t.zones.Delete(t.ctx, zones.ZoneDeleteParams{ZoneID: sdk.F(z.ID)}))
			t.same("the id", gone.ID, z.ID)
			_, err := t.zones.Get(t.ctx, zones.ZoneGetParams{ZoneID: sdk.F(z.ID)})
			t.refused(err, 403, 9109, "Unauthorized to access requested resource")
			newZone(t)
		}},
		{op: "POST /zones", what: "can fail within", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{Method: "POST", Path: "/zones", Status: 502, Body: "An error(-502) has occurred", Times: 1})
			r := t.raw("POST", "/zones", `{"account":{"id":"{account}"},"name":"new.org"}`)
			t.same("the status", r.status, 502)
			newZone(t)
		}},
	}, rowsOf([]refusal{
		{"POST /zones", read, "one that is there", nil, `{"account":{"id":"{account}"},"name":"{domain}"}`, 400, 1061, "already exists", 0},
		{"POST /zones", simulated, "an account that is missing", nil, `{"name":"third.org"}`, 400, 1068, "Permission denied", 0},
		{"POST /zones", simulated, "an account that the token does not reach", nil, `{"account":{"id":"` + unknownHex + `"},"name":"third.org"}`, 400, 1068, "Permission denied", 0},
		{"POST /zones", simulated, "a name that is no domain", nil, `{"account":{"id":"{account}"},"name":"localhost"}`, 400, 1049, "not a registered domain", 0},
		{"POST /zones", simulated, "a part of a domain that is there", nil, `{"account":{"id":"{account}"},"name":"sub.{domain}"}`, 400, 1116, "root domain", 0},
		{"POST /zones", simulated, "a type of another plan", nil, `{"account":{"id":"{account}"},"name":"third.org","type":"partial"}`, 400, 1015, "plan", 0},
		{"PATCH " + Z, simulated, "a type of another plan", nil, `{"type":"partial"}`, 400, 1015, "plan", 0},
		{"PUT " + Z + "/activation_check", simulated, "a zone that is active", nil, "", 400, 1224, "not pending", 0},
	}))
}

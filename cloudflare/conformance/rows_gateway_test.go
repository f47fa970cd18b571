package conformance

import (
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	gateway     = A + "/gateway"
	locations   = gateway + "/locations"
	oneLocation = locations + "/{location}"
)

// allOff are endpoints of every kind, to begin with.
const allOff = `{"doh":{"enabled":false},"dot":{"enabled":false},"ipv4":{"enabled":false},"ipv6":{"enabled":false}}`

// location makes one, which {location} stands for from then on.
func (t *try) location(isDefault bool) *zero_trust.Location {
	made := must[*zero_trust.Location](t)(t.zt.Gateway.Locations.New(t.ctx, zero_trust.GatewayLocationNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name()), ClientDefault: sdk.F(isDefault), ECSSupport: sdk.F(true)}))
	t.vars["location"] = made.ID
	t.made(oneLocation)
	return made
}

func aLocation(t *try) { t.location(false) }

func gatewayRows() []row {
	get := func(t *try) *zero_trust.Location {
		return must[*zero_trust.Location](t)(t.zt.Gateway.Locations.Get(t.ctx, t.vars["location"], zero_trust.GatewayLocationGetParams{AccountID: sdk.F(t.account)}))
	}
	list := func(t *try) []zero_trust.Location {
		return must[*locationsPage](t)(t.zt.Gateway.Locations.List(t.ctx, zero_trust.GatewayLocationListParams{AccountID: sdk.F(t.account)})).Result
	}
	return slices.Concat([]row{
		{op: "GET " + gateway, what: "tells the account's tag", class: read, run: func(t *try) {
			got := must[*zero_trust.GatewayListResponse](t)(t.zt.Gateway.List(t.ctx, zero_trust.GatewayListParams{AccountID: sdk.F(t.account)}))
			t.holds("it has one", len(got.GatewayTag) == 32 && got.ProviderName == "Cloudflare")
		}},
		{op: "POST " + gateway, what: "makes what is not there, and leaves what is", class: simulated, run: func(t *try) {
			neverOnboarded(t)
			made := must[*zero_trust.GatewayNewResponse](t)(t.zt.Gateway.New(t.ctx, zero_trust.GatewayNewParams{AccountID: sdk.F(t.account)}))
			again := must[*zero_trust.GatewayNewResponse](t)(t.zt.Gateway.New(t.ctx, zero_trust.GatewayNewParams{AccountID: sdk.F(t.account)}))
			t.same("the tag", again.GatewayTag, made.GatewayTag)
		}},
		{op: "POST " + locations, what: "makes one that is asked over HTTPS and at addresses that others share", class: own, run: func(t *try) {
			made := t.location(false)
			t.same("it", []any{made.Name, made.ClientDefault, made.ECSSupport, made.Endpoints.DOH.Enabled}, []any{t.name(), false, true, true})
			t.same("its addresses", []any{made.IPV4Destination, made.IPV4DestinationBackup, made.DNSDestinationIPsID}, []any{"172.64.36.1", "172.64.36.2", "0e4a32c6-6fb8-4858-9296-98f51631e8e6"})
			t.holds("it has a name and an address of its own", made.DOHSubdomain != "" && strings.Contains(made.IP, ":"))
		}},
		{op: "GET " + oneLocation, what: "shows it", class: own, run: func(t *try) {
			t.location(false)
			t.same("the name", get(t).Name, t.name())
		}},
		{op: "GET " + locations, what: "lists it", class: own, run: func(t *try) {
			made := t.location(false)
			t.holds("it is there", slices.ContainsFunc(list(t), func(l zero_trust.Location) bool { return l.ID == made.ID }))
		}},
		{op: "GET " + locations, what: "has a default one from the start, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{DefaultLocation: true}}, run: func(t *try) {
				found := list(t)
				t.holds("it is the default", len(found) == 1 && found[0].ClientDefault)
			}},
		{op: "GET " + locations, what: "is empty in a new account", class: simulated, run: func(t *try) { t.same("how many", len(list(t)), 0) }},
		{op: "PUT " + oneLocation, what: "replaces the whole of it", class: own, run: func(t *try) {
			made := t.location(false)
			put := must[*zero_trust.Location](t)(t.zt.Gateway.Locations.Update(t.ctx, made.ID, zero_trust.GatewayLocationUpdateParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name() + "-2"),
				Networks: sdk.F([]zero_trust.GatewayLocationUpdateParamsNetwork{{Network: sdk.F("203.0.113.77/32")}})}))
			t.same("it", []any{put.ID, put.Name, put.ECSSupport, put.Networks[0].Network}, []any{made.ID, t.name() + "-2", false, "203.0.113.77/32"})
			t.object("PUT", oneLocation, `{"name":"{name}","max_ttl":{"mode":"override","ttl_secs":60}}`)
			t.same("the networks", len(get(t).Networks), 0)
			t.same("the longest time", get(t).MaxTTL.TTLSecs, int64(60))
		}},
		{op: "POST " + locations, what: "takes the default away from the former one", class: wide, run: func(t *try) {
			for _, l := range list(t) {
				if l.ClientDefault {
					t.after("PUT", locations+"/"+l.ID, l.JSON.RawJSON())
				}
			}
			first := t.location(true)
			t.location(true)
			t.same("default ones", len(slices.DeleteFunc(list(t), func(l zero_trust.Location) bool { return !l.ClientDefault })), 1)
			t.vars["location"] = first.ID
			t.same("the former one", get(t).ClientDefault, false)
		}},
		{op: "DELETE " + oneLocation, what: "removes it", class: own, run: func(t *try) {
			t.location(false)
			_, err := t.zt.Gateway.Locations.Delete(t.ctx, t.vars["location"], zero_trust.GatewayLocationDeleteParams{AccountID: sdk.F(t.account)})
			t.holds("it succeeds", err == nil)
			_, err = t.zt.Gateway.Locations.Get(t.ctx, t.vars["location"], zero_trust.GatewayLocationGetParams{AccountID: sdk.F(t.account)})
			t.refused(err, 404, 1003, "Location not found")
		}},
	}, rowsOf([]refusal{
		{"GET " + gateway, simulated, "an account without Gateway", neverOnboarded, "", 404, 1003, "Gateway account not found", 0},
		{"POST " + locations, simulated, "an account without Gateway", neverOnboarded, `{"name":"{name}"}`, 404, 1003, "Gateway account not found", 0},
		{"POST " + locations, own, "one without a name", nil, `{}`, 400, 1004, "name", 0},
		{"POST " + locations, own, "a network wider than /24", nil, `{"name":"{name}","networks":[{"network":"203.0.112.0/23"}]}`, 400, 1004, "/24", 0},
		{"POST " + locations, own, "a network of IPv6", nil, `{"name":"{name}","networks":[{"network":"2001:db8::/64"}]}`, 400, 1004, "IPv4", 0},
		{"POST " + locations, own, "endpoints of one kind alone", nil, `{"name":"{name}","endpoints":{"doh":{"enabled":true}}}`, 400, 1004, "endpoints.dot", 0},
		{"POST " + locations, own, "endpoints that are none", nil, `{"name":"{name}","endpoints":[]}`, 400, 1004, "endpoints", 0},
		{"POST " + locations, wide, "a default one without HTTPS", nil, `{"name":"{name}","client_default":true,"endpoints":` + allOff + `}`, 400, 1004, "DoH", 0},
		{"POST " + locations, own, "a longest time without a number", nil, `{"name":"{name}","max_ttl":{"mode":"override"}}`, 400, 1004, "max_ttl", 0},
		{"POST " + locations, own, "a network that is another's", func(t *try) {
			made := t.object("POST", locations, `{"name":"{name}","networks":[{"network":"203.0.113.0/24"}]}`)
			t.made(locations + "/" + made.text("id"))
		}, `{"name":"{name}","networks":[{"network":"203.0.113.7/32"}]}`, 409, 1014, "Your source IPv4 address is taken", 0},
		{"PUT " + oneLocation, own, "one without a name", aLocation, `{"client_default":false}`, 400, 1004, "name", 0},
		{"GET " + oneLocation, read, "an unknown one", nil, "", 404, 1003, "Location not found", 0},
		{"POST " + locations, simulated, "more than 250", func(t *try) { t.many(250, "POST", locations, `{"name":"{name}"}`) }, `{"name":"{name}"}`, 400, 1004, "250", 0},
	}))
}

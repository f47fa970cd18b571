package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	subnets        = A + "/zerotrust/subnets"
	resolvedSubnet = subnets + "/initial_resolved_ip/{family}"
	sourceSubnet   = subnets + "/cloudflare_source/{family}"
	deviceSubnets  = subnets + "/warp"
	deviceSubnet   = deviceSubnets + "/{id}"
)

// deviceSubnet makes one, which {id} stands for from then on.
func (t *try) deviceSubnet() *zero_trust.Subnet {
	made := must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.WARP.New(t.ctx, zero_trust.NetworkSubnetWARPNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name()), Network: sdk.F("10.213.0.0/24")}))
	t.vars["id"] = made.ID
	t.made(deviceSubnet)
	return made
}

func aDeviceSubnet(t *try) { t.deviceSubnet() }

// familyFour lets {family} stand for IPv4, and puts back a subnet at that path.
func familyFour(path string) func(*try) {
	return func(t *try) {
		t.vars["family"] = "v4"
		was := t.list(subnets + "?address_family=v4&subnet_types=" + map[string]string{resolvedSubnet: "initial_resolved_ip", sourceSubnet: "cloudflare_source"}[path])[0]
		method := map[string]string{resolvedSubnet: "PUT", sourceSubnet: "PATCH"}[path]
		t.after(method, path, `{"name":"`+was.text("name")+`","network":"`+was.text("network")+`","comment":"`+was.text("comment")+`"}`)
	}
}

func subnetRows() []row {
	list := func(t *try, p zero_trust.NetworkSubnetListParams) []zero_trust.Subnet {
		p.AccountID = sdk.F(t.account)
		return must[*subnetsPage](t)(t.zt.Networks.Subnets.List(t.ctx, p)).Result
	}
	resolved := func(t *try) *zero_trust.Subnet {
		return must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.InitialResolvedIP.Get(t.ctx, "v4", zero_trust.NetworkSubnetInitialResolvedIPGetParams{AccountID: sdk.F(t.account)}))
	}
	return slices.Concat([]row{
		{op: "GET " + resolvedSubnet, what: "tells where first addresses of private names come from", class: simulated, run: func(t *try) {
			got := resolved(t)
			t.same("it", []any{got.Network, got.SubnetType, got.IsDefaultNetwork}, []any{"172.64.128.0/20", zero_trust.SubnetSubnetTypeInitialResolvedIP, true})
			t.vars["family"] = "v6"
			t.same("that of IPv6", t.object("GET", resolvedSubnet, "").text("network"), "2606:4700:cf1:4000::/64")
		}},
		{op: "GET " + resolvedSubnet, what: "tells another range in accounts older than August 2026", class: simulated, options: sim.Options{ResolvedRange: "100.80.0.0/16"}, run: func(t *try) {
			t.same("the range", resolved(t).Network, "100.80.0.0/16")
		}},
		{op: "GET " + subnets, what: "finds by type and address family", class: read, run: func(t *try) {
			found := list(t, zero_trust.NetworkSubnetListParams{AddressFamily: sdk.F(zero_trust.NetworkSubnetListParamsAddressFamilyV4),
				SubnetTypes: sdk.F(zero_trust.NetworkSubnetListParamsSubnetTypesInitialResolvedIP)})
			t.same("how many", len(found), 1)
			t.same("it", found[0].Network, resolved(t).Network)
			t.same("by its range", len(list(t, zero_trust.NetworkSubnetListParams{Network: sdk.F(found[0].Network)})), 1)
		}},
		{op: "GET " + subnets, what: "orders by age if asked to", class: own, run: func(t *try) {
			made := t.deviceSubnet()
			of := zero_trust.NetworkSubnetListParams{SubnetTypes: sdk.F(zero_trust.NetworkSubnetListParamsSubnetTypesWARP), IsDeleted: sdk.F(false)}
			of.SortOrder = sdk.F(zero_trust.NetworkSubnetListParamsSortOrderDesc)
			before := list(t, of)
			of.SortOrder = sdk.F(zero_trust.NetworkSubnetListParamsSortOrderAsc)
			slices.Reverse(before)
			t.same("the other way round", asJSON(list(t, of)), asJSON(before))
			of.IsDefaultNetwork = sdk.F(false)
			t.holds("it is among those that are not the default", slices.ContainsFunc(list(t, of), func(s zero_trust.Subnet) bool { return s.ID == made.ID }))
		}},
		{op: "PUT " + resolvedSubnet, what: "takes another range", class: wide, run: func(t *try) {
			familyFour(resolvedSubnet)(t)
			got := must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.InitialResolvedIP.Update(t.ctx, "v4", zero_trust.NetworkSubnetInitialResolvedIPUpdateParams{AccountID: sdk.F(t.account),
				Network: sdk.F("10.213.0.0/20")}))
			t.same("the range", got.Network, "10.213.0.0/20")
			t.same("read back", resolved(t).Network, "10.213.0.0/20")
		}},
		{op: "PATCH " + sourceSubnet, what: "takes another range", class: wide, run: func(t *try) {
			familyFour(sourceSubnet)(t)
			got := must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.CloudflareSource.Update(t.ctx, "v4", zero_trust.NetworkSubnetCloudflareSourceUpdateParams{AccountID: sdk.F(t.account),
				Network: sdk.F("10.213.0.0/16")}))
			t.same("the range", got.Network, "10.213.0.0/16")
		}},
		{op: "POST " + deviceSubnets, what: "makes another range for devices", class: own, run: func(t *try) {
			made := t.deviceSubnet()
			t.same("it", []any{made.Network, made.SubnetType, made.IsDefaultNetwork}, []any{"10.213.0.0/24", zero_trust.SubnetSubnetTypeWARP, false})
		}},
		{op: "GET " + deviceSubnet, what: "shows it", class: own, run: func(t *try) {
			made := t.deviceSubnet()
			got := must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.WARP.Get(t.ctx, made.ID, zero_trust.NetworkSubnetWARPGetParams{AccountID: sdk.F(t.account)}))
			t.same("the name", got.Name, t.name())
		}},
		{op: "PATCH " + deviceSubnet, what: "changes its comment", class: own, run: func(t *try) {
			made := t.deviceSubnet()
			got := must[*zero_trust.Subnet](t)(t.zt.Networks.Subnets.WARP.Edit(t.ctx, made.ID, zero_trust.NetworkSubnetWARPEditParams{AccountID: sdk.F(t.account), Comment: sdk.F("changed")}))
			t.same("it", []any{got.Name, got.Comment}, []any{t.name(), "changed"})
		}},
		{op: "PATCH " + deviceSubnet, what: "takes the default away from the former one", class: simulated, run: func(t *try) {
			former := t.list(subnets + "?subnet_types=warp&address_family=v4")[0].text("id")
			t.deviceSubnet()
			t.after("PATCH", deviceSubnets+"/"+former, `{"is_default_network":true}`)
			t.object("PATCH", deviceSubnet, `{"is_default_network":true}`)
			found := t.list(subnets + "?subnet_types=warp&address_family=v4&is_default_network=true")
			t.same("how many", len(found), 1)
			t.same("it", found[0].text("id"), t.vars["id"])
		}},
		{op: "DELETE " + deviceSubnet, what: "removes it, and succeeds where there is none", class: own, run: func(t *try) {
			made := t.deviceSubnet()
			remove := func() *zero_trust.NetworkSubnetWARPDeleteResponse {
				return must[*zero_trust.NetworkSubnetWARPDeleteResponse](t)(t.zt.Networks.Subnets.WARP.Delete(t.ctx, made.ID, zero_trust.NetworkSubnetWARPDeleteParams{AccountID: sdk.F(t.account)}))
			}
			t.holds("deleted_at is set", !remove().DeletedAt.IsZero())
			again := remove()
			t.holds("the second time there is nothing", again == nil || again.ID == "")
		}},
	}, rowsOf([]refusal{
		{"PUT " + resolvedSubnet, wide, "the range of IPv6", func(t *try) { t.vars["family"] = "v6" }, `{"network":"2001:db8::/64"}`, 400, 1004, "IPv6", 0},
		{"PUT " + resolvedSubnet, wide, "a range with a route in it", func(t *try) { familyFour(resolvedSubnet)(t); t.cidrRoute("10.213.0.0/24") }, `{"network":"10.213.0.0/16"}`, 400, 1004, "10.213.0.0/24", 0},
		{"PUT " + resolvedSubnet, wide, "a range of devices", familyFour(resolvedSubnet), `{"network":"100.96.0.0/16"}`, 400, 1004, "100.96.0.0/12", 0},
		{"PUT " + resolvedSubnet, wide, "no name", familyFour(resolvedSubnet), `{"name":""}`, 400, 1002, "name", 0},
		{"POST " + deviceSubnets, own, "a public range", nil, `{"name":"{name}","network":"192.0.2.0/24"}`, 400, 1004, "private", 0},
		{"POST " + deviceSubnets, own, "a range that is too small", nil, `{"name":"{name}","network":"10.213.0.0/25"}`, 400, 1004, "/24", 0},
		{"PATCH " + deviceSubnet, own, "another range", aDeviceSubnet, `{"network":"10.214.0.0/24"}`, 400, 1004, "cannot be changed", 0},
		{"GET " + deviceSubnet, read, "an unknown one", nil, "", 404, 1003, "Subnet not found", 0},
		{"DELETE " + deviceSubnet, wide, "the default one", func(t *try) {
			t.vars["id"] = t.list(subnets + "?subnet_types=warp&address_family=v4&is_default_network=true")[0].text("id")
		}, "", 400, 1004, "default", 0},
	}))
}

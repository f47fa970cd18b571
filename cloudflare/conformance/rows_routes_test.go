package conformance

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	cidrRoutes = A + "/teamnet/routes"
	oneRoute   = cidrRoutes + "/{route}"
	routeOfIP  = cidrRoutes + "/ip/{ip}"
)

// network makes a tunnel and a virtual network of its own for routes, so that no
// device of the account is led there.
func (t *try) network() {
	t.vars["tunnel"] = t.tunnel().ID
	t.vnet()
}

func (t *try) addRoute(network string) *zero_trust.Route {
	made := must[*zero_trust.Route](t)(t.zt.Networks.Routes.New(t.ctx, zero_trust.NetworkRouteNewParams{AccountID: sdk.F(t.account),
		Network: sdk.F(network), TunnelID: sdk.F(t.vars["tunnel"]), VirtualNetworkID: sdk.F(t.vars["vnet"]), Comment: sdk.F(t.name())}))
	t.vars["route"], t.vars["id"] = made.ID, made.ID
	t.made(oneRoute)
	return made
}

// cidrRoute makes one, which {route} stands for from then on, in a network of
// its own.
func (t *try) cidrRoute(network string) *zero_trust.Route {
	t.network()
	return t.addRoute(network)
}

func aRoute(t *try) { t.cidrRoute("192.0.2.0/24") }

func (t *try) cidrRoutes(p zero_trust.NetworkRouteListParams) []zero_trust.Teamnet {
	p.AccountID = sdk.F(t.account)
	return must[*routesPage](t)(t.zt.Networks.Routes.List(t.ctx, p)).Result
}

func cidrRouteRows() []row {
	get := func(t *try) *zero_trust.Route {
		return must[*zero_trust.Route](t)(t.zt.Networks.Routes.Get(t.ctx, t.vars["route"], zero_trust.NetworkRouteGetParams{AccountID: sdk.F(t.account)}))
	}
	return slices.Concat([]row{
		{op: "POST " + cidrRoutes, what: "leads a range to a tunnel", class: own, run: func(t *try) {
			made := t.cidrRoute("192.0.2.0/24")
			t.same("it", []any{made.Network, made.TunnelID, made.VirtualNetworkID, made.Comment}, []any{"192.0.2.0/24", t.vars["tunnel"], t.vars["vnet"], t.name()})
		}},
		{op: "POST " + cidrRoutes, what: "takes a range within another", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.same("the network", t.addRoute("192.0.2.7/32").Network, "192.0.2.7/32")
			t.same("one of IPv6", t.addRoute("2001:db8::/48").Network, "2001:db8::/48")
		}},
		{op: "POST " + cidrRoutes, what: "uses the default virtual network if none is named", class: wide, run: func(t *try) {
			t.tunnel()
			made := t.object("POST", cidrRoutes, `{"network":"192.0.2.0/24","tunnel_id":"{id}"}`)
			t.made(cidrRoutes + "/" + made.text("id"))
			t.same("the virtual network", made.text("virtual_network_id"), t.defaultVNet())
		}},
		{op: "POST " + cidrRoutes, what: "drops address bits behind the prefix", class: simulated, run: func(t *try) {
			t.same("the network", t.cidrRoute("172.18.0.7/16").Network, "172.18.0.0/16")
		}},
		{op: "POST " + cidrRoutes, what: "takes a range around a reserved one", class: own, run: func(t *try) {
			t.same("the network", t.cidrRoute("100.64.0.0/10").Network, "100.64.0.0/10")
		}},
		{op: "GET " + cidrRoutes + "/{id}", what: "shows it, also when it was deleted", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.same("the comment", get(t).Comment, t.name())
			gone := must[*zero_trust.Route](t)(t.zt.Networks.Routes.Delete(t.ctx, t.vars["route"], zero_trust.NetworkRouteDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero() && !get(t).DeletedAt.IsZero())
		}},
		{op: "PATCH " + cidrRoutes + "/{id}", what: "changes what it is given", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			got := must[*zero_trust.Route](t)(t.zt.Networks.Routes.Edit(t.ctx, t.vars["route"], zero_trust.NetworkRouteEditParams{AccountID: sdk.F(t.account), Network: sdk.F("192.0.2.0/25")}))
			t.same("it", []any{got.Network, got.Comment, got.TunnelID}, []any{"192.0.2.0/25", t.name(), t.vars["tunnel"]})
		}},
		{op: "DELETE " + cidrRoutes + "/{id}", what: "frees the range", class: own, run: func(t *try) {
			made := t.cidrRoute("192.0.2.0/24")
			must[*zero_trust.Route](t)(t.zt.Networks.Routes.Delete(t.ctx, made.ID, zero_trust.NetworkRouteDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("another has the range", t.addRoute("192.0.2.0/24").ID != made.ID)
		}},
	}, routeListRows(), routeOfIPRows(), routeByCIDRRows(), rowsOf([]refusal{
		{"POST " + cidrRoutes, own, "a range that has a route", aRoute, `{"network":"192.0.2.0/24","tunnel_id":"{tunnel}","virtual_network_id":"{vnet}"}`, 409, 1014,
			"You already have a route defined for this exact IP subnet", 0},
		{"PATCH " + cidrRoutes + "/{id}", own, "a range that has a route", func(t *try) { t.cidrRoute("192.0.2.0/24"); t.addRoute("192.0.2.0/25") }, `{"network":"192.0.2.0/24"}`, 409, 1014, "exact IP subnet", 0},
		{"POST " + cidrRoutes, own, "what is no range", (*try).network, `{"network":"192.0.2","tunnel_id":"{tunnel}"}`, 400, 1004, "Could not parse input", 0},
		{"POST " + cidrRoutes, own, "an address without a prefix", (*try).network, `{"network":"192.0.2.1","tunnel_id":"{tunnel}"}`, 400, 1004, "Could not parse input", 0},
		{"POST " + cidrRoutes, own, "addresses of devices", (*try).network, `{"network":"100.96.7.0/24","tunnel_id":"{tunnel}","virtual_network_id":"{vnet}"}`, 400, 1004,
			`This route's network is inside an existing subnet's network at "100.96.0.0/12"`, 0},
		{"POST " + cidrRoutes, own, "addresses of load balancers", (*try).network, `{"network":"100.112.0.0/16","tunnel_id":"{tunnel}","virtual_network_id":"{vnet}"}`, 400, 1004, `"100.112.0.0/16"`, 0},
		{"POST " + cidrRoutes, own, "a comment of 101 characters", (*try).network,
			`{"network":"192.0.2.0/24","tunnel_id":"{tunnel}","virtual_network_id":"{vnet}","comment":"` + strings.Repeat("é", 101) + `"}`, 400, 1004, "100", 0},
		{"POST " + cidrRoutes, own, "an unknown tunnel", nil, `{"network":"192.0.2.0/24","tunnel_id":"{tunnel}"}`, 404, 1003, "Tunnel not found", 0},
		{"POST " + cidrRoutes, own, "an unknown virtual network", func(t *try) { t.tunnel() }, `{"network":"192.0.2.0/24","tunnel_id":"{id}","virtual_network_id":"{vnet}"}`, 404, 1003, "Virtual network not found", 0},
		{"GET " + cidrRoutes + "/{id}", read, "an unknown one", nil, "", 404, 1003, "Route not found", 0},
		{"GET " + cidrRoutes, read, "a filter that is no range", nil, "?network_subset=x", 400, 1004, "Could not parse input", 0},
		{"POST " + cidrRoutes, simulated, "more than 1,000 of both kinds", func(t *try) {
			t.network()
			t.many(1000, "POST", hostnameRoutes, `{"hostname":"{host}","tunnel_id":"{tunnel}"}`)
		}, `{"network":"192.0.2.0/24","tunnel_id":"{tunnel}"}`, 400, 1007, "maximum number of routes", 0},
	}))
}

func routeListRows() []row {
	return []row{
		{op: "GET " + cidrRoutes, what: "finds by what a route has", class: own, run: func(t *try) {
			made := t.cidrRoute("192.0.2.0/24")
			in := sdk.F(t.vars["vnet"])
			for what, row := range map[string]struct {
				filter zero_trust.NetworkRouteListParams
				found  bool
			}{
				"its id":            {zero_trust.NetworkRouteListParams{RouteID: sdk.F(made.ID)}, true},
				"its tunnel":        {zero_trust.NetworkRouteListParams{TunnelID: sdk.F(made.TunnelID)}, true},
				"its comment":       {zero_trust.NetworkRouteListParams{Comment: sdk.F(t.name())}, true},
				"another comment":   {zero_trust.NetworkRouteListParams{Comment: sdk.F(t.name() + "-2"), VirtualNetworkID: in}, false},
				"a range around":    {zero_trust.NetworkRouteListParams{NetworkSubset: sdk.F("192.0.0.0/16"), VirtualNetworkID: in}, true},
				"a range within":    {zero_trust.NetworkRouteListParams{NetworkSubset: sdk.F("192.0.2.0/25"), VirtualNetworkID: in}, false},
				"a part of it":      {zero_trust.NetworkRouteListParams{NetworkSuperset: sdk.F("192.0.2.128/25"), VirtualNetworkID: in}, true},
				"more than it":      {zero_trust.NetworkRouteListParams{NetworkSuperset: sdk.F("192.0.0.0/16"), VirtualNetworkID: in}, false},
				"its kind":          {zero_trust.NetworkRouteListParams{TunTypes: sdk.F([]zero_trust.NetworkRouteListParamsTunType{"cfd_tunnel"}), VirtualNetworkID: in}, true},
				"another kind":      {zero_trust.NetworkRouteListParams{TunTypes: sdk.F([]zero_trust.NetworkRouteListParamsTunType{"warp_connector"}), VirtualNetworkID: in}, false},
				"before it existed": {zero_trust.NetworkRouteListParams{ExistedAt: sdk.F(made.CreatedAt.Add(-time.Hour).Format(time.RFC3339)), VirtualNetworkID: in}, false},
				"deleted":           {zero_trust.NetworkRouteListParams{IsDeleted: sdk.F(true), VirtualNetworkID: in}, false},
			} {
				t.same("by "+what, len(t.cidrRoutes(row.filter)) == 1, row.found)
			}
		}},
		{op: "GET " + cidrRoutes, what: "names the tunnel and the virtual network", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			got := t.cidrRoutes(zero_trust.NetworkRouteListParams{VirtualNetworkID: sdk.F(t.vars["vnet"])})[0]
			t.same("it", []any{got.TunnelName, got.VirtualNetworkName, got.TunType}, []any{t.name(), t.name(), zero_trust.TeamnetTunTypeCfdTunnel})
		}},
		{op: "GET " + cidrRoutes, what: "leaves the deleted ones out unless told otherwise, where it does", class: simulated, options: deletedUnlisted, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.object("DELETE", oneRoute, "")
			t.same("routes", len(t.list(cidrRoutes)), 0)
			t.same("deleted routes", len(t.list(cidrRoutes+"?is_deleted=true")), 1)
		}},
		{op: "GET " + cidrRoutes, what: "has the deleted ones in it unless told otherwise", class: simulated, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.object("DELETE", oneRoute, "")
			t.same("routes", len(t.list(cidrRoutes)), 1)
			t.same("live routes", len(t.list(cidrRoutes+"?is_deleted=false")), 0)
		}},
		{op: "POST " + cidrRoutes, what: "refuses address bits behind the prefix, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{HostBitsRefused: true}}, run: func(t *try) {
				t.network()
				t.refused(t.execute("POST", cidrRoutes, `{"network":"172.18.0.7/16","tunnel_id":"{tunnel}"}`, nil), 400, 1004, "host bits")
			}},
		{op: "DELETE " + oneTunnel, what: "refuses a tunnel that routes lead to, unless it cascades", class: simulated, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.vars["id"] = t.vars["tunnel"]
			t.refused(t.execute("DELETE", oneTunnel, "", nil), 400, 1022, "routes")
			t.object("DELETE", oneTunnel+"?cascade=true", "")
			t.same("routes left", len(t.list(cidrRoutes+"?is_deleted=false")), 0)
		}},
		{op: "DELETE " + oneTunnel, what: "leaves routes that lead nowhere, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{RoutesOutliveTunnel: true}}, run: func(t *try) {
				t.cidrRoute("192.0.2.0/24")
				t.object("DELETE", tunnels+"/{tunnel}", "")
				t.same("routes left", len(t.list(cidrRoutes+"?is_deleted=false")), 1)
			}},
	}
}

func routeOfIPRows() []row {
	of := func(t *try, ip string) *zero_trust.Teamnet {
		return must[*zero_trust.Teamnet](t)(t.zt.Networks.Routes.IPs.Get(t.ctx, ip, zero_trust.NetworkRouteIPGetParams{AccountID: sdk.F(t.account), VirtualNetworkID: sdk.F(t.vars["vnet"])}))
	}
	return append([]row{
		{op: "GET " + routeOfIP, what: "gives the route with the longest prefix", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			t.addRoute("192.0.2.8/29")
			t.addRoute("192.0.2.9/32")
			for ip, want := range map[string]string{"192.0.2.1": "192.0.2.0/24", "192.0.2.8": "192.0.2.8/29", "192.0.2.9": "192.0.2.9/32", "192.0.3.1": "", "2001:db8::1": ""} {
				t.same("the route of "+ip, of(t, ip).Network, want)
			}
		}},
		{op: "GET " + routeOfIP, what: "looks in the default virtual network alone if none is named", class: own, run: func(t *try) {
			t.cidrRoute("192.0.2.0/24")
			r := must[*zero_trust.Teamnet](t)(t.zt.Networks.Routes.IPs.Get(t.ctx, "192.0.2.1", zero_trust.NetworkRouteIPGetParams{AccountID: sdk.F(t.account)}))
			t.holds("it is not the one elsewhere", r.ID != t.vars["route"])
		}},
	}, rowsOf([]refusal{
		{"GET " + routeOfIP, read, "what is no address", func(t *try) { t.vars["ip"] = "x" }, "", 400, 1004, "invalid address", 0},
	})...)
}

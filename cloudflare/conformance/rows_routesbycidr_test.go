package conformance

//lint:file-ignore SA1019 these rows are about what is deprecated

import (
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const routeByCIDR = cidrRoutes + "/network/{cidr}"

// routeByCIDRRows are of the paths that end on October 5, 2026.
func routeByCIDRRows() []row {
	before := sim.Options{Clock: func() time.Time { return time.Date(2026, 10, 4, 23, 59, 0, 0, time.UTC) }}
	at := func(t *try) { t.network(); t.vars["cidr"] = "192.0.2.0%2F24" }
	make := func(t *try) {
		at(t)
		made := must[*zero_trust.Route](t)(t.zt.Networks.Routes.Networks.New(t.ctx, t.vars["cidr"], zero_trust.NetworkRouteNetworkNewParams{AccountID: sdk.F(t.account),
			TunnelID: sdk.F(t.vars["tunnel"]), VirtualNetworkID: sdk.F(t.vars["vnet"])}))
		t.vars["route"] = made.ID
		t.made(oneRoute)
		t.same("the network", made.Network, "192.0.2.0/24")
	}
	return []row{
		{op: "POST " + routeByCIDR, what: "makes one by its range, until October 2026", class: simulated, options: before, run: make},
		{op: "PATCH " + routeByCIDR, what: "changes it by its range, until October 2026", class: simulated, options: before, run: func(t *try) {
			make(t)
			t.same("the comment", t.object("PATCH", routeByCIDR, `{"comment":"changed","virtual_network_id":"{vnet}"}`).text("comment"), "changed")
		}},
		{op: "DELETE " + routeByCIDR, what: "removes it by its range, until October 2026", class: simulated, options: before, run: func(t *try) {
			make(t)
			_, err := t.zt.Networks.Routes.Networks.Delete(t.ctx, t.vars["cidr"], zero_trust.NetworkRouteNetworkDeleteParams{AccountID: sdk.F(t.account)})
			t.refused(err, 404, 1003, "Route not found") // in the default virtual network
			_, err = t.zt.Networks.Routes.Networks.Delete(t.ctx, t.vars["cidr"], zero_trust.NetworkRouteNetworkDeleteParams{AccountID: sdk.F(t.account),
				VirtualNetworkID: sdk.F(t.vars["vnet"]), TunnelID: sdk.F(unknownUUID)})
			t.refused(err, 404, 1003, "Route not found") // of another tunnel
			gone := must[*zero_trust.Route](t)(t.zt.Networks.Routes.Networks.Delete(t.ctx, t.vars["cidr"], zero_trust.NetworkRouteNetworkDeleteParams{AccountID: sdk.F(t.account),
				VirtualNetworkID: sdk.F(t.vars["vnet"])}))
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero())
		}},
		{op: "POST " + routeByCIDR, what: "is gone since October 2026", class: simulated, run: func(t *try) {
			at(t)
			t.refusedRaw(t.raw("POST", routeByCIDR, `{"tunnel_id":"{tunnel}"}`), 404, 7003, "Could not route")
		}},
	}
}

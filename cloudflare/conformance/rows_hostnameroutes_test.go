package conformance

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	hostnameRoutes   = A + "/zerotrust/routes/hostname"
	oneHostnameRoute = hostnameRoutes + "/{id}"
)

// addHostnameRoute leads a name to the tunnel that {tunnel} stands for.
func (t *try) addHostnameRoute(hostname string) *zero_trust.HostnameRoute {
	made := must[*zero_trust.HostnameRoute](t)(t.zt.Networks.HostnameRoutes.New(t.ctx, zero_trust.NetworkHostnameRouteNewParams{AccountID: sdk.F(t.account),
		Hostname: sdk.F(hostname), TunnelID: sdk.F(t.vars["tunnel"]), Comment: sdk.F("of a test")}))
	t.vars["id"] = made.ID
	t.made(oneHostnameRoute)
	return made
}

// hostnameRoute makes one and its tunnel; {id} stands for the route.
func (t *try) hostnameRoute(hostname string) *zero_trust.HostnameRoute {
	t.vars["tunnel"] = t.tunnel().ID
	return t.addHostnameRoute(hostname)
}

func aHostnameRoute(t *try) { t.hostnameRoute(t.host()) }

func hostnameRouteRows() []row {
	get := func(t *try) *zero_trust.HostnameRoute {
		return must[*zero_trust.HostnameRoute](t)(t.zt.Networks.HostnameRoutes.Get(t.ctx, t.vars["id"], zero_trust.NetworkHostnameRouteGetParams{AccountID: sdk.F(t.account)}))
	}
	list := func(t *try, p zero_trust.NetworkHostnameRouteListParams) int {
		p.AccountID = sdk.F(t.account)
		return len(must[*hostnameRoutesPage](t)(t.zt.Networks.HostnameRoutes.List(t.ctx, p)).Result)
	}
	label := strings.Repeat("a", 62) + "."
	return slices.Concat([]row{
		{op: "POST " + hostnameRoutes, what: "leads a name to a tunnel", class: own, run: func(t *try) {
			made := t.hostnameRoute(t.host())
			t.same("it", []any{made.Hostname, made.TunnelID, made.TunnelName, made.TunType, made.Comment},
				[]any{t.host(), t.vars["tunnel"], t.name(), zero_trust.HostnameRouteTunTypeCfdTunnel, "of a test"})
		}},
		{op: "POST " + hostnameRoutes, what: "stores a name without wildcard, dots and capitals", class: own, run: func(t *try) {
			t.vars["tunnel"] = t.tunnel().ID
			for i, form := range []string{"*.NAME", ".NAME.", "NAME"} {
				host := strings.Repeat("x", i+1) + "." + t.host()
				made := t.addHostnameRoute(strings.ReplaceAll(form, "NAME", strings.ToUpper(host)))
				t.same("the name", made.Hostname, host)
			}
		}},
		{op: "GET " + hostnameRoutes, what: "finds by a part of the name, and by the whole of the rest", class: own, run: func(t *try) {
			made := t.hostnameRoute(t.host())
			part := zero_trust.NetworkHostnameRouteListParams{Hostname: sdk.F(strings.ToUpper(t.name()[8:]))}
			t.same("by a part of the name", list(t, part), 1)
			t.same("by its id", list(t, zero_trust.NetworkHostnameRouteListParams{ID: sdk.F(made.ID)}), 1)
			t.same("by its tunnel", list(t, zero_trust.NetworkHostnameRouteListParams{TunnelID: sdk.F(made.TunnelID)}), 1)
			part.Comment = sdk.F("of a test")
			t.same("by its comment", list(t, part), 1)
			part.Comment = sdk.F("of a")
			t.same("by a part of the comment", list(t, part), 0)
			t.same("before it existed", list(t, zero_trust.NetworkHostnameRouteListParams{ID: sdk.F(made.ID), ExistedAt: sdk.F(made.CreatedAt.Add(-time.Hour).Format(time.RFC3339))}), 0)
		}},
		{op: "GET " + oneHostnameRoute, what: "shows it, also when it was deleted", class: own, run: func(t *try) {
			t.hostnameRoute(t.host())
			t.same("the name", get(t).Hostname, t.host())
			gone := must[*zero_trust.HostnameRoute](t)(t.zt.Networks.HostnameRoutes.Delete(t.ctx, t.vars["id"], zero_trust.NetworkHostnameRouteDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero() && !get(t).DeletedAt.IsZero())
		}},
		{op: "PATCH " + oneHostnameRoute, what: "changes what it is given", class: own, run: func(t *try) {
			t.hostnameRoute(t.host())
			got := must[*zero_trust.HostnameRoute](t)(t.zt.Networks.HostnameRoutes.Edit(t.ctx, t.vars["id"], zero_trust.NetworkHostnameRouteEditParams{AccountID: sdk.F(t.account),
				Comment: sdk.F("changed")}))
			t.same("it", []any{got.Hostname, got.Comment}, []any{t.host(), "changed"})
		}},
		{op: "DELETE " + oneHostnameRoute, what: "frees the name", class: own, run: func(t *try) {
			made := t.hostnameRoute(t.host())
			must[*zero_trust.HostnameRoute](t)(t.zt.Networks.HostnameRoutes.Delete(t.ctx, made.ID, zero_trust.NetworkHostnameRouteDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("another has the name", t.addHostnameRoute(t.host()).ID != made.ID)
		}},
	}, rowsOf([]refusal{
		{"POST " + hostnameRoutes, own, "a name that has a route", aHostnameRoute, `{"hostname":"*.{host}","tunnel_id":"{tunnel}"}`, 409, 1014, "exact hostname", 0},
		{"POST " + hostnameRoutes, own, "a wildcard in the middle", func(t *try) { t.tunnel() }, `{"hostname":"a.*.{host}","tunnel_id":"{id}"}`, 400, 1004, "invalid hostname", 0},
		{"POST " + hostnameRoutes, own, "a wildcard that is part of a label", func(t *try) { t.tunnel() }, `{"hostname":"a*.{host}","tunnel_id":"{id}"}`, 400, 1004, "invalid hostname", 0},
		{"POST " + hostnameRoutes, own, "a port", func(t *try) { t.tunnel() }, `{"hostname":"{host}:8000","tunnel_id":"{id}"}`, 400, 1004, "invalid hostname", 0},
		{"POST " + hostnameRoutes, own, "a name of 255 characters", func(t *try) { t.tunnel() }, `{"hostname":"` + strings.Repeat(label, 4) + `abc","tunnel_id":"{id}"}`, 400, 1004, "255 characters", 0},
		{"POST " + hostnameRoutes, own, "a label of 64 characters", func(t *try) { t.tunnel() }, `{"hostname":"` + strings.Repeat("a", 64) + `.{host}","tunnel_id":"{id}"}`, 400, 1004, "invalid hostname", 0},
		{"POST " + hostnameRoutes, own, "a comment of 101 characters", func(t *try) { t.tunnel() }, `{"hostname":"{host}","tunnel_id":"{id}","comment":"` + strings.Repeat("é", 101) + `"}`, 400, 1004, "100 characters", 0},
		{"POST " + hostnameRoutes, own, "an unknown tunnel", nil, `{"hostname":"{host}","tunnel_id":"{tunnel}"}`, 404, 1003, "Tunnel not found", 0},
		{"GET " + oneHostnameRoute, read, "an unknown one", nil, "", 404, 1003, "Hostname route not found", 0},
		{"POST " + hostnameRoutes, simulated, "more than 1,000 of both kinds", func(t *try) {
			t.vars["tunnel"] = t.tunnel().ID
			t.many(1000, "POST", hostnameRoutes, `{"hostname":"{host}","tunnel_id":"{tunnel}"}`)
		}, `{"hostname":"{host}","tunnel_id":"{tunnel}"}`, 400, 1007, "maximum number of routes", 0},
	}))
}

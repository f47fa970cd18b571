package conformance

import (
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	vnets   = A + "/teamnet/virtual_networks"
	oneVNet = vnets + "/{vnet}"
)

// vnet makes one, which {vnet} stands for from then on.
func (t *try) vnet() *zero_trust.VirtualNetwork {
	made := must[*zero_trust.VirtualNetwork](t)(t.zt.Networks.VirtualNetworks.New(t.ctx, zero_trust.NetworkVirtualNetworkNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name()), Comment: sdk.F("of a test")}))
	t.vars["vnet"] = made.ID
	t.made(oneVNet)
	return made
}

func aVNet(t *try) { t.vars["id"] = t.vnet().ID }

func (t *try) vnets(p zero_trust.NetworkVirtualNetworkListParams) []zero_trust.VirtualNetwork {
	p.AccountID = sdk.F(t.account)
	return must[*vnetsPage](t)(t.zt.Networks.VirtualNetworks.List(t.ctx, p)).Result
}

// defaultVNet is the id of the account's default one, which {id} stands for.
func (t *try) defaultVNet() string {
	found := t.vnets(zero_trust.NetworkVirtualNetworkListParams{IsDefaultNetwork: sdk.F(true), IsDeleted: sdk.F(false)})
	if len(found) != 1 {
		t.stop("there are %d default virtual networks", len(found))
	}
	t.vars["id"] = found[0].ID
	return found[0].ID
}

func vnetRows() []row {
	edit := func(t *try, id string, p zero_trust.NetworkVirtualNetworkEditParams) (*zero_trust.VirtualNetwork, error) {
		p.AccountID = sdk.F(t.account)
		return t.zt.Networks.VirtualNetworks.Edit(t.ctx, id, p)
	}
	return slices.Concat([]row{
		{op: "GET " + vnets, what: "has one that is the default", class: read, run: func(t *try) { t.defaultVNet() }},
		{op: "POST " + vnets, what: "makes one that is not the default", class: own, run: func(t *try) {
			made := t.vnet()
			t.same("it", []any{made.Name, made.Comment, made.IsDefaultNetwork}, []any{t.name(), "of a test", false})
			t.holds("it is not deleted", made.DeletedAt.IsZero() && !made.CreatedAt.IsZero())
		}},
		{op: "GET " + vnets + "/{id}", what: "shows it", class: own, run: func(t *try) {
			made := t.vnet()
			got := must[*zero_trust.VirtualNetwork](t)(t.zt.Networks.VirtualNetworks.Get(t.ctx, made.ID, zero_trust.NetworkVirtualNetworkGetParams{AccountID: sdk.F(t.account)}))
			t.same("the name", got.Name, t.name())
		}},
		{op: "GET " + vnets, what: "finds by name, id and whether it is the default", class: own, run: func(t *try) {
			made := t.vnet()
			named := zero_trust.NetworkVirtualNetworkListParams{Name: sdk.F(t.name())}
			t.same("by name", len(t.vnets(named)), 1)
			t.same("by id", len(t.vnets(zero_trust.NetworkVirtualNetworkListParams{ID: sdk.F(made.ID)})), 1)
			named.IsDefaultNetwork = sdk.F(true)
			t.same("by name, the default", len(t.vnets(named)), 0)
		}},
		{op: "PATCH " + vnets + "/{id}", what: "changes what it is given", class: own, run: func(t *try) {
			made := t.vnet()
			got := must[*zero_trust.VirtualNetwork](t)(edit(t, made.ID, zero_trust.NetworkVirtualNetworkEditParams{Name: sdk.F(t.name() + "-2")}))
			t.same("it", []any{got.Name, got.Comment}, []any{t.name() + "-2", "of a test"})
		}},
		{op: "PATCH " + vnets + "/{id}", what: "takes the default away from the former one", class: wide, run: func(t *try) {
			former, made := t.defaultVNet(), t.vnet()
			t.after("PATCH", vnets+"/"+former, `{"is_default_network":true}`)
			must[*zero_trust.VirtualNetwork](t)(edit(t, made.ID, zero_trust.NetworkVirtualNetworkEditParams{IsDefaultNetwork: sdk.F(true)}))
			t.same("the default", t.defaultVNet(), made.ID)
		}},
		{op: "DELETE " + vnets + "/{id}", what: "frees the name", class: own, run: func(t *try) {
			made := t.vnet()
			gone := must[*zero_trust.VirtualNetwork](t)(t.zt.Networks.VirtualNetworks.Delete(t.ctx, made.ID, zero_trust.NetworkVirtualNetworkDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero())
			t.holds("another has the name", t.vnet().ID != made.ID)
			t.same("deleted ones", len(t.vnets(zero_trust.NetworkVirtualNetworkListParams{ID: sdk.F(made.ID), IsDeleted: sdk.F(true)})), 1)
		}},
	}, rowsOf([]refusal{
		{"POST " + vnets, own, "a name that is taken", aVNet, `{"name":"{name}"}`, 409, 1013, "already have a virtual network with this name", 0},
		{"POST " + vnets, own, "one without a name", nil, `{}`, 400, 1002, "name", 0},
		{"POST " + vnets, own, "a comment of 257 characters", nil, `{"name":"{name}","comment":"` + strings.Repeat("é", 257) + `"}`, 400, 1004, "256", 0},
		{"POST " + vnets, simulated, "more than 1,000", func(t *try) { t.many(999, "POST", vnets, `{"name":"{name}"}`) }, `{"name":"{name}"}`, 400, 1007, "maximum number of virtual networks", 0},
		{"GET " + vnets + "/{id}", read, "an unknown one", nil, "", 404, 1003, "not found", 0},
		{"DELETE " + vnets + "/{id}", wide, "the default one", func(t *try) { t.defaultVNet() }, "", 400, 1004, "default", 0},
		{"PATCH " + vnets + "/{id}", wide, "that no one be the default", func(t *try) { t.defaultVNet() }, `{"is_default_network":false}`, 400, 1004, "default", 0},
		{"DELETE " + vnets + "/{id}", own, "one with routes", func(t *try) { t.cidrRoute("192.0.2.0/24"); t.vars["id"] = t.vars["vnet"] }, "", 400, 1004, "routes", 0},
	}))
}

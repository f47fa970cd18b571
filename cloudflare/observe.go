package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/culvert/culvert/setup"
)

// part is what one read found of one kind.
type part struct {
	at      setup.ReadScope
	objects []setup.Object
	err     error
}

// Observe reads what the view asks for: everything of the account's tunnels and
// Access, and of each domain the records on the view's hosts and those that
// point to tunnels. What fails is noted as unread; the rest is read on.
func (c *Client) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	if v.Account == "" {
		return setup.World{}, nil // no kind of ours lives outside an account
	}
	if v.Asks(setup.KindIngress) && len(v.Kinds) > 0 { // which rules are read depends on both
		v.Kinds = append(slices.Clone(v.Kinds), setup.KindTunnel, setup.KindDNSRecord)
	}
	tunnels, parts := c.look(ctx, v)
	if v.Asks(setup.KindIngress) {
		parts = append(parts, c.readIngress(ctx, v, tunnels, parts))
	}
	if err := ctx.Err(); err != nil {
		return setup.World{}, fmt.Errorf("looking at the Cloudflare account: %w", err)
	}
	return assemble(v.Account, parts), nil
}

// look makes all reads that do not need another's answer at the same time.
func (c *Client) look(ctx context.Context, v setup.View) (tunnels part, all []part) {
	var reads []func() []part
	for _, r := range c.readings() {
		if slices.ContainsFunc(r.kinds, v.Asks) {
			reads = append(reads, func() []part { return r.read(ctx, v) })
		}
	}
	if slices.ContainsFunc(zoneKinds(), v.Asks) {
		for _, zone := range v.Zones {
			reads = append(reads, func() []part { return c.readZone(ctx, v, host(zone)) })
		}
	}
	found := make([][]part, len(reads))
	var wg sync.WaitGroup
	for i, read := range reads {
		wg.Go(func() { found[i] = read() })
	}
	wg.Wait()
	all = slices.Concat(found...)
	all = slices.DeleteFunc(all, func(p part) bool { return p.at.Kind.Private() && !v.Private })
	for _, p := range all {
		if p.at.Kind == setup.KindTunnel {
			tunnels = p
		}
	}
	return tunnels, all
}

// reading is one read of the account, for the kinds that come out of it.
type reading struct {
	kinds []setup.Kind
	read  func(context.Context, setup.View) []part
}

func (c *Client) readings() []reading {
	one := func(k setup.Kind, read func(context.Context, string) part) reading {
		return reading{[]setup.Kind{k}, func(ctx context.Context, v setup.View) []part { return []part{read(ctx, v.Account)} }}
	}
	return []reading{
		one(setup.KindOrganization, c.readOrganization),
		one(setup.KindLoginMethod, c.readLogins),
		one(setup.KindTunnel, c.readTunnels),
		one(setup.KindPolicy, c.readPolicies),
		{[]setup.Kind{setup.KindApp, setup.KindEnrolment, setup.KindEnrolmentRule}, c.readAccess},
		{[]setup.Kind{setup.KindDeviceProfile, setup.KindSplitTunnel, setup.KindFallback, setup.KindShadow}, c.readDevices},
		one(setup.KindVirtualNetwork, c.readVNets),
		{[]setup.Kind{setup.KindRoute}, c.readRoutes},
		one(setup.KindHostnameRoute, c.readHostRoutes),
		one(setup.KindGatewayProxy, c.readProxy),
		one(setup.KindICMPProxy, c.readICMP),
		one(setup.KindDNSLocation, c.readLocations),
		one(setup.KindAlert, c.readAlerts),
	}
}

// assemble puts the parts together, in an order that does not depend on
// Cloudflare's.
func assemble(account string, parts []part) setup.World {
	var w setup.World
	off := false // Zero Trust is not switched on
	for _, p := range parts {
		if p.err != nil {
			w.Miss(p.at.Kind, p.at.Scope, *problem(p.err))
		}
		off = off || p.at.Kind == setup.KindOrganization && p.err == nil && len(p.objects) == 0
		w.Objects = append(w.Objects, p.objects...)
	}
	if off {
		forgive(&w, account)
	}
	slices.SortFunc(w.Objects, func(a, b setup.Object) int {
		return cmp.Or(cmp.Compare(a.State.Kind(), b.State.Kind()), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.ID, b.ID))
	})
	return w
}

// forgive takes back what is unread only because Zero Trust is not switched on:
// nothing of Access can stand in such an account.
func forgive(w *setup.World, account string) {
	for _, kind := range []setup.Kind{setup.KindLoginMethod, setup.KindPolicy, setup.KindApp, setup.KindEnrolment, setup.KindEnrolmentRule} {
		at := setup.ReadScope{Kind: kind, Scope: account}
		if w.Unread[at].Code == setup.CodeNotEnabled {
			delete(w.Unread, at)
		}
	}
}

// decodeAll turns the rows of a list into objects. A row that cannot be read
// spoils the list: what it is must not pass for absent.
func decodeAll(at setup.ReadScope, rows []json.RawMessage, err error, decode func(json.RawMessage) (setup.Object, error)) part {
	p := part{at: at, err: err}
	if err != nil {
		return p
	}
	for _, row := range rows {
		o, err := decoded(row, decode)
		if err != nil {
			return part{at: at, err: err}
		}
		o.Scope = at.Scope
		p.objects = append(p.objects, o)
	}
	return p
}

// decoded is one object. What has no id is not what was asked for: the SDK's
// types take any JSON.
func decoded(raw json.RawMessage, decode func(json.RawMessage) (setup.Object, error)) (setup.Object, error) {
	o, err := decode(raw)
	if err == nil && o.ID == "" {
		err = refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: something in it has no id. Try again in a moment.")
	}
	return o, err
}

// parse reads JSON that Cloudflare sent.
func parse(o op, raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return &apiError{op: o, method: "GET", status: 200, cause: fmt.Errorf("reading the result: %w", err)}
	}
	return nil
}

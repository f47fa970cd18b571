package cloudflare

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/culvert/culvert/setup"
)

var readingZones = op{"read your domains", needsZone}

// zones lists the domains of an account, or of every account that the token
// reaches; all of them, or one by its name.
func (c *Client) zones(ctx context.Context, account, name string) ([]json.RawMessage, error) {
	query := url.Values{}
	if account != "" {
		query.Set("account.id", account)
	}
	if name != "" {
		query.Set("name", name)
	}
	return c.list(ctx, readingZones, "zones", query)
}

func decodeZone(raw json.RawMessage) (setup.Object, error) {
	var z zones.Zone
	if err := parse(readingZones, raw, &z); err != nil {
		return setup.Object{}, err
	}
	return setup.Object{ID: z.ID, Raw: raw, State: setup.Zone{
		Name: host(z.Name), Status: string(z.Status), NameServers: z.NameServers, Paused: z.Paused,
	}}, nil
}

// zoneKinds are those that are read domain by domain.
func zoneKinds() []setup.Kind {
	return []setup.Kind{setup.KindZone, setup.KindDNSRecord, setup.KindEdgeRule,
		setup.KindSkipRule, setup.KindBotFight, setup.KindSecurityLevel, setup.KindZonePause}
}

// readZone reads a domain and what is in view of it. Without the domain nothing
// is known of its insides, unless it is certain that there is none.
func (c *Client) readZone(ctx context.Context, v setup.View, name string) []part {
	rows, err := c.zones(ctx, v.Account, name)
	zone := decodeAll(setup.ReadScope{Kind: setup.KindZone, Scope: v.Account}, rows, err, decodeZone)
	inside := []struct {
		kind setup.Kind
		read func(id string) part
	}{
		{setup.KindDNSRecord, func(id string) part { return c.readRecords(ctx, id, name, hostsIn(v.Hosts, name)) }},
		{setup.KindEdgeRule, func(id string) part { return c.readRules(ctx, setup.KindEdgeRule, configRules(), id, name) }},
		{setup.KindSkipRule, func(id string) part { return c.readRules(ctx, setup.KindSkipRule, customRules(), id, name) }},
		{setup.KindBotFight, func(id string) part { return c.readBotFight(ctx, id, name) }},
		{setup.KindSecurityLevel, func(id string) part { return c.readLevel(ctx, id, name) }},
		{setup.KindZonePause, func(id string) part { return pauseOf(zone.objects, id, name) }},
	}
	parts := make([]part, len(inside)+1)
	parts[0] = zone
	var wg sync.WaitGroup
	for i, in := range inside {
		if !v.Asks(in.kind) {
			continue
		}
		parts[i+1] = part{at: setup.ReadScope{Kind: in.kind, Scope: name}, err: zone.err}
		if len(zone.objects) > 0 {
			wg.Go(func() { parts[i+1] = in.read(servingZone(zone.objects)) })
		}
	}
	wg.Wait()
	return parts
}

// servingZone is the active one, should the domain have been added twice.
func servingZone(all []setup.Object) string {
	for _, o := range all {
		if o.State.(setup.Zone).Status == "active" {
			return o.ID
		}
	}
	return all[0].ID
}

// hostsIn are the hosts under a domain.
func hostsIn(hosts []string, zone string) []string {
	var in []string
	for _, h := range hosts {
		if h = host(h); h == zone || strings.HasSuffix(h, "."+zone) {
			in = append(in, h)
		}
	}
	slices.Sort(in)
	return slices.Compact(in)
}

// readRecords reads every name that points to a tunnel, because a tunnel that
// others use must not go, and everything on those of the hosts that none of
// them is: beside a CNAME no other address can stand (RFC 1034, 3.6.2).
func (c *Client) readRecords(ctx context.Context, zoneID, zone string, hosts []string) part {
	all := c.readRecordsLike(ctx, zoneID, zone, url.Values{"type": {"CNAME"}, "content.endswith": {setup.TunnelContent("")}})
	known := map[string]bool{}
	for _, o := range all.objects {
		known[o.State.(setup.DNSRecord).Name] = true
	}
	hosts = slices.DeleteFunc(hosts, func(h string) bool { return known[h] })
	parts := make([]part, len(hosts))
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { parts[i] = c.readRecordsLike(ctx, zoneID, zone, url.Values{"name.exact": {h}}) })
	}
	wg.Wait()
	for _, p := range append([]part{all}, parts...) {
		if p.err != nil {
			return part{at: p.at, err: p.err}
		}
	}
	for _, p := range parts {
		all.objects = append(all.objects, p.objects...)
	}
	return all
}

func (c *Client) readRecordsLike(ctx context.Context, zoneID, zone string, query url.Values) part {
	rows, err := c.list(ctx, readingRecords, recordsPath(zoneID), query)
	return decodeAll(setup.ReadScope{Kind: setup.KindDNSRecord, Scope: zone}, rows, err, decoderOf(zoneID))
}

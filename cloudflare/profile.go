package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"

	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var readingProfiles = op{"read the device profiles", needsZeroTrust}

func profilePath(account, profile string, below ...string) string {
	steps := []string{"accounts", account, "devices", "policy"}
	if profile != setup.DefaultProfile {
		steps = append(steps, profile)
	}
	return at(append(steps, below...)...)
}

// profile is a set of settings of devices with the two lists in it.
type profile struct {
	id    string
	raw   json.RawMessage
	state setup.DeviceProfile

	include bool // split lists what goes through WARP
	split   []json.RawMessage
	domains []json.RawMessage // Local Domain Fallback
	fault   error             // why the lists could not be understood
}

func decodeProfile(raw json.RawMessage) (profile, error) {
	var in zero_trust.SettingsPolicy
	if err := parse(readingProfiles, raw, &in); err != nil {
		return profile{}, err
	}
	p := profile{id: in.PolicyID, raw: raw}
	if in.Default {
		p.id, in.Enabled = setup.DefaultProfile, true
	}
	p.fault = p.lists()
	p.state = setup.DeviceProfile{ID: p.id, Carries: in.Enabled && in.ServiceModeV2.Mode == "warp",
		Name: in.Name, Match: in.Match, Include: p.include, Devices: -1, Precedence: in.Precedence}
	return p, nil
}

// lists takes the lists apart. A profile has one of the two of split tunnels: a
// list of what stays out, or one of what goes through.
func (p *profile) lists() error {
	out, in, fallback := gjson.GetBytes(p.raw, "exclude"), gjson.GetBytes(p.raw, "include"), gjson.GetBytes(p.raw, "fallback_domains")
	some := func(list gjson.Result) bool { return len(list.Array()) > 0 }
	switch {
	case !fallback.IsArray(), !out.IsArray() && !in.IsArray(), some(out) && some(in):
		return refused(setup.CodeUnavailable, "The lists of a device profile could not be understood: Cloudflare did not send them as usual. Try again in a moment.")
	case in.IsArray() && (some(in) || !out.IsArray()):
		p.include, p.split = true, raws(in)
	default:
		p.split = raws(out)
	}
	p.domains = raws(fallback)
	return nil
}

func raws(list gjson.Result) []json.RawMessage {
	all := []json.RawMessage{}
	for _, e := range list.Array() {
		all = append(all, json.RawMessage(e.Raw))
	}
	return all
}

// readDevices reads what devices are told: every profile with its lists, in two
// calls, whoever asks for how much of it.
func (c *Client) readDevices(ctx context.Context, v setup.View) []part {
	var profiles []profile
	var resolved netip.Prefix
	var failed, unresolved error
	counts := map[string]int{}
	var wg sync.WaitGroup
	wg.Go(func() { profiles, failed = c.readProfiles(ctx, v.Account) })
	if v.Asks(setup.KindDeviceProfile) {
		wg.Go(func() { counts = c.countDevices(ctx, v.Account) })
	}
	if v.Asks(setup.KindSplitTunnel) && asksResolved(v.Networks) {
		wg.Go(func() { resolved, unresolved = c.readResolved(ctx, v.Account) })
	}
	wg.Wait()
	own := part{at: setup.ReadScope{Kind: setup.KindDeviceProfile, Scope: v.Account}, err: failed}
	for _, p := range profiles {
		if counts != nil {
			p.state.Devices = counts[p.id]
		}
		own.objects = append(own.objects, setup.Object{Scope: v.Account, ID: p.id, State: p.state, Raw: p.raw})
	}
	splits := part{at: setup.ReadScope{Kind: setup.KindSplitTunnel, Scope: v.Account}, err: firstError(failed, unresolved)}
	fallbacks := part{at: setup.ReadScope{Kind: setup.KindFallback, Scope: v.Account}, err: failed}
	shadows := part{at: setup.ReadScope{Kind: setup.KindShadow, Scope: v.Account}, err: failed}
	for _, p := range viewed(profiles, v.Profiles) {
		splits.addSplits(splitList{p, resolved}, v.Networks)
		fallbacks.addNames(p, v.Names, fallbackList.fallback)
		shadows.addNames(p, v.Names, fallbackList.shadow)
	}
	return []part{own, splits, fallbacks, shadows}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// viewed are the profiles that are asked for. One that is not there has no
// answers; that it is missing shows in the profiles themselves.
func viewed(all []profile, asked []string) []profile {
	var found []profile
	for _, id := range asked {
		for _, p := range all {
			if p.id == id {
				found = append(found, p)
			}
		}
	}
	return found
}

// readProfiles gives the default profile and the others.
func (c *Client) readProfiles(ctx context.Context, account string) ([]profile, error) {
	var first profile
	var rows []json.RawMessage
	var failed, unlisted error
	var wg sync.WaitGroup
	wg.Go(func() { first, failed = c.readProfile(ctx, account, setup.DefaultProfile) })
	wg.Go(func() {
		rows, unlisted = c.list(ctx, readingProfiles, at("accounts", account, "devices", "policies"), nil)
	})
	wg.Wait()
	if err := firstError(failed, unlisted); err != nil {
		return nil, err
	}
	all := []profile{first}
	for _, row := range rows {
		p, err := decodeProfile(row)
		if err == nil && p.id == "" {
			err = refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: a device profile has no id. Try again in a moment.")
		}
		if err != nil {
			return nil, err
		}
		if p.id != setup.DefaultProfile { // some lists have it too
			all = append(all, p)
		}
	}
	return all, nil
}

func (c *Client) readProfile(ctx context.Context, account, id string) (profile, error) {
	raw, err := c.get(ctx, readingProfiles, profilePath(account, id), nil)
	if err != nil {
		return profile{}, err
	}
	p, err := decodeProfile(raw)
	if err == nil && p.id != id {
		err = refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: it is about another device profile. Try again in a moment.")
	}
	return p, err
}

// How many devices are counted: so many pages of so many.
const (
	devicePages   = 5
	devicesAtOnce = "100"
)

// countDevices tells how many devices have each profile. It only says how far a
// change reaches, so nil, for not known, bars nothing.
func (c *Client) countDevices(ctx context.Context, account string) map[string]int {
	counting := op{"count the devices", needsZeroTrust}
	seen, counts := map[string]bool{}, map[string]int{}
	query := url.Values{"include": {"policy"}, "per_page": {devicesAtOnce}}
	for range devicePages {
		env, err := c.call(ctx, request{op: counting, method: http.MethodGet, path: at("accounts", account, "devices", "registrations"), query: query})
		rows := gjson.ParseBytes(env.Result)
		if err != nil || !rows.IsArray() {
			return nil
		}
		for _, r := range rows.Array() {
			id := r.Get("policy.id").String()
			if r.Get("policy.default").Bool() {
				id = setup.DefaultProfile
			}
			if device := r.Get("device.id").String() + " " + id; !seen[device] {
				seen[device] = true
				counts[id]++
			}
		}
		if env.Info == nil || env.Info.Cursor == "" {
			return counts
		}
		query.Set("cursor", env.Info.Cursor)
	}
	return nil
}

// asksResolved says whether the range that Gateway answers from is needed.
func asksResolved(networks []string) bool {
	return slices.Contains(networks, setup.ResolvedRange)
}

package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/cidr"
)

var readingSubnets = op{"read which addresses Gateway gives for private names", needsTunnel}

// readResolved gives the range of IPv4 from which Gateway takes the first
// address of a private name. It differs between accounts.
func (c *Client) readResolved(ctx context.Context, account string) (netip.Prefix, error) {
	query := url.Values{"subnet_types": {"initial_resolved_ip"}, "address_family": {"v4"}, "is_deleted": {"false"}}
	rows, err := c.list(ctx, readingSubnets, at("accounts", account, "zerotrust", "subnets"), query)
	if err != nil {
		return netip.Prefix{}, err
	}
	var found []netip.Prefix
	for _, row := range rows {
		p, err := cidr.Parse(gjson.GetBytes(row, "network").String())
		if err != nil || gjson.GetBytes(row, "subnet_type").String() != "initial_resolved_ip" || !p.Addr().Is4() {
			continue
		}
		if gjson.GetBytes(row, "is_default_network").Bool() {
			return p, nil
		}
		found = append(found, p)
	}
	if len(found) != 1 {
		return netip.Prefix{}, refused(setup.CodeUnavailable, "Cloudflare does not say from which range Gateway gives addresses for private names (%d were named). Look in the dashboard under Networks, Routes, or try again in a moment.", len(found))
	}
	return found[0], nil
}

// splitList is the split tunnel list of a profile, as a document.
type splitList struct {
	profile
	resolved netip.Prefix
}

func (l splitList) list() cidr.List {
	list := cidr.List{Include: l.include}
	for _, raw := range l.split {
		list.Entries = append(list.Entries, decodeSplit(raw))
	}
	return list
}

func decodeSplit(raw []byte) cidr.Entry {
	e := gjson.ParseBytes(raw)
	return cidr.Entry{Address: e.Get("address").String(), Host: e.Get("host").String(), Description: e.Get("description").String()}
}

// network is the range that a plan names.
func (l splitList) network(name string) (netip.Prefix, error) {
	if name == setup.ResolvedRange {
		return l.resolved, nil
	}
	return cidr.Parse(name)
}

// answer says how the list stands toward a range.
func (l splitList) answer(name string) (*setup.Object, error) {
	if l.fault != nil {
		return nil, l.fault
	}
	network, err := l.network(name)
	if err != nil {
		return nil, fmt.Errorf("reading a range of the plan: %w", err)
	}
	sight, err := l.list().Look(network)
	if err != nil {
		return nil, refused(setup.CodeRefused, "The split tunnels%s cannot be used: %v", l.named(), err)
	}
	s := setup.SplitTunnel{Profile: l.profile.id, Network: name, Through: sight.Through, Include: l.include, Covering: sight.Covering, Inside: sight.Inside}
	if name == setup.ResolvedRange {
		s.Range = network.String()
	}
	return &setup.Object{ID: l.profile.id + "/" + name, State: s}, nil
}

func (p profile) named() string {
	if p.id == setup.DefaultProfile {
		return ""
	}
	return " of the device profile “" + p.state.Name + "”"
}

// addSplits adds the answers for some ranges.
func (p *part) addSplits(l splitList, networks []string) {
	for _, n := range networks {
		o, err := l.answer(n)
		if p.err = firstError(p.err, err); p.err != nil {
			p.objects = nil
			return
		}
		o.Scope = p.at.Scope
		p.objects = append(p.objects, *o)
	}
}

func splitOf(e setup.Entry) setup.SplitTunnel {
	s, _ := e.To.(setup.SplitTunnel)
	return s
}

// object: that the list can be read was seen when it was (splitSheet.read).
func (l splitList) object(e setup.Entry) *setup.Object {
	o, _ := l.answer(splitOf(e).Network)
	return o
}

func (l splitList) id(e setup.Entry) string { return l.profile.id + "/" + splitOf(e).Network }

func (l splitList) same(other content) bool { return sameRaws(l.split, other.(splitList).split) }

func sameRaws(a, b []json.RawMessage) bool {
	return slices.EqualFunc(a, b, func(a, b json.RawMessage) bool { return string(a) == string(b) })
}

// apply lets a range through, or takes that back. Entries that are not concerned
// keep every byte.
func (l splitList) apply(e setup.Entry) (content, *setup.Problem) {
	to := splitOf(e)
	network, err := l.network(to.Network)
	if err != nil {
		return l, problem(err)
	}
	change := l.list().Open
	if !to.Through {
		change = l.list().Close
	}
	next, err := change(network, e.Mark)
	if err != nil {
		return l, refused(setup.CodeRefused, "The split tunnels%s stay as they are. %v", l.named(), err)
	}
	left := slices.Clone(l.split)
	var written []json.RawMessage
	for _, entry := range next.Entries {
		at := slices.IndexFunc(left, func(raw json.RawMessage) bool { return decodeSplit(raw) == entry })
		if at >= 0 {
			written = append(written, left[at])
			left = slices.Delete(left, at, at+1)
			continue
		}
		written = append(written, encodeSplit(entry))
	}
	l.split = written
	return l, nil
}

func encodeSplit(e cidr.Entry) json.RawMessage {
	raw := []byte("{}")
	if e.Address != "" {
		raw = with(raw, "address", e.Address)
	}
	if e.Host != "" {
		raw = with(raw, "host", e.Host)
	}
	if e.Description != "" {
		raw = with(raw, "description", e.Description)
	}
	return raw
}

// splitSheet is the list of split tunnels of one profile.
type splitSheet struct {
	*Client
	account, profile string
}

func (s splitSheet) read(ctx context.Context, entries []setup.Entry) (content, error) {
	p, err := s.readProfile(ctx, s.account, s.profile)
	if err != nil {
		return nil, err
	}
	l := splitList{profile: p}
	if slices.ContainsFunc(entries, func(e setup.Entry) bool { return splitOf(e).Network == setup.ResolvedRange }) {
		if l.resolved, err = s.readResolved(ctx, s.account); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		if _, err := l.answer(splitOf(e).Network); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// write refuses to start from a list of what stays out that has nothing in it:
// Cloudflare's own begins with sixteen entries, and written without them devices
// would lose their own network.
func (s splitSheet) write(ctx context.Context, before, after content) error {
	was, now := before.(splitList), after.(splitList)
	if !was.include && len(was.split) == 0 {
		return refused(setup.CodeRefused, "The split tunnels%s are empty, which is not usual. Look at them in the dashboard; nothing was changed.", was.named())
	}
	kind := "exclude"
	if was.include {
		kind = "include"
	}
	_, err := s.Client.write(ctx, op{"change the split tunnels", needsZeroTrust}, http.MethodPut, profilePath(s.account, s.profile, kind), joined(now.split))
	return err
}

// joined is a JSON list of what is JSON already.
func joined(list []json.RawMessage) []byte {
	if list == nil {
		return []byte("[]")
	}
	raw, err := json.Marshal(list)
	if err != nil { // it was read, or written by with
		panic(err)
	}
	return raw
}

package cloudflare

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var readingConfig = op{"read the rules of a tunnel", needsTunnel}

// readConfigs bounds how many tunnels without a mark, and without a record of
// ours pointing to them, have their rules read: one call each, at every look.
const readConfigs = 20

// config is the configuration of one tunnel, shared by everybody who publishes
// something through it.
type config struct {
	tunnel  string
	doc     json.RawMessage // {} if it was never configured
	rules   []rule
	version int64
}

// rule is one ingress rule with the bytes that it stands in.
type rule struct {
	host string // empty: the rule is for every host
	setup.Rule
	raw json.RawMessage
}

func (c *Client) readIngress(ctx context.Context, v setup.View, tunnels part, seen []part) part {
	p := part{at: setup.ReadScope{Kind: setup.KindIngress, Scope: v.Account}, err: tunnels.err}
	if p.err != nil {
		return p
	}
	ids := c.worthReading(ctx, tunnels, seen)
	configs, errs := make([]config, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { configs[i], errs[i] = c.readConfig(ctx, v.Account, id) })
	}
	wg.Wait()
	for i, cfg := range configs {
		switch {
		case gone(errs[i]): // deleted since the tunnels were listed
		case errs[i] != nil:
			p.err = errs[i]
		default:
			p.objects = append(p.objects, cfg.objects(v.Account)...)
		}
	}
	return p
}

// worthReading picks the tunnels whose rules are read: ours, those that a
// record in view points to, and the first of the others.
func (c *Client) worthReading(ctx context.Context, tunnels part, seen []part) []string {
	pointed := map[string]bool{}
	for _, p := range seen {
		for _, o := range p.objects {
			if r, ok := o.State.(setup.DNSRecord); ok {
				pointed[r.Tunnel.Lit] = true
			}
		}
	}
	var ids, others []string
	for _, o := range tunnels.objects {
		switch {
		case !o.State.(setup.Tunnel).Remote: // its rules are in a file on some server
		case o.Mark != "" || pointed[o.ID]:
			ids = append(ids, o.ID)
		default:
			others = append(others, o.ID)
		}
	}
	if len(others) > readConfigs {
		slices.Sort(others)
		c.log.WarnContext(ctx, "the account has many tunnels; the rules of some were not read", "unread", len(others)-readConfigs)
		others = others[:readConfigs]
	}
	return append(ids, others...)
}

func (c *Client) readConfig(ctx context.Context, account, tunnel string) (config, error) {
	raw, err := c.get(ctx, readingConfig, tunnelsPath(account, tunnel, "configurations"), nil)
	if err != nil {
		return config{}, err
	}
	return decodeConfig(tunnel, raw)
}

// decodeConfig: a tunnel that was never configured has null for a
// configuration. One that was and has null all the same is not understood.
func decodeConfig(tunnel string, raw json.RawMessage) (config, error) {
	all := gjson.ParseBytes(raw)
	cfg := config{tunnel: tunnel, doc: json.RawMessage("{}"), version: all.Get("version").Int()}
	doc := all.Get("config")
	switch {
	case all.Get("source").String() == "local":
		return config{}, refused(setup.CodeRefused, "The tunnel keeps its rules in a file on some server. Culvert changes only tunnels whose rules are at Cloudflare.")
	case doc.IsObject():
		cfg.doc = json.RawMessage(doc.Raw)
	case doc.Exists() && doc.Type != gjson.Null, cfg.version > 0:
		return config{}, refused(setup.CodeUnavailable, "The rules of the tunnel could not be read: Cloudflare did not send them. Try again in a moment.")
	}
	ingress := doc.Get("ingress")
	if ingress.Exists() && ingress.Type != gjson.Null && !ingress.IsArray() {
		return config{}, refused(setup.CodeUnavailable, "The rules of the tunnel could not be read: they are no list. Try again in a moment.")
	}
	for _, r := range ingress.Array() {
		cfg.rules = append(cfg.rules, decodeRule(r))
	}
	return cfg, nil
}

func decodeRule(r gjson.Result) rule {
	extra := map[string]any{}
	r.ForEach(func(key, value gjson.Result) bool {
		switch key.String() {
		case "hostname", "path", "service", "id":
		default:
			extra[key.String()] = value.Value()
		}
		return true
	})
	name := host(r.Get("hostname").String())
	if name == "*" {
		name = ""
	}
	return rule{host: name, raw: json.RawMessage(r.Raw), Rule: setup.Rule{
		Path: r.Get("path").String(), Service: r.Get("service").String(), Other: digest(trim(extra)),
	}}
}

// objects gives one object per host that has rules of its own.
func (cfg config) objects(account string) []setup.Object {
	var found []setup.Object
	done := map[string]bool{"": true}
	for _, r := range cfg.rules {
		if !done[r.host] {
			done[r.host] = true
			o := cfg.group(r.host)
			o.Scope = account
			found = append(found, *o)
		}
	}
	return found
}

// group is the object of the rules of one host; nil if it has none.
func (cfg config) group(name string) *setup.Object {
	group := setup.Ingress{Tunnel: setup.Lit(cfg.tunnel), Host: name}
	var above []string
	for _, r := range cfg.rules {
		switch {
		case r.host == name:
			group.Rules = append(group.Rules, r.Rule)
			group.Above = slices.Clone(above)
		case r.answers(name) && !slices.Contains(above, r.named()):
			above = append(above, r.named())
		}
	}
	if group.Rules == nil {
		return nil
	}
	return &setup.Object{ID: cfg.tunnel + "/" + name, State: group, Raw: cfg.doc}
}

// answers says whether cloudflared would take the rule for requests to a host.
func (r rule) answers(name string) bool {
	if suffix, wild := strings.CutPrefix(r.host, "*"); wild {
		return strings.HasSuffix(name, suffix)
	}
	return r.host == "" || r.host == name
}

func (r rule) named() string {
	if r.host == "" {
		return "*"
	}
	return r.host
}

// catchAll: cloudflared demands that the last rule fits every request.
func (r rule) catchAll() bool { return r.host == "" && r.Path == "" }

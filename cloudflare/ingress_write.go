package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// ruleSheet is the configuration of one tunnel, as a document.
type ruleSheet struct {
	*Client
	account, tunnel string
}

func (r ruleSheet) read(ctx context.Context, _ []setup.Entry) (content, error) {
	return r.readConfig(ctx, r.account, r.tunnel)
}

// groupOf is the group of rules that an entry is about.
func groupOf(e setup.Entry) setup.Ingress {
	if group, ok := e.To.(setup.Ingress); ok {
		return group
	}
	group, _ := e.From.(setup.Ingress)
	return group
}

func (cfg config) object(e setup.Entry) *setup.Object { return cfg.group(groupOf(e).Host) }

func (cfg config) id(e setup.Entry) string { return cfg.tunnel + "/" + groupOf(e).Host }

func (cfg config) apply(e setup.Entry) (content, *setup.Problem) {
	rules, p := replaced(cfg.rules, e)
	cfg.rules = rules
	return cfg, p
}

func (cfg config) same(other content) bool {
	return slices.EqualFunc(cfg.rules, other.(config).rules, sameBytes)
}

// overtaken: every write counts one.
func (cfg config) overtaken(before content) bool {
	was := before.(config).version
	return was > 0 && cfg.version > was+1
}

// replaced puts the rules of an entry's host on top, where no wildcard answers
// before them. All other rules keep their order and their bytes.
func replaced(rules []rule, e setup.Entry) ([]rule, *setup.Problem) {
	group := groupOf(e)
	var ours, others, top []rule
	for _, r := range rules {
		if r.host == group.Host {
			ours = append(ours, r)
		} else {
			others = append(others, r)
		}
	}
	if e.Verb == setup.Delete && ours == nil {
		return rules, nil
	}
	if e.Verb != setup.Delete {
		for _, want := range group.Rules {
			r, p := encodeRule(group.Host, want, ours)
			if p != nil {
				return nil, p
			}
			top = append(top, r)
		}
	}
	all := slices.Concat(top, others)
	if len(all) == 0 || !all[len(all)-1].catchAll() {
		all = append(all, rule{raw: json.RawMessage(`{"service":"http_status:404"}`)})
	}
	return all, nil
}

// encodeRule writes a rule, or keeps the one that says so already: options that
// somebody gave it can only be kept.
func encodeRule(name string, want setup.Rule, standing []rule) (rule, *setup.Problem) {
	for _, r := range standing {
		if r.Rule == want {
			return r, nil
		}
	}
	if want.Other != "" {
		return rule{}, refused(setup.CodeRefused, "A rule for %s had options that Culvert does not manage and that are gone now. Restore it in the dashboard (Networks, Tunnels, Public hostnames).", name)
	}
	raw := with([]byte(`{}`), "hostname", name)
	if want.Path != "" {
		raw = with(raw, "path", want.Path)
	}
	return rule{host: name, Rule: want, raw: with(raw, "service", want.Service)}, nil
}

func sameBytes(a, b rule) bool { return string(a.raw) == string(b.raw) }

// write sends the document with its rules replaced and everything else as it was.
func (r ruleSheet) write(ctx context.Context, before, after content) error {
	var texts []string
	for _, rule := range after.(config).rules {
		texts = append(texts, string(rule.raw))
	}
	doc := with(before.(config).doc, "ingress", json.RawMessage("["+strings.Join(texts, ",")+"]"))
	body := with([]byte("{}"), "config", json.RawMessage(doc))
	_, err := r.Client.write(ctx, op{"change the rules of the tunnel", needsTunnel}, http.MethodPut,
		tunnelsPath(r.account, r.tunnel, "configurations"), body)
	return err
}

package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// document is what one call changes of one tunnel's configuration.
type document struct {
	account, tunnel string
	at              []int // of the entries in the call
	entries         []setup.Entry
}

// documents sorts the ingress entries of a call by tunnel, but for those that
// have failed already.
func documents(entries []setup.Entry, outcomes []setup.Outcome) []*document {
	var all []*document
	for i, e := range entries {
		if e.Key.Kind != setup.KindIngress || outcomes[i].Err != nil {
			continue
		}
		account, tunnel := e.Key.Scope, groupOf(e).Tunnel.Lit
		j := slices.IndexFunc(all, func(d *document) bool { return d.account == account && d.tunnel == tunnel })
		if j < 0 {
			j = len(all)
			all = append(all, &document{account: account, tunnel: tunnel})
		}
		all[j].at = append(all[j].at, i)
		all[j].entries = append(all[j].entries, e)
	}
	return all
}

// groupOf is the group of rules that an entry is about.
func groupOf(e setup.Entry) setup.Ingress {
	if group, ok := e.To.(setup.Ingress); ok {
		return group
	}
	group, _ := e.From.(setup.Ingress)
	return group
}

// doIngress changes the rules of some hosts with one write. The document is
// read right before it and after it; it has no version to write against, so
// what somebody writes in between is lost, which the log then tells.
func (c *Client) doIngress(ctx context.Context, d *document, outcomes []setup.Outcome) error {
	cfg, err := c.readConfig(ctx, d.account, d.tunnel)
	if err != nil {
		d.fail(outcomes, err)
		return nil
	}
	next, writes := cfg.rules, false
	for n, e := range d.entries {
		i := d.at[n]
		if outcomes[i] = cfg.precondition(e); outcomes[i].Err != nil {
			continue
		}
		after, p := replaced(next, e)
		if p != nil {
			outcomes[i].Err = p
			continue
		}
		next, writes = after, writes || !slices.EqualFunc(after, next, sameBytes)
	}
	if !writes {
		return nil
	}
	if done, err := c.putConfig(ctx, d, cfg, next); err != nil {
		return err
	} else if done != nil {
		d.fail(outcomes, done)
		return nil
	}
	return c.readBackConfig(ctx, d, cfg, outcomes)
}

// fail gives every entry the same problem, but for deletes in a tunnel that is
// gone: what they ask for is so.
func (d *document) fail(outcomes []setup.Outcome, err error) {
	for n, i := range d.at {
		outcomes[i] = setup.Outcome{ID: d.entries[n].ID}
		if d.entries[n].Verb != setup.Delete || !gone(err) {
			outcomes[i].Err = problem(err)
		}
	}
}

// precondition compares the rules of an entry's host with what the plan saw.
// The outcome it gives is right if nothing needs to be written.
func (cfg config) precondition(e setup.Entry) setup.Outcome {
	group := groupOf(e)
	have := cfg.object(group.Host)
	o := setup.Outcome{ID: cfg.tunnel + "/" + group.Host}
	if have != nil {
		o.State = have.State
	}
	if e.Verb != setup.Create && e.ID != o.ID {
		return failed(refused(setup.CodeInternal, "The change of %s moves rules from one tunnel to another, which takes two changes.", e.Key.Short()))
	}
	switch {
	case e.Verb == setup.Create && have != nil && !setup.Same(have.State, e.To):
		o.Err = refused(setup.CodeConflict, "The tunnel has rules for %s already. Look again; nothing was changed.", group.Host)
	case e.Verb == setup.Update && have == nil:
		return changed(e, nil)
	case e.Verb != setup.Create && have != nil && !setup.Same(have.State, e.From):
		return changed(e, have)
	}
	return o
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

// putConfig sends the document with its rules replaced and everything else as
// it was. refusal is what Cloudflare said no with; err means that it is not
// known whether it was done.
func (c *Client) putConfig(ctx context.Context, d *document, cfg config, rules []rule) (refusal, err error) {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = string(r.raw)
	}
	doc := with(cfg.doc, "ingress", json.RawMessage("["+strings.Join(texts, ",")+"]"))
	body := with([]byte("{}"), "config", json.RawMessage(doc))
	_, sent := c.write(ctx, op{"change the rules of the tunnel", needsTunnel}, http.MethodPut,
		tunnelsPath(d.account, d.tunnel, "configurations"), body)
	if sent == nil {
		return nil, nil
	}
	if _, err := unfinished(sent); err != nil {
		return nil, err
	}
	return sent, nil
}

// readBackConfig fills in what stands now for the entries that were written.
func (c *Client) readBackConfig(ctx context.Context, d *document, before config, outcomes []setup.Outcome) error {
	now, err := c.readConfig(ctx, d.account, d.tunnel)
	if err != nil {
		return fmt.Errorf("reading back what was written: %w", problem(err))
	}
	if before.version > 0 && now.version > before.version+1 {
		c.log.WarnContext(ctx, "somebody else changed the tunnel's rules at the same moment; one of the changes may be lost",
			"tunnel", d.tunnel, "before", before.version, "now", now.version)
	}
	for n, i := range d.at {
		if outcomes[i].Err != nil {
			continue
		}
		outcomes[i].State = nil
		have := now.object(groupOf(d.entries[n]).Host)
		if have != nil {
			outcomes[i].State = have.State
		}
		if deleted := d.entries[n].Verb == setup.Delete; deleted == (have != nil) {
			outcomes[i].Err = refused(setup.CodeUnavailable, "Cloudflare took the change of the rules but does not show it. Look again in a moment.")
		}
	}
	return nil
}

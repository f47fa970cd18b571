package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var readingRules = op{"read the configuration rules", needsRules}

const (
	configPhase = "http_config_settings"
	configRule  = "set_config"
)

// lifted is what our rule sets: no check for browsers, and no attack mode.
// (Cloudflare docs, Configuration Rules settings.)
const lifted = `{"bic":false,"security_level":"medium"}`

// ruleReadOnly are the fields of a rule that Cloudflare writes.
var ruleReadOnly = []string{"id", "version", "last_updated"}

func rulesetsPath(zoneID string, below ...string) string {
	return at(append([]string{"zones", zoneID, "rulesets"}, below...)...)
}

// ruleset is the entry point of a phase: a list of rules that are tried from top
// to bottom.
type ruleset struct {
	id    string // empty: the zone has none
	rules []json.RawMessage
}

// configRules reads the entry point of the configuration rules. That there is
// none is no error: then there are no rules.
func (c *Client) configRules(ctx context.Context, zoneID string) (ruleset, error) {
	raw, err := c.get(ctx, readingRules, rulesetsPath(zoneID, "phases", configPhase, "entrypoint"), nil)
	if gone(err) {
		return ruleset{}, nil
	}
	if err != nil {
		return ruleset{}, err
	}
	return parseRuleset(raw)
}

func parseRuleset(raw json.RawMessage) (ruleset, error) {
	var in struct {
		ID    string
		Rules []json.RawMessage
	}
	if err := parse(readingRules, raw, &in); err != nil {
		return ruleset{}, err
	}
	if in.ID == "" {
		return ruleset{}, refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: the list of rules has no id. Try again in a moment.")
	}
	return ruleset{in.ID, in.Rules}, nil
}

func (c *Client) readEdgeRules(ctx context.Context, zoneID, zone string) part {
	set, err := c.configRules(ctx, zoneID)
	return decodeAll(setup.ReadScope{Kind: setup.KindEdgeRule, Scope: zone}, set.rules, err, set.decoderOf(zoneID))
}

func (s ruleset) decoderOf(zoneID string) func(json.RawMessage) (setup.Object, error) {
	return func(raw json.RawMessage) (setup.Object, error) { return s.decode(zoneID, raw) }
}

func (s ruleset) decode(zoneID string, raw json.RawMessage) (setup.Object, error) {
	var in struct {
		ID, Action, Expression, Description string
		Enabled                             bool
		Parameters                          any `json:"action_parameters"`
	}
	if err := parse(readingRules, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, title := setup.FindMark(in.Description)
	r := setup.EdgeRule{Zone: setup.Lit(zoneID), Enabled: in.Enabled, Title: title, Action: in.Action}
	var ok bool
	if r.Host, r.Paths, ok = setup.ReadEdgeExpression(in.Expression); !ok {
		r.Host, r.Paths, r.Expression = "", nil, in.Expression
	}
	if have := digest(in.Parameters); in.Action != configRule || have != digest(gjson.Parse(lifted).Value()) {
		r.Other = digest(map[string]any{"action": in.Action, "parameters": in.Parameters})
	}
	if mark != "" {
		r.Overruled = s.after(in.ID)
	}
	return setup.Object{ID: in.ID, Mark: mark, State: r, Raw: raw}, nil
}

// after names the rules behind one that set anew what ours set: of several the
// last one counts. Whom such a rule is about we do not judge.
func (s ruleset) after(id string) []string {
	at := slices.IndexFunc(s.rules, func(r json.RawMessage) bool { return gjson.GetBytes(r, "id").String() == id })
	var names []string
	for _, r := range s.rules[at+1:] {
		rule := gjson.ParseBytes(r)
		checks := rule.Get("action_parameters.bic")
		attack := rule.Get("action_parameters.security_level").String() == "under_attack"
		if rule.Get("enabled").Bool() && (checks.Exists() && checks.Bool() || attack) {
			_, title := setup.FindMark(rule.Get("description").String())
			names = append(names, clip(title))
		}
	}
	return names
}

// edgeRules writes rule by rule and never the list as a whole: rules that others
// add or move meanwhile stay as they are.
type edgeRules struct{ *Client }

func edgeZone(e setup.Entry) (string, error) {
	for _, s := range []setup.State{e.From, e.To} {
		if r, ok := s.(setup.EdgeRule); ok && r.Zone.Lit != "" {
			return r.Zone.Lit, nil
		}
	}
	return "", refused(setup.CodeInternal, "The change of %s does not say in which domain it is.", e.Key.Short())
}

// find reads the list, and of it the rule with an id.
func (r edgeRules) find(ctx context.Context, e setup.Entry, id string) (ruleset, *setup.Object, error) {
	zone, err := edgeZone(e)
	if err != nil {
		return ruleset{}, nil, err
	}
	set, err := r.configRules(ctx, zone)
	if err != nil {
		return ruleset{}, nil, err
	}
	for _, raw := range set.rules {
		if gjson.GetBytes(raw, "id").String() == id {
			o, err := decoded(raw, set.decoderOf(zone))
			return set, &o, err
		}
	}
	return set, nil, nil
}

func (r edgeRules) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	_, o, err := r.find(ctx, e, id)
	return o, err
}

func (r edgeRules) create(ctx context.Context, e setup.Entry) (string, error) {
	zone, err := edgeZone(e)
	if err != nil {
		return "", err
	}
	set, err := r.configRules(ctx, zone)
	if err != nil {
		return "", err
	}
	making := op{"make the configuration rule", needsRules}
	rule := ruleBody([]byte(`{}`), e.To.(setup.EdgeRule), e.Mark)
	var raw json.RawMessage
	if set.id == "" {
		// Refused if somebody was faster; a PUT of the entry point would replace theirs.
		raw, err = r.write(ctx, making, http.MethodPost, rulesetsPath(zone), map[string]any{
			"name": "default", "kind": "zone", "phase": configPhase, "rules": []json.RawMessage{rule}})
	} else {
		raw, err = r.write(ctx, making, http.MethodPost, rulesetsPath(zone, set.id, "rules"), json.RawMessage(rule))
	}
	if err != nil {
		return "", err
	}
	return ruleWith(raw, e.Mark)
}

// ruleWith is the id of the rule with a mark in the list that a write answers
// with.
func ruleWith(raw json.RawMessage, mark string) (string, error) {
	set, err := parseRuleset(raw)
	if err != nil {
		return "", err
	}
	for _, rule := range slices.Backward(set.rules) {
		if have, _ := setup.FindMark(gjson.GetBytes(rule, "description").String()); have == mark {
			return gjson.GetBytes(rule, "id").String(), nil
		}
	}
	return idOf(nil, nil)
}

// update writes the rule whole, as this PATCH takes it: what it does not say is
// lost (Cloudflare docs, Update a rule in a ruleset). It also puts it behind the
// rules that overrule it.
func (r edgeRules) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	set, _, err := r.find(ctx, e, e.ID)
	if err != nil {
		return err
	}
	body := ruleBody(without(have.Raw, ruleReadOnly...), e.To.(setup.EdgeRule), have.Mark)
	if len(have.State.(setup.EdgeRule).Overruled) > 0 {
		body = with(body, "position", map[string]string{"after": ""})
	}
	zone, _ := edgeZone(e) // find knew it
	_, err = r.write(ctx, op{"change the configuration rule", needsRules}, http.MethodPatch, rulesetsPath(zone, set.id, "rules", e.ID), json.RawMessage(body))
	return err
}

func (r edgeRules) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	set, o, err := r.find(ctx, e, e.ID)
	if err != nil || o == nil {
		return err
	}
	zone, _ := edgeZone(e) // find knew it
	_, err = r.write(ctx, op{"delete the configuration rule", needsRules}, http.MethodDelete, rulesetsPath(zone, set.id, "rules", e.ID), nil)
	return err
}

// ruleBody lays a state over a rule as it stands.
func ruleBody(raw []byte, to setup.EdgeRule, mark string) []byte {
	expression := to.Expression
	if expression == "" {
		expression = setup.EdgeExpression(to.Host, to.Paths)
	}
	body := with(raw, "action", configRule)
	body = with(body, "action_parameters", json.RawMessage(lifted))
	body = with(body, "expression", expression)
	body = with(body, "description", setup.WithMark(fmt.Sprintf("Culvert: callers of the webhooks on %s need not be browsers", to.Host), mark))
	return with(body, "enabled", to.Enabled)
}

package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

const (
	configPhase = "http_config_settings"
	configRule  = "set_config"
	customPhase = "http_request_firewall_custom"
	skipRule    = "skip"
	botsPhase   = "http_request_sbfm"
)

// lifted is what our configuration rule sets: no check for browsers, and no
// attack mode. (Cloudflare docs, Configuration Rules settings.)
const lifted = `{"bic":false,"security_level":"medium"}`

// skipped is what our custom rule can skip, each with its parameters: the custom
// rules behind it, Super Bot Fight Mode, or both. (Cloudflare docs, WAF, Available
// skip options.)
func skipped() []skipping {
	return []skipping{
		{nil, `{"ruleset":"current"}`},
		{[]string{setup.SkipsBots}, `{"phases":["` + botsPhase + `"]}`},
		{[]string{setup.SkipsRules, setup.SkipsBots}, `{"ruleset":"current","phases":["` + botsPhase + `"]}`},
	}
}

type skipping struct {
	what       []string
	parameters string
}

// phase is a list of rules in which we have one for each host.
type phase struct {
	name     string
	rules    string // as people read it: configuration rules
	needs    string
	action   string            // of our rules
	position map[string]string // where ours works
	// parameters are those that a state asks for, and title what our rule is called.
	parameters, title func(setup.State) string
	// state makes one of a rule; false: its parameters are none of ours.
	state func(r setup.EdgeRule, parameters any) (setup.State, bool)
}

func configRules() phase {
	return phase{configPhase, "configuration rule", needsRules, configRule, map[string]string{"after": ""},
		func(setup.State) string { return lifted },
		func(s setup.State) string {
			return "Culvert: callers of the webhooks on " + s.(setup.EdgeRule).Host + " need not be browsers"
		},
		func(r setup.EdgeRule, have any) (setup.State, bool) { return r, sameJSON(have, lifted) }}
}

func customRules() phase {
	return phase{customPhase, "custom rule", needsWAF, skipRule, map[string]string{"before": ""},
		func(s setup.State) string {
			all := skipped()
			at := slices.IndexFunc(all, func(k skipping) bool { return slices.Equal(k.what, s.(setup.SkipRule).Skips) })
			return all[max(at, 0)].parameters
		},
		func(s setup.State) string { return "Culvert: " + setup.SkipTitle(s.(setup.SkipRule)) },
		func(r setup.EdgeRule, have any) (setup.State, bool) {
			for _, k := range skipped() {
				if sameJSON(have, k.parameters) {
					return setup.SkipRule{EdgeRule: r, Skips: k.what}, true
				}
			}
			return setup.SkipRule{EdgeRule: r}, false
		}}
}

// sameJSON says whether a value that was read is what a text says.
func sameJSON(have any, text string) bool { return digest(have) == digest(gjson.Parse(text).Value()) }

// edgeRuleIn is the rule in a state of either phase.
func edgeRuleIn(s setup.State) setup.EdgeRule {
	if r, ok := s.(setup.SkipRule); ok {
		return r.EdgeRule
	}
	r, _ := s.(setup.EdgeRule)
	return r
}

func (p phase) reading() op { return op{"read the " + p.rules + "s", p.needs} }

func (p phase) doing(verb string) op { return op{verb + " the " + p.rules, p.needs} }

// ruleReadOnly are the fields of a rule that Cloudflare writes.
var ruleReadOnly = []string{"id", "version", "last_updated"}

func rulesetsPath(zoneID string, below ...string) string {
	return at(append([]string{"zones", zoneID, "rulesets"}, below...)...)
}

// ruleset is the entry point of a phase: a list of rules that are tried from top
// to bottom.
type ruleset struct {
	phase
	id   string // empty: the zone has none
	list []json.RawMessage
}

// ruleset reads the entry point of a phase. That there is none is no error: then
// there are no rules.
func (c *Client) ruleset(ctx context.Context, p phase, zoneID string) (ruleset, error) {
	raw, err := c.get(ctx, p.reading(), rulesetsPath(zoneID, "phases", p.name, "entrypoint"), nil)
	if gone(err) {
		return ruleset{phase: p}, nil
	}
	if err != nil {
		return ruleset{}, err
	}
	return p.parse(raw)
}

func (p phase) parse(raw json.RawMessage) (ruleset, error) {
	var in struct {
		ID    string
		Rules []json.RawMessage
	}
	if err := parse(p.reading(), raw, &in); err != nil {
		return ruleset{}, err
	}
	if in.ID == "" {
		return ruleset{}, refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: the list of rules has no id. Try again in a moment.")
	}
	return ruleset{p, in.ID, in.Rules}, nil
}

func (c *Client) readRules(ctx context.Context, kind setup.Kind, p phase, zoneID, zone string) part {
	set, err := c.ruleset(ctx, p, zoneID)
	return decodeAll(setup.ReadScope{Kind: kind, Scope: zone}, set.list, err, set.decoderOf(zoneID))
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
	if err := parse(s.reading(), raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, title := setup.FindMark(in.Description)
	r := setup.EdgeRule{Zone: setup.Lit(zoneID), Enabled: in.Enabled, Title: title, Action: in.Action}
	var ok bool
	if r.Host, r.Paths, ok = setup.ReadEdgeExpression(in.Expression); !ok {
		r.Host, r.Paths, r.Expression = "", nil, in.Expression
	}
	state, ours := s.state(r, in.Parameters)
	if in.Action != s.action || !ours {
		r.Other = digest(map[string]any{"action": in.Action, "parameters": in.Parameters})
	}
	switch {
	case mark == "":
	case s.name == configPhase:
		r.Overruled = s.after(in.ID)
	default:
		r.Overruled = s.before(in.ID, state.(setup.SkipRule))
	}
	state, _ = s.state(r, in.Parameters)
	return setup.Object{ID: in.ID, Mark: mark, State: state, Raw: raw}, nil
}

// at is where a rule stands.
func (s ruleset) at(id string) int {
	return slices.IndexFunc(s.list, func(r json.RawMessage) bool { return gjson.GetBytes(r, "id").String() == id })
}

// before names the rules in front of one that may stop callers of its paths, or
// skip ours with the rest: the first that does ends the list.
func (s ruleset) before(id string, ours setup.SkipRule) []string {
	var names []string
	for _, raw := range s.list[:s.at(id)] {
		rule := gjson.ParseBytes(raw)
		theirs := setup.SkipRule{EdgeRule: setup.EdgeRule{Enabled: rule.Get("enabled").Bool(), Action: rule.Get("action").String()}}
		if (theirs.Stops() || endsBefore(rule, ours)) && setup.Concerns(rule.Get("expression").String(), ours.Host, ours.Paths) {
			_, title := setup.FindMark(rule.Get("description").String())
			names = append(names, clip(title))
		}
	}
	return names
}

// endsBefore says whether a rule keeps ours from being tried, and does not itself
// keep callers from what ours is there to skip.
func endsBefore(rule gjson.Result, ours setup.SkipRule) bool {
	skips := rule.Get("action_parameters")
	ends := skips.Get("ruleset").String() == "current" || skips.Get("phase").String() == "current"
	past := slices.ContainsFunc(skips.Get("phases").Array(), func(p gjson.Result) bool { return p.String() == botsPhase })
	return rule.Get("enabled").Bool() && rule.Get("action").String() == skipRule && ends && !past && slices.Contains(ours.Skips, setup.SkipsBots)
}

// after names the rules behind one that set anew what ours set: of several the
// last one counts. Whom such a rule is about we do not judge.
func (s ruleset) after(id string) []string {
	var names []string
	for _, r := range s.list[s.at(id)+1:] {
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
type edgeRules struct {
	*Client
	phase
}

func edgeZone(e setup.Entry) (string, error) {
	for _, s := range []setup.State{e.From, e.To} {
		if r := edgeRuleIn(s); r.Zone.Lit != "" {
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
	set, err := r.ruleset(ctx, r.phase, zone)
	if err != nil {
		return ruleset{}, nil, err
	}
	for _, raw := range set.list {
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
	set, err := r.ruleset(ctx, r.phase, zone)
	if err != nil {
		return "", err
	}
	making := r.doing("make")
	rule := r.body([]byte(`{}`), e.To, e.Mark)
	var raw json.RawMessage
	if set.id == "" {
		// Refused if somebody was faster; a PUT of the entry point would replace theirs.
		raw, err = r.write(ctx, making, http.MethodPost, rulesetsPath(zone), map[string]any{
			"name": "default", "kind": "zone", "phase": r.name, "rules": []json.RawMessage{rule}})
	} else {
		raw, err = r.write(ctx, making, http.MethodPost, rulesetsPath(zone, set.id, "rules"), json.RawMessage(with(rule, "position", r.position)))
	}
	if err != nil {
		return "", err
	}
	return r.ruleWith(raw, e.Mark)
}

// ruleWith is the id of the rule with a mark in the list that a write answers
// with.
func (p phase) ruleWith(raw json.RawMessage, mark string) (string, error) {
	set, err := p.parse(raw)
	if err != nil {
		return "", err
	}
	for _, rule := range slices.Backward(set.list) {
		if have, _ := setup.FindMark(gjson.GetBytes(rule, "description").String()); have == mark {
			return gjson.GetBytes(rule, "id").String(), nil
		}
	}
	return idOf(nil, nil)
}

// update writes the rule whole, as this PATCH takes it: what it does not say is
// lost (Cloudflare docs, Update a rule in a ruleset). It also puts it past the
// rules that overrule it.
func (r edgeRules) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	set, _, err := r.find(ctx, e, e.ID)
	if err != nil {
		return err
	}
	body := r.body(without(have.Raw, ruleReadOnly...), e.To, have.Mark)
	if len(edgeRuleIn(have.State).Overruled) > 0 {
		body = with(body, "position", r.position)
	}
	zone, _ := edgeZone(e) // find knew it
	_, err = r.write(ctx, r.doing("change"), http.MethodPatch, rulesetsPath(zone, set.id, "rules", e.ID), json.RawMessage(body))
	return err
}

func (r edgeRules) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	set, o, err := r.find(ctx, e, e.ID)
	if err != nil || o == nil {
		return err
	}
	zone, _ := edgeZone(e) // find knew it
	_, err = r.write(ctx, r.doing("delete"), http.MethodDelete, rulesetsPath(zone, set.id, "rules", e.ID), nil)
	return err
}

// body lays a state over a rule as it stands.
func (p phase) body(raw []byte, state setup.State, mark string) []byte {
	to := edgeRuleIn(state)
	expression := to.Expression
	if expression == "" {
		expression = setup.EdgeExpression(to.Host, to.Paths)
	}
	body := with(raw, "action", p.action)
	body = with(body, "action_parameters", json.RawMessage(p.parameters(state)))
	body = with(body, "expression", expression)
	body = with(body, "description", setup.WithMark(p.title(state), mark))
	return with(body, "enabled", to.Enabled)
}

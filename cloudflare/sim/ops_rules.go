package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// ruleInput is a rule as it is sent.
type ruleInput struct {
	ID          string          `json:"id"`
	Ref         string          `json:"ref"`
	Action      string          `json:"action"`
	Parameters  json.RawMessage `json:"action_parameters"`
	Expression  string          `json:"expression"`
	Description string          `json:"description"`
	Enabled     *bool           `json:"enabled"` // not sent: true
	Logging     json.RawMessage `json:"logging"`
	Position    *position       `json:"position"`
}

// position is where a rule is to stand: before or behind another, first or last
// if that one is "", or at an index from 1.
type position struct {
	Before *string `json:"before"`
	After  *string `json:"after"`
	Index  *int    `json:"index"`
}

// rule makes what was sent into a rule, in the place of old if given: that
// keeps its id, and its version if nothing else changed.
func (c *Cloud) rule(in ruleInput, old *phaseRule, now time.Time) phaseRule {
	r := phaseRule{ID: in.ID, Ref: in.Ref, Version: 1, Action: in.Action, Parameters: in.Parameters, Expression: in.Expression,
		Description: in.Description, Enabled: in.Enabled == nil || *in.Enabled, Logging: in.Logging, LastUpdated: now}
	if old == nil {
		r.ID = c.ids.tag()
		r.Ref = cmp.Or(in.Ref, r.ID) // "the rule's ID by default"
		return r
	}
	r.ID, r.Ref, r.Version = old.ID, cmp.Or(in.Ref, old.Ref), old.Version+1
	if r.same(old) {
		return *old
	}
	return r
}

func (r *phaseRule) same(s *phaseRule) bool {
	return r.Ref == s.Ref && r.Action == s.Action && r.Expression == s.Expression && r.Description == s.Description &&
		r.Enabled == s.Enabled && bytes.Equal(r.Parameters, s.Parameters) && bytes.Equal(r.Logging, s.Logging)
}

// named is the rule of a ruleset that a sent one names by its id, or its ref.
func (p *phaseRules) named(in ruleInput) *phaseRule {
	for i, r := range p.Rules {
		if in.ID != "" && r.ID == in.ID || in.ID == "" && in.Ref != "" && r.Ref == in.Ref {
			return &p.Rules[i]
		}
	}
	return nil
}

// place puts a rule where the position says, behind all others if there is none.
func (p *position) place(rules []phaseRule, r phaseRule) ([]phaseRule, error) {
	at := len(rules)
	find := func(id string) int { return slices.IndexFunc(rules, func(x phaseRule) bool { return x.ID == id }) }
	switch {
	case p == nil, p.After != nil && *p.After == "":
	case p.Before != nil && *p.Before == "":
		at = 0
	case p.Before != nil:
		at = find(*p.Before)
	case p.After != nil:
		if at = find(*p.After) + 1; at == 0 {
			at = -1
		}
	case p.Index != nil:
		at = *p.Index - 1
	}
	if at < 0 || at > len(rules) {
		return nil, badRule(20132, "the position is not one in this ruleset")
	}
	return slices.Insert(rules, at, r), nil
}

func createRule(c *call) (answer, error) {
	var in ruleInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	p, err := c.ruleset(false)
	if err != nil {
		return answer{}, err
	}
	in.ID = "" // a new one gets its own
	rules, err := in.Position.place(slices.Clone(p.Rules), c.cloud.rule(in, nil, c.now))
	if err != nil {
		return answer{}, err
	}
	return c.saveRules(p, rules)
}

// theRule finds the rule of the path, and the ruleset's others.
func (c *call) theRule() (p *phaseRules, r *phaseRule, others []phaseRule, err error) {
	if p, err = c.ruleset(false); err != nil {
		return nil, nil, nil, err
	}
	id := c.params["rule"]
	if r = p.named(ruleInput{ID: id}); r == nil {
		return nil, nil, nil, refuse(http.StatusNotFound, 10004, "could not find rule "+id)
	}
	others = slices.DeleteFunc(slices.Clone(p.Rules), func(x phaseRule) bool { return x.ID == id })
	return p, r, others, nil
}

// editRule replaces the definition of a rule, for all that it is a PATCH: what
// is not sent is gone. A position by itself moves the rule as it is. ("Update a
// rule in a ruleset".)
func editRule(c *call) (answer, error) {
	var in ruleInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	p, old, others, err := c.theRule()
	if err != nil {
		return answer{}, err
	}
	at := slices.IndexFunc(p.Rules, func(x phaseRule) bool { return x.ID == old.ID }) + 1
	where, changed := &position{Index: &at}, *old
	if in.Position != nil {
		where = in.Position
	}
	var sent map[string]json.RawMessage
	if err := c.read(&sent); err != nil {
		return answer{}, err
	}
	if len(sent) > 1 || in.Position == nil {
		changed = c.cloud.rule(in, old, c.now)
	}
	rules, err := where.place(others, changed)
	if err != nil {
		return answer{}, err
	}
	return c.saveRules(p, rules)
}

func deleteRule(c *call) (answer, error) {
	p, _, others, err := c.theRule()
	if err != nil {
		return answer{}, err
	}
	return c.saveRules(p, others)
}

// Rule is a rule as AddRule takes it.
type Rule struct {
	Phase       string // http_config_settings or http_request_firewall_custom
	Action      string // such as set_config, block, skip
	Parameters  map[string]any
	Expression  string
	Description string
	Disabled    bool
}

// AddRule adds a rule behind the others of its phase, as somebody could in the
// dashboard, and gives its id. Its errors are those of the API.
func (c *Cloud) AddRule(zone string, r Rule) (id string, err error) {
	enabled := !r.Disabled
	in := ruleInput{Action: r.Action, Expression: r.Expression, Description: r.Description, Enabled: &enabled}
	if r.Parameters != nil {
		in.Parameters = raw(r.Parameters)
	}
	err = errUnauthorized // there is no such zone
	c.configureZone(zone, func(e *zoneEdge, now time.Time) error {
		if _, simulated := phases()[r.Phase]; !simulated {
			err = badRule(20013, "'"+r.Phase+"' is not a valid value for phase")
			return err
		}
		p := e.Rulesets[r.Phase]
		if p == nil {
			p = &phaseRules{ID: c.ids.tag(), Phase: r.Phase, Name: "default"}
		}
		rule := c.rule(in, nil, now)
		id = rule.ID
		err = e.putRules(p, append(slices.Clone(p.Rules), rule), now)
		return err
	})
	return id, err
}

// RemoveRule takes a rule away. It reports whether there was one.
func (c *Cloud) RemoveRule(zone, id string) bool {
	return c.configureZone(zone, func(e *zoneEdge, now time.Time) error {
		for _, p := range e.Rulesets {
			if p.named(ruleInput{ID: id}) != nil {
				rest := slices.DeleteFunc(slices.Clone(p.Rules), func(x phaseRule) bool { return x.ID == id })
				return e.putRules(p, rest, now)
			}
		}
		return errNoRuleset(id)
	})
}

package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The refusals of the Rulesets API. Their texts and the codes 10003, 20117,
// 20125, 20127, 20217 and 50001 were reported by users; the other codes were
// not established.
func badRule(code int, text string) error { return refuse(http.StatusBadRequest, code, text) }

func errNoEntrypoint(phase string) error {
	return refuse(http.StatusNotFound, 10003, "could not find entrypoint ruleset in the "+phase+" phase")
}

func errNoRuleset(id string) error {
	return refuse(http.StatusNotFound, 10001, "could not find ruleset "+id)
}

// check refuses rules that a phase cannot have.
func (k phaseKind) check(phase string, rules []phaseRule) error {
	if len(rules) > k.limit {
		return badRule(50001, fmt.Sprintf("exceeded the maximum number of rules in the phase %s: %d out of %d", phase, len(rules), k.limit))
	}
	refs := map[string]bool{}
	for i := range rules {
		if err := k.checkRule(phase, &rules[i]); err != nil {
			return err
		}
		if refs[rules[i].Ref] {
			return badRule(20130, "the rule reference '"+rules[i].Ref+"' is not unique")
		}
		refs[rules[i].Ref] = true
	}
	return nil
}

func (k phaseKind) checkRule(phase string, r *phaseRule) error {
	if r.Expression == "" {
		return badRule(20125, "'' is not a valid value for expression because the expression cannot be blank")
	}
	if _, err := parseExpression(r.Expression); err != nil {
		if wrong := (*exprError)(nil); errors.As(err, &wrong) && wrong.entitled {
			return badRule(20126, err.Error())
		}
		return badRule(20127, "'"+r.Expression+"' is not a valid value for expression because could not parse filter expression: "+err.Error())
	}
	if !slices.Contains(k.actions, r.Action) {
		return badRule(20016, "'"+r.Action+"' is not a valid value for action because it cannot be used in the phase "+phase)
	}
	switch r.Action {
	case "set_config":
		return checkConfig(r.Parameters)
	case "skip":
		return checkSkip(phase, r.Parameters)
	case "block":
		if len(r.Parameters) > 0 && string(r.Parameters) != "{}" {
			return badRule(20126, "not entitled: the use of a custom response is not allowed, a Pro plan is required")
		}
	}
	return nil
}

func parameters(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var p map[string]json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, badRule(20110, "action_parameters must be an object")
		}
	}
	return p, nil
}

// configParameters are the settings that a configuration rule can change, with
// their values ("Configuration Rules, Available settings").
func configParameters() map[string][]json.RawMessage {
	flags := []json.RawMessage{raw(true), raw(false)}
	return map[string][]json.RawMessage{
		"automatic_https_rewrites": flags, "bic": flags, "disable_rum": flags, "disable_zaraz": flags, "email_obfuscation": flags,
		"fonts": flags, "hotlink_protection": flags, "opportunistic_encryption": flags, "rocket_loader": flags,
		"security_level": texts("off", "essentially_off", "low", "medium", "high", "under_attack"),
		"ssl":            texts("off", "flexible", "full", "strict", "origin_pull"),
	}
}

func checkConfig(raw json.RawMessage) error {
	sent, err := parameters(raw)
	if err != nil {
		return err
	}
	if len(sent) == 0 {
		return badRule(20111, "set_config action parameters must have at least one setting")
	}
	known := configParameters()
	for name, value := range sent {
		if !slices.ContainsFunc(known[name], func(v json.RawMessage) bool { return string(v) == string(value) }) {
			return badRule(20112, fmt.Sprintf("'%s' is not a valid value for set_config action parameter '%s'", value, name))
		}
	}
	return nil
}

// checkSkip knows what custom rules can skip ("Available skip options").
func checkSkip(phase string, raw json.RawMessage) error {
	sent, err := parameters(raw)
	if err != nil {
		return err
	}
	for name := range sent {
		if !slices.Contains([]string{"ruleset", "phase", "phases", "products"}, name) {
			return badRule(20117, "skip action parameter '"+name+"' cannot be used in the phase "+phase)
		}
	}
	var s skips
	if err := json.Unmarshal(raw, &s); err != nil {
		return badRule(20110, "action_parameters must be an object")
	}
	phases := []string{"http_ratelimit", botsPhase, "http_request_firewall_managed"}
	products := []string{"zoneLockdown", "uaBlock", "bic", "hot", "securityLevel", "rateLimit", "waf"}
	switch {
	case len(sent) == 0:
		return badRule(20111, "skip action parameters must name something to skip")
	case s.Ruleset != "" && s.Ruleset != "current", s.Phase != "" && s.Phase != "current":
		return badRule(20112, "only 'current' is a valid value for skip action parameters 'ruleset' and 'phase'")
	case !within(phases, s.Phases):
		return badRule(20112, "a phase that cannot be skipped is in "+strings.Join(s.Phases, ", "))
	case !within(products, s.Products):
		return badRule(20112, "a product that cannot be skipped is in "+strings.Join(s.Products, ", "))
	}
	return nil
}

func within(allowed, list []string) bool {
	return !slices.ContainsFunc(list, func(x string) bool { return !slices.Contains(allowed, x) })
}

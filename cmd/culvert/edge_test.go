package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
)

// configRules are the configuration rules of the zone.
func (w *stranger) configRules() []object {
	w.Helper()
	var list struct{ Rules []object }
	text := w.call(http.MethodGet, "zones/{zone}/rulesets/phases/http_config_settings/entrypoint", nil)
	if err := json.Unmarshal(text, &list); err != nil {
		w.Fatal(err)
	}
	return list.Rules
}

// edgeRule is the id of our rule, and the zone that it is in.
func (w *stranger) edgeRule() (zone, id string) {
	w.Helper()
	zone = w.Cloud.Basics().ZoneID
	for _, o := range w.configRules() {
		if name, _ := o["description"].(string); strings.HasPrefix(name, "Culvert:") {
			return zone, o.id()
		}
	}
	w.Fatal("our rule is not there")
	return "", ""
}

func TestTheEdgeRuleThatIsGoneIsNamedAndPutBack(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.behindOurBack(func(w *stranger) { w.Cloud.RemoveRule(w.edgeRule()) })
	r := s.run("status")
	if !strings.Contains(r.out, "messages do NOT arrive") || !strings.Contains(r.out, "The rule that lets callers through") {
		t.Errorf("the status is:\n%s", r.out)
	}
	if r := s.must("repair", "--yes"); len(r.writes()) != 1 {
		t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
}

func TestAnEdgeRuleThatIsOverruledIsPutBehindTheOther(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.behindOurBack(func(w *stranger) {
		w.addRule(sim.Rule{Phase: "http_config_settings", Action: "set_config", Parameters: map[string]any{"bic": true},
			Expression: "true", Description: "Strict"})
	})
	if r := s.run("status"); !strings.Contains(r.out, "messages do NOT arrive") || !strings.Contains(r.out, "overruled by “Strict”") {
		t.Errorf("the status is:\n%s", r.out)
	}
	s.must("repair", "--yes")
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
}

func (w *stranger) addRule(r sim.Rule) {
	w.Helper()
	if _, err := w.Cloud.AddRule(w.Cloud.Basics().ZoneID, r); err != nil {
		w.Fatal(err)
	}
}

func TestWithoutThePermissionForRulesTheOperatorMakesTheRuleByHand(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(w *stranger) { w.lacking("Config Rules") })
	s.edited("edge_rule: culvert", "edge_rule: by_hand")
	r := s.run("apply", "--yes")
	if !strings.Contains(r.out+r.err, "Browser Integrity Check") {
		t.Errorf("before there is a rule it ends with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.behindOurBack(func(w *stranger) {
		w.addRule(sim.Rule{Phase: "http_config_settings", Action: "set_config", Parameters: map[string]any{"bic": false},
			Expression: `http.host eq "chat.example.org"`, Description: "By hand"})
	})
	s.must("apply", "--yes")
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
}

func TestTakingDownTakesTheEdgeRuleAwayAndLeavesOthers(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(w *stranger) {
		w.addRule(sim.Rule{Phase: "http_config_settings", Action: "set_config", Parameters: map[string]any{"ssl": "full"},
			Expression: "true", Description: "Theirs"})
	}).applied()
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		rules := w.configRules()
		if len(rules) != 1 || rules[0]["description"] != "Theirs" {
			t.Errorf("left are %v", rules)
		}
	})
}

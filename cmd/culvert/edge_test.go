package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
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

// stopped is the example, applied, and then something in the domain that stops
// its webhooks.
func stopped(t *testing.T, by func(*stranger)) *shop {
	s := newShop(t).applied()
	s.behindOurBack(by)
	return s
}

func botFight(w *stranger) {
	w.call(http.MethodPut, "zones/{zone}/bot_management", object{"fight_mode": true})
}

func attackMode(w *stranger) {
	w.call(http.MethodPatch, "zones/{zone}/settings/security_level", object{"value": "under_attack"})
}

func pause(w *stranger) { w.call(http.MethodPatch, "zones/{zone}", object{"paused": true}) }

// blockWebhooks blocks the webhooks of one platform, and what is below them.
func blockWebhooks(w *stranger) { w.block(`starts_with(http.request.uri.path, "/channels/telegram/")`) }

func (w *stranger) block(expression string) {
	w.Helper()
	w.addRule(sim.Rule{Phase: "http_request_firewall_custom", Action: "block", Expression: expression, Description: "Strict"})
}

// edgeNow is how the switches of the domain stand.
func (w *stranger) edgeNow() (bots bool, level string, paused bool) {
	w.Helper()
	var b struct {
		Fight bool `json:"fight_mode"`
	}
	var l struct{ Value string }
	var z struct{ Paused bool }
	for path, into := range map[string]any{"zones/{zone}/bot_management": &b, "zones/{zone}/settings/security_level": &l, "zones/{zone}": &z} {
		if err := json.Unmarshal(w.call(http.MethodGet, path, nil), into); err != nil {
			w.Fatal(err)
		}
	}
	return b.Fight, l.Value, z.Paused
}

func TestWhatStopsWebhooksInTheWholeDomainIsNamedAndPutRightOnlyIfMeant(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		act     func(*stranger)
		says    []string
		finding string
		back    bool // taking down puts it back
	}{
		"Bot Fight Mode": {botFight, []string{"on every webhook: Bot Fight Mode is on for the whole domain", "switches Bot Fight Mode off for all of example.org", "Bot Management: Edit"}, "edge-blocks/challenge", true},
		"attack mode":    {attackMode, []string{"attack mode", "End attack mode only when the attack is over", "Zone Settings: Edit"}, "edge-blocks/challenge", true},
		"a pause":        {pause, []string{"Cloudflare is paused for your domain", "ends the pause of Cloudflare for all of example.org", "Zone: Edit"}, "zone-paused", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stopped(t, row.act)
			r := s.run("status")
			for _, text := range append(row.says, "culvert repair --only "+row.finding+" --whole-domain") {
				if !strings.Contains(r.out, text) {
					t.Errorf("the status does not say %q:\n%s", text, r.out)
				}
			}
			r = s.run("repair", "--yes")
			if r.code == 0 || len(r.writes()) > 0 || !strings.Contains(r.err, "--whole-domain") {
				t.Fatalf("--yes alone ends with %d and wrote %v:\n%s%s", r.code, r.writes(), r.out, r.err)
			}
			if r := s.must("repair", "--yes", "--whole-domain"); len(r.writes()) != 1 {
				t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
			}
			if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
				t.Errorf("afterwards the status is:\n%s", r.out)
			}
			if r := s.must("plan"); !strings.Contains(r.out, "nothing to do") {
				t.Errorf("the file takes it back:\n%s", r.out)
			}
			s.must("destroy", "--yes")
			s.behindOurBack(func(w *stranger) {
				bots, level, paused := w.edgeNow()
				if now := bots || level == "under_attack" || paused; now != row.back {
					t.Errorf("after taking down: bots %v, level %s, paused %v", bots, level, paused)
				}
			})
		})
	}
}

func TestACustomRuleThatBlocksWebhooksIsSkippedForThemAndKept(t *testing.T) {
	t.Parallel()
	s := stopped(t, blockWebhooks)
	if r := s.run("status"); !strings.Contains(r.out, "a custom rule of the domain does, “Strict”") {
		t.Fatalf("the status is:\n%s", r.out)
	}
	if r := s.must("repair", "--yes"); len(r.writes()) != 1 {
		t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		var list struct{ Rules []object }
		text := w.call(http.MethodGet, "zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint", nil)
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Rules) != 1 || list.Rules[0]["description"] != "Strict" {
			t.Errorf("left are %v", list.Rules)
		}
	})
}

func TestACustomRuleThatAlsoBlocksTheChecksOfTheLockLeavesThatUnknown(t *testing.T) {
	t.Parallel()
	s := stopped(t, func(w *stranger) { w.block(`http.host eq "chat.example.org"`) })
	r := s.run("repair", "--yes")
	if !strings.Contains(r.out, "Put right and proven. Whether everything else is locked cannot be told") {
		t.Errorf("the repair says:\n%s%s", r.out, r.err)
	}
	r = s.run("status")
	if r.code == 0 || strings.Contains(r.out, "do NOT arrive") || !strings.Contains(r.out, "whether everything is locked cannot be told") {
		t.Errorf("afterwards the status ends with %d:\n%s", r.code, r.out)
	}
}

func superBots(w *stranger) {
	w.Cloud.SetPaid(w.Cloud.Basics().ZoneID, true)
	w.call(http.MethodPut, "zones/{zone}/bot_management", object{"sbfm_definitely_automated": "block"})
}

// Super Bot Fight Mode stays as it is set up: a rule keeps the webhooks from it,
// and nothing else.
func TestSuperBotFightModeIsSkippedForTheWebhooksAlone(t *testing.T) {
	t.Parallel()
	s := stopped(t, superBots)
	r := s.run("status")
	for _, text := range []string{"NO messages arrive", "on every webhook: Super Bot Fight Mode stops machines in the whole domain", "Zone WAF: Edit, for keeping webhooks from Super Bot Fight Mode", "culvert repair --only edge-blocks/waf"} {
		if !strings.Contains(r.out, text) {
			t.Errorf("the status does not say %q:\n%s", text, r.out)
		}
	}
	if strings.Contains(r.out, "--whole-domain") {
		t.Errorf("it is said to count for the whole domain:\n%s", r.out)
	}
	r = s.run("repair", "--yes")
	if len(r.writes()) != 1 || !strings.Contains(r.out, "Put right and proven. Whether everything else is locked cannot be told") {
		t.Errorf("the repair wrote %v and says:\n%s%s", r.writes(), r.out, r.err)
	}
	if r := s.run("status"); strings.Contains(r.out, "messages arrive") || !strings.Contains(r.out, "whether everything is locked cannot be told") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) {
		bots := string(w.call(http.MethodGet, "zones/{zone}/bot_management", nil))
		rules := string(w.call(http.MethodGet, "zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint", nil))
		if !strings.Contains(bots, `"sbfm_definitely_automated":"block"`) || !strings.Contains(rules, `{"phases":["http_request_sbfm"]}`) || strings.Contains(rules, `"ruleset":"current"`) {
			t.Errorf("now there is %s and %s", bots, rules)
		}
		w.block(`starts_with(http.request.uri.path, "/channels/")`)
	})
	// A custom rule stops them as well: the same rule skips that too.
	if r := s.run("status"); !strings.Contains(r.out, "a custom rule of the domain does, “Strict”") {
		t.Errorf("with a custom rule the status is:\n%s", r.out)
	}
	if r := s.run("repair", "--yes"); len(r.writes()) != 1 || r.writes()[0].Method != http.MethodPatch {
		t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
	}
	if r := s.run("status"); strings.Contains(r.out, "messages arrive") {
		t.Errorf("then the status is:\n%s", r.out)
	}
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		if rules := string(w.call(http.MethodGet, "zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint", nil)); strings.Contains(rules, "Culvert") || !strings.Contains(rules, "Strict") {
			t.Errorf("left are %s", rules)
		}
	})
}

// The token has no more than what was asked for: what stops callers is not known
// then, and said so; what it may read and not write is named, and the press fails
// without leaving anything half done.
func TestAPermissionThatOnlyTheRemedyTakesIsNamedAndNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	s := stopped(t, func(w *stranger) { botFight(w); w.lacking("Bot Management") })
	r := s.run("status")
	if !strings.Contains(r.out, "the token lacks Bot Management") || !strings.Contains(r.out, "Bot Management: Edit, for seeing Bot Fight Mode") ||
		strings.Contains(r.out, "is on for the whole domain") {
		t.Errorf("what may not be read is told as\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) { w.lessThan("Bot Management") })
	r = s.run("repair", "--yes", "--whole-domain")
	if r.code == 0 || !strings.Contains(r.err, "Bot Management: Edit") {
		t.Errorf("without the permission it ends with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.behindOurBack(func(w *stranger) {
		if bots, _, _ := w.edgeNow(); !bots {
			t.Error("it was switched off")
		}
	})
	if r := s.run("status"); !strings.Contains(r.out, "Bot Fight Mode is on for the whole domain") || !strings.Contains(r.out, "--whole-domain") {
		t.Errorf("after the failure the status is\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) { w.Cloud.SetToken(w.Cloud.Basics().Token, "active", sim.AllPermissions()...) })
	s.must("repair", "--yes", "--whole-domain")
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("with the permission the status is\n%s", r.out)
	}
}

// lessThan leaves the token a permission to read only.
func (w *stranger) lessThan(permission string) {
	w.Helper()
	read := []string{permission + " Read"}
	for _, name := range sim.AllPermissions() {
		if name != permission+" Write" {
			read = append(read, name)
		}
	}
	w.Cloud.SetToken(w.Cloud.Basics().Token, "active", read...)
}

func TestARemedyIsInTheHistoryAndCanBeUndone(t *testing.T) {
	t.Parallel()
	s := stopped(t, botFight)
	s.must("repair", "--yes", "--whole-domain")
	w, cloud := s.workspace(t.Context())
	defer w.Close()
	const id = "open-chat-studio"
	log, err := w.store.AuditLog(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var decided bool
	for _, a := range log {
		decided = decided || a.Action == "approved" && strings.Contains(a.Text, "Decided to switch Bot Fight Mode off for example.org.")
	}
	if !decided || log[len(log)-1].Text == "" {
		t.Errorf("the history has no decision: %+v", log[0])
	}
	revisions, err := w.store.Revisions(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.cloud.Use(secret.New(w.journey.Practice))
	back, err := w.engine.Preview(t.Context(), id, revisions[1].Answers)
	if err != nil || len(back.Plan.Changes) != 1 || back.Plan.Changes[0].To != setup.State(setup.BotFight{On: true}) {
		t.Errorf("going back would do (%v)\n%s", err, back.Plan)
	}
	if bots, _, _ := cloud.edgeNow(); bots {
		t.Error("it is on")
	}
}

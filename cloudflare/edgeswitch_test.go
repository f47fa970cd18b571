package cloudflare

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// edgeRows are the kinds of a domain that are changed only when the operator
// asked for it.
func edgeRows() []row {
	return []row{
		{
			kind: setup.KindSkipRule,
			from: func(w *world) setup.State { return w.skip("/channels/telegram/*", "/slack/events") },
			to: func(w *world) setup.State {
				both := w.skip("/channels/telegram/*")
				both.Skips = []string{setup.SkipsRules, setup.SkipsBots}
				return both
			},
			meddle: func(w *world, id string) {
				w.stranger("PATCH", "Z/rulesets/"+w.rulesetOf(customPhase)+"/rules/"+id, map[string]any{"action": "block",
					"expression": "true", "description": "Mine"})
			},
		},
		{
			kind: setup.KindBotFight, always: true,
			from: func(*world) setup.State { return setup.BotFight{} },
			to:   func(*world) setup.State { return setup.BotFight{On: true} },
			meddle: func(w *world, _ string) {
				w.stranger("PUT", "Z/bot_management", map[string]any{"fight_mode": true})
			},
		},
		{
			kind: setup.KindSecurityLevel, always: true,
			from: func(*world) setup.State { return setup.SecurityLevel{Level: "medium"} },
			to:   func(*world) setup.State { return setup.SecurityLevel{Level: setup.UnderAttack} },
			meddle: func(w *world, _ string) {
				w.stranger("PATCH", "Z/settings/security_level", map[string]any{"value": "high"})
			},
		},
		{
			kind: setup.KindZonePause, always: true,
			from: func(*world) setup.State { return setup.ZonePause{} },
			to:   func(*world) setup.State { return setup.ZonePause{Paused: true} },
			meddle: func(w *world, _ string) {
				w.stranger("PATCH", "zones/"+w.ZoneID, map[string]any{"paused": true})
			},
		},
	}
}

func (w *world) skip(paths ...string) setup.SkipRule {
	return setup.SkipRule{EdgeRule: w.edgeRule(paths...)}
}

// blocks adds a custom rule of somebody else, behind all others.
func (w *world) blocks(name, expression string) {
	w.Helper()
	if _, err := w.cloud.AddRule(w.ZoneID, sim.Rule{Phase: customPhase, Action: "block", Expression: expression, Description: name}); err != nil {
		w.Fatal(err)
	}
}

func TestARuleThatSkipsStandsBeforeThoseThatBlock(t *testing.T) {
	w := newWorld(t)
	w.blocks("Strict", `starts_with(http.request.uri.path, "/channels/")`)
	e := setup.Entry{Key: w.key(setup.KindSkipRule, "ocs."+w.Zone), Verb: setup.Create, To: w.skip("/channels/telegram/*")}
	made := w.must(e)
	if got := w.orderOf(customPhase); !slices.Equal(got, []string{"ours", "Strict"}) {
		t.Fatalf("the order is %v", got)
	}
	rules := w.rulesetOf(customPhase)
	w.stranger("POST", "Z/rulesets/"+rules+"/rules", map[string]any{"action": "managed_challenge", "expression": "true",
		"description": "Stricter", "position": map[string]any{"before": ""}})
	w.stranger("POST", "Z/rulesets/"+rules+"/rules", map[string]any{"action": "block", "expression": `http.host eq "www.example.com"`,
		"description": "Another host", "position": map[string]any{"before": ""}})
	have := w.one(setup.KindSkipRule, made.ID).State.(setup.SkipRule)
	if !slices.Equal(have.Overruled, []string{"Stricter"}) || setup.Met(e.To, have) {
		t.Fatalf("it is overruled by %v", have.Overruled)
	}
	w.must(setup.Entry{Key: e.Key, Verb: setup.Update, ID: made.ID, From: have, To: e.To})
	if got := w.orderOf(customPhase); !slices.Equal(got, []string{"ours", "Another host", "Stricter", "Strict"}) {
		t.Errorf("the order is %v", got)
	}
	now := w.one(setup.KindSkipRule, made.ID)
	if !setup.Met(e.To, now.State) {
		t.Errorf("it is %+v", now.State)
	}
	w.must(setup.Entry{Key: e.Key, Verb: setup.Delete, ID: made.ID, From: now.State})
	if got := w.orderOf(customPhase); !slices.Equal(got, []string{"Another host", "Stricter", "Strict"}) {
		t.Errorf("without ours the order is %v", got)
	}
}

func TestTheSwitchesOfADomainKeepWhatStandsBesideThem(t *testing.T) {
	w := newWorld(t)
	w.stranger("PUT", "Z/bot_management", map[string]any{"fight_mode": true, "enable_js": true})
	w.must(setup.Entry{Key: w.key(setup.KindBotFight, w.Zone), Verb: setup.Update, ID: w.ZoneID,
		From: setup.BotFight{On: true}, To: setup.BotFight{}})
	var now struct {
		Fight bool `json:"fight_mode"`
		JS    bool `json:"enable_js"`
	}
	if err := json.Unmarshal(w.stranger("GET", "Z/bot_management", nil), &now); err != nil || now.Fight || !now.JS {
		t.Errorf("now it is %+v, %v", now, err)
	}
}

func TestAnotherPlansBotSettingsAreReadAndNotTakenForOurs(t *testing.T) {
	read := botFightOf("z")
	for text, want := range map[string]setup.BotFight{
		`{"fight_mode":true}`: {On: true},
		`{"sbfm_definitely_automated":"block","sbfm_likely_automated":"allow"}`:             {Super: true},
		`{"fight_mode":false,"sbfm_definitely_automated":"allow"}`:                          {},
		`{"sbfm_definitely_automated":"allow","sbfm_likely_automated":"managed_challenge"}`: {Super: true},
	} {
		if o, err := read(json.RawMessage(text)); err != nil || o.State != want {
			t.Errorf("%s was read as %+v, %v", text, o.State, err)
		}
	}
	if o, err := read(json.RawMessage(`{}`)); err == nil {
		t.Errorf("an answer that says nothing was read as %+v", o.State)
	}
}

func TestWhatTheTokenMayNotReadOfTheEdgeIsUnreadAndThePermissionNamed(t *testing.T) {
	w := newWorld(t)
	v := w.view()
	v.Also = []setup.Kind{setup.KindBotFight, setup.KindSecurityLevel, setup.KindSkipRule}
	seen, err := w.client(w.cloud.AddToken(sim.UserToken, "", "Zone Read", "DNS Write", "Config Settings Write")).Observe(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	for kind, permission := range map[setup.Kind]string{
		setup.KindBotFight: "Bot Management", setup.KindSecurityLevel: "Zone Settings", setup.KindSkipRule: "Zone WAF",
	} {
		p, bad := seen.Unread[setup.ReadScope{Kind: kind, Scope: w.Zone}]
		if !bad || p.Code != setup.CodeDenied || p.Permission != permission || !strings.Contains(p.Message, permission+": Edit") {
			t.Errorf("%s is unread: %v, %+v", kind, bad, p)
		}
	}
	if len(ofKind(seen, setup.KindZonePause)) != 1 {
		t.Error("whether the domain is paused was not seen")
	}
}

func TestAPauseThatMayNotBeEndedNamesThePermission(t *testing.T) {
	w := newWorld(t)
	w.cloud.SetPaused(w.ZoneID, true)
	w.Client = w.client(w.cloud.AddToken(sim.UserToken, "", "Zone Read"))
	o := w.refuses(setup.Entry{Key: w.key(setup.KindZonePause, w.Zone), Verb: setup.Update, ID: w.ZoneID,
		From: setup.ZonePause{Paused: true}, To: setup.ZonePause{}}, setup.CodeDenied)
	if !strings.Contains(o.Err.Message, "Zone: Edit") {
		t.Errorf("it says: %s", o.Err.Message)
	}
}

func TestAWriteOfASwitchThatFailsChangesNothing(t *testing.T) {
	for _, r := range edgeRows() {
		if !r.always {
			continue
		}
		w, e := r.stands(t)
		for _, f := range []sim.Fault{{SuccessFalse: true}, {ResetBefore: true}, {Status: 503}} {
			for _, f.Method = range []string{"PUT", "PATCH"} {
				w.cloud.Inject(f)
			}
			o, err := w.try(e)
			w.cloud.Heal()
			if err == nil && o.Err == nil {
				t.Errorf("%s: %+v passed for success", r.kind, f)
			}
			if now := w.one(r.kind, e.ID); !setup.Same(now.State, e.From) {
				t.Errorf("%s: after %+v it is %+v", r.kind, f, now.State)
			}
		}
	}
}

// What a rule skips is read again as it was written, and what skips more than ours
// is not taken for it.
func TestWhatARuleSkipsIsToldApart(t *testing.T) {
	for text, want := range map[string]struct {
		skips []string
		other bool
	}{
		`{"ruleset":"current"}`:                                {nil, false},
		`{"phases":["http_request_sbfm"]}`:                     {[]string{setup.SkipsBots}, false},
		`{"phases":["http_request_sbfm"],"ruleset":"current"}`: {[]string{setup.SkipsRules, setup.SkipsBots}, false},
		`{"phases":["http_request_sbfm","http_ratelimit"]}`:    {nil, true},
		`{"phases":["http_request_sbfm"],"products":["bic"]}`:  {nil, true},
	} {
		set := ruleset{phase: customRules(), id: "s"}
		o, err := set.decode("z", json.RawMessage(`{"id":"r","action":"skip","enabled":true,"expression":"true","action_parameters":`+text+`}`))
		got, _ := o.State.(setup.SkipRule)
		if err != nil || !slices.Equal(got.Skips, want.skips) || (got.Other != "") != want.other {
			t.Errorf("%s is read as %+v (%v)", text, got, err)
		}
	}
}

func TestASkipOfOthersThatEndsTheListBeforeOursOverrulesIt(t *testing.T) {
	w := newWorld(t)
	to := w.skip("/channels/telegram/*")
	to.Skips = []string{setup.SkipsBots}
	e := setup.Entry{Key: w.key(setup.KindSkipRule, "ocs."+w.Zone), Verb: setup.Create, To: to}
	made := w.must(e)
	path, first := "Z/rulesets/"+w.rulesetOf(customPhase)+"/rules", map[string]any{"before": ""}
	for name, parameters := range map[string]any{
		"Ends":  map[string]any{"ruleset": "current"},
		"Helps": map[string]any{"ruleset": "current", "phases": []string{botsPhase}},
		"Bic":   map[string]any{"products": []string{"bic"}},
	} {
		w.stranger("POST", path, map[string]any{"action": "skip", "expression": "true", "description": name, "action_parameters": parameters, "position": first})
	}
	have := w.one(setup.KindSkipRule, made.ID).State.(setup.SkipRule)
	if !slices.Equal(have.Overruled, []string{"Ends"}) || have.Lifts(setup.SkipsBots) {
		t.Fatalf("it is overruled by %v", have.Overruled)
	}
	w.must(setup.Entry{Key: e.Key, Verb: setup.Update, ID: made.ID, From: have, To: to})
	if now := w.one(setup.KindSkipRule, made.ID).State.(setup.SkipRule); !now.Lifts(setup.SkipsBots) || now.Lifts(setup.SkipsRules) {
		t.Errorf("it is %+v", now)
	}
}

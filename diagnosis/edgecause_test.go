package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// pause is somebody pausing Cloudflare for the domain.
func (p *patient) pause() {
	for i, o := range p.world.Objects {
		if o.State.Kind() == setup.KindZone {
			p.world.Objects[i].State = setup.Zone{Name: "example.org", Status: "active", Paused: true}
		}
	}
	p.put("example.org", "zone-1", setup.ZonePause{Paused: true})
	p.plan()
}

// edge is what was seen of the domain: bots and level, and custom rules.
func (p *patient) edge(bots setup.BotFight, level string, rules ...setup.EdgeRule) {
	p.put("example.org", "zone-1", bots)
	p.put("example.org", "zone-1", setup.SecurityLevel{Level: level, BrowserCheck: true})
	for _, r := range rules {
		r.Enabled = true
		p.put("example.org", "rule-"+r.Title, setup.SkipRule{EdgeRule: r})
	}
	p.plan()
}

// challenged and blocked are answers of Cloudflare at some doors.
func (p *patient) challenged(ids ...string) { p.answered("Cf-Mitigated: challenge", ids) }
func (p *patient) blocked(ids ...string)    { p.answered("error code: 1020", ids) }

func (p *patient) answered(line string, ids []string) {
	p.fail(setup.ByEdge, ids...)
	for i := range p.Evidence {
		if v := &p.Evidence[i]; v.By == setup.ByEdge {
			v.Status, v.Excerpt = 403, []string{"HTTP 403", line}
		}
	}
}

func rowsOfTheEdge() map[string]row {
	blocking := setup.EdgeRule{Title: "Strict", Action: "block", Expression: `starts_with(http.request.uri.path, "/channels/")`}
	elsewhere := setup.EdgeRule{Title: "Shop", Action: "managed_challenge", Expression: `http.host eq "shop.example.org"`}
	return map[string]row{
		"Bot Fight Mode is on": {func(p *patient) {
			p.edge(setup.BotFight{On: true}, "medium")
			p.challenged(doors()...)
		}, "edge-blocks/challenge", setup.SeverityBroken, "Cloudflare challenges callers without a browser on every webhook: Bot Fight Mode is on for the whole domain.", []setup.Kind{setup.KindBotFight}},
		"Super Bot Fight Mode stops machines": {func(p *patient) {
			p.edge(setup.BotFight{Super: true}, "medium")
			p.challenged("telegram")
		}, "edge-blocks/challenge", setup.SeverityBroken, "on the webhooks of Telegram: Super Bot Fight Mode", []setup.Kind{setup.KindSkipRule}},
		"Super Bot Fight Mode stops the checks": {func(p *patient) {
			p.edge(setup.BotFight{Super: true}, "medium")
			p.blocked("locked")
		}, "edge-blocks/waf", setup.SeverityUnknown, "Super Bot Fight Mode", nil},
		"attack mode is on, and the webhooks get through": {func(p *patient) {
			p.edge(setup.BotFight{}, setup.UnderAttack)
			p.challenged("locked")
		}, "edge-blocks/challenge", setup.SeverityUnknown, "attack mode", []setup.Kind{setup.KindSecurityLevel}},
		"attack mode is on, and the rule is made by hand": {func(p *patient) {
			p.byHand()
			p.edge(setup.BotFight{}, setup.UnderAttack)
			p.challenged(doors()...)
		}, "edge-blocks/challenge", setup.SeverityBroken, "attack mode", []setup.Kind{setup.KindEdgeRule}},
		"attack mode is on, and the rule is gone": {func(p *patient) {
			p.alter(p.Answers.EdgeRuleKey(), setuptest.Gone)
			p.edge(setup.BotFight{}, setup.UnderAttack)
			p.challenged(doors()...)
		}, "edge-rule", setup.SeverityBroken, "was deleted", []setup.Kind{setup.KindEdgeRule}},
		"browsers are checked, and the rule is made by hand": {func(p *patient) {
			p.byHand()
			p.fail(setup.ByEdge, "telegram")
			p.edit("telegram/1", func(v *setup.Evidence) { v.Status, v.Excerpt = 403, []string{"HTTP 403", "error code: 1010"} })
		}, "edge-blocks/integrity", setup.SeverityBroken, "no rule keeps it from the webhooks", []setup.Kind{setup.KindEdgeRule}},
		"a custom rule blocks": {func(p *patient) {
			p.edge(setup.BotFight{}, "medium", elsewhere, blocking)
			p.blocked(doors()...)
		}, "edge-blocks/waf", setup.SeverityBroken, "a custom rule of the domain does, “Strict”", []setup.Kind{setup.KindSkipRule}},
		"a custom rule blocks what is locked": {func(p *patient) {
			p.edge(setup.BotFight{}, "medium", setup.EdgeRule{Title: "Strict", Action: "block", Expression: "true"})
			p.blocked("locked")
		}, "edge-blocks/waf", setup.SeverityUnknown, "“Strict”", nil},
		"what the token may not read is not known": {func(p *patient) {
			denied := setup.Problem{Code: setup.CodeDenied, Message: "No.", Permission: "Bot Management"}
			p.unread(setup.KindBotFight, "example.org", denied)
			p.challenged(doors()...)
		}, "edge-blocks/challenge", setup.SeverityBroken, "Cloudflare asks callers to prove", nil},
	}
}

// byHand is an operator who makes the rule for the webhooks.
func (p *patient) byHand() {
	key := p.Answers.EdgeRuleKey()
	p.alter(key, setuptest.Gone)
	delete(p.world.Ledger.Records, key)
	p.Answers.EdgeByHand = true
	p.plan()
}

// only is the one finding of an illness.
func only(t *testing.T, ill func(*patient)) (*patient, setup.Finding) {
	t.Helper()
	p := healthy(t)
	ill(p)
	got := Of(p.Input)
	if len(got) != 1 {
		t.Fatalf("there are %d findings:\n%s", len(got), list(got))
	}
	return p, got[0]
}

func TestWhatChangesTheWholeDomainIsSaidBefore(t *testing.T) {
	for what, asks := range map[string]string{
		"Bot Fight Mode is on":                            "Bot Fight Mode goes off for all of example.org, so also for every other address in it, such as shop.example.org:",
		"attack mode is on, and the webhooks get through": "End attack mode only when the attack is over.",
		"the domain is paused":                            "Cloudflare is switched on for all of example.org",
		"a custom rule blocks":                            "",
		"attack mode is on, and the rule is made by hand": "",
	} {
		_, f := only(t, func(p *patient) {
			p.put("example.org", "shop", setup.DNSRecord{Zone: setup.Lit("zone-1"), Name: "shop.example.org", Type: "A", Content: "192.0.2.1"})
			allRows()[what].ill(p)
		})
		if !strings.Contains(f.Fix.Asks, asks) || (asks == "") != (f.Fix.Asks == "") {
			t.Errorf("%s asks: %q", what, f.Fix.Asks)
		}
		if len(f.Fix.Remedies) != 1 || len(f.Needs) != 1 {
			t.Errorf("%s: %v, needs %+v", what, f.Fix.Remedies, f.Needs)
		}
	}
}

func TestWhatIsNotKnownOfTheEdgeNamesThePermissionsThatWouldTellIt(t *testing.T) {
	_, f := only(t, rowsOfTheEdge()["what the token may not read is not known"].ill)
	if len(f.Needs) != 1 || f.Needs[0].Name != "Bot Management" || !strings.Contains(f.Cause, "the token lacks Bot Management") {
		t.Errorf("it needs %+v, cause: %s", f.Needs, f.Cause)
	}
}

func TestOfSeveralSettingsTheFirstIsNamedAndTheOthersAreNotKeptBack(t *testing.T) {
	_, f := only(t, func(p *patient) {
		p.edge(setup.BotFight{On: true}, setup.UnderAttack, setup.EdgeRule{Title: "Careful", Action: "managed_challenge", Expression: "true"})
		p.challenged(doors()...)
	})
	if !strings.Contains(f.Title, "Bot Fight Mode") || !strings.Contains(f.Cause, "“Careful”") || !strings.Contains(f.Cause, "attack mode") {
		t.Errorf("title: %s\ncause: %s", f.Title, f.Cause)
	}
}

// The fix that a page shows is the change that a run plans once the remedy is
// part of the answers: otherwise nobody could agree to it.
func TestTheFixOfARemedyIsTheChangeThatARunWillPlan(t *testing.T) {
	for what, r := range allRows() {
		p := healthy(t)
		r.ill(p)
		for _, f := range Of(p.Input) {
			if f.Fix == nil || len(f.Fix.Remedies) == 0 || f.Fix.Barred != "" {
				continue
			}
			for _, remedy := range f.Fix.Remedies {
				p.Answers = p.Answers.With(remedy)
			}
			p.plan()
			part, bar := p.Plan.Part(f.Fix.Keys)
			var hashes []string
			for _, c := range part {
				hashes = append(hashes, c.Hash())
			}
			if bar != nil || !slices.Equal(hashes, f.Fix.Hashes) {
				t.Errorf("%s: shown %v, planned %v (barred: %v)\n%s", what, f.Fix.Hashes, hashes, bar, p.Plan)
			}
		}
	}
}

func TestWhatWasPutRightAtTheEdgeAndIsChangedBackIsNamed(t *testing.T) {
	p := healthy(t)
	p.Answers = p.Answers.With(setup.RemedyBots)
	p.put("example.org", "zone-1", setup.BotFight{On: true})
	key := p.Answers.RemedyKey(setup.RemedyBots)
	p.world.Ledger.Records[key] = setup.Record{ID: "zone-1", Owner: setup.Adopted, By: []setup.SetupID{"ocs"}, Prior: setup.BotFight{On: true}, Left: setup.BotFight{}}
	p.plan()
	got := Of(p.Input)
	if len(got) != 1 || got[0].ID != "edge-blocks/bot-fight-mode-off" || got[0].Severity != setup.SeverityRisk || !got[0].Repairable() || got[0].Fix.Asks == "" {
		t.Errorf("found %s %+v", list(got), got)
	}
}

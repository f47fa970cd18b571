package setup

import (
	"slices"
	"strings"
	"testing"
)

// asking are the sample's answers with every remedy asked for.
func asking() Answers {
	a := sample("ocs", "chat.example.org")
	for _, r := range Remedies() {
		a = a.With(r)
	}
	return a
}

// edge is how the switches of the domain stand, and how many rules skip.
func (m *model) edge() (bots bool, level string, paused bool, skips int) {
	for _, o := range m.Objects {
		switch s := o.State.(type) {
		case BotFight:
			bots = s.On
		case SecurityLevel:
			level = s.Level
		case ZonePause:
			paused = s.Paused
		case SkipRule:
			skips++
		}
	}
	return
}

func TestNothingOfTheDomainIsChangedUnlessAskedFor(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	m.run(t, a.Setup, &a, nil)
	if bots, level, paused, skips := m.edge(); !bots || level != UnderAttack || !paused || skips != 0 {
		t.Errorf("bots %v, level %s, paused %v, rules that skip %d", bots, level, paused, skips)
	}
	if v := a.View(); len(v.Also) > 0 || v.Asks(KindBotFight) || !asking().View().Asks(KindBotFight) {
		t.Errorf("it is looked at: %v", v.Also)
	}
}

func TestWhatWasAskedForAtTheEdgeIsDoneAndPutBack(t *testing.T) {
	before, a := sample("ocs", "chat.example.org"), asking()
	m := hostWorld(a)
	m.run(t, a.Setup, &before, nil)
	approved := map[SetupID]Answers{a.Setup: before}
	p := m.plan(t, a.Setup, &a, approved)
	var domain int
	for _, c := range p.Changes {
		if c.Reach == ReachDomain {
			domain++
		}
		if (c.Reach == ReachDomain) != (c.Asks(nil) != "") {
			t.Errorf("%s reaches %s and asks %q", c, c.Reach, c.Asks(nil))
		}
	}
	if len(p.Changes) != 4 || domain != 3 || len(p.Barriers) > 0 {
		t.Fatalf("the plan is\n%s", p)
	}
	if left := m.run(t, a.Setup, &a, approved); !left.Empty() {
		t.Fatalf("left is\n%s", left)
	}
	if bots, level, paused, skips := m.edge(); bots || level == UnderAttack || paused || skips != 1 {
		t.Errorf("bots %v, level %s, paused %v, rules that skip %d", bots, level, paused, skips)
	}
	// Undone, all is as it was, but for the pause: that would take locks away.
	m.run(t, a.Setup, &before, map[SetupID]Answers{a.Setup: a})
	if bots, level, paused, skips := m.edge(); !bots || level != UnderAttack || paused || skips != 0 {
		t.Errorf("undone: bots %v, level %s, paused %v, rules that skip %d", bots, level, paused, skips)
	}
	if p := m.plan(t, a.Setup, &before, approved); !p.Empty() {
		t.Errorf("then the plan is\n%s", p)
	}
}

func TestASwitchThatSomebodyMovedSinceIsLeftToThem(t *testing.T) {
	a := asking()
	m := hostWorld(a)
	m.run(t, a.Setup, &a, nil)
	m.byID(a.RemedyKey(RemedyLevel), "zone-example.org").State = SecurityLevel{Level: "high"}
	if p := m.plan(t, a.Setup, &a, map[SetupID]Answers{a.Setup: a}); !p.Empty() {
		t.Errorf("another level that challenges nobody is changed:\n%s", p)
	}
	m.run(t, a.Setup, nil, map[SetupID]Answers{a.Setup: a})
	if _, level, _, _ := m.edge(); level != "high" {
		t.Errorf("taken down, the level is %s", level)
	}
}

func TestASwitchThatAnotherSetupNeedsAsWellStaysForIt(t *testing.T) {
	a, b := asking(), sample("n8n", "flow.example.org").With(RemedyBots)
	m := hostWorld(a, b)
	approved := map[SetupID]Answers{a.Setup: a, b.Setup: b}
	m.run(t, a.Setup, &a, approved)
	m.run(t, b.Setup, &b, approved)
	m.run(t, a.Setup, nil, approved)
	if bots, _, _, _ := m.edge(); bots {
		t.Error("Bot Fight Mode is on again, and the other setup's webhooks are stopped")
	}
	m.run(t, b.Setup, nil, map[SetupID]Answers{b.Setup: b})
	if bots, _, _, _ := m.edge(); !bots {
		t.Error("nobody needs it off any more, and it is not put back")
	}
}

func TestARemedyIsPlannedByItself(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	for _, r := range append(Remedies(), RemedyRule) {
		p, err := PlanRemedy(a, r, m.World, m.ledger)
		if err != nil || len(p.Changes) != 1 || p.Changes[0].Key != a.RemedyKey(r) || len(p.Barriers) > 0 {
			t.Errorf("%s: %v\n%s", r, err, p)
		}
		if n := r.Needs(); n.Name == "" || n.Key == "" || n.Blocks == "" || !strings.Contains(r.Does(a), " ") {
			t.Errorf("%s needs %+v", r, n)
		}
	}
	m.Miss(KindBotFight, a.Zone, Problem{Code: CodeDenied, Message: "The token lacks it."})
	if p, err := PlanRemedy(a, RemedyBots, m.World, m.ledger); err != nil || len(p.Barriers) != 1 || len(p.Changes) > 0 {
		t.Errorf("unread, it is planned as\n%s", p)
	}
}

func TestARuleIsLeftOutOfTheQuestionOnlyIfItIsAboutSomethingElse(t *testing.T) {
	for expression, want := range map[string]bool{
		`true`:                                                                               true,
		`(ip.src.country ne "DE")`:                                                           true,
		`(http.user_agent contains "curl")`:                                                  true,
		`http.host eq "chat.example.org"`:                                                    true,
		`http.host eq "shop.example.org"`:                                                    false,
		`http.host in {"shop.example.org" "b.example.org"}`:                                  false,
		`ends_with(http.host, ".example.org")`:                                               true,
		`http.host wildcard "*.example.org"`:                                                 true,
		`not http.host eq "shop.example.org"`:                                                true,
		`http.host ne "shop.example.org"`:                                                    true,
		`starts_with(http.request.uri.path, "/channels/")`:                                   true,
		`http.request.uri.path contains "/slack/events"`:                                     true,
		`http.request.uri.path wildcard "/channels/*/x"`:                                     true,
		`http.request.uri.path eq "/wp-login.php"`:                                           false,
		`http.host eq "chat.example.org" and http.request.uri.path eq "/wp-login.php"`:       false,
		`http.host eq "shop.example.org" and http.request.uri.path eq "/channels/telegram/"`: false,
	} {
		if got := Concerns(expression, "chat.example.org", []string{"/channels/telegram/*", "/slack/events"}); got != want {
			t.Errorf("%s concerns the webhooks: %v, want %v", expression, got, want)
		}
	}
}

func TestALinkNamesEachPermissionOnce(t *testing.T) {
	all := WithFurther(Permissions(ModePublic), []Permission{RemedyActive.Needs(), RemedyBots.Needs()})
	zones := slices.DeleteFunc(slices.Clone(all), func(p Permission) bool { return p.Key != "zone" })
	if len(zones) != 1 || !zones[0].Edit || len(all) != len(Permissions(ModePublic))+1 {
		t.Errorf("it asks for %+v", all)
	}
}

func TestOneRuleKeepsWebhooksFromWhateverWasAskedFor(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	m := hostWorld(a)
	m.run(t, a.Setup, &a, nil)
	before := a
	for _, step := range []struct {
		remedy Remedy
		skips  []string
	}{{RemedySuper, []string{SkipsBots}}, {RemedySkip, []string{SkipsRules, SkipsBots}}} {
		next := before.With(step.remedy)
		p := m.plan(t, a.Setup, &next, map[SetupID]Answers{a.Setup: before})
		if len(p.Changes) != 1 || len(p.Barriers) > 0 || p.Changes[0].Reach == ReachDomain {
			t.Fatalf("%s: the plan is\n%s", step.remedy, p)
		}
		if got := p.Changes[0].To.(SkipRule).Skips; !slices.Equal(got, step.skips) {
			t.Errorf("%s: it skips %v", step.remedy, got)
		}
		m.run(t, a.Setup, &next, map[SetupID]Answers{a.Setup: before})
		before = next
	}
	if got := sample("ocs", "chat.example.org").With(RemedySkip).skips(); got != nil {
		t.Errorf("what was agreed to before is written anew: %v", got)
	}
	m.run(t, a.Setup, &a, map[SetupID]Answers{a.Setup: before})
	if _, _, _, skips := m.edge(); skips != 0 {
		t.Errorf("undone, %d rules are left", skips)
	}
}

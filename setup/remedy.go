package setup

import (
	"fmt"
	"slices"
	"strings"
)

// Remedy is a change at Cloudflare's edge that is made only because the operator
// asked for it, when a check from outside had shown that callers are stopped.
// Its words are those of culvert.yaml.
type Remedy string

// Remedies.
const (
	// RemedyRule makes the configuration rule that the operator wanted to make by
	// hand.
	RemedyRule   Remedy = "configuration_rule"
	RemedySkip   Remedy = "custom_rules_skipped"
	RemedySuper  Remedy = "super_bot_fight_mode_skipped"
	RemedyBots   Remedy = "bot_fight_mode_off"
	RemedyLevel  Remedy = "attack_mode_off"
	RemedyActive Remedy = "zone_not_paused"
)

// Remedies lists those that answers can hold.
func Remedies() []Remedy {
	return []Remedy{RemedyLevel, RemedyBots, RemedySkip, RemedySuper, RemedyActive}
}

// EdgeKinds are the kinds that are looked at to find out what stops callers.
func EdgeKinds() []Kind { return []Kind{KindSkipRule, KindBotFight, KindSecurityLevel} }

// With are the answers of who asks for a remedy as well.
func (a Answers) With(r Remedy) Answers {
	if r == RemedyRule {
		a.EdgeByHand = false
		return a
	}
	a.Remedies = SortedRemedies(append(slices.Clone(a.Remedies), r))
	return a
}

// SortedRemedies gives each once, in one order: the same answers look the same.
func SortedRemedies(all []Remedy) []Remedy {
	if len(all) == 0 {
		return nil
	}
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}

// RemedyKey is the key of what a remedy changes.
func (a Answers) RemedyKey(r Remedy) Key {
	switch r {
	case RemedyRule:
		return a.EdgeRuleKey()
	case RemedySkip, RemedySuper: // one rule for both
		return Key{KindSkipRule, a.Zone, a.Hostname}
	case RemedyBots:
		return Key{KindBotFight, a.Zone, a.Zone}
	case RemedyLevel:
		return Key{KindSecurityLevel, a.Zone, a.Zone}
	}
	return Key{KindZonePause, a.Zone, a.Zone}
}

func (a Answers) wantRemedies(w map[Key]State) {
	if !a.public() {
		return
	}
	for _, r := range a.Remedies {
		switch k := a.RemedyKey(r); r {
		case RemedySkip, RemedySuper:
			if len(a.Doors) > 0 {
				w[k] = SkipRule{EdgeRule{Zone: Ref(a.zoneKey()), Host: a.Hostname, Paths: a.DoorPaths(), Enabled: true}, a.skips()}
			}
		case RemedyBots:
			w[k] = BotFight{}
		case RemedyLevel:
			w[k] = SecurityLevel{Level: levelUsual}
		case RemedyActive:
			w[k] = ZonePause{}
		}
	}
}

// PlanRemedy plans what a remedy would change of a setup, and nothing else. The
// barriers are what stands in its way.
func PlanRemedy(a Answers, r Remedy, w World, l Ledger) (Plan, error) {
	a = a.With(r)
	want, ledger := map[Key]Want{}, Ledger{Install: l.Install, Records: map[Key]Record{}}
	wants := a.wants()
	for _, k := range []Key{a.zoneKey(), a.RemedyKey(r)} {
		if s, ok := wants[k]; ok {
			want[k] = Want{State: s, By: []SetupID{a.Setup}}
		}
		if rec, ok := l.Records[k]; ok {
			ledger.Records[k] = rec
		}
	}
	return MakePlan(a.Setup, want, w, ledger)
}

// Needs is the permission that a remedy takes, which a token has only if it was
// asked for because of it.
func (r Remedy) Needs() Permission {
	p := Permission{Edit: true, Zone: true}
	switch r {
	case RemedyRule:
		p.Name, p.Key, p.Blocks = "Config Rules", PermitsRules, "making the rule that lets webhooks through"
	case RemedySkip:
		p.Name, p.Key, p.Blocks = "Zone WAF", "zone_waf", "seeing the domain's custom rules, and keeping webhooks from them"
	case RemedySuper:
		p.Name, p.Key, p.Blocks = "Zone WAF", "zone_waf", "keeping webhooks from Super Bot Fight Mode"
	case RemedyBots:
		p.Name, p.Key, p.Blocks = "Bot Management", "bot_management", "seeing Bot Fight Mode, and switching it off"
	case RemedyLevel:
		p.Name, p.Key, p.Blocks = "Zone Settings", "zone_settings", "seeing the security level, and ending attack mode"
	case RemedyActive:
		p.Name, p.Key, p.Blocks = "Zone", "zone", "ending the pause"
	}
	return p
}

// Does says in a few words what a remedy does, as in "Decided to …".
func (r Remedy) Does(a Answers) string {
	switch r {
	case RemedyRule:
		return "make the rule that lets webhooks through"
	case RemedySkip:
		return "keep webhooks from the custom rules of " + a.Zone
	case RemedySuper:
		return "keep webhooks from Super Bot Fight Mode of " + a.Zone
	case RemedyBots:
		return "switch Bot Fight Mode off for " + a.Zone
	case RemedyLevel:
		return "end attack mode for " + a.Zone
	}
	return "end the pause of Cloudflare for " + a.Zone
}

// Asks says what a change does to a whole domain beside the setup's own address;
// empty: nothing. Others are further addresses of the domain, as far as they are
// known.
func (c Change) Asks(others []string) string {
	if c.Reach != ReachDomain {
		return ""
	}
	zone := c.Key.Scope
	also := "for every other address in it"
	if len(others) > 0 {
		also = "for every other address in it, such as " + strings.Join(others, ", ")
	}
	switch to := c.To.(type) {
	case BotFight:
		if to.On {
			return ""
		}
		return fmt.Sprintf("Bot Fight Mode goes off for all of %s, so also %s: programs that Cloudflare asks there now whether they are machines are let through from then on.", zone, also)
	case SecurityLevel:
		return fmt.Sprintf("The security level becomes %s for all of %s, so also %s: visitors are no longer all asked to prove that they are no machines. End attack mode only when the attack is over.", to.Level, zone, also)
	}
	return fmt.Sprintf("Cloudflare is switched on for all of %s, so also %s: what its records, rules and certificates there say counts again.", zone, also)
}

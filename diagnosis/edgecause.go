package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file finds out which setting of a domain stops callers, and what Culvert
// can do about it once it is asked to.

// edgeState is what was seen of a setting of the setup's domain.
func edgeState[S setup.State](x *examination) (S, bool) {
	for _, o := range x.World.Objects {
		if s, ok := o.State.(S); ok && o.Scope == x.Answers.Zone {
			return s, true
		}
	}
	var none S
	return none, false
}

// culprit is a setting that stops callers in the way that was seen.
type culprit struct {
	what   string // Bot Fight Mode is on for the whole domain
	remedy setup.Remedy
	advice string // instead, where there is no remedy
}

// explain names in a report which setting it is, as far as that can be seen.
func (x *examination) explain(r *report, b block) {
	found := x.culprits(b, doorsOf(r.evidence))
	if len(found) == 0 {
		r.cause, r.needs = x.unseen(r.cause, b)
		return
	}
	who := found[0]
	r.title = fmt.Sprintf("%s %s: %s.", map[string]string{challenge: "Cloudflare challenges callers without a browser",
		integrity: "Cloudflare turns callers without a User-Agent away", firewall: "Cloudflare blocks callers"}[b.id], x.where(r.evidence), who.what)
	r.cause, r.remedy, r.advice = notByCulvert, who.remedy, cmp.Or(who.advice, r.advice)
	if also := found[1:]; len(also) > 0 {
		var whats []string
		for _, o := range also {
			whats = append(whats, o.what)
		}
		r.cause += " It may not be the only one: " + sentenceList(whats) + "."
	}
	x.takeRemedy(r)
}

// where says to what callers are stopped on their way.
func (x *examination) where(evidence []setup.Evidence) string {
	switch n := len(doorsOf(evidence)); {
	case n == 0:
		return "on every other address of " + x.Answers.Hostname
	case n == len(x.Answers.Doors):
		return "on every webhook"
	}
	return "on the webhooks of " + x.names(evidence)
}

// culprits are the settings that can be it, the likeliest first: in the order in
// which Cloudflare goes through them.
func (x *examination) culprits(b block, doors []string) []culprit {
	var found []culprit
	if bots, _ := edgeState[setup.BotFight](x); b.id == challenge && bots.On {
		found = append(found, culprit{what: "Bot Fight Mode is on for the whole domain", remedy: setup.RemedyBots})
	} else if b.id != integrity && bots.Super && (len(doors) == 0 || !x.pastBots()) {
		found = append(found, superBots(len(doors) > 0))
	}
	if b.id == challenge || b.id == firewall {
		found = append(found, x.stoppingRules(b, len(doors) > 0)...)
	}
	if level, _ := edgeState[setup.SecurityLevel](x); b.id == challenge && level.Level == setup.UnderAttack {
		found = append(found, culprit{what: "attack mode (“I'm Under Attack”) is on for the whole domain", remedy: x.lifts(doors, setup.RemedyLevel)})
	}
	if b.id == integrity && x.Answers.EdgeByHand {
		found = append(found, culprit{what: "Browser Integrity Check is on, and no rule keeps it from the webhooks", remedy: setup.RemedyRule})
	}
	return found
}

// superBots: a rule keeps the webhooks from it. For what is no webhook there is no
// remedy: that machines are stopped there may be meant so.
func superBots(webhooks bool) culprit {
	c := culprit{what: "Super Bot Fight Mode stops machines in the whole domain", remedy: setup.RemedySuper}
	if !webhooks {
		c.remedy, c.advice = "", "In the dashboard, open Security → Bots and let machines through, or make a custom rule for this server's checks that skips Super Bot Fight Mode."
	}
	return c
}

// pastBots says whether our rule keeps the webhooks from Super Bot Fight Mode
// already, so that something else stops them.
func (x *examination) pastBots() bool {
	key := x.Answers.RemedyKey(setup.RemedySuper)
	for _, o := range x.World.Objects {
		rule, ok := o.State.(setup.SkipRule)
		if ok && o.Scope == key.Scope && o.ID == x.Ledger.Records[key].ID && rule.Lifts(setup.SkipsBots) {
			return true
		}
	}
	return false
}

// lifts is the remedy for what a configuration rule lifts: that rule, if the
// webhooks lack it, so that nothing of the rest of the domain is changed.
func (x *examination) lifts(doors []string, otherwise setup.Remedy) setup.Remedy {
	if len(doors) > 0 && x.Answers.EdgeByHand {
		return setup.RemedyRule
	}
	return otherwise
}

// stoppingRules are the custom rules of others that may be about what was asked.
// For what is no webhook there is no remedy: the rule may be meant so.
func (x *examination) stoppingRules(b block, webhooks bool) []culprit {
	var names []string
	paths := x.Answers.DoorPaths()
	if !webhooks {
		paths = x.lockedPaths()
	}
	for _, o := range x.World.Objects {
		rule, ok := o.State.(setup.SkipRule)
		if !ok || o.Scope != x.Answers.Zone || !rule.Stops() || (rule.Action == "block") != (b.id == firewall) {
			continue
		}
		expression := rule.Expression
		if expression == "" {
			expression = setup.EdgeExpression(rule.Host, rule.Paths)
		}
		if setup.Concerns(expression, x.Answers.Hostname, paths) {
			names = append(names, "“"+rule.Title+"”")
		}
	}
	if len(names) == 0 {
		return nil
	}
	c := culprit{what: "a custom rule of the domain does, " + names[0], remedy: setup.RemedySkip}
	if len(names) > 1 {
		c.what = "one of its custom rules does, " + strings.Join(names, " or ")
	}
	if !webhooks {
		c.remedy, c.advice = "", "In the dashboard, open Security → WAF → Custom rules and let this server's checks through, or narrow the rule."
	}
	return []culprit{c}
}

func (x *examination) lockedPaths() []string {
	var paths []string
	for _, c := range x.Answers.Checks {
		if c.Locked {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// unseen says what could not be looked at, and which permissions it takes.
func (x *examination) unseen(cause string, b block) (string, []setup.Permission) {
	asked := map[string][]setup.Remedy{challenge: {setup.RemedyBots, setup.RemedyLevel, setup.RemedySkip}, firewall: {setup.RemedySkip}}[b.id]
	var why []string
	var needs []setup.Permission
	for _, r := range asked {
		at := setup.ReadScope{Kind: x.Answers.RemedyKey(r).Kind, Scope: x.Answers.Zone}
		p, bad := x.World.Unread[at]
		if bad && p.Code == setup.CodeDenied {
			needs = append(needs, r.Needs())
			why = append(why, r.Needs().Name)
		} else if bad && !slices.Contains(why, p.Message) {
			cause += " " + p.Message
		}
	}
	if len(why) > 0 {
		cause += " Which one is not known: the token lacks " + sentenceList(why) + "."
	}
	return cause, needs
}

// takeRemedy gives a report the changes of its remedy that wait already, because
// it was asked for before.
func (x *examination) takeRemedy(r *report) {
	if r.remedy == "" {
		return
	}
	key := x.Answers.RemedyKey(r.remedy)
	r.changes = append(r.changes, x.takeChanges(ofKey(key))...)
	waiting, left := split(x.waiting, ofKey(key))
	x.waiting = left
	r.changes = append(r.changes, waiting...)
}

// remedies: what was put right at the edge was changed back, and no check has
// failed because of it so far.
func (x *examination) remedies() {
	for _, remedy := range x.Answers.Remedies {
		changes := x.takeChanges(ofKey(x.Answers.RemedyKey(remedy)))
		if len(changes) == 0 {
			continue
		}
		x.tell(report{
			class: setup.ClassEdgeBlocks, name: slug(string(remedy)), severity: setup.SeverityRisk, changes: changes, remedy: remedy,
			title:  "It was changed back: " + setup.Title(changes[0]) + ".",
			effect: different(changes[0].From, changes[0].To), ifNot: "Callers may be stopped again.",
		})
	}
}

// remedyFix says what a remedy would do.
func (x *examination) remedyFix(r setup.Remedy) *setup.Fix {
	plan, err := setup.PlanRemedy(x.Answers, r, x.World, x.Ledger)
	if err != nil {
		return nil
	}
	key := x.Answers.RemedyKey(r)
	part, bar := plan.Part([]setup.Key{key})
	part = slices.DeleteFunc(part, func(c setup.Change) bool { return !c.Verb.Writes() })
	if len(part) == 0 && bar == nil {
		return nil
	}
	f := x.fixOf(part, bar)
	f.Remedies = []setup.Remedy{r}
	return f
}

// neighbours are other addresses of the domain, as far as they are known.
func (x *examination) neighbours() []string {
	var names []string
	for _, o := range x.World.Objects {
		d, ok := o.State.(setup.DNSRecord)
		if ok && o.Scope == x.Answers.Zone && d.Name != x.Answers.Hostname && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxNeighbours)]
}

const maxNeighbours = 5

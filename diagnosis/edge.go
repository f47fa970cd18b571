package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for what stands before door and lock: Cloudflare's
// edge, which stops callers by itself.

// edgeRule: the rule that lets callers through which are no browsers.
func (x *examination) edgeRule() {
	key := x.Answers.EdgeRuleKey()
	changes := x.takeChanges(ofKey(key))
	if len(changes) == 0 {
		return
	}
	r := report{
		class: setup.ClassEdgeRule, changes: changes,
		title:  "The rule that lets callers through which are no browsers was deleted.",
		effect: "Cloudflare turns callers away that send no User-Agent (Browser Integrity Check).",
		ifNot:  "Those who send none stay silent; nothing else breaks.",
		evidence: x.takeFailing(func(v setup.Evidence) bool {
			return doorBy(setup.ByEdge)(v) && x.ruleLifts(blockOf(v))
		}),
	}
	if changes[0].Verb != setup.Create {
		r.title = "The rule that lets callers through which are no browsers was changed."
		r.effect = different(changes[0].From, changes[0].To)
	}
	if names := x.names(r.evidence); names != "" {
		r.effect = fmt.Sprintf("Cloudflare turns callers of %s away: messages do not arrive. %s", names, r.effect)
	}
	r.severity = brokenIf(r.evidence)
	x.tell(r)
}

// ruleLifts says whether a block is one that the rule is there to lift.
func (x *examination) ruleLifts(b block) bool {
	level, _ := edgeState[setup.SecurityLevel](x)
	bots, known := edgeState[setup.BotFight](x)
	return b.id == integrity || b.id == challenge && level.Level == setup.UnderAttack && known && !bots.On
}

// edgeBlocks: Cloudflare stops callers by itself, before door and lock.
func (x *examination) edgeBlocks() {
	for len(x.failing) > 0 {
		first := indexOf(x.failing, outsideBy(setup.ByEdge))
		if first < 0 {
			return
		}
		kind := x.blockOf(x.failing[first])
		evidence := x.takeFailing(func(v setup.Evidence) bool {
			return outsideBy(setup.ByEdge)(v) && x.blockOf(v) == kind
		})
		r := report{class: setup.ClassEdgeBlocks, name: kind.id, severity: setup.SeverityBroken, title: kind.title,
			cause: "A security setting of the domain, or one of its rules.",
			ifNot: "It stays so.", advice: kind.advice, evidence: evidence}
		if names := x.names(evidence); names != "" {
			r.effect = fmt.Sprintf("Cloudflare turns callers of %s away: messages do not arrive.", names)
		} else {
			r.effect = "Cloudflare turns the checks away, so whether everything is locked cannot be told."
			r.severity = setup.SeverityUnknown
		}
		x.explain(&r, kind)
		x.tell(r)
	}
}

// block is one way in which Cloudflare stops callers.
type block struct{ id, title, advice string }

// blockOf tells by what an answer shows which setting it was, and by what is
// known of the domain where it shows nothing.
func (x *examination) blockOf(v setup.Evidence) block {
	b := blockOf(v)
	if level, known := edgeState[setup.SecurityLevel](x); b.id == integrity && edgeCode(v) == "" && known && !level.BrowserCheck {
		return blocked()
	}
	return b
}

// blockOf tells by what an answer shows which setting it was. Sources:
// Cloudflare docs, challenges (cf-mitigated) and error 1010 (Browser Integrity
// Check).
func blockOf(v setup.Evidence) block {
	for _, l := range v.Excerpt {
		if l == "Cf-Mitigated: challenge" {
			return block{challenge, "Cloudflare asks callers to prove that they are no machines (a challenge).",
				"In the dashboard, open Security → Bots and switch Bot Fight Mode off, or look for a rule that challenges; webhooks are machines."}
		}
	}
	switch code := edgeCode(v); {
	case v.Status >= 520 && v.Status <= 529:
		return block{"origin", "Cloudflare sends callers to a server that does not answer, not into the tunnel.",
			"In the dashboard, look at DNS → Records and at rules that override the origin."}
	case code == "1010", code == "" && v.Check.NoUserAgent:
		return block{integrity, "Cloudflare turns callers without a User-Agent away (Browser Integrity Check).",
			"In the dashboard, open Rules → Configuration Rules and make one for the webhook paths that switches Browser Integrity Check off."}
	}
	return blocked()
}

func blocked() block {
	return block{firewall, "Cloudflare blocks callers.",
		"In the dashboard, open Security → Events: it names the rule that blocked them."}
}

const (
	challenge = "challenge"
	integrity = "integrity"
	firewall  = "waf"
)

// edgeCode is the number of Cloudflare's error in an answer; empty if it shows
// none, as the answer to a HEAD does not.
func edgeCode(v setup.Evidence) string {
	i := slices.IndexFunc(v.Excerpt, func(l string) bool { return strings.HasPrefix(strings.ToLower(l), "error code: ") })
	if i < 0 {
		return ""
	}
	return v.Excerpt[i][len("error code: "):]
}

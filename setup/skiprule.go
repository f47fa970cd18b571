package setup

import (
	"slices"
	"strings"
)

// SkipRule is a custom rule of a zone that keeps the webhook paths of one host
// from the custom rules behind it, or from Super Bot Fight Mode, which comes later
// and, unlike Bot Fight Mode, is made of rules that can be skipped. What stands
// before custom rules it does not lift, and nothing else either: managed rules and
// rate limits go on. (Cloudflare docs: WAF custom rules, Available skip options;
// Security features interoperability; Bots, Bot Fight Mode.)
//
// Its fields are those of an EdgeRule, of another phase. Overruled names the
// rules before it that stop callers of these paths, or keep it from being tried.
type SkipRule struct {
	EdgeRule
	// Skips is what these paths are kept from, sorted; none: the custom rules.
	Skips []string `json:"skips,omitempty"`
}

// What a rule keeps paths from.
const (
	SkipsRules = "custom_rules"
	SkipsBots  = "super_bot_fight_mode"
)

// skips is what the remedies together keep the webhooks from.
func (a Answers) skips() []string {
	var all []string
	if slices.Contains(a.Remedies, RemedySkip) {
		all = append(all, SkipsRules)
	}
	if slices.Contains(a.Remedies, RemedySuper) {
		return append(all, SkipsBots)
	}
	return nil
}

// Lifts says whether it keeps its paths from something, as far as Cloudflare
// gets to it.
func (r SkipRule) Lifts(what string) bool {
	past := slices.Contains(r.Skips, what) || what == SkipsRules && len(r.Skips) == 0
	return past && r.Enabled && r.Other == "" && len(r.Overruled) == 0
}

// does says in a few words what the rule does.
func (r SkipRule) does() string {
	switch {
	case len(r.Skips) > 1:
		return "skips the custom rules behind it, and Super Bot Fight Mode, for these paths"
	case slices.Contains(r.Skips, SkipsBots):
		return "skips Super Bot Fight Mode for these paths"
	}
	return "skips the custom rules behind it for these paths"
}

// Kind is that of a custom rule.
func (SkipRule) Kind() Kind { return KindSkipRule }
func (r SkipRule) mapIDs(f func(ID) ID) State {
	r.EdgeRule = r.EdgeRule.mapIDs(f).(EdgeRule)
	return r
}
func (r SkipRule) met(have State) bool { return Same(r, have) }
func (r SkipRule) over(State) State    { return r }

// Stops says whether a custom rule turns callers away, or asks them to prove that
// they are no machines.
func (r SkipRule) Stops() bool {
	return r.Enabled && slices.Contains([]string{"block", "challenge", "js_challenge", "managed_challenge"}, r.Action)
}

func skipName(r SkipRule) string {
	if r.Host == "" {
		return "Rule “" + r.Title + "” (custom rule)"
	}
	return SkipTitle(r) + " (custom rule)"
}

// SkipTitle is what our rule is called.
func SkipTitle(r SkipRule) string {
	switch {
	case len(r.Skips) > 1:
		return "Custom rules and Super Bot Fight Mode skip the webhooks on " + r.Host
	case slices.Contains(r.Skips, SkipsBots):
		return "Super Bot Fight Mode skips the webhooks on " + r.Host
	}
	return "Custom rules skip the webhooks on " + r.Host
}

// Concerns says whether a rule may be about some paths of a host. It is certain
// only where it says no: the rule then names other hosts, or other paths, and
// none of these. What a rule asks beyond that we do not judge.
func Concerns(expression, host string, paths []string) bool {
	if strings.Contains(expression, " ne ") || strings.Contains(expression, "!") || strings.Contains(expression, "not ") {
		return true // whom it leaves out says nothing of whom it is about
	}
	var hosts, named []string
	for i, text := range strings.Split(expression, `"`) {
		switch {
		case i%2 == 0:
		case strings.HasPrefix(text, "/"):
			named = append(named, text)
		case strings.Contains(text, ".") && strings.Contains(expression, "http.host"):
			hosts = append(hosts, text)
		}
	}
	ours := func(h string) bool { return strings.Contains(host, strings.TrimPrefix(strings.ToLower(h), "*")) }
	if len(hosts) > 0 && !slices.ContainsFunc(hosts, ours) {
		return false
	}
	return len(named) == 0 || slices.ContainsFunc(named, func(n string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return meet(n, p) })
	})
}

// meet says whether two paths, of which each may stand for what is below it, can
// be about the same.
func meet(a, b string) bool {
	a, _, _ = strings.Cut(a, "*")
	b, _, _ = strings.Cut(b, "*")
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

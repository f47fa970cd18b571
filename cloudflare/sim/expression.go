package sim

import (
	"slices"
	"strings"
)

// The expressions of rules, in Cloudflare's Rules language: of it the part in
// which rules speak of hosts, paths and user agents. Documentation: "Ruleset
// Engine, Rules language: Operators and grouping symbols, Values, Functions".
//
//	expression = disjunct  { ("or"  | "||") disjunct }
//	disjunct   = exclusive { ("xor" | "^^") exclusive }
//	exclusive  = conjunct  { ("and" | "&&") conjunct }
//	conjunct   = ("not" | "!") conjunct | "(" expression ")" | "true" | "false" | test
//	test       = ("starts_with" | "ends_with") "(" value "," text ")"
//	           | value ("eq" | "==" | "ne" | "!=" | "contains" | ["strict"] "wildcard") text
//	           | value "in" "{" { text } "}"
//
// Expressions about devices have two more:
//
//	conjunct   = "any" "(" test ")"
//	test       = value ("matches" | "~") text
//	value      = field | ("lower" | "upper") "(" value ")"
//
// Everything else is refused: what the Free plan does not have (matches) as the
// API does, and what only the simulator does not have with words that say so.

// subject is the request, or the device, that an expression is asked about.
type subject struct {
	host  string // http.host
	path  string // http.request.uri.path, normalised as the edge does by default
	agent string // http.user_agent

	// Of a device, for the profile that it gets.
	email   string   // identity.email
	system  string   // os.name
	version string   // os.version
	groups  []string // by whichever of id, name and e-mail address they are asked
	group   string   // the one that is asked about
}

// expression tells whether it matches a request.
type expression func(subject) bool

// value is what a test looks at.
type value func(subject) string

func fields() map[string]value {
	return map[string]value{
		"http.host":             func(s subject) string { return s.host },
		"http.request.uri.path": func(s subject) string { return s.path },
		"http.user_agent":       func(s subject) string { return s.agent },
	}
}

func deviceFields() map[string]value {
	return map[string]value{
		"identity.email":           func(s subject) string { return s.email },
		"identity.groups.id[*]":    func(s subject) string { return s.group },
		"identity.groups.name[*]":  func(s subject) string { return s.group },
		"identity.groups.email[*]": func(s subject) string { return s.group },
		"os.name":                  func(s subject) string { return s.system },
		"os.version":               func(s subject) string { return s.version },
		"network":                  func(subject) string { return "" }, // no managed network is simulated
	}
}

// comparisons are the operators between a value and a text.
func comparisons() map[string]func(have, want string) bool {
	equal := func(have, want string) bool { return have == want }
	differs := func(have, want string) bool { return have != want }
	return map[string]func(have, want string) bool{
		"eq": equal, "==": equal, "ne": differs, "!=": differs, "contains": strings.Contains,
		"strict wildcard": func(have, want string) bool { return glob(want, have) },
		"wildcard":        func(have, want string) bool { return glob(strings.ToLower(want), strings.ToLower(have)) },
	}
}

func (v value) compare(is func(have, want string) bool, want string) expression {
	return func(s subject) bool { return is(v(s), want) }
}

func always(verdict bool) expression { return func(subject) bool { return verdict } }

func (e expression) not() expression { return func(s subject) bool { return !e(s) } }

func (e expression) and(f expression) expression { return func(s subject) bool { return e(s) && f(s) } }

func (e expression) xor(f expression) expression { return func(s subject) bool { return e(s) != f(s) } }

func (e expression) anyGroup() expression {
	return func(s subject) bool {
		return slices.ContainsFunc(s.groups, func(group string) bool {
			s.group = group
			return e(s)
		})
	}
}

func (e expression) or(f expression) expression { return func(s subject) bool { return e(s) || f(s) } }

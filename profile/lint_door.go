package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func lintDoors(p Profile) []error {
	var bad []error
	for _, d := range p.Doors {
		for _, err := range lintDoor(d) {
			bad = append(bad, fmt.Errorf("door %s: %w", d.ID, err))
		}
	}
	return bad
}

func lintDoor(d Door) []error {
	var bad []error
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	if d.Name == "" || d.Why == "" || d.Verified == "" {
		add("name, why and verified are needed")
	}
	if n := len(d.Destinations); n == 0 || n > MaxDestinations {
		add("%d destinations; 1 to %d are possible", n, MaxDestinations)
	}
	for _, pattern := range d.Destinations {
		if err := checkPattern(pattern); err != nil {
			add("destination %w", err)
		}
	}
	rules, err := compileAnchored(d.Ingress)
	if err != nil {
		return append(bad, err)
	}
	if len(d.Paths) == 0 || len(d.Probes) == 0 || len(d.Siblings) == 0 {
		add("paths, probes and siblings are needed")
	}
	bad = append(bad, lintReach(d, rules)...)
	return append(bad, lintProbes(d, rules)...)
}

// compileAnchored reads the ingress paths. The tunnel matches them anywhere in
// a path, so one that is not anchored at both ends would let more through.
func compileAnchored(paths []string) ([]*regexp.Regexp, error) {
	rules := make([]*regexp.Regexp, len(paths))
	for i, text := range paths {
		rule, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("ingress path %q: %w", text, err)
		}
		if !strings.HasPrefix(text, "^/") || !strings.HasSuffix(text, "$") || strings.HasSuffix(text, `\$`) ||
			strings.Contains(text, "(?") {
			return nil, fmt.Errorf("ingress path %q is not anchored at both ends", text)
		}
		if loose(text) {
			return nil, fmt.Errorf("ingress path %q: put its alternatives in brackets", text)
		}
		rules[i] = rule
	}
	return rules, nil
}

// loose says whether a | stands outside all brackets.
func loose(expr string) bool {
	depth := 0
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '|':
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

// lintReach holds the served paths, the destinations and the ingress paths
// against each other: each path is let through by both, and none is idle.
func lintReach(d Door, rules []*regexp.Regexp) []error {
	var bad []error
	for _, path := range d.Paths {
		if len(path.Methods) == 0 {
			bad = append(bad, fmt.Errorf("path %s has no method", path.Path))
		}
		if !anyCovers(d.Destinations, path.Sample) {
			bad = append(bad, fmt.Errorf("no destination covers %s", path.Sample))
		}
		if !anyMatches(rules, path.Sample) {
			bad = append(bad, fmt.Errorf("no ingress path matches %s", path.Sample))
		}
	}
	for _, pattern := range d.Destinations {
		if !slices.ContainsFunc(d.Paths, func(p Path) bool { return covers(pattern, p.Sample) }) {
			bad = append(bad, fmt.Errorf("destination %s opens no path that the app serves", pattern))
		}
		stem, _, _ := strings.Cut(pattern, "*")
		if !slices.ContainsFunc(rules, func(r *regexp.Regexp) bool { return fits(r, stem) }) {
			bad = append(bad, fmt.Errorf("no ingress path lies within destination %s", pattern))
		}
	}
	for i, rule := range rules {
		if !slices.ContainsFunc(d.Paths, func(p Path) bool { return rule.MatchString(p.Sample) }) {
			bad = append(bad, fmt.Errorf("ingress path %s matches no path that the app serves", d.Ingress[i]))
		}
		if !slices.ContainsFunc(d.Destinations, func(pattern string) bool {
			stem, _, _ := strings.Cut(pattern, "*")
			return fits(rule, stem)
		}) {
			bad = append(bad, fmt.Errorf("ingress path %s is wider than every destination", d.Ingress[i]))
		}
	}
	return bad
}

// fits says whether the fixed beginnings of an ingress path and a destination
// agree, as far as both are written out.
func fits(rule *regexp.Regexp, stem string) bool {
	literal := literalPrefix(rule)
	return strings.HasPrefix(literal, stem) || strings.HasPrefix(stem, literal)
}

// literalPrefix is regexp's LiteralPrefix of what stands behind the ^.
func literalPrefix(rule *regexp.Regexp) string {
	literal, _ := regexp.MustCompile(strings.TrimPrefix(rule.String(), "^")).LiteralPrefix()
	return literal
}

func anyMatches(rules []*regexp.Regexp, path string) bool {
	return slices.ContainsFunc(rules, func(r *regexp.Regexp) bool { return r.MatchString(path) })
}

// lintProbes: each destination is proven by a probe, each probe goes through
// its own door, and what is expected can tell the app from something else.
func lintProbes(d Door, rules []*regexp.Regexp) []error {
	var bad []error
	for _, probe := range d.Probes {
		if probe.Method == "" || !strings.HasPrefix(probe.Path, "/") {
			bad = append(bad, fmt.Errorf("probe %q needs a method and a path", probe.Path))
		}
		if !anyCovers(d.Destinations, probe.Path) || !anyMatches(rules, probe.Path) {
			bad = append(bad, fmt.Errorf("probe %s does not go through its own door", probe.Path))
		}
		expects := probe.Status != 0 || probe.Allow != "" || probe.Body != ""
		if probe.Metadata && (probe.Method != "HEAD" || expects) {
			bad = append(bad, fmt.Errorf("probe %s asks Access only: HEAD, and nothing expected of the app", probe.Path))
		}
		if probe.Status == 405 && probe.Allow == "" {
			bad = append(bad, fmt.Errorf("probe %s: with 405 say which method is allowed", probe.Path))
		}
	}
	for _, pattern := range d.Destinations {
		if !slices.ContainsFunc(d.Probes, func(p Probe) bool { return covers(pattern, p.Path) }) {
			bad = append(bad, fmt.Errorf("no probe goes through destination %s", pattern))
		}
	}
	return bad
}

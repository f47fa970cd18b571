package profile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxDestinations is how many paths Cloudflare takes in one Access application.
const MaxDestinations = 5

// Lint finds what is wrong with a profile. A profile without faults opens what
// it says it opens and nothing else, as far as patterns can tell.
func Lint(p Profile) []error {
	var faults []error
	for _, rule := range []func(Profile) []error{
		lintHead, lintIDs, lintDoors, lintOverlap, lintLocked, lintNever, lintGuide,
	} {
		faults = append(faults, rule(p)...)
	}
	return faults
}

var idText = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func lintHead(p Profile) []error {
	var bad []error
	if !idText.MatchString(p.ID) {
		bad = append(bad, fmt.Errorf("id %q: small letters, digits and dashes only", p.ID))
	}
	if p.Name == "" || p.Service == "" || len(p.Env.Files) == 0 {
		bad = append(bad, errors.New("name, service and env.files are needed"))
	}
	if p.Port.Default < 1 || p.Port.Default > 65535 {
		bad = append(bad, fmt.Errorf("port %d is none", p.Port.Default))
	}
	for _, l := range p.Env.Lists {
		if l.Name == "" || !strings.Contains(l.Item, "{host}") {
			bad = append(bad, fmt.Errorf("list %q: its item must contain {host}", l.Name))
		}
	}
	for _, r := range p.Env.Report {
		if r.Value != "" && len(r.Effect) == 0 {
			bad = append(bad, fmt.Errorf("setting %q: it can be changed, so say what that changes", r.Name))
		}
	}
	if l := p.Login; l.Path != "" && (!strings.HasPrefix(l.Path, "/") || l.Token == "" || len(l.Fields) == 0) {
		bad = append(bad, errors.New("login: a path with / at its beginning, the token's field and the other fields are needed"))
	}
	if s := p.Site; s != nil && (len(s.Read) == 0 || !slices.Contains(s.Write, "{domain}") || len(s.Effect) == 0) {
		bad = append(bad, errors.New("site: read, write with an argument {domain}, and effect are needed"))
	}
	if r := p.Site.registering(); r != nil && (len(r.Teams) == 0 || !slices.Contains(r.Run, "{team}") || len(r.Effect) == 0) {
		bad = append(bad, errors.New("site.register: teams, run with an argument {team}, and effect are needed"))
	}
	return bad
}

func lintIDs(p Profile) []error {
	var bad []error
	seen := map[string]bool{}
	once := func(sort, id string) {
		if !idText.MatchString(id) {
			bad = append(bad, fmt.Errorf("%s %q: small letters, digits and dashes only", sort, id))
		}
		if seen[sort+id] {
			bad = append(bad, fmt.Errorf("%s %q is there twice", sort, id))
		}
		seen[sort+id] = true
	}
	for _, d := range p.Doors {
		once("door", d.ID)
	}
	for _, c := range p.Controls {
		once("control", c.ID)
	}
	return bad
}

// lintOverlap: what one door opens, no other does, so that a door can be closed.
func lintOverlap(p Profile) []error {
	var bad []error
	for _, d := range p.Doors {
		paths := samples(d)
		for _, other := range p.Doors {
			for _, pattern := range other.Destinations {
				for _, path := range paths {
					if other.ID != d.ID && mayCover(pattern, path) {
						bad = append(bad, fmt.Errorf("door %s: %s is also opened by door %s (%s)", d.ID, path, other.ID, pattern))
					}
				}
			}
		}
	}
	return bad
}

func samples(d Door) []string {
	var paths []string
	for _, path := range d.Paths {
		paths = append(paths, path.Sample)
	}
	for _, probe := range d.Probes {
		if !slices.Contains(paths, probe.Path) {
			paths = append(paths, probe.Path)
		}
	}
	return paths
}

// lintLocked: no control and no sibling is opened by any door, on any reading
// of what Access matches.
func lintLocked(p Profile) []error {
	var bad []error
	check := func(what, path string) {
		if !strings.HasPrefix(path, "/") {
			bad = append(bad, fmt.Errorf("%s: %q is no path", what, path))
		}
		for _, d := range p.Doors {
			for _, pattern := range d.Destinations {
				if mayCover(pattern, path) {
					bad = append(bad, fmt.Errorf("%s: %s is opened by door %s (%s)", what, path, d.ID, pattern))
				}
			}
		}
	}
	if len(p.Controls) == 0 {
		bad = append(bad, errors.New("without a control, doors that answer only show that nothing is locked"))
	}
	for _, c := range p.Controls {
		check("control "+c.ID, c.Path)
	}
	for _, d := range p.Doors {
		for _, path := range d.Siblings {
			check("sibling of door "+d.ID, path)
		}
	}
	return bad
}

// lintNever: no destination is a forbidden pattern, wider than one, or opens
// the page that shows why it is forbidden.
func lintNever(p Profile) []error {
	var bad []error
	for _, n := range p.Never {
		if !mayCover(n.Pattern, n.Witness) || n.Why == "" {
			bad = append(bad, fmt.Errorf("never %s: its witness must lie within, and it needs a reason", n.Pattern))
		}
		for _, d := range p.Doors {
			for _, pattern := range d.Destinations {
				if mayCover(pattern, n.Witness) || covers(pattern, strings.ReplaceAll(n.Pattern, "*", "x/y")) {
					bad = append(bad, fmt.Errorf("door %s: %s opens %s: %s", d.ID, pattern, n.Witness, n.Why))
				}
			}
		}
	}
	return bad
}

// lintGuide: what the guide's table is said to be worth is what it is worth.
func lintGuide(p Profile) []error {
	var bad []error
	for _, row := range p.Guide {
		d, known := p.Door(row.Door)
		if !known {
			bad = append(bad, fmt.Errorf("guide %s: no door %q", row.Path, row.Door))
			continue
		}
		if row.Why == "" || row.Source == "" {
			bad = append(bad, fmt.Errorf("guide %s: why and source are needed", row.Path))
		}
		if got := Judge(row.Path, d); got != row.Verdict && !(row.Verdict == VerdictUnneeded && got == VerdictRight) {
			bad = append(bad, fmt.Errorf("guide %s is %s for door %s, not %s", row.Path, got, d.ID, row.Verdict))
		}
	}
	return bad
}

// Judge says what a pattern is worth for a platform: whether it lets through
// all, some or none of the paths that the app serves to it.
func Judge(pattern string, d Door) Verdict {
	reached := 0
	for _, path := range d.Paths {
		if covers(pattern, path.Sample) {
			reached++
		}
	}
	switch reached {
	case 0:
		return VerdictWrong
	case len(d.Paths):
		return VerdictRight
	}
	return VerdictPartial
}

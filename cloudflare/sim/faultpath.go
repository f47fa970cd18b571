package sim

import (
	"slices"
	"strings"
)

// pathPattern is which paths a fault strikes; see Fault.Path.
type pathPattern struct {
	steps []string
	below bool // whatever follows the steps
}

func parsePath(text string) pathPattern {
	if text == "" {
		return pathPattern{below: true}
	}
	steps := strings.Split(strings.Trim(text, "/"), "/")
	if last := len(steps) - 1; steps[last] == "**" {
		return pathPattern{steps[:last], true}
	}
	return pathPattern{steps: steps}
}

func (p pathPattern) matches(path string) bool {
	return p.fits(path, func(step, own string) bool { return own == step })
}

// fits compares step by step; same says whether a step of the pattern that is
// no wildcard stands for one of the path.
func (p pathPattern) fits(path string, same func(step, own string) bool) bool {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	if len(steps) < len(p.steps) || len(steps) > len(p.steps) && !p.below {
		return false
	}
	for i, own := range p.steps {
		if own != "*" && !strings.HasPrefix(own, "{") && !same(steps[i], own) {
			return false
		}
	}
	return true
}

// methods are those of the operations that the pattern can strike.
func (p pathPattern) methods() []string {
	var all []string
	for _, r := range allRoutes() {
		if p.fits(r.path, func(step, own string) bool {
			return own == step || strings.HasPrefix(step, "{") && fits(strings.Trim(step, "{}"), own)
		}) {
			all = append(all, r.method)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

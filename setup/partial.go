package setup

import (
	"slices"
	"strings"
)

// Part gives the changes that it takes to put some keys right and nothing more:
// those of the keys, and what they need first. Nothing that lets callers in is
// made while its lock is not as it should be: the lock then belongs to the part.
// The barrier is what stands in the way of one of them; nil: nothing does.
func (p Plan) Part(keys []Key) ([]Change, *Barrier) {
	wanted := map[Key]bool{}
	rest := slices.Clone(keys)
	barred := p.barred()
	var bar *Barrier
	for len(rest) > 0 {
		k := rest[0]
		rest = rest[1:]
		if wanted[k] {
			continue
		}
		wanted[k] = true
		if bar == nil {
			bar = barred[k]
		}
		for _, c := range p.Changes {
			if c.Key == k {
				rest = append(rest, p.before(c)...)
			}
		}
	}
	var part []Change
	for _, c := range p.Changes {
		if wanted[c.Key] {
			part = append(part, c)
		}
	}
	return part, bar
}

// before lists what has to be as wanted before a change of a part.
func (p Plan) before(c Change) []Key {
	var keys []Key
	for _, n := range c.Needs {
		if !n.Soft {
			keys = append(keys, n.Key)
		}
	}
	if c.Drop || !c.opens() {
		return keys
	}
	for _, k := range p.unsettled() {
		if k.isLock() && k.Scope == c.Key.Scope && (!c.Key.isDoor() || strings.HasPrefix(c.Key.Name, "door/"+strings.TrimPrefix(k.Name, lockPrefix)+"/")) {
			keys = append(keys, k)
		}
	}
	return keys
}

// opens says whether a change lets callers in without a login.
func (c Change) opens() bool {
	policy, _ := c.To.(Policy)
	return c.Key.isDoor() || policy.Decision == Bypass
}

// unsettled are the keys that move or are barred.
func (p Plan) unsettled() []Key {
	var keys []Key
	for _, c := range p.Changes {
		keys = append(keys, c.Key)
	}
	for _, b := range p.Barriers {
		keys = append(keys, b.Key)
	}
	return keys
}

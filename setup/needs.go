package setup

import (
	"fmt"
	"slices"
)

// link gives every change its needs. Edges run between keys, so that a barrier
// blocks what hangs on it as well.
//
// Building: b needs a if b refers to a, or if a guards or carries b. What only
// takes an old way in away (Late) comes after everything that focus builds, and
// nothing waits for it: it stands well enough. Dropping: as building, backwards,
// after all of that; but what leads to where a followed app was, or to where no
// login is asked for, goes at once.
func (p *planner) link() {
	building := nodes{of: map[Key]node{}, order: sortedKeys(p.want)}
	for k, w := range p.want {
		building.of[k] = node{w.State, w.By}
	}
	var builds, lates []Need
	for _, c := range p.plan.Changes {
		switch {
		case c.Late:
			lates = append(lates, Need{Key: c.Key})
		case !c.Drop:
			builds = append(builds, Need{Key: c.Key})
		}
	}
	users, stuck := p.users(), p.wantedAndBarred()
	for i := range p.plan.Changes {
		c := &p.plan.Changes[i]
		needs := needsOf(c.Key, building, nil)
		switch {
		case c.Late:
			needs = slices.Concat(needs, builds, stuck)
		case !c.Drop:
			needs = slices.DeleteFunc(needs, func(n Need) bool { return slices.ContainsFunc(lates, n.same) })
			needs = append(needs, p.gatewayBefore(c.Key, building.order)...)
			if c.Key.Kind == KindAlert {
				needs = lastOfAll(c.Key, needs, builds)
			}
		case !c.Verb.Writes():
			continue
		case c.Unlocked: // whoever it leads in for gets no way in behind a lock by waiting
			needs = nil
		case c.Follows: // the app is not there any more, and somebody else may be
			needs = users[c.Key]
		case c.Key.Kind.Private(): // it leads the team in another way
			needs = slices.Concat(builds, lates, users[c.Key], stuck)
		default:
			needs = slices.Concat(builds, lates, users[c.Key])
		}
		c.Needs = p.open(needs)
	}
}

// users gives for each leaving key the leaving keys that have to go before it.
func (p *planner) users() map[Key][]Need {
	keyOf := map[string][]Key{}
	for k, r := range p.ledger.Records {
		if k.Kind.referred() {
			keyOf[r.ID] = append(keyOf[r.ID], k)
		}
	}
	users := map[Key][]Need{}
	leaving := nodes{p.leaving, sortedKeys(p.leaving)}
	for _, k := range leaving.order {
		for _, n := range needsOf(k, leaving, keyOf) {
			if _, goes := p.leaving[n.Key]; !goes {
				continue
			}
			if inEffectOrder(n.Key, k) { // a file is put back before the restart
				users[k] = append(users[k], Need{Key: n.Key})
			} else {
				users[n.Key] = append(users[n.Key], Need{Key: k})
			}
		}
	}
	return users
}

// lastOfAll also waits for everything that is built: a mail that cannot be set up
// keeps nothing else back.
func lastOfAll(k Key, needs, builds []Need) []Need {
	for _, n := range builds {
		if n.Key != k && !slices.ContainsFunc(needs, n.same) {
			needs = append(needs, Need{Key: n.Key, Soft: true})
		}
	}
	return needs
}

// gatewayBefore: where a route stands already, what hands requests on from it is
// not started while the Gateway proxy is off, because no lock counts then.
func (p *planner) gatewayBefore(k Key, wanted []Key) []Need {
	if !carries(k) && k.Kind != KindConnectorFile {
		return nil
	}
	var needs []Need
	for _, gateway := range wanted {
		if gateway.Kind == KindGatewayProxy && p.routed(gateway.Scope) {
			needs = append(needs, Need{Key: gateway})
		}
	}
	return needs
}

// routed says whether a route of ours leads devices of an account in.
func (p *planner) routed(account string) bool {
	for k := range p.ledger.Records {
		if k.Scope == account && (k.Kind == KindRoute || k.Kind == KindHostnameRoute) {
			return true
		}
	}
	return false
}

// wantedAndBarred is what focus wants and does not get as things are: as long as
// there is any, an old way in is not taken away for a new one.
func (p *planner) wantedAndBarred() []Need {
	var needs []Need
	for _, b := range p.plan.Barriers {
		if w, wanted := p.want[b.Key]; wanted && slices.Contains(w.By, p.focus) {
			needs = append(needs, Need{Key: b.Key})
		}
	}
	return needs
}

// inEffectOrder says whether effect is what runs from file: then the file moves
// first in both directions.
func inEffectOrder(file, effect Key) bool {
	return file.Kind == KindEnvVar && effect.Kind == KindSetting && file.Name == effect.Name ||
		file.Kind == KindComposePort && effect.Kind == KindPublished ||
		file.Kind == KindComposeNetwork && effect.Kind == KindAttachment
}

// open keeps the needs that still move or are barred: the others are met.
func (p *planner) open(needs []Need) []Need {
	moving, barred := p.plan.moving(), p.plan.barred()
	var open []Need
	for _, n := range needs {
		if (moving[n.Key] || barred[n.Key] != nil) && !slices.Contains(open, n) {
			open = append(open, n)
		}
	}
	slices.SortFunc(open, func(a, b Need) int { return compareKeys(a.Key, b.Key) })
	return open
}

type node struct {
	state State
	by    []SetupID
}

// nodes are what edges run between, in order.
type nodes struct {
	of    map[Key]node
	order []Key
}

func (n node) with(o node) bool {
	for _, id := range n.by {
		if slices.Contains(o.by, id) {
			return true
		}
	}
	return false
}

// needsOf lists what a key needs among nodes, whether it moves or not.
func needsOf(k Key, among nodes, keyOf map[string][]Key) []Need {
	self := among.of[k]
	if self.state == nil {
		return nil
	}
	var needs []Need
	for _, id := range References(self.state) {
		if id.Lit == "" {
			needs = append(needs, Need{Key: id.Of})
		}
		for _, of := range keyOf[id.Lit] {
			if id.Lit != "" && of != k {
				needs = append(needs, Need{Key: of})
			}
		}
	}
	for _, o := range among.order {
		if o == k || !self.with(among.of[o]) {
			continue
		}
		switch relation(k, self.state, o, among.of[o].state) {
		case hard:
			needs = append(needs, Need{Key: o})
		case soft:
			needs = append(needs, Need{Key: o, Soft: true})
		}
	}
	return needs
}

// sorted puts the changes in an order in which they can be made: by their
// needs, then by step and key.
func (p *planner) sorted() (Plan, error) {
	rest := slices.Clone(p.plan.Changes)
	slices.SortStableFunc(rest, func(a, b Change) int {
		if x, y := slices.Index(Steps(), a.Step), slices.Index(Steps(), b.Step); x != y {
			return x - y
		}
		return compareKeys(a.Key, b.Key)
	})
	plan := Plan{Barriers: p.plan.Barriers, ids: map[Key]string{}}
	for k, o := range p.of {
		plan.ids[k] = o.ID
	}
	slices.SortStableFunc(plan.Barriers, func(a, b Barrier) int { return compareKeys(a.Key, b.Key) })
	for len(rest) > 0 {
		waiting := map[Key]bool{}
		for _, c := range rest {
			waiting[c.Key] = true
		}
		at := slices.IndexFunc(rest, func(c Change) bool {
			return !slices.ContainsFunc(c.Needs, func(n Need) bool { return waiting[n.Key] })
		})
		if at < 0 {
			return Plan{}, fmt.Errorf("planning: %d changes need each other, %s among them", len(rest), rest[0].Key)
		}
		plan.Changes = append(plan.Changes, rest[at])
		rest = slices.Delete(rest, at, at+1)
	}
	return plan, nil
}

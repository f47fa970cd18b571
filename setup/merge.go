package setup

import (
	"slices"
)

// Want is what shall stand for one key, and who wants it.
type Want struct {
	State State
	By    []SetupID
	// Take is what the operator agreed to about what stands in its way. That can be
	// several things: two routes of others may overlap one of ours.
	Take []Consent
	// WithApp: it is where a followed app is now, or tells where.
	WithApp bool
}

// agreed says whether the operator agreed to what an offer says of an object, as
// the object is now.
func (w Want) agreed(o *Object) bool {
	return slices.Contains(w.Take, Consent{o.ID, Digest(o.State)})
}

// Merge gives what all setups want together: the approved answers of every
// setup, with the candidate in place of the approved answers of focus. A nil
// candidate means that focus wants nothing any more.
//
// The barriers are wants that contradict each other.
func Merge(focus SetupID, candidate *Answers, approved map[SetupID]Answers) (map[Key]Want, []Barrier) {
	all := map[SetupID]Answers{}
	for id, a := range approved {
		if id != focus {
			all[id] = a
		}
	}
	if candidate != nil {
		all[focus] = *candidate
	}
	var order []SetupID
	for id := range all {
		order = append(order, id)
	}
	slices.Sort(order)

	wants := map[Key]Want{}
	var barriers []Barrier
	for _, id := range order {
		a := all[id]
		for key, state := range a.wants() {
			have, shared := wants[key]
			if shared {
				state = furthest(have.State, state)
			}
			if state == nil {
				barriers = append(barriers, Barrier{Key: key, Why: WhyConflict,
					Detail: "Two setups want different things here: " + string(have.By[0]) + " and " + string(id) + "."})
				continue
			}
			wants[key] = Want{State: state, By: append(have.By, id), Take: append(have.Take, a.consents(key)...), WithApp: have.WithApp || a.withApp(key)}
		}
	}
	slices.SortFunc(barriers, func(x, y Barrier) int { return compareKeys(x.Key, y.Key) })
	return wants, barriers
}

// furthest is the wanted state that satisfies two setups; nil: there is none.
func furthest(a, b State) State {
	x, isEnrolment := a.(Enrolment)
	switch {
	case Same(a, b):
		return a
	case isEnrolment:
		return b.over(x) // the longer session
	}
	return nil
}

func (a Answers) consents(k Key) []Consent {
	var all []Consent
	for _, g := range a.Consents {
		if g.Key == k {
			all = append(all, g.Consent)
		}
	}
	return all
}

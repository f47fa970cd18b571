package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for who may come in: the lock, the team, the doors.

func lockedOutside(v setup.Evidence) bool { return v.Check.Outside() && v.Check.Locked }

func (x *examination) lock() {
	key := x.Answers.LockKey()
	r := report{severity: setup.SeverityOpen, ifNot: "It stays open."}
	r.changes, r.barriers = x.takeChanges(ofKey(key)), x.takeBarriers(conflictAt(key))
	switch {
	case len(r.changes) > 0 && r.changes[0].Verb == setup.Create:
		r.class, r.title = setup.ClassLockMissing, fmt.Sprintf("The lock on %s was deleted.", x.Answers.Hostname)
		r.effect = "Whoever knows the address reaches the app's own login, the administration pages among it."
	case len(r.changes) > 0 && admitsNobody(r.changes[0].From, r.changes[0].To):
		r.class, r.title = setup.ClassLockChanged, fmt.Sprintf("The lock on %s has no rule any more that lets your team in.", x.Answers.Hostname)
		r.severity, r.effect, r.ifNot = setup.SeverityBroken, "Nobody of your team gets in. Webhooks are unaffected.", "Your team stays outside."
	case len(r.changes) > 0:
		r.class, r.title = setup.ClassLockChanged, fmt.Sprintf("The lock on %s was changed.", x.Answers.Hostname)
		r.effect = "It no longer covers what it did, or lets in whom it did not: " + strings.Join(setup.Difference(r.changes[0].From, r.changes[0].To), ", ") + "."
	case len(r.barriers) > 0:
		r.class, r.title = setup.ClassShadowed, fmt.Sprintf("Somebody else's application stands in the place of the lock on %s.", x.Answers.Hostname)
		r.name, r.effect, r.advice = "lock", "Who may enter is decided there, not by Culvert.", r.barriers[0].Detail
	default:
		return
	}
	r.evidence = x.takeFailing(func(v setup.Evidence) bool { return lockedOutside(v) && v.By != setup.ByEdge })
	if unlocked(r.evidence) {
		r.severity, r.ifNot = setup.SeverityOpen, "It stays open."
	}
	x.tell(r)
}

// admitsNobody says whether an application covers all that the wanted one does,
// and has none of its rules nor any other: then it is closed to everybody.
func admitsNobody(have, want setup.State) bool {
	h, ok := have.(setup.App)
	w, _ := want.(setup.App)
	return ok && len(h.Policies) == 0 && len(w.Policies) > 0 && len(more(want, have)) == 0
}

// team: the rule that says who may enter is gone or another one.
func (x *examination) team() {
	key := x.Answers.TeamKey()
	changes, barriers := x.takeWith(ofKey(key)), x.takeBarriers(conflictAt(key))
	if len(changes)+len(barriers) == 0 {
		return
	}
	r := report{class: setup.ClassTeamChanged, severity: setup.SeverityBroken, changes: changes, barriers: barriers,
		title:  "Who may enter was changed.",
		effect: "Colleagues may stand before a closed door.", ifNot: "It stays so."}
	if len(changes) > 0 && changes[0].Verb == setup.Update {
		from, to := changes[0].From, changes[0].To
		r.effect = different(from, to)
		if letsInMore(from, to) {
			r.severity, r.title = setup.SeverityOpen, "More people may enter than you chose."
		}
	}
	r.evidence = x.takeFailing(lockedOutside)
	x.tell(r)
}

// letsInMore says whether a policy lets in somebody whom the wanted one does
// not, or does not ask at all.
func letsInMore(have, want setup.State) bool {
	h, _ := have.(setup.Policy)
	w, ok := want.(setup.Policy)
	if !ok {
		return false
	}
	return h.Decision == setup.Bypass ||
		slices.ContainsFunc(h.Include, func(i setup.Include) bool { return !slices.Contains(w.Include, i) })
}

func (x *examination) login() {
	changes := x.takeChanges(ofKind(setup.KindLoginMethod))
	if len(changes) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassLoginMissing, severity: setup.SeverityBroken, changes: changes,
		title:  "The way in which your team logs in is gone.",
		effect: "Nobody of your team can prove who they are, so nobody gets in. Webhooks are unaffected.",
		ifNot:  "It stays so.",
	})
}

// bypass: the one rule that opens every door is gone or changed.
func (x *examination) bypass() {
	key := x.Answers.BypassKey()
	changes, barriers := x.takeWith(ofKey(key)), x.takeBarriers(conflictAt(key))
	if len(changes)+len(barriers) == 0 {
		return
	}
	var advice string
	if len(barriers) > 0 {
		advice = barriers[0].Detail
	}
	evidence := x.takeFailing(outsideBy(setup.ByAccess))
	r := report{
		class: setup.ClassDoorsClosed, severity: setup.SeverityBroken, changes: changes, barriers: barriers, evidence: evidence,
		title:  "The rule that opens the doors for webhooks was deleted or changed.",
		effect: "Every webhook gets a login page instead of the app; messages are lost.",
		ifNot:  "The bots stay silent.", advice: advice,
	}
	x.tell(r)
}

// doors: each door by itself.
func (x *examination) doors() {
	for _, d := range x.Answers.Doors {
		key := x.Answers.DoorKey(d)
		changes, barriers := x.takeChanges(ofKey(key)), x.takeBarriers(conflictAt(key))
		switch {
		case len(barriers) > 0:
			x.shadowed(d, changes, barriers)
		case len(changes) == 0:
		case changes[0].Verb == setup.Create:
			x.tell(report{
				class: setup.ClassDoorMissing, name: d.ID, severity: setup.SeverityBroken, changes: changes,
				title:  fmt.Sprintf("The door for %s was deleted.", d.Name),
				effect: fmt.Sprintf("%s gets a login page instead of the app; its messages are lost.", d.Name),
				ifNot:  fmt.Sprintf("%s stays silent; nothing else breaks.", d.Name),

				evidence: x.takeFailing(ofDoor(d.ID)),
			})
		default:
			x.doorChanged(d, changes)
		}
	}
}

// ofDoor is for evidence that a door does not lead to the app although nothing
// else is in the way.
func ofDoor(id string) func(setup.Evidence) bool {
	return func(v setup.Evidence) bool {
		return v.Check.Door == id && outsideBy(setup.ByAccess, setup.ByUnknown)(v)
	}
}

func (x *examination) shadowed(d setup.Door, changes []setup.Change, barriers []setup.Barrier) {
	evidence := x.takeFailing(either(ofDoor(d.ID), func(v setup.Evidence) bool {
		return lockedOutside(v) && answersOpenly(v) && x.covered(barriers, v.Check)
	}))
	x.tell(report{
		class: setup.ClassShadowed, name: d.ID, severity: brokenIf(evidence), changes: changes, barriers: barriers, evidence: evidence,
		title:  fmt.Sprintf("Somebody else's Access application answers in the place of the door for %s.", d.Name),
		effect: fmt.Sprintf("Whether messages of %s get through is decided there, not by Culvert.", d.Name),
		ifNot:  "It stays so.", advice: barriers[0].Detail,
	})
}

// covered says whether what stands in the way answers for a check's path.
func (x *examination) covered(barriers []setup.Barrier, c setup.Check) bool {
	return slices.ContainsFunc(barriers, func(b setup.Barrier) bool { return x.takes(b.Held, c.Path) })
}

func (x *examination) takes(s setup.State, path string) bool {
	app, ok := s.(setup.App)
	return ok && slices.ContainsFunc(app.Destinations, func(d string) bool { return setup.Takes(d, x.Answers.Hostname, path) })
}

// doorChanged: it opens more than it should, or something else about it is
// different.
func (x *examination) doorChanged(d setup.Door, changes []setup.Change) {
	from, to := changes[0].From, changes[0].To
	opened := x.takeFailing(func(v setup.Evidence) bool {
		return lockedOutside(v) && v.By != setup.ByEdge && x.takes(from, v.Check.Path) && !x.takes(to, v.Check.Path)
	})
	r := report{
		class: setup.ClassDoorChanged, name: d.ID, changes: changes,
		title:    fmt.Sprintf("The door for %s was changed.", d.Name),
		effect:   different(from, to),
		ifNot:    "It stays so.",
		evidence: append(opened, x.takeFailing(ofDoor(d.ID))...),
	}
	r.severity = brokenIf(r.evidence)
	if x.wider(from, to) {
		x.widen(&r, d, opened)
	}
	x.tell(r)
}

// widen tells of a door that covers more than it should. That it is open says
// only a check that got through; without one it may be, which is as bad until it
// is known better.
func (x *examination) widen(r *report, d setup.Door, opened []setup.Evidence) {
	r.class, r.severity = setup.ClassDoorWide, setup.SeverityOpen
	covered := strings.Join(more(r.changes[0].From, r.changes[0].To), ", ")
	if unlocked(opened) {
		r.title = fmt.Sprintf("The door for %s is open wider than it should be.", d.Name)
		r.effect = fmt.Sprintf("Without a login callers get through to %s. It covers this as well: %s.", pathList(opened), covered)
		r.ifNot = "What lies there stays open to everybody."
	} else {
		r.title = fmt.Sprintf("The door for %s covers more than it should, and may be open there.", d.Name)
		r.effect = "Without a login these may be reached: " + covered + "."
		r.ifNot = "What lies there may be open to everybody."
	}
	if len(r.evidence) > len(opened) {
		r.effect += fmt.Sprintf(" Messages of %s do not arrive.", d.Name)
	}
}

// wider says whether an application covers an address that the wanted one does
// not.
func (x *examination) wider(from, to setup.State) bool { return len(more(from, to)) > 0 }

// more lists the addresses of an application that the wanted one does not cover.
func more(from, to setup.State) []string {
	have, _ := from.(setup.App)
	want, _ := to.(setup.App)
	return slices.DeleteFunc(slices.Clone(have.Destinations), func(d string) bool {
		host, path, _ := strings.Cut(d, "/")
		return slices.ContainsFunc(want.Destinations, func(w string) bool { return w == d || setup.Takes(w, host, "/"+path) })
	})
}

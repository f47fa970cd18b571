package setup

import (
	"reflect"
	"slices"
	"strings"
)

// later plans a change that only takes away what an old way in still needs. It
// is made when everything else stands, as removals are: until then people come
// in the way that they know.
func (p *planner) later(k Key, want Want, o *Object, to State) {
	p.change(lateChange(k, want, o, to))
}

func lateChange(k Key, want Want, o *Object, to State) Change {
	return Change{Key: k, Verb: Update, From: o.State, To: to, FromID: o.ID, Late: true, Step: StepRemove, Reach: reachOf(k.Kind, Update),
		By: want.By, Cause: "not needed any more once the new way in works"}
}

// afterwards is the late change of a list that is about to get something new; nil:
// there will be none.
func (p *planner) afterwards(k Key, want Want, o *Object) *Change {
	stands := *o
	switch to := want.State.over(o.State).(type) {
	case EnvVar:
		to.Join, to.Items = "", nil
		stands.State = to
	case Setting:
		to.Join, to.Items = "", nil
		stands.State = to
	}
	rest := p.leftover(k, want.State, &stands)
	if rest == nil {
		return nil
	}
	then := lateChange(k, want, &stands, rest)
	return &then
}

// onlyTakesAway says whether the difference between what is wanted and what
// stands is that the old way in goes. What is not as we left it was changed by
// somebody else, and is put right at once.
func (p *planner) onlyTakesAway(k Key, want State, o *Object) bool {
	rec, known := p.ledger.Records[k]
	if !known || rec.Owner == Found || !Same(rec.Left, o.State) {
		return false
	}
	bound := Bind(want, p.lookup)
	switch have := o.State.(type) {
	case App:
		to := bound.(App)
		to.Policies = have.Policies
		return k.isLock() && letsNobodyIn(want.(App)) && Same(to, have)
	case Ingress:
		last := len(have.Rules) - 1
		if last < 0 || have.Rules[last].Path != "" {
			return false
		}
		have.Rules = have.Rules[:last]
		return Same(bound, have)
	case ConnectorFile:
		to := bound.(ConnectorFile)
		less := among(to.Networks, have.Networks) && within(to.Protocol, have.Protocol) && amongSpecs(to.Sidecars, have.Sidecars)
		to.Networks, to.Protocol, to.Sidecars = have.Networks, have.Protocol, have.Sidecars
		return less && Same(to, have)
	case Connector:
		to := bound.(Connector)
		less := among(to.Networks, have.Networks) && within(to.Protocol, have.Protocol)
		to.Networks, to.Protocol = have.Networks, have.Protocol
		return less && Same(to, have)
	}
	return false
}

// letsNobodyIn says whether a wanted lock is the one that opens for no one.
func letsNobodyIn(a App) bool { return len(a.Policies) == 1 && a.Policies[0].Of.Name == nobody }

func among(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// within: a connector that may choose has no less than one that is told.
func within(to, from string) bool { return to == "" || to == from }

func amongSpecs(some, all []SidecarSpec) bool {
	return !slices.ContainsFunc(some, func(s SidecarSpec) bool {
		return !slices.ContainsFunc(all, func(o SidecarSpec) bool { return reflect.DeepEqual(s, o) })
	})
}

// leftover is a list as wanted without the entries that we added once and that
// nobody wants any more; nil: there are none. What others added stays.
func (p *planner) leftover(k Key, want State, o *Object) State {
	old := p.ledger.added(k, p.ledger.Records[k])
	switch w := want.(type) {
	case EnvVar:
		value, changed := without(o.State.(EnvVar).Value, old, w.Items)
		if w.Join == "" || !changed {
			return nil
		}
		w.Value = value
		return w
	case Setting:
		value, changed := without(o.State.(Setting).Value, old, w.Items)
		if w.Join == "" || !changed {
			return nil
		}
		w.Value = value
		return w
	}
	return nil
}

// without takes the old entries out of a list, but for those that are wanted.
func without(list string, old, wanted []string) (string, bool) {
	entries := strings.Split(list, ",")
	kept := slices.DeleteFunc(slices.Clone(entries), func(e string) bool {
		return slices.Contains(old, e) && !slices.Contains(wanted, e)
	})
	return strings.Join(kept, ","), len(kept) < len(entries)
}

// added are the entries of a list that we put there. A running setting may have
// got them with the line that it runs from, without a change of its own.
func (l Ledger) added(k Key, r Record) []string {
	added := slices.Clone(r.Added)
	if k.Kind != KindSetting {
		return added
	}
	for _, line := range l.keys() {
		if line.Kind == KindEnvVar && line.Name == k.Name && sameSetups(l.Records[line].By, r.By) {
			added = union(added, l.Records[line].Added)
		}
	}
	return added
}

// isList says whether a wanted state is a list setting.
func isList(s State) bool {
	switch s := s.(type) {
	case EnvVar:
		return s.Join != ""
	case Setting:
		return s.Join != ""
	}
	return false
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// addedBy is what we will have put into a list after a change.
func addedBy(before []string, from, to State) []string {
	had, has := entries(from), entries(to)
	var added []string
	for _, e := range has {
		if slices.Contains(before, e) || !slices.Contains(had, e) {
			added = append(added, e)
		}
	}
	return added
}

// entries are those of a list setting; of anything else there are none.
func entries(s State) []string {
	value := ""
	switch s := s.(type) {
	case EnvVar:
		value = s.Value
	case Setting:
		value = s.Value
	}
	var all []string
	for _, e := range strings.Split(value, ",") {
		if e = strings.TrimSpace(e); e != "" {
			all = append(all, e)
		}
	}
	return all
}

// LeftBehind says whom some changes leave without a way in, for a while or for
// good; empty: nobody. Devices take what they are told within ten minutes
// (Cloudflare docs, client notification lag), and nobody sees from here when they
// have.
func (a Answers) LeftBehind(changes []Change) string {
	if !slices.ContainsFunc(changes, Change.endsWay) {
		return ""
	}
	if !a.Mode.Private() {
		return "Nobody gets in by the private name any more."
	}
	return "Devices take the new settings within ten minutes of the switch, or at once when WARP is disconnected and connected. One that has not yet knows only the old way, and this takes it away."
}

// endsWay says whether a change takes away by what devices get to a private name.
func (c Change) endsWay() bool {
	return c.Verb.Writes() && c.Drop && c.Step == StepRemove && !c.Follows && devicesFollow(c.Key) && !strings.Contains(c.Key.Name, "#")
}

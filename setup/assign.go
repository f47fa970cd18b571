package setup

import (
	"slices"
	"strings"
)

// assigned says which observed object each key stands for.
type assigned struct {
	of     map[Key]*Object
	rivals map[Key]*Object   // a stranger's object on a name that the key needs
	strays map[Key][]*Object // further objects with the key's mark: creates that landed twice
}

// lookup gives the id of a key's object, for binding references.
func (a assigned) lookup(k Key) (string, bool) {
	if o := a.of[k]; o != nil {
		return o.ID, true
	}
	return "", false
}

// assign finds the object of every wanted or recorded key: by the id in the
// ledger if it is alive, then by our mark, then by the name that it occupies.
func assign(want map[Key]Want, w World, l Ledger) assigned {
	a := assigned{map[Key]*Object{}, map[Key]*Object{}, map[Key][]*Object{}}
	keys := map[Key]bool{}
	for k := range want {
		keys[k] = true
	}
	for k := range l.Records {
		keys[k] = true
	}
	x, taken := w.index(), map[*Object]bool{}
	order := sortedKeys(keys)
	for _, k := range order {
		if _, bad := w.unread(k); bad {
			continue
		}
		o, strays := a.own(k, x, l)
		a.strays[k] = strays
		if wanted, ok := want[k]; ok && k.Kind == KindAlert && l.Records[k].Owner == Found && o != nil && !Met(Bind(wanted.State, a.lookup), o.State) {
			o = nil // it is somebody else's, and no longer does: we make one of our own
		}
		if o != nil {
			a.of[k], taken[o] = o, true
		}
	}
	for _, k := range order {
		want, wanted := want[k]
		_, bad := w.unread(k)
		if !wanted || a.of[k] != nil || bad {
			continue
		}
		a.byName(k, want.State, x, l, taken)
	}
	return a
}

// givenByOwner says whether a wanted thing is one that only the operator can put
// there, such as a certificate of their own.
func givenByOwner(want State) bool {
	c, ok := want.(Certificate)
	return ok && c.Source == FromOwner
}

// own finds an object by id and by mark.
func (a assigned) own(k Key, x index, l Ledger) (*Object, []*Object) {
	o := x.byID(k, l.Records[k].ID)
	var strays []*Object
	marked := slices.SortedFunc(slices.Values(x.marked(k, l.mark(k))), func(a, b *Object) int { return strings.Compare(a.ID, b.ID) })
	for _, m := range marked {
		switch {
		case o == nil:
			o = m
		case m != o:
			strays = append(strays, m)
		}
	}
	return o, strays
}

// byName finds the object that holds a name which the wanted state needs, or,
// for login methods, DNS locations and alerts, any that will do.
func (a assigned) byName(k Key, want State, x index, l Ledger, taken map[*Object]bool) {
	want = Bind(want, a.lookup)
	for _, o := range x.of(k) {
		if taken[o] {
			continue
		}
		switch {
		case k.Kind == KindLoginMethod || k.Kind == KindDNSLocation || k.Kind == KindAlert:
			if want.met(o.State) {
				a.of[k] = o
				return
			}
		case !overlap(want.occupies(), o.State.occupies()):
		case k.Kind.readOnly() || k.Kind.inPlace() || k.Kind == KindEnrolmentRule || givenByOwner(want) ||
			k.Kind.ofProject() && l.ours(o.Mark):
			a.of[k], taken[o] = o, true
			return
		case a.rivals[k] == nil:
			a.rivals[k] = o
		}
	}
}

// ours says whether a mark was made by this installation.
func (l Ledger) ours(mark string) bool { return strings.HasPrefix(mark, "culvert-"+l.Install+"-") }

func overlap(a, b []string) bool {
	for _, s := range a {
		if slices.Contains(b, s) {
			return true
		}
	}
	return false
}

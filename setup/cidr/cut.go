package cidr

import (
	"cmp"
	"net/netip"
	"slices"
)

// original is an entry as somebody wrote it, with the ranges that were cut out
// of it since.
type original struct {
	Entry
	whole  netip.Prefix // not valid: a host name
	left   []netip.Prefix
	holes  []netip.Prefix
	at     int  // where in the list it stands, or what is left of it
	placed bool // by a piece that is of no narrower entry
}

// recut changes the holes of every entry that holds a range and more, and gives
// the list that this makes.
func (l List) recut(network netip.Prefix, change func(holes []netip.Prefix) []netip.Prefix) (List, error) {
	all, err := l.originals()
	if err != nil {
		return List{}, err
	}
	for _, o := range all {
		if o.whole.IsValid() && within(network, o.whole) && network != o.whole {
			o.holes = change(o.holes)
			o.left = minus(o.whole, o.holes)
		}
	}
	return written(all)
}

// originals reads back from what entries a list was made, in their order.
func (l List) originals() ([]*original, error) {
	var all []*original
	cut := map[string]*original{}
	for i, e := range l.Entries {
		if e.Address == "" {
			all = append(all, &original{Entry: e, at: i})
			continue
		}
		p, err := parsed(e)
		if err != nil {
			return nil, err
		}
		owners := notesOf(e, p)
		if len(owners) == 0 {
			all = append(all, &original{Entry: e, whole: p, left: []netip.Prefix{p}, at: i})
		}
		for _, n := range owners {
			o := cut[n.Address]
			if o == nil {
				o = &original{Entry: n.Entry, whole: n.whole, at: i}
				cut[n.Address] = o
				all = append(all, o)
			}
			if !o.placed && n.whole == narrowest(owners) {
				o.at, o.placed = i, true
			}
			o.left = append(o.left, p)
		}
	}
	all = withoutReplaced(all, cut)
	for _, o := range all {
		if o.whole.IsValid() {
			o.holes = minus(o.whole, o.left)
		}
	}
	slices.SortStableFunc(all, func(a, b *original) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

// withoutReplaced leaves out entries of which pieces are left although somebody
// put them back whole: what stands whole decides.
func withoutReplaced(all []*original, cut map[string]*original) []*original {
	whole := map[netip.Prefix]bool{}
	for _, o := range all {
		if o.whole.IsValid() && cut[o.Address] != o {
			whole[o.whole] = true
		}
	}
	return slices.DeleteFunc(all, func(o *original) bool { return cut[o.Address] == o && whole[o.whole] })
}

// parsed is the range of an entry.
func parsed(e Entry) (netip.Prefix, error) {
	p, err := Parse(e.Address)
	if err != nil {
		return p, refuse("The list has an entry that cannot be understood: %v.", err)
	}
	return p, nil
}

// written gives the list that some entries make. What is whole stands as it was
// written; of the others the pieces stand, with a note of what they are from. A
// piece of several entries stands once, in the place of the narrowest.
func written(all []*original) (List, error) {
	owners := map[netip.Prefix][]*original{}
	for _, o := range all {
		for _, p := range o.left {
			owners[p] = append(owners[p], o)
		}
	}
	var l List
	for _, o := range all {
		if o.whole.IsValid() && len(o.left) == 0 {
			return List{}, refuse("Nothing would be left of the entry %s, so it could not be put back. Remove it in the dashboard if nothing needs it, or choose another network.", o.Address)
		}
		if !o.whole.IsValid() || o.alone(owners) {
			l.Entries = append(l.Entries, o.Entry)
			continue
		}
		for _, p := range o.left {
			if first(owners[p]) != o {
				continue
			}
			piece, err := pieceOf(p, owners[p])
			if err != nil {
				return List{}, err
			}
			l.Entries = append(l.Entries, piece)
		}
	}
	return l, nil
}

// alone says whether an entry is whole, and no piece of another has its place.
func (o *original) alone(owners map[netip.Prefix][]*original) bool {
	cut := func(other *original) bool { return len(other.holes) > 0 }
	return len(o.holes) == 0 && !slices.ContainsFunc(owners[o.whole], cut)
}

// first is the narrowest of the owners of a piece, the one that stands first if
// there are two of it.
func first(owners []*original) *original {
	return slices.MaxFunc(owners, func(a, b *original) int { return cmp.Compare(a.whole.Bits(), b.whole.Bits()) })
}

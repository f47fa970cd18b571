package cidr

import (
	"fmt"
	"net/netip"
	"slices"
)

// Entry is one entry of a list: a range, or a host name.
type Entry struct {
	Address     string
	Host        string
	Description string
}

// List is the split tunnel list of a device profile. With Include it says what
// goes through WARP, otherwise what stays out.
type List struct {
	Include bool
	Entries []Entry
}

// MaxDescription is how long the description of an entry can be.
const MaxDescription = 100

// Refused is the error for a list that must not be changed as asked. Its text
// is a sentence for people.
type Refused struct{ Text string }

func (r *Refused) Error() string { return r.Text }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// Sight is how a list stands toward a range.
type Sight struct {
	// Through: every address of the range goes through WARP.
	Through bool
	// Covering are the entries that decide it, as they were written: those that
	// keep some of the range out, or those that let it through.
	Covering []string
	// Inside are the entries among them that lie within the range. Open does not
	// take those away: somebody meant these very addresses.
	Inside []string
}

// Look says how a list stands toward a range. The error is a list that cannot
// be understood.
func (l List) Look(network netip.Prefix) (Sight, error) {
	var s Sight
	var touching []netip.Prefix
	for _, e := range l.Entries {
		if e.Address == "" {
			continue
		}
		p, err := parsed(e)
		if err != nil {
			return Sight{}, err
		}
		if !p.Overlaps(network) {
			continue
		}
		touching = append(touching, p)
		owners := notesOf(e, p)
		if len(owners) == 0 {
			owners = []note{{e, p}}
		}
		for _, o := range owners {
			if !slices.Contains(s.Covering, o.Address) {
				s.Covering = append(s.Covering, o.Address)
			}
			if within(o.whole, network) && !l.Include {
				s.Inside = append(s.Inside, o.Address)
			}
		}
	}
	s.Through = len(touching) == 0
	if l.Include {
		s.Through = len(minus(network, touching)) == 0
	}
	return s, nil
}

// Open gives the list with which every address of a range goes through WARP, and
// for every other address nothing changes.
//
// A list of what stays out: an entry that covers the range and more gives way to
// the pieces of it that are left. Each piece keeps the entry's description and
// says which entry it is a part of, so that Close can put it back to the letter,
// whoever cut what in between and in which order. Entries that lie within the
// range are refused (see Sight.Inside).
//
// A list of what goes through: one entry for the range is added, with the mark
// as its description.
func (l List) Open(network netip.Prefix, mark string) (List, error) {
	sight, err := l.Look(network)
	switch {
	case err != nil:
		return List{}, err
	case sight.Through:
		return l, nil
	case l.Include:
		return List{true, append(slices.Clone(l.Entries), Entry{Address: network.String(), Description: mark})}, nil
	case len(sight.Inside) > 0:
		return List{}, refuse("The entry %s keeps these very addresses out of WARP. Remove it in the dashboard if nothing needs it, or choose another network.", sight.Inside[0])
	}
	return l.recut(network, func(holes []netip.Prefix) []netip.Prefix { return append(allMinus(holes, network), network) })
}

// Close undoes Open: the range goes through WARP as far as it would without it.
// What others keep out, let through or have changed since stays as it is.
func (l List) Close(network netip.Prefix, mark string) (List, error) {
	if _, err := l.Look(network); err != nil {
		return List{}, err
	}
	if l.Include {
		ours := func(e Entry) bool { return e.Address == network.String() && e.Description == mark }
		return List{true, slices.DeleteFunc(slices.Clone(l.Entries), ours)}, nil
	}
	return l.recut(network, func(holes []netip.Prefix) []netip.Prefix { return allMinus(holes, network) })
}

package cidr

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// defaults is the list that Cloudflare gives every account, shortened.
func defaults() List {
	return List{Entries: []Entry{
		{Address: "10.0.0.0/8"}, {Address: "100.64.0.0/10"}, {Address: "169.254.0.0/16", Description: "DHCP Unspecified"},
		{Address: "172.16.0.0/12"}, {Address: "192.168.0.0/16", Description: "home"}, {Host: "*.example.com", Description: "video"},
		{Address: "255.255.255.255/32", Description: "DHCP Broadcast"}, {Address: "fe80::/10", Description: "IPv6 Link Local"},
	}}
}

func TestARangeIsCutOutOfTheEntryThatHoldsIt(t *testing.T) {
	before := defaults()
	after, err := before.Open(netip.MustParsePrefix("172.18.0.0/16"), "")
	if err != nil {
		t.Fatal(err)
	}
	note := "[culvert: part of 172.16.0.0/12]"
	want := slices.Clone(before.Entries[:3])
	for _, p := range []string{"172.16.0.0/15", "172.19.0.0/16", "172.20.0.0/14", "172.24.0.0/13"} { // as Cloudflare's own calculator
		want = append(want, Entry{Address: p, Description: note})
	}
	want = append(want, before.Entries[4:]...)
	if diff := cmp.Diff(want, after.Entries); diff != "" {
		t.Errorf("the list is not as wanted (-want +got):\n%s", diff)
	}
	sight, err := after.Look(netip.MustParsePrefix("172.19.4.0/24"))
	if err != nil || sight.Through || !slices.Equal(sight.Covering, []string{"172.16.0.0/12"}) {
		t.Errorf("the range beside is seen as %+v, %v", sight, err)
	}
}

// space is small enough to ask every address of it.
var space = netip.MustParsePrefix("10.7.0.0/24")

func addresses() []netip.Prefix {
	var all []netip.Prefix
	for a := space.Addr(); space.Contains(a); a = a.Next() {
		all = append(all, netip.PrefixFrom(a, 32))
	}
	return all
}

func drawPrefix(t *rapid.T, least int, label string) netip.Prefix {
	bits := rapid.IntRange(least, 32).Draw(t, label+" bits")
	address := addresses()[rapid.IntRange(0, 255).Draw(t, label)].Addr()
	return netip.PrefixFrom(address, bits).Masked()
}

// drawList draws a list of ranges, nested or not, each at most once.
func drawList(t *rapid.T, include bool) List {
	l := List{Include: include, Entries: []Entry{{Host: "*.example.com", Description: "video"}}}
	for range rapid.IntRange(0, 5).Draw(t, "entries") {
		p := drawPrefix(t, 20, "entry")
		e := Entry{Address: p.String(), Description: rapid.SampledFrom([]string{"", "office", "printer -", " spaced "}).Draw(t, "description")}
		if !slices.ContainsFunc(l.Entries, func(o Entry) bool { return o.Address == e.Address }) {
			l.Entries = append(l.Entries, e)
		}
	}
	i := rapid.IntRange(0, len(l.Entries)-1).Draw(t, "place of the host")
	l.Entries[0], l.Entries[i] = l.Entries[i], l.Entries[0]
	return l
}

// through lists the addresses that go through WARP.
func through(t *rapid.T, l List) map[netip.Prefix]bool {
	is := map[netip.Prefix]bool{}
	for _, a := range addresses() {
		s, err := l.Look(a)
		if err != nil {
			t.Fatal(err)
		}
		is[a] = s.Through
	}
	return is
}

func refused(err error) bool {
	var r *Refused
	return errors.As(err, &r) && strings.HasSuffix(r.Text, ".")
}

func TestOnlyTheRangeChangesAndItComesBackToTheLetter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before := drawList(rt, rapid.Bool().Draw(rt, "include"))
		holes := drawHoles(rt)
		was, now := through(rt, before), before
		var opened []netip.Prefix
		for _, h := range holes {
			next, err := now.Open(h, "ours "+h.String())
			if refused(err) {
				continue // and the list was not changed
			}
			if err != nil {
				rt.Fatal(err)
			}
			now, opened = next, append(opened, h)
			for a, is := range through(rt, now) {
				if want := was[a] || slices.ContainsFunc(opened, func(h netip.Prefix) bool { return within(a, h) }); is != want {
					rt.Fatalf("after opening %v: %s goes through is %v, want %v\n%+v", opened, a, is, want, now.Entries)
				}
			}
			untouched(rt, before, now, opened)
		}
		for _, h := range shuffled(rt, opened) {
			next, err := now.Close(h, "ours "+h.String())
			if err != nil {
				rt.Fatal(err)
			}
			now = next
		}
		if diff := cmp.Diff(before.Entries, now.Entries); diff != "" {
			rt.Fatalf("after opening %v and closing them the list differs (-before +after):\n%s", opened, diff)
		}
	})
}

// drawHoles draws ranges that do not overlap, as those of several setups.
func drawHoles(t *rapid.T) []netip.Prefix {
	var holes []netip.Prefix
	for range rapid.IntRange(1, 4).Draw(t, "holes") {
		h := drawPrefix(t, 26, "hole")
		if !slices.ContainsFunc(holes, h.Overlaps) {
			holes = append(holes, h)
		}
	}
	return holes
}

func shuffled(t *rapid.T, p []netip.Prefix) []netip.Prefix {
	if len(p) < 2 {
		return p
	}
	return rapid.Permutation(p).Draw(t, "order")
}

// untouched: entries that do not touch the ranges stand as they were.
func untouched(t *rapid.T, before, now List, opened []netip.Prefix) {
	for _, e := range before.Entries {
		p, err := Parse(e.Address)
		if err == nil && slices.ContainsFunc(opened, p.Overlaps) && !before.Include {
			continue
		}
		kept := func(o Entry) bool {
			return o == e || o.Address == e.Address && strings.Contains(o.Description, "part of "+e.Address+"]")
		}
		if !slices.ContainsFunc(now.Entries, kept) {
			t.Fatalf("%+v is gone or changed after opening %v:\n%+v", e, opened, now.Entries)
		}
	}
}

func TestTheOrderOfOpeningDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		before := drawList(rt, false)
		holes := drawHoles(rt)
		open := func(order []netip.Prefix) (List, bool) {
			l, ok := before, true
			for _, h := range order {
				next, err := l.Open(h, "")
				if err != nil {
					return l, false
				}
				l = next
			}
			return l, ok
		}
		one, ok := open(holes)
		other, also := open(shuffled(rt, holes))
		if ok != also {
			rt.Fatalf("one order of opening %v is refused and another is not", holes)
		}
		if diff := cmp.Diff(one.Entries, other.Entries); ok && diff != "" {
			rt.Fatalf("two orders of opening %v differ:\n%s", holes, diff)
		}
	})
}

func TestOpeningTwiceIsOpeningOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := drawList(rt, rapid.Bool().Draw(rt, "include"))
		h := drawPrefix(rt, 26, "hole")
		once, err := l.Open(h, "m")
		if err != nil {
			return
		}
		twice, err := once.Open(h, "m")
		if diff := cmp.Diff(once, twice); err != nil || diff != "" {
			rt.Fatalf("opening %s again changes the list: %v\n%s", h, err, diff)
		}
	})
}

func TestWhatOthersChangeInBetweenStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := drawPrefix(rt, 26, "hole")
		before := drawList(rt, false)
		l, err := before.Open(h, "")
		if err != nil {
			return
		}
		added := Entry{Address: "203.0.113.0/24", Description: "theirs"}
		l.Entries = slices.Insert(slices.Clone(l.Entries), rapid.IntRange(0, len(l.Entries)).Draw(rt, "at"), added)
		let := netip.Prefix{} // a piece of ours that a stranger lets through as well
		if i := slices.IndexFunc(l.Entries, func(e Entry) bool { return strings.Contains(e.Description, "part of") }); i >= 0 && rapid.Bool().Draw(rt, "lets through") {
			let = netip.MustParsePrefix(l.Entries[i].Address)
			l.Entries = slices.Delete(l.Entries, i, i+1)
		}
		seen := through(rt, l)
		closed, err := l.Close(h, "")
		if err != nil {
			rt.Fatal(err)
		}
		was, now := through(rt, before), through(rt, closed)
		for a := range now {
			want := seen[a]
			if within(a, h) && strings.Contains(strings.Join(descriptions(l), ""), "part of") {
				want = was[a]
			}
			if now[a] != want {
				rt.Fatalf("%s goes through is %v, want %v; a stranger let %v through\n%+v", a, now[a], want, let, closed.Entries)
			}
		}
		if !slices.Contains(closed.Entries, added) {
			rt.Fatal("a stranger's entry is gone")
		}
	})
}

func descriptions(l List) []string {
	var all []string
	for _, e := range l.Entries {
		all = append(all, e.Description)
	}
	return all
}

func TestWhatCouldNotBePutBackIsRefused(t *testing.T) {
	long := strings.Repeat("x", 80)
	rows := map[string]struct {
		list List
		open string
		says string
	}{
		"these very addresses":     {List{Entries: []Entry{{Address: "172.30.250.0/28"}}}, "172.30.250.0/28", "keeps these very addresses out"},
		"an address of the range":  {List{Entries: []Entry{{Address: "172.30.250.5", Description: "printer"}}}, "172.30.250.0/28", "172.30.250.5 keeps"},
		"no room for the note":     {List{Entries: []Entry{{Address: "172.16.0.0/12", Description: long}}}, "172.30.250.0/28", "too long by 13 characters"},
		"what is no range":         {List{Entries: []Entry{{Address: "172.16.0.0/99"}}}, "172.30.250.0/28", "cannot be understood"},
		"one entry twice":          {List{Entries: []Entry{{Address: "10.0.0.0/8"}, {Address: "10.0.0.0/8", Description: "b"}}}, "10.1.0.0/16", "twice"},
		"the last piece of one":    {List{Entries: []Entry{{Address: "10.1.1.0/24", Description: "[culvert: part of 10.1.0.0/23]"}}}, "10.1.1.0/24", "Nothing would be left"},
		"an entry no longer whole": {List{Include: true, Entries: []Entry{{Address: "nonsense"}}}, "10.1.0.0/16", "cannot be understood"},
	}
	for what, row := range rows {
		_, err := row.list.Open(netip.MustParsePrefix(row.open), "")
		if !refused(err) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want a refusal: … %s …", what, err, row.says)
		}
	}
}

// Somebody adds an entry in the dashboard that Culvert had cut, beside its pieces.
func TestAnEntryThatSomebodyPutBackIsCutAgain(t *testing.T) {
	hole := netip.MustParsePrefix("172.30.250.0/28")
	cut, err := List{Entries: []Entry{{Address: "10.0.0.0/8"}, {Address: "172.16.0.0/12", Description: "private"}}}.Open(hole, "")
	if err != nil {
		t.Fatal(err)
	}
	whole := Entry{Address: "172.16.0.0/12", Description: "by hand"}
	put := List{Entries: append(slices.Clone(cut.Entries), whole)}
	if sight, err := put.Look(hole); err != nil || sight.Through {
		t.Fatalf("it counts as through: %+v, %v", sight, err)
	}
	again, err := put.Open(hole, "")
	if err != nil || len(again.Entries) != len(cut.Entries) {
		t.Fatalf("%d entries, before %d, %v", len(again.Entries), len(cut.Entries), err)
	}
	if sight, err := again.Look(hole); err != nil || !sight.Through {
		t.Errorf("cut again it is %+v, %v", sight, err)
	}
	if back, err := again.Close(hole, ""); err != nil || !slices.Equal(back.Entries, []Entry{{Address: "10.0.0.0/8"}, whole}) {
		t.Errorf("it came back as %+v, %v", back.Entries, err)
	}
}

func TestANoteThatCannotBeTrueIsAStrangersText(t *testing.T) {
	before := List{Entries: []Entry{{Address: "192.168.0.0/16", Description: "see [culvert: part of 172.16.0.0/12]"}, {Address: "172.16.0.0/12"}}}
	after, err := before.Open(netip.MustParsePrefix("172.18.0.0/16"), "")
	if err != nil || after.Entries[0] != before.Entries[0] {
		t.Fatalf("it became %+v, %v", after.Entries, err)
	}
}

func TestAddressesOfBothKindsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"172.18.0.7/16": "172.18.0.0/16", "10.0.0.1": "10.0.0.1/32", "FD00::/8": "fd00::/8", "fe80::1": "fe80::1/128", "::ffff:10.0.0.1": "10.0.0.1/32",
	} {
		if p, err := Parse(text); err != nil || p.String() != want {
			t.Errorf("%s is read as %v, %v", text, p, err)
		}
	}
	before := List{Entries: []Entry{{Address: "FD00::/8", Description: "v6"}}}
	after, err := before.Open(netip.MustParsePrefix("fd12:3456::/32"), "")
	if err != nil || len(after.Entries) != 24 {
		t.Fatalf("%d pieces, %v", len(after.Entries), err)
	}
	if back, err := after.Close(netip.MustParsePrefix("fd12:3456::/32"), ""); err != nil || !slices.Equal(back.Entries, before.Entries) {
		t.Errorf("it came back as %+v, %v", back, err)
	}
}

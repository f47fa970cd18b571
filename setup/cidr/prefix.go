package cidr

import (
	"fmt"
	"net/netip"
	"slices"
)

// Parse reads a range as lists hold them: a prefix, or one address. Bits behind
// the prefix do not count.
func Parse(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no range of addresses", text)
	}
	return p.Masked(), nil
}

// within says whether every address of p is in q.
func within(p, q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Overlaps(p) }

// minus gives the fewest prefixes that hold the addresses of p that are in none
// of the others, in order.
func minus(p netip.Prefix, others []netip.Prefix) []netip.Prefix {
	others = slices.DeleteFunc(slices.Clone(others), func(o netip.Prefix) bool { return !o.Overlaps(p) })
	if len(others) == 0 {
		return []netip.Prefix{p}
	}
	if slices.ContainsFunc(others, func(o netip.Prefix) bool { return within(p, o) }) {
		return nil
	}
	low, high := halves(p)
	return append(minus(low, others), minus(high, others)...)
}

// allMinus is minus for several prefixes, which do not overlap.
func allMinus(set []netip.Prefix, others ...netip.Prefix) []netip.Prefix {
	var left []netip.Prefix
	for _, p := range set {
		left = append(left, minus(p, others)...)
	}
	return left
}

// halves splits a prefix of more than one address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	bytes := p.Addr().AsSlice()
	low = netip.PrefixFrom(p.Addr(), bits+1)
	bytes[bits/8] |= 0x80 >> (bits % 8)
	addr, _ := netip.AddrFromSlice(bytes) // 4 or 16 bytes, as they came
	return low, netip.PrefixFrom(addr, bits+1)
}

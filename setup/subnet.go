package setup

import (
	"fmt"
	"net/netip"
	"slices"
)

// FreeSubnet gives a small range of private addresses for a Docker network of
// Culvert's own: free on this server and in the routes of the account. It is
// chosen once and then kept, because devices know addresses in it. False: every
// candidate is taken.
func FreeSubnet(w World) (string, bool) {
	for _, candidate := range subnets() {
		if !inUse(w, candidate) {
			return candidate, true
		}
	}
	return "", false
}

// subnets are the candidates: high in the ranges for private use, where neither
// Docker nor home routers begin.
func subnets() []string {
	var all []string
	for _, high := range []string{"172.30.%d.%d/28", "10.213.%d.%d/28", "192.168.%d.%d/28"} {
		for third := 250; third > 246; third-- {
			for fourth := 0; fourth < 256; fourth += 16 {
				all = append(all, fmt.Sprintf(high, third, fourth))
			}
		}
	}
	return all
}

func inUse(w World, subnet string) bool {
	for _, o := range w.Objects {
		switch s := o.State.(type) {
		case Network:
			for _, have := range s.Subnets {
				if overlaps(subnet, have) {
					return true
				}
			}
		case PrivateNetwork:
			if overlaps(subnet, s.Subnet) {
				return true
			}
		case Route:
			if overlaps(subnet, s.Network) {
				return true
			}
		}
	}
	return false
}

// RangeTaken says whether something is in the way of the range of addresses that
// was chosen, and nothing of this setup stands in it yet: then another one can be
// taken.
func (a Answers) RangeTaken(p Plan, l Ledger) bool {
	keys := []Key{a.privateNetworkKey(), a.routeKey(a.Private.DNS)}
	if !a.follows() { // its address is in another range
		keys = append(keys, a.routeKey(a.Private.Address))
	}
	for _, k := range keys {
		if slices.Contains(l.Records[k].By, a.Setup) {
			return false
		}
	}
	return slices.ContainsFunc(p.Barriers, func(b Barrier) bool { return b.Why == WhyConflict && slices.Contains(keys, b.Key) })
}

// PlacesIn gives the addresses of a private network that are fixed: those of the
// front, of the DNS server, and of the app where there is no front. The app's is
// another than the front's, so that one of them can stand until the other works.
// The first address is the gateway's; the upper half is for whatever else comes.
func PlacesIn(subnet string) (front, dns, app string) {
	prefix, err := netip.ParsePrefix(subnet)
	if err != nil {
		return "", "", ""
	}
	first := prefix.Masked().Addr().Next().Next()
	return first.String(), first.Next().String(), first.Next().Next().String()
}

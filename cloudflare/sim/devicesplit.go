package sim

import (
	"fmt"
	"net/netip"
	"strings"
)

// coversName tells whether an entry is about a name: "example.com" about itself
// alone, "*.example.com" about every name below it ("Split Tunnels, Valid
// domains").
func (e splitEntry) coversName(name string) bool {
	if parent, wild := strings.CutPrefix(e.Host, "*."); wild {
		return strings.HasSuffix(name, "."+parent)
	}
	return e.Host != "" && hostname(e.Host) == name
}

// String is what an entry is about.
func (e splitEntry) String() string { return e.Address + e.Host }

// covering is the entry about an address, or about the name that it was found
// by.
func (p *profile) covering(ip netip.Addr, name string) (splitEntry, bool) {
	for _, e := range p.Split {
		if e.Address != "" && e.prefix().Contains(ip) || name != "" && e.coversName(name) {
			return e, true
		}
	}
	return splitEntry{}, false
}

// carries tells whether the client sends packets for an address to Cloudflare,
// and why. The range from which Gateway takes first addresses is included by
// clients themselves, if it is the newer one ("Split Tunnels").
func (p *profile) carries(ip netip.Addr, name string) (bool, string) {
	e, listed := p.covering(ip, name)
	switch {
	case listed && p.Includes:
		return true, fmt.Sprintf("%s goes to Cloudflare, because %s is included", ip, e)
	case listed:
		return false, fmt.Sprintf("%s does not go to Cloudflare, because %s is excluded", ip, e)
	case !p.Includes:
		return true, fmt.Sprintf("%s goes to Cloudflare, because no entry excludes it", ip)
	case netip.MustParsePrefix(usualResolved).Contains(ip):
		return true, fmt.Sprintf("%s goes to Cloudflare, because clients include %s by themselves", ip, usualResolved)
	default:
		return false, fmt.Sprintf("%s does not go to Cloudflare, because no entry includes it", ip)
	}
}

// fallback is the entry that says who is asked for a name: the one with the
// longest suffix.
func (p *profile) fallback(name string) (best fallbackEntry, found bool) {
	for _, e := range p.Fallback {
		if below(name, e.Suffix) && len(e.Suffix) > len(best.Suffix) {
			best, found = e, true
		}
	}
	return best, found
}

package sim

import (
	"context"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"

	"github.com/culvert/culvert/setup"
)

// firstAddress is that of an app's container at first. It is of a range that is
// reserved for examples: what dials it by mistake reaches nobody.
func firstAddress(place int) string { return [...]string{"192.0.2.7", "198.51.100.7"}[place] }

// lastOctets are so many addresses that the app's containers come by before the
// first one is given out again.
const lastOctets = 200

// anew is the container made anew, or put into its networks again: where no
// address is fixed, Docker gives it another one.
func (s *service) anew() { s.Moves = (s.Moves + 1) % lastOctets }

// address is that of the service in the network of the app in a place.
func (s service) address(place int) string {
	at := netip.MustParseAddr(firstAddress(place)).As4()
	at[3] += byte(s.Moves)
	return netip.AddrFrom4(at).String()
}

// members are the containers that run in the network of the app in a place. The
// others keep the addresses behind those that the app comes by.
func (s state) members(place int, stack setup.Stack) []setup.Member {
	var app, beside []setup.Member
	behind := netip.MustParseAddr(firstAddress(place)).As4()
	behind[3] += lastOctets
	for _, name := range slices.Sorted(maps.Keys(s.Apps[stack.Project])) {
		sv := s.Apps[stack.Project][name]
		switch {
		case !sv.Running:
		case name == stack.Service:
			app = append(app, setup.Member{Project: stack.Project, Service: name, Address: sv.address(place)})
		default:
			beside = append(beside, setup.Member{Project: stack.Project, Service: name, Address: netip.AddrFrom4(behind).String()})
			behind[3]++
		}
	}
	return append(app, beside...)
}

// addresses are those of a service in all its networks, the app's first. Where
// none is fixed in a further network, Docker gave it one.
func (s state) addresses(place int, sv service) []string {
	all := []string{sv.address(place)}
	for _, name := range slices.Sorted(maps.Keys(sv.Places)) {
		at := sv.Places[name].Address
		if at == "" {
			at = s.given(name)
		}
		all = append(all, at)
	}
	return all
}

// given is the address in a network that Docker gives to who asks for none: a
// high one, which is not in the way of those that are fixed.
func (s state) given(network string) string {
	in := netip.MustParsePrefix(s.Networks[network].Subnet)
	at := in.Addr().As4()
	last := binary.BigEndian.Uint32(at[:]) | (1<<(32-in.Bits()) - 1) // for broadcasts
	binary.BigEndian.PutUint32(at[:], last-1)
	return netip.AddrFrom4(at).String()
}

// Addresses are those of the running containers of a service, on all their
// networks.
func (h *Host) Addresses(_ context.Context, project, service string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.unusable(project, service); p != nil {
		return nil, p
	}
	place := slices.IndexFunc(h.apps, func(a App) bool { return a.Project == project })
	return h.state.addresses(place, h.state.Apps[project][service]), nil
}

package dockerx

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/moby/moby/api/types/network"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// exposureOf says from where a binding on an address of this server is reached.
// An invalid address is an empty one, which stands for all.
func exposureOf(address netip.Addr) setup.Exposure {
	if address.IsValid() && address.Unmap().IsLoopback() {
		return setup.ExposedLoopback
	}
	return setup.ExposedPublic
}

// wider gives the wider of two exposures.
func wider(a, b setup.Exposure) setup.Exposure {
	rank := []setup.Exposure{setup.ExposedNone, setup.ExposedLoopback, setup.ExposedPublic}
	if slices.Index(rank, a) > slices.Index(rank, b) {
		return a
	}
	return b
}

// exposure says from where a port of a container is reached. The bindings that
// stand count, not those that were asked for: the engine may have a default
// address of its own. A stopped one has none yet.
func (b box) exposure(target int) setup.Exposure {
	if b.HostConfig != nil && b.HostConfig.NetworkMode.IsHost() {
		return setup.ExposedPublic // it listens on the server itself
	}
	widest := setup.ExposedNone
	ports := b.ports()
	if b.stopped() && b.HostConfig != nil {
		ports = portsOf(b.HostConfig.PortBindings) // as it will be when it is started
	}
	for _, p := range ports {
		if p.Target == target && p.Protocol == string(network.TCP) {
			widest = wider(widest, p.Exposure)
		}
	}
	return widest
}

// ports are the published ports of a container, sorted.
func (b box) ports() []found.Port {
	if b.NetworkSettings == nil {
		return nil
	}
	return portsOf(b.NetworkSettings.Ports)
}

func portsOf(all network.PortMap) []found.Port {
	var out []found.Port
	for port, bindings := range all {
		for _, bound := range bindings {
			p := found.Port{Target: int(port.Num()), Protocol: string(port.Proto()), Exposure: exposureOf(bound.HostIP)}
			if bound.HostIP.IsValid() && !bound.HostIP.IsUnspecified() {
				p.Address = bound.HostIP.String()
			}
			p.Published, _ = strconv.Atoi(bound.HostPort) // the engine sends a number
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b found.Port) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Published, b.Published), cmp.Compare(a.Address, b.Address))
	})
	return slices.Compact(out) // all addresses are told once for IPv4 and once for IPv6
}

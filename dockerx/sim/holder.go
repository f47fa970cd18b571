package sim

import (
	"maps"
	"slices"

	"github.com/culvert/culvert/setup"
)

// Holder gives what runs beside the connector at an address in a network of
// Culvert's own. Its service is empty if nothing does.
func (h *Host) Holder(address string) setup.SidecarSpec {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.state.Sidecars {
		if s.Running && slices.ContainsFunc(s.Spec.Networks, func(e setup.Endpoint) bool { return h.state.holds(e, address) }) {
			return s.Spec
		}
	}
	return setup.SidecarSpec{}
}

func (s state) holds(e setup.Endpoint, address string) bool {
	if _, ours := s.Networks[e.Network]; !ours {
		return false
	}
	return e.Address == address || e.Address == "" && s.given(e.Network) == address
}

// SetSidecarRunning starts or stops a service beside the connector, as an
// operator would by hand. It says whether there is one in the other state.
func (h *Host) SetSidecarRunning(service string, running bool) (changed bool) {
	h.change("container", service, func(s *state) {
		beside, there := s.Sidecars[service]
		if changed = there && beside.Running != running; !changed {
			return
		}
		s.Sidecars = maps.Clone(s.Sidecars)
		beside.Running = running
		s.Sidecars[service] = beside
	})
	if changed && !running {
		h.happened(service, "kill", "die", "stop")
	}
	return changed
}

// SetProtocol starts the connector again with another way to talk to Cloudflare.
func (h *Host) SetProtocol(protocol string) (changed bool) {
	h.change("container", connectorService, func(s *state) {
		if changed = s.Connector != nil && s.Connector.Protocol != protocol; !changed {
			return
		}
		next := *s.Connector
		next.Protocol = protocol
		s.Connector = &next
	})
	return changed
}

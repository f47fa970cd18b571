package sim

import (
	"maps"
	"slices"

	"github.com/culvert/culvert/setup"
)

// Holder says what runs at an address in a network of Culvert's own: a service of
// the app, or one beside the connector, whose spec it gives as well. Empty:
// nothing does.
func (h *Host) Holder(address string) (service string, beside setup.SidecarSpec) {
	h.mu.Lock()
	defer h.mu.Unlock()
	holds := func(e setup.Endpoint) bool {
		_, there := h.state.Networks[e.Network]
		return there && e.Address == address
	}
	for name, s := range h.state.Sidecars {
		if s.Running && slices.ContainsFunc(s.Spec.Networks, holds) {
			return name, s.Spec
		}
	}
	for name, sv := range h.state.Services {
		for _, place := range sv.Places {
			if sv.Running && holds(place) {
				return name, setup.SidecarSpec{}
			}
		}
	}
	return "", setup.SidecarSpec{}
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

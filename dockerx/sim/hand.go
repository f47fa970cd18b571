package sim

import (
	"maps"

	"github.com/culvert/culvert/setup"
)

// This file holds what an operator does on the server by hand.

// SetEnv starts a service again with another value of a variable.
func (h *Host) SetEnv(service, name, value string) {
	defer h.madeAnew(service)
	h.change("container", service, func(s *state) {
		sv := s.Services[service]
		sv.Env = maps.Clone(sv.Env)
		sv.Env[name] = value
		sv.anew()
		s.Services[service] = sv
	})
}

// SetExposure starts the app again with its port reached from elsewhere.
func (h *Host) SetExposure(e setup.Exposure) {
	defer h.madeAnew(Service)
	h.change("container", Service, func(s *state) {
		sv := s.Services[Service]
		sv.Exposure = e
		sv.anew()
		s.Services[Service] = sv
	})
}

// Reattach takes the container of a service out of its networks and puts it back,
// without saying at which address and under which further names.
func (h *Host) Reattach(service string) {
	defer h.leftNetworks(service)
	h.change("network", service, func(s *state) {
		if beside, ok := s.Sidecars[service]; ok {
			beside.Spec.Networks = plain(beside.Spec.Networks)
			s.Sidecars = maps.Clone(s.Sidecars)
			s.Sidecars[service] = beside
			return
		}
		sv := s.Services[service]
		sv.Places = maps.Clone(sv.Places)
		for name := range sv.Places {
			sv.Places[name] = setup.Endpoint{Network: name}
		}
		sv.anew()
		s.Services[service] = sv
	})
}

// plain are places in networks of which nothing is asked.
func plain(places []setup.Endpoint) []setup.Endpoint {
	var all []setup.Endpoint
	for _, p := range places {
		all = append(all, setup.Endpoint{Network: p.Network})
	}
	return all
}

// RemoveConnector removes the connector's container.
func (h *Host) RemoveConnector() {
	h.happened(connectorService, "kill", "die", "destroy")
	h.change("container", connectorService, func(s *state) { s.Connector = nil })
}

// HasSidecar says whether a service stands beside the connector.
func (h *Host) HasSidecar(service string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, there := h.state.Sidecars[service]
	return there
}

// Connector says whether there is a connector, and whether it runs.
func (h *Host) Connector() (there, running bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Connector != nil, h.state.tunnel() != ""
}

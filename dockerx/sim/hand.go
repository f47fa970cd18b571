package sim

import (
	"maps"

	"github.com/culvert/culvert/setup"
)

// This file holds what an operator does on the server by hand.

// SetEnv starts a service again with another value of a variable.
func (h *Host) SetEnv(service, name, value string) {
	h.change("container", service, func(s *state) {
		sv := s.Services[service]
		sv.Env = maps.Clone(sv.Env)
		sv.Env[name] = value
		s.Services[service] = sv
	})
}

// SetExposure starts the app again with its port reached from elsewhere.
func (h *Host) SetExposure(e setup.Exposure) {
	h.change("container", Service, func(s *state) {
		sv := s.Services[Service]
		sv.Exposure = e
		s.Services[Service] = sv
	})
}

// RemoveConnector removes the connector's container.
func (h *Host) RemoveConnector() {
	h.change("container", connectorService, func(s *state) { s.Connector = nil })
}

// Connector says whether there is a connector, and whether it runs.
func (h *Host) Connector() (there, running bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Connector != nil, h.state.tunnel() != ""
}

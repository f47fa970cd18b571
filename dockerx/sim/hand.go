package sim

import (
	"maps"

	"github.com/culvert/culvert/setup"
)

// This file holds what an operator does on the server by hand: to the first app,
// and to the first of what stands beside the apps.

// byHand changes a service of the first app.
func (h *Host) byHand(kind, name string, f func(*service)) {
	project := h.apps[0].Project
	h.change(kind, project, name, func(s *state) {
		sv := s.Apps[project][name]
		f(&sv)
		s.put(project, name, sv)
	})
}

// SetRunning starts or stops a service.
func (h *Host) SetRunning(name string, running bool) {
	actions := []string{"start"}
	if !running {
		actions = stopped()
	}
	defer h.happened(h.apps[0].Project, name, actions...)
	h.byHand("container", name, func(sv *service) {
		if running && !sv.Running {
			sv.anew()
		}
		sv.Running = running
	})
}

// SetEnv starts a service again with another value of a variable.
func (h *Host) SetEnv(name, variable, value string) {
	defer h.madeAnew(h.apps[0].Project, name)
	h.byHand("container", name, func(sv *service) {
		sv.Env = maps.Clone(sv.Env)
		sv.Env[variable] = value
		sv.anew()
	})
}

// SetExposure starts the app again with its port reached from elsewhere.
func (h *Host) SetExposure(e setup.Exposure) {
	defer h.madeAnew(h.apps[0].Project, Service)
	h.byHand("container", Service, func(sv *service) {
		sv.Exposure = e
		sv.anew()
	})
}

// Reattach takes the container of a service out of its networks and puts it back,
// without saying at which address and under which further names.
func (h *Host) Reattach(name string) {
	plain := func(beside *sidecar) { beside.Spec.Networks = plain(beside.Spec.Networks) }
	if project, there := h.beside("network", name, plain); there {
		h.leftNetworks(project, name)
		return
	}
	defer h.leftNetworks(h.apps[0].Project, name)
	h.byHand("network", name, func(sv *service) {
		sv.Places = maps.Clone(sv.Places)
		for network := range sv.Places {
			sv.Places[network] = setup.Endpoint{Network: network}
		}
		sv.anew()
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

// beside changes the first service of a name beside the connectors, and says in
// which project there is one.
func (h *Host) beside(kind, name string, f func(*sidecar)) (project string, there bool) {
	first, there := h.sidecarNamed(name)
	if !there {
		return "", false
	}
	h.change(kind, first.Project, name, func(s *state) {
		if now, stands := s.Sidecars[first.Project][name]; stands {
			f(&now)
			s.putSidecar(first.Project, name, &now)
		}
	})
	return first.Project, true
}

func (h *Host) sidecarNamed(name string) (sidecar, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.state.besides() {
		if s.Spec.Service == name {
			return s, true
		}
	}
	return sidecar{}, false
}

// HasSidecar says whether a service stands beside a connector.
func (h *Host) HasSidecar(name string) bool {
	_, there := h.sidecarNamed(name)
	return there
}

// SetSidecarRunning starts or stops a service beside the connector. It says
// whether there is one in the other state.
func (h *Host) SetSidecarRunning(name string, running bool) (changed bool) {
	project, _ := h.beside("container", name, func(s *sidecar) {
		changed = s.Running != running
		s.Running = running
	})
	if changed && !running {
		h.happened(project, name, stopped()...)
	}
	return changed
}

// stopped is what Docker tells of a container that somebody stops.
func stopped() []string { return []string{"kill", "die", "stop"} }

// connectorByHand changes or removes the first connector, and notes what Docker
// tells of that.
func (h *Host) connectorByHand(f func(connector) *connector, actions ...string) {
	first, there := h.firstConnector()
	if !there {
		return
	}
	h.happened(first.Project, connectorService, actions...)
	h.change("container", first.Project, connectorService, func(s *state) {
		if now, stands := s.Connectors[first.Project]; stands {
			s.putConnector(first.Project, f(now))
		}
	})
}

func (h *Host) firstConnector() (connector, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.apps {
		for _, c := range h.state.Connectors {
			if c.Network == a.stack().Network {
				return c, true
			}
		}
	}
	return connector{}, false
}

// StopConnector stops the connector's container.
func (h *Host) StopConnector() {
	h.connectorByHand(func(c connector) *connector { c.Running = false; return &c }, stopped()...)
}

// RemoveConnector removes the connector's container.
func (h *Host) RemoveConnector() {
	h.connectorByHand(func(connector) *connector { return nil }, "kill", "die", "destroy")
}

// SetProtocol starts the connector again with another way to talk to Cloudflare.
func (h *Host) SetProtocol(protocol string) (changed bool) {
	h.connectorByHand(func(c connector) *connector {
		changed = c.Protocol != protocol
		c.Protocol = protocol
		return &c
	})
	return changed
}

// Connector says whether there is a connector, and whether it runs.
func (h *Host) Connector() (there, running bool) {
	c, there := h.firstConnector()
	return there, c.Running
}

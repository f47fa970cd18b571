package sim

import (
	"context"

	"github.com/culvert/culvert/setup"
)

// doProject changes the connector and what runs beside it.
func (h *Host) doProject(entries []setup.Entry) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	for i, e := range entries {
		service := connectorService
		if e.Key.Kind == setup.KindSidecar {
			service = sidecarService(e)
		}
		var refused *setup.Problem
		h.change("container", e.Key.Scope, service, func(s *state) {
			if refused = h.mayChange(e); refused == nil {
				s.takePart(service, e)
			}
		})
		h.mu.Lock()
		out[i] = setup.Outcome{ID: e.Key.Scope, State: h.partState(e), Err: refused}
		h.mu.Unlock()
		if e.Key.Kind == setup.KindSidecar {
			out[i].ID = service
		}
	}
	return out
}

func sidecarService(e setup.Entry) string {
	for _, state := range []setup.State{e.To, e.From} {
		if s, ok := state.(setup.Sidecar); ok {
			return s.Spec.Service
		}
	}
	return e.Key.Name
}

// takePart makes one entry effective.
func (s *state) takePart(service string, e setup.Entry) {
	project := e.Key.Scope
	switch to := e.To.(type) {
	case setup.Connector:
		s.putConnector(project, &connector{Connector: to, Mark: e.Mark})
	case setup.Sidecar:
		s.putSidecar(project, service, &sidecar{Sidecar: to, Mark: e.Mark})
	case nil:
		if e.Key.Kind == setup.KindConnector {
			s.putConnector(project, nil)
		} else {
			s.putSidecar(project, service, nil)
		}
	}
}

// partState is the state of what an entry is about; nil if it is not there.
func (h *Host) partState(e setup.Entry) setup.State {
	if e.Key.Kind == setup.KindSidecar {
		return h.sidecar(e.Key.Scope, sidecarService(e))
	}
	return h.connector(e.Key.Scope)
}

// sidecar is the state of a service beside the connector; nil if there is none.
func (h *Host) sidecar(project, service string) setup.State {
	if s, ok := h.state.Sidecars[project][service]; ok {
		return s.Sidecar
	}
	return nil
}

// mayChange checks an entry for the connector's project against what stands.
func (h *Host) mayChange(e setup.Entry) *setup.Problem {
	switch {
	case h.down != nil:
		return h.down
	case !setup.Same(e.From, h.partState(e)):
		return changed("The " + string(e.Key.Kind))
	}
	var networks []string
	switch to := e.To.(type) {
	case setup.Connector:
		if to.Tunnel.Lit == "" {
			return refuse("The connector cannot run without a tunnel.")
		}
		networks = append(networks, to.Network)
		networks = append(networks, to.Networks...)
	case setup.Sidecar:
		for _, n := range to.Spec.Networks {
			networks = append(networks, n.Network)
			if h.placed(n) {
				return &setup.Problem{Code: setup.CodeUnavailable, Message: "The service " + to.Spec.Service + " beside the connector does not stay up: its address " + n.Address + " is taken."}
			}
		}
	}
	for _, n := range networks {
		if _, own := h.state.Networks[n]; !own && h.appOn(n) < 0 {
			return refuse("Docker Compose refused. It says: network " + n + " declared as external, but could not be found")
		}
	}
	return nil
}

// placed says whether a container of the app has the address.
func (h *Host) placed(at setup.Endpoint) bool {
	for _, app := range h.state.Apps {
		for _, sv := range app {
			if have, in := sv.Places[at.Network]; in && at.Address != "" && have.Address == at.Address {
				return true
			}
		}
	}
	return false
}

// ReloadFront tells the front to read its folder again; a simulated one reads
// none.
func (h *Host) ReloadFront(context.Context, string) error { return nil }

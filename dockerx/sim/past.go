package sim

import (
	"context"
	"maps"
	"slices"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Past tells what was done by hand since this host was opened.
func (h *Host) Past(context.Context) ([]found.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return nil, h.down
	}
	return slices.Clone(h.past), nil
}

// boxID is the id of the one container of a project's service.
func boxID(project, service string) string { return "made-up-" + project + "-" + service }

// happened notes what was done to the container of a service.
func (h *Host) happened(project, service string, actions ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range actions {
		h.past = append(h.past, found.Event{At: h.opts.Clock(), Kind: "container", Action: a, ID: boxID(project, service), Name: service,
			Project: project, Service: service})
	}
}

// madeAnew notes that Compose made the container of a service anew.
func (h *Host) madeAnew(project, service string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made[boxID(project, service)] = h.opts.Clock()
}

// leftNetworks notes that the container of a service was taken out of Culvert's
// own networks and put back.
func (h *Host) leftNetworks(project, service string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, network := range slices.Sorted(maps.Keys(h.state.Networks)) {
		if !h.state.joined(project, service, network) {
			continue
		}
		for _, action := range []string{"disconnect", "connect"} {
			h.past = append(h.past, found.Event{At: h.opts.Clock(), Kind: "network", Action: action, Name: network, Container: boxID(project, service)})
		}
	}
}

// joined says whether a service is in a further network.
func (s state) joined(project, service, network string) bool {
	_, app := s.Apps[project][service].Places[network]
	return app || slices.ContainsFunc(s.Sidecars[project][service].Spec.Networks, func(e setup.Endpoint) bool { return e.Network == network })
}

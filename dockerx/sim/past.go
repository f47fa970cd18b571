package sim

import (
	"context"
	"maps"
	"slices"

	"github.com/culvert/culvert/dockerx/found"
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

// boxID is the id of the one container of a service.
func boxID(service string) string { return "made-up-" + service }

// happened notes what was done to the container of a service.
func (h *Host) happened(service string, actions ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range actions {
		h.past = append(h.past, found.Event{At: h.opts.Clock(), Kind: "container", Action: a, ID: boxID(service), Name: service,
			Project: h.projectNow(service), Service: service})
	}
}

// madeAnew notes that Compose made the container of a service anew.
func (h *Host) madeAnew(service string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made[service] = h.opts.Clock()
}

// leftNetworks notes that the container of a service was taken out of Culvert's
// own networks and put back.
func (h *Host) leftNetworks(service string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, network := range slices.Sorted(maps.Keys(h.state.Networks)) {
		for _, action := range []string{"disconnect", "connect"} {
			h.past = append(h.past, found.Event{At: h.opts.Clock(), Kind: "network", Action: action, Name: network, Container: boxID(service)})
		}
	}
}

// projectNow is the Compose project of a service.
func (h *Host) projectNow(service string) string {
	if _, app := h.state.Services[service]; app {
		return Project
	}
	if h.state.Connector != nil {
		return h.state.Connector.Project
	}
	return ""
}

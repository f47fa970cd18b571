package sim

import (
	"slices"

	"github.com/culvert/culvert/setup"
)

// Holder gives what runs beside a connector at an address in a network of
// Culvert's own. Its service is empty if nothing does.
func (h *Host) Holder(address string) setup.Sidecar {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.state.besides() {
		if s.Running && slices.ContainsFunc(s.Spec.Networks, func(e setup.Endpoint) bool { return h.state.holds(e, address) }) {
			return s.Sidecar
		}
	}
	return setup.Sidecar{}
}

func (s state) holds(e setup.Endpoint, address string) bool {
	if _, ours := s.Networks[e.Network]; !ours {
		return false
	}
	return e.Address == address || e.Address == "" && s.given(e.Network) == address
}

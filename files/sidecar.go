package files

import (
	"maps"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// labelConfig holds the digest of the configuration that a front was started
// with.
const labelConfig = "sh.culvert.config"

// sidecarTexts are the services beside cloudflared as its file holds them.
func sidecarTexts(specs []setup.SidecarSpec, labels map[string]string) []stackfile.Sidecar {
	var all []stackfile.Sidecar
	for _, s := range specs {
		out := stackfile.Sidecar{Service: s.Service, Image: s.Image, Command: s.Command(), Folder: s.Dir, Labels: maps.Clone(labels)}
		if s.Dir != "" {
			out.Mount = setup.FrontMount
		}
		if s.Config != "" {
			out.Labels[labelConfig] = s.Config
		}
		for _, n := range s.Networks {
			out.Places = append(out.Places, stackfile.Place{Network: n.Network, Address: n.Address, Aliases: n.Aliases})
		}
		all = append(all, out)
	}
	return all
}

// sidecarsOf reads them back. What is not as Culvert writes it shows in the text
// as a whole (byHand).
func sidecarsOf(spec stackfile.ConnectorSpec) []setup.SidecarSpec {
	var all []setup.SidecarSpec
	for _, in := range spec.Sidecars {
		s, _ := setup.SidecarSpec{Service: in.Service, Image: in.Image, Dir: in.Folder, Config: in.Labels[labelConfig]}.AsCommanded(in.Command)
		for _, p := range in.Places {
			s.Networks = append(s.Networks, setup.Endpoint{Network: p.Network, Address: p.Address, Aliases: p.Aliases})
		}
		all = append(all, s)
	}
	return all
}

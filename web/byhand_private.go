package web

import (
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file says how the private ways are set up by hand.

// devices is what the account tells everybody's devices.
func (h hand) devices(m *Manual, s setup.State) bool {
	switch s := s.(type) {
	case setup.Enrolment:
		m.Where = "Zero Trust → Settings → WARP Client → Device enrollment permissions → Manage"
		m.Values = []Value{{"Session duration", "at least " + s.Session}}
	case setup.EnrolmentRule:
		m.Where = "Zero Trust → Settings → WARP Client → Device enrollment permissions → Manage → Policies, beside those that are there"
		m.Values = []Value{{"Policy", h.called(s.Policy)}}
	case setup.GatewayProxy:
		m.Where = proxySettings
		m.Values = []Value{{"TCP", onOff(s.TCP)}, {"UDP", onOff(s.UDP)}}
	case setup.ICMPProxy:
		m.Where = proxySettings
		m.Values = []Value{{"ICMP", onOff(s.On)}}
	case setup.DNSLocation:
		m.Where = "Zero Trust → Gateway → DNS locations → Add a location; not if there is a default one"
		m.Values = []Value{{"Name", s.Name}, {"Set as default", "Yes"}, {"Networks", "leave it empty"}}
	case setup.Route:
		m.Where = "Zero Trust → Networks → Routes → CIDR → Create"
		m.Values = []Value{{"CIDR", s.Network}, {"Tunnel", h.called(s.Tunnel)}, {"Virtual network", h.vnet(s.VNet)}}
	case setup.HostnameRoute:
		m.Where = "Zero Trust → Networks → Routes → Hostname routes → Create"
		m.Values = []Value{{"Hostname", s.Hostname}, {"Tunnel", h.called(s.Tunnel)}}
	case setup.SplitTunnel:
		h.splitTunnel(m, s)
	case setup.Fallback:
		m.Where = h.profilePage(s.Profile) + " → Local Domain Fallback"
		m.Values = []Value{{"Remove, if it is there", s.Suffix}}
		if len(s.Servers) > 0 {
			m.Values = []Value{{"Domain", s.Suffix}, {"DNS server", strings.Join(s.Servers, ", ")}}
		}
	case setup.Shadow:
		h.shadow(m, s)
	default:
		return false
	}
	return true
}

const proxySettings = "Zero Trust → Traffic policies → Traffic settings → Allow Secure Web Gateway to proxy traffic"

func (h hand) profilePage(profile string) string {
	name := setup.NameOfProfile(h.profiles, profile)
	switch {
	case profile == setup.DefaultProfile:
		name = "Default"
	case name == "":
		name = profile
	}
	return "Zero Trust → Settings → WARP Client → Device profiles → " + name
}

func (h hand) vnet(id setup.ID) string {
	if v, ok := h.want[id.Of].State.(setup.VirtualNetwork); ok && v.Name != "" {
		return v.Name
	}
	return "the default one"
}

func (h hand) splitTunnel(m *Manual, s setup.SplitTunnel) {
	if s.Network == setup.ResolvedRange {
		m.Not = "the addresses that Gateway gives for private names differ between accounts, and Cloudflare tells them through its API"
		return
	}
	m.Where = h.profilePage(s.Profile) + " → Split Tunnels"
	m.Values = []Value{
		{"If the list is of what stays out", "remove the entry that covers " + s.Network + ", and add the rest of its range again"},
		{"If the list is of what goes through", "add " + s.Network},
	}
}

// shadow names every domain above the private name: an entry for one of them
// would answer for the name as well.
func (h hand) shadow(m *Manual, s setup.Shadow) {
	m.Where = h.profilePage(s.Profile) + " → Local Domain Fallback"
	rest := s.Hostname
	for {
		_, above, more := strings.Cut(rest, ".")
		if !more {
			break
		}
		m.Values = append(m.Values, Value{"Remove, if it is there", above})
		rest = above
	}
	if len(m.Values) == 0 {
		m.Not = "no other entry can stand above a name without a dot, so there is nothing to do"
	}
}

// beside is what only the private ways have on this server.
func (h hand) beside(m *Manual, s setup.State) bool {
	switch s := s.(type) {
	case setup.PrivateNetwork:
		m.terminal("docker network create --subnet " + s.Subnet + " " + s.Name)
	case setup.Certificate:
		certificate(m, s)
	case setup.FrontConfig:
		m.Not = "nginx shall do exactly what was proven, so Culvert writes the file whole and writes it again when it changes"
	case setup.Sidecar:
		m.terminal("docker compose -p " + s.Project + " -f " + s.File + " up -d " + s.Spec.Service)
	case setup.ComposeNetwork:
		m.Where = "In the file " + s.Path + ", at the service " + s.Service + ", beside its other networks (write default out if it has none)"
		m.Values = append([]Value{{"networks, a new one", s.Network}}, endpointValues(s.Endpoint)...)
		m.Values = append(m.Values, Value{"networks, at the end of the file", s.Network + ": external: true, with this name"})
	case setup.Attachment:
		m.terminal("docker network connect" + placeFlags(s.Endpoint) + " " + s.Network + " $(docker compose -p " + s.Project + " ps -q " + s.Service + ")")
	case setup.Predecessor:
		m.terminal("docker compose -p " + s.Project + " stop " + s.Service)
	default:
		return false
	}
	return true
}

func certificate(m *Manual, c setup.Certificate) {
	switch c.Source {
	case setup.FromOwner:
		m.Where = "In the folder " + c.Dir
		m.Values = []Value{{"The certificate with its chain", setup.CertificateFile}, {"Its key", setup.KeyFile}}
	case setup.FromInternal:
		m.Not = "it is signed by Culvert’s own authority, whose key never leaves this server, and is renewed in time"
	default:
		m.Not = "Let’s Encrypt asks for a record of your domain as proof, again at each renewal"
	}
}

func endpointValues(e setup.Endpoint) []Value {
	var values []Value
	if e.Address != "" {
		values = append(values, Value{"ipv4_address", e.Address})
	}
	if len(e.Aliases) > 0 {
		values = append(values, Value{"aliases", strings.Join(e.Aliases, ", ")})
	}
	return values
}

func placeFlags(e setup.Endpoint) string {
	var flags string
	if e.Address != "" {
		flags += " --ip " + e.Address
	}
	for _, a := range e.Aliases {
		flags += " --alias " + a
	}
	return flags
}

// connectorValues is what the connector's file says, with the services beside it.
func connectorValues(c setup.ConnectorFile) []Value {
	values := []Value{
		{"Image", c.Image}, {"Command", "tunnel --no-autoupdate run"}, {"Restart policy", "unless-stopped"},
		{"External network", c.Network}, {"TUNNEL_TOKEN", "the token on the tunnel’s page"},
	}
	for _, n := range c.Networks {
		values = append(values, Value{"External network", n})
	}
	if c.Protocol != "" {
		values = append(values, Value{"TUNNEL_TRANSPORT_PROTOCOL", c.Protocol})
	}
	for _, s := range c.Sidecars {
		values = append(values, Value{"A further service", s.Service}, Value{s.Service + ": image", s.Image}, Value{s.Service + ": command", strings.Join(s.Command(), " ")})
		if s.Dir != "" {
			values = append(values, Value{s.Service + ": folder, read-only", s.Dir + " at " + setup.FrontMount})
		}
		for _, e := range s.Networks {
			values = append(values, Value{s.Service + ": network", e.Network})
			for _, v := range endpointValues(e) {
				values = append(values, Value{s.Service + ": " + v.Name, v.Text})
			}
		}
	}
	return values
}

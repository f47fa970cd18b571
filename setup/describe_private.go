package setup

import (
	"fmt"
	"strings"
)

// privateName says what a thing of the private modes is, in plain words; profile
// is what the device profile is called, if that is known.
func privateName(s State, profile string) string {
	switch s := s.(type) {
	case DeviceProfile:
		return "The team's devices" + inProfile(s.ID, profile)
	case VirtualNetwork:
		return "The account's private address space (virtual network)"
	case Enrolment:
		return "How devices join your account (device enrolment)"
	case EnrolmentRule:
		if s.Policy.Lit != "" { // an id tells nobody anything
			return "Who may add a device (device enrolment permission)"
		}
		return "Who may add a device: rule " + nameOfID(s.Policy) + " (device enrolment permission)"
	case PrivateNetwork:
		return "Culvert's own Docker network " + s.Name
	case Certificate:
		return "Certificate for " + s.Name
	case FrontConfig:
		return "Configuration of the TLS front (nginx)"
	case Sidecar:
		return sidecarName(s.Spec.Service)
	case ComposeNetwork:
		return fmt.Sprintf("Network %s of %s in %s", s.Network, s.Service, base(s.Path))
	case Attachment:
		return fmt.Sprintf("Network %s of the running %s", s.Network, s.Service)
	case GatewayProxy:
		return "Devices' traffic goes through Gateway (Gateway proxy)"
	case ICMPProxy:
		return "Devices' pings go through Gateway (ICMP proxy)"
	case DNSLocation:
		return "Where Gateway takes DNS queries: " + s.Name + " (DNS location)"
	case Route:
		return "Way to " + s.Network + " through the tunnel (CIDR route)"
	case HostnameRoute:
		return "Way to " + s.Hostname + " through the tunnel (hostname route)"
	case SplitTunnel:
		return "Devices send " + rangeName(s) + " through WARP" + inProfile(s.Profile, profile) + " (split tunnel)"
	case Fallback:
		return "Whom devices ask for " + s.Suffix + inProfile(s.Profile, profile) + " (Local Domain Fallback)"
	case Shadow:
		return "What keeps devices from asking Gateway for " + s.Hostname + inProfile(s.Profile, profile) + " (Local Domain Fallback)"
	case Predecessor:
		return "The hand-made service " + s.Service + " of " + s.Project
	}
	return ""
}

func sidecarName(service string) string {
	if service == DNSService {
		return "DNS for the private name (dnsmasq container)"
	}
	return "TLS front (nginx container)"
}

func inProfile(id, name string) string {
	if id == DefaultProfile {
		return ""
	}
	return ", device profile " + calledOr(name, id)
}

// ofProfile is inProfile within a sentence.
func ofProfile(id, name string) string {
	if id == DefaultProfile {
		return ""
	}
	return " of the device profile " + calledOr(name, id)
}

func calledOr(name, id string) string {
	if name == "" {
		return id
	}
	return "“" + name + "”"
}

func rangeName(s SplitTunnel) string {
	switch {
	case s.Network != ResolvedRange:
		return s.Network
	case s.Range != "":
		return s.Range
	}
	return "the addresses that Gateway gives for private names"
}

func describePrivate(s State) []string {
	switch s := s.(type) {
	case DeviceProfile:
		return []string{yesNo(s.Carries, "WARP carries their traffic", "WARP carries DNS queries only")}
	case VirtualNetwork:
		return []string{yesNo(s.Name == "", "the default one", s.Name)}
	case Enrolment:
		return []string{"an enrolment lasts " + s.Session}
	case EnrolmentRule:
		return []string{"rule " + nameOfID(s.Policy)}
	case PrivateNetwork:
		return []string{"subnet " + s.Subnet}
	case Certificate:
		return describeCertificate(s)
	case FrontConfig:
		return []string{"names " + strings.Join(s.Names, ", "), "443 (TLS) → " + s.Upstream, "80 → https"}
	case Sidecar:
		return append([]string{yesNo(s.Running, "running", "stopped")}, describeSpec(s.Spec)...)
	case ComposeNetwork:
		return []string{s.Endpoint.String()}
	case Attachment:
		return []string{s.Endpoint.String()}
	case GatewayProxy:
		return []string{"TCP " + yesNo(s.TCP, "on", "off"), "UDP " + yesNo(s.UDP, "on", "off")}
	case ICMPProxy:
		return []string{yesNo(s.On, "on", "off")}
	case DNSLocation:
		return []string{yesNo(s.Default, "the default one", "not the default one")}
	}
	return describeDevices(s)
}

// describeDevices is about what devices are told.
func describeDevices(s State) []string {
	switch s := s.(type) {
	case Route:
		return []string{"to tunnel " + nameOfID(s.Tunnel), "in virtual network " + nameOfID(s.VNet)}
	case HostnameRoute:
		return []string{"to tunnel " + nameOfID(s.Tunnel)}
	case SplitTunnel:
		return describeSplit(s)
	case Fallback:
		if len(s.Servers) == 0 && !s.Bare {
			return []string{"no entry"}
		}
		return []string{"asked of " + serversText(s.Servers)}
	case Shadow:
		if len(s.Entries) == 0 {
			return []string{"no entry"}
		}
		var lines []string
		for _, e := range s.Entries {
			lines = append(lines, fmt.Sprintf("%s is asked of %s instead", e.Suffix, serversText(e.Servers)))
		}
		return lines
	case Predecessor:
		return []string{yesNo(s.Running, "running", "stopped")}
	}
	return nil
}

func serversText(servers []string) string {
	if len(servers) == 0 {
		return "the device's own DNS"
	}
	return strings.Join(servers, ", ")
}

func (e Endpoint) String() string {
	text := "network " + e.Network
	if e.Address != "" {
		text += " at " + e.Address
	}
	if len(e.Aliases) > 0 {
		text += " as " + strings.Join(e.Aliases, ", ")
	}
	return text
}

func describeCertificate(c Certificate) []string {
	from := map[Source]string{FromACME: "publicly trusted (ACME)", FromInternal: "of a CA of your own", FromOwner: "yours"}[c.Source]
	lines := []string{from, yesNo(c.Valid, "valid", "not valid")}
	if c.Wildcard {
		lines = append(lines, "for every name beside it (wildcard)")
	}
	if c.Overdue {
		lines = append(lines, "not renewed in time")
	}
	return lines
}

func describeSpec(s SidecarSpec) []string {
	lines := []string{s.Service + ": image " + heldBy(s.Image)}
	for _, e := range s.Networks {
		lines = append(lines, s.Service+": "+e.String())
	}
	for _, n := range s.Names {
		lines = append(lines, n.Name+" is at "+n.Address)
	}
	if s.Config != "" {
		lines = append(lines, "configuration "+s.Config)
	}
	return lines
}

func describeConnectorFile(c ConnectorFile) []string {
	lines := []string{"project " + c.Project, "image " + heldBy(c.Image), "network " + c.Network, "token of tunnel " + nameOfID(c.Tunnel)}
	lines = append(lines, describeWay(c.Networks, c.Protocol)...)
	for _, s := range c.Sidecars {
		lines = append(lines, describeSpec(s)...)
	}
	return lines
}

// describeWay is how a connector stands between networks and Cloudflare.
func describeWay(networks []string, protocol string) []string {
	var lines []string
	for _, n := range networks {
		lines = append(lines, "network "+n)
	}
	if protocol != "" {
		lines = append(lines, "protocol "+protocol)
	}
	return lines
}

func yesNo(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// describeSplit also names the entries of others that keep a range out, because
// they are replaced by smaller ones around it.
func describeSplit(s SplitTunnel) []string {
	switch {
	case s.Through:
		return []string{"through WARP"}
	case s.Include || len(s.Covering) == 0:
		return []string{"past WARP"}
	}
	return []string{"past WARP, by " + strings.Join(s.Covering, " and "), "(the rest of that stays past WARP, in smaller entries)"}
}

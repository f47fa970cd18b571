package setup

import (
	"slices"
	"strings"
)

// wantPrivate is what a private mode asks for beside the rest.
func (a Answers) wantPrivate(w map[Key]State) {
	a.wantPrivateLocks(w)
	a.wantEnrolment(w)
	a.wantGateway(w)
	a.wantBeside(w)
	if a.Mode == ModeFallback {
		a.wantFallback(w)
	} else {
		a.wantHostnameRoute(w)
	}
}

// wantPrivateLocks asks for a login on every way to the private name, on all
// ports and for TCP and UDP. By name Access matches the name in the TLS greeting
// and, in mode hostname, the address that Gateway gave for it; a route by address
// leads past both, so the address has a lock of its own.
func (a Answers) wantPrivateLocks(w map[Key]State) {
	lock := func(on string, d PrivateDestination) App {
		return App{Name: "Lock on " + on, Destinations: []string{d.String()}, Policies: []ID{Ref(a.teamKey())}, Session: a.session()}
	}
	w[a.NameLockKey()] = lock(a.Private.Name, PrivateDestination{Hostname: a.Private.Name})
	if on := a.appRange(); a.Mode == ModeFallback && on != "" {
		w[a.AddressLockKey()] = lock(strings.TrimSuffix(on, "/32")+" ("+a.Private.Name+")", PrivateDestination{Network: on})
	}
}

// wantEnrolment lets the team's devices join the account. An enrolment lasts at
// least as long as a login to the app.
func (a Answers) wantEnrolment(w map[Key]State) {
	w[a.enrolmentKey()] = Enrolment{Session: a.session()}
	w[a.enrolmentRuleKey()] = EnrolmentRule{App: Ref(a.enrolmentKey()), Policy: Ref(a.teamKey())}
}

func (a Answers) wantGateway(w map[Key]State) {
	w[a.vnetKey()] = VirtualNetwork{Name: a.Private.VNet, Default: a.Private.VNet == ""}
	w[a.gatewayKey()] = GatewayProxy{TCP: true, UDP: true}
	if a.Private.ICMP {
		w[a.icmpKey()] = ICMPProxy{On: true}
	}
	if a.Private.Location {
		w[a.locationKey()] = DNSLocation{Name: "Default DNS Location", Default: true}
	}
	for _, profile := range a.Private.profiles() {
		w[a.profileKey(profile)] = DeviceProfile{ID: profile, Carries: true}
	}
}

// wantFallback: devices ask dnsmasq, which they reach by its address, and then
// the address that it told.
func (a Answers) wantFallback(w map[Key]State) {
	p := a.Private
	for _, network := range []string{a.appRange(), host32(p.DNS)} {
		if network != "" {
			w[a.routeKeyTo(network)] = Route{Network: network, VNet: Ref(a.vnetKey()), Tunnel: Ref(a.TunnelKey()), Comment: p.Comment}
		}
	}
	for _, profile := range p.profiles() {
		for _, network := range a.routed() {
			w[a.splitTunnelKey(profile, network)] = SplitTunnel{Profile: profile, Network: network, Through: true}
		}
		w[a.fallbackKey(profile)] = Fallback{Profile: profile, Suffix: p.Name, Servers: []string{p.DNS}}
	}
}

// appRange is what the route to the app and the login on it are about: its
// address, or the whole network around it. Empty: it is not known yet.
func (a Answers) appRange() string {
	if a.whole() {
		return a.Private.Within
	}
	return host32(a.Private.Address)
}

// routed are the ranges that devices must send through WARP. Of a followed app
// it is the whole range of its network: what devices are told about ranges reaches
// them after minutes, and when the app moves nothing new has to.
func (a Answers) routed() []string {
	if a.Private.Within != "" {
		return []string{a.Private.Subnet, a.Private.Within}
	}
	return []string{a.Private.Subnet}
}

// wantHostnameRoute: devices ask Gateway, which gives an address of its own and
// hands what comes there to the connector, by name. An entry of Local Domain
// Fallback would keep the question from Gateway.
func (a Answers) wantHostnameRoute(w map[Key]State) {
	p := a.Private
	w[a.hostnameRouteKey()] = HostnameRoute{Hostname: NormalName(p.Name), Tunnel: Ref(a.TunnelKey()), Comment: p.Comment}
	for _, profile := range p.profiles() {
		w[a.splitTunnelKey(profile, ResolvedRange)] = SplitTunnel{Profile: profile, Network: ResolvedRange, Through: true}
		w[a.fallbackKey(profile)] = Fallback{Profile: profile, Suffix: p.Name}
		w[a.shadowKey(profile)] = Shadow{Profile: profile, Hostname: p.Name}
	}
}

// wantBeside is what stands on this server: the network, and in it the front or
// the app itself.
func (a Answers) wantBeside(w map[Key]State) {
	w[a.privateNetworkKey()] = PrivateNetwork{Name: a.Stack.PrivateNetwork, Subnet: a.Private.Subnet}
	if a.Private.Front != nil {
		w[a.certificateKey()] = a.certificate()
		w[a.frontConfigKey()] = a.frontConfig()
	} else if !a.Private.Follow {
		w[a.composeNetworkKey()] = ComposeNetwork{Path: a.Stack.ComposeFile, Service: a.Stack.Service, Endpoint: a.place()}
		w[a.attachmentKey()] = Attachment{Project: a.Stack.Project, Service: a.Stack.Service, Endpoint: a.place()}
	}
	for _, spec := range a.sidecars() {
		w[a.sidecarKey(spec.Service)] = Sidecar{File: a.Stack.ConnectorFile, Project: a.Stack.ConnectorProject, Spec: spec, Running: true}
	}
	for _, s := range a.Private.Replaces {
		w[a.predecessorKey(s)] = Predecessor{Project: s.Project, Service: s.Service}
	}
}

// place is where the private name leads: its address in the private network,
// and the name itself, which Docker's own DNS answers there.
func (a Answers) place() Endpoint {
	return Endpoint{Network: a.Stack.PrivateNetwork, Address: a.Private.Address, Aliases: []string{a.Private.Name}}
}

func (a Answers) frontConfig() FrontConfig {
	return FrontConfig{Dir: a.Stack.FrontDir, Names: []string{a.Private.Name}, Upstream: strings.TrimPrefix(a.Stack.origin(), "http://")}
}

// sidecars are the services beside cloudflared, sorted.
func (a Answers) sidecars() []SidecarSpec {
	var specs []SidecarSpec
	if a.Private == nil {
		return nil
	}
	if a.Mode == ModeFallback {
		specs = append(specs, SidecarSpec{
			Service: DNSService, Image: a.Private.DNSImage,
			Networks: []Endpoint{{Network: a.Stack.PrivateNetwork, Address: a.Private.DNS}},
			Names:    []HostAddress{{a.Private.Name, a.Private.Address}},
		})
	}
	if f := a.Private.Front; f != nil {
		networks := []Endpoint{{Network: a.Stack.Network}, a.place()}
		slices.SortFunc(networks, func(x, y Endpoint) int { return strings.Compare(x.Network, y.Network) })
		specs = append(specs, SidecarSpec{
			Service: FrontService, Image: f.Image, Networks: networks, Dir: a.Stack.FrontDir, Config: Digest(a.frontConfig()),
		})
	}
	return specs
}

// networks are those of the connector beside the app's.
func (a Answers) networks() []string {
	if a.Private == nil {
		return nil
	}
	return []string{a.Stack.PrivateNetwork}
}

// protocol is how the connector talks to Cloudflare. Devices ask dnsmasq over
// UDP, which only QUIC carries.
func (a Answers) protocol() string {
	switch {
	case a.Private == nil:
		return ""
	case a.Private.Protocol == "" && a.Mode == ModeFallback:
		return protocolQUIC
	}
	return a.Private.Protocol
}

// Protocols of a connector (TUNNEL_TRANSPORT_PROTOCOL).
const (
	protocolQUIC  = "quic"
	protocolHTTP2 = "http2"
)

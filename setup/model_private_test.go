package setup

import (
	"net/netip"
	"slices"
	"strings"
)

// privateID is the id of things of the private modes that have one by nature.
func privateID(k Key, s State) string {
	switch s := s.(type) {
	case EnrolmentRule:
		return s.Policy.Lit
	case Attachment:
		return s.Network
	case ComposeNetwork, Certificate:
		return k.Name
	case FrontConfig:
		return s.Path()
	case Sidecar:
		return s.Spec.Service
	}
	return ""
}

// putPrivate shows what a Port shows of any account and host.
func (m *model) putPrivate(setups ...Answers) {
	m.put(account, "vnet-1", "", VirtualNetwork{Name: "default", Default: true})
	m.put(account, DefaultProfile, "", DeviceProfile{ID: DefaultProfile, Carries: true, Devices: 14})
	m.put(account, "gateway-proxy", "", GatewayProxy{})
	m.put(account, "icmp-proxy", "", ICMPProxy{})
	m.put(account, DefaultProfile+"/"+ResolvedRange, "", SplitTunnel{Profile: DefaultProfile, Network: ResolvedRange})
	for _, a := range setups {
		m.put(a.Stack.serviceScope(), "site", "", Site{Project: a.Stack.Project, Service: a.Stack.Service, Domain: "localhost:8000"})
		p := inMode(a, ModeFallback).Private
		for _, network := range append(appNetwork(a).Subnets, p.Subnet) {
			m.put(account, DefaultProfile+"/"+network, "", SplitTunnel{Profile: DefaultProfile, Network: network})
		}
		m.put(account, DefaultProfile+"/"+p.Name, "", Fallback{Profile: DefaultProfile, Suffix: p.Name})
		m.put(account, DefaultProfile+"/"+p.Name, "", Shadow{Profile: DefaultProfile, Hostname: p.Name})
	}
}

// inMode is a setup of the tests with its team coming in another way.
func inMode(a Answers, mode Mode) Answers {
	name := string(a.Setup) + ".your-org"
	a.Mode, a.Private = mode, nil
	a.Settings = slices.DeleteFunc(slices.Clone(a.Settings), func(i Item) bool { return strings.HasSuffix(i.Value, name) })
	if !mode.Private() {
		return a
	}
	subnet := "172.30.250.0/28"
	if a.Setup != "ocs" {
		subnet = "172.30.250.16/28"
	}
	first := netip.MustParsePrefix(subnet).Addr().Next().Next()
	a.Settings = append(a.Settings, Item{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + name}, Item{Name: "DJANGO_ALLOWED_HOSTS", Value: name})
	a.Stack.PrivateNetwork, a.Stack.FrontDir = "culvert-"+string(a.Setup), "/var/lib/culvert/"+string(a.Setup)
	a.Private = &Private{
		Name: name, Subnet: subnet, Address: first.String(), DNS: first.Next().String(), DNSImage: "dnsmasq:2.91",
		Front: &Front{Image: "nginx:1.28", Source: FromInternal},
	}
	return a
}

// withoutFront is a setup whose app itself gets the address.
func withoutFront(a Answers) Answers {
	if a.Private != nil {
		p := *a.Private
		p.Front, a.Private = nil, &p
	}
	return a
}

// followed is a setup without a front whose app keeps to its own network.
func followed(a Answers) Answers {
	if a = withoutFront(a); a.Mode == ModeFallback {
		a.Private.Follow, a.Private.Address = true, ""
	}
	return a
}

// whole is a followed setup for which all of its network is routed, as was agreed
// to of what is in it.
func whole(a Answers) Answers {
	if a = followed(a); a.Mode == ModeFallback {
		a.Private.Whole = true
		n := appNetwork(a)
		k := Key{KindRoute, a.Account, n.Subnets[0]}
		a.Consents = append(slices.Clone(a.Consents), GivenConsent{k, Consent{n.Name, a.Stack.Project + "/db," + a.Stack.Project + "/web"}})
	}
	return a
}

// appNetwork is the network that Docker made for an app, with its database in it.
func appNetwork(a Answers) Network {
	base := "172.18.0."
	if a.Setup != "ocs" {
		base = "172.19.0."
	}
	return Network{Name: a.Stack.Network, Subnets: []string{base + "0/16"},
		Members: []Member{{a.Stack.Project, "db", base + "3"}, {a.Stack.Project, a.Stack.Service, base + "7"}}}
}

// move makes an app's container anew: it gets another address, and the database
// takes the one that it had.
func (m *model) move(project string) {
	o := m.find(KindNetwork, project+"_default")
	n := o.State.(Network)
	was := n.Members[1].Address
	n.Members = []Member{{project, "db", was}, {project, "web", netip.MustParseAddr(was).Next().String()}}
	o.State = n
}

// stop stops an app's container: it has no address any more.
func (m *model) stop(project string) {
	o := m.find(KindNetwork, project+"_default")
	n := o.State.(Network)
	n.Members = n.Members[:1]
	o.State = n
}

// placedAs is this world with each container where it is in another one. What a
// step opened is what was not open before it at the same addresses: a container
// that Docker moved opened nothing.
func (m *model) placedAs(now *model) *model {
	c := m.clone()
	for i, o := range c.Objects {
		if o.State.Kind() == KindNetwork {
			c.Objects[i].State = now.find(KindNetwork, o.ID).State
		}
	}
	return c
}

// displaced says whether a followed app is elsewhere than devices are told.
func (m *model) displaced(a Answers) bool {
	return a.follows() && !slices.Contains(a.addresses(m.World), a.told(m.ledger))
}

// enters says whether the team gets in: by the public name, or by the private
// one.
func (m *model) enters(a Answers) bool {
	name := inMode(a, ModeFallback).Private.Name
	return m.entersPublic(a) || m.entersByDNS(a, name) || m.entersByGateway(a, name)
}

func (m *model) entersPublic(a Answers) bool {
	if !m.reaches(a.Hostname) || !m.accepts(a, a.Hostname) || !m.allows(a.Hostname) {
		return false
	}
	for _, o := range m.Objects {
		if i, ok := o.State.(Ingress); ok && i.Host == a.Hostname {
			return len(i.Rules) > 0 && i.Rules[len(i.Rules)-1].Path == ""
		}
	}
	return false
}

// allows says whether the application on a destination lets the team in.
func (m *model) allows(destination string) bool {
	for _, o := range m.Objects {
		app, ok := o.State.(App)
		if !ok || !slices.Contains(app.Destinations, destination) {
			continue
		}
		for _, id := range app.Policies {
			if p := m.find(KindPolicy, id.Lit); p != nil && p.State.(Policy).Decision == Allow {
				return true
			}
		}
	}
	return false
}

func (m *model) entersByDNS(a Answers, name string) bool {
	fallback := m.find(KindFallback, DefaultProfile+"/"+name)
	gateway := m.find(KindGatewayProxy, "gateway-proxy").State.(GatewayProxy)
	servers := fallback.State.(Fallback).Servers
	if len(servers) == 0 || !gateway.UDP || !gateway.TCP {
		return false
	}
	address := m.dnsAnswer(servers[0], name)
	return address != "" && m.routed(servers[0]) && m.quic() && m.routed(address) && m.listens(address) &&
		m.lockAt(address) != "" && m.allows(m.lockAt(address)) && m.accepts(a, name)
}

// lockAt is the closest private destination with an application on it around an
// address; empty: there is none.
func (m *model) lockAt(address string) string {
	best, bits := "", -1
	for _, o := range m.Objects {
		app, _ := o.State.(App)
		for _, text := range app.Destinations {
			d, private := ParsePrivate(text)
			at, err := netip.ParsePrefix(d.Network)
			if private && err == nil && at.Contains(netip.MustParseAddr(address)) && at.Bits() > bits {
				best, bits = text, at.Bits()
			}
		}
	}
	return best
}

// letsInto says whether the team gets to whatever is at an address.
func (m *model) letsInto(address string) bool {
	lock := m.lockAt(address)
	return m.routed(address) && lock != "" && m.allows(lock)
}

func (m *model) entersByGateway(a Answers, name string) bool {
	fallback := m.find(KindFallback, DefaultProfile+"/"+name).State.(Fallback)
	shadow := m.find(KindShadow, DefaultProfile+"/"+name).State.(Shadow)
	through := m.find(KindSplitTunnel, DefaultProfile+"/"+ResolvedRange).State.(SplitTunnel).Through
	gateway := m.find(KindGatewayProxy, "gateway-proxy").State.(GatewayProxy)
	if len(fallback.Servers) > 0 || len(shadow.Entries) > 0 || !through || !gateway.TCP {
		return false
	}
	return m.hostnameRouted(name) && m.allows(PrivateDestination{Hostname: name}.String()) && m.accepts(a, name)
}

func (m *model) hostnameRouted(name string) bool {
	for _, o := range m.Objects {
		if r, ok := o.State.(HostnameRoute); ok && r.Hostname == name {
			for _, at := range m.places() {
				if slices.Contains(at.Aliases, name) && m.joins(r.Tunnel.Lit, at.Network) {
					return true
				}
			}
		}
	}
	return false
}

// dnsAnswer is what dnsmasq at an address says about a name.
func (m *model) dnsAnswer(server, name string) string {
	for _, o := range m.Objects {
		s, ok := o.State.(Sidecar)
		if !ok || !s.Running || s.Spec.Service != DNSService || s.Spec.Networks[0].Address != server {
			continue
		}
		for _, n := range s.Spec.Names {
			if n.Name == name {
				return n.Address
			}
		}
	}
	return ""
}

// routed says whether a device gets to an address: it sends the range through
// WARP, and a route and a connector carry it there.
func (m *model) routed(address string) bool {
	through := slices.ContainsFunc(m.Objects, func(o Object) bool {
		s, ok := o.State.(SplitTunnel)
		return ok && s.Through && overlaps(s.Network, host32(address))
	})
	return through && m.carried(address)
}

func (m *model) carried(address string) bool {
	best, bits := Route{}, -1
	for _, o := range m.Objects {
		r, ok := o.State.(Route)
		if !ok || !overlaps(r.Network, host32(address)) {
			continue
		}
		if at := netip.MustParsePrefix(r.Network); at.Bits() > bits {
			best, bits = r, at.Bits()
		}
	}
	return bits >= 0 && slices.ContainsFunc(m.places(), func(at Endpoint) bool { return at.Address == address && m.joins(best.Tunnel.Lit, at.Network) })
}

// places are where containers stand with an address or a name of their own.
func (m *model) places() []Endpoint {
	var all []Endpoint
	for _, o := range m.Objects {
		switch s := o.State.(type) {
		case Sidecar:
			if s.Running {
				all = append(all, s.Spec.Networks...)
			}
		case Attachment:
			all = append(all, s.Endpoint)
		case Network:
			for _, member := range s.Members {
				all = append(all, Endpoint{Network: s.Name, Address: member.Address})
			}
		}
	}
	return all
}

// listens says whether the app, or the front with all it needs, is at an address.
func (m *model) listens(address string) bool {
	for _, o := range m.Objects {
		switch s := o.State.(type) {
		case Attachment:
			if s.Address == address {
				return true
			}
		case Network:
			if slices.ContainsFunc(s.Members, func(member Member) bool { return member.Address == address && member.Service == "web" }) {
				return true
			}
		case Sidecar:
			at := func(e Endpoint) bool { return e.Address == address }
			if s.Spec.Service == FrontService && s.Running && slices.ContainsFunc(s.Spec.Networks, at) {
				return m.find(KindFrontConfig, s.Spec.Dir+"/nginx.conf") != nil
			}
		}
	}
	return false
}

func (m *model) isDatabase(address string) bool {
	return slices.ContainsFunc(m.Objects, func(o Object) bool {
		n, ok := o.State.(Network)
		return ok && slices.ContainsFunc(n.Members, func(member Member) bool { return member.Address == address && member.Service == "db" })
	})
}

// joins says whether a running connector of a tunnel is in a network.
func (m *model) joins(tunnel, network string) bool {
	return m.connected(tunnel) && slices.ContainsFunc(m.Objects, func(o Object) bool {
		c, ok := o.State.(Connector)
		return ok && c.Running && c.Tunnel.Lit == tunnel && (c.Network == network || slices.Contains(c.Networks, network))
	})
}

func (m *model) quic() bool {
	return slices.ContainsFunc(m.Objects, func(o Object) bool {
		c, ok := o.State.(Connector)
		return ok && c.Protocol != protocolHTTP2
	})
}

// openInside lists what any device of the account can reach without a login:
// addresses and names that a route leads to and no lock is on. Without the
// Gateway proxy no lock counts.
func (m *model) openInside() []string {
	var open []string
	gateway := m.find(KindGatewayProxy, "gateway-proxy").State.(GatewayProxy)
	locked := func(destination string) bool { return gateway.TCP && destination != "" && m.hasLock(destination) }
	for _, at := range m.places() {
		if at.Address != "" && (m.listens(at.Address) || m.isDatabase(at.Address)) && m.carried(at.Address) && !locked(m.lockAt(at.Address)) {
			open = append(open, "address "+at.Address)
		}
		for _, name := range at.Aliases {
			if m.hostnameRouted(name) && !locked(PrivateDestination{Hostname: name}.String()) {
				open = append(open, "name "+name)
			}
		}
	}
	return open
}

func (m *model) hasLock(destination string) bool {
	return slices.ContainsFunc(m.Objects, func(o Object) bool {
		app, ok := o.State.(App)
		return ok && slices.Contains(app.Destinations, destination) && !m.bypasses(app)
	})
}

package setup

// GatewayProxy is whether devices of the account send TCP and UDP through
// Gateway (Zero Trust → Traffic policies → Traffic settings). Without it private
// traffic is not checked against Access applications, and DNS queries do not
// reach private servers. One of an account, always there: one object with the ID
// "gateway-proxy".
//
// It is written by PATCH of devices/settings with these two fields alone: a PUT
// would reset the others (Cloudflare API, device settings).
type GatewayProxy struct {
	TCP bool `json:"tcp"`
	UDP bool `json:"udp"`
}

func (GatewayProxy) Kind() Kind                 { return KindGatewayProxy }
func (g GatewayProxy) mapIDs(func(ID) ID) State { return g }
func (GatewayProxy) occupies() []string         { return []string{"the Gateway proxy"} }

// met: what is on further than asked stays on.
func (g GatewayProxy) met(have State) bool {
	h, ok := have.(GatewayProxy)
	return ok && (h.TCP || !g.TCP) && (h.UDP || !g.UDP)
}
func (g GatewayProxy) over(have State) State {
	old, _ := have.(GatewayProxy)
	return GatewayProxy{TCP: g.TCP || old.TCP, UDP: g.UDP || old.UDP}
}

// ICMPProxy is whether pings from devices go through Gateway too. One of an
// account, always there: one object with the ID "icmp-proxy". Written by PATCH of
// zerotrust/connectivity_settings with icmp_proxy_enabled alone.
type ICMPProxy struct {
	On bool `json:"on"`
}

func (ICMPProxy) Kind() Kind                 { return KindICMPProxy }
func (i ICMPProxy) mapIDs(func(ID) ID) State { return i }
func (ICMPProxy) occupies() []string         { return []string{"the proxy for pings"} }
func (i ICMPProxy) met(have State) bool      { return Same(i, have) }
func (i ICMPProxy) over(State) State         { return i }

// DNSLocation is a place whose DNS queries Gateway answers. Devices with WARP do
// not need one (Cloudflare's pages on private DNS and private hostnames list no
// such step), so it is wanted only if the operator asks for it, as the guide
// does. Any default location satisfies it and is left as it is; only if there is
// none, one is made, without network restriction.
//
// A Port shows every location of the account. The Mark stands in the name.
type DNSLocation struct {
	Name    string `json:"name"`
	Default bool   `json:"default"` // client_default

	// Networks restrict the location to queries from some public addresses.
	// Devices that use WARP elsewhere do not match those.
	Networks []string `json:"-"`
}

func (DNSLocation) Kind() Kind                 { return KindDNSLocation }
func (d DNSLocation) mapIDs(func(ID) ID) State { return d }
func (d DNSLocation) over(State) State         { return d }
func (d DNSLocation) occupies() []string {
	if d.Default {
		return []string{"the default location"}
	}
	return nil
}
func (d DNSLocation) met(have State) bool {
	h, ok := have.(DNSLocation)
	return ok && h.Default
}

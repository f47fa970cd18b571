package setup

import "strings"

// The keys of what only the private modes want.

// NameLockKey is the key of the application on the private name.
func (a Answers) NameLockKey() Key { return a.key(KindApp, lockPrefix+a.Private.Name) }

// AddressLockKey is the key of the application on the address that the private
// name leads to, or on the whole network around it. It is apart from the name's:
// when the address changes, the old one stays locked for as long as a route leads
// there.
func (a Answers) AddressLockKey() Key {
	return a.key(KindApp, lockPrefix+strings.TrimSuffix(a.appRange(), "/32"))
}

// AppRouteKey is the key of the route that leads to the app, or to the whole
// network around it.
func (a Answers) AppRouteKey() Key { return a.routeKeyTo(a.appRange()) }

func (a Answers) enrolmentKey() Key     { return a.key(KindEnrolment, "devices") }
func (a Answers) enrolmentRuleKey() Key { return a.key(KindEnrolmentRule, "team/"+string(a.Setup)) }
func (a Answers) profileKey(profile string) Key {
	return a.key(KindDeviceProfile, profile)
}
func (a Answers) vnetKey() Key {
	if a.Private.VNet == "" {
		return a.key(KindVirtualNetwork, "default")
	}
	return a.key(KindVirtualNetwork, "named "+a.Private.VNet)
}
func (a Answers) gatewayKey() Key             { return a.key(KindGatewayProxy, "gateway-proxy") }
func (a Answers) icmpKey() Key                { return a.key(KindICMPProxy, "icmp-proxy") }
func (a Answers) locationKey() Key            { return a.key(KindDNSLocation, "default") }
func (a Answers) routeKey(address string) Key { return a.routeKeyTo(host32(address)) }
func (a Answers) routeKeyTo(network string) Key {
	if a.Private.VNet == "" {
		return a.key(KindRoute, network)
	}
	return a.key(KindRoute, network+" in "+a.Private.VNet)
}
func (a Answers) hostnameRouteKey() Key { return a.key(KindHostnameRoute, a.Private.Name) }
func (a Answers) splitTunnelKey(profile, network string) Key {
	return a.key(KindSplitTunnel, profile+"/"+network)
}
func (a Answers) fallbackKey(profile string) Key {
	return a.key(KindFallback, profile+"/"+a.Private.Name)
}
func (a Answers) shadowKey(profile string) Key { return a.key(KindShadow, profile+"/"+a.Private.Name) }

func (a Answers) privateNetworkKey() Key {
	return Key{KindPrivateNetwork, "docker", a.Stack.PrivateNetwork}
}
func (a Answers) composeNetworkKey() Key {
	return Key{KindComposeNetwork, a.Stack.ComposeFile, a.Stack.Service + "/" + a.Stack.PrivateNetwork}
}
func (a Answers) attachmentKey() Key {
	return Key{KindAttachment, a.Stack.serviceScope(), a.Stack.PrivateNetwork}
}
func (a Answers) certificateKey() Key {
	return Key{KindCertificate, CertificateScope, a.Private.Name}
}
func (a Answers) frontConfigKey() Key {
	return Key{KindFrontConfig, FrontConfig{Dir: a.Stack.FrontDir}.Path(), FrontService}
}
func (a Answers) sidecarKey(service string) Key {
	return Key{KindSidecar, a.Stack.ConnectorProject, service}
}
func (a Answers) predecessorKey(s Service) Key {
	return Key{KindPredecessor, s.Project + "/" + s.Service, s.Service}
}

package setup

import "strings"

// privateRelation is the relation between things of the private modes, and of
// what comes last in every mode.
func privateRelation(k Key, s State, o Key, other State) strength {
	switch k.Kind {
	case KindEnrolmentRule, KindFrontConfig:
		return when(o.isLock(), hard)
	case KindComposeNetwork:
		return when(o.isLock() || o.Kind == KindPrivateNetwork, hard)
	case KindAttachment:
		return when(o.isLock() || o.Kind == KindPrivateNetwork || o.Kind == KindComposeNetwork, hard)
	case KindCertificate:
		return when(o.Kind == KindZone && s.(Certificate).Source == FromACME, hard)
	case KindSidecar:
		return beforeSidecar(s.(Sidecar), o)
	case KindRoute, KindHostnameRoute:
		return beforeRoute(o)
	case KindSplitTunnel, KindFallback, KindShadow:
		return beforeDevices(k, o)
	case KindSite, KindPredecessor:
		return when(carries(o) || o.Kind == KindDNSRecord || devicesFollow(o), hard)
	}
	return none
}

// beforeSidecar: what answers beside the connector leads to the app as the
// connector does, and runs from files.
func beforeSidecar(s Sidecar, o Key) strength {
	switch o.Kind {
	case KindConnectorFile, KindNetwork, KindPrivateNetwork:
		return hard
	case KindCertificate, KindFrontConfig:
		return when(s.Spec.Service == FrontService, hard)
	}
	return when(o.isLock(), hard)
}

// beforeRoute: a route opens an address to every device of the account. Before
// it stand the locks, and the Gateway proxy, without which Cloudflare asks
// private traffic for no login; and whatever the route leads to.
func beforeRoute(o Key) strength {
	return when(o.isLock() || o.Kind == KindGatewayProxy || carries(o), hard)
}

// carries says whether something takes part in handing requests to the app.
func carries(o Key) bool {
	switch o.Kind {
	case KindIngress, KindConnector, KindSidecar, KindComposeNetwork, KindAttachment, KindEnvVar, KindSetting:
		return true
	}
	return false
}

// devicesFollow says whether something tells devices where the private name is.
func devicesFollow(o Key) bool {
	switch o.Kind {
	case KindRoute, KindHostnameRoute, KindSplitTunnel, KindFallback, KindShadow:
		return true
	}
	return false
}

// beforeDevices: devices are told in the order in which they look: first the
// way to an address, then what is sent that way, then who knows the name. So a
// name that worked is asked of the new one only when that answers.
func beforeDevices(k, o Key) strength {
	switch o.Kind {
	case KindRoute, KindHostnameRoute:
		return hard
	case KindApp: // also where the route stands already: devices would be led to a lock that lets in others
		return when(o.isLock(), hard)
	case KindDeviceProfile:
		return when(ProfileOf(o) == ProfileOf(k), hard)
	case KindSplitTunnel:
		return when(k.Kind != KindSplitTunnel && ProfileOf(o) == ProfileOf(k), hard)
	case KindShadow: // what stands above the name answers as soon as its own entry is gone
		return when(k.Kind == KindFallback && ProfileOf(o) == ProfileOf(k), hard)
	}
	return none
}

// ProfileOf is the device profile that a key is about; empty: none.
func ProfileOf(k Key) string {
	switch k.Kind {
	case KindDeviceProfile, KindSplitTunnel, KindFallback, KindShadow:
		profile, _, _ := strings.Cut(k.Name, "/")
		return profile
	}
	return ""
}

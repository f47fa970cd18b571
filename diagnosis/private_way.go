package diagnosis

import (
	"slices"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Stops of a colleague's device on its way to a private name, before the
// connector.
const (
	StopDevice Stop = "device" // with WARP: its profile, and that it may join
	StopDNS    Stop = "dns"    // who answers for the private name
	StopRoute  Stop = "route"  // what carries the packets to the connector
)

// sightCounts is how long a look at an account counts: it is read every few
// minutes.
const sightCounts = 10 * time.Minute

// PrivateWay tells how a device gets to the app by its private name. Nobody can
// see from this server what happens on a device: of the stops before the
// connector only the settings are known, as they were read at a moment, so these
// stops are never good.
func PrivateWay(now time.Time, findings []setup.Finding, facts found.Facts, evidence []setup.Evidence, read time.Time) []Hop {
	hops := []Hop{{Stop: StopDevice, Light: Unknown}, {Stop: StopDNS, Light: Unknown}, {Stop: StopRoute, Light: Unknown}}
	for i := range hops {
		if now.Sub(read) < sightCounts {
			hops[i].Read, hops[i].Until = read, read.Add(sightCounts)
		}
	}
	for _, h := range Way(now, findings, facts, evidence) {
		if h.Stop == StopConnector || h.Stop == StopApp {
			hops = append(hops, h)
		}
	}
	for _, f := range findings { // worst first
		for _, k := range f.Keys {
			i := slices.IndexFunc(hops, func(h Hop) bool { return h.Stop == privateStop(k) })
			if i < 0 || hops[i].Finding != "" {
				continue
			}
			hops[i].Finding = f.ID
			if f.Severity == setup.SeverityOpen || f.Severity == setup.SeverityBroken {
				hops[i].Light, hops[i].Until = Bad, now.Add(factsCount)
			}
		}
	}
	return hops
}

// privateStop is where a thing has its effect on the way of a device; empty:
// nowhere.
func privateStop(k setup.Key) Stop {
	switch k.Kind {
	case setup.KindDeviceProfile, setup.KindEnrolment, setup.KindEnrolmentRule, setup.KindGatewayProxy, setup.KindICMPProxy, setup.KindSplitTunnel:
		return StopDevice
	case setup.KindFallback, setup.KindShadow, setup.KindDNSLocation:
		return StopDNS
	case setup.KindRoute, setup.KindHostnameRoute, setup.KindVirtualNetwork:
		return StopRoute
	case setup.KindSidecar:
		if k.Name == setup.DNSService {
			return StopDNS
		}
		return StopApp
	case setup.KindConnector, setup.KindConnectorFile:
		return StopConnector
	case setup.KindPrivateNetwork, setup.KindAttachment, setup.KindComposeNetwork, setup.KindCertificate, setup.KindFrontConfig:
		return StopApp
	}
	return ""
}

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
	StopLogin  Stop = "login"  // the lock, which asks each device's user
	StopRoute  Stop = "route"  // what carries the packets to the connector
)

// sightCounts is how long a look at an account counts: it is read every few
// minutes.
const sightCounts = 10 * time.Minute

// PrivateWay tells how a device gets to the app by its private name. Nobody can
// see from this server what happens on a device, nor meet the login that Cloudflare
// asks it for: there only the settings are known, as they were read at a moment, so
// such a stop is never good. The others are good if everything that is asked of
// them held lately.
func PrivateWay(now time.Time, a setup.Answers, findings []setup.Finding, facts found.Facts, evidence []setup.Evidence, read time.Time) []Hop {
	hops := []Hop{{Stop: StopDevice, Light: Unknown}, {Stop: StopDNS, Light: Unknown}, {Stop: StopLogin, Light: Unknown}, {Stop: StopRoute, Light: Unknown}}
	known := now.Sub(read) < sightCounts
	for _, h := range Way(now, findings, facts, evidence) {
		if h.Stop == StopConnector || h.Stop == StopApp {
			hops = append(hops, h)
		}
	}
	for i := range hops {
		h := &hops[i]
		settings := h.Stop == StopDNS || h.Stop == StopRoute || h.Stop.OnDevice()
		h.seen(now, a.PrivateChecks(), evidence)
		if settings && known && h.Light != Bad {
			h.Read, h.Until = read, sooner(h.Until, read.Add(sightCounts))
		}
		if settings && !known && h.Light == Good {
			h.Light, h.Proof = Unknown, nil
		}
	}
	for _, f := range findings { // worst first
		blamePrivate(now, a, hops, f)
	}
	return hops
}

// OnDevice says whether only a device can tell of a stop.
func (s Stop) OnDevice() bool { return s == StopDevice || s == StopLogin }

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// seen takes in what the checks of a stop saw. One that fails breaks it; all of
// them have to count for it to be good, and with them whatever was known before.
func (h *Hop) seen(now time.Time, checks []setup.Check, evidence []setup.Evidence) {
	asked, held := 0, 0
	var proof *setup.Evidence
	var until time.Time
	for _, c := range checks {
		if stopOfCheck(c) != h.Stop {
			continue
		}
		asked++
		i := slices.IndexFunc(evidence, func(v setup.Evidence) bool { return v.Check.ID == c.ID && v.Counts(now) })
		switch {
		case i < 0:
		case !evidence[i].OK:
			h.Light, h.Proof, h.Until = Bad, &evidence[i], evidence[i].At.Add(c.Fresh())
			return
		default:
			held++
			proof, until = &evidence[i], sooner(until, evidence[i].At.Add(c.Fresh()))
		}
	}
	switch {
	case asked == 0 || h.Light == Bad:
	case held < asked:
		h.Light, h.Proof, h.Until = Unknown, nil, time.Time{}
	case h.Stop == StopConnector && h.Light != Good: // that it carries UDP says nothing of its own connection
	default:
		h.Light, h.Proof, h.Until = Good, proof, until
	}
}

// stopOfCheck is the stop that a check of the private way is about.
func stopOfCheck(c setup.Check) Stop {
	switch {
	case c.PrivateDNS():
		return StopDNS
	case c.ID == setup.RouteCheck:
		return StopRoute
	case c.ID == setup.UDPCheck:
		return StopConnector
	}
	return StopApp
}

// blamePrivate takes in what is wrong at a stop.
func blamePrivate(now time.Time, a setup.Answers, hops []Hop, f setup.Finding) {
	at := func(s Stop) {
		i := slices.IndexFunc(hops, func(h Hop) bool { return h.Stop == s })
		if i < 0 || hops[i].Finding != "" && hops[i].Finding != f.ID {
			return
		}
		h := &hops[i]
		h.Finding = f.ID
		switch {
		case f.Severity == setup.SeverityOpen || f.Severity == setup.SeverityBroken:
			h.Light, h.Until = Bad, now.Add(factsCount)
		case f.Severity == setup.SeverityUnknown && h.Light == Good:
			h.Light = Unknown
		}
	}
	for _, k := range f.Keys {
		if a.Private != nil && (k == a.NameLockKey() || k == a.AddressLockKey()) {
			at(StopLogin)
		}
		at(privateStop(k))
	}
	for _, v := range f.Proof {
		if v.Check.Private() {
			at(stopOfCheck(v.Check))
		}
	}
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

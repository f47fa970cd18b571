package diagnosis

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

func TestBeforeTheConnectorOnlyTheSettingsAreKnown(t *testing.T) {
	p := healthy(t)
	hops := PrivateWay(p.Now, p.Answers, nil, p.Facts, p.Evidence, p.Now.Add(-time.Minute))
	assertLights(t, hops, Unknown, Unknown, Unknown, Unknown, Good, Good)
	for _, h := range hops[:4] {
		if h.Read.IsZero() || h.Proof != nil {
			t.Errorf("%s was read at %v and has the proof %v", h.Stop, h.Read, h.Proof)
		}
	}
	for _, h := range PrivateWay(p.Now, p.Answers, nil, p.Facts, p.Evidence, p.Now.Add(-time.Hour))[:4] {
		if !h.Read.IsZero() {
			t.Errorf("%s counts as read an hour after it was", h.Stop)
		}
	}
}

func TestAThingOfThePrivateWayBreaksTheStopWhereItWorks(t *testing.T) {
	p := healthy(t)
	rows := map[setup.Key]Stop{
		{Kind: setup.KindSplitTunnel}: StopDevice, {Kind: setup.KindGatewayProxy}: StopDevice, {Kind: setup.KindEnrolmentRule}: StopDevice,
		{Kind: setup.KindFallback}: StopDNS, {Kind: setup.KindSidecar, Name: setup.DNSService}: StopDNS, {Kind: setup.KindSidecar, Name: setup.FrontService}: StopApp,
		{Kind: setup.KindRoute}: StopRoute, {Kind: setup.KindHostnameRoute}: StopRoute, {Kind: setup.KindAttachment}: StopApp,
	}
	for key, want := range rows {
		f := setup.Finding{ID: "f", Class: setup.ClassChanged, Severity: setup.SeverityBroken, Keys: []setup.Key{key}}
		hops := PrivateWay(p.Now, p.Answers, []setup.Finding{f}, p.Facts, p.Evidence, p.Now)
		if at := Broken(hops); at < 0 || hops[at].Stop != want || hops[at].Finding != "f" {
			t.Errorf("%v breaks the way at %d, want %s", key, at, want)
		}
		f.Severity = setup.SeverityRisk
		if at := Broken(PrivateWay(p.Now, p.Answers, []setup.Finding{f}, p.Facts, p.Evidence, p.Now)); at >= 0 {
			t.Errorf("%v, only weaker, breaks the way at %d", key, at)
		}
	}
}

package diagnosis

import (
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// way is the way of a patient with what is found to be wrong.
func (p *patient) way() []Hop {
	return Way(p.Now, Of(p.Input), p.Facts, p.Evidence)
}

func assertLights(t *testing.T, hops []Hop, want ...Light) {
	t.Helper()
	got := make([]Light, len(hops))
	for i, h := range hops {
		got[i] = h.Light
	}
	if !slices.Equal(got, want) {
		t.Errorf("the lights are %v, want %v", got, want)
	}
}

func TestAHealthyWayIsProvenStopByStop(t *testing.T) {
	p := healthy(t)
	hops := p.way()
	assertLights(t, hops, Good, Good, Good, Good, Good)
	for _, h := range hops {
		if h.Proof == nil || !h.Until.After(p.Now) || h.Finding != "" {
			t.Errorf("%s has the proof %v until %v, and the finding %q", h.Stop, h.Proof, h.Until, h.Finding)
		}
	}
	if at := Broken(hops); at != -1 {
		t.Errorf("it is broken at %d", at)
	}
}

// What lay behind a stop was proven by what got through it, so from before it
// broke nothing counts there.
func TestWhatWasProvenBehindAStopBeforeItBrokeIsNoLongerKnown(t *testing.T) {
	p := healthy(t)
	p.Facts.App.Networks = []string{"other"}
	findings := Of(p.Input)
	findings[0].Since = noon()
	assertLights(t, Way(p.Now, findings, p.Facts, p.Evidence), Good, Good, Good, Bad, Unknown)
	findings[0].Since = noon().Add(-time.Minute)
	assertLights(t, Way(p.Now, findings, p.Facts, p.Evidence), Good, Good, Good, Bad, Good)
}

func TestAWayWithoutFreshProofIsNotKnown(t *testing.T) {
	p := healthy(t)
	p.Now = p.Now.Add(time.Hour)
	assertLights(t, Way(p.Now, nil, p.Facts, p.Evidence), Unknown, Unknown, Unknown, Unknown, Unknown)
	assertLights(t, Way(p.Now, nil, p.Facts, nil), Unknown, Unknown, Unknown, Unknown, Unknown)
}

func TestTheFirstBrokenStopIsWhereTheCauseLies(t *testing.T) {
	rows := []struct {
		name string
		ill  func(*patient)
		want Stop
	}{
		{"a deleted door", func(p *patient) {
			p.alter(p.Answers.DoorKey(p.Answers.Doors[0]), func(setup.State) setup.State { return nil })
			p.fail(setup.ByAccess, p.Answers.Doors[0].ID+"/")
		}, StopDoors},
		{"no record", func(p *patient) {
			p.alter(p.Answers.RecordKey(), func(setup.State) setup.State { return nil })
			p.fail(setup.ByNobody, append(doors(), "locked/")...)
		}, StopEdge},
		{"a connector that does not run", func(p *patient) {
			p.alter(p.Answers.ConnectorKey(), func(s setup.State) setup.State {
				c := s.(setup.Connector)
				c.Running = false
				return c
			})
			p.Facts.Connector.Running = 0
			p.fail(setup.ByTunnel, append(doors(), setup.BesidePrefix+setup.ConnectorCheck)...)
		}, StopConnector},
		{"an app that does not run", func(p *patient) {
			p.Facts.App.Running = 0
			p.fail(setup.ByConnector, doors()...)
		}, StopApp},
		{"an app that refuses the name", func(p *patient) { p.fail(setup.ByAppHost, doors()...) }, StopApp},
		{"a lock that does not hold", func(p *patient) { p.fail(setup.ByApp, "locked/") }, StopDoors},
		{"Cloudflare stops callers", func(p *patient) { p.fail(setup.ByEdge, doors()...) }, StopEdge},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			p := healthy(t)
			r.ill(p)
			hops := p.way()
			at := Broken(hops)
			if at < 0 || hops[at].Stop != r.want {
				t.Fatalf("it is broken at %d: %+v", at, hops)
			}
		})
	}
}

func TestAFailureThatNothingExplainsEndsWhereItWasAnswered(t *testing.T) {
	rows := map[setup.Answerer]Stop{
		setup.ByNobody: StopEdge, setup.ByEdge: StopEdge, setup.ByUnknown: StopEdge, setup.ByAccess: StopDoors,
		setup.ByTunnel: StopConnector, setup.ByConnector: StopApp, setup.ByApp: StopApp, setup.ByAppHost: StopApp,
	}
	for by, want := range rows {
		p := healthy(t)
		p.fail(by, doors()...)
		hops := Way(p.Now, nil, p.Facts, p.Evidence)
		if at := Broken(hops); at < 0 || hops[at].Stop != want {
			t.Errorf("answered by %s it is broken at %d, want %s", by, at, want)
		} else if hops[at].Proof == nil || hops[at].Proof.By != by {
			t.Errorf("answered by %s its proof is %v", by, hops[at].Proof)
		}
	}
}

func TestWhatAnswersOpenlyBlamesTheLockAndNotTheApp(t *testing.T) {
	p := healthy(t)
	p.fail(setup.ByApp, "locked/admin")
	assertLights(t, p.way(), Good, Bad, Good, Good, Good)
}

func TestWhatIsOnlyWeakerDoesNotBreakTheWay(t *testing.T) {
	p := healthy(t)
	risk := setup.Finding{ID: "r", Class: setup.ClassTunnelUnconnected, Severity: setup.SeverityRisk}
	hops := Way(p.Now, []setup.Finding{risk}, p.Facts, p.Evidence)
	assertLights(t, hops, Good, Good, Good, Good, Good)
	if hops[2].Finding != "r" {
		t.Errorf("the tunnel's finding is %q", hops[2].Finding)
	}
}

func TestEveryClassLiesSomewhereOrDeliberatelyNowhere(t *testing.T) {
	nowhere := []setup.Class{
		setup.ClassDockerAway, setup.ClassOffline, setup.ClassCloudAway, setup.ClassTokenRefused, setup.ClassPermission,
		setup.ClassUnread, setup.ClassUnproven, setup.ClassPortReopened, setup.ClassFront, setup.ClassCertificate, setup.ClassCheckFails,
		setup.ClassChanged, setup.ClassUnfinished, setup.ClassLeftover, setup.ClassWaiting,
		setup.ClassRouteNew, setup.ClassRouteStale, setup.ClassAlert,
		setup.ClassAppReaddressed, // the team's way alone
		setup.ClassDevices, setup.ClassPrivateRoute, setup.ClassPrivateNetwork, setup.ClassPrivateDNS, setup.ClassPrivateFront,
		setup.ClassPrivateLogin, setup.ClassConnectorUDP,
	}
	for _, c := range setup.Classes() {
		on, off := StopOf(c) != "", slices.Contains(nowhere, c)
		if on == off {
			t.Errorf("%s lies on the way: %v, and beside it: %v", c, on, off)
		}
		if !on {
			continue
		}
		hops := Way(noon(), []setup.Finding{{ID: "f", Class: c, Severity: setup.SeverityBroken}}, healthy(t).Facts, nil)
		if at := Broken(hops); at < 0 || hops[at].Stop != StopOf(c) || hops[at].Finding != "f" {
			t.Errorf("%s breaks the way at %d", c, at)
		}
	}
}

package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// led is a setup in a private mode that stands as wanted.
func led(t testing.TB, mode setup.Mode) *patient {
	t.Helper()
	return stands(t, setuptest.InMode(setuptest.Sample("ocs"), mode))
}

func sidecarKey(p *patient, service string) setup.Key {
	return setup.Key{Kind: setup.KindSidecar, Scope: p.Answers.Stack.ConnectorProject, Name: service}
}

// keyOf is the first of the setup's keys of a kind.
func keyOf(p *patient, kind setup.Kind) setup.Key {
	p.Helper()
	for _, k := range sortedKeys(p.Ledger.Records) {
		if k.Kind == kind {
			return k
		}
	}
	p.Fatalf("there is no %s", kind)
	return setup.Key{}
}

func stopped(s setup.State) setup.State {
	c := s.(setup.Sidecar)
	c.Running = false
	return c
}

// never is a thing that stands otherwise and was never set up.
func (p *patient) never(k setup.Key, f func(setup.State) setup.State) {
	p.Helper()
	p.world.Alter(k, f)
	delete(p.world.Ledger.Records, k)
	p.plan()
}

// shadowed is an entry of the account's own that stands above every private name.
func shadowed(s setup.State) setup.State {
	shadow := s.(setup.Shadow)
	shadow.Entries = []setup.DomainEntry{{Suffix: "your-org"}}
	return shadow
}

func TestAPrivateWayThatWorksIsGood(t *testing.T) {
	for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname} {
		p := led(t, mode)
		c := Sum(p.Input, Of(p.Input))
		if c.Light != Good || len(c.Findings) > 0 {
			t.Errorf("%s: it is %s: %s\n%s", mode, c.Light, c.Sentence, list(c.Findings))
		}
		if !strings.Contains(c.Sentence, "Your team’s way to ocs.your-org is proven as far as this server sees it.") {
			t.Errorf("%s: %s", mode, c.Sentence)
		}
	}
}

// Before anybody is led here a setup is neither good nor bad.
func TestBeforeTheSwitchTheLightIsOut(t *testing.T) {
	for _, mode := range []setup.Mode{setup.ModePublic, setup.ModeFallback, setup.ModeHostname} {
		for _, broken := range []bool{false, true} {
			a := setuptest.Sample("ocs")
			leads := []setup.Kind{setup.KindDNSRecord}
			if mode.Private() {
				a = setuptest.InMode(a, mode)
				leads = append(leads, setup.KindRoute, setup.KindHostnameRoute)
			}
			p := stands(t, a)
			for _, k := range sortedKeys(p.Ledger.Records) {
				if slices.Contains(leads, k.Kind) {
					p.never(k, setuptest.Gone)
				}
			}
			if broken {
				p.alter(a.ConnectorKey(), setuptest.Gone)
			}
			c := Sum(p.Input, Of(p.Input))
			if c.Light != Unknown || c.Switched {
				t.Errorf("%s, broken %v: it is %s, switched %v: %s\n%s", mode, broken, c.Light, c.Switched, c.Sentence, list(c.Findings))
			}
			if want := "yet"; !broken && !strings.Contains(c.Sentence, want) {
				t.Errorf("%s: %s", mode, c.Sentence)
			}
		}
	}
}

// privateRow is one thing on the private way that breaks.
type privateRow struct {
	mode  setup.Mode
	class setup.Class
	stop  Stop
	says  string
	ill   func(*patient)
}

func privateRows() map[string]privateRow {
	dns, front := setup.ModeFallback, setup.ModeFallback
	return map[string]privateRow{
		"dnsmasq stopped": {dns, setup.ClassPrivateDNS, StopDNS, "(dnsmasq) is stopped", func(p *patient) {
			p.alter(sidecarKey(p, setup.DNSService), stopped)
			p.fail(setup.ByNobody, setup.DNSCheck)
		}},
		"dnsmasq removed":          {dns, setup.ClassPrivateDNS, StopDNS, "was removed", func(p *patient) { p.alter(sidecarKey(p, setup.DNSService), setuptest.Gone) }},
		"dnsmasq silent":           {dns, setup.ClassPrivateDNS, StopDNS, "does not answer", func(p *patient) { p.fail(setup.ByNobody, setup.DNSCheck) }},
		"dnsmasq answers too much": {dns, setup.ClassPrivateDNS, StopDNS, "what it should not", func(p *patient) { p.fail(setup.ByDNS, setup.DNSOthersCheck) }},
		"nginx stopped": {front, setup.ClassPrivateFront, StopApp, "(nginx) is stopped", func(p *patient) {
			p.alter(sidecarKey(p, setup.FrontService), stopped)
			p.fail(setup.ByNobody, setup.CertificateCheck, setup.HTTPSCheck, setup.SignInCheck)
		}},
		"nginx silent": {front, setup.ClassPrivateFront, StopApp, "(nginx) does not answer as it should", func(p *patient) {
			p.fail(setup.ByNobody, setup.CertificateCheck, setup.HTTPSCheck, setup.SignInCheck)
		}},
		"nginx without the app": {front, setup.ClassPrivateFront, StopApp, "does not answer as it should", func(p *patient) { p.fail(setup.ByFront, setup.SignInCheck) }},
		"certificate gone": {front, setup.ClassCertificate, StopApp, "is gone", func(p *patient) {
			p.alter(keyOf(p, setup.KindCertificate), setuptest.Gone)
			p.fail(setup.ByFront, setup.CertificateCheck)
			p.fail(setup.ByNobody, setup.SignInCheck)
		}},
		"another certificate served": {front, setup.ClassCertificate, StopApp, "that they do not trust", func(p *patient) {
			p.fail(setup.ByFront, setup.CertificateCheck)
			p.fail(setup.ByNobody, setup.SignInCheck)
		}},
		"no login":        {front, setup.ClassPrivateLogin, StopApp, "Nobody can log in", func(p *patient) { p.fail(setup.ByApp, setup.SignInCheck) }},
		"host refused":    {front, setup.ClassAppRefusesHost, StopApp, "refuses the name ocs.your-org", func(p *patient) { p.fail(setup.ByAppHost, setup.SignInCheck) }},
		"network gone":    {front, setup.ClassPrivateNetwork, StopApp, "is gone", func(p *patient) { p.alter(keyOf(p, setup.KindPrivateNetwork), setuptest.Gone) }},
		"route deleted":   {dns, setup.ClassPrivateRoute, StopRoute, "was deleted", func(p *patient) { p.alter(keyOf(p, setup.KindRoute), setuptest.Gone) }},
		"route elsewhere": {dns, setup.ClassPrivateRoute, StopRoute, "No route carries", func(p *patient) { p.fail("", setup.RouteCheck) }},
		"hostname route":  {setup.ModeHostname, setup.ClassPrivateRoute, StopRoute, "was deleted", func(p *patient) { p.alter(keyOf(p, setup.KindHostnameRoute), setuptest.Gone) }},
		"fallback entry": {dns, setup.ClassDevices, StopDNS, "ask the wrong place", func(p *patient) {
			p.alter(keyOf(p, setup.KindFallback), func(s setup.State) setup.State {
				f := s.(setup.Fallback)
				f.Servers = nil
				return f
			})
		}},
		"an entry above the name": {setup.ModeHostname, setup.ClassDevices, StopDNS, "ask the wrong place", func(p *patient) {
			p.alter(keyOf(p, setup.KindShadow), shadowed)
		}},
		"an entry above the name from the first": {setup.ModeHostname, setup.ClassDevices, StopDNS, "ask the wrong place", func(p *patient) {
			p.never(keyOf(p, setup.KindShadow), shadowed)
			p.Run = &setup.Run{ID: 1, State: setup.RunFailed}
		}},
		"another entry for the name": {dns, setup.ClassDevices, StopDNS, "ask the wrong place", func(p *patient) {
			p.never(keyOf(p, setup.KindFallback), func(s setup.State) setup.State {
				f := s.(setup.Fallback)
				f.Servers = []string{"10.0.0.1"}
				return f
			})
		}},
		"a range never sent through WARP": {dns, setup.ClassDevices, StopDevice, "through WARP", func(p *patient) {
			p.Run = &setup.Run{ID: 1, State: setup.RunCancelled}
			p.never(keyOf(p, setup.KindSplitTunnel), func(s setup.State) setup.State {
				f := s.(setup.SplitTunnel)
				f.Through = false
				return f
			})
		}},
		"split tunnel": {dns, setup.ClassDevices, StopDevice, "through WARP", func(p *patient) {
			p.alter(keyOf(p, setup.KindSplitTunnel), func(s setup.State) setup.State {
				f := s.(setup.SplitTunnel)
				f.Through = false
				return f
			})
		}},
		"a profile for DNS alone": {setup.ModeHostname, setup.ClassDevices, StopDevice, "device profile", func(p *patient) {
			for i, o := range p.world.Objects {
				if d, ok := o.State.(setup.DeviceProfile); ok {
					d.Carries = false
					p.world.Objects[i].State = d
				}
			}
			p.plan()
		}},
		"gateway off": {dns, setup.ClassDevices, StopDevice, "Gateway proxy", func(p *patient) {
			p.alter(keyOf(p, setup.KindGatewayProxy), func(setup.State) setup.State { return setup.GatewayProxy{TCP: true} })
		}},
		"http2": {dns, setup.ClassConnectorUDP, StopConnector, "no longer keeps to QUIC", func(p *patient) {
			p.alter(p.Answers.ConnectorKey(), func(s setup.State) setup.State {
				c := s.(setup.Connector)
				c.Protocol = "http2"
				return c
			})
			p.fail("", setup.UDPCheck)
		}},
		"lock on the address": {dns, setup.ClassLockMissing, StopLogin, "The lock on 172.30.250.2", func(p *patient) { p.alter(p.Answers.AddressLockKey(), setuptest.Gone) }},
		"lock on the name":    {setup.ModeHostname, setup.ClassLockMissing, StopLogin, "The lock on ocs.your-org was deleted", func(p *patient) { p.alter(p.Answers.NameLockKey(), setuptest.Gone) }},
		"app down": {front, setup.ClassAppStopped, StopApp, "is not running", func(p *patient) {
			p.Facts.App.Running = 0
			p.fail(setup.ByFront, setup.SignInCheck)
		}},
	}
}

// Each thing on the private way that breaks is named, its stop is the first that
// is broken, and the light is not good.
func TestWhatBreaksThePrivateWayIsNamed(t *testing.T) {
	for name, r := range privateRows() {
		t.Run(name, func(t *testing.T) {
			p := led(t, r.mode)
			r.ill(p)
			findings := Of(p.Input)
			i := slices.IndexFunc(findings, func(f setup.Finding) bool { return f.Class == r.class })
			if i < 0 || !strings.Contains(findings[i].Title, r.says) {
				t.Fatalf("it is not named %s:\n%s", r.class, list(findings))
			}
			if c := Sum(p.Input, findings); c.Light != Bad {
				t.Errorf("the light is %s: %s", c.Light, c.Sentence)
			}
			for _, f := range findings {
				if f.Class == setup.ClassCheckFails || f.Class == setup.ClassChanged {
					t.Errorf("it is told twice:\n%s", list(findings))
				}
			}
			hops := PrivateWay(p.Now, p.Answers, findings, p.Facts, p.Evidence, p.Now)
			if at := Broken(hops); at < 0 || hops[at].Stop != r.stop {
				t.Errorf("the way breaks at %d of %+v, want %s", at, hops, r.stop)
			}
		})
	}
}

// Every check of the private way has a stop, and each stop loses its light when
// one of its checks is not fresh or fails.
func TestAStopOfThePrivateWayIsGoodOnlyByAllOfItsChecks(t *testing.T) {
	for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname} {
		for _, c := range led(t, mode).Answers.PrivateChecks() {
			p := led(t, mode)
			light := func() Light {
				for _, h := range PrivateWay(p.Now, p.Answers, nil, p.Facts, p.Evidence, p.Now) {
					if h.Stop == stopOfCheck(c) {
						return h.Light
					}
				}
				return ""
			}
			if got := light(); got != Good {
				t.Errorf("%s, %s: %s while all holds", mode, c.ID, got)
			}
			p.edit(c.ID, func(v *setup.Evidence) { v.At = p.Now.Add(-c.Fresh()) })
			if got := light(); got != Unknown {
				t.Errorf("%s, %s: %s without fresh proof", mode, c.ID, got)
			}
			p.see(c, false, setup.ByNobody)
			if got := light(); got != Bad {
				t.Errorf("%s, %s: %s while it fails", mode, c.ID, got)
			}
		}
	}
}

func TestASetupWithoutAPublicNameTellsOfThePrivateOne(t *testing.T) {
	a := setuptest.InMode(setuptest.Sample("ocs"), setup.ModeFallback)
	a.Hostname, a.Doors, a.Checks, a.Settings = "", nil, nil, a.Settings[2:]
	p := stands(t, a)
	if c := Sum(p.Input, Of(p.Input)); c.Light != Good || !strings.HasPrefix(c.Sentence, "Your team’s way to ocs.your-org is proven") {
		t.Errorf("%s: %s\n%s", c.Light, c.Sentence, list(c.Findings))
	}
	p.alter(sidecarKey(p, setup.DNSService), stopped)
	if c := Sum(p.Input, Of(p.Input)); c.Light != Bad || !strings.HasPrefix(c.Sentence, "The DNS server for ocs.your-org (dnsmasq) is stopped.") {
		t.Errorf("%s: %s", c.Light, c.Sentence)
	}
	p.Evidence, p.Facts = nil, found.Facts{}
	if c := Sum(p.Input, nil); c.Light == Good {
		t.Errorf("without proof it says %s", c.Sentence)
	}
}

// An old way whose lock somebody deleted is open to every device of the account. Its
// Fix takes the route away, and nothing else.
func TestAnOldWayWithoutItsLockIsToldAsOpen(t *testing.T) {
	for from, to := range map[setup.Mode]string{setup.ModeFallback: "172.30.250.2", setup.ModeHostname: "ocs.your-org"} {
		p := led(t, from)
		lock := p.Answers.NameLockKey()
		if from == setup.ModeFallback {
			lock = p.Answers.AddressLockKey()
		}
		p.Answers = setuptest.Sample("ocs")
		p.Run = &setup.Run{ID: 9, State: setup.RunSucceeded}
		p.plan()
		if f := classed(Of(p.Input), setup.ClassLockMissing); len(f) > 0 {
			t.Errorf("%s: behind its lock it is told: %+v", from, f)
		}
		p.world.Alter(lock, setuptest.Gone)
		p.plan()
		f := classed(Of(p.Input), setup.ClassLockMissing)
		if len(f) != 1 || f[0].Severity != setup.SeverityOpen || f[0].Title != "The lock on "+to+" is gone, and an old way still leads there." || len(f[0].Keys) != 1 || !f[0].Repairable() || len(f[0].Fix.Keys) != 1 {
			t.Errorf("%s: found %s", from, list(Of(p.Input)))
		}
	}
}

// After a change of the way in, what only the old one needed is told until it is
// taken away, and taken away by its Fix. While the new way is not gone to the end
// it may be in use.
func TestWhatTheOldWayNeededIsTold(t *testing.T) {
	p := led(t, setup.ModeHostname)
	p.Answers = setuptest.InMode(setuptest.Sample("ocs"), setup.ModeFallback)
	p.Run = &setup.Run{ID: 9, State: setup.RunSucceeded}
	p.plan()
	if f := classed(Of(p.Input), setup.ClassLeftover); len(f) > 0 {
		t.Errorf("before the switch it is told already: %+v", f)
	}
	p.Plan.Changes = slices.DeleteFunc(p.Plan.Changes, func(c setup.Change) bool { return c.Step != setup.StepRemove })
	f := classed(Of(p.Input), setup.ClassLeftover)
	if len(f) != 1 || f[0].Severity != setup.SeverityRisk || f[0].Title != "What the old way needed is still there." || f[0].Fix == nil || len(f[0].Fix.Changes) == 0 {
		t.Fatalf("found %s", list(Of(p.Input)))
	}
	if !strings.Contains(f[0].Effect, "counts for everybody in the account") || !strings.Contains(f[0].Effect, "within ten minutes of the switch") || !slices.ContainsFunc(f[0].Keys, func(k setup.Key) bool { return k.Kind == setup.KindHostnameRoute }) {
		t.Errorf("found %+v", f[0])
	}
}

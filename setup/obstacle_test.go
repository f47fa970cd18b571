package setup

import (
	"slices"
	"strings"
	"testing"
)

// Each row is something of somebody else in the way of a private mode.
func TestWhatIsInTheWayIsToldAndLeftAlone(t *testing.T) {
	name, at := "ocs.your-org", DefaultProfile+"/ocs.your-org"
	rows := map[string]struct {
		mode  Mode
		put   func(*model)
		kind  Kind
		says  string
		offer bool
	}{
		"a Docker network on the range": {ModeFallback, func(m *model) {
			m.put("docker", "theirs", "", Network{Name: "theirs", Subnets: []string{"172.30.0.0/16"}})
		}, KindPrivateNetwork, "Choose another range", false},
		"a Docker network of the name": {ModeFallback, func(m *model) {
			m.put("docker", "culvert-ocs", "", PrivateNetwork{Name: "culvert-ocs", Subnet: "10.1.0.0/24"})
		}, KindPrivateNetwork, "was not made by Culvert", false},
		"a wide route to another tunnel": {ModeFallback, func(m *model) {
			m.put(account, "r", "", Route{Network: "172.16.0.0/12", VNet: Lit("vnet-1"), Tunnel: Lit("theirs"), TunnelName: "site"})
		}, KindRoute, "the longer one counts", true},
		"a route for the very address": {ModeFallback, func(m *model) {
			m.put(account, "r", "", Route{Network: "172.30.250.2/32", VNet: Lit("vnet-1"), Tunnel: Lit("theirs"), TunnelName: "site"})
		}, KindRoute, "leads 172.30.250.2/32 to the tunnel site already", true},
		"a route for the name": {ModeHostname, func(m *model) {
			m.put(account, "h", "", HostnameRoute{Hostname: name, Tunnel: Lit("theirs"), TunnelName: "site"})
		}, KindHostnameRoute, "to the tunnel site already", true},
		"a route for everything above the name": {ModeHostname, func(m *model) {
			m.put(account, "h", "", HostnameRoute{Hostname: "your-org", Tunnel: Lit("theirs"), TunnelName: "site"})
		}, KindHostnameRoute, "everything below it", true},
		"an entry above the name": {ModeHostname, func(m *model) {
			m.find(KindShadow, at).State = Shadow{Profile: DefaultProfile, Hostname: name, Entries: []DomainEntry{{Suffix: "your-org"}}}
		}, KindShadow, "what stands above it in Local Domain Fallback", true},
		"an entry of another Culvert": {ModeHostname, func(m *model) {
			m.find(KindShadow, at).State = Shadow{Profile: DefaultProfile, Hostname: name, Marked: []DomainEntry{{Suffix: "your-org"}}}
		}, KindShadow, "Another setup of Culvert", false},
		"an entry for the name in hostname": {ModeHostname, func(m *model) {
			m.find(KindFallback, at).State = Fallback{Profile: DefaultProfile, Suffix: name, Servers: []string{"172.18.0.100"}}
		}, KindFallback, "Say that Culvert may change it", true},
		"an entry for the name in fallback": {ModeFallback, func(m *model) {
			m.find(KindFallback, at).State = Fallback{Profile: DefaultProfile, Suffix: name, Bare: true}
		}, KindFallback, "the device's own DNS", true},
		"devices with DNS only": {ModeHostname, func(m *model) {
			m.find(KindDeviceProfile, DefaultProfile).State = DeviceProfile{ID: DefaultProfile}
		}, KindDeviceProfile, "Gateway with WARP", false},
		"an application within the address": {ModeFallback, func(m *model) {
			m.put(account, "lock", Mark("t1", inMode(sample("ocs", "chat.example.org"), ModeFallback).AddressLockKey()), App{Destinations: []string{"any://172.30.250.2/32"}})
			m.put(account, "app", "", App{Name: "Inner", Destinations: []string{"tcp://172.30.250.2/32:443"}})
		}, KindApp, "a part of this lock", false},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			a := inMode(sample("ocs", "chat.example.org"), row.mode)
			m := hostWorld(a)
			row.put(m)
			others := m.unowned()
			told := func(b Barrier) bool { return b.Key.Kind == row.kind && strings.Contains(b.Detail, row.says) }
			p := m.run(t, a.Setup, &a, nil)
			at := slices.IndexFunc(p.Barriers, told)
			if at < 0 {
				t.Fatalf("not told:\n%s", p)
			}
			for id, digest := range others {
				if m.unowned()[id] != digest {
					t.Errorf("%s was changed", id)
				}
			}
			bar := p.Barriers[at]
			if (bar.Offer != nil) != row.offer {
				t.Fatalf("offered: %v", bar.Offer)
			}
			if row.offer {
				for _, b := range p.Barriers {
					a.Consents = append(a.Consents, GivenConsent{b.Key, *b.Offer})
				}
				converges(t, m, a, nil)
			}
		})
	}
}

func TestADNSLocationThatIsThereIsRespected(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeHostname)
	a.Private.Location = true
	m := hostWorld(a)
	m.put(account, "loc", "", DNSLocation{Name: "Office", Default: true})
	converges(t, m, a, nil)
	if rec := m.ledger.Records[a.locationKey()]; rec.Owner != Found || rec.ID != "loc" {
		t.Errorf("the location is %+v", rec)
	}
	m.find(KindDNSLocation, "loc").State = DNSLocation{Name: "Office", Default: true, Networks: []string{"203.0.113.0/24"}}
	p := m.plan(t, a.Setup, &a, nil)
	if b := p.Bar(a.locationKey(), nil); b == nil || !strings.Contains(b.Detail, "203.0.113.0/24 only") {
		t.Errorf("a restricted location: %+v", b)
	}
}

func TestALongerEnrolmentOfOthersStaysAndTwoSetupsGetTheLonger(t *testing.T) {
	a, b := inMode(sample("ocs", "chat.example.org"), ModeHostname), inMode(sample("n8n", "flow.example.org"), ModeHostname)
	a.Session, b.Session = "8h", "48h"
	m := hostWorld(a, b)
	m.put(account, "warp", "", Enrolment{Session: "30m"})
	m.put(account, "their-policy", "", EnrolmentRule{App: Lit("warp"), Policy: Lit("their-policy")})
	approved := map[SetupID]Answers{a.Setup: a, b.Setup: b}
	converges(t, m, a, approved)
	converges(t, m, b, approved)
	if got := m.find(KindEnrolment, "warp").State.(Enrolment).Session; got != "48h" {
		t.Errorf("an enrolment lasts %s", got)
	}
	delete(approved, a.Setup)
	m.run(t, a.Setup, nil, approved)
	delete(approved, b.Setup)
	if left := m.run(t, b.Setup, nil, approved); !left.Empty() {
		t.Fatal(left)
	}
	if got := m.find(KindEnrolment, "warp").State.(Enrolment).Session; got != "30m" || m.find(KindEnrolmentRule, "their-policy") == nil {
		t.Errorf("after teardown an enrolment lasts %s, theirs: %v", got, m.find(KindEnrolmentRule, "their-policy"))
	}
}

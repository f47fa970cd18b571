package sim

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Which packets the client takes ("Split Tunnels").
func TestWhatSplitTunnelsCarry(t *testing.T) {
	s := newOffice(t, Options{})
	s.newRoute("0.0.0.0/0")
	for _, row := range []struct {
		list, entries, addr string
		carried             bool
		says                string
	}{
		{"exclude", `[{"address":"172.16.0.0/12"}]`, "172.18.0.7", false, "because 172.16.0.0/12 is excluded"},
		{"exclude", `[{"address":"172.18.0.7"}]`, "172.18.0.7", false, "because 172.18.0.7 is excluded"},
		{"exclude", `[{"address":"172.16.0.0/15"},{"address":"172.19.0.0/16"},{"address":"172.20.0.0/14"},{"address":"172.24.0.0/13"}]`, "172.18.0.7", true, "no entry excludes"},
		{"exclude", `[]`, "192.168.1.1", true, "no entry excludes"},
		{"exclude", `[{"host":"*.team.example"}]`, "172.18.0.7", true, "no entry excludes"},
		{"include", `[{"address":"172.18.0.0/16"}]`, "172.18.0.7", true, "because 172.18.0.0/16 is included"},
		{"include", `[{"address":"172.18.0.0/16"}]`, "172.19.0.7", false, "no entry includes"},
		{"include", `[{"host":"ocs.team.example"}]`, "172.18.0.7", false, "no entry includes"},
	} {
		s.succeed("PUT", "A/devices/policy/"+row.list, row.entries)
		path, err := s.device.Trace(t.Context(), "tcp", row.addr+":8000")
		if row.carried != (path.Ended != AtSplit) {
			t.Errorf("%s %s: %s is carried: %v, want %v (%v)\n%s", row.list, row.entries, row.addr, !row.carried, row.carried, err, path)
		}
		s.says(path, AtSplit, row.says)
	}
}

func TestWhatSplitTunnelsCarryByName(t *testing.T) {
	s := newOffice(t, Options{})
	s.newHostnameRoute("team.example")
	for _, row := range []struct {
		list, entry string
		carried     bool
	}{
		{"exclude", "ocs.team.example", false}, {"exclude", "*.team.example", false}, {"exclude", "team.example", true},
		{"exclude", "*.ocs.team.example", true}, {"include", "other.example", true}, // the range of Gateway is included by clients
	} {
		s.succeed("PUT", "A/devices/policy/"+row.list, `[{"host":"`+row.entry+`"}]`)
		if path, _ := s.device.Trace(t.Context(), "tcp", "ocs.team.example:8000"); row.carried != (path.Ended != AtSplit) {
			t.Errorf("%s %s: it is carried: %v\n%s", row.list, row.entry, !row.carried, path)
		}
	}
}

// says wants a word at a stage of a path.
func (s *office) says(path Path, at Stage, word string) {
	s.Helper()
	for _, step := range path.Steps {
		if step.At == at && strings.Contains(step.Says, word) {
			return
		}
	}
	s.Errorf("nothing at %s says %q:\n%s", at, word, path)
}

// What Gateway carries ("Proxy"): UDP and pings have switches of their own.
func TestWhatGatewayCarries(t *testing.T) {
	for _, row := range []struct {
		devices, network string
		unsure           Unsure
		carried          map[string]bool
	}{
		{`"gateway_proxy_enabled":false,"gateway_udp_proxy_enabled":false`, "", Unsure{}, map[string]bool{}},
		{`"gateway_proxy_enabled":true,"gateway_udp_proxy_enabled":false`, "", Unsure{}, map[string]bool{"tcp": true}},
		{`"gateway_proxy_enabled":true`, "", Unsure{}, map[string]bool{"tcp": true, "udp": true}},
		{`"gateway_proxy_enabled":false`, "", Unsure{}, map[string]bool{}},
		{`"gateway_proxy_enabled":true`, `"icmp_proxy_enabled":true`, Unsure{}, map[string]bool{"tcp": true, "udp": true, "icmp": true}},
		{`"gateway_proxy_enabled":true`, "", Unsure{PingsAlwaysProxied: true}, map[string]bool{"tcp": true, "udp": true, "icmp": true}},
	} {
		s := newOffice(t, Options{Unsure: row.unsure})
		s.uncover()
		s.newRoute("172.18.0.7/32")
		s.ok("PATCH", "A/devices/settings", "{"+row.devices+"}")
		s.ok("PATCH", "A/zerotrust/connectivity_settings", "{"+row.network+"}")
		for network, addr := range map[string]string{"tcp": "172.18.0.7:8000", "udp": "172.18.0.7:53", "icmp": "172.18.0.7"} {
			path, err := s.device.Trace(t.Context(), network, addr)
			if (err == nil) != row.carried[network] || err != nil && path.Ended != AtGateway {
				t.Errorf("with {%s}, {%s} %s: %v\n%s", row.devices, row.network, network, err, path)
			}
		}
	}
}

// Which settings a device has ("Device profiles"), and what they do to it.
func TestAProfileDecidesForItsDevices(t *testing.T) {
	s := newOffice(t, Options{})
	s.newRoute("172.18.0.7/32")
	s.ends("tcp", "172.18.0.7:8000", AtSplit, "excluded")
	mine := s.ok("POST", "A/devices/policy", `{"name":"mine","match":"identity.email == \"ann@example.org\"","precedence":20,"exclude":[{"address":"10.0.0.0/8"}]}`)
	if path := s.reaches("172.18.0.7:8000"); path.Profile != mine.text("policy_id") {
		t.Errorf("it has another profile:\n%s", path)
	}
	first := s.ok("POST", "A/devices/policy", `{"name":"first","match":"os.name == \"windows\"","precedence":10}`)
	s.ends("tcp", "172.18.0.7:8000", AtSplit, "excluded")
	s.ok("PATCH", "A/devices/policy/"+first.text("policy_id"), `{"enabled":false}`)
	s.reaches("172.18.0.7:8000")
	for mode, end := range map[string]Stage{"1dot1": AtSplit, "proxy": AtSplit, "posture_only": AtSplit, "warp_tunnel_only": "", "warp": ""} {
		s.ok("PATCH", "A/devices/policy/"+mine.text("policy_id"), `{"service_mode_v2":{"mode":"`+mode+`"}}`)
		if path, _ := s.device.Trace(t.Context(), "tcp", "172.18.0.7:8000"); path.Ended != end {
			t.Errorf("in the mode %s it ends at %q:\n%s", mode, path.Ended, path)
		}
	}
	s.newHostnameRoute("ocs.team.example")
	for mode, asked := range map[string]string{"1dot1": ByGateway, "warp": ByGateway, "warp_tunnel_only": BySystem, "proxy": BySystem} {
		s.ok("PATCH", "A/devices/policy/"+mine.text("policy_id"), `{"service_mode_v2":{"mode":"`+mode+`"}}`)
		if path, _ := s.device.Resolve(t.Context(), "ocs.team.example"); path.DNSServer != asked {
			t.Errorf("in the mode %s %q is asked:\n%s", mode, path.DNSServer, path)
		}
	}
	s.succeed("DELETE", "A/devices/policy/"+mine.text("policy_id"), "")
	s.ends("tcp", "172.18.0.7:8000", AtSplit, "excluded")
}

// Of the routes that hold an address the one with the longest prefix carries it,
// in the virtual network of the device.
func TestWhichRouteCarriesAnAddress(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.ends("tcp", "203.0.113.9:80", AtRoute, "not simulated")
	s.newRoute("172.16.0.0/12")
	other := s.newTunnel("other")
	s.ok("POST", "A/teamnet/routes", `{"network":"172.18.0.0/16","tunnel_id":"`+other.text("id")+`"}`)
	path := s.ends("tcp", "172.18.0.7:8000", AtTunnel, "no connector is connected")
	if path.Route != "172.18.0.0/16" || path.Tunnel != other.text("id") {
		t.Errorf("the way is %+v", path)
	}
	host := s.newRoute("172.18.0.7/32")
	s.reaches("172.18.0.7:8000")
	v := s.ok("POST", "A/teamnet/virtual_networks", `{"name":"staging"}`).text("id")
	s.ok("PATCH", "A/devices/policy", `{"virtual_networks":{"allowed":["`+v+`"],"default":"`+v+`"}}`)
	s.ends("tcp", "172.18.0.7:8000", AtRoute, "no route of the virtual network")
	s.ok("PATCH", "A/teamnet/routes/"+host.text("id"), `{"virtual_network_id":"`+v+`"}`)
	if path := s.reaches("172.18.0.7:8000"); path.VNet != v {
		t.Errorf("it is in %s", path.VNet)
	}
}

func TestGatewayMayNeedALocationToAnswerDevices(t *testing.T) {
	s := newOffice(t, Options{Unsure: Unsure{WARPNeedsLocation: true}})
	s.newHostnameRoute("ocs.team.example")
	s.ends("tcp", "ocs.team.example:8000", AtDNS, "no DNS location")
	s.ok("POST", "A/gateway/locations", `{"name":"l"}`)
	s.reaches("ocs.team.example:8000")
}

func TestAFallbackEntryCanLeaveNobodyToAsk(t *testing.T) {
	s := newOffice(t, Options{})
	s.ok("PATCH", "A/devices/policy", `{"disable_auto_fallback":true}`)
	if path, err := s.device.Resolve(t.Context(), "ocs.internal"); err == nil || path.Ended != AtDNS || path.DNSServer != "" {
		t.Errorf("it gives %v\n%s", err, path)
	}
}

// Every server of a fallback entry is asked, and the first that answers is
// believed ("Local Domain Fallback").
func TestTheFirstServerThatAnswersIsBelieved(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.newRoute("172.18.0.0/16")
	s.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"ocs.internal","dns_server":["172.18.0.99","10.0.0.1","172.18.0.100"]}]`)
	if path := s.reaches("ocs.internal:8000"); path.DNSServer != "172.18.0.100" {
		t.Errorf("%s answered:\n%s", path.DNSServer, path)
	}
}

func TestWhatIsPublicIsReachedAtTheEdge(t *testing.T) {
	s := newOffice(t, Options{})
	s.newCNAME("app", s.tunnel.text("id")+".cfargotunnel.com")
	path, err := s.device.Resolve(t.Context(), "app.example.org")
	if err != nil || path.DNSServer != ByGateway || len(path.Addresses) != 0 {
		t.Errorf("it gives %v\n%s", err, path)
	}
	s.says(path, AtDNS, "one of Cloudflare's edge")
}

func TestASettingReachesDevicesAfterItsTime(t *testing.T) {
	s := newOffice(t, Options{Propagation: Propagation{Min: 10 * time.Minute, Max: 10 * time.Minute}})
	s.newRoute("172.18.0.7/32")
	s.uncover()
	s.ends("tcp", "172.18.0.7:8000", AtSplit, "excluded")
	s.clock.advance(10 * time.Minute)
	s.reaches("172.18.0.7:8000")
	mine := s.ok("POST", "A/devices/policy", `{"name":"mine","match":"true","precedence":1}`).text("policy_id")
	s.reaches("172.18.0.7:8000")
	s.clock.advance(10 * time.Minute)
	s.ends("tcp", "172.18.0.7:8000", AtSplit, "excluded")
	s.succeed("DELETE", "A/devices/policy/"+mine, "")
	s.clock.advance(10 * time.Minute)
	s.reaches("172.18.0.7:8000")
}

func TestWhereAWayEndsIsAnError(t *testing.T) {
	s := newOffice(t, Options{})
	_, err := s.device.DialContext(t.Context(), "tcp", "172.18.0.7:8000")
	var lost *LostError
	if !errors.As(err, &lost) || lost.Path.Ended != AtSplit || lost.Error() == "" {
		t.Errorf("the error is %v", err)
	}
	for _, addr := range []string{"172.18.0.7", "172.18.0.7:x"} {
		if _, err := s.device.DialContext(t.Context(), "tcp", addr); err == nil || errors.As(err, &lost) {
			t.Errorf("%q gives %v", addr, err)
		}
	}
}

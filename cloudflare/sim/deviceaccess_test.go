package sim

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func (s *office) newPrivateApp(name, destination string, policies ...string) object {
	s.Helper()
	return s.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"`+name+`","destinations":[{"type":"private",`+destination+`}],"policies":`+toJSON(policies)+`}`)
}

// A device that has the name by a local domain, and by a route for the name.
func (s *office) bothWays() {
	s.Helper()
	s.uncover()
	s.newRoute("172.18.0.0/16")
	s.newHostnameRoute("ocs.team.example")
	s.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"ocs.internal","dns_server":["172.18.0.100"]}]`)
}

// Which application stands in the way of what ("Self-hosted private
// application"): a name is seen on port 443, and elsewhere in an address that
// Gateway gave for it.
func TestWhichApplicationIsInTheWay(t *testing.T) {
	const byRoute, byDomain, byAddress = "ocs.team.example", "ocs.internal", "172.18.0.7"
	for _, row := range []struct {
		destination, host, port string
		unsure                  Unsure
		asks                    bool
	}{
		{`"hostname":"ocs.team.example","port_range":"8000"`, byRoute, "8000", Unsure{}, true},
		{`"hostname":"OCS.team.example."`, byRoute, "8000", Unsure{}, true},
		{`"hostname":"*.team.example"`, byRoute, "8000", Unsure{}, true},
		{`"hostname":"team.example"`, byRoute, "8000", Unsure{}, false},
		{`"hostname":"ocs.team.example","port_range":"443"`, byRoute, "8000", Unsure{}, false},
		{`"hostname":"ocs.internal","port_range":"8000"`, byDomain, "8000", Unsure{}, false}, // the address says nothing of the name
		{`"hostname":"ocs.internal","port_range":"443"`, byDomain, "443", Unsure{}, true},
		{`"hostname":"ocs.internal"`, byAddress, "443", Unsure{}, false},
		{`"cidr":"172.18.0.7/32","port_range":"8000"`, byDomain, "8000", Unsure{}, true},
		{`"cidr":"172.18.0.7"`, byAddress, "8000", Unsure{}, true},
		{`"cidr":"172.18.0.0/24","port_range":"8000-8010"`, byAddress, "8000", Unsure{}, true},
		{`"cidr":"172.18.0.7/32","port_range":"443"`, byAddress, "8000", Unsure{}, false},
		{`"cidr":"172.18.0.7/32","l4_protocol":"udp"`, byAddress, "8000", Unsure{}, false},
		{`"cidr":"172.18.0.7/32","l4_protocol":"tcp"`, byAddress, "8000", Unsure{}, true},
		{`"cidr":"172.18.0.7/32","vnet_id":"00000000-0000-4000-8000-000000000000"`, byAddress, "8000", Unsure{}, false},
		{`"cidr":"172.18.0.7/32"`, byRoute, "8000", Unsure{}, false},
		{`"cidr":"172.18.0.7/32"`, byRoute, "8000", Unsure{AppsByRealAddress: true}, true},
		{`"cidr":"172.18.0.8/32"`, byRoute, "8000", Unsure{AppsByRealAddress: true}, false},
	} {
		s := newOffice(t, Options{Unsure: row.unsure})
		s.bothWays()
		app := s.newPrivateApp("web", row.destination)
		path, err := s.device.Trace(t.Context(), "tcp", row.host+":"+row.port)
		if asks := path.Ended == AtAccess; asks != row.asks || asks && path.App != app.text("id") || !asks && err != nil {
			t.Errorf("{%s} asks at %s:%s: %v, want %v (%v)\n%s", row.destination, row.host, row.port, asks, row.asks, err, path)
		}
	}
}

func TestTheClosestApplicationAsks(t *testing.T) {
	s := newOffice(t, Options{})
	s.bothWays()
	order := []string{`"cidr":"172.18.0.0/16","l4_protocol":"tcp"`, `"cidr":"172.18.0.0/16","port_range":"443"`, `"cidr":"172.18.0.7/32"`, `"hostname":"*.internal"`, `"hostname":"ocs.internal"`}
	for _, i := range []int{2, 0, 4, 1, 3} { // made in no order
		s.newPrivateApp(string(rune('a'+i)), order[i])
	}
	for i := range slices.Backward(order) {
		path, _ := s.device.Trace(t.Context(), "tcp", "ocs.internal:443")
		app := s.ok("GET", "A/access/apps/"+path.App, "")
		if app.text("name") != string(rune('a'+i)) {
			t.Errorf("%s asks, want %c\n%s", app.text("name"), 'a'+i, path)
		}
		s.succeed("DELETE", "A/access/apps/"+path.App, "")
	}
	s.reaches("ocs.internal:443")
}

// What is enough for an application: a bypass, a session at it, or the session of
// the client where it takes that ("WARP session").
func TestWhatIsEnoughForAPrivateApplication(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.newRoute("172.18.0.7/32")
	const addr = "172.18.0.7:8000"
	app := s.newPrivateApp("web", `"cidr":"172.18.0.7/32"`)
	put := func(settings string, policies ...string) {
		t.Helper()
		s.ok("PUT", "A/access/apps/"+app.text("id"), `{"type":"self_hosted","name":"web",`+settings+`"destinations":[{"type":"private","cidr":"172.18.0.7/32"}],"policies":`+toJSON(policies)+`}`)
	}
	s.ends("tcp", addr, AtAccess, "asks ann@example.org to log in")
	if err := s.device.LogIn(app.text("id")); !errors.Is(err, errNotAllowed) {
		t.Errorf("without a policy logging in gives %v", err)
	}
	put("", s.newPolicy("all", "bypass", `{"everyone":{}}`))
	s.says(s.reaches(addr), AtAccess, "bypass")
	team := s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`)
	put("", team)
	s.ends("tcp", addr, AtAccess, "asks")

	s.ok("PATCH", "A/access/organizations", `{"warp_auth_session_duration":"2h"}`)
	s.ends("tcp", addr, AtAccess, "asks") // the application does not take it
	put(`"allow_authenticate_via_warp":true,`, team)
	s.says(s.reaches(addr), AtAccess, "takes the session of the client")
	s.clock.advance(2 * time.Hour)
	s.ends("tcp", addr, AtAccess, "asks")
	if err := s.device.Renew(); err != nil {
		t.Fatal(err)
	}
	s.reaches(addr)
	s.succeed("POST", "A/access/organizations/revoke_user", `{"email":"ann@example.org","warp_session_reauth":true}`)
	s.ends("tcp", addr, AtAccess, "asks")
	if err := s.device.Renew(); err != nil {
		t.Fatal(err)
	}
	s.reaches(addr)
	others := s.newPolicy("others", "allow", `{"email_domain":{"domain":"example.net"}}`)
	put(`"allow_authenticate_via_warp":true,`, others)
	s.ends("tcp", addr, AtAccess, "does not allow ann@example.org")
	put(`"allow_authenticate_via_warp":false,`, team)
	s.ok("PATCH", "A/access/organizations", `{"allow_authenticate_via_warp":true}`)
	s.ends("tcp", addr, AtAccess, "asks") // the application says no
	put("", team)
	s.reaches(addr) // it says nothing, and the team says yes
}

package sim

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestADeviceIsEnrolledByWhomThePolicyAllows(t *testing.T) {
	w := newWorld(t, Options{})
	ann := Enrolment{Email: "Ann@example.org"}
	refused := func(why error) {
		t.Helper()
		if _, err := w.cloud.Enrol(w.AccountID, ann); !errors.Is(err, why) {
			t.Errorf("enrolling gives %v, want %v", err, why)
		}
	}
	refused(errNoEnrolment)
	app := w.ok("POST", "A/access/apps", `{"type":"warp"}`)
	refused(errNoLogin) // Cloudflare's own logins alone
	w.ok("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	refused(errNotAllowed) // without a policy nobody
	policy := w.newPolicy("others", "allow", `{"email_domain":{"domain":"example.net"}}`)
	put := func(policy string) {
		t.Helper()
		w.ok("PUT", "A/access/apps/"+app.text("id"), `{"type":"warp","policies":["`+policy+`"]}`)
	}
	put(policy)
	refused(errNotAllowed)
	put(w.newPolicy("team", "allow", `{"email":{"email":"ann@example.org"}}`))
	d, err := w.cloud.Enrol(w.AccountID, ann)
	if err != nil || d.Registration() == "" {
		t.Fatalf("enrolling gives %v", err)
	}
	if _, err := w.cloud.Enrol("x", ann); !errors.Is(err, errNoTeam) {
		t.Errorf("in another team: %v", err)
	}
	put(policy) // who is in stays in
	if path, _ := d.Trace(t.Context(), "tcp", "172.18.0.7:8000"); path.Ended == AtDevice {
		t.Errorf("it is out again:\n%s", path)
	}
	if err := d.Renew(); !errors.Is(err, errNotAllowed) {
		t.Errorf("logging in to the client again gives %v", err)
	}
}

func TestADeviceThatIsNotEnrolledReachesNothing(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.newRoute("172.18.0.7/32")
	s.newHostnameRoute("ocs.team.example")
	s.reaches("172.18.0.7:8000")
	s.reaches("ocs.team.example:8000")
	s.device = s.cloud.Device(s.AccountID, "")
	s.ends("tcp", "172.18.0.7:8000", AtDevice, "not enrolled")
	path := s.ends("tcp", "ocs.team.example:8000", AtDevice, "not enrolled")
	if len(path.Steps) != 1 || path.Tunnel != "" {
		t.Errorf("it got as far as\n%s", path)
	}
	if err := s.device.LogIn("x"); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("logging in gives %v", err)
	}
}

// The whole way by a local domain: the profile's fallback entry names the DNS
// server behind the tunnel, which answers with the container's own address.
func TestALocalDomainLeadsPastGatewayToItsServer(t *testing.T) {
	s := newOffice(t, Options{})
	s.ends("tcp", "ocs.internal:8000", AtDNS, "does not exist") // "internal" has no server
	s.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"internal"},{"suffix":"ocs.internal","dns_server":["172.18.0.100"]}]`)
	s.ends("tcp", "ocs.internal:8000", AtSplit, "172.18.0.100 does not go to Cloudflare, because 172.16.0.0/12 is excluded")
	s.uncover()
	s.ends("tcp", "ocs.internal:8000", AtRoute, "no route of the virtual network holds 172.18.0.100")
	s.newRoute("172.18.0.100/32")
	s.ends("tcp", "ocs.internal:8000", AtRoute, "no route of the virtual network holds 172.18.0.7")
	route := s.newRoute("172.18.0.7/32")
	path := s.reaches("ocs.internal:8000")
	if path.DNSServer != "172.18.0.100" || !slices.Equal(path.Addresses, []netip.Addr{netip.MustParseAddr("172.18.0.7")}) || path.Route != "172.18.0.7/32" ||
		path.Tunnel != s.tunnel.text("id") || path.VNet != route.text("virtual_network_id") || path.Reached != "172.18.0.7:8000" || path.Ended != "" {
		t.Errorf("the way is %+v", path)
	}
	if got, err := s.device.Resolve(t.Context(), "WEB.ocs.internal."); err != nil || got.Addresses[0].String() != "172.18.0.7" {
		t.Errorf("a name below it: %v\n%s", err, got)
	}
	var unknown *net.DNSError
	if got, err := s.device.Resolve(t.Context(), "db.ocs.internal"); !errors.As(err, &unknown) || !unknown.IsNotFound || unknown.Server != "172.18.0.100" {
		t.Errorf("another name: %v\n%s", err, got)
	}
	s.ends("tcp", "172.18.0.5:5432", AtRoute, "no route of the virtual network holds 172.18.0.5")
	s.ends("tcp", "ocs.internal:9000", AtServer, "refused")
	s.attach(Attachment{Private: usualLAN(), Protocol: tunnelproto.HTTP2})
	if path := s.ends("tcp", "ocs.internal:8000", AtTunnel, "no UDP"); path.Tunnel == "" {
		t.Errorf("the way is %+v", path)
	}
}

// The whole way by a route for a name: Gateway has the connector resolve it, and
// shows the device an address of its own range.
func TestANameWithARouteGetsAnAddressOfGateway(t *testing.T) {
	s := newOffice(t, Options{})
	s.ends("tcp", "ocs.team.example:8000", AtDNS, "does not exist")
	s.newHostnameRoute("team.example")
	path := s.reaches("ocs.team.example:8000")
	first := path.Addresses[0]
	if path.DNSServer != ByGateway || !netip.MustParsePrefix(usualResolved).Contains(first) || path.Route != "team.example" || path.Reached != "172.18.0.7:8000" {
		t.Errorf("the way is %+v\n%s", path, path)
	}
	if again := s.reaches("ocs.team.example:8000"); again.Addresses[0] != first {
		t.Errorf("the next time it is %s, and was %s", again.Addresses[0], first)
	}
	s.reaches(first.String() + ":8000") // a program that keeps the address
	s.ends("tcp", "db.team.example:8000", AtDNS, "does not exist")
	ann := s.device
	s.device = s.enrol("ben@example.org")
	if other := s.reaches("ocs.team.example:8000"); other.Addresses[0] == first {
		t.Error("two devices have the same address")
	}
	s.ends("tcp", first.String()+":8000", AtGateway, "for no name")
	s.device = ann
	s.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"team.example"}]`)
	s.ends("tcp", "ocs.team.example:8000", AtDNS, "the device's own resolver answers that")
	s.succeed("PUT", "A/devices/policy/fallback_domains", `[]`)
	s.attach(Attachment{Private: usualLAN(), Version: "2025.6.1"})
	s.ends("tcp", "ocs.team.example:8000", AtTunnel, "take 2025.7.0 or newer")
	s.attach(Attachment{Private: usualLAN(), Protocol: tunnelproto.HTTP2})
	s.ends("tcp", "ocs.team.example:8000", AtTunnel, "no UDP")
}

func TestTheFormerRangeOfFirstAddressesIsExcludedUnlessSomebodyTakesItOut(t *testing.T) {
	s := newOffice(t, Options{ResolvedRange: "100.80.0.0/16"})
	s.newHostnameRoute("ocs.team.example")
	s.ends("tcp", "ocs.team.example:8000", AtSplit, "100.64.0.0/10 is excluded")
	s.succeed("PUT", "A/devices/policy/exclude", `[{"address":"100.64.0.0/12"},{"address":"100.96.0.0/11"}]`)
	s.reaches("ocs.team.example:8000")
	s.succeed("PUT", "A/devices/policy/include", `[{"address":"192.0.2.0/24"}]`)
	s.ends("tcp", "ocs.team.example:8000", AtSplit, "no entry includes it")
}

func TestASessionEndsWithTheDeviceRevoked(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.newRoute("172.18.0.7/32")
	app := s.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"web","destinations":[{"type":"private","cidr":"172.18.0.7/32","port_range":"8000"}],
		"policies":["`+s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`)+`"],"session_duration":"1h"}`)
	path := s.ends("tcp", "172.18.0.7:8000", AtAccess, "web asks ann@example.org to log in")
	if path.App != app.text("id") {
		t.Errorf("it is %q that asks", path.App)
	}
	if err := s.device.LogIn(path.App); err != nil {
		t.Fatal(err)
	}
	s.reaches("172.18.0.7:8000")
	s.clock.advance(time.Hour)
	s.ends("tcp", "172.18.0.7:8000", AtAccess, "asks")
	if err := s.device.LogIn(path.App); err != nil {
		t.Fatal(err)
	}
	s.reaches("172.18.0.7:8000")
	s.cloud.RevokeUser(s.AccountID, "ann@example.org")
	s.ends("tcp", "172.18.0.7:8000", AtAccess, "asks")
	if path := s.reaches("172.18.0.7:443"); path.App != "" || !strings.Contains(path.String(), "every enrolled device may") {
		t.Errorf("another port has %q before it:\n%s", path.App, path)
	}
}

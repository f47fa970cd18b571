package sim

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
)

func TestADeviceIsStillEnrolledAfterARestart(t *testing.T) {
	s := newOffice(t, Options{})
	s.uncover()
	s.newRoute("172.18.0.7/32")
	s.ok("POST", "A/devices/policy", `{"name":"others","match":"os.name == \"linux\"","precedence":1,"include":[{"host":"example.net"}]}`)
	s.ok("PATCH", "A/gateway/configuration", `{"settings":{"tls_decrypt":{"enabled":true}}}`)
	s.succeed("POST", "A/devices/registrations/revoke?id="+s.enrol("ben@example.org").Registration(), "")
	app := s.newPrivateApp("web", `"cidr":"172.18.0.7/32"`, s.newPolicy("team", "allow", `{"everyone":{}}`))
	if err := s.device.LogIn(app.text("id")); err != nil {
		t.Fatal(err)
	}
	state, err := s.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t, Options{Seed: 99})
	if err := other.cloud.Restore(state); err != nil {
		t.Fatal(err)
	}
	if again, err := other.cloud.Snapshot(); err != nil || !bytes.Equal(state, again) {
		t.Errorf("another snapshot differs (%v):\n%s\n%s", err, state, again)
	}
	if _, err := other.cloud.AttachConnector(s.tunnel.text("token"), Attachment{Private: usualLAN()}); err != nil {
		t.Fatal(err)
	}
	s.device = other.cloud.Device(s.AccountID, s.device.Registration())
	s.reaches("172.18.0.7:8000")
}

func TestGatewayRemembersOnlySoManyAddresses(t *testing.T) {
	var f firsts
	from := netip.MustParsePrefix("172.64.128.0/20")
	seen := map[netip.Addr]bool{}
	for i := range 3000 { // of 4,094 that there are
		ip := f.give("r", first{name: fmt.Sprint("host-", i)}, from)
		if seen[ip] || !from.Contains(ip) {
			t.Fatalf("%s is given twice, or lies outside", ip)
		}
		seen[ip] = true
	}
	for i := range 300 { // in a range of 254
		f.give("small", first{name: fmt.Sprint("host-", i)}, netip.MustParsePrefix("10.0.0.0/24"))
	}
	for i := range 2 * keptFirsts {
		f.give(fmt.Sprint("r", i), first{name: "host"}, from)
	}
	if len(f.known) != keptFirsts || len(f.order) != keptFirsts {
		t.Errorf("it knows %d, in an order of %d", len(f.known), len(f.order))
	}
	if _, ok := f.behind("r", from.Addr().Next()); ok {
		t.Error("the oldest are still there")
	}
}

func TestOnlySoMuchIsRememberedOfDevicesAndLogins(t *testing.T) {
	s := newOffice(t, Options{})
	for range keptDeleted + 50 {
		d := s.enrol("ann@example.org")
		s.succeed("DELETE", "A/devices/registrations/"+d.Registration(), "")
	}
	for _, d := range s.list("A/devices/physical-devices?active_registrations=exclude&per_page=100") {
		s.succeed("DELETE", "A/devices/physical-devices/"+d.text("id"), "")
	}
	a, _ := s.cloud.state.Accounts.get(s.AccountID)
	if n := len(a.Logins.all()); n != keptLogins {
		t.Errorf("%d logins", n)
	}
	if n := a.Registrations.len(); n > keptDeleted+1 {
		t.Errorf("%d registrations", n)
	}
	if n := len(s.list("A/devices/registrations?status=all&per_page=100")); n != 1 {
		t.Errorf("%d registrations are listed", n)
	}
}

package sim

import (
	"fmt"
	"net/netip"
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// slowRoute looks for a route to the address itself, then for ever wider ranges
// around it.
func slowRoute(a *account, ip netip.Addr, vnet string) string {
	for bits := ip.BitLen(); bits >= 0; bits-- {
		for r := range a.Routes.all() {
			if r.DeletedAt == nil && r.VNetID == vnet && r.Network == fmt.Sprint(netip.PrefixFrom(ip, bits).Masked()) {
				return r.ID
			}
		}
	}
	return ""
}

func TestTheRouteWithTheLongestPrefixIsChosen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := &account{}
		address := rapid.Custom(func(t *rapid.T) netip.Addr {
			if rapid.Bool().Draw(t, "four") {
				return netip.AddrFrom4([4]byte{10, 0, rapid.SampledFrom([]byte{0, 1, 128}).Draw(t, "third"), rapid.Byte().Draw(t, "fourth")})
			}
			return netip.AddrFrom16([16]byte{0: 0xfd, 15: rapid.Byte().Draw(t, "last")})
		})
		vnet := rapid.SampledFrom([]string{"one", "two"})
		for i := range rapid.IntRange(0, 12).Draw(rt, "routes") {
			ip := address.Draw(rt, "of")
			r := &cidrRoute{ID: fmt.Sprint(i), VNetID: vnet.Draw(rt, "in"),
				Network: netip.PrefixFrom(ip, rapid.IntRange(ip.BitLen()-16, ip.BitLen()).Draw(rt, "bits")).Masked().String()}
			if slowTaken(a, r) {
				continue
			}
			if rapid.IntRange(0, 4).Draw(rt, "deleted") == 0 {
				r.DeletedAt = &a.CreatedOn
			}
			a.Routes.put(r.ID, r)
		}
		ip, in := address.Draw(rt, "ip"), vnet.Draw(rt, "vnet")
		got := ""
		if r := a.routeOf(ip, in); r != nil {
			got = r.ID
		}
		if want := slowRoute(a, ip, in); got != want {
			rt.Fatalf("the route of %s in %s is %q, want %q", ip, in, got, want)
		}
	})
}

func slowTaken(a *account, r *cidrRoute) bool {
	for other := range a.Routes.all() {
		if other.VNetID == r.VNetID && other.Network == r.Network {
			return true
		}
	}
	return false
}

func TestASnapshotFromBeforePrivateNetworksIsCompleted(t *testing.T) {
	w := newWorld(t, Options{})
	state, err := w.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	older := regexp.MustCompile(`"(virtual_networks|subnets)":\{("[^"]+":\{[^}]*\},?)*\}`).ReplaceAllString(string(state), `"$1":{}`)
	if older == string(state) {
		t.Fatal("nothing was taken out of the snapshot")
	}
	if err := w.cloud.Restore([]byte(older)); err != nil {
		t.Fatal(err)
	}
	if found := w.list("A/teamnet/virtual_networks"); len(found) != 1 || found[0]["is_default_network"] != true {
		t.Errorf("virtual networks: %v", found)
	}
	if got := w.ok("GET", "A/zerotrust/subnets/initial_resolved_ip/v4", "").text("network"); got != usualResolved {
		t.Errorf("private names begin with addresses from %s", got)
	}
}

func TestRoutesSurviveARestart(t *testing.T) {
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t").text("id")
	w.ok("POST", "A/teamnet/routes", `{"network":"172.30.250.2/32","tunnel_id":"`+tunnel+`","comment":"web"}`)
	w.ok("POST", "A/zerotrust/routes/hostname", `{"hostname":"*.ocs.example","tunnel_id":"`+tunnel+`"}`)
	state, err := w.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := newWorld(t, Options{Seed: 9})
	if err := again.cloud.Restore(state); err != nil {
		t.Fatal(err)
	}
	again.Basics = again.cloud.Basics()
	if got := again.ok("GET", "A/teamnet/routes/ip/172.30.250.2", ""); got.text("comment") != "web" || got.text("tunnel_name") != "t" {
		t.Errorf("the route is now %v", got)
	}
	if got := again.list("A/zerotrust/routes/hostname?hostname=OCS"); len(got) != 1 || got[0].text("hostname") != "ocs.example" {
		t.Errorf("hostname routes: %v", got)
	}
}

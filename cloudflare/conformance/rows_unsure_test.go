package conformance

import (
	"github.com/culvert/culvert/cloudflare/sim"
)

// What private networks answer where nobody knows what Cloudflare does, the other
// way round.
func unsureNetworkRows() []row {
	return []row{
		{op: "PUT " + deviceSettings, what: "leaves what it is not given, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{SettingsPutKeeps: true}}, run: func(t *try) {
				t.object("PUT", deviceSettings, `{"gateway_proxy_enabled":true}`)
				got := t.object("PUT", deviceSettings, `{"gateway_udp_proxy_enabled":true}`)
				t.same("both", []any{got["gateway_proxy_enabled"], got["gateway_udp_proxy_enabled"]}, []any{true, true})
			}},
		{op: "POST " + hostnameRoutes, what: "refuses a name that has a route with 400, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{HostnameTakenIs400: true}}, run: func(t *try) {
				aHostnameRoute(t)
				t.refusedRaw(t.raw("POST", hostnameRoutes, `{"hostname":"{host}","tunnel_id":"{tunnel}"}`), 400, 1014, "exact hostname")
			}},
		{op: "POST " + apps, what: "refuses a second one for enrolling devices with 400, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{SecondEnrolmentIs12130: true}}, run: func(t *try) {
				t.object("POST", apps, `{"type":"warp"}`)
				t.refusedRaw(t.raw("POST", apps, `{"type":"warp"}`), 400, 12130, "already exists")
			}},
	}
}

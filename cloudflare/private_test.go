package cloudflare

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

func TestRoutesOfOthersAreSeenAsOurPlansWriteThem(t *testing.T) {
	w := newWorld(t)
	other := w.id(w.stranger("POST", "A/cfd_tunnel", map[string]any{"name": "office", "config_src": "cloudflare"}))
	w.stranger("POST", "A/teamnet/routes", map[string]any{"network": "172.30.1.7/16", "tunnel_id": other, "comment": "office"})
	w.create(w.key(setup.KindRoute, "ours"), w.route("172.30.250.2/32"))
	found := map[string]setup.Route{}
	for _, o := range w.all(setup.KindRoute) {
		r := o.State.(setup.Route)
		found[r.Network] = r
	}
	if r := found["172.30.0.0/16"]; len(found) != 2 || r.TunnelName != "office" || r.Tunnel.Lit != other || r.Comment != "office" {
		t.Errorf("got %+v", found)
	}
}

func TestADeletedRouteIsNoRoute(t *testing.T) {
	w := newWorld(t)
	o := w.create(w.key(setup.KindRoute, "ours"), w.route("172.30.250.2/32"))
	w.stranger("DELETE", "A/teamnet/routes/"+o.ID, nil)
	if all := w.all(setup.KindRoute); len(all) != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestTheMarkOfARouteIsKeptWhateverTheOperatorWrites(t *testing.T) {
	w := newWorld(t)
	route := w.route("172.30.250.2/32")
	route.Comment = strings.Repeat("ä", 150)
	k := w.key(setup.KindRoute, "ours")
	o := w.create(k, route)
	seen := w.one(setup.KindRoute, o.ID)
	text := gjson.GetBytes(seen.Raw, "comment").String()
	if seen.Mark != setup.Mark(install, k) || len([]rune(text)) != 100 || !strings.HasPrefix(route.Comment, seen.State.(setup.Route).Comment) {
		t.Errorf("mark %q in %q", seen.Mark, text)
	}
}

func TestTheProxyIsSwitchedWithoutTheOtherSettings(t *testing.T) {
	w := newWorld(t)
	w.stranger("PUT", "A/devices/settings", map[string]any{"gateway_proxy_enabled": true, "use_zt_virtual_ip": true, "disable_for_time": 600})
	all := w.all(setup.KindGatewayProxy)
	from := all[0].State
	w.must(setup.Entry{Key: w.key(setup.KindGatewayProxy, "it"), Verb: setup.Update, ID: all[0].ID, From: from, To: setup.GatewayProxy{TCP: true, UDP: true}})
	raw := w.stranger("GET", "A/devices/settings", nil)
	if !gjson.GetBytes(raw, "use_zt_virtual_ip").Bool() || gjson.GetBytes(raw, "disable_for_time").Int() != 600 {
		t.Errorf("other settings were lost: %s", raw)
	}
}

func TestASwitchThatIsNotToldIsUnreadAndNotOff(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/devices/settings", Status: 200,
		Body: `{"success":true,"errors":[],"result":{"gateway_proxy_enabled":true}}`})
	v := w.privateView()
	v.Kinds = []setup.Kind{setup.KindGatewayProxy}
	seen, err := w.Observe(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	if _, unread := seen.Unread[setup.ReadScope{Kind: setup.KindGatewayProxy, Scope: w.AccountID}]; !unread || len(seen.Objects) != 0 {
		t.Errorf("seen %+v", seen)
	}
}

func TestTheDefaultLocationOfSomebodyElseStays(t *testing.T) {
	w := newWorld(t)
	theirs := w.id(w.stranger("POST", "A/gateway/locations", map[string]any{"name": "Office", "client_default": true,
		"networks": []any{map[string]any{"network": "203.0.113.0/24"}}}))
	ours := setup.DNSLocation{Name: "Culvert", Default: true}
	w.refuses(setup.Entry{Key: w.key(setup.KindDNSLocation, "default"), Verb: setup.Create, To: ours}, setup.CodeConflict)
	seen := w.one(setup.KindDNSLocation, theirs)
	if l := seen.State.(setup.DNSLocation); len(w.all(setup.KindDNSLocation)) != 1 || !l.Default || len(l.Networks) != 1 || l.Networks[0] != "203.0.113.0/24" {
		t.Errorf("got %+v", l)
	}
}

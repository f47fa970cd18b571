package cloudflare

import (
	"reflect"
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

// Cloudflare itself says which route it takes for an address. If it does not, the
// list is no worse for it.
func TestCloudflareIsAskedWhichRouteItTakes(t *testing.T) {
	const app, dns = "172.30.250.2", "172.30.250.3"
	w := newWorld(t)
	other := w.id(w.stranger("POST", "A/cfd_tunnel", map[string]any{"name": "office", "config_src": "cloudflare"}))
	w.create(w.key(setup.KindRoute, "ours"), w.route(app+"/32"))
	lab := w.id(w.stranger("POST", "A/teamnet/virtual_networks", map[string]any{"name": "lab"}))
	w.stranger("POST", "A/teamnet/routes", map[string]any{"network": "172.30.0.0/16", "tunnel_id": other})
	w.stranger("POST", "A/teamnet/routes", map[string]any{"network": "172.16.0.0/12", "tunnel_id": other, "virtual_network_id": lab})
	look := func(lookups ...setup.Lookup) (taken map[string][]string) {
		t.Helper()
		v := w.privateView()
		v.Kinds, v.Lookups = []setup.Kind{setup.KindRoute}, lookups
		seen, err := w.Observe(t.Context(), v)
		if err != nil || len(seen.Unread) > 0 {
			t.Fatalf("the routes are unread: %v %v", err, seen.Unread)
		}
		taken = map[string][]string{}
		for _, o := range ofKind(seen, setup.KindRoute) {
			r := o.State.(setup.Route)
			taken[r.Network] = r.Takes
		}
		return taken
	}
	want := map[string][]string{app + "/32": {app}, "172.30.0.0/16": {dns}, "172.16.0.0/12": nil}
	if got := look(setup.Lookup{Address: app}, setup.Lookup{Address: dns}, setup.Lookup{Address: "10.0.0.1"}); !reflect.DeepEqual(got, want) {
		t.Errorf("it takes %v, want %v", got, want)
	}
	want = map[string][]string{app + "/32": nil, "172.30.0.0/16": nil, "172.16.0.0/12": {app}}
	if got := look(setup.Lookup{VNet: "lab", Address: app}, setup.Lookup{VNet: "home", Address: dns}); !reflect.DeepEqual(got, want) {
		t.Errorf("in another virtual network it takes %v, want %v", got, want)
	}
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/teamnet/routes/ip/" + app, Status: 404})
	want = map[string][]string{app + "/32": nil, "172.30.0.0/16": {dns}, "172.16.0.0/12": nil}
	if got := look(setup.Lookup{Address: app}, setup.Lookup{Address: dns}); !reflect.DeepEqual(got, want) {
		t.Errorf("without an answer it takes %v, want %v", got, want)
	}
}

// Cloudflare may list a route and say that it takes none: then none is good.
func TestThatCloudflareTakesNoRouteIsNoted(t *testing.T) {
	w := newWorld(t)
	w.create(w.key(setup.KindRoute, "ours"), w.route("172.30.250.2/32"))
	v := w.privateView()
	v.Kinds, v.Lookups = []setup.Kind{setup.KindRoute}, []setup.Lookup{{Address: "10.0.0.1"}}
	seen, err := w.Observe(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	all := ofKind(seen, setup.KindRoute)
	if len(all) != 1 {
		t.Fatalf("it shows %+v", all)
	}
	if r := all[0].State.(setup.Route); !reflect.DeepEqual(r.Leaves, []string{"10.0.0.1"}) || r.Takes != nil || all[0].Scope != w.AccountID {
		t.Errorf("it shows %+v", all[0])
	}
	o := w.routeTaken(t.Context(), w.AccountID, "172.30.250.2", nil)
	if !o.told || o.route == nil || o.route.Scope != w.AccountID {
		t.Errorf("the answer is %+v", o)
	}
}

// A route may be made while the list is read: it is there, as Cloudflare takes it.
func TestARouteThatCloudflareTakesIsThereAlsoWhereTheListLacksIt(t *testing.T) {
	listed := setup.Object{ID: "wide", State: setup.Route{Network: "172.30.0.0/16"}}
	made := setup.Object{ID: "close", State: setup.Route{Network: "172.30.250.0/28"}}
	asked := taking{told: true, route: &made}
	got := asked.noted(asked.noted([]setup.Object{listed}, "172.30.250.2"), "172.30.250.3")
	want := []setup.Object{listed, {ID: "close", State: setup.Route{Network: "172.30.250.0/28", Takes: []string{"172.30.250.2", "172.30.250.3"}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
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

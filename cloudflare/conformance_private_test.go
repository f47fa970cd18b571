package cloudflare

import (
	"slices"
	"testing"

	"github.com/culvert/culvert/setup"
)

// privateRows are those of the kinds that only the private modes have to do with.
func privateRows() []row {
	return []row{
		{
			kind: setup.KindRoute,
			from: func(w *world) setup.State { return w.route("172.30.250.2/32") },
			to:   func(w *world) setup.State { return w.route("172.30.250.3/32") },
			meddle: func(w *world, id string) {
				w.stranger("PATCH", "A/teamnet/routes/"+id, map[string]any{"network": "172.30.0.0/16"})
			},
		},
		{
			kind: setup.KindHostnameRoute,
			from: func(w *world) setup.State {
				return setup.HostnameRoute{Hostname: "ocs.your-org", Tunnel: setup.Lit(w.someTunnel()), Comment: "for the team"}
			},
			to: func(w *world) setup.State {
				return setup.HostnameRoute{Hostname: "app.your-org", Tunnel: setup.Lit(w.someTunnel()), Comment: "for the team"}
			},
			meddle: func(w *world, id string) {
				w.stranger("PATCH", "A/zerotrust/routes/hostname/"+id, map[string]any{"hostname": "theirs.your-org"})
			},
		},
		{
			kind: setup.KindDNSLocation,
			from: func(*world) setup.State { return setup.DNSLocation{Name: "Culvert", Default: true} },
			to:   func(*world) setup.State { return setup.DNSLocation{Name: "Office", Default: true} },
			meddle: func(w *world, id string) {
				w.stranger("PUT", "A/gateway/locations/"+id, map[string]any{"name": "Theirs", "client_default": true})
			},
		},
		{
			kind: setup.KindEnrolment, unmarked: true,
			from: func(*world) setup.State { return setup.Enrolment{Session: "24h"} },
			to:   func(*world) setup.State { return setup.Enrolment{Session: "168h"} },
			meddle: func(w *world, id string) {
				w.stranger("PUT", "A/access/apps/"+id, map[string]any{"type": "warp", "session_duration": "1h"})
			},
		},
		{
			kind: setup.KindEnrolmentRule, unmarked: true, fixed: true,
			from: func(w *world) setup.State {
				return setup.EnrolmentRule{App: setup.Lit(w.enrolment()), Policy: w.somePolicy()[0]}
			},
		},
		{
			kind: setup.KindGatewayProxy, always: true,
			from: func(*world) setup.State { return setup.GatewayProxy{} },
			to:   func(*world) setup.State { return setup.GatewayProxy{TCP: true, UDP: true} },
			meddle: func(w *world, _ string) {
				w.stranger("PATCH", "A/devices/settings", map[string]any{"gateway_proxy_enabled": true})
			},
		},
		{
			kind: setup.KindICMPProxy, always: true,
			from: func(*world) setup.State { return setup.ICMPProxy{} },
			to:   func(*world) setup.State { return setup.ICMPProxy{On: true} },
			meddle: func(w *world, _ string) {
				w.stranger("PATCH", "A/zerotrust/connectivity_settings", map[string]any{"icmp_proxy_enabled": true})
			},
		},
		{
			kind: setup.KindSplitTunnel, always: true,
			from: func(*world) setup.State { return setup.SplitTunnel{Profile: setup.DefaultProfile, Network: private} },
			to: func(*world) setup.State {
				return setup.SplitTunnel{Profile: setup.DefaultProfile, Network: private, Through: true}
			},
			meddle: func(w *world, _ string) {
				w.stranger("PUT", "A/devices/policy/exclude", []any{map[string]any{"address": "10.0.0.0/8"}})
			},
		},
		{
			kind: setup.KindFallback, always: true,
			from: func(*world) setup.State { return fallbackTo() },
			to:   func(*world) setup.State { return fallbackTo("172.30.250.3") },
			meddle: func(w *world, _ string) {
				w.domains(`{"suffix":"ocs.your-org","dns_server":["9.9.9.9"]}`)
			},
		},
		{
			kind: setup.KindShadow, always: true,
			from: func(*world) setup.State {
				return setup.Shadow{Profile: setup.DefaultProfile, Hostname: "ocs.lan", Entries: []setup.DomainEntry{{Suffix: "lan"}}}
			},
			to:     func(*world) setup.State { return setup.Shadow{Profile: setup.DefaultProfile, Hostname: "ocs.lan"} },
			meddle: func(w *world, _ string) { w.domains(`{"suffix":"home"}`) },
		},
	}
}

func (w *world) route(network string) setup.Route {
	return setup.Route{Network: network, VNet: setup.Lit(w.all(setup.KindVirtualNetwork)[0].ID), Tunnel: setup.Lit(w.someTunnel()), Comment: "the app"}
}

func (w *world) enrolment() string {
	for _, o := range w.all(setup.KindEnrolment) {
		return o.ID
	}
	return w.create(w.key(setup.KindEnrolment, "some"), setup.Enrolment{Session: "24h"}).ID
}

// answers holds a kind that is always there to what is asked of the others, as
// far as it is only changed.
func (r row) answers(t *testing.T) {
	t.Run("it is seen as it stands, and the change and the way back are seen", r.isPutBack)
	t.Run("what a stranger changed is not changed", r.isNotOverwritten)
	t.Run("a change whose answer was lost is seen", r.isSeenAgain)
	t.Run("it is neither made nor deleted", r.isNeverMade)
}

// stands gives a world and the change of the row's object in it.
func (r row) stands(t *testing.T) (*world, setup.Entry) {
	w := newWorld(t)
	e := setup.Entry{Key: w.key(r.kind, "it"), Verb: setup.Update, From: r.from(w), To: r.to(w)}
	all := w.all(r.kind)
	at := slices.IndexFunc(all, func(o setup.Object) bool { return setup.Same(o.State, e.From) && o.Scope == e.Key.Scope })
	if at < 0 {
		t.Fatalf("it does not stand as %+v: %+v", e.From, all)
	}
	e.ID = all[at].ID
	return w, e
}

func (r row) isPutBack(t *testing.T) {
	w, e := r.stands(t)
	for range 2 {
		o := w.must(e)
		seen := w.one(r.kind, e.ID)
		if diff := differs(e.To, o.State); diff != "" || o.ID != e.ID || !setup.Same(seen.State, e.To) {
			t.Errorf("outcome (-asked +got):\n%s\nobserved %+v", diff, seen)
		}
		e.From, e.To = seen.State, e.From
	}
}

func (r row) isNotOverwritten(t *testing.T) {
	w, e := r.stands(t)
	r.meddle(w, e.ID)
	theirs := w.one(r.kind, e.ID).State
	if setup.Same(theirs, e.From) {
		t.Fatal("the stranger changed nothing; the test proves nothing")
	}
	got := w.refuses(e, setup.CodeChanged)
	if now := w.one(r.kind, e.ID).State; !setup.Same(got.State, theirs) || !setup.Same(now, theirs) {
		t.Errorf("the outcome shows %+v, what the stranger wrote became %+v", got.State, now)
	}
}

func (r row) isSeenAgain(t *testing.T) {
	w, e := r.stands(t)
	w.cloud.ForgetCalls()
	w.loseAnswers()
	if _, err := w.try(e); err == nil {
		t.Fatal("a write whose answer was lost was reported as if its effect were known")
	}
	w.cloud.Heal()
	if n := w.counts("PUT", "") + w.counts("PATCH", ""); n != 1 {
		t.Errorf("the write was sent %d times, want once", n)
	}
	if seen := w.one(r.kind, e.ID); !setup.Same(seen.State, e.To) {
		t.Errorf("observed %+v, want %+v", seen.State, e.To)
	}
}

func (r row) isNeverMade(t *testing.T) {
	w, e := r.stands(t)
	w.refuses(setup.Entry{Key: e.Key, Verb: setup.Create, To: e.To}, setup.CodeInternal)
	w.refuses(setup.Entry{Key: e.Key, Verb: setup.Delete, ID: e.ID, From: e.From}, setup.CodeInternal)
}

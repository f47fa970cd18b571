package sim

import (
	"strings"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	for _, row := range []struct {
		what    string
		fault   Fault
		status  int // 0: the connection broke
		code    int
		created bool
	}{
		{"a page of a broken gateway", Fault{Status: 502, Body: "<!DOCTYPE html><p>Bad gateway"}, 502, -1, false},
		{"a reset before the effect", Fault{ResetBefore: true}, 0, -1, false},
		{"a reset after the effect", Fault{ResetAfterEffect: true}, 0, -1, true},
		{"200 without success", Fault{SuccessFalse: true}, 200, 1, false},
		{"429", Fault{RetryAfter: 7 * time.Second}, 429, 10429, false},
		{"a delay", Fault{Delay: time.Millisecond}, 200, -1, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t, Options{})
			row.fault.Method, row.fault.Path, row.fault.Times = "POST", "/accounts/"+w.AccountID+"/cfd_tunnel", 1
			w.cloud.Inject(row.fault)
			if w.call("GET", "A/cfd_tunnel", "").status != 200 || w.call("POST", "zones", "{}").code() != 1068 {
				t.Error("calls that it does not name are struck")
			}
			r, err := w.send(w.Token, "POST", "A/cfd_tunnel", `{"name":"t"}`)
			if (err != nil) != (row.status == 0) || r.status != row.status || r.code() != row.code {
				t.Errorf("the call gives %d with code %d (%v)\n%s", r.status, r.code(), err, r.body)
			}
			if row.fault.RetryAfter > 0 && r.header.Get("Retry-After") != "7" {
				t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
			}
			if got := len(w.list("A/cfd_tunnel")) == 1; got != row.created {
				t.Errorf("the tunnel was created: %v, want %v", got, row.created)
			}
			want := 200
			if row.created {
				want = 409
			}
			if r := w.call("POST", "A/cfd_tunnel", `{"name":"t"}`); r.status != want {
				t.Errorf("the next call gives %d: one strike was ordered", r.status)
			}
		})
	}
}

func TestASecondWriterBetweenReadAndWrite(t *testing.T) {
	w := newWorld(t, Options{})
	path := "A/cfd_tunnel/" + w.newTunnel("t").text("id") + "/configurations"
	w.cloud.Inject(Fault{Method: "PUT", Times: 1, Between: func() {
		w.ok("PUT", path, `{"config":{"ingress":[{"service":"http_status:403"}]}}`)
	}})
	if got := w.ok("PUT", path, `{"config":{"ingress":[{"service":"http_status:404"}]}}`); got["version"] != 2.0 {
		t.Errorf("the second writer came to version %v", got["version"])
	}
}

func TestFaultsStrikeInOrderAndHeal(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.Inject(Fault{Status: 500, Times: 2})
	w.cloud.Inject(Fault{Status: 503})
	var seen []int
	for range 4 {
		seen = append(seen, w.call("GET", "zones", "").status)
	}
	if got := toJSON(seen); got != "[500,500,503,503]" {
		t.Errorf("calls give %s", got)
	}
	w.cloud.Heal()
	w.list("zones")
}

// struckBy makes calls under a fault and tells which of them it struck.
func struckBy(t *testing.T, seed uint64, line string, calls int) (hit []int) {
	t.Helper()
	w := newWorld(t, Options{Seed: seed})
	f, err := ParseFault(line)
	if err != nil {
		t.Fatal(err)
	}
	id := w.cloud.Inject(f)
	for n := range calls {
		if w.call("GET", "zones", "").status != 200 {
			hit = append(hit, n)
		}
	}
	if s := w.cloud.Faults()[0]; s.ID != id || s.Matched != calls || s.Struck != len(hit) {
		t.Errorf("of %d strikes it tells as %+v", len(hit), s)
	}
	return hit
}

func TestAChanceFollowsFromTheSeed(t *testing.T) {
	const line = "GET /zones status 503 30%"
	first := struckBy(t, 7, line, 100)
	if len(first) < 15 || len(first) > 45 {
		t.Errorf("of 100 calls 30%% strikes %d", len(first))
	}
	if again := struckBy(t, 7, line, 100); toJSON(again) != toJSON(first) {
		t.Errorf("with the same seed it strikes %v and then %v", first, again)
	}
	if other := struckBy(t, 8, line, 100); toJSON(other) == toJSON(first) {
		t.Error("another seed makes no difference")
	}
}

func TestAFaultStrikesTheOperationItNames(t *testing.T) {
	w := newWorld(t, Options{})
	for path, hits := range map[string][]string{
		"/zones":               {"zones"},
		"/zones/**":            {"zones", "Z/dns_records", "Z/settings"},
		"/zones/*/dns_records": {"Z/dns_records"},
		"/zones/{zone}/*":      {"Z/dns_records", "Z/settings"},
		"/accounts/*":          {},
	} {
		id := w.cloud.Inject(Fault{Path: path, Status: 500})
		struck := []string{}
		for _, call := range []string{"zones", "Z/dns_records", "Z/settings", "A/cfd_tunnel"} {
			if w.call("GET", call, "").status == 500 {
				struck = append(struck, call)
			}
		}
		if toJSON(struck) != toJSON(hits) {
			t.Errorf("%s strikes %v, want %v", path, struck, hits)
		}
		if !w.cloud.HealFault(id) || w.cloud.HealFault(id) || w.call("GET", "zones", "").status != 200 {
			t.Error("it was not healed once and for all")
		}
	}
}

func TestWaitingGoesWithWhateverElseStrikes(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.Inject(Fault{Delay: 2 * time.Millisecond, Jitter: 3 * time.Millisecond})
	w.cloud.Inject(Fault{Path: "/zones", Status: 502})
	if r := w.call("GET", "zones", ""); r.status != 502 || !strings.Contains(r.body, "502 Bad Gateway") {
		t.Errorf("the call gives %d: %s", r.status, r.body)
	}
	if took := w.cloud.Calls()[0].Duration; took < 2*time.Millisecond {
		t.Errorf("it took %s, want 2ms at least", took)
	}
}

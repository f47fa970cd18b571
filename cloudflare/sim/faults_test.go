package sim

import (
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

package conformance

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
)

func TestWithoutLiveNothingButLoopbackIsReached(t *testing.T) {
	for _, addr := range []string{"192.0.2.1:443", "api.cloudflare.com:443", "[2001:db8::1]:443", "localhost:80", "0.0.0.0:80"} {
		if conn, err := dialLoopback(t.Context(), "tcp", addr); !errors.Is(err, errNotLoopback) {
			t.Errorf("%s: %v, %v", addr, conn, err)
		}
	}
	realEnvironment(t)
	api, stop := simulator(sim.Options{})
	defer stop()
	if !strings.HasPrefix(api.base, "http://127.0.0.1:") || api.token == "real" || api.account == "real" || api.zone == "real" {
		t.Errorf("the environment chose %+v", api)
	}
	ended := row{run: func(t *try) { t.base = realAPI; t.raw("GET", Z, "") }}.on(api)
	if len(ended.failures) != 1 || !strings.Contains(ended.failures[0], errNotLoopback.Error()) {
		t.Errorf("a row that went to the real API ended with %q", ended.failures)
	}
}

// recorder dials as rows do and tells where to.
type recorder struct {
	mu        sync.Mutex
	addresses []string
}

func (r *recorder) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	r.mu.Lock()
	r.addresses = append(r.addresses, addr)
	r.mu.Unlock()
	return dialLoopback(ctx, network, addr)
}

func TestOnlyTheNamedClassesRunOnARealAccount(t *testing.T) {
	for _, row := range []struct {
		class      class
		disposable bool
		may        bool
	}{{read, false, true}, {own, false, true}, {wide, false, false}, {simulated, false, false},
		{read, true, true}, {own, true, true}, {wide, true, true}, {simulated, true, false}} {
		if got := row.class.may(row.disposable); got != row.may {
			t.Errorf("class %d on a disposable account %v: %v", row.class, row.disposable, got)
		}
	}
}

// What -live does, on one account that is a simulator's without the rows knowing.
func TestRowsForARealAccountNeedNothingOfTheSimulator(t *testing.T) {
	api, stop := simulator(sim.Options{})
	defer stop()
	before, err := left(api)
	if err != nil {
		t.Fatal(err)
	}
	real := api
	real.cloud, real.clock = nil, nil
	for _, r := range rows() {
		if !r.class.may(true) {
			continue
		}
		for _, f := range r.on(real).failures {
			t.Errorf("%s: %s", r, f)
		}
	}
	if after, err := left(api); err != nil || after != before {
		t.Errorf("they leave behind\n%s\nwhere there was\n%s (%v)", after, before, err)
	}
	if found, err := sweep(api); err != nil || len(found) > 0 {
		t.Errorf("swept %q (%v)", found, err)
	}
}

func TestWhatARowMadeIsRemovedWhereverItEnds(t *testing.T) {
	make := func(t *try) {
		tunnel := t.object("POST", A+"/cfd_tunnel", `{"name":"{name}"}`)
		t.made(A + "/cfd_tunnel/" + tunnel.text("id"))
		record := t.object("POST", Z+"/dns_records", `{"type":"A","name":"{host}","content":"192.0.2.1"}`)
		t.made(Z + "/dns_records/" + record.text("id"))
	}
	for what, end := range map[string]func(*try){
		"it passes":         func(*try) {},
		"it fails":          func(t *try) { t.failf("no") },
		"it stops":          func(t *try) { t.stop("no") },
		"a call fails":      func(t *try) { t.object("GET", A+"/cfd_tunnel/{id}", "") },
		"it panics":         func(*try) { panic("no") },
		"its context ended": func(t *try) { end, cancel := context.WithCancel(t.ctx); cancel(); t.ctx = end; t.raw("GET", Z, "") },
	} {
		t.Run(what, func(t *testing.T) {
			api, stop := simulator(sim.Options{})
			defer stop()
			before, err := left(api)
			if err != nil {
				t.Fatal(err)
			}
			ended := row{run: func(t *try) { make(t); end(t) }}.on(api)
			if (len(ended.failures) == 0) != (what == "it passes") {
				t.Errorf("failures: %q", ended.failures)
			}
			if after, err := left(api); err != nil || after != before {
				t.Errorf("it leaves behind\n%s (%v)", after, err)
			}
		})
	}
}

func TestWhatCannotBeRemovedIsSaidAndSwept(t *testing.T) {
	api, stop := simulator(sim.Options{})
	defer stop()
	api.cloud.Inject(sim.Fault{Method: "DELETE", Status: 502, Body: "<html>", Times: 1})
	ended := row{run: func(t *try) {
		t.made(A + "/cfd_tunnel/" + t.object("POST", A+"/cfd_tunnel", `{"name":"{name}"}`).text("id"))
	}}.on(api)
	if len(ended.failures) != 1 || !strings.HasPrefix(ended.failures[0], "LEFT BEHIND: DELETE /accounts/") {
		t.Errorf("failures: %q", ended.failures)
	}
	theirs := row{run: func(t *try) { t.object("POST", A+"/cfd_tunnel", `{"name":"somebody-elses"}`) }}
	theirs.on(api)
	found, err := sweep(api)
	if err != nil || len(found) != 1 || !strings.Contains(found[0], ended.name()) {
		t.Errorf("swept %q (%v)", found, err)
	}
	if after, err := left(api); err != nil || strings.Contains(after, prefix) || !strings.Contains(after, "somebody-elses") {
		t.Errorf("after the sweep there is\n%s (%v)", after, err)
	}
}

func TestWhatShouldHaveBeenRefusedIsRemovedToo(t *testing.T) {
	api, stop := simulator(sim.Options{})
	defer stop()
	ended := refusal{op: "POST " + A + "/cfd_tunnel", class: own, what: "a good tunnel", body: `{"name":"{name}"}`, status: 400, code: 1}.row().on(api)
	if len(ended.failures) != 1 || !strings.Contains(ended.failures[0], "nothing was refused") {
		t.Errorf("failures: %q", ended.failures)
	}
	if after, err := left(api); err != nil || strings.Contains(after, prefix) {
		t.Errorf("it leaves behind\n%s (%v)", after, err)
	}
}

package sim

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// load is a client that makes things and removes them.
type load struct {
	Basics
	cloud *Cloud
	do    func(*http.Request) (status int, body string)
	calls int
	odd   []string // answers that were not expected
}

// newLoad is one without the network.
func newLoad() *load {
	cloud := Example(Options{RateLimit: 1 << 30, Seed: 1})
	api := cloud.API()
	return &load{Basics: cloud.Basics(), cloud: cloud, do: func(r *http.Request) (int, string) {
		out := httptest.NewRecorder()
		api.ServeHTTP(out, r)
		return out.Code, out.Body.String()
	}}
}

// call makes one and gives the id in its answer, if there is one.
func (l *load) call(status int, method, path, body string) string {
	l.calls++
	path = strings.NewReplacer("A/", "accounts/"+l.AccountID+"/", "Z/", "zones/"+l.ZoneID+"/").Replace(path)
	r := httptest.NewRequest(method, "/client/v4/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+l.Token)
	got, answer := l.do(r)
	if got != status {
		l.odd = append(l.odd, fmt.Sprintf("%s %s: %d %s", method, path, got, answer))
	}
	_, rest, _ := strings.Cut(answer, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// round is what a setup does to an account when it comes and goes, with reads
// and refusals in between.
func (l *load) round() {
	tunnel := l.call(200, "POST", "A/cfd_tunnel", `{"name":"app","config_src":"cloudflare"}`)
	l.call(409, "POST", "A/cfd_tunnel", `{"name":"app"}`)
	l.call(200, "PUT", "A/cfd_tunnel/"+tunnel+"/configurations", `{"config":{"ingress":[{"hostname":"app.example.org","service":"http://web:8000"},{"service":"http_status:404"}]}}`)
	token := l.call(201, "POST", "A/access/service_tokens", `{"name":"ci"}`)
	l.call(200, "POST", "A/access/service_tokens/"+token+"/rotate", "")
	group := l.call(201, "POST", "A/access/groups", `{"name":"team","include":[{"everyone":{}}]}`)
	policy := l.call(201, "POST", "A/access/policies", `{"name":"team","decision":"allow","include":[{"group":{"id":"`+group+`"}}]}`)
	app := l.call(201, "POST", "A/access/apps", `{"type":"self_hosted","name":"lock","domain":"app.example.org","policies":["`+policy+`"]}`)
	l.call(200, "GET", "A/access/apps/"+app, "")
	l.call(200, "PUT", "A/access/apps/"+app, `{"type":"self_hosted","name":"lock 2","domain":"app.example.org","policies":["`+policy+`"]}`)
	record := l.call(200, "POST", "Z/dns_records", `{"type":"CNAME","name":"app","content":"`+tunnel+`.cfargotunnel.com","proxied":true,"ttl":1}`)
	l.call(400, "POST", "Z/dns_records", `{"type":"A","name":"app","content":"192.0.2.1"}`)
	l.call(200, "GET", "Z/dns_records?name.exact=app.example.org", "")
	l.call(200, "PATCH", "Z/settings/security_level", `{"value":"high"}`)
	route := l.call(200, "POST", "A/zerotrust/routes/hostname", `{"hostname":"ocs.internal","tunnel_id":"`+tunnel+`"}`)
	l.call(200, "PATCH", "A/devices/settings", `{"gateway_proxy_enabled":true}`)
	l.call(200, "PUT", "A/devices/policy/exclude", `[{"address":"10.0.0.0/8"},{"address":"192.168.0.0/16"}]`)
	l.call(200, "GET", "A/devices/policy/fallback_domains", "")
	l.call(404, "GET", "nothing/there", "")
	l.call(200, "DELETE", "A/zerotrust/routes/hostname/"+route, "")
	l.call(200, "DELETE", "Z/dns_records/"+record, "")
	l.call(202, "DELETE", "A/access/apps/"+app, "")
	l.call(202, "DELETE", "A/access/policies/"+policy, "")
	l.call(202, "DELETE", "A/access/groups/"+group, "")
	l.call(200, "DELETE", "A/access/service_tokens/"+token, "")
	l.call(200, "DELETE", "A/cfd_tunnel/"+tunnel, "")
}

// heap is what is in use, in KiB.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) / 1024
}

// steps makes calls and gives the heap after each of so many, once whatever is
// kept for a while (deleted tunnels, the newest calls) is full.
func (l *load) steps(count, each int) (heaps []int64, took time.Duration) {
	for range keptDeleted {
		l.round()
	}
	began := time.Now()
	for range count {
		for from := l.calls; l.calls < from+each; {
			l.round()
		}
		heaps = append(heaps, heap())
	}
	return heaps, time.Since(began)
}

// mayGrow is how much the heap may differ between two looks, in KiB: what the
// runtime and the garbage collector do between them.
const mayGrow = 256

func TestMemoryStaysFlatOverManyCalls(t *testing.T) {
	l := newLoad()
	defer l.cloud.Close()
	heaps, took := l.steps(4, 50_000)
	for _, odd := range l.odd[:min(len(l.odd), 5)] {
		t.Error(odd)
	}
	for i, h := range heaps {
		if h > heaps[0]+mayGrow {
			t.Errorf("%d KiB in use after the first 50,000 calls, %d KiB after %d", heaps[0], h, (i+1)*50_000)
		}
	}
	t.Logf("KiB in use after each 50,000 calls: %v; %v", heaps, took)
}

// BenchmarkAMillionCalls says how fast calls are, and how much the heap grew
// from the first 100,000 of them to the last.
func BenchmarkAMillionCalls(b *testing.B) {
	for range b.N {
		l := newLoad()
		heaps, took := l.steps(10, 100_000)
		l.cloud.Close()
		if len(l.odd) > 0 {
			b.Fatal(l.odd[0])
		}
		b.ReportMetric(1_000_000/took.Seconds(), "calls/s")
		b.ReportMetric(float64(heaps[len(heaps)-1]-heaps[0]), "KiB-grown")
		b.ReportMetric(float64(heaps[0]), "KiB-in-use")
	}
}

// BenchmarkAPI measures rounds of calls without the network.
func BenchmarkAPI(b *testing.B) {
	l := newLoad()
	defer l.cloud.Close()
	l.bench(b)
}

// BenchmarkServedAPI measures them over loopback, the client included.
func BenchmarkServedAPI(b *testing.B) {
	l := newLoad()
	defer l.cloud.Close()
	srv := httptest.NewServer(l.cloud.API())
	defer srv.Close()
	l.do = func(r *http.Request) (int, string) {
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", srv.Listener.Addr().String()
		resp, err := srv.Client().Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, err.Error()
		}
		return resp.StatusCode, string(body)
	}
	l.bench(b)
}

func (l *load) bench(b *testing.B) {
	for b.Loop() {
		l.round()
	}
	b.ReportMetric(float64(l.calls)/b.Elapsed().Seconds(), "calls/s")
	if len(l.odd) > 0 {
		b.Fatal(l.odd[0])
	}
}

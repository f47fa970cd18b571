package sim

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkAPI measures a mixed load without the network: a record made, the
// list read and the record deleted is three calls.
func BenchmarkAPI(b *testing.B) {
	cloud := Example(Options{RateLimit: -1, Seed: 1})
	defer cloud.Close()
	basics, api := cloud.Basics(), cloud.API()
	call := func(method, path, body string) string {
		r := httptest.NewRequest(method, "/client/v4/zones/"+basics.ZoneID+"/dns_records"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+basics.Token)
		out := httptest.NewRecorder()
		api.ServeHTTP(out, r)
		if out.Code != http.StatusOK {
			b.Fatalf("%s %s: %d %s", method, path, out.Code, out.Body)
		}
		return out.Body.String()
	}
	const record = `{"type":"CNAME","name":"app","content":"x.cfargotunnel.com","proxied":true,"ttl":1}`
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for range b.N {
		made := call("POST", "", record)
		call("GET", "?name.exact=app.example.org", "")
		call("DELETE", "/"+made[len(`{"result":{"id":"`):][:32], "")
	}
	b.StopTimer()
	b.ReportMetric(3*float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, "KiB-grown")
}

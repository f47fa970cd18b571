package sim

import (
	"fmt"
	"strings"
	"testing"
)

func TestOddBodiesAreRefusedAndNothingBreaks(t *testing.T) {
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t").text("id")
	policy := w.newPolicy("p", "allow", `{"everyone":{}}`)
	app := w.newApp("a", "app.example.org", policy).text("id")
	record := w.newCNAME("r", "x.example.net").text("id")
	for _, target := range []string{"POST zones", "POST Z/dns_records", "PUT Z/dns_records/" + record, "PATCH Z/dns_records/" + record,
		"POST A/cfd_tunnel", "PATCH A/cfd_tunnel/" + tunnel, "PUT A/cfd_tunnel/" + tunnel + "/configurations",
		"POST A/access/apps", "PUT A/access/apps/" + app, "POST A/access/policies", "PUT A/access/policies/" + policy,
		"POST A/access/identity_providers", "PUT A/access/organizations", "POST A/access/organizations"} {
		method, path, _ := strings.Cut(target, " ")
		for _, body := range []string{"", "null", "[]", `"x"`, "5", "{}", `{"name":5}`, `{"name":{}}`, `{"config":5}`, `{"config":{"ingress":5}}`,
			`{"policies":5}`, `{"type":"self_hosted","name":"x","domain":"q.example.org","policies":[5]}`,
			`{"type":"self_hosted","name":"x","domain":"q.example.org","policies":[null]}`,
			`{"type":"self_hosted","name":"x","destinations":[{"uri":"*"}]}`, `{"type":"self_hosted","name":"x","destinations":[{}]}`,
			`{"name":"x","decision":"allow","include":[null]}`, `{"name":"x","decision":"allow","include":[{"email":5}]}`,
			`{"type":"CNAME","name":"","content":"."}`, `{"ttl":1e300,"type":"TXT","content":"x","name":".."}`} {
			if r := w.call(method, path, body); r.status >= 500 {
				t.Errorf("%s with %s: %d %s", target, body, r.status, r.body)
			}
		}
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	s := newStack(t, Options{})
	lock := s.newPolicy("team", "allow", `{"everyone":{}}`)
	t.Run("at once", func(t *testing.T) {
		for n := range 4 {
			t.Run(fmt.Sprint("client ", n), func(t *testing.T) {
				t.Parallel()
				own := *s.world
				own.T = t
				for i := range 25 {
					own.comeAndGo(fmt.Sprintf("h%d-%d", n, i), s.tunnel.text("id"), lock)
				}
			})
		}
	})
	if rows := s.list("Z/dns_records"); len(rows) != 1 {
		t.Errorf("%d records are left, want the first", len(rows))
	}
	s.eventually("the newest of 101 configurations runs", func() bool {
		return s.list("A/cfd_tunnel/" + s.tunnel.text("id") + "/connections")[0]["config_version"] == 101.0
	})
}

// comeAndGo makes a locked host, visits it and takes it away again.
func (w *world) comeAndGo(host, tunnel, policy string) {
	w.Helper()
	record := w.newCNAME(host, tunnel+".cfargotunnel.com").text("id")
	app := w.newApp(host, host+".example.org", policy).text("id")
	w.gets("https://"+host+".example.org/", 302, "")
	if _, err := w.cloud.Snapshot(); err != nil {
		w.Error(err)
	}
	w.ok("DELETE", "A/access/apps/"+app, "")
	w.ok("DELETE", "Z/dns_records/"+record, "")
	w.ok("PUT", "A/cfd_tunnel/"+tunnel+"/configurations", `{"config":{"ingress":[{"service":"http_status:404"}]}}`)
}

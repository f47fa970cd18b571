package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// stack is a world with a host app.example.org, whose tunnel has an attached
// connector and whose origin says what it was asked.
type stack struct {
	*world
	tunnel object
	detach func()
}

func newStack(t *testing.T, o Options) *stack {
	w := newWorld(t, o)
	w.ok("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	s := &stack{world: w, tunnel: w.newTunnel("t")}
	w.newCNAME("app", s.tunnel.text("id")+".cfargotunnel.com")
	detach, err := w.cloud.Attach(s.tunnel.text("token"), http.HandlerFunc(origin))
	if err != nil {
		t.Fatal(err)
	}
	s.detach = detach
	s.configure(`{"hostname":"app.example.org","path":"^/down","service":"http://nowhere:1"},{"hostname":"app.example.org","service":"http://web:8000"}`)
	return s
}

// configure puts ingress rules before a catch-all and waits until they run.
func (s *stack) configure(rules string) {
	s.Helper()
	version := s.ok("PUT", "A/cfd_tunnel/"+s.tunnel.text("id")+"/configurations",
		`{"config":{"ingress":[`+rules+`,{"service":"http_status:404"}]}}`)["version"]
	s.clock.advance(s.cloud.o.Propagation.Max)
	s.eventually("the connector runs the configuration", func() bool {
		clients := s.list("A/cfd_tunnel/" + s.tunnel.text("id") + "/connections")
		return len(clients) == 1 && clients[0]["config_version"] == version
	})
}

func origin(w http.ResponseWriter, r *http.Request) {
	if ServiceOf(r) == "http://nowhere:1" {
		Unreachable(w)
		return
	}
	w.Header().Set("Server", "gunicorn")
	w.Header().Set("X-Service", ServiceOf(r))
	w.Header().Set("X-Asked", toJSON(r.Header))
	fmt.Fprintf(w, "origin: %s %s%s", r.Method, r.Host, r.RequestURI)
}

// visit asks the edge and gives the answer with its body read.
func (w *world) visit(method, rawURL string, header http.Header, cookies ...*http.Cookie) (*http.Response, string) {
	w.Helper()
	return w.visitFrom("203.0.113.9:4444", method, rawURL, header, cookies...)
}

func (w *world) visitFrom(address, method, rawURL string, header http.Header, cookies ...*http.Cookie) (*http.Response, string) {
	w.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		w.Fatal(err)
	}
	r := httptest.NewRequest(method, rawURL, strings.NewReader(""))
	r.RemoteAddr = address
	for name, values := range header {
		r.Header[name] = values
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	out := httptest.NewRecorder()
	edge := w.cloud.Edge()
	if u.Scheme == "http" {
		edge = w.cloud.PlainEdge()
	}
	edge.ServeHTTP(out, r)
	resp := out.Result()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp, string(body)
}

// gets asks for a URL and wants a status, and a text in the body.
func (w *world) gets(rawURL string, status int, text string, cookies ...*http.Cookie) *http.Response {
	w.Helper()
	resp, body := w.visit("GET", rawURL, nil, cookies...)
	if resp.StatusCode != status || !strings.Contains(body, text) {
		w.Errorf("GET %s: %d %q, want %d with %q", rawURL, resp.StatusCode, body, status, text)
	}
	return resp
}

func TestAnOpenHostIsAnsweredByItsOrigin(t *testing.T) {
	s := newStack(t, Options{})
	resp := s.gets("https://app.example.org/a//b?x=1", 200, "origin: GET app.example.org/a//b?x=1")
	if resp.Header.Get("Server") != "cloudflare" || len(resp.Header.Get("Cf-Ray")) != 20 || resp.Header.Get("X-Service") != "http://web:8000" {
		t.Errorf("the answer carries %v", resp.Header)
	}
	if resp.Header.Get(metaHeader) != "" {
		t.Error("what edge and connector say to each other reaches the visitor")
	}
	for scheme := range map[string]bool{"http": true, "https": true} {
		resp, _ := s.visit("GET", scheme+"://app.example.org/", http.Header{"X-Forwarded-For": {"198.51.100.1"},
			"Cf-Connecting-Ip": {"6.6.6.6"}, "Cf-Access-Jwt-Assertion": {"forged"}, "X-Forwarded-Proto": {"gopher"}})
		var asked http.Header
		if err := json.Unmarshal([]byte(resp.Header.Get("X-Asked")), &asked); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"X-Forwarded-Proto": scheme, "X-Forwarded-For": "198.51.100.1, 203.0.113.9",
			"Cf-Connecting-Ip": "203.0.113.9", "Cf-Access-Jwt-Assertion": "", "Cf-Visitor": `{"scheme":"` + scheme + `"}`} {
			if got := asked.Get(name); got != want {
				t.Errorf("%s: the origin is told %s: %q, want %q", scheme, name, got, want)
			}
		}
	}
}

func TestWhatTheEdgeSaysWhenItCannotReachTheOrigin(t *testing.T) {
	s := newStack(t, Options{})
	s.gets("https://app.example.org/down/x", 502, "Bad gateway")
	s.newCNAME("unknown-to-ingress", s.tunnel.text("id")+".cfargotunnel.com")
	if resp := s.gets("https://unknown-to-ingress.example.org/", 404, ""); resp.ContentLength > 0 {
		t.Error("the catch-all answers with a body")
	}
	bare := s.newTunnel("bare")
	s.newCNAME("bare", bare.text("id")+".cfargotunnel.com")
	s.gets("https://bare.example.org/", 530, "error code: 1033")
	detach, err := s.cloud.Attach(bare.text("token"), http.HandlerFunc(origin))
	if err != nil {
		t.Fatal(err)
	}
	s.gets("https://bare.example.org/", 503, "")
	detach()
	s.eventually("bare is down", func() bool { return s.ok("GET", "A/cfd_tunnel/"+bare.text("id"), "").text("status") == "down" })
	for accept, text := range map[string]string{"": "error code: 1033", "text/html,*/*": "<title>Error 1033", "application/json": `"error_code":1033`} {
		resp, body := s.visit("GET", "https://bare.example.org/", http.Header{"Accept": {accept}})
		if resp.StatusCode != 530 || !strings.Contains(body, text) {
			t.Errorf("Accept %q: %d %s", accept, resp.StatusCode, body)
		}
	}
	s.ok("DELETE", "A/cfd_tunnel/"+bare.text("id"), "")
	s.gets("https://bare.example.org/", 530, "1033")
	s.ok("POST", "Z/dns_records", `{"type":"A","name":"old","content":"192.0.2.1","proxied":true}`)
	s.gets("https://old.example.org/", 523, "unreachable")
}

func TestNamesResolveByTheirRecords(t *testing.T) {
	s := newStack(t, Options{})
	target := s.tunnel.text("id") + ".cfargotunnel.com"
	s.newCNAME("*.wild", target)
	s.ok("POST", "Z/dns_records", `{"type":"TXT","name":"text.wild","content":"x"}`)
	s.ok("POST", "Z/dns_records", `{"type":"CNAME","name":"grey","content":"`+target+`","proxied":false}`)
	pending := s.cloud.AddZone(s.AccountID, "pending.org", "pending")
	s.ok("POST", "zones/"+pending+"/dns_records", `{"type":"CNAME","name":"@","content":"`+target+`","proxied":true}`)
	for host, want := range map[string]string{
		"app.example.org": "edge", "APP.example.org.": "edge", "a.wild.example.org": "edge", "a.b.wild.example.org": "edge",
		"wild.example.org": "no", "text.wild.example.org": "no", "a.text.wild.example.org": "no", "grey.example.org": "CNAME",
		"nothing.example.org": "no", "example.org": "no", "pending.org": "no", "elsewhere.net": "no", s.TeamDomain: "edge",
	} {
		a, ok := s.cloud.Resolve(host)
		got := a.Type
		if !ok {
			got = "no"
		} else if a.Proxied {
			got = "edge"
		}
		if got != want {
			t.Errorf("%s resolves to %s, want %s", host, got, want)
		}
	}
	resp := s.gets("https://nothing.example.org/", 421, "does not resolve")
	if resp.Header.Get("Cf-Ray") != "" || resp.Header.Get("Server") != "" {
		t.Errorf("an answer that nobody could get looks real: %v", resp.Header)
	}
	s.gets("https://grey.example.org/", 421, "does not resolve")
	s.cloud.SetZoneStatus(pending, "active")
	s.gets("https://pending.org/", 404, "")
}

func TestDialFailsLikeDNSWhereNothingIsProxied(t *testing.T) {
	s := newStack(t, Options{})
	for _, host := range []string{"nothing.example.org:443", "elsewhere.net:80"} {
		_, err := s.cloud.Dial(context.Background(), "tcp", host)
		if dns := (*net.DNSError)(nil); !errors.As(err, &dns) || !dns.IsNotFound {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := s.cloud.Dial(context.Background(), "tcp", "app.example.org:443"); err == nil {
		t.Error("an edge that does not listen was dialled")
	}
}

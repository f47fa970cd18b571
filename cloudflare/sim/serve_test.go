package sim

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// served is a stack that also listens: visitors come over TLS.
type served struct {
	*world
	Addresses
	client *http.Client
	roots  *x509.CertPool
}

func serve(t *testing.T, o Options) *served {
	w := newWorld(t, o)
	server, err := w.cloud.Listen(ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(server.CA)) {
		t.Fatal("the CA is no PEM")
	}
	transport := &http.Transport{DialContext: w.cloud.Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &served{w, server.Addresses, client, roots}
}

func (s *served) fetch(rawURL string) (int, string) {
	s.Helper()
	resp, err := s.client.Get(rawURL)
	if err != nil {
		s.Fatal(err)
	}
	return s.read(resp)
}

// post may run on another goroutine than the test.
func (s *served) post(rawURL, body string) (int, string) {
	s.Helper()
	resp, err := s.client.Post(rawURL, "text/plain", strings.NewReader(body))
	if err != nil {
		s.Error(err)
		return 0, ""
	}
	return s.read(resp)
}

func (s *served) read(resp *http.Response) (int, string) {
	s.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Error(err)
	}
	return resp.StatusCode, string(body)
}

// newConnector makes one that comes over the network; change it, then run it.
func (s *served) newConnector(token string, h http.Handler) *tunnelproto.Connector {
	s.Helper()
	parsed, err := tunnelproto.ParseToken(token)
	if err != nil {
		s.Fatal(err)
	}
	return &tunnelproto.Connector{Token: parsed, Edges: []string{s.Tunnel, s.Tunnel, s.Tunnel, s.Tunnel},
		TLS: &tls.Config{RootCAs: s.roots}, ClientID: tunnelproto.NewUUID(), Version: "2026.8.2", Handler: h,
		Backoff: func(int) time.Duration { return 10 * time.Millisecond }}
}

// run runs a connector until the test ends or stop is called.
func (s *served) run(connector *tunnelproto.Connector) (stop func()) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- connector.Run(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-ended; err != nil {
				s.Errorf("the connector ended with %v", err)
			}
		}
	}
	s.Cleanup(stop)
	return stop
}

func TestAVisitorReachesTheOriginThroughARealTunnel(t *testing.T) {
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		t.Run(string(p), func(t *testing.T) { visitThroughATunnel(t, p) })
	}
}

func visitThroughATunnel(t *testing.T, p tunnelproto.Protocol) {
	s := serve(t, Options{})
	tunnel := s.newTunnel("t")
	path := "A/cfd_tunnel/" + tunnel.text("id")
	s.newCNAME("app", tunnel.text("id")+".cfargotunnel.com")
	c := s.newConnector(tunnel.text("token"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/down":
			tunnelproto.Refuse(w)
		case "/ws":
			w.Header().Set("Sec-Websocket-Accept", "yes")
			w.WriteHeader(http.StatusSwitchingProtocols)
			here, there := net.Pipe()
			go func() { io.Copy(there, there) }()
			tunnelproto.Splice(w, r, here)
		default:
			fmt.Fprintf(w, "origin: %s %s %s", r.Host, r.URL.Path, r.Header.Get("X-Forwarded-Proto"))
		}
	}))
	c.Protocol = p
	stop := s.run(c)
	s.eventually("the tunnel is healthy", func() bool { return s.ok("GET", path, "").text("status") == "healthy" })
	s.ok("PUT", path+"/configurations", `{"config":{"ingress":[{"service":"http_status:404"}]}}`)
	s.eventually("the connector has the configuration", func() bool {
		return s.list(path + "/connections")[0]["config_version"] == 1.0
	})

	for url, want := range map[string]string{"https://app.example.org/a": "origin: app.example.org /a https",
		"http://app.example.org/b": "origin: app.example.org /b http"} {
		if status, body := s.fetch(url); status != 200 || body != want {
			t.Errorf("%s: %d %q, want %q", url, status, body, want)
		}
	}
	if status, body := s.fetch("https://app.example.org/down"); status != 502 || !strings.Contains(body, "Bad gateway") {
		t.Errorf("an origin that is down: %d %s", status, body)
	}
	s.echoes("app.example.org", "/ws")

	s.ok("DELETE", path+"/connections", "")
	s.eventually("the connector came back", func() bool { return s.ok("GET", path, "").text("status") == "healthy" })
	stop()
	s.eventually("the tunnel is down", func() bool { return s.ok("GET", path, "").text("status") == "down" })
	if status, body := s.fetch("https://app.example.org/"); status != 530 || body != "error code: 1033" {
		t.Errorf("without a connector: %d %s", status, body)
	}
}

func TestTheRulesOfALocallyManagedTunnelAreWhatItsConnectorSays(t *testing.T) {
	s := serve(t, Options{})
	tunnel := s.ok("POST", "A/cfd_tunnel", `{"name":"local"}`)
	c := s.newConnector(tunnel.text("token"), http.NotFoundHandler())
	c.LocalConfig = func() []byte { return []byte(`{"ingress":[{"service":"http_status:418"}]}`) }
	s.run(c)
	path := "A/cfd_tunnel/" + tunnel.text("id") + "/configurations"
	s.eventually("the rules are there", func() bool { return s.ok("GET", path, "")["config"] != nil })
	got := s.ok("GET", path, "")
	if got.text("source") != "local" || toJSON(got["config"]) != `{"ingress":[{"service":"http_status:418"}]}` {
		t.Errorf("the API says %v", got)
	}
}

// echoes opens a websocket through the edge and wants back what it sends.
func (s *served) echoes(host, path string) {
	s.Helper()
	raw, err := s.cloud.Dial(context.Background(), "tcp", host+":443")
	if err != nil {
		s.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: s.roots, ServerName: host})
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n", path, host)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-Websocket-Accept") != "yes" {
		s.Fatalf("the handshake gives %v (%v)", resp, err)
	}
	fmt.Fprint(conn, "hello")
	back := make([]byte, 5)
	if _, err := io.ReadFull(in, back); err != nil || string(back) != "hello" {
		s.Errorf("back came %q (%v)", back, err)
	}
}

func TestCertificatesCoverTheApexAndOneLabel(t *testing.T) {
	s := serve(t, Options{})
	for host, want := range map[string]bool{"example.org": true, "app.example.org": true, "a.app.example.org": false,
		s.TeamDomain: true, "elsewhere.net": false} {
		conn, err := tls.Dial("tcp", s.Edge, &tls.Config{RootCAs: s.roots, ServerName: host})
		if (err == nil) != want {
			t.Errorf("%s: %v, want a certificate: %v", host, err, want)
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestAProberSeesADNSErrorWhereThereIsNoRecord(t *testing.T) {
	s := serve(t, Options{})
	_, err := s.client.Get("https://nothing.example.org/")
	if dns := (*net.DNSError)(nil); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("it fails with %v", err)
	}
}

func TestAWrongSecretDoesNotOpenATunnel(t *testing.T) {
	s := serve(t, Options{})
	tunnel := s.newTunnel("t")
	token, err := tunnelproto.ParseToken(tunnel.text("token"))
	if err != nil {
		t.Fatal(err)
	}
	token.Secret[0] ^= 1
	_, err = s.cloud.admit(tunnelproto.Registration{AccountTag: token.AccountTag, TunnelID: token.TunnelID, Secret: token.Secret})
	if refusal := (*tunnelproto.RegisterError)(nil); !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Cause, "Unauthorized") {
		t.Errorf("it is answered %v", err)
	}
	if _, err := s.cloud.Attach(token.Encode(), http.NotFoundHandler()); err == nil {
		t.Error("a connector was attached with a wrong secret")
	}
	if _, err := s.cloud.Attach("junk", http.NotFoundHandler()); err == nil {
		t.Error("a connector was attached with no token at all")
	}
}

package connector_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/standin/connector"
	"github.com/culvert/culvert/internal/tunnelproto"
)

// doAlike is what the stand-in and the official program must do alike.
func doAlike(t *testing.T, p program) {
	for _, protocol := range []string{"http2", "quic", "auto"} {
		t.Run(protocol, func(t *testing.T) {
			t.Run("serve a tunnel", func(t *testing.T) { serveATunnel(t, p, protocol) })
			t.Run("reach the private network", func(t *testing.T) { reachPrivately(t, p, protocol) })
			t.Run("finish what is under way", func(t *testing.T) { finishFirst(t, p, protocol) })
		})
	}
}

func TestTheStandInDoesAsTheOfficialProgramDoes(t *testing.T) { doAlike(t, standIn()) }

func serveATunnel(t *testing.T, p program, protocol string) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Host+" "+r.Header.Get("X-Forwarded-Proto"))
	}))
	defer origin.Close()
	te := startEdge(t)
	env := te.env(4)
	env["TUNNEL_TRANSPORT_PROTOCOL"] = protocol
	r := te.runWith(p, env, 4)
	carried := cmp.Or(map[string]string{"auto": "quic"}[protocol], protocol)
	if got := string(te.all()[0].Protocol()); got != carried {
		t.Errorf("it came over %s", got)
	}

	visit := func(host, path string) (*http.Response, string) {
		req := request(t, "GET", "http://"+host+path)
		req.Header.Set("X-Forwarded-Proto", "https")
		return r.visit(req)
	}
	if resp, _ := visit("app.example.com", "/"); resp.StatusCode != 503 {
		t.Errorf("without a configuration the status is %d, want 503", resp.StatusCode)
	}
	r.configure(1, `{"hostname":"app.example.com","path":"^/in$","service":"`+origin.URL+`"},{"service":"http_status:404"}`)
	resp, body := visit("app.example.com", "/in")
	if resp.StatusCode != 418 || body != "app.example.com https" || len(resp.Header["Set-Cookie"]) != 2 {
		t.Errorf("the origin's answer arrived as %d %q %v", resp.StatusCode, body, resp.Header)
	}
	if src := tunnelproto.ResponseSource(resp); src != "origin" {
		t.Errorf("source %q", src)
	}
	if resp, _ := visit("app.example.com", "/in/other"); resp.StatusCode != 404 {
		t.Errorf("outside the rule the status is %d, want 404", resp.StatusCode)
	}

	if got, err := r.push(2, `{"ingress":[{"hostname":"x.example.com","service":"http://w"}]}`); got != 1 || !errors.Is(err, tunnelproto.ErrConfigRefused) {
		t.Errorf("a configuration without catch-all: in force is %d, %v", got, err)
	}
	if resp, _ := visit("app.example.com", "/in"); resp.StatusCode != 418 {
		t.Errorf("after a refused configuration the status is %d", resp.StatusCode)
	}
	origin.Close()
	resp, _ = visit("app.example.com", "/in")
	if src := tunnelproto.ResponseSource(resp); resp.StatusCode != 502 || src != "cloudflared" {
		t.Errorf("without an origin: %d from %q", resp.StatusCode, src)
	}

	var ready struct {
		Status, ReadyConnections int
		ConnectorID              string
	}
	eventually(t, p.limit, "four connections are ready", func() bool {
		code, body := r.look("/ready")
		if err := json.Unmarshal([]byte(body), &ready); err != nil {
			t.Fatal(err)
		}
		return code == 200 && ready.Status == 200 && ready.ReadyConnections == 4
	})
	if id := r.edge.all()[0].Registration().ClientID; ready.ConnectorID != id {
		t.Errorf("/ready says connector %s, the edge %s", ready.ConnectorID, id)
	}
	if code, body := r.look("/healthcheck"); code != 200 || body != "OK\n" {
		t.Errorf("/healthcheck says %d %q", code, body)
	}
	_, metrics := r.look("/metrics")
	for _, line := range []string{
		"cloudflared_tunnel_ha_connections 4",
		"cloudflared_tunnel_total_requests 5",
		"cloudflared_tunnel_request_errors 1",
		`cloudflared_tunnel_response_by_code{status_code="418"} 2`,
		"cloudflared_orchestration_config_version 1",
		`edge_location="lab01"`,
		`cloudflared_tunnel_tunnel_register_success{rpcName="registerConnection"} 4`,
		`version="` + connector.Version + `"`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("/metrics lacks %s:\n%s", line, metrics)
		}
	}

	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	eventually(t, p.limit, "the edge has no connection", func() bool { return len(r.edge.all()) == 0 })
	for _, line := range []string{"Registered tunnel connection", "Updated to new configuration", "location=lab01", "protocol=" + carried} {
		if !strings.Contains(r.out.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	if strings.Contains(r.out.String(), testToken().Encode()) {
		t.Error("the log shows the token")
	}
}

// reachPrivately reaches TCP, and over QUIC UDP, without an ingress rule.
func reachPrivately(t *testing.T, p program, protocol string) {
	tcp := target(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(bytes.ToUpper(buf[:n]), from)
		}
	}()
	te := startEdge(t)
	env := te.env(1)
	env["TUNNEL_TRANSPORT_PROTOCOL"] = protocol
	r := te.runWith(p, env, 1)
	r.configure(1, `{"service":"http_status:404"}`)
	conn := te.all()[0]
	stream, err := conn.DialTCP(t.Context(), tcp)
	if err != nil {
		t.Fatal(err)
	}
	echoes(t, stream)
	if _, err := conn.DialTCP(t.Context(), "127.0.0.1:1"); !errors.As(err, new(*tunnelproto.UnreachableError)) {
		t.Errorf("a closed port gives %v", err)
	}
	counts := []string{"cloudflared_tcp_total_sessions 2\n", "cloudflared_tcp_active_sessions 0\n"}
	session, err := conn.DialUDP(t.Context(), udp.LocalAddr().(*net.UDPAddr).AddrPort())
	switch {
	case protocol == "http2":
		if !errors.Is(err, tunnelproto.ErrNoUDP) {
			t.Errorf("UDP gives %v", err)
		}
	case err != nil:
		t.Fatal(err)
	default:
		buf := make([]byte, 1500)
		if _, err := session.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		if n, err := session.Read(buf); err != nil || string(buf[:n]) != "PING" {
			t.Errorf("%q came back, %v", buf[:n], err)
		}
		_ = session.Close()
		counts = append(counts, "cloudflared_udp_total_sessions 1\n", "cloudflared_udp_active_sessions 0\n")
	}
	for _, line := range counts {
		eventually(t, p.limit, "the sessions are counted: "+line, func() bool {
			_, body := r.look("/metrics")
			return strings.Contains(body, line)
		})
	}
}

// finishFirst asks the program to end while it serves a request.
func finishFirst(t *testing.T, p program, protocol string) {
	entered, release := make(chan struct{}), make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	}))
	defer origin.Close()
	te := startEdge(t)
	env := te.env(2)
	env["TUNNEL_TRANSPORT_PROTOCOL"], env["TUNNEL_GRACE_PERIOD"] = protocol, "20s"
	r := te.runWith(p, env, 2)
	r.configure(1, `{"service":"`+origin.URL+`"}`)
	answer := make(chan string, 1)
	go func() {
		resp, err := te.all()[0].RoundTrip(request(t, "GET", "http://app.example.com/slow"))
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- readAll(t, resp)
	}()
	<-entered
	ended := make(chan int, 1)
	go func() { ended <- r.stop() }()
	eventually(t, p.limit, "the edge has no connection", func() bool { return len(te.all()) == 0 })
	close(release)
	if got := <-answer; got != "done" {
		t.Errorf("the request that was under way got %q", got)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

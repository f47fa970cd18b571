package connector_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/standin/connector"
	"github.com/culvert/culvert/internal/tunnelproto"
)

// TestAConnectorServesATunnel is what the stand-in and the official program must
// do alike.
func TestAConnectorServesATunnel(t *testing.T) {
	t.Run("stand-in", func(t *testing.T) { serveATunnel(t, standIn()) })
	t.Run("official", func(t *testing.T) { serveATunnel(t, official(t)) })
}

func serveATunnel(t *testing.T, p program) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Host+" "+r.Header.Get("X-Forwarded-Proto"))
	}))
	defer origin.Close()
	r := startEdge(t).run(p, 4)

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
	for _, line := range []string{"Registered tunnel connection", "Updated to new configuration", "location=lab01", "protocol=http2"} {
		if !strings.Contains(r.out.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
	if strings.Contains(r.out.String(), testToken().Encode()) {
		t.Error("the log shows the token")
	}
}

func TestTheConfigurationPageShowsWhatIsInForce(t *testing.T) {
	r := startEdge(t).run(standIn(), 1)
	if _, body := r.look("/config"); !strings.HasPrefix(body, `{"version":-1,`) {
		t.Errorf("before the first: %s", body)
	}
	r.configure(7, `{"service":"http_status:404"}`)
	if _, body := r.look("/config"); body != `{"version":7,"config":{"ingress":[{"service":"http_status:404"}]}}`+"\n" {
		t.Errorf("after it: %s", body)
	}
	r.configure(8, ``)
	if resp, _ := r.visit(request(t, "GET", "http://app.example.com/")); resp.StatusCode != 503 {
		t.Errorf("with no rules at all the status is %d, want 503", resp.StatusCode)
	}
}

func TestOriginSettingsAreHonoured(t *testing.T) {
	origin := quietTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, agent := r.Header["User-Agent"]
		_ = json.NewEncoder(w).Encode(map[string]any{"host": r.Host, "was": r.Header.Get("X-Forwarded-Host"), "agent": agent})
	}))
	defer origin.Close()
	r := startEdge(t).run(standIn(), 1)
	rule := func(settings string) string {
		return `{"hostname":"app.example.com","service":"` + origin.URL + `","originRequest":` + settings + `},{"service":"http_status:404"}`
	}
	visit := func() (int, string) {
		resp, body := r.visit(request(t, "GET", "http://app.example.com/"))
		return resp.StatusCode, strings.TrimSpace(body)
	}
	r.configure(1, rule(`{}`))
	if code, _ := visit(); code != 502 {
		t.Errorf("an unknown certificate gives %d, want 502", code)
	}
	r.configure(2, rule(`{"noTLSVerify":true}`))
	if code, body := visit(); code != 200 || body != `{"agent":false,"host":"app.example.com","was":""}` {
		t.Errorf("noTLSVerify: %d %s", code, body)
	}
	r.configure(3, rule(`{"noTLSVerify":true,"httpHostHeader":"web"}`))
	if code, body := visit(); code != 200 || body != `{"agent":false,"host":"web","was":"app.example.com"}` {
		t.Errorf("httpHostHeader: %d %s", code, body)
	}
	if _, err := r.push(4, `{"originRequest":{"noTLSVerify":true},"ingress":[{"service":"`+origin.URL+`"}]}`); err != nil {
		t.Fatal(err)
	}
	if code, _ := visit(); code != 200 {
		t.Errorf("settings for all rules: %d", code)
	}
}

func TestAWebsocketReachesTheOrigin(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(echoUpgrade(t)))
	defer origin.Close()
	r := startEdge(t).run(standIn(), 1)
	r.configure(1, `{"service":"`+strings.Replace(origin.URL, "http:", "ws:", 1)+`"}`)
	resp, stream, err := r.edge.all()[0].DialWebsocket(request(t, "GET", "http://app.example.com/ws"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 101 || resp.Header.Get("Sec-Websocket-Accept") != "yes" {
		t.Fatalf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
	echoes(t, stream)
}

// echoUpgrade is an HTTP/1.1 server that agrees to upgrade and then echoes.
func echoUpgrade(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			t.Errorf("no handshake arrived: %v", r.Header)
		}
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: yes\r\n\r\n")
		_, _ = io.Copy(conn, buf)
	}
}

func echoes(t *testing.T, stream io.ReadWriteCloser) {
	t.Helper()
	buf := make([]byte, 4)
	if _, err := io.WriteString(stream, "ping"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stream, buf); err != nil || string(buf) != "ping" {
		t.Fatalf("%q came back, %v", buf, err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestThePrivateNetworkNeedsNoRule(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	go func() {
		if c, err := target.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	r := startEdge(t).run(standIn(), 1)
	stream, err := r.edge.all()[0].DialTCP(t.Context(), target.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	echoes(t, stream)
	eventually(t, patience, "the session is counted", func() bool {
		_, body := r.look("/metrics")
		return strings.Contains(body, "cloudflared_tcp_total_sessions 1\n") && strings.Contains(body, "cloudflared_tcp_active_sessions 0\n")
	})
}

func TestAnAnswerThatBreaksOffIsNotTakenForComplete(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer origin.Close()
	r := startEdge(t).run(standIn(), 1)
	r.configure(1, `{"service":"`+origin.URL+`"}`)
	resp, err := r.edge.all()[0].RoundTrip(request(t, "GET", "http://app.example.com/"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%q passed as complete", body)
	}
}

func TestTheTokenIsReadFromWhereItIsGiven(t *testing.T) {
	te := startEdge(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(testToken().Encode()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("from a file", func(t *testing.T) {
		env := te.env(1)
		delete(env, "TUNNEL_TOKEN")
		env["TUNNEL_TOKEN_FILE"] = file
		te.runWith(standIn(), env, 1).stop()
	})
	t.Run("from the environment, although a file is named", func(t *testing.T) {
		env := te.env(1)
		env["TUNNEL_TOKEN_FILE"] = filepath.Join(t.TempDir(), "missing")
		te.runWith(standIn(), env, 1).stop()
	})
}

func TestReadyAsksARunningConnector(t *testing.T) {
	te := startEdge(t)
	r := te.run(standIn(), 1)
	ask := func() (int, string) {
		var out output
		noEnv := func(string) string { return "" }
		code := connector.Main(t.Context(), []string{"tunnel", "--metrics", r.metrics, "ready"}, noEnv, &out, &out)
		return code, out.String()
	}
	eventually(t, patience, "ready", func() bool { code, _ := ask(); return code == 0 })
	r.stop()
	if code, _ := ask(); code != 1 {
		t.Errorf("after its end the exit code is %d, want 1", code)
	}
}

func TestReadySaysWhatIsMissing(t *testing.T) {
	te := startEdge(t)
	env := te.env(1)
	env["TUNNEL_TOKEN"] = tunnelproto.Token{AccountTag: "a", TunnelID: testToken().TunnelID, Secret: []byte("wrong")}.Encode()
	r := te.runWith(standIn(), env, 0)
	eventually(t, patience, "the refusal is logged", func() bool {
		return strings.Contains(r.out.String(), "Unauthorized: Invalid tunnel secret")
	})
	if code, body := r.look("/ready"); code != 503 || !strings.HasPrefix(body, `{"status":503,"readyConnections":0,"connectorId":"`) {
		t.Errorf("/ready says %d %s", code, body)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestArgumentsAreCheckedBeforeAnythingRuns(t *testing.T) {
	for _, row := range []struct {
		name, args string
		env        map[string]string
		code       int
		says       string
	}{
		{"version", "version", nil, 0, "cloudflared version 2026.8.2"},
		{"version flag", "--version", nil, 0, "cloudflared version 2026.8.2"},
		{"bad token", "tunnel --no-autoupdate run", map[string]string{"TUNNEL_TOKEN": "nonsense"}, 255, "Provided Tunnel token is not valid."},
		{"bad token as a flag", "tunnel run --token nonsense", nil, 255, "Provided Tunnel token is not valid."},
		{"no token", "tunnel run", nil, 255, "requires the ID or name of the tunnel"},
		{"no token file", "tunnel run", map[string]string{"TUNNEL_TOKEN_FILE": "/nowhere/token"}, 255, "Failed to read token file"},
		{"nothing", "", nil, 1, "no command"},
		{"unknown command", "access", nil, 1, `"access"`},
		{"unknown tunnel command", "tunnel dance", nil, 1, `"dance"`},
		{"unknown flag", "tunnel --frob run", nil, 1, "frob"},
		{"no tunnel command", "tunnel --no-autoupdate", nil, 1, "run or ready"},
		{"extra argument", "tunnel run mytunnel", nil, 1, "mytunnel"},
		{"bad protocol", "tunnel --protocol carrier-pigeon run", nil, 1, "carrier-pigeon"},
		{"grace too long", "tunnel --grace-period 4m run", nil, 1, "grace-period"},
		{"grace no duration", "tunnel run", map[string]string{"TUNNEL_GRACE_PERIOD": "soon"}, 1, "TUNNEL_GRACE_PERIOD"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out output
			code := connector.Main(t.Context(), strings.Fields(row.args), func(k string) string { return row.env[k] }, &out, &out)
			if code != row.code || !strings.Contains(out.String(), row.says) {
				t.Errorf("exit code %d, said %q", code, out.String())
			}
			if strings.Contains(out.String(), "nonsense") {
				t.Error("it repeats the token")
			}
		})
	}
}

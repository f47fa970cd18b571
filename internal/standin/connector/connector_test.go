package connector_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/standin/connector"
	"github.com/culvert/culvert/internal/tunnelproto"
)

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

// target is a TCP server that echoes.
func target(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestNamesAreNotDialledForTheEdge(t *testing.T) {
	r := startEdge(t).run(standIn(), 1)
	_, port, _ := net.SplitHostPort(target(t))
	conn := r.edge.all()[0]
	// The edge asks a name server first, and there is none.
	if _, err := conn.DialTCP(t.Context(), "localhost:"+port); err == nil {
		t.Error("it connected")
	}
}

func TestAnAnswerThatBreaksOffIsNotTakenForComplete(t *testing.T) {
	arrived := make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-arrived
		panic(http.ErrAbortHandler)
	}))
	defer origin.Close()
	r := startEdge(t).run(standIn(), 1)
	r.configure(1, `{"service":"`+origin.URL+`"}`)
	resp, err := r.edge.all()[0].RoundTrip(request(t, "GET", "http://app.example.com/"))
	if err != nil {
		t.Fatal(err)
	}
	close(arrived)
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

func TestMoreAddressesThanConnectionsAreOfNoUse(t *testing.T) {
	r := startEdge(t)
	r.runWith(standIn(), r.env(4), 2, "tunnel", "--no-autoupdate", "--metrics", "127.0.0.1:0", "--ha-connections", "2", "run").stop()
}

func TestWhereUDPIsBlockedAutoTakesHTTP2(t *testing.T) {
	te := startEdge(t)
	hole, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hole.Close() }()
	te.listenTCP(hole.LocalAddr().String())
	env := te.env(2)
	env["TUNNEL_MAX_EDGE_ADDR_RETRIES"] = "0" // it is told at once
	r := te.runWith(standIn(), env, 2)
	for _, c := range te.all() {
		if c.Protocol() != tunnelproto.HTTP2 {
			t.Errorf("one came over %s", c.Protocol())
		}
	}
	if _, err := te.all()[0].DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:53")); !errors.Is(err, tunnelproto.ErrNoUDP) {
		t.Errorf("UDP gives %v", err)
	}
	for _, line := range []string{"Initial protocol quic", "Failed to dial a quic connection", "Switching to fallback protocol http2", "protocol=http2"} {
		if !strings.Contains(r.out.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
}

func TestDatagramsMayBeOfTheNewerForm(t *testing.T) {
	te := startEdge(t)
	te.runWith(standIn(), te.env(1), 1, "tunnel", "--metrics", "127.0.0.1:0", "run", "--features", "support_datagram_v3_2")
	conn := te.all()[0]
	if got := conn.Registration().Features; !slices.Contains(got, "support_datagram_v3_2") || !slices.Contains(got, "allow_remote_config") {
		t.Errorf("it says that it can %v", got)
	}
	session, err := conn.DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:9"))
	if err != nil {
		t.Fatal(err)
	}
	_ = session.Close()
}

func TestReadySaysWhatIsMissing(t *testing.T) {
	te := startEdge(t)
	env := te.env(1)
	env["TUNNEL_TOKEN"] = tunnelproto.Token{AccountTag: "a", TunnelID: testToken().TunnelID, Secret: []byte("wrong")}.Encode()
	r := te.runWith(standIn(), env, 0)
	eventually(t, patience, "the refusal is logged", func() bool {
		return strings.Contains(r.out.String(), "Unauthorized: Invalid tunnel secret")
	})
	if _, body := r.look("/metrics"); !strings.Contains(body, `cloudflared_tunnel_tunnel_register_fail{error="server_error",rpcName="registerConnection"}`) {
		t.Errorf("the refusal is not counted:\n%s", body)
	}
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
		{"bad protocol in the environment", "tunnel run", map[string]string{"TUNNEL_TRANSPORT_PROTOCOL": "h3"}, 1, "h3"},
		{"no connections", "tunnel --ha-connections 0 run", nil, 1, "ha-connections"},
		{"connections no number", "tunnel run", map[string]string{"TUNNEL_HA_CONNECTIONS": "many"}, 1, "TUNNEL_HA_CONNECTIONS"},
		{"negative retries", "tunnel --max-edge-addr-retries -1 run", nil, 1, "max-edge-addr-retries"},
		{"retries no number", "tunnel run", map[string]string{"TUNNEL_MAX_EDGE_ADDR_RETRIES": "x"}, 1, "TUNNEL_MAX_EDGE_ADDR_RETRIES"},
		{"resolver without a port", "tunnel run --dns-resolver-addrs 127.0.0.1", nil, 1, "dns-resolver-addrs"},
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

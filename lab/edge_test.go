package lab_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/internal/tunnelproto"
	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/setup"
)

const tunnelID = "11111111-2222-4333-8444-555555555555"

// A simulated edge listens on the server's address inside the lab; a connector
// that was started from the same files as the official one finds it there.
func TestAConnectorInTheLabReachesASimulatedEdgeAndTheAppBehindIt(t *testing.T) {
	l := lab.Start(t)
	ca, err := tunnelproto.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	address, conns := serveEdge(t, l, ca)
	if err := l.ImportStandIns(t.Context(), address, ca.PEM()); err != nil {
		t.Fatal(err)
	}
	p := newProject(t, l)
	e := setup.Entry{Verb: setup.Create,
		Key: setup.Key{Kind: setup.KindConnector, Scope: p.stack.ConnectorProject, Name: "connector"},
		To: setup.Connector{File: p.stack.ConnectorFile, Project: p.stack.ConnectorProject, Image: lab.ConnectorImage,
			Network: p.stack.Network, Tunnel: setup.Lit(tunnelID), Running: true}}
	p.write(t, []setup.Entry{e})
	if out, err := p.do(t.Context(), e); err != nil || out[0].Err != nil {
		t.Fatalf("%v, %+v", err, out)
	}
	conn := <-conns
	if _, err := conn.PushConfig(t.Context(), 3, []byte(`{"ingress":[{"service":"http://web:8000"}]}`)); err != nil {
		t.Fatal(err)
	}
	var says found.Ready
	eventually(t, "the connector says that it is ready", func() bool {
		says, err = p.host.ConnectorReady(t.Context(), p.stack.ConnectorProject)
		return err == nil && says.Ready
	})
	if !says.Answered || says.Connections == 0 || says.ConnectorID == "" || says.Version != 3 {
		t.Errorf("it says %+v", says)
	}
	askThrough(t, conn)
	reachByName(t, conn)
	logs, err := p.host.Follow(t.Context(), p.stack.ConnectorProject, "cloudflared", 20)
	if err != nil {
		t.Fatal(err)
	}
	if line := <-logs; !strings.HasSuffix(line.Container, "cloudflared-1") || line.Text == "" || line.At.IsZero() || strings.Contains(line.Text, "eyJ") {
		t.Errorf("its log begins with %+v", line)
	}
}

func serveEdge(t *testing.T, l *lab.Lab, ca *tunnelproto.CA) (string, <-chan *tunnelproto.Conn) {
	t.Helper()
	conf, err := ca.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := l.Listen(t.Context(), "tcp", lab.HostAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.ListenPacket(t.Context(), "udp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan *tunnelproto.Conn, 1)
	edge := &tunnelproto.Edge{TLS: conf,
		Authenticate: func(context.Context, tunnelproto.Registration) (tunnelproto.Details, error) {
			return tunnelproto.Details{Location: "lab01", RemotelyManaged: true}, nil
		},
		Registered: func(c *tunnelproto.Conn) {
			select {
			case conns <- c:
			default: // one is enough to ask through
			}
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 2)
	go func() { served <- edge.Serve(ctx, listener) }()
	go func() { served <- edge.ServeQUIC(ctx, socket) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	return listener.Addr().String(), conns
}

// askThrough asks the app through the tunnel, under a host that it accepts.
func askThrough(t *testing.T, conn *tunnelproto.Conn) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://old.example/robots.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-Proto", "https")
	resp, err := conn.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the app answers %d %s, %v", resp.StatusCode, body, err)
	}
}

// reachByName reaches the app as a hostname route does: the connector asks
// Docker's own name server where "web" is, and no ingress rule is needed.
func reachByName(t *testing.T, conn *tunnelproto.Conn) {
	t.Helper()
	if p := conn.Protocol(); p != tunnelproto.QUIC {
		t.Errorf("the connector came over %s", p)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return conn.DialTCP(ctx, addr) }}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://web:8000/robots.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "old.example"
	req.Header.Set("X-Forwarded-Proto", "https")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the app answers %s", resp.Status)
	}
}

func TestALabThatIsUpIsJoinedAndLeftRunning(t *testing.T) {
	if os.Getenv("DOCKER_LAB") != "" {
		t.Skip("all tests join a lab already")
	}
	first := lab.Start(t)
	t.Setenv("DOCKER_LAB", first.Dir())
	second := lab.Start(t)
	out, err := second.Run(t.Context(), "ip", "-brief", "address")
	if err != nil || !strings.Contains(out, lab.HostAddress) {
		t.Errorf("inside it is %q, %v", out, err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := first.Dial(t.Context(), "unix", first.Socket())
	if err != nil {
		t.Fatalf("the engine went with the second: %v", err)
	}
	_ = conn.Close()
}

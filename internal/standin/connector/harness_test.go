package connector_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/standin/connector"
	"github.com/culvert/culvert/internal/tunnelproto"
)

const patience = 10 * time.Second

func testToken() tunnelproto.Token {
	return tunnelproto.Token{AccountTag: "acc0", TunnelID: "11111111-2222-4333-8444-555555555555", Secret: []byte("s3cr3t-s3cr3t")}
}

// eventually fails the test when cond does not become true in time.
func eventually(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// program is a way to run cloudflared: start runs it and returns a function
// that ends it gracefully and gives its exit code.
type program struct {
	limit time.Duration // for anything it does
	start func(t *testing.T, args []string, env map[string]string, out io.Writer) (stop func() int)
}

func standIn() program {
	return program{limit: patience, start: func(t *testing.T, args []string, env map[string]string, out io.Writer) func() int {
		ctx, cancel := context.WithCancel(context.Background())
		code := make(chan int, 1)
		go func() {
			code <- connector.Main(ctx, args, func(k string) string { return env[k] }, out, out)
		}()
		return sync.OnceValue(func() int {
			cancel()
			select {
			case c := <-code:
				return c
			case <-time.After(patience):
				t.Error("the program does not end")
				return -1
			}
		})
	}}
}

// testEdge is an edge on loopback and the file with its authority.
type testEdge struct {
	t      *testing.T
	edge   *tunnelproto.Edge
	addr   string
	cacert string

	mu    sync.Mutex
	conns []*tunnelproto.Conn
}

// startEdge starts an edge on any port.
func startEdge(t *testing.T) *testEdge {
	t.Helper()
	return startEdgeAt(t, "127.0.0.1:0")
}

// startEdgeAt starts one edge that listens at several addresses, for TCP and UDP.
func startEdgeAt(t *testing.T, addrs ...string) *testEdge {
	t.Helper()
	ca, err := tunnelproto.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	conf, err := ca.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	te := &testEdge{t: t, cacert: filepath.Join(t.TempDir(), "ca.pem")}
	if err := os.WriteFile(te.cacert, ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	te.edge = &tunnelproto.Edge{
		TLS: conf,
		Authenticate: func(_ context.Context, r tunnelproto.Registration) (tunnelproto.Details, error) {
			if string(r.Secret) != string(testToken().Secret) {
				return tunnelproto.Details{}, &tunnelproto.RegisterError{Cause: "Unauthorized: Invalid tunnel secret"}
			}
			return tunnelproto.Details{Location: "lab01", RemotelyManaged: true}, nil
		},
		Registered: func(c *tunnelproto.Conn) {
			te.mu.Lock()
			defer te.mu.Unlock()
			te.conns = append(te.conns, c)
		},
		Gone: func(c *tunnelproto.Conn) {
			te.mu.Lock()
			defer te.mu.Unlock()
			te.conns = slices.DeleteFunc(te.conns, func(x *tunnelproto.Conn) bool { return x == c })
		},
	}
	for _, addr := range addrs {
		te.listen(addr)
	}
	return te
}

func (te *testEdge) listen(addr string) {
	te.t.Helper()
	te.listenTCP(addr)
	pc, err := net.ListenPacket("udp", te.addr)
	if err != nil {
		te.t.Fatal(err)
	}
	te.serve(func(ctx context.Context) error { return te.edge.ServeQUIC(ctx, pc) })
}

func (te *testEdge) listenTCP(addr string) {
	te.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		te.t.Fatal(err)
	}
	te.addr = l.Addr().String()
	te.serve(func(ctx context.Context) error { return te.edge.Serve(ctx, l) })
}

func (te *testEdge) serve(serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx) }()
	te.t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			te.t.Error(err)
		}
	})
}

func (te *testEdge) all() []*tunnelproto.Conn {
	te.mu.Lock()
	defer te.mu.Unlock()
	return slices.Clone(te.conns)
}

// env is what a container of the lab sets.
func (te *testEdge) env(connections int) map[string]string {
	return map[string]string{
		"TUNNEL_TOKEN":  testToken().Encode(),
		"TUNNEL_EDGE":   strings.TrimSuffix(strings.Repeat(te.addr+",", connections), ","),
		"TUNNEL_CACERT": te.cacert,
	}
}

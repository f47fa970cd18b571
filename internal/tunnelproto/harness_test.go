package tunnelproto_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

const patience = 10 * time.Second

func testToken() tunnelproto.Token {
	return tunnelproto.Token{
		AccountTag: "acc0",
		TunnelID:   "11111111-2222-4333-8444-555555555555",
		Secret:     []byte("s3cr3t-s3cr3t"),
	}
}

// eventually fails the test when cond does not become true in time.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// receive takes a value from ch or fails the test.
func receive[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("not in time: %s", what)
		panic("unreachable")
	}
}

// noLeaks fails the test if a goroutine of the protocol is left at its end. It
// must be called before anything that registers a cleanup.
func noLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		var left []string
		deadline := time.Now().Add(patience)
		for {
			if left = protocolGoroutines(); len(left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Errorf("%d goroutines left:\n%s", len(left), strings.Join(left, "\n\n"))
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
}

func protocolGoroutines() []string {
	buf := make([]byte, 4<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(stacks[1:], func(s string) bool { // the first is our own
		return !strings.Contains(s, "culvert/internal/tunnelproto.") &&
			!strings.Contains(s, "capnproto2") && !strings.Contains(s, "quic-go") && !strings.Contains(s, "net/http.")
	})
}

// testEdge is an Edge on a loopback port that remembers who is connected.
type testEdge struct {
	t    testing.TB
	ca   *tunnelproto.CA
	edge *tunnelproto.Edge
	addr string
	stop func() // closes the listener and all connections, and waits

	mu    sync.Mutex
	conns []*tunnelproto.Conn
	gone  []*tunnelproto.Conn
}

// startEdge starts an edge that lets in whoever knows testToken's secret.
func startEdge(t testing.TB) *testEdge {
	t.Helper()
	return startEdgeWith(t, func(*tunnelproto.Edge) {})
}

// startEdgeWith is startEdge for one that change makes different.
func startEdgeWith(t testing.TB, change func(*tunnelproto.Edge)) *testEdge {
	t.Helper()
	noLeaks(t)
	ca, err := tunnelproto.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	conf, err := ca.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	te := &testEdge{t: t, ca: ca, edge: &tunnelproto.Edge{TLS: conf, Log: testLog(t)}}
	te.edge.Authenticate = func(_ context.Context, r tunnelproto.Registration) (tunnelproto.Details, error) {
		if string(r.Secret) != string(testToken().Secret) {
			return tunnelproto.Details{}, &tunnelproto.RegisterError{Cause: "Unauthorized: Invalid tunnel secret", Retry: true}
		}
		return tunnelproto.Details{Location: "lab01", RemotelyManaged: true}, nil
	}
	te.edge.Registered = func(c *tunnelproto.Conn) {
		te.mu.Lock()
		defer te.mu.Unlock()
		te.conns = append(te.conns, c)
	}
	te.edge.Gone = func(c *tunnelproto.Conn) {
		te.mu.Lock()
		defer te.mu.Unlock()
		if !slices.Contains(te.conns, c) {
			t.Error("a connection went that never came, or went twice")
		}
		te.conns = slices.DeleteFunc(te.conns, func(x *tunnelproto.Conn) bool { return x == c })
		te.gone = append(te.gone, c)
	}
	change(te.edge)
	te.listen("127.0.0.1:0")
	t.Cleanup(func() { te.stop() })
	return te
}

func (te *testEdge) listen(addr string) {
	te.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		te.t.Fatal(err)
	}
	te.addr = l.Addr().String()
	pc, err := net.ListenPacket("udp", te.addr)
	if err != nil {
		te.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 2)
	go func() { served <- te.edge.Serve(ctx, l) }()
	go func() { served <- te.edge.ServeQUIC(ctx, pc) }()
	te.stop = sync.OnceFunc(func() {
		cancel()
		for range 2 {
			if err := receive(te.t, "the edge stops", served); err != nil {
				te.t.Error("edge:", err)
			}
		}
	})
}

func (te *testEdge) all() []*tunnelproto.Conn {
	te.mu.Lock()
	defer te.mu.Unlock()
	return slices.Clone(te.conns)
}

func (te *testEdge) departed() int {
	te.mu.Lock()
	defer te.mu.Unlock()
	return len(te.gone)
}

// wait returns the connections once there are n.
func (te *testEdge) wait(n int) []*tunnelproto.Conn {
	te.t.Helper()
	eventually(te.t, fmt.Sprintf("%d connections at the edge", n), func() bool { return len(te.all()) == n })
	return te.all()
}

// both runs a test over either protocol.
func both(t *testing.T, test func(*testing.T, tunnelproto.Protocol)) {
	t.Helper()
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		t.Run(string(p), func(t *testing.T) { test(t, p) })
	}
}

// connector makes one that may have n connections to te; change it, then run it.
func (te *testEdge) connector(p tunnelproto.Protocol, n int, h http.HandlerFunc) *tunnelproto.Connector {
	return &tunnelproto.Connector{
		Token: testToken(), Protocol: p, Edges: slices.Repeat([]string{te.addr}, n), TLS: te.ca.ClientTLS(),
		ClientID: tunnelproto.NewUUID(), Version: "2026.8.2", Features: []string{"allow_remote_config"},
		Handler: h, Backoff: func(int) time.Duration { return 10 * time.Millisecond },
		Log: testLog(te.t).With("side", "connector"),
	}
}

// run starts c and returns how to stop it gracefully, which waits.
func run(t testing.TB, c *tunnelproto.Connector) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, "the connector stops", ended); err != nil {
			t.Error("connector:", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func testLog(t testing.TB) *slog.Logger {
	if _, timed := t.(*testing.B); timed {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// recorder keeps log records by message.
type recorder struct {
	mu  sync.Mutex
	chs map[string]chan map[string]any
}

func newRecorder() *recorder { return &recorder{chs: map[string]chan map[string]any{}} }

func (r *recorder) logger() *slog.Logger { return slog.New(r) }

func (r *recorder) lines(msg string) chan map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chs[msg] == nil {
		r.chs[msg] = make(chan map[string]any, 100)
	}
	return r.chs[msg]
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }

func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	attrs := map[string]any{}
	rec.Attrs(func(a slog.Attr) bool { attrs[a.Key] = a.Value.Any(); return true })
	select {
	case r.lines(rec.Message) <- attrs:
	default:
	}
	return nil
}

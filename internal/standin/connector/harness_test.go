package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
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

// official is the real program. It phones public addresses, so it runs only
// where there is no route to any.
func official(t *testing.T) program {
	path := os.Getenv("CLOUDFLARED")
	if path == "" {
		path, _ = exec.LookPath("cloudflared")
	}
	if path == "" {
		t.Skip("SKIP: no official cloudflared (set CLOUDFLARED or put it in PATH)")
	}
	routes, err := os.ReadFile("/proc/net/route")
	if err != nil || len(bytes.Split(bytes.TrimSpace(routes), []byte("\n"))) > 1 {
		t.Skip("SKIP: run the official cloudflared in a network namespace without routes: ip netns exec … go test")
	}
	return program{limit: 90 * time.Second, start: func(t *testing.T, args []string, env map[string]string, out io.Writer) func() int {
		cmd := exec.Command(path, args...)
		cmd.Stdout, cmd.Stderr = out, out
		cmd.Env = []string{"HOME=" + t.TempDir()}
		for k, v := range env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return sync.OnceValue(func() int {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			var exit *exec.ExitError
			if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
				t.Error(err)
			}
			return cmd.ProcessState.ExitCode()
		})
	}}
}

// testEdge is an edge on loopback and the folder with its authority.
type testEdge struct {
	t      *testing.T
	addr   string
	cacert string

	mu    sync.Mutex
	conns []*tunnelproto.Conn
}

func startEdge(t *testing.T) *testEdge {
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
	edge := &tunnelproto.Edge{
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	te.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- edge.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return te
}

func (te *testEdge) all() []*tunnelproto.Conn {
	te.mu.Lock()
	defer te.mu.Unlock()
	return slices.Clone(te.conns)
}

// env is what a container of the lab sets.
func (te *testEdge) env(connections int) map[string]string {
	return map[string]string{
		"TUNNEL_TOKEN":              testToken().Encode(),
		"TUNNEL_EDGE":               strings.TrimSuffix(strings.Repeat(te.addr+",", connections), ","),
		"TUNNEL_CACERT":             te.cacert,
		"TUNNEL_TRANSPORT_PROTOCOL": "http2",
	}
}

// running is a connector that is up.
type running struct {
	t       *testing.T
	edge    *testEdge
	program program
	out     *output
	metrics string
	stop    func() int
}

func (te *testEdge) run(p program, connections int, args ...string) *running {
	te.t.Helper()
	return te.runWith(p, te.env(connections), connections, args...)
}

func (te *testEdge) runWith(p program, env map[string]string, connections int, args ...string) *running {
	te.t.Helper()
	if len(args) == 0 {
		args = []string{"tunnel", "--no-autoupdate", "--no-prechecks", "--metrics", "127.0.0.1:0", "run"}
	}
	r := &running{t: te.t, edge: te, program: p, out: &output{}}
	r.stop = p.start(te.t, args, env, r.out)
	te.t.Cleanup(func() { r.stop() })
	te.t.Cleanup(func() {
		if te.t.Failed() {
			te.t.Log("the program said:\n" + r.out.String())
		}
	})
	eventually(te.t, p.limit, "all connections are registered", func() bool { return len(te.all()) == connections })
	var found []string
	eventually(te.t, p.limit, "it says where its metrics are", func() bool {
		found = regexp.MustCompile(`Starting metrics server on (\S+)/metrics`).FindStringSubmatch(r.out.String())
		return found != nil
	})
	r.metrics = found[1]
	return r
}

func (r *running) push(version int, config string) (int, error) {
	r.t.Helper()
	return r.edge.all()[0].PushConfig(r.t.Context(), version, json.RawMessage(config))
}

// configure pushes ingress rules and fails the test if they are not applied.
func (r *running) configure(version int, rules string) {
	r.t.Helper()
	if got, err := r.push(version, `{"ingress":[`+rules+`]}`); err != nil || got != version {
		r.t.Fatalf("configuration %d: in force is %d, %v", version, got, err)
	}
}

// visit sends a request through the tunnel and returns the answer with its body.
func (r *running) visit(req *http.Request) (*http.Response, string) {
	r.t.Helper()
	resp, err := r.edge.all()[0].RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, readAll(r.t, resp)
}

// look reads a page of the metrics server.
func (r *running) look(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.metrics + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, readAll(r.t, resp)
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// quietTLS is an HTTPS server that does not print the handshakes that a test
// makes fail.
func quietTLS(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	return s
}

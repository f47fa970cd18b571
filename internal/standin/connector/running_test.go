package connector_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
)

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

// Package rehearsal is a built-in Cloudflare account and Docker host on which
// the whole way can be practised: no token, no engine, nothing real is touched.
// Both sides are simulated; neither can be mixed with a real one. Its state
// lives in a folder and survives the process.
package rehearsal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	cloud "github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/dockerx/found"
	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/internal/takeback"
	"github.com/culvert/culvert/secret"
)

//go:embed project
var project embed.FS

// The made-up server: an address that is reserved for examples.
const (
	ServerAddress = "203.0.113.7"

	apiHost = "api.rehearsal.invalid"
)

// Options of a rehearsal.
type Options struct {
	Dir   string // where its state and the made-up app's folder live
	Clock func() time.Time
	Log   *slog.Logger
	Calls io.Writer // gets one JSON line for each call to the made-up API; may be nil
	// Second has another app of the same kind run on the made-up server, from now
	// on.
	Second bool
	// Unsure chooses how the made-up account is where nobody knows how the real
	// one is.
	Unsure cloud.Unsure
}

// World is one rehearsal. It is safe for concurrent use.
type World struct {
	Cloud  *cloud.Cloud
	Docker *docker.Host

	dir   string
	log   *slog.Logger
	edge  *cloud.Server
	apps  []*madeUp
	roots *x509.CertPool
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu       sync.Mutex
	attached map[string]func() // by tunnel: stops its connector
	saving   sync.Mutex
	breaking sync.Mutex                 // one breakage at a time; guards broken
	broken   map[string][]takeback.Edit // on the server, by breakage
	ready    atomic.Bool                // both sides stand and are worth keeping
}

// Open takes up a rehearsal where it was left, or starts a new one.
func Open(ctx context.Context, o Options) (*World, error) {
	w := &World{dir: o.Dir, log: o.Log, attached: map[string]func(){}, broken: map[string][]takeback.Edit{}}
	apps, err := w.layOut(o.Second)
	if err != nil {
		return nil, fmt.Errorf("writing the app to practise on: %w", err)
	}
	w.Cloud = cloud.Example(cloud.Options{Clock: o.Clock, Log: o.Log, CallLog: o.Calls, Unsure: o.Unsure,
		OnChange: func() { w.save("cloud.json", w.Cloud.Snapshot) }})
	w.Docker = docker.New(docker.Options{
		Apps: apps, Reveal: []string{"DJANGO_ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DJANGO_SETTINGS_MODULE"},
		OnConnector: w.connector, Connection: w.connection, Beside: w.beside, Clock: o.Clock,
		OnChange: func() { w.save("docker.json", w.Docker.Snapshot) },
	})
	if err := w.restore(); err != nil {
		w.Cloud.Close()
		return nil, fmt.Errorf("taking up the rehearsal in %s (remove that folder to begin anew): %w", o.Dir, err)
	}
	if err := w.serve(ctx); err != nil {
		w.Cloud.Close()
		return nil, err
	}
	return w, nil
}

// save writes a part of the state. A rehearsal that cannot be saved goes on.
func (w *World) save(name string, snapshot func() ([]byte, error)) {
	if !w.ready.Load() {
		return
	}
	w.saving.Lock()
	defer w.saving.Unlock()
	text, err := snapshot()
	if err == nil {
		temp := filepath.Join(w.dir, name+".new")
		if err = os.WriteFile(temp, text, 0o600); err == nil {
			err = os.Rename(temp, filepath.Join(w.dir, name))
		}
	}
	if err != nil {
		w.log.Error("keeping the rehearsal", "part", name, "err", err)
	}
}

func (w *World) restore() error {
	for _, kept := range []struct {
		name    string
		restore func([]byte) error
	}{{"cloud.json", w.Cloud.Restore}, {"docker.json", w.Docker.Restore}, {brokenFile, w.restoreBroken}} {
		text, err := os.ReadFile(filepath.Join(w.dir, kept.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = kept.restore(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", kept.name, err)
		}
	}
	w.ready.Store(true)
	w.save("cloud.json", w.Cloud.Snapshot) // a new account keeps its ids from now on
	return nil
}

// serve listens on loopback: the edge, and the made-up apps.
func (w *World) serve(ctx context.Context) error {
	var err error
	if w.edge, err = w.Cloud.Listen(cloud.ServeOptions{}); err != nil {
		return err
	}
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM([]byte(w.edge.CA))
	for _, a := range w.apps {
		if err := a.listen(); err != nil {
			return fmt.Errorf("opening the ports of the made-up network: %w", err)
		}
	}
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.done.Go(func() { _ = w.edge.Run(ctx) })
	for _, a := range w.apps {
		a.run()
	}
	return nil
}

// connector is told when a connector's container starts or stops, and whose
// network it is in.
func (w *World) connector(project, tunnel string, running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if detach := w.attached[tunnel]; detach != nil {
		detach()
		delete(w.attached, tunnel)
	}
	if !running {
		return
	}
	detach, err := w.Cloud.Attach(w.tunnelToken(tunnel), w.app(project))
	if err != nil { // as with a real one: it runs and is not connected
		w.log.Warn("the made-up connector", "err", err)
		return
	}
	w.attached[tunnel] = detach
}

func (w *World) connection(tunnel string) found.Ready {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.attached[tunnel] == nil {
		return found.Ready{Answered: true, Version: -1}
	}
	return found.Ready{Answered: true, Ready: true, Connections: 4}
}

// tunnelToken asks the made-up account for a tunnel's token, as anybody would.
func (w *World) tunnelToken(tunnel string) string {
	b := w.Cloud.Basics()
	r := httptest.NewRequest(http.MethodGet, "/client/v4/accounts/"+b.AccountID+"/cfd_tunnel/"+tunnel+"/token", nil)
	r.Header.Set("Authorization", "Bearer "+b.Token)
	rec := httptest.NewRecorder()
	w.Cloud.API().ServeHTTP(rec, r)
	return resultString(rec.Body.Bytes())
}

// Token is the token of the made-up account.
func (w *World) Token() secret.Text { return secret.New(w.Cloud.Basics().Token) }

// BaseURL and Client reach the made-up API.
func (w *World) BaseURL() string { return "https://" + apiHost + "/client/v4/" }

// Client is an HTTP client that knows nothing but the made-up API.
func (w *World) Client() *http.Client {
	return &http.Client{Transport: handlerTransport{w.Cloud.API()}}
}

// TLS trusts the made-up edge.
func (w *World) TLS() *tls.Config { return &tls.Config{RootCAs: w.roots, MinVersion: tls.VersionTLS12} }

// Addresses are those of the made-up server that others can reach.
func (w *World) Addresses() []string { return []string{ServerAddress} }

// Dial is the made-up internet: the edge for public names, the containers, and
// the server's own address as far as its ports are open.
func (w *World) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	for _, a := range w.apps {
		if conn, there, err := a.dial(ctx, network, host, port); there {
			return conn, err
		}
	}
	if net.ParseIP(host) != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return w.Cloud.Dial(ctx, network, address)
}

// Close stops everything. The state is on disk already.
func (w *World) Close() error {
	w.stop()
	err := w.Docker.Close()
	for _, a := range w.apps {
		err = errors.Join(err, a.close())
	}
	w.done.Wait()
	w.Cloud.Close()
	return err
}

// Package rehearsal is a built-in Cloudflare account and Docker host on which
// the whole way can be practised: no token, no engine, nothing real is touched.
// Both sides are simulated; neither can be mixed with a real one. Its state
// lives in a folder and survives the process.
package rehearsal

import (
	"bytes"
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
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	cloud "github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/dockerx/found"
	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/internal/takeback"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

//go:embed project
var project embed.FS

// The made-up server: an address that is reserved for examples, and its port.
const (
	ServerAddress = "203.0.113.7"
	serverPort    = "8000"

	apiHost = "api.rehearsal.invalid"
)

// Options of a rehearsal.
type Options struct {
	Dir   string // where its state and the made-up app's folder live
	Clock func() time.Time
	Log   *slog.Logger
	Calls io.Writer // gets one JSON line for each call to the made-up API; may be nil
	// Unsure chooses how the made-up account is where nobody knows how the real
	// one is.
	Unsure cloud.Unsure
}

// World is one rehearsal. It is safe for concurrent use.
type World struct {
	Cloud  *cloud.Cloud
	Docker *docker.Host

	dir    string
	log    *slog.Logger
	edge   *cloud.Server
	app    *http.Server
	origin net.Listener
	inside inside
	roots  *x509.CertPool
	stop   context.CancelFunc
	done   sync.WaitGroup

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
	env, err := w.writeProject()
	if err != nil {
		return nil, fmt.Errorf("writing the app to practise on: %w", err)
	}
	w.Cloud = cloud.Example(cloud.Options{Clock: o.Clock, Log: o.Log, CallLog: o.Calls, Unsure: o.Unsure,
		OnChange: func() { w.save("cloud.json", w.Cloud.Snapshot) }})
	w.Docker = docker.New(docker.Options{
		Dir: w.projectDir(), Env: env, Reveal: []string{"DJANGO_ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DJANGO_SETTINGS_MODULE"},
		OnConnector: w.connector, Connection: w.connection, Beside: w.beside, Clock: o.Clock,
		OnChange: func() { w.save("docker.json", w.Docker.Snapshot) },
	})
	if err := w.restore(); err != nil {
		w.Cloud.Close()
		return nil, fmt.Errorf("taking up the rehearsal in %s: %w", o.Dir, err)
	}
	if err := w.serve(ctx); err != nil {
		w.Cloud.Close()
		return nil, err
	}
	if err := w.reattach(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) projectDir() string { return filepath.Join(w.dir, "open-chat-studio") }

// writeProject lays out the app's folder once; what was edited since stays.
func (w *World) writeProject() (map[string]string, error) {
	if err := os.MkdirAll(w.projectDir(), 0o700); err != nil {
		return nil, err
	}
	for _, f := range []struct{ from, to string }{
		{"docker-compose.prod.yml", "docker-compose.prod.yml"},
		{"env.prod", ".env.prod"},
	} {
		text, err := fs.ReadFile(project, "project/"+f.from)
		if err != nil {
			return nil, err
		}
		if err := writeNew(filepath.Join(w.projectDir(), f.to), text); err != nil {
			return nil, err
		}
	}
	return map[string]string{
		"DJANGO_SETTINGS_MODULE": "config.settings_production",
		"DJANGO_ALLOWED_HOSTS":   "",
		"SLACK_CLIENT_ID":        "",
		"SLACK_CLIENT_SECRET":    "",
		"SLACK_SIGNING_SECRET":   "made-up-signing-secret",
	}, writeNew(filepath.Join(w.projectDir(), ".env"), []byte("POSTGRES_PASSWORD=practice-only\n"))
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
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

// serve listens on loopback: the edge, and the made-up app.
func (w *World) serve(ctx context.Context) error {
	var err error
	if w.edge, err = w.Cloud.Listen(cloud.ServeOptions{}); err != nil {
		return err
	}
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM([]byte(w.edge.CA))
	if w.origin, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if w.inside.world = w; w.inside.listen() != nil {
		return errors.New("the ports of the made-up network cannot be opened")
	}
	w.inside.run()
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.app = &http.Server{Handler: http.HandlerFunc(w.serveApp), ReadHeaderTimeout: 10 * time.Second}
	w.done.Go(func() { _ = w.edge.Run(ctx) })
	w.done.Go(func() { _ = w.app.Serve(w.origin) })
	return nil
}

// serveApp is the app with the settings that its container has now.
func (w *World) serveApp(rw http.ResponseWriter, r *http.Request) {
	addresses, err := w.Docker.Addresses(r.Context(), docker.Project, docker.Service)
	if err != nil { // it does not run
		cloud.Unreachable(rw)
		return
	}
	env := w.Docker.Env(docker.Service)
	settings, err := app.FromEnv(func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}, func() string { return addresses[0] })
	if err != nil { // it would not have started
		cloud.Unreachable(rw)
		return
	}
	app.Handler(settings, io.Discard).ServeHTTP(rw, r)
}

// beside runs a command as the app's image does.
func (w *World) beside(ctx context.Context, env map[string]string, command []string) ([]byte, int) {
	var out bytes.Buffer
	status := app.Main(ctx, command, func(name string) (string, bool) {
		if name == app.DatabaseKey {
			return filepath.Join(w.dir, "database"), true
		}
		value, ok := env[name]
		return value, ok
	}, &out, io.Discard)
	return out.Bytes(), status
}

// connector is told when the connector's container starts or stops.
func (w *World) connector(tunnel string, running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if detach := w.attached[tunnel]; detach != nil {
		detach()
		delete(w.attached, tunnel)
	}
	if !running {
		return
	}
	detach, err := w.Cloud.Attach(w.tunnelToken(tunnel), http.HandlerFunc(w.serveApp))
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

// reattach starts the connector again after the process was away, if taking the
// server up did not.
func (w *World) reattach(ctx context.Context) error {
	stack := w.Docker.Stack()
	stack.ConnectorProject = "culvert-" + stack.Project
	seen, err := w.Docker.Observe(ctx, setup.View{Stacks: []setup.Stack{stack}})
	if err != nil {
		return err
	}
	for _, o := range seen.Objects {
		if c, ok := o.State.(setup.Connector); ok && c.Running && !w.connection(c.Tunnel.Lit).Ready {
			w.connector(c.Tunnel.Lit, true)
		}
	}
	return nil
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

// Dial is the made-up internet: the edge for public names, the app's container,
// and the server's own address as far as its port is open.
func (w *World) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if conn, there, err := w.inside.dial(ctx, network, host, port); there {
		return conn, err
	}
	if port == serverPort && slices.Contains(w.appAddresses(ctx), host) {
		return w.dialApp(ctx, network)
	}
	if net.ParseIP(host) != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return w.Cloud.Dial(ctx, network, address)
}

// appAddresses are those at which the app answers: of its container, and the
// server's as far as the port is open. None while it does not run.
func (w *World) appAddresses(ctx context.Context) []string {
	all, err := w.Docker.Addresses(ctx, docker.Project, docker.Service)
	if err == nil && w.Docker.Exposure() == setup.ExposedPublic {
		all = append(all, ServerAddress)
	}
	return all
}

func (w *World) dialApp(ctx context.Context, network string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, w.origin.Addr().String())
}

// Close stops everything. The state is on disk already.
func (w *World) Close() error {
	w.stop()
	err := errors.Join(w.app.Close(), w.inside.close(), w.Docker.Close())
	w.done.Wait()
	w.Cloud.Close()
	return err
}

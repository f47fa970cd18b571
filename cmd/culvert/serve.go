package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/metrics"
)

// practicePath is where the rehearsal is mounted beside the real host.
const practicePath = "/practice"

// serving is a running dashboard.
type serving struct {
	*settings
	listen string
	url    string
	names  []string
	auth   *auth.Auth
	real   *workspace // nil with --rehearsal
	try    *workspace
}

func newServe(s *settings) *cobra.Command {
	v := &serving{settings: s}
	c := &cobra.Command{
		Use: "serve", Short: "Run the dashboard", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return v.run(c.Context()) },
	}
	c.Flags().StringVar(&v.listen, "listen", "127.0.0.1:8765", "address to listen on")
	c.Flags().StringVar(&v.url, "url", "", "where people open the dashboard, for links in messages (default: http://localhost and the port)")
	c.Flags().StringSliceVar(&v.names, "name", nil, "further host names under which the dashboard may be opened")
	return c
}

func newLink(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "link", Short: "Print a new login link of the running dashboard", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := askForLink(c.Context(), s.data)
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.stdout, text)
			return err
		},
	}
}

func (v *serving) run(ctx context.Context) (err error) {
	listener, err := v.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	v.settings.pages = v.dashboard(listener)
	if err := v.openWorkspaces(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	log := v.log()
	root := v.root()
	v.auth = auth.New(auth.Options{
		Sessions: root.store.Sessions(), Links: root.store, Log: log,
		Open: openPaths(listener.Addr(), v.names), SignedOut: "/signed-out",
	})
	address := listener.Addr().String()
	welcome, err := v.welcome(ctx, address)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	socket, err := v.linkSocket()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if _, err := io.WriteString(v.stdout, welcome); err != nil {
		return err
	}
	return v.serve(ctx, log, listener, socket, address)
}

// open listens first, so that a taken port is told before anything else.
func (v *serving) open() (net.Listener, error) {
	l, err := net.Listen("tcp", v.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use, perhaps by another Culvert. Choose another one: culvert serve --listen 127.0.0.1:8766", v.listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", v.listen, err)
	}
	return l, nil
}

// dashboard is the address at which people open the pages: through their own end
// of a tunnel by SSH, unless it is said otherwise.
func (v *serving) dashboard(l net.Listener) string {
	if v.url != "" {
		return strings.TrimSuffix(v.url, "/")
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return ""
	}
	return "http://localhost:" + port
}

func (v *serving) openWorkspaces(ctx context.Context) (err error) {
	if !v.rehearsal {
		if v.real, err = openWorkspace(ctx, v.settings, false); err != nil {
			return err
		}
	}
	v.try, err = openWorkspace(ctx, v.settings, true)
	return err
}

// root is the workspace at the root of the dashboard.
func (v *serving) root() *workspace {
	if v.real != nil {
		return v.real
	}
	return v.try
}

func (v *serving) close() error {
	var errs []error
	for _, w := range []*workspace{v.try, v.real} {
		if w != nil {
			errs = append(errs, w.Close())
		}
	}
	return errors.Join(errs...)
}

// serve runs the pages and the workers until the context ends, then ends them
// in order: streams, pages, runs.
func (v *serving) serve(ctx context.Context, log *slog.Logger, listener, socket net.Listener, address string) error {
	pages := &http.Server{
		Handler: v.handler(log), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	links := &http.Server{Handler: v.linkHandler(address), ReadHeaderTimeout: 5 * time.Second}
	workers, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorkers()
	group, ended := errgroup.WithContext(ctx)
	for _, w := range []*workspace{v.real, v.try} {
		if w != nil {
			group.Go(func() error { return w.engine.Serve(workers) })
			group.Go(func() error { return w.journey.Serve(workers) })
			group.Go(func() error { return w.watcher.Serve(workers) })
			group.Go(func() error { return w.teller.Serve(workers) })
			group.Go(func() error { return w.tendCertificates(workers) })
		}
	}
	group.Go(func() error { return ignoreClosed(pages.Serve(listener)) })
	group.Go(func() error { return ignoreClosed(links.Serve(socket)) })
	group.Go(func() error {
		<-ended.Done()
		for _, w := range []*workspace{v.real, v.try} {
			if w != nil {
				w.hub.Close()
			}
		}
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := errors.Join(pages.Shutdown(patience), links.Close())
		stopWorkers()
		return err
	})
	return group.Wait()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// handler is the dashboard with its guards around it.
func (v *serving) handler(log *slog.Logger) http.Handler {
	r := http.NewServeMux()
	r.HandleFunc("GET /healthz", v.healthz)
	r.Handle("GET /metrics", v.metrics(log))
	if v.real != nil {
		r.Handle(practicePath+"/", v.pages(v.try, practicePath, log))
	}
	r.Handle("/", v.pages(v.root(), "", log))
	return auth.Hosts(v.names)(v.auth.Middleware(r))
}

// openPaths are served without a login: the metrics only where nobody but this
// machine can ask for them. A further name tells of a proxy that lets others in.
func openPaths(listening net.Addr, names []string) []string {
	open := []string{"/static/", "/healthz"}
	if a, ok := listening.(*net.TCPAddr); ok && a.IP.IsLoopback() && len(names) == 0 {
		open = append(open, "/metrics")
	}
	return open
}

// metrics are those of the real host: what is broken in the practice must wake
// nobody.
func (v *serving) metrics(log *slog.Logger) http.Handler {
	root := v.root()
	return metrics.Handler(metrics.Options{Watch: root.watcher, Runs: root.store, Calls: root.cloud.Calls, Clock: time.Now, Log: log})
}

// healthz says whether what watches is alive: a dashboard that only shows what
// it knew an hour ago is not well.
func (v *serving) healthz(w http.ResponseWriter, _ *http.Request) {
	if h := v.root().watcher.Health(); !h.Began.IsZero() && !h.Alive {
		w.WriteHeader(http.StatusServiceUnavailable)
		since := h.Beat
		if !h.Looking.IsZero() && h.Looking.Before(since) { // it beats, and a look does not end
			since = h.Looking
		}
		_, _ = fmt.Fprintf(w, "nothing is watched since %s\n", since.UTC().Format(time.RFC3339))
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (v *serving) pages(w *workspace, base string, log *slog.Logger) http.Handler {
	o := handlers.Options{
		Base: base, Journey: w.journey, Hub: w.hub, Sessions: v.auth, Profiles: w.journey.Profiles.List(),
		Rehearsal: w == v.try, Version: version, Log: log,
	}
	if w == v.try {
		o.Breaking = breakPage{breaker{w}}
	}
	switch {
	case base != "":
		o.Leave = "/"
	case v.real != nil:
		o.Practice = practicePath + "/"
	}
	return handlers.New(o)
}

// welcome is what the log prints: how to open the dashboard, and from a laptop
// if the server is reached by SSH.
func (v *serving) welcome(ctx context.Context, address string) (string, error) {
	path, err := v.auth.NewLink(ctx)
	if err != nil {
		return "", fmt.Errorf("making a login link: %w", err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if server := sshServer(os.Getenv("SSH_CONNECTION")); server != "" {
		fmt.Fprintf(&b, "On your laptop, in a terminal; it stays silent, leave it open:\n  ssh -N -L %s:127.0.0.1:%s %s@%s\nThen open", port, port, userName(), server)
	} else {
		b.WriteString("Open")
	}
	fmt.Fprintf(&b, "  http://localhost:%s%s   (works once, for 30 minutes; a new one: culvert link)\n", port, path)
	if sshServer(os.Getenv("SSH_CONNECTION")) != "" {
		fmt.Fprintf(&b, "\"Address already in use\"?  use 8766:127.0.0.1:%s and open :8766\n", port)
	}
	return b.String(), nil
}

// sshServer is the address under which the SSH client reached this server.
func sshServer(connection string) string {
	parts := strings.Fields(connection)
	if len(parts) != 4 {
		return ""
	}
	return parts[2]
}

func userName() string {
	if user := os.Getenv("USER"); user != "" {
		return user
	}
	return "user"
}

// A running dashboard gives out new login links and carries out commands on a
// socket in its data folder: who may open that may also read the database.

func socketPath(data string) string { return filepath.Join(data, "culvert.sock") }

func (v *serving) linkSocket() (net.Listener, error) {
	path := socketPath(v.data)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // left by a killed process; the lock is ours
		return nil, fmt.Errorf("removing an old socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the socket for login links: %w", err)
	}
	return l, os.Chmod(path, 0o600)
}

func (v *serving) linkHandler(address string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /link", func(w http.ResponseWriter, r *http.Request) {
		text, err := v.welcome(r.Context(), address)
		if err != nil {
			http.Error(w, "the running Culvert could not make a link; its log says why", http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, text)
	})
	mux.HandleFunc("POST /ask", v.askHandler)
	mux.Handle("/", breakHandler(breaker{v.try}))
	return mux
}

func askForLink(ctx context.Context, data string) (string, error) {
	text, err := callRunning(ctx, data, http.MethodPost, "/link")
	if errors.Is(err, errNotRunning) {
		return "", fmt.Errorf("no running Culvert was found in %s. Start it with: culvert serve --data %s", data, data)
	}
	return string(text), err
}

var errNotRunning = errors.New("no Culvert runs here")

// runningClient reaches the running dashboard of a data folder; end it.
func runningClient(data string) (client *http.Client, end func()) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socketPath(data))
	}}
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// callRunning asks the running dashboard of a data folder. What it refuses is
// an error with its words.
func callRunning(ctx context.Context, data, method, path string) ([]byte, error) {
	client, end := runningClient(data)
	defer end()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://culvert"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, errNotRunning
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("asking the running Culvert: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return text, nil
}

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/dockerx"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/files"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/proof"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/store"
	"github.com/culvert/culvert/watch"
)

// workspace is one data folder with everything that works on it.
type workspace struct {
	store   *store.Store
	engine  *engine.Engine
	journey *journey.Journey
	hub     *live.Hub
	watcher *watch.Watcher
	teller  *notify.Notifier
	cloud   *cloudPort
	docker  setup.Port
	disk    setup.Port
	certs   *cert.Manager
	world   *rehearsal.World // nil unless this is the practice
	closers []func() error   // in the order in which they were opened
}

// dockerHost is what both the real and the simulated host can do.
type dockerHost interface {
	setup.Port
	journey.Host
	proof.Host
	watch.Host
	LastDowntime(project, service string) time.Duration
	ReloadFront(ctx context.Context, dir string) error
	Close() error
}

// outside is how a workspace reaches the world: the real one or the rehearsal.
type outside struct {
	docker    dockerHost
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	tls       *tls.Config
	addresses func() []string
	base      string
	http      *http.Client
	practice  string
	token     secret.Text // of the environment
	pages     string      // where the dashboard is opened; empty: there is none
	acme      authority
}

// authority is the one for certificates by ACME, where it is not Let's Encrypt.
type authority struct {
	directory string
	roots     *x509.CertPool // of its server and of what it issues; nil: the system's
	resolvers []string
}

// openWorkspace opens the data folder of a real host, or the rehearsal's inside
// of it.
func openWorkspace(ctx context.Context, s *settings, practice bool) (w *workspace, err error) {
	log := s.log()
	dir, err := filepath.Abs(s.data)
	if err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	if practice {
		dir = filepath.Join(dir, "practice")
	}
	w = &workspace{hub: live.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.store, err = store.Open(ctx, dir, store.Options{Log: log}); err != nil {
		return w, err
	}
	w.closers = append(w.closers, w.store.Close)
	profiles, err := profile.Load()
	if err != nil {
		return w, err
	}
	out, err := w.reach(ctx, s, dir, profiles, practice)
	if err != nil {
		return w, err
	}
	if out.pages = s.pages; practice && out.pages != "" && !s.rehearsal {
		out.pages += practicePath
	}
	if err := w.wire(ctx, dir, out, profiles, log, practice); err != nil {
		return w, err
	}
	return w, w.journey.Resume(ctx)
}

// reach opens the way to the world.
func (w *workspace) reach(ctx context.Context, s *settings, dir string, profiles profile.Catalog, practice bool) (outside, error) {
	if practice {
		return w.reachRehearsal(ctx, s, dir)
	}
	return w.reachReal(ctx, profiles, s.log())
}

func (w *workspace) reachRehearsal(ctx context.Context, s *settings, dir string) (outside, error) {
	o := s.practice
	o.Dir, o.Clock, o.Log = filepath.Join(dir, "world"), time.Now, s.log()
	world, err := rehearsal.Open(ctx, o)
	if err != nil {
		return outside{}, err
	}
	w.world = world
	w.closers = append(w.closers, world.Close)
	return practised(world), nil
}

// practised is the way to a rehearsal.
func practised(world *rehearsal.World) outside {
	return outside{
		docker: world.Docker, dial: world.Dial, tls: world.TLS(), addresses: world.Addresses,
		base: world.BaseURL(), http: world.Client(), practice: world.Token().Reveal(),
	}
}

// reachReal uses the Docker host of DOCKER_HOST. Without Docker or without the
// Compose command the dashboard still opens, and what needs them says so.
func (w *workspace) reachReal(ctx context.Context, profiles profile.Catalog, log *slog.Logger) (outside, error) {
	compose, err := dockerx.FindCompose(ctx)
	if err != nil {
		log.Warn("no Compose command yet", "err", err)
	}
	host, err := dockerx.New(dockerx.Options{
		Host: os.Getenv("DOCKER_HOST"), Compose: compose, Reveal: settingNames(profiles), Log: log,
	})
	if err != nil {
		return outside{}, err
	}
	w.closers = append(w.closers, host.Close)
	out := outside{
		docker: host, dial: probe.PublicDial(probe.PublicResolvers()), addresses: proof.ServerAddresses,
		base: os.Getenv("CLOUDFLARE_BASE_URL"), token: secret.New(os.Getenv("CLOUDFLARE_API_TOKEN")),
	}
	if err := out.acme.choose(); err != nil {
		return outside{}, err
	}
	return out, out.useLab()
}

// choose takes another authority than Let's Encrypt if the environment names its
// directory, and besides the authorities that the system knows those of a file.
func (a *authority) choose() error {
	a.directory = os.Getenv("CULVERT_ACME_DIRECTORY")
	file := os.Getenv("CULVERT_ACME_CA")
	if at, err := url.Parse(a.directory); a.directory != "" && (err != nil || at.Scheme != "https" || at.Host == "") {
		return fmt.Errorf("CULVERT_ACME_DIRECTORY: %q is no address of a directory. Write one such as https://ca.example.org/acme/acme/directory", a.directory)
	}
	if file == "" {
		return nil
	}
	var err error
	if a.roots, err = x509.SystemCertPool(); err != nil {
		a.roots = x509.NewCertPool() // a system without any
	}
	return addRoots(a.roots, "CULVERT_ACME_CA", file)
}

// addRoots adds the certificates of a file that a variable names.
func addRoots(roots *x509.CertPool, variable, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", variable, err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: %s holds no certificate", variable, file)
	}
	return nil
}

// name is that of the server, for people; empty: the usual one.
func (a authority) name() string {
	at, err := url.Parse(a.directory)
	if err != nil {
		return ""
	}
	return at.Host
}

// useLab sends probes for public names to a simulated edge, for the lab alone,
// where a simulated account meets a real engine. CULVERT_LAB_EDGE is its
// address, CULVERT_LAB_CA the file of the authorities that it is signed by, and
// CULVERT_LAB_DNS the name server that shows the proofs for certificates.
func (o *outside) useLab() error {
	edge, ca := os.Getenv("CULVERT_LAB_EDGE"), os.Getenv("CULVERT_LAB_CA")
	if edge == "" {
		return nil
	}
	roots := x509.NewCertPool()
	if err := addRoots(roots, "CULVERT_LAB_CA", ca); err != nil {
		return err
	}
	o.tls = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if names := os.Getenv("CULVERT_LAB_DNS"); names != "" {
		o.acme.resolvers = []string{names}
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	o.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if net.ParseIP(host) != nil {
			return dialer.DialContext(ctx, network, address)
		}
		return dialer.DialContext(ctx, network, edge)
	}
	return nil
}

func settingNames(profiles profile.Catalog) []string {
	var names []string
	for _, p := range profiles.List() {
		names = append(names, p.SettingNames()...)
	}
	return names
}

// wire puts the rooms together.
func (w *workspace) wire(ctx context.Context, dir string, out outside, profiles profile.Catalog, log *slog.Logger, practice bool) error {
	w.cloud = &cloudPort{base: out.base, http: out.http, log: log}
	box := w.store.Box()
	folder := files.New(files.Options{
		Backups: filepath.Join(dir, "backups"), Seal: box.Seal, Open: box.Open,
		Token: w.cloud.TunnelToken, TokenDir: filepath.Join(dir, "connectors"), Log: log, Clock: time.Now,
	})
	certs, err := w.certificates(ctx, dir, out, log, practice)
	if err != nil {
		return err
	}
	prover := &proof.Prover{
		Probe: probe.New(probe.Options{Dial: out.dial, TLS: out.tls, Log: log}),
		Host:  out.docker, Addresses: out.addresses, Roots: trust(certs, out), Clock: time.Now,
	}
	news := &relay{hub: w.hub}
	w.docker, w.disk = measured{out.docker}, diskPort{folder, certs}
	w.engine = engine.New(engine.Options{
		Store: w.store, Ports: engine.Ports{Cloud: w.cloud, Docker: w.docker, Files: w.disk},
		Prober: prover, Notify: news, Clock: wallClock{}, Log: log,
	})
	w.teller = notify.New(notify.Options{
		Store: w.store, Send: notify.Shoutrrr, Ping: notify.Pinger(&http.Client{}), Heart: w.heart, Name: w.publicName,
		Link: linker(out.pages), Flags: w.flags(dir, practice), Prefix: prefix(practice), Notify: w.hub, Clock: wallClock{}, Log: log,
	})
	w.watcher = watch.New(watch.Options{
		Store: w.store, Engine: w.engine, Prober: prover, Host: out.docker, Herald: w.teller, Routes: routeReader{w}, Accounts: w.cloud, Notify: w.hub, Clock: wallClock{}, Log: log,
		Viewed: w.hub.Watched, Calls: w.cloud.Calls, Downtime: out.docker.LastDowntime, Seed: rand.Uint64(),
	})
	news.watcher = w.watcher
	w.journey = journey.New(journey.Options{
		Store: w.store, Engine: w.engine, Host: out.docker, Cloud: w.cloud, Locator: folder, Onlooker: prover, Watch: w.watcher, Telling: w.teller,
		Watched:  func() bool { return w.hub.Subscribers() > 0 },
		Profiles: profiles, Notify: news, Clock: wallClock{}, Log: log,
		Given: out.token, Rehearsal: practice, Practice: out.practice, Version: version,
		Modes: modes(), FrontDirs: filepath.Join(dir, "fronts"), Authority: out.acme.name(), Root: root(certs),
	})
	return nil
}

// modes are the ways in that can be chosen, on the pages and in a culvert.yaml.
func modes() []setup.Mode {
	return []setup.Mode{setup.ModePublic, setup.ModeFallback, setup.ModeHostname}
}

// relay passes what happens on to the pages and to the watcher.
type relay struct {
	hub     *live.Hub
	watcher *watch.Watcher
}

func (r *relay) Publish(setup, topic string) {
	r.hub.Publish(setup, topic)
	r.watcher.Tell(setup, topic)
}

// Close ends everything, last opened first. The hub goes before all else, so
// that no page waits on a stream.
func (w *workspace) Close() error {
	w.hub.Close()
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	return errors.Join(errs...)
}

// measured adds to the outcome of a recreate how long the app was away.
type measured struct{ dockerHost }

func (m measured) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	outs, err := m.dockerHost.Do(ctx, call)
	for i, e := range call.Entries {
		if i >= len(outs) || outs[i].Err != nil {
			break
		}
		switch s := firstState(e.To, e.From).(type) {
		case setup.Setting:
			outs[i].Downtime = m.LastDowntime(s.Project, s.Service)
		case setup.Published:
			outs[i].Downtime = m.LastDowntime(s.Project, s.Service)
		}
	}
	return outs, err
}

func firstState(states ...setup.State) setup.State {
	for _, s := range states {
		if s != nil {
			return s
		}
	}
	return nil
}

// wallClock is real time.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

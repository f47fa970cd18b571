package dockerx

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Found is one Compose project as Look saw it.
type Found = found.Project

// Options say which engine to use and how.
type Options struct {
	// Host is the engine's address in the form of DOCKER_HOST; empty means the
	// default socket of this machine.
	Host string
	// Compose is the Compose command, as FindCompose gives it.
	Compose []string
	// Env is the whole environment of the Compose command beside DOCKER_HOST.
	// Nil means what it needs of this process's: never a variable that compose
	// files could refer to.
	Env []string
	// Reveal names the keys of an app's environment whose values Look tells.
	Reveal []string
	// Dial reaches container addresses; nil dials from this process.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Patience is how long a container may take to come up; zero means 90 s.
	Patience time.Duration

	Log   *slog.Logger
	Clock func() time.Time
}

// Host is one Docker host. It is safe for concurrent use.
type Host struct {
	api      *client.Client
	cli      cli
	reveal   map[string]bool
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	http     *http.Client
	patience time.Duration
	answer   time.Duration // how long the engine may take to tell of what it runs
	log      *slog.Logger
	clock    func() time.Time

	watching sync.WaitGroup
	closed   context.Context
	close    context.CancelFunc

	mu       sync.Mutex
	downtime map[string]time.Duration // by scope: how long the last recreate took
	targets  map[string]int           // by scope: the port on which the app listens
	sites    map[string]setup.SiteCommand
	said     map[string]siteSaid // by scope
}

// New connects to nothing yet: an engine that is down shows when it is asked.
func New(o Options) (*Host, error) {
	opts := []client.Opt{client.WithUserAgent("culvert")}
	if o.Host != "" {
		opts = append(opts, client.WithHost(o.Host))
	}
	if strings.HasPrefix(o.Host, "tcp://") {
		opts = append(opts, client.WithTLSClientConfigFromEnv())
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, &setup.Problem{Code: setup.CodeInvalid, Cause: err,
			Message: fmt.Sprintf("DOCKER_HOST %q is not an address of a Docker engine. Give one like unix:///var/run/docker.sock, or leave it empty.", o.Host)}
	}
	h := &Host{
		api: api, reveal: map[string]bool{}, dial: o.Dial, patience: o.Patience, answer: 15 * time.Second, log: o.Log, clock: o.Clock,
		downtime: map[string]time.Duration{}, targets: map[string]int{}, sites: map[string]setup.SiteCommand{}, said: map[string]siteSaid{},
	}
	h.closed, h.close = context.WithCancel(context.Background())
	h.fillDefaults()
	for _, key := range o.Reveal {
		h.reveal[key] = true
	}
	h.http = &http.Client{Transport: &http.Transport{DialContext: h.dial, DisableKeepAlives: true}}
	h.cli = cli{argv: o.Compose, env: o.Env, log: h.log, grace: 20 * time.Second}
	if h.cli.env == nil {
		h.cli.env = plainEnv(os.Environ())
	}
	h.cli.env = append(h.cli.env, "DOCKER_HOST="+api.DaemonHost())
	return h, nil
}

func (h *Host) fillDefaults() {
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.clock == nil {
		h.clock = time.Now
	}
	if h.dial == nil {
		h.dial = (&net.Dialer{Timeout: 3 * time.Second}).DialContext
	}
	if h.patience == 0 {
		h.patience = 90 * time.Second
	}
}

// Close ends every watch and lets go of the engine.
func (h *Host) Close() error {
	h.close()
	h.watching.Wait()
	if err := h.api.Close(); err != nil {
		return fmt.Errorf("closing the connection to Docker: %w", err)
	}
	return nil
}

// LastDowntime is how long the app did not answer during the last recreate of
// a service by this Host; zero if there was none.
func (h *Host) LastDowntime(project, service string) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.downtime[scopeOf(project, service)]
}

func (h *Host) noteDowntime(scope string, d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.downtime[scope] = d
}

// scopeOf is the scope of the keys of a service's settings and port.
func scopeOf(project, service string) string { return project + "/" + service }

package sim

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// The app as its guide has it started.
const (
	Project = "open-chat-studio"
	Service = "web"
	Network = Project + networkSuffix
	Target  = 8000

	networkSuffix = "_default"
)

// downtime is how long a recreate is said to take.
const downtime = 1100 * time.Millisecond

// Options say how the host begins and whom it tells.
type Options struct {
	Apps []App // one or two
	// Reveal names the keys whose values Look tells.
	Reveal []string
	// OnConnector is told when the connector of a tunnel starts or stops, and in
	// which project's network it is.
	OnConnector func(project, tunnel string, running bool)
	// Beside runs a command as if in a container of a project's app, and says how
	// it ended; nil: there is no such command.
	Beside func(ctx context.Context, project string, env map[string]string, command []string) (out []byte, status int)
	// Connection says how a running connector stands with the edge; nil: well.
	Connection func(tunnel string) found.Ready
	// OnChange is told after every change, so that it can be kept.
	OnChange func()
	Clock    func() time.Time
}

// App is one that is started on the host at first.
type App struct {
	Project string            // empty: the usual one
	Dir     string            // the project folder, absolute
	Env     map[string]string // environment of the service web
	Port    int               // at which it is published; zero: Target
}

// Host is a simulated Docker host. It is safe for concurrent use. Hooks are
// called without its lock, one change at a time.
type Host struct {
	opts Options
	apps []App

	changing sync.Mutex // held through a change and its hooks
	mu       sync.Mutex // guards what is below
	state    state
	down     *setup.Problem
	sites    map[string]setup.SiteCommand // by scope
	watchers map[chan found.Event]bool
	past     []found.Event
	made     map[string]time.Time // by container, of those that were made anew by hand
}

// New makes a host whose apps run, published to everyone.
func New(o Options) *Host {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	h := &Host{watchers: map[chan found.Event]bool{}, made: map[string]time.Time{}, sites: map[string]setup.SiteCommand{}}
	for _, a := range o.Apps {
		h.apps = append(h.apps, a.complete())
	}
	h.opts, h.state = o, initial(h.apps)
	return h
}

func (a App) complete() App {
	if a.Project == "" {
		a.Project = Project
	}
	if a.Dir == "" {
		a.Dir = "/srv/" + a.Project
	}
	if a.Port == 0 {
		a.Port = Target
	}
	return a
}

// Stack is the first app as the labels of its container would tell it.
func (h *Host) Stack() setup.Stack { return h.apps[0].stack() }

func (a App) stack() setup.Stack {
	return setup.Stack{
		Project: a.Project, Dir: a.Dir, Files: []string{a.file()}, Service: Service, Target: Target, Network: a.Project + networkSuffix,
	}
}

func (a App) file() string { return a.Dir + "/docker-compose.prod.yml" }

// Env is the environment of a service as it runs.
func (h *Host) Env(project, service string) map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.state.Apps[project][service].Env)
}

// Exposure says from where the port of a project's app is reached.
func (h *Host) Exposure(project string) setup.Exposure {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Apps[project][Service].Exposure
}

// SetDown makes the engine unreachable, and reachable again.
func (h *Host) SetDown(down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = nil
	if down {
		h.down = &setup.Problem{Code: setup.CodeUnavailable,
			Message: "The rehearsal's Docker is not running. Start it, then try again."}
	}
}

// LastDowntime is how long the last recreate of the app took; zero: none yet.
func (h *Host) LastDowntime(project, service string) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Apps[project][service].Downtime
}

// Preflight finds nothing wrong with an app that runs.
func (h *Host) Preflight(_ context.Context, s setup.Stack) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.unusable(s.Project, s.Service); p != nil {
		return p
	}
	return nil
}

// Close ends every watch.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.watchers {
		close(ch)
	}
	clear(h.watchers)
	return nil
}

// change makes a change to something of a project, and tells everybody about it.
func (h *Host) change(kind, project, name string, f func(*state)) {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.mu.Lock()
	before := h.state.connected()
	f(&h.state)
	after := h.state.connected()
	h.tell(found.Event{At: h.opts.Clock(), Kind: kind, Action: "update", Name: name, Project: project, Service: name})
	h.mu.Unlock()
	h.connectorsChanged(before, after)
	if h.opts.OnChange != nil {
		h.opts.OnChange()
	}
}

// connectorsChanged tells of the connectors that stopped, then of those that
// started.
func (h *Host) connectorsChanged(before, after []connection) {
	if h.opts.OnConnector == nil {
		return
	}
	for _, c := range before {
		if !slices.Contains(after, c) {
			h.opts.OnConnector(c.project, c.tunnel, false)
		}
	}
	for _, c := range after {
		if !slices.Contains(before, c) {
			h.opts.OnConnector(c.project, c.tunnel, true)
		}
	}
}

// tell passes an event to every watcher that keeps up. One that does not will
// look again anyway: it has others waiting.
func (h *Host) tell(e found.Event) {
	for ch := range h.watchers {
		select {
		case ch <- e:
		default:
		}
	}
}

// Watch tells of every change until the context or the Host ends.
func (h *Host) Watch(ctx context.Context, _ time.Time) (<-chan found.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return nil, h.down
	}
	ch := make(chan found.Event, 64)
	h.watchers[ch] = true
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.watchers[ch] {
			delete(h.watchers, ch)
			close(ch)
		}
	})
	return ch, nil
}

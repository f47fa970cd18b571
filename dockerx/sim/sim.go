package sim

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// The app as its guide has it started.
const (
	Project = "open-chat-studio"
	Service = "web"
	Network = "open-chat-studio_default"
	Target  = 8000
)

// downtime is how long a recreate is said to take.
const downtime = 1100 * time.Millisecond

// Options say how the host begins and whom it tells.
type Options struct {
	Dir string            // the project folder, absolute
	Env map[string]string // environment of the service web
	// Reveal names the keys whose values Look tells.
	Reveal []string
	// OnConnector is told when the connector of a tunnel starts or stops.
	OnConnector func(tunnel string, running bool)
	// Beside runs a command as if in a container of the app, and says how it
	// ended; nil: there is no such command.
	Beside func(ctx context.Context, env map[string]string, command []string) (out []byte, status int)
	// Connection says how a running connector stands with the edge; nil: well.
	Connection func(tunnel string) found.Ready
	// OnChange is told after every change, so that it can be kept.
	OnChange func()
	Clock    func() time.Time
}

// Host is a simulated Docker host. It is safe for concurrent use. Hooks are
// called without its lock, one change at a time.
type Host struct {
	opts Options

	changing sync.Mutex // held through a change and its hooks
	mu       sync.Mutex // guards what is below
	state    state
	down     *setup.Problem
	sites    map[string]setup.SiteCommand // by scope
	watchers map[chan found.Event]bool
	past     []found.Event
	made     map[string]time.Time // by service, of those that were made anew by hand
}

// New makes a host whose app runs, published to everyone.
func New(o Options) *Host {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Dir == "" {
		o.Dir = "/srv/" + Project
	}
	return &Host{opts: o, state: initial(o), watchers: map[chan found.Event]bool{}, made: map[string]time.Time{}, sites: map[string]setup.SiteCommand{}}
}

// Stack is the app as the labels of its container would tell it.
func (h *Host) Stack() setup.Stack {
	return setup.Stack{
		Project: Project, Dir: h.opts.Dir, Files: []string{h.opts.Dir + "/docker-compose.prod.yml"},
		Service: Service, Target: Target, Network: Network,
	}
}

// Env is the environment of a service as it runs.
func (h *Host) Env(service string) map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.state.Services[service].Env)
}

// Exposure says from where the app's port is reached.
func (h *Host) Exposure() setup.Exposure {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state.Services[Service].Exposure
}

// SetRunning starts or stops a service, as an operator would by hand.
func (h *Host) SetRunning(service string, running bool) {
	action := []string{"start"}
	if !running {
		action = []string{"kill", "die", "stop"}
	}
	defer h.happened(service, action...)
	h.change("container", service, func(s *state) {
		sv := s.Services[service]
		if running && !sv.Running {
			sv.anew()
		}
		sv.Running = running
		s.Services[service] = sv
	})
}

// StopConnector stops the connector's container, as an operator would by hand.
func (h *Host) StopConnector() {
	defer h.happened(connectorService, "kill", "die", "stop")
	h.change("container", connectorService, func(s *state) {
		if s.Connector != nil {
			s.Connector.Running = false
		}
	})
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
	if project != Project {
		return 0
	}
	return h.state.Services[service].Downtime
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

// change makes a change and tells everybody about it.
func (h *Host) change(kind, name string, f func(*state)) {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.mu.Lock()
	before := h.state.tunnel()
	f(&h.state)
	after := h.state.tunnel()
	h.tell(found.Event{At: h.opts.Clock(), Kind: kind, Action: "update", Name: name, Project: projectOf(name), Service: name})
	h.mu.Unlock()
	if h.opts.OnConnector != nil && before != after {
		if before != "" {
			h.opts.OnConnector(before, false)
		}
		if after != "" {
			h.opts.OnConnector(after, true)
		}
	}
	if h.opts.OnChange != nil {
		h.opts.OnChange()
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

package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

const connectorService = "cloudflared"

// state is everything that a snapshot keeps.
type state struct {
	Services  map[string]service `json:"services"`
	Connector *connector         `json:"connector,omitempty"`
	Sidecars  map[string]sidecar `json:"sidecars,omitempty"`
	Networks  map[string]private `json:"networks,omitempty"` // of Culvert's own
}

type sidecar struct {
	setup.Sidecar
	Mark string `json:"mark,omitempty"`
}

type private struct {
	Subnet string `json:"subnet"`
	Mark   string `json:"mark,omitempty"`
}

type service struct {
	Image    string            `json:"image"`
	Command  []string          `json:"command"`
	Running  bool              `json:"running"`
	Health   string            `json:"health,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
	Exposure setup.Exposure    `json:"exposure"` // of Target
	Downtime time.Duration     `json:"downtime,omitempty"`
	Moves    int               `json:"moves,omitempty"` // how many addresses it has had before this one
	// Places are further networks that its container is in.
	Places map[string]setup.Endpoint `json:"places,omitempty"`
}

type connector struct {
	setup.Connector
	Mark string `json:"mark,omitempty"`
}

func initial(o Options) state {
	app := func(command ...string) service {
		return service{Image: "open-chat-studio:latest", Command: command, Running: true,
			Env: maps.Clone(o.Env), Exposure: setup.ExposedNone}
	}
	web := app("gunicorn", "--bind", "0.0.0.0:8000", "config.wsgi:application")
	web.Exposure = setup.ExposedPublic
	if web.Env == nil {
		web.Env = map[string]string{}
	}
	migrate := app("python", "manage.py", "migrate", "--noinput")
	migrate.Running = false // it has done its work
	return state{Services: map[string]service{
		"db":            {Image: "pgvector/pgvector:pg16", Command: []string{"postgres"}, Running: true, Health: "healthy", Exposure: setup.ExposedNone},
		"redis":         {Image: "redis:7", Command: []string{"redis-server"}, Running: true, Health: "healthy", Exposure: setup.ExposedNone},
		"migrate":       migrate,
		Service:         web,
		"celery_worker": app("celery", "-A", "config", "worker"),
		"celery_beat":   app("celery", "-A", "config", "beat"),
	}}
}

func (s state) names() []string { return slices.Sorted(maps.Keys(s.Services)) }

// tunnel is that of the connector, if it runs.
func (s state) tunnel() string {
	if s.Connector == nil || !s.Connector.Running {
		return ""
	}
	return s.Connector.Tunnel.Lit
}

func projectOf(service string) string {
	if service == connectorService {
		return ""
	}
	return Project
}

// Snapshot is the host as it stands, for Restore.
func (h *Host) Snapshot() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, err := json.Marshal(h.state)
	if err != nil {
		return nil, fmt.Errorf("writing the simulated host: %w", err)
	}
	return b, nil
}

// Restore brings back what Snapshot wrote. A connector that ran runs again.
func (h *Host) Restore(b []byte) error {
	var next state
	if err := json.Unmarshal(b, &next); err != nil {
		return fmt.Errorf("reading the simulated host: %w", err)
	}
	if _, ok := next.Services[Service]; !ok {
		return fmt.Errorf("reading the simulated host: it has no service %s", Service)
	}
	h.change("engine", "", func(s *state) { *s = next })
	return nil
}

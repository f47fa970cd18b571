package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

const connectorService = "cloudflared"

// state is everything that a snapshot keeps.
type state struct {
	Apps       map[string]services           `json:"apps"`                 // by project
	Connectors map[string]connector          `json:"connectors,omitempty"` // by their own project
	Sidecars   map[string]map[string]sidecar `json:"sidecars,omitempty"`   // by the connector's project, then by service
	Networks   map[string]private            `json:"networks,omitempty"`   // of Culvert's own
}

// services are those of one project.
type services map[string]service

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

func initial(apps []App) state {
	s := state{Apps: map[string]services{}}
	for _, a := range apps {
		s.Apps[a.Project] = a.initial()
	}
	return s
}

func (a App) initial() services {
	app := func(command ...string) service {
		return service{Image: "open-chat-studio:latest", Command: command, Running: true,
			Env: maps.Clone(a.Env), Exposure: setup.ExposedNone}
	}
	web := app("gunicorn", "--bind", "0.0.0.0:8000", "config.wsgi:application")
	web.Exposure = setup.ExposedPublic
	if web.Env == nil {
		web.Env = map[string]string{}
	}
	migrate := app("python", "manage.py", "migrate", "--noinput")
	migrate.Running = false // it has done its work
	return services{
		"db":            {Image: "pgvector/pgvector:pg16", Command: []string{"postgres"}, Running: true, Health: "healthy", Exposure: setup.ExposedNone},
		"redis":         {Image: "redis:7", Command: []string{"redis-server"}, Running: true, Health: "healthy", Exposure: setup.ExposedNone},
		"migrate":       migrate,
		Service:         web,
		"celery_worker": app("celery", "-A", "config", "worker"),
		"celery_beat":   app("celery", "-A", "config", "beat"),
	}
}

// put changes one service. What others hold of the state stays as it is.
func (s *state) put(project, name string, sv service) {
	all := maps.Clone(s.Apps[project])
	all[name] = sv
	s.Apps = maps.Clone(s.Apps)
	s.Apps[project] = all
}

// putSidecar changes or removes one service beside a connector.
func (s *state) putSidecar(project, name string, to *sidecar) {
	all := map[string]sidecar{}
	maps.Copy(all, s.Sidecars[project])
	if delete(all, name); to != nil {
		all[name] = *to
	}
	sidecars := map[string]map[string]sidecar{}
	maps.Copy(sidecars, s.Sidecars)
	if delete(sidecars, project); len(all) > 0 {
		sidecars[project] = all
	}
	s.Sidecars = sidecars
}

// putConnector changes or removes the connector of a project.
func (s *state) putConnector(project string, to *connector) {
	all := map[string]connector{}
	maps.Copy(all, s.Connectors)
	if delete(all, project); to != nil {
		all[project] = *to
	}
	s.Connectors = all
}

// besides gives all that runs, or could, beside the connectors, in a fixed order.
func (s state) besides() []sidecar {
	var all []sidecar
	for _, project := range slices.Sorted(maps.Keys(s.Sidecars)) {
		for _, name := range slices.Sorted(maps.Keys(s.Sidecars[project])) {
			all = append(all, s.Sidecars[project][name])
		}
	}
	return all
}

// connection is a connector that runs: its tunnel, and the project in whose
// network it is.
type connection struct{ project, tunnel string }

func (s state) connected() []connection {
	var all []connection
	for _, project := range slices.Sorted(maps.Keys(s.Connectors)) {
		if c := s.Connectors[project]; c.Running {
			all = append(all, connection{strings.TrimSuffix(c.Network, networkSuffix), c.Tunnel.Lit})
		}
	}
	return all
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
	for _, a := range h.apps {
		if _, ok := next.Apps[a.Project][Service]; !ok {
			return fmt.Errorf("reading the simulated host: it has no service %s of %s", Service, a.Project)
		}
	}
	h.change("engine", "", "", func(s *state) { *s = next })
	return nil
}

package sim

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Observe reads what the view's stacks name, as the real host does.
func (h *Host) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	h.mu.Lock()
	w := h.observe(v)
	h.mu.Unlock()
	for _, s := range v.Stacks {
		if s.Site != nil && v.Asks(setup.KindSite) {
			h.observeSite(ctx, &w, s)
		}
	}
	return w, nil
}

func (h *Host) observe(v setup.View) setup.World {
	var w setup.World
	seen := map[string]bool{}
	for _, s := range v.Stacks {
		if s.Network != "" && !seen["network "+s.Network] {
			seen["network "+s.Network] = true
			h.observeNetwork(&w, s.Network, v.Private)
		}
		if v.Private && s.PrivateNetwork != "" && !seen["own "+s.PrivateNetwork] {
			seen["own "+s.PrivateNetwork] = true
			h.observePrivate(&w, s.PrivateNetwork)
		}
		if s.ConnectorProject != "" && !seen["connector "+s.ConnectorProject] {
			seen["connector "+s.ConnectorProject] = true
			h.observeConnector(&w, s.ConnectorProject, v.Private)
		}
		h.observeService(&w, s, v.Private)
	}
	if v.Private {
		h.observeReplaced(&w, v.Replaces)
	}
	return w
}

func (h *Host) observeConnector(w *setup.World, project string, private bool) {
	if h.down != nil {
		w.Miss(setup.KindConnector, project, *h.down)
		if private {
			w.Miss(setup.KindSidecar, project, *h.down)
		}
		return
	}
	if now := h.connector(project); now != nil {
		w.Objects = append(w.Objects, setup.Object{Scope: project, ID: project, Mark: h.state.Connector.Mark, State: now})
	}
	for _, service := range slices.Sorted(maps.Keys(h.state.Sidecars)) {
		if now := h.sidecar(project, service); private && now != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: project, ID: service, Mark: h.state.Sidecars[service].Mark, State: now})
		}
	}
}

// connector is the state of a project's connector; nil if there is none.
func (h *Host) connector(project string) setup.State {
	if c := h.state.Connector; c != nil && c.Project == project {
		return c.Connector
	}
	return nil
}

func (h *Host) observeService(w *setup.World, s setup.Stack, private bool) {
	private = private && s.PrivateNetwork != ""
	scope := s.Project + "/" + s.Service
	p := h.unusable(s.Project, s.Service)
	has := func(name string) bool { return h.read(setup.KindSetting, s.Service, name) != nil }
	if slices.ContainsFunc(s.Settings, has) { // then it can be started
		p = h.unseen(s.Project, s.Service)
	}
	if p != nil {
		w.Miss(setup.KindSetting, scope, *p)
		w.Miss(setup.KindPublished, scope, *p)
		if private {
			w.Miss(setup.KindAttachment, scope, *p)
		}
		return
	}
	if p := h.unusable(s.Project, s.Service); private && p != nil {
		w.Miss(setup.KindAttachment, scope, *p)
	} else if now := h.read(setup.KindAttachment, s.Service, s.PrivateNetwork); private && now != nil {
		w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: s.PrivateNetwork, State: now})
	}
	for _, name := range s.Settings {
		if now := h.read(setup.KindSetting, s.Service, name); now != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: name, State: now})
		}
	}
	target := strconv.Itoa(s.Target)
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: target, State: h.read(setup.KindPublished, s.Service, target)})
}

// unseen says why nothing can be told of a service now.
func (h *Host) unseen(project, service string) *setup.Problem {
	if h.down != nil {
		return h.down
	}
	if _, ok := h.state.Services[service]; project != Project || !ok {
		return &setup.Problem{Code: setup.CodeNotFound,
			Message: service + " of project " + project + " does not exist on this server. Start your app first (docker compose up -d), then look again."}
	}
	return nil
}

// unusable says why a service cannot be asked anything now.
func (h *Host) unusable(project, service string) *setup.Problem {
	if p := h.unseen(project, service); p != nil {
		return p
	}
	if !h.state.Services[service].Running {
		return &setup.Problem{Code: setup.CodeUnavailable,
			Message: service + " is not running: start your app first (docker compose up -d), then look again."}
	}
	return nil
}

// read is the state of one setting, of a further network or of the port as the
// service runs.
func (h *Host) read(kind setup.Kind, service, id string) setup.State {
	sv := h.state.Services[service]
	if kind == setup.KindAttachment {
		place, ok := sv.Places[id]
		if !ok {
			return nil
		}
		return setup.Attachment{Project: Project, Service: service, Endpoint: place}
	}
	if kind == setup.KindSetting {
		value, ok := sv.Env[id]
		if !ok {
			return nil
		}
		return setup.Setting{Project: Project, Service: service, Name: id, Value: value, Stopped: !sv.Running}
	}
	target, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	p := setup.Published{Project: Project, Service: service, Target: target, Exposure: setup.ExposedNone}
	if target == Target {
		p.Exposure = sv.Exposure
	}
	return p
}

// Look tells what runs on this host.
func (h *Host) Look(context.Context) ([]found.Project, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down != nil {
		return nil, h.down
	}
	app := found.Project{Name: Project, Source: h.source("docker-compose.prod.yml")}
	for _, name := range h.state.names() {
		app.Services = append(app.Services, h.serviceFound(name))
	}
	if c := h.state.Connector; c != nil {
		from := found.Source{Dir: h.opts.Dir, Files: []string{c.File}, Compose: app.Compose}
		s := found.Service{Name: connectorService, Source: from, Image: c.Image, Command: []string{"cloudflared", "tunnel", "--no-autoupdate", "run"},
			ID: boxID(connectorService), Containers: 1, Networks: []string{c.Network}, Keys: []string{"TUNNEL_TOKEN"}, Env: map[string]string{}}
		if c.Running {
			s.Running = 1
		}
		return []found.Project{{Name: c.Project, Source: from, Services: []found.Service{s}}, app}, nil
	}
	return []found.Project{app}, nil
}

func (h *Host) source(file string) found.Source {
	return found.Source{Dir: h.opts.Dir, Files: []string{h.opts.Dir + "/" + file}, Compose: "5.6.0"}
}

func (h *Host) serviceFound(name string) found.Service {
	sv := h.state.Services[name]
	s := found.Service{Name: name, Source: h.source("docker-compose.prod.yml"), Image: sv.Image, Command: sv.Command,
		ID: boxID(name), Made: h.made[name], Containers: 1, Health: sv.Health, Networks: []string{Network},
		Keys: slices.Sorted(maps.Keys(sv.Env)), Env: map[string]string{}}
	if sv.Running {
		s.Running = 1
	}
	for _, key := range s.Keys {
		if sv.Env[key] != "" {
			s.Filled = append(s.Filled, key)
		}
	}
	for _, key := range h.opts.Reveal {
		if value, ok := sv.Env[key]; ok {
			s.Env[key] = value
		}
	}
	port := found.Port{Target: Target, Protocol: "tcp", Published: Target, Exposure: sv.Exposure}
	if sv.Exposure == setup.ExposedLoopback {
		port.Address = "127.0.0.1"
	}
	if sv.Exposure != setup.ExposedNone && sv.Running {
		s.Ports = []found.Port{port}
	}
	return s
}

// ConnectorReady says how the connector stands with the edge.
func (h *Host) ConnectorReady(_ context.Context, project string) (found.Ready, error) {
	h.mu.Lock()
	down, now, tunnel := h.down, h.connector(project), h.state.tunnel()
	h.mu.Unlock()
	protocol := ""
	if c, ok := now.(setup.Connector); ok {
		protocol = c.Protocol
	}
	none := found.Ready{Version: -1}
	switch {
	case down != nil:
		return none, down
	case now == nil || tunnel == "":
		return none, &setup.Problem{Code: setup.CodeUnavailable, Message: "The connector is not running."}
	case h.opts.Connection != nil:
		r := h.opts.Connection(tunnel)
		r.Protocol = protocol
		return r, nil
	}
	return found.Ready{Answered: true, Ready: true, Connections: 4, ConnectorID: "rehearsal", Protocol: protocol, Version: -1}, nil
}

// Follow tells that simulated containers write nothing, until the context ends.
func (h *Host) Follow(ctx context.Context, project, service string, _ int) (<-chan found.Line, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, has := h.state.Services[service]
	switch {
	case h.down != nil:
		return nil, h.down
	case !has && (service != connectorService || h.state.Connector == nil):
		return nil, &setup.Problem{Code: setup.CodeNotFound, Message: service + " of project " + project + " does not exist on this server."}
	}
	lines := make(chan found.Line, 1)
	lines <- found.Line{At: h.opts.Clock(), Container: project + "-" + service + "-1", Text: "This is the rehearsal: its containers write no log."}
	context.AfterFunc(ctx, func() { close(lines) })
	return lines, nil
}

package sim

import (
	"context"
	"maps"
	"path/filepath"
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
		w.Objects = append(w.Objects, setup.Object{Scope: project, ID: project, Mark: h.state.Connectors[project].Mark, State: now})
	}
	if !private {
		return
	}
	for _, service := range slices.Sorted(maps.Keys(h.state.Sidecars[project])) {
		s := h.state.Sidecars[project][service]
		w.Objects = append(w.Objects, setup.Object{Scope: project, ID: service, Mark: s.Mark, State: s.Sidecar})
	}
}

// connector is the state of a project's connector; nil if there is none.
func (h *Host) connector(project string) setup.State {
	if c, ok := h.state.Connectors[project]; ok {
		return c.Connector
	}
	return nil
}

func (h *Host) observeService(w *setup.World, s setup.Stack, private bool) {
	private = private && s.PrivateNetwork != ""
	scope := s.Project + "/" + s.Service
	p := h.unusable(s.Project, s.Service)
	has := func(name string) bool { return h.read(setup.KindSetting, s.Project, s.Service, name) != nil }
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
	} else if now := h.read(setup.KindAttachment, s.Project, s.Service, s.PrivateNetwork); private && now != nil {
		w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: s.PrivateNetwork, State: now})
	}
	for _, name := range s.Settings {
		if now := h.read(setup.KindSetting, s.Project, s.Service, name); now != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: name, State: now})
		}
	}
	target := strconv.Itoa(s.Target)
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: target, State: h.read(setup.KindPublished, s.Project, s.Service, target)})
}

// unseen says why nothing can be told of a service now.
func (h *Host) unseen(project, service string) *setup.Problem {
	if h.down != nil {
		return h.down
	}
	if _, ok := h.state.Apps[project][service]; !ok {
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
	if !h.state.Apps[project][service].Running {
		return &setup.Problem{Code: setup.CodeUnavailable,
			Message: service + " is not running: start your app first (docker compose up -d), then look again."}
	}
	return nil
}

// read is the state of one setting, of a further network or of the port as the
// service runs.
func (h *Host) read(kind setup.Kind, project, service, id string) setup.State {
	sv := h.state.Apps[project][service]
	if kind == setup.KindAttachment {
		place, ok := sv.Places[id]
		if !ok {
			return nil
		}
		return setup.Attachment{Project: project, Service: service, Endpoint: place}
	}
	if kind == setup.KindSetting {
		value, ok := sv.Env[id]
		if !ok {
			return nil
		}
		return setup.Setting{Project: project, Service: service, Name: id, Value: value, Stopped: !sv.Running}
	}
	target, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	p := setup.Published{Project: project, Service: service, Target: target, Exposure: setup.ExposedNone}
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
	var all []found.Project
	for _, project := range slices.Sorted(maps.Keys(h.state.Connectors)) {
		all = append(all, h.state.Connectors[project].found())
	}
	for _, a := range h.apps {
		app := found.Project{Name: a.Project, Source: a.source()}
		for _, name := range slices.Sorted(maps.Keys(h.state.Apps[a.Project])) {
			app.Services = append(app.Services, h.serviceFound(a, name))
		}
		all = append(all, app)
	}
	return all, nil
}

const composeVersion = "5.6.0"

func (a App) source() found.Source {
	return found.Source{Dir: a.Dir, Files: []string{a.file()}, Compose: composeVersion}
}

func (c connector) found() found.Project {
	from := found.Source{Dir: filepath.Dir(c.File), Files: []string{c.File}, Compose: composeVersion}
	s := found.Service{Name: connectorService, Source: from, Image: c.Image, Command: []string{"cloudflared", "tunnel", "--no-autoupdate", "run"},
		ID: boxID(c.Project, connectorService), Containers: 1, Networks: []string{c.Network}, Keys: []string{"TUNNEL_TOKEN"}, Env: map[string]string{}}
	if c.Running {
		s.Running = 1
	}
	return found.Project{Name: c.Project, Source: from, Services: []found.Service{s}}
}

func (h *Host) serviceFound(a App, name string) found.Service {
	sv := h.state.Apps[a.Project][name]
	s := found.Service{Name: name, Source: a.source(), Image: sv.Image, Command: sv.Command,
		ID: boxID(a.Project, name), Made: h.made[boxID(a.Project, name)], Containers: 1, Health: sv.Health, Networks: []string{a.stack().Network},
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
	port := found.Port{Target: Target, Protocol: "tcp", Published: a.Port, Exposure: sv.Exposure}
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
	down, c := h.down, h.state.Connectors[project]
	h.mu.Unlock()
	none := found.Ready{Version: -1}
	switch {
	case down != nil:
		return none, down
	case !c.Running:
		return none, &setup.Problem{Code: setup.CodeUnavailable, Message: "The connector is not running."}
	case h.opts.Connection != nil:
		r := h.opts.Connection(c.Tunnel.Lit)
		r.Protocol = c.Protocol
		return r, nil
	}
	return found.Ready{Answered: true, Ready: true, Connections: 4, ConnectorID: "rehearsal", Protocol: c.Protocol, Version: -1}, nil
}

// Follow tells that simulated containers write nothing, until the context ends.
func (h *Host) Follow(ctx context.Context, project, service string, _ int) (<-chan found.Line, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, has := h.state.Apps[project][service]
	_, connects := h.state.Connectors[project]
	switch {
	case h.down != nil:
		return nil, h.down
	case !has && (service != connectorService || !connects):
		return nil, &setup.Problem{Code: setup.CodeNotFound, Message: service + " of project " + project + " does not exist on this server."}
	}
	lines := make(chan found.Line, 1)
	lines <- found.Line{At: h.opts.Clock(), Container: project + "-" + service + "-1", Text: "This is the rehearsal: its containers write no log."}
	context.AfterFunc(ctx, func() { close(lines) })
	return lines, nil
}

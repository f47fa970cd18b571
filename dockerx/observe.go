package dockerx

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// networkScope is the scope of every network: a host has one set of them.
const networkScope = "docker"

// Observe reads what the view's stacks name. What an unreachable engine hides
// is unread, never absent.
func (h *Host) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	var w setup.World
	networks := map[string]bool{}
	connectors := map[string]bool{}
	for _, s := range v.Stacks {
		if s.Network != "" {
			networks[s.Network] = true
		}
		if s.ConnectorProject != "" && !connectors[s.ConnectorProject] {
			connectors[s.ConnectorProject] = true
			h.observeConnector(ctx, &w, s)
		}
		h.observeService(ctx, &w, s)
	}
	if len(networks) > 0 {
		h.observeNetworks(ctx, &w, networks)
	}
	return w, nil
}

func (h *Host) observeNetworks(ctx context.Context, w *setup.World, names map[string]bool) {
	list, err := h.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		w.Miss(setup.KindNetwork, networkScope, *h.problem(ctx, "listing networks", err))
		return
	}
	for _, n := range list.Items {
		if names[n.Name] {
			w.Objects = append(w.Objects, setup.Object{Scope: networkScope, ID: n.ID, State: setup.Network{Name: n.Name}})
		}
	}
}

func (h *Host) observeService(ctx context.Context, w *setup.World, s setup.Stack) {
	scope := scopeOf(s.Project, s.Service)
	h.mu.Lock()
	h.targets[scope] = s.Target
	h.mu.Unlock()
	up, err := h.runningBoxes(ctx, s.Project, s.Service)
	if err != nil {
		p := *h.problem(ctx, "looking at "+scope, err)
		w.Miss(setup.KindSetting, scope, p)
		w.Miss(setup.KindPublished, scope, p)
		return
	}
	for _, name := range s.Settings {
		if state := settingOf(up, s.Project, s.Service, name); state != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: name, State: state})
		}
	}
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: strconv.Itoa(s.Target),
		State: publishedOf(up, s.Project, s.Service, s.Target)})
}

// settingOf is a key of the environment as every running container of the
// service has it; nil if one of them lacks it. Where they disagree, only the
// items that all of them hold count.
func settingOf(up []box, project, service, name string) setup.State {
	var value string
	for i, b := range up {
		v, ok := b.env()[name]
		if !ok {
			return nil
		}
		switch {
		case i == 0:
			value = v
		case v != value:
			value = shared(value, v)
		}
	}
	return setup.Setting{Project: project, Service: service, Name: name, Value: value}
}

// shared keeps the items of a comma list that the other one holds too.
func shared(a, b string) string {
	have := strings.Split(b, ",")
	items := slices.DeleteFunc(strings.Split(a, ","), func(s string) bool { return !slices.Contains(have, s) })
	return strings.Join(items, ",")
}

// publishedOf is the widest exposure of the port among the containers.
func publishedOf(up []box, project, service string, target int) setup.State {
	widest := setup.ExposedNone
	for _, b := range up {
		widest = wider(widest, b.exposure(target))
	}
	return setup.Published{Project: project, Service: service, Target: target, Exposure: widest}
}

// read is the state of one setting or of the port in running containers.
func read(up []box, kind setup.Kind, project, service, id string) setup.State {
	if kind == setup.KindSetting {
		return settingOf(up, project, service, id)
	}
	target, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	return publishedOf(up, project, service, target)
}

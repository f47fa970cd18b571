package dockerx

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Observe reads what the view's stacks name. What an unreachable engine hides
// is unread, never absent; so is what one hides that accepts calls and does not
// answer.
func (h *Host) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	var w setup.World
	asking := ctx
	ctx, cancel := context.WithTimeout(asking, h.answer)
	defer cancel()
	networks, own := map[string]bool{}, map[string]bool{}
	connectors := map[string]bool{}
	for _, s := range v.Stacks {
		if s.Network != "" {
			networks[s.Network] = true
		}
		if v.Private && s.PrivateNetwork != "" {
			own[s.PrivateNetwork] = true
		}
		if s.ConnectorProject != "" && !connectors[s.ConnectorProject] {
			connectors[s.ConnectorProject] = true
			h.observeConnector(ctx, &w, s, v.Private)
		}
		h.observeService(ctx, &w, s, v.Private)
		if s.Site != nil && v.Asks(setup.KindSite) {
			site := asking
			if ctx.Err() != nil { // the engine does not answer
				site = ctx
			}
			h.observeSite(site, &w, s)
		}
	}
	if len(networks)+len(own) > 0 || v.Private {
		h.observeNetworks(ctx, &w, networks, own, v.Private)
	}
	if v.Private {
		h.observeReplaced(ctx, &w, v.Replaces)
	}
	return w, nil
}

func (h *Host) observeService(ctx context.Context, w *setup.World, s setup.Stack, private bool) {
	private = private && s.PrivateNetwork != ""
	scope := scopeOf(s.Project, s.Service)
	h.mu.Lock()
	h.targets[scope] = s.Target
	h.mu.Unlock()
	up, err := h.readable(ctx, s.Project, s.Service)
	has := func(name string) bool { return settingOf(up, s.Project, s.Service, name) != nil }
	if err == nil && stopped(up) && !slices.ContainsFunc(s.Settings, has) {
		err = notRunning(s.Project, s.Service, up) // nothing of ours is in it that could be put right
	}
	if err != nil {
		p := *h.problem(ctx, "looking at "+scope, err)
		w.Miss(setup.KindSetting, scope, p)
		w.Miss(setup.KindPublished, scope, p)
		if private {
			w.Miss(setup.KindAttachment, scope, p)
		}
		return
	}
	switch {
	case private && stopped(up):
		w.Miss(setup.KindAttachment, scope, *notRunning(s.Project, s.Service, up))
	case private:
		if state := attachmentOf(up, s.Project, s.Service, s.PrivateNetwork); state != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: s.PrivateNetwork, State: state})
		}
	}
	for _, name := range s.Settings {
		if state := settingOf(up, s.Project, s.Service, name); state != nil {
			w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: name, State: state})
		}
	}
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: strconv.Itoa(s.Target),
		State: publishedOf(up, s.Project, s.Service, s.Target)})
}

// settingOf is a key of the environment as every one of the containers of a
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
	return setup.Setting{Project: project, Service: service, Name: name, Value: value, Stopped: stopped(up)}
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

// read is the state of one setting, of a further network or of the port in
// running containers.
func read(up []box, kind setup.Kind, project, service, id string) setup.State {
	switch kind {
	case setup.KindSetting:
		return settingOf(up, project, service, id)
	case setup.KindAttachment:
		return attachmentOf(up, project, service, id)
	}
	target, err := strconv.Atoi(id)
	if err != nil {
		return nil
	}
	return publishedOf(up, project, service, target)
}

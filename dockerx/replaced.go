package dockerx

import (
	"context"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// observeReplaced shows hand-made services that a setup replaces. One that is
// not there counts as not running.
func (h *Host) observeReplaced(ctx context.Context, w *setup.World, services []setup.Service) {
	for _, s := range services {
		scope := scopeOf(s.Project, s.Service)
		all, err := h.boxes(ctx, s.Project, s.Service)
		if err != nil {
			w.Miss(setup.KindPredecessor, scope, *h.problem(ctx, "looking at "+scope, err))
			continue
		}
		w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: s.Service, State: replacedOf(all, s.Project, s.Service)})
	}
}

func replacedOf(all []box, project, service string) setup.Predecessor {
	p := setup.Predecessor{Project: project, Service: service}
	for _, b := range all {
		// One that keeps crashing starts again at any time.
		p.Running = p.Running || b.State != nil && (b.State.Running || b.State.Restarting)
		if b.Config != nil {
			p.Image = b.Config.Image
		}
	}
	return p
}

// doReplaced stops every container of a service and removes nothing. Only its
// owner starts it again.
func (h *Host) doReplaced(ctx context.Context, project, service string, e setup.Entry) ([]setup.Outcome, error) {
	one := []setup.Entry{e}
	found, err := h.boxes(ctx, project, service)
	if err != nil {
		return all(one, h.problem(ctx, "looking at "+service, err)), nil
	}
	now := replacedOf(found, project, service)
	to, ok := e.To.(setup.Predecessor)
	switch {
	case !setup.Same(e.From, now):
		return []setup.Outcome{{ID: service, State: now, Err: changed(service + " of " + project)}}, nil
	case !ok || to.Running:
		return []setup.Outcome{{ID: service, State: now, Err: refuse("Culvert stops %s of %s and does not start it: start it by hand (docker compose start %s).", service, project, service)}}, nil
	}
	var failed *setup.Problem
	for _, b := range found {
		if _, err := h.api.ContainerStop(ctx, b.ID, client.ContainerStopOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
			failed = h.problem(ctx, "stopping "+b.name(), err)
			break
		}
	}
	ctx, cancel := lastLook(ctx)
	defer cancel()
	if found, err = h.boxes(ctx, project, service); err != nil {
		return nil, h.problem(ctx, "looking at "+service, err)
	}
	o := setup.Outcome{ID: service, State: replacedOf(found, project, service), Err: failed}
	if failed == nil && !took(e, o.State) {
		o.Err = refuse("%s of %s was stopped, but it runs again: something starts it. Find out what (docker inspect), and stop that.", service, project)
	}
	return []setup.Outcome{o}, nil
}

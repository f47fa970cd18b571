package dockerx

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// part is one service of the connector's project that a call changes.
type part struct {
	entry   setup.Entry
	service string
	outcome *setup.Outcome
}

// doProject starts, changes or removes the connector and what runs beside it. It
// is a project of its own, so nothing that is done to it can touch the app.
func (h *Host) doProject(ctx context.Context, project string, entries []setup.Entry) ([]setup.Outcome, error) {
	out := make([]setup.Outcome, len(entries))
	parts := make([]part, len(entries))
	for i, e := range entries {
		parts[i] = part{e, serviceOf(e), &out[i]}
	}
	everyone, err := h.boxes(ctx, project, "")
	if err != nil {
		return all(entries, h.problem(ctx, "looking at the connector", err)), nil
	}
	var todo []part
	for _, p := range parts {
		*p.outcome = setup.Outcome{ID: p.id(), State: p.state(everyone)}
		if setup.Same(p.entry.From, p.outcome.State) {
			todo = append(todo, p)
			continue
		}
		p.outcome.Err = changed(p.named())
	}
	if strangers := others(everyone, append(sidecarServices(), connectorService)...); len(strangers) > 0 {
		for _, p := range todo {
			p.outcome.Err = refuse("The project %s holds more than the connector (%s), so Culvert leaves it alone.", project, strangers[0].name())
		}
		return out, nil
	}
	failed := h.changeProject(ctx, project, todo, everyone)
	return out, h.readProject(ctx, project, todo, failed)
}

// serviceOf is the service that an entry is about.
func serviceOf(e setup.Entry) string {
	for _, state := range []setup.State{e.To, e.From} {
		if s, ok := state.(setup.Sidecar); ok {
			return s.Spec.Service
		}
	}
	if e.Key.Kind == setup.KindSidecar {
		return e.Key.Name
	}
	return connectorService
}

// id is that of the object: the project's for the connector.
func (p part) id() string {
	if p.entry.Key.Kind == setup.KindConnector {
		return p.entry.Key.Scope
	}
	return p.service
}

func (p part) named() string {
	if p.service == connectorService {
		return "The connector"
	}
	return "The service " + p.service + " beside the connector"
}

// state is how the service runs; nil if it has no container.
func (p part) state(project []box) setup.State {
	own := only(project, p.service)
	switch {
	case len(own) == 0:
		return nil
	case p.service == connectorService:
		return connectorOf(own, networkOf(p.entry))
	}
	return sidecarOf(own)
}

func networkOf(e setup.Entry) string {
	for _, s := range []setup.State{e.To, e.From} {
		if c, ok := s.(setup.Connector); ok && c.Network != "" {
			return c.Network
		}
	}
	return ""
}

// change is what becomes of a service: whether it is to run, from which file and
// image.
func (p part) change() (file, image string, runs bool) {
	switch to := p.entry.To.(type) {
	case setup.Connector:
		return to.File, to.Image, to.Running
	case setup.Sidecar:
		return to.File, to.Spec.Image, to.Running
	}
	return "", "", false
}

// strays says whether the service runs in other networks than it is to. Compose
// does not see what somebody connected by hand.
func (p part) strays(project []box) bool {
	switch to := p.entry.To.(type) {
	case setup.Connector:
		have, runs := p.state(project).(setup.Connector)
		return runs && !slices.Equal(have.Networks, to.Networks)
	case setup.Sidecar:
		have, runs := p.state(project).(setup.Sidecar)
		return runs && len(have.Spec.Networks) != len(to.Spec.Networks)
	}
	return false
}

// places are where a service is to be in networks.
func (p part) places() []setup.Endpoint {
	switch to := p.entry.To.(type) {
	case setup.Connector:
		all := []setup.Endpoint{{Network: to.Network}}
		for _, name := range to.Networks {
			all = append(all, setup.Endpoint{Network: name})
		}
		return all
	case setup.Sidecar:
		return to.Spec.Networks
	}
	return nil
}

// misplaced is the one container of a service that runs as it is to, but for its
// places in networks; nil if there is more to change.
func (p part) misplaced(project []box) *box {
	own := only(project, p.service)
	if len(own) != 1 {
		return nil
	}
	state := p.state(project)
	switch have := state.(type) {
	case setup.Connector:
		to, _ := p.entry.To.(setup.Connector)
		have.Network, have.Networks = to.Network, to.Networks
		state = have
	case setup.Sidecar:
		to, _ := p.entry.To.(setup.Sidecar)
		have.Spec.Networks = to.Spec.Networks
		state = have
	}
	if !setup.Same(state, p.entry.To) {
		return nil
	}
	return &own[0]
}

// move puts a running container where it is to be in networks, and takes it out
// of others. A restart would end what a connector carries, Docker gives it ten
// seconds for that; and Compose would see nothing to do where somebody put a
// container into its network at another address.
func (h *Host) move(ctx context.Context, project string, p part, b box) *setup.Problem {
	r := &recreation{project: project, service: p.service, up: []box{b}}
	var wanted []string
	for _, to := range p.places() {
		wanted = append(wanted, to.Network)
		at := b.endpoint(to.Network)
		stands := at != nil && (p.service == connectorService || setup.Same(setup.Attachment{Endpoint: *at}, setup.Attachment{Endpoint: to}))
		if stands { // any address will do for a connector
			continue
		}
		if failed := h.place(ctx, r, b, to.Network, true, to); failed != nil {
			return failed
		}
	}
	for _, name := range b.networks() {
		if slices.Contains(wanted, name) {
			continue
		}
		if failed := h.place(ctx, r, b, name, false, setup.Endpoint{}); failed != nil {
			return failed
		}
	}
	return nil
}

// changeProject removes what is to go, stops what is to stop, and starts the
// rest together.
func (h *Host) changeProject(ctx context.Context, project string, todo []part, now []box) *setup.Problem {
	start := map[string][]part{} // by file
	for _, p := range todo {
		file, _, runs := p.change()
		switch {
		case p.entry.To != nil && p.entry.To.Kind() != p.entry.Key.Kind:
			return refuse("A %s cannot become a %s.", p.entry.Key.Kind, p.entry.To.Kind())
		case runs:
			if b := p.misplaced(now); b != nil {
				if failed := h.move(ctx, project, p, *b); failed != nil {
					return failed
				}
				continue
			}
			start[file] = append(start[file], p)
			continue
		case p.entry.To != nil:
			if failed := h.compose(ctx, project, file, now, "stop", p.service); failed != nil {
				return failed
			}
			continue
		}
		if failed := h.down(ctx, project, p.service, now); failed != nil {
			return failed
		}
	}
	for _, file := range sortedNames(start) {
		if failed := h.up(ctx, project, file, start[file], now); failed != nil {
			return failed
		}
	}
	return nil
}

// up starts services of one file and waits until they stay up. Whether
// Cloudflare takes the connector is another question: see ConnectorReady.
func (h *Host) up(ctx context.Context, project, file string, parts []part, now []box) *setup.Problem {
	args := []string{"up", "-d", "--no-deps", "--pull", "never"}
	var services []string
	for _, p := range parts {
		_, image, _ := p.change()
		if _, err := h.api.ImageInspect(ctx, image); cerrdefs.IsNotFound(err) {
			args[4] = "missing"
		} else if err != nil {
			return h.problem(ctx, "inspecting the image "+image, err)
		}
		if p.strays(now) {
			args = append(args, "--force-recreate")
		}
		services = append(services, p.service)
	}
	args = append(args, services...)
	if p := h.compose(ctx, project, file, now, args...); p != nil {
		return p
	}
	for _, p := range parts {
		w := &waiter{host: h, want: signRunning, count: 1}
		err := w.wait(ctx, project, p.service)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return h.problem(ctx, "waiting for "+p.service, ctx.Err())
		default:
			return h.notUp(ctx, p.named()+" does not stay up.", w.seen, maskOf(w.seen), err)
		}
	}
	return nil
}

// compose runs Compose on the connector's file.
func (h *Host) compose(ctx context.Context, project, file string, now []box, args ...string) *setup.Problem {
	if _, err := os.Stat(file); err != nil {
		p := refuse("The connector's compose file %s cannot be read.", file)
		p.Cause = err
		return p
	}
	full := append([]string{"-p", project, "-f", file}, args...)
	_, err := h.cli.run(ctx, order{dir: filepath.Dir(file), args: full, mask: maskOf(now), changes: true})
	if err != nil {
		return h.problem(ctx, "changing the connector", err)
	}
	return nil
}

// down removes the containers of a service. The last one of a project goes with
// its own file, or without it if the file is gone.
func (h *Host) down(ctx context.Context, project, service string, now []box) *setup.Problem {
	if len(others(now, service)) == 0 {
		for _, b := range now {
			files := sourceOf(b.labels()).Files
			if len(files) == 0 {
				continue
			}
			if _, err := os.Stat(files[0]); err == nil {
				return h.compose(ctx, project, files[0], now, "down")
			}
		}
	}
	for _, b := range only(now, service) {
		if _, err := h.api.ContainerStop(ctx, b.ID, client.ContainerStopOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
			return h.problem(ctx, "stopping "+b.name(), err)
		}
		_, err := h.api.ContainerRemove(ctx, b.ID, client.ContainerRemoveOptions{Force: true})
		if err != nil && !cerrdefs.IsNotFound(err) {
			return h.problem(ctx, "removing "+b.name(), err)
		}
	}
	return nil
}

// readProject tells what stands after the attempt. If it cannot be seen, the
// effect is not known.
func (h *Host) readProject(ctx context.Context, project string, todo []part, failed *setup.Problem) error {
	ctx, cancel := lastLook(ctx)
	defer cancel()
	everyone, err := h.boxes(ctx, project, "")
	if err != nil {
		if failed == nil {
			failed = h.problem(ctx, "looking at the connector", err)
		}
		return failed
	}
	for _, p := range todo {
		p.outcome.State = p.state(everyone)
		p.outcome.Err = failed // of one part: the next look tells which
		if failed == nil && !took(p.entry, p.outcome.State) {
			p.outcome.Err = refuse("%s runs, but not as planned: its compose file says something else than was shown.", p.named())
		}
	}
	return nil
}

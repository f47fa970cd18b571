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

// doConnector starts, changes or removes the connector. It is a project of its
// own, so nothing that is done to it can touch the app.
func (h *Host) doConnector(ctx context.Context, entries []setup.Entry) ([]setup.Outcome, error) {
	if len(entries) > 1 {
		return all(entries, refuse("The connector can be changed in one way at a time.")), nil
	}
	e := entries[0]
	project := e.Key.Scope
	everyone, err := h.boxes(ctx, project, "")
	if err != nil {
		return all(entries, h.problem(ctx, "looking at the connector", err)), nil
	}
	now := stateOf(everyone, networkOf(e))
	if !setup.Same(e.From, now) {
		return []setup.Outcome{{ID: project, State: now, Err: changed("The connector")}}, nil
	}
	if strangers := others(everyone, connectorService); len(strangers) > 0 {
		return []setup.Outcome{{ID: project, State: now, Err: refuse(
			"The project %s holds more than the connector (%s), so Culvert leaves it alone.", project, strangers[0].name())}}, nil
	}
	failed := h.changeConnector(ctx, project, e, everyone)
	return h.readConnector(ctx, project, e, failed)
}

func networkOf(e setup.Entry) string {
	for _, s := range []setup.State{e.From, e.To} {
		if c, ok := s.(setup.Connector); ok && c.Network != "" {
			return c.Network
		}
	}
	return ""
}

// stateOf is the state of a project's connector; nil if there is none.
func stateOf(project []box, network string) setup.State {
	own := slices.DeleteFunc(slices.Clone(project), func(b box) bool { return b.service() != connectorService })
	if len(own) == 0 {
		return nil
	}
	return connectorOf(own, network)
}

func (h *Host) changeConnector(ctx context.Context, project string, e setup.Entry, now []box) *setup.Problem {
	to, ok := e.To.(setup.Connector)
	switch {
	case e.To == nil:
		return h.connectorDown(ctx, project, now)
	case !ok:
		return refuse("A connector cannot become a %s.", e.To.Kind())
	case !to.Running:
		return h.composeConnector(ctx, project, to.File, now, "stop")
	}
	args := []string{"up", "-d", "--pull", "missing"}
	if _, err := h.api.ImageInspect(ctx, to.Image); err == nil {
		args[3] = "never"
	} else if !cerrdefs.IsNotFound(err) {
		return h.problem(ctx, "inspecting the image "+to.Image, err)
	}
	if p := h.composeConnector(ctx, project, to.File, now, args...); p != nil {
		return p
	}
	return h.connectorUp(ctx, project)
}

// composeConnector runs Compose on the connector's file.
func (h *Host) composeConnector(ctx context.Context, project, file string, now []box, args ...string) *setup.Problem {
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

// connectorUp waits until the connector stays up. Whether Cloudflare takes it
// is another question: see ConnectorReady.
func (h *Host) connectorUp(ctx context.Context, project string) *setup.Problem {
	w := &waiter{host: h, want: signRunning, count: 1}
	err := w.wait(ctx, project, connectorService)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return h.problem(ctx, "waiting for the connector", ctx.Err())
	}
	return h.notUp(ctx, "The connector does not stay up.", w.seen, maskOf(w.seen), err)
}

// connectorDown removes the connector with its own file, or without it if the
// file is gone.
func (h *Host) connectorDown(ctx context.Context, project string, now []box) *setup.Problem {
	for _, b := range now {
		files := sourceOf(b.labels()).Files
		if len(files) == 0 {
			continue
		}
		if _, err := os.Stat(files[0]); err == nil {
			return h.composeConnector(ctx, project, files[0], now, "down")
		}
	}
	for _, b := range now {
		_, err := h.api.ContainerRemove(ctx, b.ID, client.ContainerRemoveOptions{Force: true})
		if err != nil && !cerrdefs.IsNotFound(err) {
			return h.problem(ctx, "removing the connector", err)
		}
	}
	return nil
}

// readConnector tells what stands after the attempt. If it cannot be seen, the
// effect is not known.
func (h *Host) readConnector(ctx context.Context, project string, e setup.Entry, failed *setup.Problem) ([]setup.Outcome, error) {
	ctx, cancel := lastLook(ctx)
	defer cancel()
	all, err := h.boxes(ctx, project, connectorService)
	if err != nil {
		if failed == nil {
			failed = h.problem(ctx, "looking at the connector", err)
		}
		return nil, failed
	}
	want := ""
	if c, ok := e.To.(setup.Connector); ok {
		want = c.Network
	}
	now := stateOf(all, want)
	if failed == nil && !took(e, now) {
		failed = refuse("The connector runs, but not as planned: its compose file says something else than was shown.")
	}
	return []setup.Outcome{{ID: project, State: now, Err: failed}}, nil
}

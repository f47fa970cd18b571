package dockerx

import (
	"context"
	"slices"
	"strconv"

	"github.com/culvert/culvert/setup"
)

// recreation is one recreate of a service: what runs, what is asked for.
type recreation struct {
	project, service string
	entries          []setup.Entry
	up               []box // running now, or all stopped
	mask             mask
}

func (r *recreation) scope() string { return scopeOf(r.project, r.service) }

// recreating are the entries that take a recreate.
func (r *recreation) recreating() []setup.Entry {
	return slices.DeleteFunc(slices.Clone(r.entries), func(e setup.Entry) bool { return e.Key.Kind == setup.KindAttachment })
}

// idOf names what an entry is about: the setting's key, the network, or the
// target port.
func idOf(e setup.Entry) string {
	if e.ID != "" {
		return e.ID
	}
	for _, state := range []setup.State{e.To, e.From} {
		switch s := state.(type) {
		case setup.Setting:
			return s.Name
		case setup.Attachment:
			return s.Network
		case setup.Published:
			return strconv.Itoa(s.Target)
		}
	}
	return e.Key.Name
}

func (r *recreation) read(up []box, e setup.Entry) setup.State {
	return read(up, e.Key.Kind, r.project, r.service, idOf(e))
}

// doService recreates a service from its files so that the entries become
// effective, or starts it if it is stopped, and connects it to networks. Everything that can be known beforehand is checked beforehand:
// between the old container and the new one the app is down.
func (h *Host) doService(ctx context.Context, project, service string, entries []setup.Entry) ([]setup.Outcome, error) {
	r := &recreation{project: project, service: service, entries: entries}
	up, err := h.readable(ctx, project, service)
	if err != nil {
		return all(entries, h.problem(ctx, "looking at "+r.scope(), err)), nil
	}
	if stopped(up) && !slices.ContainsFunc(entries, setup.Entry.Starts) {
		return all(entries, notRunning(project, service, up)), nil
	}
	r.up, r.mask = up, maskOf(up)
	if stale := r.stale(); stale != nil {
		return stale, nil
	}
	var failed *setup.Problem
	if len(r.recreating()) > 0 {
		needed, err := h.mayRecreate(ctx, r)
		if err != nil {
			return all(entries, h.problem(ctx, "checking whether "+service+" can be restarted", err)), nil
		}
		if needed {
			failed = h.recreate(ctx, r)
		}
	}
	if failed == nil { // what the recreate brought about is not done by hand
		failed = h.attach(ctx, r)
	}
	return h.readBack(ctx, r, failed)
}

// stale checks the preconditions. One recreate carries all entries, so one of
// them that no longer stands as shown holds up the others.
func (r *recreation) stale() []setup.Outcome {
	out := make([]setup.Outcome, len(r.entries))
	any := false
	for i, e := range r.entries {
		now := r.read(r.up, e)
		out[i] = setup.Outcome{ID: idOf(e), State: now}
		if !setup.Same(e.From, now) {
			any = true
			out[i].Err = changed(e.Key.Name + " of " + r.service)
		}
	}
	if !any {
		return nil
	}
	for i := range out {
		if out[i].Err == nil {
			out[i].Err = changed("Another setting of " + r.service)
		}
	}
	return out
}

// readBack tells what stands after the attempt. If it cannot be seen and the
// attempt did not fail either, the effect is not known.
func (h *Host) readBack(ctx context.Context, r *recreation, failed *setup.Problem) ([]setup.Outcome, error) {
	ctx, cancel := lastLook(ctx)
	defer cancel()
	up, err := h.runningBoxes(ctx, r.project, r.service) // of one that does not run it is not known what became of it
	if err != nil {
		if failed == nil {
			failed = h.problem(ctx, "looking at "+r.scope()+" after the restart", err)
		}
		return nil, failed
	}
	out := make([]setup.Outcome, len(r.entries))
	for i, e := range r.entries {
		out[i] = setup.Outcome{ID: idOf(e), State: r.read(up, e), Err: failed}
		if failed == nil && !took(e, out[i].State) {
			out[i].Err = refuse("%s was changed, but %s is not as wanted.", r.service, e.Key.Name)
		}
	}
	return out, nil
}

// took says whether a state is what an entry asks for.
func took(e setup.Entry, now setup.State) bool {
	if e.To == nil {
		return now == nil
	}
	return setup.Met(e.To, now)
}

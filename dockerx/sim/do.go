package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Do carries out one call, as the real host does.
func (h *Host) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, &setup.Problem{Code: setup.CodeUnavailable, Message: "It was stopped before it began.", Cause: err}
	}
	if len(call.Entries) == 0 {
		return nil, nil
	}
	e := call.Entries[0]
	project, service, named := strings.Cut(e.Key.Scope, "/")
	switch e.Key.Kind {
	case setup.KindConnector, setup.KindSidecar:
		return h.doProject(call.Entries), nil
	case setup.KindSetting, setup.KindPublished, setup.KindAttachment:
		if !named {
			return nil, fmt.Errorf("docker call %s: scope %q names no service", call.Footprint, e.Key.Scope)
		}
		return h.doService(project, service, call.Entries), nil
	case setup.KindPrivateNetwork:
		return h.doNetwork(e), nil
	case setup.KindPredecessor:
		return h.doReplaced(project, service, e), nil
	case setup.KindSite:
		return h.doSite(ctx, project, service, e)
	}
	return nil, fmt.Errorf("docker call %s: %s is not changed here", call.Footprint, e.Key.Kind)
}

func failAll(entries []setup.Entry, p *setup.Problem) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	for i := range entries {
		out[i] = setup.Outcome{ID: entries[i].ID, State: entries[i].From, Err: p}
	}
	return out
}

func changed(what string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeChanged, Message: what + " changed since it was looked at. Nothing was done; look again."}
}

func refuse(text string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeRefused, Message: text}
}

func (h *Host) doService(project, name string, entries []setup.Entry) []setup.Outcome {
	var out []setup.Outcome
	h.change("container", project, name, func(s *state) {
		p := h.unusable(project, name)
		if slices.ContainsFunc(entries, setup.Entry.Starts) {
			p = h.unseen(project, name)
		}
		if p != nil {
			out = failAll(entries, p)
			return
		}
		if out = h.stale(project, name, entries); out != nil {
			return
		}
		if p := h.misplaced(name, entries); p != nil {
			out = failAll(entries, p)
			return
		}
		sv := s.Apps[project][name]
		sv.Env, sv.Places = maps.Clone(sv.Env), maps.Clone(sv.Places)
		for _, e := range entries {
			sv.take(e)
		}
		if slices.ContainsFunc(entries, recreates) {
			sv.Downtime = downtime
			sv.anew()
			sv.Running = true
		}
		s.put(project, name, sv)
		for _, e := range entries {
			out = append(out, setup.Outcome{ID: idOf(e), State: h.read(e.Key.Kind, project, name, idOf(e))})
		}
	})
	return out
}

// recreates: a network is joined by the running container.
func recreates(e setup.Entry) bool { return e.Key.Kind != setup.KindAttachment }

// take makes one entry effective.
func (s *service) take(e setup.Entry) {
	switch to := e.To.(type) {
	case setup.Setting:
		s.Env[to.Name] = to.Value
	case setup.Published:
		if to.Target == Target {
			s.Exposure = to.Exposure
		}
	case setup.Attachment:
		if s.Places == nil {
			s.Places = map[string]setup.Endpoint{}
		}
		s.Places[to.Network] = to.Endpoint
	case nil:
		if e.Key.Kind == setup.KindAttachment {
			delete(s.Places, idOf(e))
			return
		}
		delete(s.Env, idOf(e))
	}
}

// stale checks the preconditions; one entry that no longer stands as shown
// holds up the others, because one recreate carries them all.
func (h *Host) stale(project, name string, entries []setup.Entry) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	any := false
	for i, e := range entries {
		out[i] = setup.Outcome{ID: idOf(e), State: h.read(e.Key.Kind, project, name, idOf(e))}
		if !setup.Same(e.From, out[i].State) {
			any = true
			out[i].Err = changed(e.Key.Name + " of " + name)
		}
	}
	if !any {
		return nil
	}
	for i := range out {
		if out[i].Err == nil {
			out[i].Err = changed("Another setting of " + name)
		}
	}
	return out
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

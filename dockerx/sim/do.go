package sim

import (
	"context"
	"fmt"
	"maps"
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
	key := call.Entries[0].Key
	switch key.Kind {
	case setup.KindConnector:
		return h.doConnector(call.Entries), nil
	case setup.KindSetting, setup.KindPublished:
		project, service, ok := strings.Cut(key.Scope, "/")
		if !ok {
			return nil, fmt.Errorf("docker call %s: scope %q names no service", call.Footprint, key.Scope)
		}
		return h.doService(project, service, call.Entries), nil
	}
	return nil, fmt.Errorf("docker call %s: %s is not changed here", call.Footprint, key.Kind)
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

func (h *Host) doConnector(entries []setup.Entry) []setup.Outcome {
	if len(entries) > 1 {
		return failAll(entries, refuse("The connector can be changed in one way at a time."))
	}
	e := entries[0]
	to, _ := e.To.(setup.Connector)
	var refused *setup.Problem
	h.change("container", connectorService, func(s *state) {
		switch refused = h.mayChange(e); {
		case refused != nil:
		case e.To == nil:
			s.Connector = nil
		default:
			s.Connector = &connector{Connector: to, Mark: e.Mark}
		}
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	return []setup.Outcome{{ID: e.Key.Scope, State: h.connector(e.Key.Scope), Err: refused}}
}

// mayChange checks an entry for the connector against what stands.
func (h *Host) mayChange(e setup.Entry) *setup.Problem {
	to, _ := e.To.(setup.Connector)
	switch {
	case h.down != nil:
		return h.down
	case !setup.Same(e.From, h.connector(e.Key.Scope)):
		return changed("The connector")
	case e.To != nil && to.Network != Network:
		return refuse("Docker Compose refused. It says: network " + to.Network + " declared as external, but could not be found")
	case e.To != nil && to.Tunnel.Lit == "":
		return refuse("The connector cannot run without a tunnel.")
	}
	return nil
}

func (h *Host) doService(project, name string, entries []setup.Entry) []setup.Outcome {
	var out []setup.Outcome
	h.change("container", name, func(s *state) {
		if p := h.unusable(project, name); p != nil {
			out = failAll(entries, p)
			return
		}
		if out = h.stale(name, entries); out != nil {
			return
		}
		sv := s.Services[name]
		sv.Env = maps.Clone(sv.Env)
		for _, e := range entries {
			sv.take(e)
		}
		sv.Downtime = downtime
		s.Services[name] = sv
		for _, e := range entries {
			out = append(out, setup.Outcome{ID: idOf(e), State: h.read(e.Key.Kind, name, idOf(e))})
		}
	})
	return out
}

// take makes one entry effective.
func (s *service) take(e setup.Entry) {
	switch to := e.To.(type) {
	case setup.Setting:
		s.Env[to.Name] = to.Value
	case setup.Published:
		if to.Target == Target {
			s.Exposure = to.Exposure
		}
	case nil:
		delete(s.Env, idOf(e))
	}
}

// stale checks the preconditions; one entry that no longer stands as shown
// holds up the others, because one recreate carries them all.
func (h *Host) stale(name string, entries []setup.Entry) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	any := false
	for i, e := range entries {
		out[i] = setup.Outcome{ID: idOf(e), State: h.read(e.Key.Kind, name, idOf(e))}
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

// idOf names what an entry is about: the setting's key or the target port.
func idOf(e setup.Entry) string {
	if e.ID != "" {
		return e.ID
	}
	for _, state := range []setup.State{e.To, e.From} {
		switch s := state.(type) {
		case setup.Setting:
			return s.Name
		case setup.Published:
			return strconv.Itoa(s.Target)
		}
	}
	return e.Key.Name
}

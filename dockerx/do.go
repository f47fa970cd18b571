package dockerx

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// Do carries out one call: the connector's container, or one recreate of the
// app's service that makes all entries of it effective at once.
func (h *Host) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	if len(call.Entries) == 0 {
		return nil, nil
	}
	first := call.Entries[0].Key
	for _, e := range call.Entries[1:] {
		if e.Key.Scope != first.Scope || groupOf(e.Key.Kind) != groupOf(first.Kind) {
			return nil, fmt.Errorf("docker call %s mixes %s and %s", call.Footprint, first, e.Key)
		}
	}
	project, service, named := strings.Cut(first.Scope, "/")
	switch group := groupOf(first.Kind); {
	case group == byProject:
		return h.doProject(ctx, first.Scope, call.Entries)
	case group == byService && !named:
		return nil, fmt.Errorf("docker call %s: scope %q names no service", call.Footprint, first.Scope)
	case group == byService:
		return h.doService(ctx, project, service, call.Entries)
	case len(call.Entries) > 1:
		return nil, fmt.Errorf("docker call %s changes %s in two ways", call.Footprint, first)
	}
	switch first.Kind {
	case setup.KindPrivateNetwork:
		return h.doNetwork(ctx, call.Entries[0])
	case setup.KindPredecessor:
		return h.doReplaced(ctx, project, service, call.Entries[0])
	case setup.KindSite:
		return h.doSite(ctx, project, service, call.Entries[0])
	}
	return nil, fmt.Errorf("docker call %s: %s is not changed here", call.Footprint, first.Kind)
}

// group says which entries one call may hold.
type group int

const (
	alone     group = iota // one entry
	byProject              // services of the connector's project
	byService              // what one service of the app has
)

func groupOf(k setup.Kind) group {
	switch k {
	case setup.KindConnector, setup.KindSidecar:
		return byProject
	case setup.KindSetting, setup.KindPublished, setup.KindAttachment:
		return byService
	}
	return alone
}

// all gives every entry the same problem.
func all(entries []setup.Entry, p *setup.Problem) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	for i := range entries {
		out[i] = setup.Outcome{ID: entries[i].ID, State: entries[i].From, Err: p}
	}
	return out
}

// changed is the answer to an entry that no longer stands as it was shown.
func changed(what string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeChanged, Message: what + " changed since it was looked at. Nothing was done; look again."}
}

// lastLook is the time to see what became of a call, even of a cancelled one.
func lastLook(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

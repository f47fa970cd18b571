package watch

import (
	"context"
	"time"

	"github.com/culvert/culvert/dockerx/found"
)

// How long to wait before the Docker host is asked for events again.
const (
	firstListen = time.Second
	lastListen  = 30 * time.Second
)

// listen follows the events of the Docker host for as long as the context lasts.
func (h *heart) listen(ctx context.Context) {
	wait := firstListen
	since := h.Clock.Now()
	for ctx.Err() == nil {
		events, err := h.Host.Watch(ctx, since)
		if err == nil {
			wait = firstListen
			h.happened(ctx, found.Event{Kind: "engine"}) // what came before is not known
			for e := range events {
				since = e.At
				h.happened(ctx, e)
			}
		}
		if h.Clock.Sleep(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, lastListen)
	}
}

// happened has the heart look at what an event may have changed.
func (h *heart) happened(ctx context.Context, e found.Event) {
	select {
	case h.results <- func() { h.event(e) }:
	case <-ctx.Done():
	}
}

// event looks at the host at once and asks again what may be affected. Events
// seldom come alone, so it takes a breath first.
func (h *heart) event(e found.Event) {
	now := h.Clock.Now()
	for _, s := range h.subjects {
		mine := e.Project == s.answers.Stack.Project || e.Project == s.answers.Stack.ConnectorProject
		if e.Kind == "engine" || e.Kind == "container" && (e.Action == "start" || e.Action == "unpause") {
			s.frontsSoon(now, h.Pace)
		}
		if !mine && e.Kind == "container" {
			continue
		}
		if at := now.Add(h.Pace.Events); h.hostDue.After(at) {
			h.hostDue = at
		}
		if mine && e.Kind == "container" && e.Service == s.answers.Stack.Service && (e.Action == "start" || e.Action == "update") {
			s.reviewSoon(now, h.Pace)
		}
		if mine || e.Kind == "engine" {
			s.soon(now.Add(h.Pace.Events), h.Pace.First, h.rand)
		}
	}
}

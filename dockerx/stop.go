package dockerx

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// stopWatch notes when the first container of a service begins to stop.
type stopWatch struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	first time.Time
}

// watchStop listens from before the command is run until close.
func (h *Host) watchStop(ctx context.Context, r *recreation) *stopWatch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &stopWatch{cancel: cancel, done: make(chan struct{})}
	stream := h.api.Events(ctx, client.EventsListOptions{Filters: make(client.Filters).
		Add("type", string(events.ContainerEventType)).
		Add("label", labelProject+"="+r.project, labelService+"="+r.service)})
	go func() {
		defer close(w.done)
		for {
			select {
			case m := <-stream.Messages:
				if slices.Contains([]events.Action{events.ActionKill, events.ActionStop, events.ActionDie}, m.Action) && r.owns(m.Actor.ID) {
					w.note(h.clock())
				}
			case <-stream.Err:
				return
			}
		}
	}()
	return w
}

func (w *stopWatch) note(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first.IsZero() {
		w.first = at
	}
}

// at is when the first one began to stop; zero if none was seen to.
func (w *stopWatch) at() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first
}

func (w *stopWatch) close() {
	w.cancel()
	<-w.done
}

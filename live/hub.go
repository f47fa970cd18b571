// Package live tells open pages that something changed. It carries no content:
// whoever is told reads the thing again, so that a lost or merged event does no
// harm.
//
// It must not know what is stored, rendered or sent, nor anything of HTTP.
package live

import (
	"context"
	"slices"
	"sync"
)

// maxWaiting bounds what is kept for one slow reader.
const maxWaiting = 64

// Event says that a topic of a setup changed. An empty setup means that the
// topic concerns all of them. An event with neither means that too much
// changed to list: read everything again.
type Event struct {
	Setup string
	Topic string
	// Version rises with every event of a hub, and also along the events of
	// one subscription. It starts at 1 with each process.
	Version uint64
}

// Filter says what a subscriber wants to hear of.
type Filter struct {
	Setup  string   // empty: every setup
	Topics []string // empty: every topic
}

func (f Filter) lets(setup, topic string) bool {
	return (f.Setup == "" || setup == "" || f.Setup == setup) &&
		(len(f.Topics) == 0 || slices.Contains(f.Topics, topic))
}

// Hub passes events from publishers to subscribers. A publisher never waits: to
// a reader who is slow, only the newest event of each setup and topic is kept.
type Hub struct {
	mu       sync.Mutex
	version  uint64
	readers  map[*reader]struct{}
	isClosed bool

	closed chan struct{}
	pumps  sync.WaitGroup
}

// New makes a hub. Close it.
func New() *Hub {
	return &Hub{readers: map[*reader]struct{}{}, closed: make(chan struct{})}
}

// Publish tells everyone whose filter lets it through. After Close it does
// nothing.
func (h *Hub) Publish(setup, topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed {
		return
	}
	h.version++
	for r := range h.readers {
		if r.filter.lets(setup, topic) {
			r.add(Event{setup, topic, h.version})
		}
	}
}

// Subscribe gives the events from now on: what is published after it returned
// is not missed. The channel is closed when the context ends or the hub closes.
// Subscribe first, then read and send the snapshot.
func (h *Hub) Subscribe(ctx context.Context, filter Filter) <-chan Event {
	r := &reader{filter: filter, wake: make(chan struct{}, 1), out: make(chan Event)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed {
		close(r.out)
		return r.out
	}
	h.readers[r] = struct{}{}
	h.pumps.Go(func() {
		defer h.forget(r)
		r.pump(ctx, h.closed)
	})
	return r.out
}

func (h *Hub) forget(r *reader) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.readers, r)
	close(r.out)
}

// Subscribers counts who listens now.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.readers)
}

// Watched says whether anybody listens to what happens to a setup.
func (h *Hub) Watched(setup string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.readers {
		if r.filter.Setup == "" || r.filter.Setup == setup {
			return true
		}
	}
	return false
}

// Close ends every subscription and returns when they have ended. Close the hub
// before http.Server.Shutdown, which waits for the streams.
func (h *Hub) Close() {
	h.mu.Lock()
	if !h.isClosed {
		h.isClosed = true
		close(h.closed)
	}
	h.mu.Unlock()
	h.pumps.Wait()
}

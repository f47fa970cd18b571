package live

import (
	"context"
	"slices"
	"sync"
)

// reader is one subscription with the events that wait for it, at most one of
// each setup and topic, in the order of their versions.
type reader struct {
	filter Filter
	wake   chan struct{} // of capacity one: "there is something new"
	out    chan Event

	mu      sync.Mutex
	waiting []Event
}

// add keeps the event for the reader, in place of an older one of its kind. It
// does not wait.
func (r *reader) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(slices.DeleteFunc(r.waiting, func(old Event) bool {
		return old.Setup == e.Setup && old.Topic == e.Topic
	}), e)
	if len(r.waiting) > maxWaiting {
		r.waiting = append(r.waiting[:0], Event{Version: e.Version})
	}
	select {
	case r.wake <- struct{}{}:
	default: // it was told already
	}
}

// next is the event to offer. It stays in the queue until it was taken, so that
// a newer one can replace it while it waits.
func (r *reader) next() (Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return Event{}, false
	}
	return r.waiting[0], true
}

func (r *reader) taken(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(w Event) bool { return w.Version == e.Version })
}

// pump offers what waits until the context ends or the hub closes.
func (r *reader) pump(ctx context.Context, closed <-chan struct{}) {
	for {
		var out chan<- Event // nil, which is never ready, unless something waits
		e, some := r.next()
		if some {
			out = r.out
		}
		select {
		case out <- e:
			r.taken(e)
		case <-r.wake:
		case <-ctx.Done():
			return
		case <-closed:
			return
		}
	}
}

package engine

import (
	"context"
	"slices"
	"sync"
)

// keyedLocks are locks by name: one run per setup, one writer per account and
// per compose project. Who waits for one can give up.
type keyedLocks struct {
	mu    sync.Mutex
	locks map[string]chan struct{} // holds one token while it is locked
}

// lock takes all the named locks, or none if the context ends first.
func (k *keyedLocks) lock(ctx context.Context, names ...string) (unlock func(), err error) {
	var held []chan struct{}
	unlock = func() {
		for _, l := range slices.Backward(held) {
			<-l
		}
	}
	for _, l := range k.named(names) {
		select {
		case l <- struct{}{}:
			held = append(held, l)
		case <-ctx.Done():
			unlock()
			return nil, ctx.Err()
		}
	}
	return unlock, nil
}

// named gives the locks in one order for all, so that nobody waits for a lock
// whose holder waits for theirs.
func (k *keyedLocks) named(names []string) []chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.locks == nil {
		k.locks = map[string]chan struct{}{}
	}
	var locks []chan struct{}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if k.locks[n] == nil {
			k.locks[n] = make(chan struct{}, 1)
		}
		locks = append(locks, k.locks[n])
	}
	return locks
}

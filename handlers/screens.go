package handlers

import (
	"context"
	"sync"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// renderTime bounds one rendering that several streams wait for.
const renderTime = 30 * time.Second

// screens renders once what many open pages show. The zero value is ready.
type screens struct {
	mu sync.Mutex
	at map[screenKey]*screen
}

type screenKey struct {
	setup setup.SetupID
	page  web.Page
}

// screen is the regions of a page as they are at a version of the hub's events,
// or later.
type screen struct {
	version uint64
	done    chan struct{}
	regions []web.Region
	err     error
}

// get gives the regions of a page, read after the event with the given version.
// Whoever asks first renders; the others wait for it.
func (c *screens) get(ctx context.Context, k screenKey, version uint64, render func(context.Context) ([]web.Region, error)) ([]web.Region, error) {
	c.mu.Lock()
	sc, ok := c.at[k]
	if ok && sc.version >= version {
		c.mu.Unlock()
		select {
		case <-sc.done:
			return sc.regions, sc.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	sc = &screen{version: version, done: make(chan struct{})}
	if c.at == nil {
		c.at = map[screenKey]*screen{}
	}
	c.at[k] = sc
	c.mu.Unlock()

	defer close(sc.done)
	// Others wait for this too, so it does not end with the one who asked.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renderTime)
	defer cancel()
	sc.regions, sc.err = render(ctx)
	if sc.err != nil {
		c.forget(k, sc)
	}
	return sc.regions, sc.err
}

// forget drops a screen that failed, so that the next one tries again.
func (c *screens) forget(k screenKey, sc *screen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at[k] == sc {
		delete(c.at, k)
	}
}

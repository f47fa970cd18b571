package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/setup"
)

// memory is what the Ports showed last to surveys. Each part is looked at by one
// survey at a time, and none waits for a part that it was not told to look at.
type memory struct {
	mu     sync.Mutex
	turns  map[string]chan struct{} // by part: held by the one survey that looks
	begun  map[string]int           // by part: how many looks began
	epochs map[string]int           // by part: how often what was seen was dropped
	parts  map[string]glance
	told   int // how many surveys were told what is known
}

// Parts of the world beside accounts, which are parts by their ids.
const (
	dockerPart = "docker"
	filesPart  = "files"
)

func newMemory() *memory {
	return &memory{turns: map[string]chan struct{}{}, begun: map[string]int{}, epochs: map[string]int{}, parts: map[string]glance{}}
}

// glance is one look at one Port.
type glance struct {
	view  setup.View
	world setup.World
	at    time.Time // what was seen is not older; zero: never looked
	look  int       // which look it was
}

// ages says when each part of a memory was seen.
type ages map[string]time.Time

func (a ages) of(account string) Seen { return Seen{a[account], a[dockerPart], a[filesPart]} }

// observe looks again at what it is told to, and at what was never seen with
// this view, all at the same time. The number tells which of two surveys knows
// more: what else was seen meanwhile counts too.
func (m *memory) observe(ctx context.Context, views map[string]setup.View, again Reach, p Ports, clock Clock) (setup.World, ages, int, error) {
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	own := map[string]glance{}
	look := func(part string, port setup.Port, v setup.View, force bool) {
		m.mu.Lock()
		known := 0 // a look that begins from now on is new enough
		if force {
			known = m.begun[part] + 1
		}
		m.mu.Unlock()
		group.Go(func() error {
			g, err := m.renew(ctx, part, port, v, known, clock)
			mu.Lock()
			own[part] = g
			mu.Unlock()
			return err
		})
	}
	for account, v := range views {
		if account != "" {
			look(account, p.Cloud, v, slices.Contains(again.Accounts, account))
		}
	}
	look(dockerPart, p.Docker, views[""], again.Host)
	look(filesPart, p.Files, views[""], again.Host)
	if err := group.Wait(); err != nil {
		return setup.World{}, nil, 0, fmt.Errorf("looking at how things stand: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told++
	var all setup.World
	seen := ages{}
	for _, part := range slices.Sorted(maps.Keys(own)) {
		g := own[part]
		if newer, ok := m.parts[part]; ok && newer.look > g.look && reflect.DeepEqual(newer.view, g.view) {
			g = newer
		}
		seen[part] = g.at
		all.Add(g.world)
	}
	return all, seen, m.told, nil
}

// renew gives what a part shows: by what is known of it, if it was looked at with
// this view not before a certain look, and otherwise by a look now.
func (m *memory) renew(ctx context.Context, part string, port setup.Port, v setup.View, notBefore int, clock Clock) (glance, error) {
	m.mu.Lock()
	if m.turns[part] == nil {
		m.turns[part] = make(chan struct{}, 1)
	}
	turn := m.turns[part]
	have, ok := m.parts[part]
	m.mu.Unlock()
	good := func() bool { return ok && have.look >= notBefore && reflect.DeepEqual(have.view, v) }
	if good() {
		return have, nil
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return glance{}, ctx.Err()
	}
	m.mu.Lock()
	have, ok = m.parts[part]
	if good() { // somebody else looked meanwhile
		m.mu.Unlock()
		return have, nil
	}
	m.begun[part]++
	g, epoch := glance{view: v, at: clock.Now(), look: m.begun[part]}, m.epochs[part]
	m.mu.Unlock()
	var err error
	if g.world, err = port.Observe(ctx, v); err != nil {
		return g, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epochs[part] == epoch { // no run came in between
		m.parts[part] = g
	}
	return g, nil
}

// forget drops what was seen of accounts that a run has written to: by the
// names of its locks.
func (m *memory) forget(locks []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range locks {
		if account, ok := strings.CutPrefix(name, accountLock); ok {
			m.epochs[account]++
			delete(m.parts, account)
		}
	}
}

// recall gives what was seen of an account not long ago.
func (m *memory) recall(account string, since time.Time) (glance, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.parts[account]
	return g, ok && !g.at.Before(since)
}

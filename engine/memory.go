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

// memory is what the Ports showed last to surveys.
type memory struct {
	turn chan struct{} // held by the one survey that looks

	mu     sync.Mutex
	epochs map[string]int    // by account: how often what was seen was dropped
	clouds map[string]glance // by account
	docker glance
	files  glance
}

func newMemory() *memory {
	return &memory{turn: make(chan struct{}, 1), epochs: map[string]int{}, clouds: map[string]glance{}}
}

// glance is one look at one Port.
type glance struct {
	view  setup.View
	world setup.World
	at    time.Time // what was seen is not older; zero: never looked
}

// ages says when each part of a memory was seen.
type ages struct {
	clouds        map[string]time.Time
	docker, files time.Time
}

func (a ages) of(account string) Seen { return Seen{a.clouds[account], a.docker, a.files} }

// observe looks again at what it is told to, and at what was never seen with
// this view, all at the same time.
func (m *memory) observe(ctx context.Context, views map[string]setup.View, again Reach, p Ports, clock Clock) (setup.World, ages, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return setup.World{}, ages{}, ctx.Err()
	}
	m.mu.Lock()
	epochs, clouds, docker, files := maps.Clone(m.epochs), maps.Clone(m.clouds), m.docker, m.files
	m.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	look := func(port setup.Port, v setup.View, have glance, force bool) *glance {
		if !force && !have.at.IsZero() && reflect.DeepEqual(have.view, v) {
			return &have
		}
		g := &glance{view: v, at: clock.Now()}
		group.Go(func() (err error) {
			g.world, err = port.Observe(ctx, v)
			return err
		})
		return g
	}
	looks := map[string]*glance{}
	accounts := slices.Sorted(maps.Keys(views))
	for _, account := range accounts {
		if account != "" {
			looks[account] = look(p.Cloud, views[account], clouds[account], slices.Contains(again.Accounts, account))
		}
	}
	dockerLook, filesLook := look(p.Docker, views[""], docker, again.Host), look(p.Files, views[""], files, again.Host)
	if err := group.Wait(); err != nil {
		return setup.World{}, ages{}, fmt.Errorf("looking at how things stand: %w", err)
	}
	var all setup.World
	seen := ages{map[string]time.Time{}, dockerLook.at, filesLook.at}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.docker, m.files = *dockerLook, *filesLook
	for _, account := range accounts {
		g := looks[account]
		if g == nil {
			continue
		}
		if m.epochs[account] == epochs[account] { // no run came in between
			m.clouds[account] = *g
		}
		seen.clouds[account] = g.at
		all.Add(g.world)
	}
	all.Add(m.docker.world)
	all.Add(m.files.world)
	return all, seen, nil
}

// forget drops what was seen of accounts that a run has written to: by the
// names of its locks.
func (m *memory) forget(locks []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range locks {
		if account, ok := strings.CutPrefix(name, accountLock); ok {
			m.epochs[account]++
			delete(m.clouds, account)
		}
	}
}

// recall gives what was seen of an account not long ago.
func (m *memory) recall(account string, since time.Time) (glance, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.clouds[account]
	return g, ok && !g.at.Before(since)
}

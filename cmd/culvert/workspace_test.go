package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/store"
)

// openPractice opens a workspace on a rehearsal as a command does, and gives the
// world too.
func openPractice(ctx context.Context, t *testing.T, data string, clock func() time.Time) (*workspace, *rehearsal.World) {
	t.Helper()
	return openPracticeOf(ctx, t, data, rehearsal.Options{Clock: clock})
}

// openPracticeOf opens one whose world is made with some options.
func openPracticeOf(ctx context.Context, t *testing.T, data string, o rehearsal.Options) (*workspace, *rehearsal.World) {
	t.Helper()
	dir := filepath.Join(data, "practice")
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	w := &workspace{hub: live.New()}
	var err error
	if w.store, err = store.Open(ctx, dir, store.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	w.closers = append(w.closers, w.store.Close)
	o.Dir, o.Log = filepath.Join(dir, "world"), log
	world, err := rehearsal.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	w.closers = append(w.closers, world.Close)
	profiles, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.wire(ctx, dir, practised(world), profiles, log, true); err != nil {
		t.Fatal(err)
	}
	if err := w.journey.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	return w, world
}

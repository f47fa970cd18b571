package store_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/store"
)

// noon is when every test begins. The store keeps milliseconds.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 7_000_000, time.UTC)

func TestMain(m *testing.M) {
	if job := os.Getenv("STORE_TEST_CHILD"); job != "" {
		os.Exit(child(job))
	}
	os.Exit(m.Run())
}

// clock is a time that the test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func open(t *testing.T) *store.Store {
	t.Helper()
	return openIn(t, filepath.Join(t.TempDir(), "data"), &clock{noon})
}

func openIn(t *testing.T, dir string, c *clock) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{Clock: c.Now})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is for calls that give a value and an error: must(t)(s.Run(ctx, 1)).
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// withSetup saves a setup with one approved revision, as each run needs.
func withSetup(t *testing.T, s *store.Store, id setup.SetupID) engine.Revision {
	t.Helper()
	check(t, s.SaveSetup(t.Context(), engine.Setup{ID: id}))
	r, err := s.Approve(t.Context(), engine.Revision{Setup: id, Answers: &setup.Answers{Setup: id}}, engine.Audit{Action: "approved"})
	check(t, err)
	return r
}

func withRun(t *testing.T, s *store.Store, id setup.SetupID) engine.Run {
	t.Helper()
	rev := withSetup(t, s, id)
	r, err := s.CreateRun(t.Context(), engine.Run{Setup: id, Revision: rev.Number}, engine.Audit{Action: "requested"})
	check(t, err)
	return r
}

// complete fails for a value with an empty field, so that a field that the
// domain gets later is not forgotten by the store.
func complete[T any](t *testing.T, v T) T {
	t.Helper()
	fields := reflect.ValueOf(v)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("%T.%s is empty: the test does not show that it is stored", v, fields.Type().Field(i).Name)
		}
	}
	return v
}

// history is the actions of the history, oldest first.
func history(t *testing.T, s *store.Store, of setup.SetupID) []string {
	t.Helper()
	entries, err := s.AuditLog(context.Background(), of, 0, 0)
	check(t, err)
	var actions []string
	for i := len(entries) - 1; i >= 0; i-- {
		actions = append(actions, entries[i].Action)
	}
	return actions
}

func tunnelKey(name string) setup.Key {
	return setup.Key{Kind: setup.KindTunnel, Scope: "account", Name: name}
}

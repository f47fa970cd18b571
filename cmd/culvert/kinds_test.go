package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// TestEveryKindIsMadeAndSeen applies the example, with what it leaves out, on the
// rehearsal and looks at it again: every kind has a planner that asks for it, a Port that makes and
// shows it, and a codec that keeps it.
func TestEveryKindIsMadeAndSeen(t *testing.T) {
	s := alerted(t).applied()
	var log bytes.Buffer
	w, err := openWorkspace(t.Context(), &settings{data: s.data, stderr: &log}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	w.cloud.Use(secret.New(w.journey.Practice))
	seen, wanted := observed(t.Context(), t, w)
	for kind := range wanted {
		if len(seen[kind]) == 0 {
			t.Errorf("nothing of kind %s is seen", kind)
		}
		for _, state := range seen[kind] {
			text, err := setup.EncodeState(state)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := setup.DecodeState(text); err != nil || !setup.Same(state, back) {
				t.Errorf("%s: %+v is kept as %+v (%v)", kind, state, back, err)
			}
		}
	}
}

// observed gives what the three Ports show of everything that was approved, and
// which kinds that asks for.
func observed(ctx context.Context, t *testing.T, w *workspace) (seen map[setup.Kind][]setup.State, wanted map[setup.Kind]bool) {
	t.Helper()
	approved, err := w.store.Approved(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen, wanted = map[setup.Kind][]setup.State{}, map[setup.Kind]bool{}
	for id, revision := range approved {
		wants, contradictions := setup.Merge(id, revision.Answers, nil)
		if len(contradictions) > 0 {
			t.Errorf("the answers contradict each other: %v", contradictions)
		}
		for key := range wants {
			wanted[key.Kind] = true
		}
		for _, port := range []setup.Port{w.engine.Ports.Cloud, w.engine.Ports.Docker, w.engine.Ports.Files} {
			world, err := port.Observe(ctx, revision.Answers.View())
			if err != nil {
				t.Fatal(err)
			}
			if len(world.Unread) > 0 {
				t.Errorf("not read: %v", world.Unread)
			}
			for _, o := range world.Objects {
				seen[o.State.Kind()] = append(seen[o.State.Kind()], o.State)
			}
		}
	}
	return seen, wanted
}

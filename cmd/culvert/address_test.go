package main

import (
	"io"
	"testing"
	"time"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const moved = "address-changed"

// The private name leads to an address, so the container there must keep it:
// the TLS front, or the app itself.
func TestAContainerThatLeftThePrivateAddressIsFoundAndPutBack(t *testing.T) {
	for name, row := range map[string]struct {
		mode  setup.Mode
		front string
		want  setup.Kind // what the plan says is not as it was
	}{
		"fallback to the front": {setup.ModeFallback, "internal", setup.KindSidecar},
		"fallback to the app":   {setup.ModeFallback, "none", setup.KindAttachment},
		"hostname to the front": {setup.ModeHostname, "internal", setup.KindSidecar},
		"hostname to the app":   {setup.ModeHostname, "none", setup.KindAttachment},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inPrivate(t)
			j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, file: wayIn(t, row.mode)}
			j.file.Inside.Front = row.front
			w.must(j.resolve(w.ctx))
			w.apply(j, j.answers)
			w.leaves(j, row.want)
			w.must(w.world.Mend(moved))
			w.sound(j)
			w.leaves(j, row.want)
			w.must(j.repair(w.ctx, nil, true))
			w.sound(j)
			w.must(w.world.Mend(moved)) // takes nothing away from what was repaired
			w.sound(j)
		})
	}
}

// inPrivate is a rehearsal in which the private ways in are offered.
func inPrivate(t *testing.T) walker {
	t.Helper()
	space, world := openPractice(t.Context(), t, t.TempDir(), time.Now)
	space.world = world
	t.Cleanup(func() {
		if err := space.Close(); err != nil {
			t.Error(err)
		}
	})
	space.journey.Modes = []setup.Mode{setup.ModePublic, setup.ModeFallback, setup.ModeHostname}
	return walker{t, space, t.Context()}
}

func (w walker) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// leaves has the container leave its address: both the plan and the status say so.
func (w walker) leaves(j *job, want setup.Kind) {
	w.Helper()
	w.must(w.world.Break(moved))
	changes, findings := w.wrong(j)
	if len(changes) != 1 || changes[0].Key.Kind != want || changes[0].Verb != setup.Update {
		w.Errorf("the plan changes %v, want one %s", changes, want)
	}
	if len(findings) != 1 || len(findings[0].Keys) != 1 || findings[0].Keys[0].Kind != want {
		w.Errorf("the status tells %+v, want one finding about a %s", findings, want)
	}
}

// sound is whatever nothing is wrong with.
func (w walker) sound(j *job) {
	w.Helper()
	if changes, findings := w.wrong(j); len(changes)+len(findings) > 0 {
		w.Errorf("the plan changes %v, the status tells %+v", changes, findings)
	}
}

// wrong is what the plan would change, and what the status tells.
func (w walker) wrong(j *job) ([]setup.Change, []setup.Finding) {
	w.Helper()
	w.cloud.Use(secret.New(w.journey.Practice)) // a client that still has calls to make at once
	p, err := w.engine.Plan(w.ctx, j.id, j.answers)
	w.must(err)
	report, err := j.examine(w.ctx)
	w.must(err)
	return p.Plan.Changes, report.Condition.Findings
}

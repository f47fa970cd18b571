package main

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/diagnosis"
	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
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
			j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(t, row.mode)}
			w.behind(j, row.front)
			w.must(j.resolve(w.ctx))
			w.apply(j, j.answers)
			w.leaves(j, row.want)
			w.must(w.world.Mend(moved))
			w.sound(j)
			w.leaves(j, row.want)
			w.must(j.repair(w.ctx, repairing{Yes: true}))
			w.sound(j)
			w.must(w.world.Mend(moved)) // takes nothing away from what was repaired
			w.sound(j)
		})
	}
}

// Docker gives an app in its own network another address whenever it is made
// anew, so also while it is set up.
func TestAnAppInItsOwnNetworkIsFollowed(t *testing.T) {
	t.Parallel()
	var later time.Duration // so that the account has calls left
	w := inPrivateOf(t, rehearsal.Options{Clock: func() time.Time { return time.Now().Add(later) }})
	j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(t, setup.ModeFallback)}
	w.behind(j, followed)
	w.must(j.resolve(w.ctx))
	before := w.stands(j.answers.View())
	w.apply(j, j.answers)
	w.sound(j)
	if p, _ := w.engine.Last(j.id); j.answers.Private.Address != "" || p.Answers.Private.Address == "" || p.Answers.Private.Within != "192.0.2.0/24" {
		t.Errorf("answered %+v, now %+v", j.answers.Private, p.Answers.Private)
	}
	for range 2 {
		later += 10 * time.Minute
		w.must(w.world.Break(moved))
		changes, findings := w.wrong(j)
		for _, c := range changes {
			if !c.Follows {
				t.Errorf("it would change %s", c)
			}
		}
		if len(findings) != 1 || findings[0].Class != setup.ClassAppReaddressed || !findings[0].Repairable() {
			t.Errorf("the status tells %+v", findings)
		}
		w.must(j.repair(w.ctx, repairing{Yes: true}))
		w.sound(j)
		w.must(w.world.Mend(moved)) // makes it anew again
		w.must(j.repair(w.ctx, repairing{Yes: true}))
		w.sound(j)
	}
	w.world.Docker.SetRunning(docker.Service, false)
	changes, _ := w.wrong(j)
	for _, c := range changes {
		if c.Follows || c.Drop {
			t.Errorf("of an app that does not run the plan changes %s", c)
		}
	}
	w.world.Docker.SetRunning(docker.Service, true)
	w.must(j.repair(w.ctx, repairing{Yes: true}))
	w.sound(j)
	view := j.answers.View()
	w.apply(j, nil)
	if diff := cmp.Diff(before, w.stands(view)); diff != "" {
		t.Errorf("after taking everything down (-before +after):\n%s", diff)
	}
}

// inPrivate is a rehearsal.
func inPrivate(t *testing.T) walker {
	t.Helper()
	return inPrivateOf(t, rehearsal.Options{Clock: time.Now})
}

// inPrivateOf is one with a clock of its own, or in an account that answers some
// unsure things otherwise.
func inPrivateOf(t *testing.T, o rehearsal.Options) walker {
	t.Helper()
	space, world := openPracticeOf(t.Context(), t, t.TempDir(), o)
	space.world = world
	t.Cleanup(func() {
		if err := space.Close(); err != nil {
			t.Error(err)
		}
	})
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

// From the event of the Docker host that tells of another address to the proof
// that it is put right, by what repairs itself where that was chosen.
func TestAnAddressThatChangedIsSeenPutRightAndProvenWithinThreeSeconds(t *testing.T) {
	for name, front := range map[string]string{"of the app": "none", "of the front": "internal", "of an app that is followed": followed} {
		t.Run(name, func(t *testing.T) {
			w := inPrivate(t)
			j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(t, setup.ModeFallback)}
			w.behind(j, front)
			w.must(j.resolve(w.ctx))
			w.apply(j, j.answers)
			w.cloud.Use(secret.New(w.journey.Practice))
			w.world.Cloud.Inject(sim.Fault{Delay: latency})
			bad, err := w.journey.SaveAutomatic(w.ctx, j.id, []setup.Automatic{{Class: setup.ClassAppReaddressed, PerHour: 3}}, "ana")
			if err != nil || len(bad) > 0 {
				t.Fatal(err, bad)
			}
			w.watches()
			w.until("all is well", func() bool { return w.standsWell(j.id) })

			began := time.Now()
			w.must(w.world.Break(moved))
			w.until("it is put right and proven", func() bool {
				runs, err := w.store.Runs(w.ctx, j.id, 1)
				w.must(err)
				return runs[0].Actor == watch.ActorAlone && runs[0].State.Over()
			})
			took := time.Since(began)
			t.Logf("from the event to the proof: %s", took.Round(time.Millisecond))
			if took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			w.until("all is well again", func() bool { return w.standsWell(j.id) })
			ended, err := w.store.Incidents(w.ctx, j.id, 0, 1)
			if err != nil || len(ended) != 1 || ended[0].Standing() || ended[0].Finding.Class != setup.ClassAppReaddressed {
				t.Errorf("the incidents are %+v (%v)", ended, err)
			}
		})
	}
}

// watches has the runs and the watcher work until the test ends.
func (w walker) watches() {
	w.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	var work errgroup.Group
	work.Go(func() error { return w.engine.Serve(ctx) })
	work.Go(func() error { return w.watcher.Serve(ctx) })
	w.Cleanup(func() {
		stop()
		if err := work.Wait(); err != nil {
			w.Error(err)
		}
	})
}

func (w walker) standsWell(id setup.SetupID) bool {
	r, known := w.watcher.Report(id)
	return known && r.Condition.Light == diagnosis.Good
}

// until waits for what the workers bring about.
func (w walker) until(what string, is func() bool) {
	w.Helper()
	patience := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-patience:
			r, _ := w.watcher.Report("open-chat-studio")
			w.Fatalf("waited for this in vain: %s\nit says: %s %+v", what, r.Condition.Sentence, r.Condition.Findings)
		}
	}
}

// followed is a choice of behind: no front, and the app keeps to its own network.
const followed = "none, and followed"

// behind has the private name lead to a front, or without one to an app where
// people can log in without TLS.
func (w walker) behind(j *job, front string) {
	w.Helper()
	j.file.Inside.Front, j.file.Inside.Follow = front, front == followed
	if front == followed {
		j.file.Inside.Front = "none"
	}
	if j.file.Inside.Front == "none" {
		w.world.Docker.SetEnv(docker.Service, "DJANGO_SETTINGS_MODULE", "config.settings")
	}
}

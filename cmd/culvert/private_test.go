package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// wayIn is the example with another way in for the team.
func wayIn(t *testing.T, mode setup.Mode) config.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "open-chat-studio", "culvert.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if mode.Private() {
		text = fmt.Appendf(text, "\nmode: %s\nprivate:\n  name: ocs.your-org\n  front: internal\n  icmp: true\n", mode)
	}
	file, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// walker changes one rehearsal from one way in to the next.
type walker struct {
	*testing.T
	*workspace
	ctx context.Context
}

func (w walker) job(mode setup.Mode) *job {
	w.Helper()
	j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(w.T, mode)}
	if err := j.resolve(w.ctx); err != nil {
		w.Fatal(err)
	}
	return j
}

// apply makes answers so, or takes everything down, and looks again: nothing is
// left to do.
func (w walker) apply(j *job, answers *setup.Answers) {
	w.Helper()
	j.answers = answers
	p, err := w.engine.Plan(w.ctx, j.id, answers)
	if err != nil {
		w.Fatal(err)
	}
	if err := j.agreeAndRun(w.ctx, p, agreement{yes: true}); err != nil {
		w.Fatal(err)
	}
	again, err := w.engine.Plan(w.ctx, j.id, answers)
	if err != nil || !again.Plan.Empty() {
		w.Fatalf("not done: %v\n%s", err, again.Plan)
	}
	if answers == nil || answers.Mode != setup.ModeFallback {
		return
	}
	if v := again.Answers.Carried(again.World, again.Ledger, time.Now()); !v.OK || strings.Count(strings.Join(v.Excerpt, " "), "as Cloudflare says") != 2 {
		w.Errorf("Cloudflare was not asked which route it takes: %+v", v)
	}
}

// stands tells everything that there is of what the setups touch, but for the
// published port, which stays closed.
func (w walker) stands(v setup.View) []string {
	w.Helper()
	var all []string
	for _, port := range []setup.Port{w.cloud, w.docker, w.disk} {
		seen, err := port.Observe(w.ctx, v)
		if err != nil || len(seen.Unread) > 0 {
			w.Fatalf("%v, unread %v", err, seen.Unread)
		}
		for _, o := range seen.Objects {
			text, err := setup.EncodeState(o.State)
			if err != nil {
				w.Fatal(err)
			}
			if k := o.State.Kind(); k != setup.KindPublished && k != setup.KindComposePort {
				all = append(all, o.Scope+" "+string(text))
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestTheWaysInFollowEachOtherAndLeaveNothingBehind(t *testing.T) {
	ctx := t.Context()
	var later time.Duration // so that the account has calls left
	space, _ := openPractice(ctx, t, t.TempDir(), func() time.Time { return time.Now().Add(later) })
	t.Cleanup(func() {
		if err := space.Close(); err != nil {
			t.Error(err)
		}
	})
	space.cloud.Use(secret.New(space.journey.Practice))
	w := walker{t, space, ctx}
	view := w.job(setup.ModeFallback).answers.View().Join(w.job(setup.ModeHostname).answers.View())
	before := w.stands(view)
	for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname, setup.ModePublic, setup.ModeFallback, setup.ModePublic, setup.ModeHostname} {
		j := w.job(mode)
		w.apply(j, j.answers)
		w.holds(mode)
		t.Logf("%s: %d calls so far", mode, space.cloud.Calls())
		later += 10 * time.Minute
	}
	j := w.job(setup.ModeHostname)
	w.apply(j, nil)
	if diff := cmp.Diff(before, w.stands(view)); diff != "" {
		t.Errorf("after taking everything down (-before +after):\n%s", diff)
	}
}

// holds checks that the ledger knows what a way in needs, and no more.
func (w walker) holds(mode setup.Mode) {
	w.Helper()
	l, err := w.store.Ledger(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	have := map[setup.Kind]bool{}
	for k := range l.Records {
		have[k.Kind] = true
		if k.Kind.Private() && mode == setup.ModePublic {
			w.Errorf("%s is left of another way in", k)
		}
	}
	for kind, wanted := range map[setup.Kind]bool{
		setup.KindRoute: mode == setup.ModeFallback, setup.KindHostnameRoute: mode == setup.ModeHostname, setup.KindFrontConfig: mode.Private(),
		setup.KindCertificate: mode.Private(), setup.KindPrivateNetwork: mode.Private(), setup.KindICMPProxy: mode.Private(),
		setup.KindFallback: mode.Private(), setup.KindEnrolment: mode.Private(), setup.KindSplitTunnel: mode.Private(),
	} {
		if have[kind] != wanted {
			w.Errorf("%s: a record of %s is %v, want %v", mode, kind, have[kind], wanted)
		}
	}
}

package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/setup"
)

func exampleFile(t *testing.T) config.File {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	f, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A process is killed at every single change that it makes to the account, to
// Docker and to the files: right before it, and the next one right after the
// change took effect. The third one finishes the run, and nothing exists twice.
func TestKilledAtAnyChangeTheRunIsFinishedWithoutDuplicates(t *testing.T) {
	for from, half := range []string{"odd", "even"} {
		t.Run(half, func(t *testing.T) {
			t.Parallel()
			n := from + 1
			for newPatient(t).killedAt(n) {
				n += 2
			}
			if n < 18 {
				t.Errorf("both runs were over after %d changes: that cannot be all", n-1)
			}
		})
	}
}

// killedAt sets everything up and takes it down, and kills processes at the n-th
// change. It says whether there was any.
func (p *patient) killedAt(n int) bool {
	p.Helper()
	up := p.survive(p.request(p.want), &mortal{at: n, how: before}, &mortal{at: 1, how: after})
	p.wantWhole(fmt.Sprintf("setting up, killed at change %d, %q", n, up))
	down := p.survive(p.request(nil), &mortal{at: n, how: before}, &mortal{at: 1, how: after})
	p.wantBare(fmt.Sprintf("taking down, killed at change %d, %q", n, down))
	return len(up)+len(down) > 0
}

// A process that is killed again and again, each time a little later, gets
// there all the same.
func TestKilledAtEveryLookTheRunIsFinishedWithoutDuplicates(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	lives := func() (all []*mortal) {
		for n := 1; n <= 25; n++ {
			all = append(all, &mortal{at: n, how: looking})
		}
		return all
	}
	up := p.survive(p.request(p.want), lives()...)
	p.wantWhole(fmt.Sprintf("setting up, killed %d times at a look", len(up)))
	down := p.survive(p.request(nil), lives()...)
	p.wantBare(fmt.Sprintf("taking down, killed %d times at a look", len(down)))
	if len(up) < 4 || len(down) < 4 {
		t.Errorf("the processes were killed at %q and %q only", up, down)
	}
}

func (p *patient) wantWhole(when string) {
	p.Helper()
	if got := counts(p.world.account()); got != whole {
		p.Errorf("%s: the account holds %s, want %s", when, got, whole)
	}
	p.wantNoIntents(when)
}

func (p *patient) wantBare(when string) {
	p.Helper()
	if got := counts(p.world.account()); got != bare {
		p.Errorf("%s: the account holds %s, want %s", when, got, bare)
	}
	p.wantNoIntents(when)
	ledger, err := p.store.Ledger(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	for k, r := range ledger.Records {
		p.Errorf("%s: the ledger still holds %s: %+v", when, k, r)
	}
}

func (p *patient) wantNoIntents(when string) {
	p.Helper()
	ledger, err := p.store.Ledger(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	for k, r := range ledger.Records {
		if r.Intent != nil {
			p.Errorf("%s: nobody knows how %s ended", when, k)
		}
	}
	runs, err := p.store.Runs(p.Context(), p.id, 1)
	if err != nil {
		p.Fatal(err)
	}
	changes, err := p.store.RunChanges(p.Context(), runs[0].ID)
	if err != nil {
		p.Fatal(err)
	}
	for _, c := range changes {
		if c.State == setup.ChangeRunning {
			p.Errorf("%s: %s is said to be under way for ever", when, c.Title)
		}
	}
}

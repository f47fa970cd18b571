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

// A process is killed at every single call that it makes to the account, to
// Docker and to the files, before the call and after its effect. The next one
// finishes the run, and nothing exists twice.
func TestKilledAtAnyCallTheRunIsFinishedWithoutDuplicates(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(map[bool]string{false: "before the call", true: "after its effect"}[after], func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			for n, ended := 1, 0; ended < 2; n++ {
				ended = 0
				if at := p.survive(p.request(p.want), n, after); at == "" {
					ended++
				} else {
					p.wantWhole(fmt.Sprintf("setting up, killed at call %d, %s", n, at))
				}
				if at := p.survive(p.request(nil), n, after); at == "" {
					ended++
				} else {
					p.wantBare(fmt.Sprintf("taking down, killed at call %d, %s", n, at))
				}
				if n > 200 {
					t.Fatal("a run that makes more than 200 calls never ends")
				}
				if ended == 2 && n < 30 {
					t.Errorf("both runs were over after %d calls: that cannot be all", n)
				}
			}
		})
	}
}

func (p *patient) wantWhole(when string) {
	p.Helper()
	if got := counts(p.world.account()); got != whole {
		p.Errorf("%s: the account holds %s, want %s", when, got, whole)
	}
	plan, err := p.engine.Plan(p.Context(), p.id, p.want)
	if err != nil {
		p.Fatal(err)
	}
	if !plan.Plan.Empty() {
		p.Errorf("%s: something is left:\n%s", when, plan.Plan)
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

package main

import (
	"fmt"
	"math/bits"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// accountOwned is one more thing that differs between accounts: whom the token
// belongs to. Only account-owned ones meet some of the unsure answers.
const accountOwned = "account-owned token"

// Where nobody knows how Cloudflare answers, any two answers meet in some row,
// and in each the whole way is gone: everything is set up, nothing is left to
// do, everything is proven, and everything goes again.
func TestTheWholeWayHoldsWhateverIsUnsure(t *testing.T) {
	t.Parallel()
	names := append(sim.UnsureNames(), accountOwned)
	for i, row := range covering(len(names)) {
		t.Run(fmt.Sprintf("row %d", i+1), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.unsure = unsureOf(names, row)
			if row[len(names)-1] {
				s.withOwnToken()
			}
			t.Logf("%+v, %s: %v", s.unsure, accountOwned, row[len(names)-1])
			s.wholeWay()
		})
	}
}

// unsureOf are the switches of a row.
func unsureOf(names []string, row []bool) (u sim.Unsure) {
	for at, name := range names {
		if name != accountOwned {
			reflect.ValueOf(&u).Elem().FieldByName(name).SetBool(row[at])
		}
	}
	return u
}

// The same for the ways in by a private name, which meet most of the answers
// that nobody knows.
func TestThePrivateWaysHoldWhateverIsUnsure(t *testing.T) {
	t.Parallel()
	names := sim.UnsureNames()
	for i, row := range covering(len(names)) {
		for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname} {
			t.Run(fmt.Sprintf("row %d, %s", i+1, mode), func(t *testing.T) {
				t.Parallel()
				w := inPrivateOf(t, rehearsal.Options{Clock: time.Now, Unsure: unsureOf(names, row)})
				w.cloud.Use(secret.New(w.journey.Practice))
				j := w.job(mode)
				view := j.answers.View()
				before := w.stands(view)
				w.apply(j, j.answers)
				w.sound(j)
				w.apply(j, nil)
				if diff := cmp.Diff(before, w.stands(view)); diff != "" {
					t.Errorf("after taking everything down (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func (s *shop) wholeWay() {
	s.Helper()
	s.must("apply", "--yes")
	if r := s.must("plan"); r.out != "nothing to do\n" {
		s.Errorf("after apply the plan says:\n%s", r.out)
	}
	if r := s.must("verify"); !strings.Contains(r.out, "proofs hold.") {
		s.Errorf("verify says:\n%s", r.out)
	}
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		if got := counts(w.account()); got != bare {
			s.Errorf("the account holds %s, want %s", got, bare)
		}
	})
}

// withOwnToken leaves the account one token, of its own. Where it may not list
// accounts the file has to name the one.
func (s *shop) withOwnToken() {
	s.Helper()
	s.fresh(func(w *stranger) {
		b := w.Cloud.Basics()
		if !w.Cloud.SetToken(b.Token, "disabled") {
			s.Fatal("there is no token")
		}
		w.Cloud.AddToken(sim.AccountToken, b.AccountID, sim.AllPermissions()...)
		if !s.unsure.AccountTokensListAccounts {
			s.edited(`account: ""`, `account: "`+b.AccountID+`"`)
		}
	})
}

// covering gives rows in which any two of n switches take all four pairs of
// values. Switch by switch the rows below the first, in which all are off, are
// another set of the same size, more than half of them: two such sets differ
// both ways and have a row in common.
func covering(n int) [][]bool {
	below := 1
	for choose(below, below/2+1) < n {
		below++
	}
	rows := make([][]bool, 1+below)
	for i := range rows {
		rows[i] = make([]bool, n)
	}
	column := 0
	for set := range uint(1) << below {
		if column < n && bits.OnesCount(set) == below/2+1 {
			for i := range below {
				rows[1+i][column] = set>>i&1 == 1
			}
			column++
		}
	}
	return rows
}

func choose(n, k int) int {
	all := 1
	for i := 1; i <= k; i++ {
		all = all * (n - k + i) / i
	}
	return all
}

func TestCoveringRowsHoldEveryPair(t *testing.T) {
	for _, n := range []int{2, 3, 12, 13, 25} {
		rows := covering(n)
		for a := range n {
			for b := range a {
				pairs := map[[2]bool]bool{}
				for _, row := range rows {
					pairs[[2]bool{row[a], row[b]}] = true
				}
				if len(pairs) != 4 {
					t.Errorf("of %d switches, %d and %d meet as %v only", n, a, b, pairs)
				}
			}
		}
		if n == 13 && len(rows) != 7 {
			t.Errorf("13 switches take %d rows, want 7", len(rows))
		}
	}
}

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/store"
)

func TestOfTwoRunsAtOnceOneIsBusy(t *testing.T) {
	s := open(t)
	rev := withSetup(t, s, "ocs")
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			_, errs[i] = s.CreateRun(t.Context(), engine.Run{Setup: "ocs", Revision: rev.Number}, engine.Audit{Action: "requested"})
		})
	}
	all.Wait()
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
		} else if !errors.Is(err, engine.ErrBusy) {
			t.Errorf("err = %v, want ErrBusy", err)
		}
	}
	if created != 1 {
		t.Errorf("%d runs were created", created)
	}
	same(t, history(t, s, "ocs"), []string{"approved", "requested"})
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	s := open(t)
	const writers, each = 8, 20
	var all sync.WaitGroup
	for w := range writers {
		id := setup.SetupID(fmt.Sprint("setup-", w))
		all.Go(func() {
			if err := s.SaveSetup(t.Context(), engine.Setup{ID: id}); err != nil {
				t.Error(err)
			}
			for range each {
				if _, err := s.Approve(t.Context(), engine.Revision{Setup: id}, engine.Audit{Action: "approved"}); err != nil {
					t.Error(err)
				}
				if _, err := s.Approved(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for id, r := range must[map[setup.SetupID]engine.Revision](t)(s.Approved(t.Context())) {
		if r.Number != each {
			t.Errorf("%s is at revision %d, want %d", id, r.Number, each)
		}
	}
	if n := len(history(t, s, "")); n != writers*each {
		t.Errorf("the history has %d entries, want %d", n, writers*each)
	}
}

func TestAFailureLeavesNothingHalf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openIn(t, dir, &clock{noon})
	run := withRun(t, s, "ocs")
	check(t, s.SaveSetup(t.Context(), engine.Setup{ID: "fresh"}))
	before := snapshot(t, s)
	refuseAudits(t, dir)

	ended := run
	ended.State = engine.RunFailed
	_, approve := s.Approve(t.Context(), engine.Revision{Setup: "ocs"}, engine.Audit{Action: "poison"})
	_, create := s.CreateRun(t.Context(), engine.Run{Setup: "ocs", Revision: 1, State: engine.RunSucceeded}, engine.Audit{Action: "poison"})
	for name, err := range map[string]error{
		"Approve": approve, "CreateRun": create,
		"SaveRun": s.SaveRun(t.Context(), ended, []engine.Audit{{Action: "fine"}, {Action: "poison"}}),
		"SaveRecords": s.SaveRecords(t.Context(), []engine.RecordChange{{Key: tunnelKey("a"), Record: &setup.Record{}}},
			[]engine.Audit{{Action: "fine"}, {Action: "poison"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), "poisoned") {
			t.Errorf("%s: err = %v, want the failure", name, err)
		}
	}
	same(t, snapshot(t, s), before)
}

// refuseAudits makes the last statement of a transaction fail.
func refuseAudits(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "culvert.db")+"?_busy_timeout=5000")
	check(t, err)
	_, err = db.Exec(`CREATE TRIGGER poison BEFORE INSERT ON audit WHEN NEW.action = 'poison'
		BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
	check(t, errors.Join(err, db.Close()))
}

func snapshot(t *testing.T, s *store.Store) map[string]any {
	t.Helper()
	return map[string]any{
		"approved": must[map[setup.SetupID]engine.Revision](t)(s.Approved(t.Context())),
		"runs":     must[[]engine.Run](t)(s.Runs(t.Context(), "", 0)),
		"ledger":   must[setup.Ledger](t)(s.Ledger(t.Context())),
		"history":  history(t, s, ""),
	}
}

func TestACancelledCallLeavesTheWriterFree(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.PutValue(ctx, "a", "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want Canceled", err)
	}
	check(t, s.PutValue(t.Context(), "a", "c"))
	same(t, must[string](t)(s.Value(t.Context(), "a")), "c")
}

func TestEverythingIsThereAfterOpeningAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd name?#%20&x=y")
	s, err := store.Open(t.Context(), dir, store.Options{})
	check(t, err)
	run := withRun(t, s, "ocs")
	check(t, s.PutSecret(t.Context(), "token", secret.New("abc")))
	install := must[string](t)(s.Install(t.Context()))
	check(t, s.Close())
	beside, err := os.ReadDir(filepath.Dir(dir))
	check(t, err)
	if len(beside) != 1 {
		t.Errorf("an odd name of the directory put files beside it: %v", beside)
	}

	s = openIn(t, dir, &clock{noon})
	same(t, must[engine.Run](t)(s.Run(t.Context(), run.ID)), run)
	same(t, must[string](t)(s.Install(t.Context())), install)
	same(t, must[secret.Text](t)(s.Secret(t.Context(), "token")).Reveal(), "abc")
	if mark, _ := setup.FindMark(setup.WithMark("ocs", setup.Mark(install, tunnelKey("a")))); !regexp.MustCompile(`^culvert-[0-9a-z]{10}-`).MatchString(mark) {
		t.Errorf("a mark made of the install id %q is read back as %q", install, mark)
	}
}

package store_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func TestASetupComesBackAsItWasSaved(t *testing.T) {
	s := open(t)
	_, err := s.Setup(t.Context(), "ocs")
	if !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("before: err = %v, want ErrNotFound", err)
	}
	zurich := time.FixedZone("CET", 3600)
	want := engine.Setup{ID: "ocs", Created: noon.In(zurich), Draft: json.RawMessage(`{ "host": "<a&b>" }`), Before: json.RawMessage(`[]`)}
	check(t, s.SaveSetup(t.Context(), want))
	want.Created = noon
	same(t, must[engine.Setup](t)(s.Setup(t.Context(), "ocs")), want)

	changed := engine.Setup{ID: "ocs", Created: noon.Add(time.Hour), Draft: json.RawMessage(`{broken`),
		Before: json.RawMessage(`{}`), Closed: true}
	check(t, s.SaveSetup(t.Context(), complete(t, changed)))
	changed.Created = noon // stays
	same(t, must[engine.Setup](t)(s.Setup(t.Context(), "ocs")), changed)

	check(t, s.SaveSetup(t.Context(), engine.Setup{ID: "a", Created: noon.Add(time.Minute)}))
	all := must[[]engine.Setup](t)(s.Setups(t.Context()))
	if len(all) != 2 || all[0].ID != "ocs" || all[1].ID != "a" {
		t.Errorf("setups = %v, want the older one first", all)
	}
}

func TestRevisionsAreNumberedPerSetup(t *testing.T) {
	s := open(t)
	check(t, s.SaveSetup(t.Context(), engine.Setup{ID: "ocs"}))
	answers := &setup.Answers{Setup: "ocs", Hostname: "chat.example.com", Team: setup.Team{Emails: []string{"a@example.com"}}}
	first, err := s.Approve(t.Context(), engine.Revision{Setup: "ocs", Number: 77, Actor: "operator", Answers: answers},
		engine.Audit{Action: "approved", Text: "first"})
	check(t, err)
	same(t, first, complete(t, engine.Revision{Setup: "ocs", Number: 1, At: noon, Actor: "operator", Answers: answers}))
	second, err := s.Approve(t.Context(), engine.Revision{Setup: "ocs", At: noon.Add(time.Second)}, engine.Audit{Action: "closed"})
	check(t, err)
	other := withSetup(t, s, "other")

	same(t, must[[]engine.Revision](t)(s.Revisions(t.Context(), "ocs")), []engine.Revision{second, first})
	same(t, must[map[setup.SetupID]engine.Revision](t)(s.Approved(t.Context())),
		map[setup.SetupID]engine.Revision{"ocs": second, "other": other})
	if second.Answers != nil || second.Number != 2 || other.Number != 1 {
		t.Errorf("second = %+v, other = %+v", second, other)
	}
	same(t, history(t, s, "ocs"), []string{"approved", "closed"})
}

func TestTheLedgerKeepsRecordsWithTheirStates(t *testing.T) {
	s := open(t)
	tunnel := setup.Tunnel{Name: "ocs", Remote: true}
	kept := setup.Record{ID: "t1", Owner: setup.Adopted, By: []setup.SetupID{"ocs"}, Prior: tunnel, Left: tunnel,
		Intent: &setup.Intent{Verb: setup.Delete, From: tunnel, FromID: "t1", Absent: true}}
	gone := setup.Record{ID: "t2", Owner: setup.Created}
	check(t, s.SaveRecords(t.Context(), []engine.RecordChange{{Key: tunnelKey("kept"), Record: &gone}, {Key: tunnelKey("gone"), Record: &gone}}, nil))
	check(t, s.SaveRecords(t.Context(),
		[]engine.RecordChange{{Key: tunnelKey("kept"), Record: &kept}, {Key: tunnelKey("gone")}},
		[]engine.Audit{{Setup: "ocs", Action: "changed"}, {Setup: "ocs", Action: "verified"}}))

	l := must[setup.Ledger](t)(s.Ledger(t.Context()))
	same(t, l.Records, map[setup.Key]setup.Record{tunnelKey("kept"): kept})
	same(t, l.Install, must[string](t)(s.Install(t.Context())))
	same(t, history(t, s, "ocs"), []string{"changed", "verified"})
}

func TestARunIsStoredWithItsRequest(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	rev := withSetup(t, s, "ocs")
	want := engine.Run{Setup: "ocs", Revision: rev.Number, Through: setup.StepSwitch, Approved: []string{"h1", "h2"}, Actor: "operator"}
	got, err := s.CreateRun(t.Context(), want, engine.Audit{Action: "requested", Actor: "operator"})
	check(t, err)
	want.ID, want.State, want.Created = got.ID, engine.RunQueued, noon
	same(t, got, want)
	same(t, must[engine.Run](t)(s.Run(t.Context(), got.ID)), want)

	log := must[[]engine.Audit](t)(s.AuditLog(t.Context(), "ocs", 0, 1))
	if len(log) != 1 || log[0].Run != got.ID || log[0].Setup != "ocs" || log[0].Action != "requested" {
		t.Errorf("history = %+v", log)
	}
}

func TestARunThatEndedMakesRoomForTheNext(t *testing.T) {
	s := open(t)
	rev := withSetup(t, s, "ocs")
	next := engine.Run{Setup: "ocs", Revision: rev.Number, Through: setup.StepSwitch, Approved: []string{"h1"}, Actor: "operator",
		Only: []setup.Key{tunnelKey("ocs")}, Mends: []string{"tunnel-deleted"}}
	r, err := s.CreateRun(t.Context(), next, engine.Audit{Action: "requested"})
	check(t, err)
	if _, err := s.CreateRun(t.Context(), next, engine.Audit{Action: "requested"}); !errors.Is(err, engine.ErrBusy) {
		t.Fatalf("a second run: err = %v, want ErrBusy", err)
	}
	same(t, history(t, s, "ocs"), []string{"approved", "requested"}) // the refused one left nothing

	r.State, r.Note, r.Step = engine.RunFailed, "The token was refused.", setup.StepBuild
	r.Started, r.Ended = noon.Add(time.Second), noon.Add(time.Minute)
	r.Problem = &setup.Problem{Code: setup.CodeDenied, Message: "The token was refused.", RetryAfter: time.Second}
	check(t, s.SaveRun(t.Context(), complete(t, r), []engine.Audit{{Setup: "ocs", Run: r.ID, Action: "failed"}}))
	same(t, must[engine.Run](t)(s.Run(t.Context(), r.ID)), r)

	second, err := s.CreateRun(t.Context(), next, engine.Audit{Action: "requested"})
	check(t, err)
	same(t, must[[]engine.Run](t)(s.Runs(t.Context(), "ocs", 0)), []engine.Run{second, r})
	same(t, must[[]engine.Run](t)(s.Runs(t.Context(), "ocs", 1)), []engine.Run{second})
	same(t, must[map[engine.RunState]int](t)(s.RunCounts(t.Context())), map[engine.RunState]int{engine.RunFailed: 1, engine.RunQueued: 1})
	same(t, history(t, s, "ocs"), []string{"approved", "requested", "failed", "requested"})

	r.State = engine.RunRunning // its place is taken
	if err := s.SaveRun(t.Context(), r, nil); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("a run that comes back: err = %v, want ErrBusy", err)
	}
}

func TestARunIsOpenExactlyWhileItIsNotOver(t *testing.T) {
	s := open(t)
	states := []engine.RunState{engine.RunQueued, engine.RunRunning, engine.RunParked, engine.RunInterrupted,
		engine.RunSucceeded, engine.RunFailed, engine.RunCancelled, engine.RunNeedsApproval}
	r := withRun(t, s, "ocs")
	older := withRun(t, s, "other")
	for _, state := range states {
		r.State = state
		check(t, s.SaveRun(t.Context(), r, nil))
		want := []engine.Run{r, older}
		if state.Over() {
			want = []engine.Run{older}
		}
		same(t, must[[]engine.Run](t)(s.OpenRuns(t.Context())), want)

		_, err := s.CreateRun(t.Context(), engine.Run{Setup: "ocs", Revision: 1, State: engine.RunSucceeded}, engine.Audit{})
		check(t, err) // one that is over is never in the way
		if _, err := s.CreateRun(t.Context(), engine.Run{Setup: "ocs", Revision: 1}, engine.Audit{}); errors.Is(err, engine.ErrBusy) == state.Over() {
			t.Errorf("beside a run that is %s: err = %v", state, err)
		} else if err == nil {
			endOpenRun(t, s, r.ID)
		}
	}
}

// endOpenRun ends the run of "ocs" that is open, other than the given one.
func endOpenRun(t *testing.T, s engine.Store, but int64) {
	t.Helper()
	for _, r := range must[[]engine.Run](t)(s.OpenRuns(t.Context())) {
		if r.Setup == "ocs" && r.ID != but {
			r.State = engine.RunCancelled
			check(t, s.SaveRun(t.Context(), r, nil))
		}
	}
}

func TestWhatBelongsToNothingIsNotFound(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	_, approve := s.Approve(ctx, engine.Revision{Setup: "ghost"}, engine.Audit{})
	_, run := s.Run(ctx, 9)
	_, create := s.CreateRun(ctx, engine.Run{Setup: "ghost", Revision: 1}, engine.Audit{})
	_, value := s.Value(ctx, "ghost")
	_, secret := s.Secret(ctx, "ghost")
	for name, err := range map[string]error{
		"Approve": approve, "Run": run, "CreateRun": create, "Value": value, "Secret": secret,
		"SaveRun":       s.SaveRun(ctx, engine.Run{ID: 9}, nil),
		"SaveRunChange": s.SaveRunChange(ctx, engine.RunChange{Run: 9}),
		"SaveEvidence":  s.SaveEvidence(ctx, "ghost", []setup.Evidence{{}}),
	} {
		if !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s: err = %v, want ErrNotFound", name, err)
		}
	}
}

func TestChangesOfARunStayInTheOrderOfTheirFirstAppearance(t *testing.T) {
	s := open(t)
	r := withRun(t, s, "ocs")
	b := engine.RunChange{Run: r.ID, Key: tunnelKey("b"), Verb: setup.Create, Step: setup.StepBuild, Title: "Make the tunnel",
		State: engine.ChangeRunning, Attempt: 1, Started: noon}
	a := engine.RunChange{Run: r.ID, Key: tunnelKey("a"), Verb: setup.Update, State: engine.ChangeRunning}
	check(t, s.SaveRunChange(t.Context(), b))
	check(t, s.SaveRunChange(t.Context(), a))
	b.State, b.Attempt, b.Ended = engine.ChangeFailed, 2, noon.Add(time.Second)
	b.Problem = &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare did not answer."}
	check(t, s.SaveRunChange(t.Context(), complete(t, b)))
	same(t, must[[]engine.RunChange](t)(s.RunChanges(t.Context(), r.ID)), []engine.RunChange{b, a})
	same(t, must[[]engine.RunChange](t)(s.RunChanges(t.Context(), r.ID+1)), []engine.RunChange(nil))
}

func TestTheHistoryIsReadInPages(t *testing.T) {
	s := open(t)
	full := engine.Audit{At: noon.Add(time.Second), Setup: "ocs", Run: 4, Actor: "operator", Action: "changed",
		Key: tunnelKey("ocs"), Verb: setup.Update, Text: "Renamed the tunnel.",
		Before: setup.Tunnel{Name: "old"}, After: setup.Tunnel{Name: "new"}}
	check(t, s.SaveAudit(t.Context(), full))
	check(t, s.SaveAudit(t.Context(), engine.Audit{Setup: "other", Action: "elsewhere"}))
	check(t, s.SaveAudit(t.Context(), engine.Audit{Setup: "ocs", Action: "verified"}))

	newest := must[[]engine.Audit](t)(s.AuditLog(t.Context(), "ocs", 0, 1))
	if len(newest) != 1 || newest[0].Action != "verified" || !newest[0].At.Equal(noon) {
		t.Fatalf("newest = %+v", newest)
	}
	rest := must[[]engine.Audit](t)(s.AuditLog(t.Context(), "ocs", newest[0].ID, 10))
	full.ID = 1
	same(t, rest, []engine.Audit{complete(t, full)})
	same(t, history(t, s, ""), []string{"changed", "elsewhere", "verified"})
}

func evidence(id string, at time.Time, ok bool) setup.Evidence {
	return setup.Evidence{Check: setup.Check{ID: id}, At: at, Took: time.Second, By: setup.ByApp, Status: 405, OK: ok, Excerpt: []string{"Allow: POST"}}
}

func TestOnlyTheNewestEvidenceOfACheckIsKept(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	newer := evidence("telegram/1", noon.Add(2*time.Second), true)
	check(t, s.SaveEvidence(t.Context(), "ocs", []setup.Evidence{evidence("telegram/1", noon, false), evidence("locked/admin", noon, true)}))
	check(t, s.SaveEvidence(t.Context(), "ocs", []setup.Evidence{newer}))
	check(t, s.SaveEvidence(t.Context(), "ocs", []setup.Evidence{evidence("telegram/1", noon.Add(time.Second), false)})) // late
	same(t, must[[]setup.Evidence](t)(s.Evidence(t.Context(), "ocs")), []setup.Evidence{evidence("locked/admin", noon, true), newer})
	same(t, must[[]setup.Evidence](t)(s.Evidence(t.Context(), "other")), []setup.Evidence(nil))
}

func TestValuesAreReplaced(t *testing.T) {
	s := open(t)
	check(t, s.PutValue(t.Context(), "account", "one"))
	check(t, s.PutValue(t.Context(), "account", "two"))
	same(t, must[string](t)(s.Value(t.Context(), "account")), "two")
}

// A clock that was put back does not leave proof that nothing can replace.
func TestEvidenceOfATimeThatIsNotYetIsReplaced(t *testing.T) {
	c := &clock{noon.Add(time.Hour)}
	s := openIn(t, filepath.Join(t.TempDir(), "data"), c)
	withSetup(t, s, "ocs")
	save := func(at time.Time, ok bool) setup.Evidence {
		t.Helper()
		check(t, s.SaveEvidence(t.Context(), "ocs", []setup.Evidence{evidence("telegram/1", at, ok)}))
		return must[[]setup.Evidence](t)(s.Evidence(t.Context(), "ocs"))[0]
	}
	save(c.now, true)
	c.now = noon
	if v := save(noon, false); v.OK {
		t.Errorf("an hour earlier than the last one what is kept is %+v", v)
	}
	if v := save(noon.Add(-time.Second), true); v.OK {
		t.Errorf("what came late is kept: %+v", v)
	}
}

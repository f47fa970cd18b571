package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/culvert/culvert/setup"
)

// Errors of a Store that the engine tells apart.
var (
	ErrNotFound = errors.New("not found")
	// ErrBusy: the setup has a run that is not over.
	ErrBusy = errors.New("a run is under way")
)

// Setup is one app with what was answered for it so far.
type Setup struct {
	ID      setup.SetupID
	Created time.Time
	// Draft is what the operator typed, form by form, as the config package
	// writes it. It may be incomplete or wrong: nothing typed is lost.
	Draft json.RawMessage
	// Before is what the first look at the server found.
	Before json.RawMessage
	// Closed is set once everything was taken down.
	Closed bool
}

// Revision is one approved state of the answers.
type Revision struct {
	Setup   setup.SetupID
	Number  int
	At      time.Time
	Actor   string
	Answers *setup.Answers // nil: nothing is wanted any more (teardown)
}

// RunState is where a run stands.
//
//	queued → running → succeeded | failed | cancelled | needs-approval
//	           ↕
//	         parked (at a gate)      running → interrupted → running
type RunState string

// States of a run.
const (
	RunQueued        RunState = "queued"
	RunRunning       RunState = "running"
	RunParked        RunState = "parked"
	RunInterrupted   RunState = "interrupted"
	RunSucceeded     RunState = "succeeded"
	RunFailed        RunState = "failed"
	RunCancelled     RunState = "cancelled"
	RunNeedsApproval RunState = "needs-approval"
)

// Over says whether a run in this state will never go on.
func (s RunState) Over() bool {
	switch s {
	case RunSucceeded, RunFailed, RunCancelled, RunNeedsApproval:
		return true
	}
	return false
}

// Run is one execution of an approved plan.
type Run struct {
	ID       int64
	Setup    setup.SetupID
	Revision int
	// Through is the last step that the run carries out.
	Through  setup.Step
	Approved []string // hashes of the changes that were shown
	State    RunState
	Step     setup.Step // where it is
	Note     string     // one sentence for people: what it waits for, why it ended
	Problem  *setup.Problem
	Actor    string
	Created  time.Time
	Started  time.Time // zero: not yet
	Ended    time.Time // zero: not yet
}

// ChangeState is where one change of a run stands.
type ChangeState string

// States of a change within a run.
const (
	ChangeRunning ChangeState = "running"
	ChangeDone    ChangeState = "done"
	ChangeFailed  ChangeState = "failed"
)

// RunChange is the progress of one change, kept for the page and the history.
type RunChange struct {
	Run     int64
	Key     setup.Key
	Verb    setup.Verb
	Step    setup.Step
	Title   string // for people
	State   ChangeState
	Attempt int
	Started time.Time
	Ended   time.Time
	Problem *setup.Problem
}

// Audit is one entry of the history: who did what, with before and after.
type Audit struct {
	ID     int64
	At     time.Time
	Setup  setup.SetupID
	Run    int64 // 0: none
	Actor  string
	Action string // requested, changed, failed, verified, approved, …
	Key    setup.Key
	Verb   setup.Verb
	Text   string // one sentence
	Before setup.State
	After  setup.State
}

// RecordChange is a new state of one record of the ledger; nil removes it.
type RecordChange struct {
	Key    setup.Key
	Record *setup.Record
}

// Store keeps what must survive the process. Each method is one transaction.
type Store interface {
	// Install is the id of this installation, made at first use.
	Install(context.Context) (string, error)

	Setups(context.Context) ([]Setup, error)
	Setup(context.Context, setup.SetupID) (Setup, error) // ErrNotFound
	SaveSetup(context.Context, Setup) error              // insert or replace

	// Approve stores a new revision of the answers and the audit entry with it.
	Approve(context.Context, Revision, Audit) (Revision, error)
	// Approved gives the newest revision of every setup.
	Approved(context.Context) (map[setup.SetupID]Revision, error)
	Revisions(context.Context, setup.SetupID) ([]Revision, error) // newest first

	Ledger(context.Context) (setup.Ledger, error)
	SaveRecords(context.Context, []RecordChange, []Audit) error

	// CreateRun stores a queued run and the audit entry "requested" together.
	// ErrBusy if the setup has a run that is not over.
	CreateRun(context.Context, Run, Audit) (Run, error)
	SaveRun(context.Context, Run, []Audit) error
	Run(context.Context, int64) (Run, error) // ErrNotFound
	Runs(ctx context.Context, of setup.SetupID, limit int) ([]Run, error)
	// OpenRuns are all runs that are not over, oldest first.
	OpenRuns(context.Context) ([]Run, error)

	SaveRunChange(context.Context, RunChange) error // by run and key
	RunChanges(ctx context.Context, run int64) ([]RunChange, error)

	// AuditLog gives entries newest first, before the given id (0: the newest).
	AuditLog(ctx context.Context, of setup.SetupID, before int64, limit int) ([]Audit, error)
	SaveAudit(context.Context, Audit) error

	SaveEvidence(context.Context, setup.SetupID, []setup.Evidence) error // last one per check
	Evidence(context.Context, setup.SetupID) ([]setup.Evidence, error)
}

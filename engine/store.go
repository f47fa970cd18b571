package engine

import (
	"context"
	"errors"

	"github.com/culvert/culvert/setup"
)

// Errors of a Store that the engine tells apart.
var (
	ErrNotFound = errors.New("not found")
	// ErrBusy: the setup has a run that is not over.
	ErrBusy = errors.New("a run is under way")
)

// The domain's own words, used here as they are.
type (
	Setup       = setup.Setup
	Revision    = setup.Revision
	Run         = setup.Run
	RunState    = setup.RunState
	RunChange   = setup.RunChange
	ChangeState = setup.ChangeState
	Audit       = setup.Audit
)

// States of runs and changes.
const (
	RunQueued        = setup.RunQueued
	RunRunning       = setup.RunRunning
	RunParked        = setup.RunParked
	RunInterrupted   = setup.RunInterrupted
	RunSucceeded     = setup.RunSucceeded
	RunFailed        = setup.RunFailed
	RunCancelled     = setup.RunCancelled
	RunNeedsApproval = setup.RunNeedsApproval

	ChangeRunning = setup.ChangeRunning
	ChangeDone    = setup.ChangeDone
	ChangeFailed  = setup.ChangeFailed
)

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

package setup

import (
	"encoding/json"
	"time"
)

// Setup is one app with what was answered for it so far.
type Setup struct {
	ID      SetupID
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
	Setup   SetupID
	Number  int
	At      time.Time
	Actor   string
	Answers *Answers // nil: nothing is wanted any more (teardown)
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

// RunStates lists all states of a run.
func RunStates() []RunState {
	return []RunState{RunQueued, RunRunning, RunParked, RunInterrupted, RunSucceeded, RunFailed, RunCancelled, RunNeedsApproval}
}

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
	Setup    SetupID
	Revision int
	// Through is the last step that the run carries out.
	Through  Step
	Approved []string // hashes of the changes that were shown
	// Only limits the run to some keys; empty: everything. What else is left to
	// do is left alone.
	Only []Key
	// Mends are the ids of the findings that the run is to put right.
	Mends   []string
	State   RunState
	Step    Step   // where it is
	Note    string // one sentence for people: what it waits for, why it ended
	Problem *Problem
	Actor   string
	Created time.Time
	Started time.Time // zero: not yet
	Ended   time.Time // zero: not yet
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
	Key     Key
	Verb    Verb
	Step    Step
	Title   string // for people
	State   ChangeState
	Attempt int
	Started time.Time
	Ended   time.Time
	Problem *Problem
}

// Audit is one entry of the history: who did what, with before and after.
type Audit struct {
	ID     int64
	At     time.Time
	Setup  SetupID
	Run    int64 // 0: none
	Actor  string
	Action string // requested, changed, failed, verified, approved, …
	Key    Key
	Verb   Verb
	Text   string // one sentence
	Before State
	After  State
}

package web

import (
	"strconv"
	"time"

	"github.com/culvert/culvert/setup"
)

// ProgressRow is one change of a run.
type ProgressRow struct {
	Title   string
	Term    string
	Word    string
	Tone    string
	Sign    string
	Took    string
	Problem string
}

func progressRows(changes []setup.RunChange) []ProgressRow {
	rows := make([]ProgressRow, len(changes))
	for i, c := range changes {
		r := ProgressRow{Word: "running", Tone: "busy", Sign: "…"}
		r.Title, r.Term = splitTerm(c.Title)
		switch c.State {
		case setup.ChangeDone:
			r.Word, r.Tone, r.Sign = "done", "good", "✔"
		case setup.ChangeFailed:
			r.Word, r.Tone, r.Sign = "failed", "bad", "✘"
		}
		if c.Attempt > 1 {
			r.Word += ", attempt " + strconv.Itoa(c.Attempt)
		}
		if !c.Started.IsZero() && !c.Ended.IsZero() {
			r.Took = seconds(c.Ended.Sub(c.Started))
		}
		if c.Problem != nil {
			r.Problem = c.Problem.Message
		}
		rows[i] = r
	}
	return rows
}

// runTimes says when a run began and ended, as far as it did.
func runEnd(r setup.Run) time.Time {
	if !r.Ended.IsZero() {
		return r.Ended
	}
	if !r.Started.IsZero() {
		return r.Started
	}
	return r.Created
}

// about says whether a run has to do with the page: it went through the page's
// step, or the page shows runs anyway.
func (v View) showsRun() bool {
	if v.O.Run == nil {
		return false
	}
	switch v.At {
	case PageRun:
		return true
	case PageTeardown:
		return v.O.Run.Through == setup.StepRemove
	}
	return v.step() != "" && (!v.O.Run.State.Over() || v.step() == v.O.Run.Through || v.step() == v.O.Run.Step)
}

package web

import (
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// Breakage is something that can be made to go wrong in the practice.
type Breakage struct {
	ID   string
	Name string
	Does string
	Sees string
	Mend string // how it is put right by hand
	// Broken: it was broken and not put back. Somebody may have repaired it since.
	Broken bool
}

// SentMail is a mail that the made-up Cloudflare sent. It went nowhere.
type SentMail struct {
	At                time.Time
	To, Subject, Text string
}

// BreakView is what can be broken, and what was.
type BreakView struct {
	Frame
	All    []Breakage
	Mails  []SentMail // newest first
	Setups []journey.Summary
	// Note answers the form of the breakage At.
	Note *Note
	At   string
}

// finished are the setups whose status tells what is wrong.
func (v BreakView) finished() (all []setup.SetupID) {
	for _, s := range v.Setups {
		if s.Stands.Finished {
			all = append(all, s.Setup)
		}
	}
	return all
}

func (v BreakView) noteAt(id string) *Note {
	if v.At == id {
		return v.Note
	}
	return nil
}

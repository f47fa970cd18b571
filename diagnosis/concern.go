package diagnosis

import (
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// Concerns says whether what a check from outside sees hangs on what a finding
// is about.
func Concerns(a setup.Answers, f setup.Finding, c setup.Check) bool {
	stop := StopOf(f.Class)
	switch {
	case slices.Contains(f.Checks, c.ID):
		return true
	case !c.Outside():
		return false
	case c.Door == "": // the lock answers whether or not anything is behind it
		return stop == StopEdge || f.Class == setup.ClassLockMissing || f.Class == setup.ClassLockChanged || f.Class == setup.ClassZeroTrustOff
	}
	mine := slices.Contains(f.Doors, c.Door) || slices.ContainsFunc(a.Doors, func(d setup.Door) bool {
		return d.ID == c.Door && slices.Contains(f.Keys, a.DoorKey(d))
	})
	return mine || stop != "" && stop != StopDoors || f.Class == setup.ClassDoorsClosed
}

// Broke is when something broke last that the answer to a check needs: proof
// from before is none any more. Zero: nothing did.
func Broke(a setup.Answers, findings []setup.Finding, c setup.Check) time.Time {
	var at time.Time
	for _, f := range findings {
		wrong := f.Severity == setup.SeverityBroken || f.Severity == setup.SeverityOpen
		if wrong && f.Since.After(at) && Concerns(a, f, c) {
			at = f.Since
		}
	}
	return at
}

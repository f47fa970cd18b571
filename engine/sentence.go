package engine

import (
	"fmt"
	"time"

	"github.com/culvert/culvert/setup"
)

func requestText(r Request) string {
	if r.Answers == nil {
		return fmt.Sprintf("Asked to take down %s.", r.Setup)
	}
	if len(r.Only) > 0 {
		return fmt.Sprintf("Asked to put right what is wrong. Changes agreed to: %d.", len(r.Hashes))
	}
	return fmt.Sprintf("Asked to apply %d changes, through the step “%s”.", len(r.Hashes), r.Through)
}

func approveText(r Request) string {
	if r.Answers == nil {
		return "Decided to take everything down."
	}
	if r.Decision != "" {
		return "Decided to " + r.Decision + "."
	}
	return fmt.Sprintf("Decided how %s shall be reached.", r.Answers.Hostname)
}

func noteText(c setup.Change) string {
	if c.Verb == setup.Release {
		return fmt.Sprintf("Left alone: %s (%s).", setup.Title(c), c.Cause)
	}
	return fmt.Sprintf("Found: %s (%s).", setup.Title(c), c.Cause)
}

func outcomeAction(o setup.Outcome) string {
	if o.Err != nil {
		return "failed"
	}
	return "changed"
}

func outcomeText(c setup.Change, o setup.Outcome) string {
	if o.Err != nil {
		return fmt.Sprintf("Could not %s: %s. %s", c.Verb, setup.Title(c), o.Err.Message)
	}
	text := fmt.Sprintf("%s: %s (%s).", doneText(c.Verb), setup.Title(c), c.Cause)
	if o.Downtime > 0 {
		text += fmt.Sprintf(" It did not answer for %s.", o.Downtime.Round(100*time.Millisecond))
	}
	return text
}

func doneText(v setup.Verb) string {
	switch v {
	case setup.Create:
		return "Created"
	case setup.Delete:
		return "Deleted"
	}
	return "Changed"
}

// lateText is about a change whose outcome was seen only when the next look was
// taken.
func lateText(k setup.Key, i setup.Intent) string {
	return fmt.Sprintf("%s: %s (its answer was lost; a look showed that it is done).", doneText(i.Verb), setup.Title(asChange(k, i)))
}

func endText(e ending) string {
	if e.note == "" {
		return string(e.state)
	}
	return e.note
}

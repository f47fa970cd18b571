package diagnosis

import (
	"fmt"

	"github.com/culvert/culvert/setup"
)

// alert: Cloudflare no longer mails anybody when this whole server is gone, or
// never did.
func (x *examination) alert() {
	key := x.Answers.AlertKey()
	changes := x.takeChanges(ofKey(key))
	r := report{class: setup.ClassAlert, severity: setup.SeverityRisk,
		title:  "If this server dies, nobody is told.",
		effect: "Everything works. But if nothing is connected to the tunnel any more, no mail tells it.",
		ifNot:  "If the server is gone, you learn it from those who write in vain."}
	switch {
	case len(changes) == 0:
		if changes = x.neverMade(key); len(changes) == 0 {
			return
		}
		r.run, r.cause = x.Run.ID, fmt.Sprintf("Run %d could not set the mail up: %s", x.Run.ID, x.Run.Note)
	case changes[0].Verb == setup.Create:
		r.effect += " The notification was deleted in Cloudflare."
	default:
		r.effect += " " + different(changes[0].From, changes[0].To)
	}
	r.changes = changes
	x.tell(r)
}

// neverMade are the changes of a key that were agreed to, and that the newest run
// ended without.
func (x *examination) neverMade(k setup.Key) []setup.Change {
	if x.Run == nil || !x.Run.State.Over() || x.Run.State == setup.RunSucceeded {
		return nil
	}
	made, left := split(x.waiting, func(c setup.Change) bool { return c.Key == k && !c.Drop })
	x.waiting = left
	return made
}

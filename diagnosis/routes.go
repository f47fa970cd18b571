package diagnosis

import (
	"fmt"
	"strings"

	"github.com/culvert/culvert/setup"
)

// routes: the app's own addresses and the doors do not fit together. It is told
// and never acted upon: whether a program may come in is for people to say.
func (x *examination) routes() {
	if x.Routes == nil {
		return
	}
	const another = "The app is perhaps another version than the one that the doors were chosen for."
	if fresh := x.Routes.Fresh; len(fresh) > 0 {
		r := report{class: setup.ClassRouteNew, severity: setup.SeverityRisk, cause: another,
			title:  fmt.Sprintf("The app takes messages at %s, and no door leads there.", fresh[0]),
			effect: "Services that send there from outside are turned away.", ifNot: "It stays closed.",
			advice: "If a service has to send there, open a path of your own. Otherwise leave it closed."}
		if len(fresh) > 1 {
			r.title = fmt.Sprintf("The app takes messages at %d addresses to which no door leads.", len(fresh))
			r.effect = "Services that send there from outside are turned away: " + strings.Join(fresh, ", ") + "."
		}
		x.tell(r)
	}
	for _, s := range x.Routes.Stale {
		x.tell(report{class: setup.ClassRouteStale, name: s.Door, severity: setup.SeverityRisk, cause: another,
			title:  fmt.Sprintf("The door for %s leads to %s, and the app serves nothing there.", x.door(s.Door), s.Path),
			effect: "What is sent there gets lost.", ifNot: "It stays so.",
			advice: "If nobody uses it any more, close the door."})
	}
}

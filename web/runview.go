package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// mendedLately is how long a repair that has ended is shown.
const mendedLately = 10 * time.Minute

// showsRun says whether the newest run is of interest here: it is under way, or
// has put something right, or failed to, just now.
func (v StandingView) showsRun() bool {
	r := v.S.Run
	return r != nil && (!r.State.Over() || len(r.Mends) > 0 && v.Now.Sub(r.Ended) < mendedLately && !v.brokeSince(*r))
}

// brokeSince says whether something broke after a repair had succeeded: what that
// proved is no longer so.
func (v StandingView) brokeSince(r setup.Run) bool {
	return r.State == setup.RunSucceeded && slices.ContainsFunc(v.S.Condition.Findings, func(f setup.Finding) bool {
		return (f.Severity == setup.SeverityOpen || f.Severity == setup.SeverityBroken) && f.Since.After(r.Ended)
	})
}

func (v StandingView) runTitle() string {
	switch {
	case len(v.S.Run.Mends) == 0:
		return "Under way"
	case v.S.Busy():
		return "Putting it right"
	}
	return "The last repair"
}

// connector is what is known of the connector, in a few lines.
func (v StandingView) connector() []Value {
	f := v.S.Facts
	if f.Problem != nil || f.At.IsZero() {
		return nil
	}
	rows := []Value{{"Container", containerWord(f.Connector.Containers, f.Connector.Running)}}
	if f.Connector.Image != "" {
		rows = append(rows, Value{"Image", f.Connector.Image})
	}
	own, others := v.replicas()
	if own != nil {
		version := own.Version
		if setup.Outdated(version, v.Now) {
			version += ": more than a year old, which Cloudflare no longer supports. Choose a newer image under “Change the set-up”."
		}
		rows = append(rows, Value{"Version", orWords(version, "not known")}, Value{"Runs since", stamp(own.Since)})
	}
	if f.Ready.Answered {
		rows = append(rows, Value{"To Cloudflare", toCloudflare(f.Ready, own)})
		if f.Ready.ConnectorID != "" {
			rows = append(rows, Value{"Its id at Cloudflare", f.Ready.ConnectorID})
		}
	}
	if own != nil && len(own.Origins) > 0 {
		rows = append(rows, Value{"Comes from", strings.Join(own.Origins, ", ")})
	}
	for _, o := range others {
		rows = append(rows, Value{"Another connector", fmt.Sprintf("%s from %s, at %s, since %s",
			orWords(o.Version, "of an unknown version"), orWords(strings.Join(o.Origins, ", "), "an unknown address"), strings.Join(o.Colos, ", "), stamp(o.Since))})
	}
	networks := []string{v.S.Answers.Stack.Network}
	if v.S.Answers.Mode.Private() && v.S.Answers.Stack.PrivateNetwork != "" {
		networks = append(networks, v.S.Answers.Stack.PrivateNetwork)
	}
	return append(rows, Value{"Network", strings.Join(networks, ", ")})
}

// replicas are the connector here as Cloudflare sees it, and the others of its
// tunnel. Nil: which of them is here is not known.
func (v StandingView) replicas() (own *setup.Replica, others []setup.Replica) {
	id := v.S.Facts.Ready.ConnectorID
	if id == "" && len(v.S.Replicas) == 1 {
		id = v.S.Replicas[0].ID
	}
	for _, r := range v.S.Replicas {
		if r.ID == id {
			own = &r
		} else {
			others = append(others, r)
		}
	}
	if own == nil {
		return nil, nil
	}
	return own, others
}

// toCloudflare is how a connector stands with Cloudflare: how many connections,
// how, and to where.
func toCloudflare(r found.Ready, own *setup.Replica) string {
	text := plural(r.Connections, "connection", "connections")
	if r.Carried != "" {
		text += " by " + r.Carried
	}
	if own != nil && len(own.Colos) > 0 {
		text += ", to " + strings.Join(own.Colos, ", ")
	}
	return text
}

func containerWord(all, running int) string {
	switch {
	case all == 0:
		return "there is none"
	case running == 0:
		return "stopped"
	case running < all:
		return plural(running, "runs", "run") + " of " + plural(all, "container", "containers")
	}
	return "runs"
}

package web

import "time"

// mendedLately is how long a repair that has ended is shown.
const mendedLately = 10 * time.Minute

// showsRun says whether the newest run is of interest here: it is under way, or
// has put something right, or failed to, just now.
func (v StandingView) showsRun() bool {
	r := v.S.Run
	return r != nil && (!r.State.Over() || len(r.Mends) > 0 && v.Now.Sub(r.Ended) < mendedLately)
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
	if f.Ready.Answered {
		rows = append(rows, Value{"To Cloudflare", plural(f.Ready.Connections, "connection", "connections")})
		if f.Ready.ConnectorID != "" {
			rows = append(rows, Value{"Its id at Cloudflare", f.Ready.ConnectorID})
		}
	}
	return append(rows, Value{"Network", v.S.Answers.Stack.Network})
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

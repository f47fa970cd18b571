package diagnosis

import (
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Input is what is known of one setup at one moment.
type Input struct {
	Now      time.Time
	Answers  setup.Answers // as approved
	Plan     setup.Plan    // what they would change now
	World    setup.World   // from which it was made
	Ledger   setup.Ledger
	Facts    found.Facts
	Evidence []setup.Evidence  // the newest of each check that counts
	Run      *setup.Run        // the newest; nil: none
	Changes  []setup.RunChange // of it
	// Settling: a fresh change may be on its way to Cloudflare's edge.
	Settling bool
	// Routes is how the doors compare with the app's own addresses; nil: that was
	// never read.
	Routes *setup.RouteReview
	// Downtime is how long the last restart of the app took; zero: not known.
	Downtime time.Duration
}

// live says whether the public name was made: only then is anything asked from
// outside.
func (in Input) live() bool {
	_, made := in.Ledger.Records[in.Answers.RecordKey()]
	return made
}

// closed says whether the published port was closed by us.
func (in Input) closed() bool {
	_, closed := in.Ledger.Records[in.Answers.PublishedKey()]
	return closed && in.Answers.Port != setup.PortKeep
}

// started says whether anything of the setup was carried out.
func (in Input) started() bool {
	for _, r := range in.Ledger.Records {
		if slices.Contains(r.By, in.Answers.Setup) {
			return true
		}
	}
	return false
}

// Needed lists the checks that have to hold for a setup, as far as it was
// carried out.
func (in Input) Needed() []setup.Check {
	if !in.started() {
		return nil
	}
	var needed []setup.Check
	if in.live() {
		needed = append(needed, in.Answers.Checks...)
	}
	if _, made := in.Ledger.Records[in.Answers.ConnectorKey()]; made {
		needed = append(needed, setup.Check{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"})
		if in.unasked() {
			needed = append(needed, setup.Check{ID: setup.BesidePrefix + setup.AppCheck, Name: "The app"})
		} else {
			needed = append(needed, in.Answers.BesideChecks()...)
		}
	}
	if in.Answers.LedIn(in.Ledger) {
		needed = append(needed, in.Answers.PrivateChecks()...)
	}
	if in.closed() {
		needed = append(needed, setup.Check{ID: setup.PortCheck, Name: "The published port"},
			setup.Check{ID: setup.FrontsCheck, Name: "Other ways in"})
	}
	return needed
}

// unasked says whether the newest look beside did not even reach the app.
func (in Input) unasked() bool {
	app, ok := in.evidence(setup.BesidePrefix + setup.AppCheck)
	connector, asked := in.evidence(setup.BesidePrefix + setup.ConnectorCheck)
	return ok && (!asked || !app.At.Before(connector.At))
}

func (in Input) evidence(id string) (setup.Evidence, bool) {
	i := slices.IndexFunc(in.Evidence, func(v setup.Evidence) bool { return v.Check.ID == id })
	if i < 0 {
		return setup.Evidence{}, false
	}
	return in.Evidence[i], true
}

// fresh gives the evidence of a check that still counts.
func (in Input) fresh(c setup.Check) (setup.Evidence, bool) {
	v, ok := in.evidence(c.ID)
	if !ok || !v.Counts(in.Now) {
		return setup.Evidence{}, false
	}
	return v, true
}

// door gives the name of a door by its id.
func (in Input) door(id string) string {
	for _, d := range in.Answers.Doors {
		if d.ID == id {
			return d.Name
		}
	}
	return id
}

// sentenceList writes "a, b and c".
func sentenceList(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

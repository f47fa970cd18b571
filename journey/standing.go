package journey

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

// Watch is what keeps setups under observation.
type Watch interface {
	// Report gives what is known of a setup without looking.
	Report(setup.SetupID) (watch.Report, bool)
	// Look says that somebody looks at a setup now.
	Look(setup.SetupID)
	// Hurry looks at everything of a setup again, as soon as the budget lets.
	Hurry(setup.SetupID)
	Health() watch.Health
}

// Brief is how a setup stands, in a line.
type Brief struct {
	// Live: the public name leads through Cloudflare, so bots depend on it.
	Live bool
	// Finished: everything that was agreed to was carried out once.
	Finished bool
	// Known says whether the first look has ended. Until then there is no
	// condition, and no light.
	Known     bool
	Watching  bool // the watcher does its work; otherwise everything grows old
	At        time.Time
	Condition diagnosis.Condition
}

// Standing is everything that a page about how a setup stands shows. It calls no
// API: what is known is shown with its age.
type Standing struct {
	Setup     setup.SetupID
	Hostname  string
	Rehearsal bool
	Version   string // of Culvert

	Brief
	TornDown bool // everything was taken down, so nothing is watched
	Answers  setup.Answers
	Profile  profile.Profile
	Seen     engine.Seen // when each side of the world was looked at
	Facts    found.Facts
	Replicas []setup.Replica // the connectors, as Cloudflare sees them
	Evidence []setup.Evidence

	Run     *setup.Run // the newest; nil: none
	Changes []setup.RunChange
	Open    []setup.Incident // oldest first
	Ended   []setup.Incident // newest first
	// Stopped says of findings that are repaired by themselves why that was
	// given up: by finding.
	Stopped map[string]string
	// NoDoer says why who changed something is not told; empty: it is, or nobody
	// asked.
	NoDoer string
	// Untold says in sentences why somebody cannot be told of problems.
	Untold []string

	Welcome   *Welcome // for colleagues; nil: they come in by no private name
	Automatic []AutomaticRule
	Closed    []profile.Door // what the app can receive and is not let in
	Routes    *Reviewed      // nil: the app's addresses were not read yet
}

// AutomaticRule is one class of findings that can be repaired by itself.
type AutomaticRule struct {
	Class   setup.Class
	On      bool
	PerHour int
	// Suggested classes do no harm when they are repaired without asking.
	Suggested bool
}

// Busy says whether a run is under way.
func (s Standing) Busy() bool { return s.Run != nil && !s.Run.State.Over() }

// Repairing says whether the run under way is to put a finding right.
func (s Standing) Repairing(finding string) bool {
	return s.Busy() && slices.Contains(s.Run.Mends, finding)
}

// recentIncidents is how many ended incidents a page shows.
const recentIncidents = 20

// Standing gathers how a setup stands. ErrNotFound: there is none of that name.
func (j *Journey) Standing(ctx context.Context, id setup.SetupID) (Standing, error) {
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return Standing{}, err
	}
	base, err := j.agreed(ctx)
	if err != nil {
		return Standing{}, err
	}
	if j.Watch != nil {
		j.Watch.Look(id)
	}
	brief, known := j.brief(id, base)
	s := Standing{Setup: id, Hostname: draft.Hostname, Rehearsal: j.Rehearsal, Version: j.Version, Brief: brief}
	if r, ok := base.revisions[id]; ok && r.Answers != nil {
		s.Answers = *r.Answers
	} else {
		s.TornDown = ok
	}
	if s.Known {
		s.take(known)
		if err := j.addSeen(ctx, &s); err != nil {
			return s, err
		}
	}
	s.Profile, _ = j.Profiles.Get(draft.Profile)
	s.Closed = closedDoors(s.Profile, s.Answers)
	s.Welcome = j.welcome(id, s.Answers)
	if s.Routes, err = j.Reviewed(ctx, id); err != nil {
		return s, err
	}
	if s.Untold, err = j.untold(ctx); err != nil {
		return s, err
	}
	return s, j.addIncidents(ctx, &s)
}

// Again looks at everything of a setup again. If nothing watches it, that is
// done before this returns.
func (j *Journey) Again(ctx context.Context, id setup.SetupID) error {
	if _, _, err := j.load(ctx, id); err != nil {
		return err
	}
	if j.Watch != nil && j.Watch.Health().Alive {
		if _, known := j.Watch.Report(id); known {
			j.Watch.Hurry(id)
			return nil
		}
	}
	if err := j.Refresh(ctx, id); err != nil {
		return err
	}
	return j.Verify(ctx, id)
}

// agreement is what was agreed to, and what was done of it.
type agreement struct {
	revisions map[setup.SetupID]setup.Revision
	ledger    setup.Ledger
}

func (j *Journey) agreed(ctx context.Context) (a agreement, err error) {
	if a.revisions, err = j.Store.Approved(ctx); err != nil {
		return a, err
	}
	a.ledger, err = j.Store.Ledger(ctx)
	return a, err
}

// brief is how a setup stands, and the report that tells so if it is known. It
// does not say that somebody looks at it.
func (j *Journey) brief(id setup.SetupID, base agreement) (b Brief, known watch.Report) {
	if r := base.revisions[id]; r.Answers != nil {
		_, b.Live = base.ledger.Records[r.Answers.RecordKey()]
		_, closed := base.ledger.Records[r.Answers.PublishedKey()]
		b.Finished = (b.Live || r.Answers.Hostname == "" && r.Answers.LedIn(base.ledger)) && (closed || r.Answers.Port == setup.PortKeep)
	}
	if j.Watch == nil {
		return b, known
	}
	b.Watching = j.Watch.Health().Alive
	known, b.Known = j.Watch.Report(id)
	b.At, b.Condition = known.At, known.Condition
	return b, known
}

func (s *Standing) take(r watch.Report) {
	s.Answers, s.Hostname = r.Answers, r.Answers.Hostname
	s.Seen, s.Facts, s.Evidence, s.Open, s.Stopped = r.Seen, r.Facts, r.Evidence, r.Standing, r.Stopped
	s.Replicas, s.NoDoer = r.Replicas, r.Untold
}

// addSeen looks up when the app last answered at the doors whose newest check
// failed.
func (j *Journey) addSeen(ctx context.Context, s *Standing) error {
	silent := func(ch diagnosis.Channel) bool { return ch.Seen.IsZero() }
	if !slices.ContainsFunc(s.Condition.Channels, silent) {
		return nil
	}
	last, err := j.Store.LastGood(ctx, s.Setup)
	if err != nil {
		return err
	}
	s.Condition.Channels = slices.Clone(s.Condition.Channels) // they are the watcher's
	for i := range s.Condition.Channels {
		ch := &s.Condition.Channels[i]
		if !silent(*ch) {
			continue
		}
		for _, c := range s.Answers.Checks {
			if at := last[c.ID]; c.Door == ch.Door && at.After(ch.Seen) {
				ch.Seen = at
			}
		}
	}
	return nil
}

func closedDoors(p profile.Profile, a setup.Answers) []profile.Door {
	var closed []profile.Door
	for _, d := range p.Doors {
		if !slices.ContainsFunc(a.Doors, func(o setup.Door) bool { return o.ID == d.ID }) {
			closed = append(closed, d)
		}
	}
	return closed
}

func (j *Journey) addIncidents(ctx context.Context, s *Standing) error {
	all, err := j.Store.Incidents(ctx, s.Setup, 0, recentIncidents)
	if err != nil {
		return err
	}
	s.Ended = slices.DeleteFunc(all, setup.Incident.Standing)
	runs, err := j.Store.Runs(ctx, s.Setup, 1)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		s.Run = &runs[0]
		if s.Changes, err = j.Store.RunChanges(ctx, runs[0].ID); err != nil {
			return err
		}
	}
	s.Automatic, err = j.automatic(ctx, s.Setup)
	return err
}

// Span is a stretch of the history of checks.
type Span string

// Spans that pages show.
const (
	LastDay   Span = "24h"
	LastMonth Span = "30d"
)

// dayStep is the length of a bucket of the last day.
const dayStep = 10 * time.Minute

// seriesKey names one history of a check.
type seriesKey struct {
	setup setup.SetupID
	check string
	span  Span
}

// seriesAge is how long a history is shown before it is read again: it is long,
// and a page about a setup is drawn anew every few seconds.
const seriesAge = time.Minute

type readSeries struct {
	at     time.Time
	series setup.Series
}

// Series tells how a check did over a stretch of time, up to a minute ago.
func (j *Journey) Series(ctx context.Context, id setup.SetupID, check string, span Span) (setup.Series, error) {
	key, now := seriesKey{id, check, span}, j.Clock.Now()
	j.mu.Lock()
	read, ok := j.series[key]
	j.mu.Unlock()
	if ok && now.Sub(read.at) < seriesAge {
		return read.series, nil
	}
	s, err := j.readSeries(ctx, key, now)
	if err != nil || len(s.Buckets) == 0 { // the first readings are on their way
		return s, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.DeleteFunc(j.series, func(_ seriesKey, r readSeries) bool { return now.Sub(r.at) >= 2*seriesAge })
	j.series[key] = readSeries{now, s}
	return s, nil
}

func (j *Journey) readSeries(ctx context.Context, k seriesKey, now time.Time) (setup.Series, error) {
	switch k.span {
	case LastDay:
		readings, err := j.Store.Readings(ctx, k.setup, k.check, now.Add(-24*time.Hour))
		return setup.Series{Check: k.check, Step: dayStep, Buckets: setup.Roll(readings, dayStep)}, err
	case LastMonth:
		return j.month(ctx, k.setup, k.check, now)
	}
	return setup.Series{}, fmt.Errorf("a history of %q is not kept", k.span)
}

// month is the hours that are over, and what the ones since then have so far.
func (j *Journey) month(ctx context.Context, id setup.SetupID, check string, now time.Time) (setup.Series, error) {
	s := setup.Series{Check: check, Step: time.Hour}
	var err error
	if s.Buckets, err = j.Store.Hours(ctx, id, check, now.Add(-30*24*time.Hour)); err != nil {
		return s, err
	}
	since := now.Add(-24 * time.Hour).Truncate(time.Hour).Add(time.Hour)
	if n := len(s.Buckets); n > 0 {
		if end := s.Buckets[n-1].From.Add(time.Hour); end.After(since) {
			since = end
		}
	}
	readings, err := j.Store.Readings(ctx, id, check, since)
	s.Buckets = append(s.Buckets, setup.Roll(readings, time.Hour)...)
	return s, err
}

// Incidents tells what was wrong, newest first, from before the given id (0:
// the newest).
func (j *Journey) Incidents(ctx context.Context, id setup.SetupID, before int64, limit int) ([]setup.Incident, error) {
	return j.Store.Incidents(ctx, id, before, limit)
}

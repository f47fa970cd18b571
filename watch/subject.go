package watch

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func sortedIDs[V any](m map[setup.SetupID]V) []setup.SetupID { return slices.Sorted(maps.Keys(m)) }

// subject is one setup with all that is known of it.
type subject struct {
	id      setup.SetupID
	answers setup.Answers
	planned *engine.Planned // nil: not looked at yet
	carried *setup.Evidence // which route carries to the private name; nil: none has to
	facts   found.Facts
	points  []*point
	run     *setup.Run
	changes []setup.RunChange
	mood
	watched bool

	track     tracker
	condition diagnosis.Condition
	automatic []setup.Automatic
	stopped   map[string]string   // by finding
	questions map[string]question // likewise: who brought it about
	untold    string              // why that is not told; empty: it is, or nobody asked
	before    time.Time           // when the account was looked at before the newest look

	readings []setup.Reading  // not written yet
	unsaved  []setup.Evidence // likewise
	asking   int              // checks under way

	routes       *setup.RouteReview // nil: not known
	reviewDue    time.Time
	reviewFailed int // comparisons in a row that could not be made

	dirty     bool // something is known that was not diagnosed yet
	diagnosed time.Time
}

// busy says whether a run is at work: what is seen meanwhile may be half done.
func (s *subject) busy() bool {
	return s.run != nil && !s.run.State.Over() && s.run.State != setup.RunParked
}

// input is what a diagnosis is made from.
func (s *subject) input(now time.Time, downtime func(project, service string) time.Duration) diagnosis.Input {
	in := diagnosis.Input{Now: now, Answers: s.answers, Facts: s.facts, Evidence: s.evidence(), Run: s.run, Changes: s.changes,
		Settling: now.Before(s.settling())}
	if s.planned != nil {
		in.Plan, in.World, in.Ledger = s.planned.Plan, s.planned.World, s.planned.Ledger
	}
	if s.routes != nil {
		routes := s.routes.For(s.answers)
		in.Routes = &routes
	}
	if downtime != nil {
		in.Downtime = downtime(s.answers.Stack.Project, s.answers.Stack.Service)
	}
	return in
}

// evidence is what counts, of all points.
func (s *subject) evidence() []setup.Evidence {
	var all []setup.Evidence
	for _, p := range s.points {
		all = append(all, p.counts...)
	}
	if s.carried != nil {
		all = append(all, *s.carried)
	}
	return all
}

// seen is when the account and the host were last looked at.
func (s *subject) seen() time.Time {
	if s.facts.At.After(s.planned.At) {
		return s.facts.At
	}
	return s.planned.At
}

// take takes in a new plan, and how its answers are now.
func (s *subject) take(p engine.Planned) {
	s.planned, s.dirty = &p, true
	if p.For(s.answers) {
		s.answers = *p.Answers
	}
	s.carry()
}

// carry takes in which route a look at the account shows. A look that is known
// already is no news.
func (s *subject) carry() {
	p := s.planned
	if !s.answers.LedIn(p.Ledger) {
		s.carried = nil
		return
	}
	v := s.answers.Carried(p.World, p.Ledger, p.Seen.Cloud)
	if s.carried == nil || v.At.After(s.carried.At) {
		s.readings, s.unsaved = append(s.readings, v.Reading()), append(s.unsaved, v)
	}
	s.carried = &v
}

// stoppedAtEdge says whether Cloudflare stops callers by itself.
func (s *subject) stoppedAtEdge() bool {
	return slices.ContainsFunc(s.evidence(), func(v setup.Evidence) bool { return !v.OK && v.By == setup.ByEdge && v.Check.Outside() })
}

// firsts says of each check that does not hold since when.
func (s *subject) firsts() map[string]time.Time {
	firsts := map[string]time.Time{}
	for _, p := range s.points {
		for _, v := range p.counts {
			if !v.OK {
				firsts[v.Check.ID] = p.misses[v.Check.ID].since
			}
		}
	}
	return firsts
}

// arrange makes the points that the setup needs now, and keeps what is known of
// those that were there before. New ones begin within spread.
func (s *subject) arrange(prober Prober, now time.Time, spread time.Duration, r *rand.Rand) {
	var points []*point
	add := func(p *point) {
		if i := slices.IndexFunc(s.points, func(o *point) bool { return o.id == p.id }); i >= 0 {
			s.points[i].ask, s.points[i].rare, s.points[i].calm = p.ask, p.rare, p.calm
			p = s.points[i]
		} else {
			p.due = now.Add(time.Duration(r.Int64N(int64(spread) + 1)))
		}
		points = append(points, p)
	}
	beside := false
	for _, c := range s.input(now, nil).Needed() {
		switch {
		case c.Outside():
			add(&point{id: c.ID, rare: c.Rare(), ask: func(ctx context.Context, a setup.Answers) []setup.Evidence {
				a.Checks = []setup.Check{c}
				return prober.Outside(ctx, a)
			}})
		case c.ID == setup.RouteCheck: // a look at the account tells it
		case c.Private():
			add(&point{id: c.ID, calm: c.ID == setup.SignInCheck, ask: func(ctx context.Context, a setup.Answers) []setup.Evidence {
				return prober.Private(ctx, a, c)
			}})
		case c.ID == setup.PortCheck:
			add(&point{id: c.ID, ask: prober.Port})
		case c.ID == setup.FrontsCheck:
			add(&point{id: c.ID, rare: true, ask: prober.Others})
		case !beside:
			beside = true
			add(&point{id: setup.BesidePrefix, ask: prober.Beside})
		}
	}
	s.points = points
}

// recall takes up evidence that was stored: by a process before this one, or by
// a run. What is older than what is known does not count, and neither does what is
// of a time that is not yet: the clock was put back. Only what was seen after a
// check failed says that it fails no longer.
func (s *subject) recall(stored []setup.Evidence, now time.Time) {
	stored = slices.DeleteFunc(stored, func(v setup.Evidence) bool { return v.Future(now) })
	for _, p := range s.points {
		var of []setup.Evidence
		for _, v := range stored {
			if v.Check.ID == p.id || p.id == setup.BesidePrefix && v.Check.Beside() {
				of = append(of, v)
			}
		}
		if len(of) == 0 || len(p.counts) > 0 && !newest(of).After(newest(p.counts)) {
			continue
		}
		p.counts = lastLook(of)
		before := p.misses
		p.misses = map[string]misses{}
		for _, v := range p.counts {
			m, known := before[v.Check.ID]
			switch {
			case known && (fails(v) || v.At.Before(m.last)):
				p.misses[v.Check.ID] = m
			case fails(v):
				p.misses[v.Check.ID] = misses{since: newest(of)}
			}
		}
	}
}

func newest(all []setup.Evidence) time.Time {
	var at time.Time
	for _, v := range all {
		if v.At.After(at) {
			at = v.At
		}
	}
	return at
}

// lastLook leaves out what the newest look beside did not ask any more.
func lastLook(all []setup.Evidence) []setup.Evidence {
	i := slices.IndexFunc(all, func(v setup.Evidence) bool { return v.Check.ID == setup.BesidePrefix+setup.ConnectorCheck })
	if i < 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(v setup.Evidence) bool { return v.At.Before(all[i].At) })
}

// soon asks everything again within a time.
func (s *subject) soon(now time.Time, within time.Duration, r *rand.Rand) {
	for _, p := range s.points {
		if !p.rare {
			p.sooner(now.Add(time.Duration(r.Int64N(int64(within) + 1))))
		}
	}
}

// frontsSoon asks soon, and for as long as it may take to begin to answer, whether
// something else on this server serves the app: any container that is started may.
func (s *subject) frontsSoon(now time.Time, pace Pace) {
	for _, p := range s.points {
		if p.id == setup.FrontsCheck {
			p.eager = now.Add(pace.Load)
			p.sooner(now.Add(pace.First))
		}
	}
}

// unsettled: something else went wrong than what is on its way. From now on a
// failure is news.
func (s *subject) unsettled(now time.Time, pace Pace, r *rand.Rand) {
	s.mood = mood{alarmed: now.Add(pace.Settle)}
	s.soon(now, pace.First, r)
}

// report is what others may know.
func (s *subject) report(now time.Time) Report {
	r := Report{Setup: s.id, Answers: s.answers, At: now, Condition: s.condition, Facts: s.facts, Evidence: s.evidence(),
		Standing: slices.Clone(s.track.standing), Run: s.run, Stopped: maps.Clone(s.stopped), Untold: s.untold}
	if s.planned != nil {
		r.Plan, r.Seen = s.planned.Plan, s.planned.Seen
		r.Replicas = replicas(s.planned.World, s.planned.Ledger.Records[s.answers.TunnelKey()].ID)
	}
	return r
}

// replicas are the connectors of a tunnel.
func replicas(w setup.World, tunnel string) []setup.Replica {
	for _, o := range w.Objects {
		if t, ok := o.State.(setup.Tunnel); ok && o.ID == tunnel {
			return t.Replicas
		}
	}
	return nil
}

// sameCondition says whether a page would show the same but for the ages.
func sameCondition(a, b diagnosis.Condition) bool {
	return a.Light == b.Light && len(a.Findings) == len(b.Findings) && reflect.DeepEqual(toldAll(a), toldAll(b))
}

func toldAll(c diagnosis.Condition) []string {
	var all []string
	for _, f := range c.Findings {
		all = append(all, f.ID+told(f))
	}
	for _, ch := range c.Channels {
		all = append(all, fmt.Sprint(ch.Door, ch.Light, ch.State, ch.By))
	}
	for _, l := range c.Locks {
		all = append(all, fmt.Sprint(l.Check.ID, l.Light))
	}
	return all
}

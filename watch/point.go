package watch

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// point is what is asked in one go: one check from outside, all that is asked
// beside, or a way past the tunnel.
type point struct {
	id   string
	rare bool
	calm bool // an open page is no reason to ask more often: the app counts it
	ask  func(context.Context, setup.Answers) []setup.Evidence

	due    time.Time
	eager  time.Time // until then it is asked as soon as one that begins to fail
	asking bool
	misses map[string]misses     // by check, of those that fail now
	counts []setup.Evidence      // the newest that count
	told   map[string]remembered // by check: the newest answer in the history
}

// misses are answers in a row that do not hold.
type misses struct {
	row   int
	since time.Time // the first of them
	last  time.Time
}

// remembered is an answer that went into the history.
type remembered struct {
	at time.Time
	ok bool
}

// verdict is what an answer means for what is known.
type verdict struct {
	counts []setup.Evidence // replaces what was known of these checks
	again  bool             // something failed that does not count yet
	doubt  bool             // and it failed too often for what was known of it to count still
	urgent bool             // the reason should be looked for now
}

// mood is how failures are taken.
type mood struct {
	fresh   []fresh   // changes that may be on their way to the edge
	alarmed time.Time // until when something that was seen to be wrong explains them
}

// fresh is something that was changed just now.
type fresh struct {
	until   time.Time // when it has reached all of the edge
	excuses func(setup.Evidence) bool
}

// with is the mood after something more was changed.
func (m mood) with(f fresh, now time.Time) mood {
	still := slices.DeleteFunc(slices.Clone(m.fresh), func(f fresh) bool { return !now.Before(f.until) })
	return mood{fresh: append(still, f)}
}

// settles says whether a failure may come from a change that is on its way.
func (m mood) settles(v setup.Evidence, now time.Time) bool {
	return slices.ContainsFunc(m.fresh, func(f fresh) bool { return now.Before(f.until) && f.excuses(v) })
}

// settling is until when something may be on its way; zero: nothing is.
func (m mood) settling() time.Time {
	var until time.Time
	for _, f := range m.fresh {
		if f.until.After(until) {
			until = f.until
		}
	}
	return until
}

// onItsWay tells which failures changes of some things may bring about until
// they have reached all of Cloudflare's edge. That the edge stops callers comes
// from what tells it to alone; a door that was made anew has nothing to do with
// the other doors.
func onItsWay(a setup.Answers, keys []setup.Key) func(setup.Evidence) bool {
	return func(v setup.Evidence) bool {
		return slices.ContainsFunc(keys, func(k setup.Key) bool {
			if v.By == setup.ByEdge {
				return slices.Contains([]setup.Kind{setup.KindEdgeRule, setup.KindSkipRule, setup.KindBotFight, setup.KindSecurityLevel}, k.Kind)
			}
			door, ok := a.DoorOf(k)
			return !ok || v.Check.Locked || v.Check.Door == door.ID
		})
	}
}

// answered takes an answer in and says what of it counts. What holds counts at
// once. What fails is asked again before it counts: at the third time, or at the
// second if it shows something open that must be locked, or if something was seen
// to be wrong just now. While a fresh change is on its way to Cloudflare's edge, a
// failure is no news, unless it shows something open; it is still a reason to look
// whether somebody has changed something else, and at the third time nothing is
// known of the check any more. Of checks that are made in one go, each counts by
// itself.
func (p *point) answered(evidence []setup.Evidence, now time.Time, as mood, pace Pace) verdict {
	var v verdict
	var known []setup.Evidence
	before := p.misses
	p.misses = map[string]misses{}
	miss := func(id string) misses {
		m := before[id]
		if m.row++; m.since.IsZero() {
			m.since = now
		}
		m.last = now
		p.misses[id] = m
		return m
	}
	if len(evidence) == 0 {
		miss(p.id)
		v.again = true
		return v
	}
	unasked := true // what was not asked this time counts on
	for _, e := range evidence {
		counts := !fails(e) || miss(e.Check.ID).count(e, now, as, pace)
		v.urgent = v.urgent || p.misses[e.Check.ID].row == 2
		switch {
		case counts:
			known, v.counts = append(known, e), append(v.counts, e)
		case p.misses[e.Check.ID].doubt(e, now, as) && !slices.ContainsFunc(p.known(e.Check.ID), fails):
			v.again, v.doubt = true, true
			unasked = unasked && e.Check.ID != setup.BesidePrefix+setup.AppCheck
		default:
			v.again = true
			known = append(known, p.known(e.Check.ID)...)
		}
	}
	if v.again && unasked {
		known = append(known, p.unasked(evidence)...)
	}
	p.counts = known
	return v
}

// remembers says whether an answer goes into the history: what is new always, what
// is as before not more often than a check that holds is asked. A check that fails
// is asked more often, and that must not make a short outage look long.
func (p *point) remembers(e setup.Evidence, watched bool, pace Pace) bool {
	last, known := p.told[e.Check.ID]
	if known && last.ok == e.OK && e.At.Sub(last.at) < max(pace.Remember, p.interval(watched, pace)) {
		return false
	}
	if p.told == nil {
		p.told = map[string]remembered{}
	}
	p.told[e.Check.ID] = remembered{e.At, e.OK}
	return true
}

// unasked is what counted of checks that were not made this time: an app that
// cannot be asked has failed once, not everything that it was asked before.
func (p *point) unasked(evidence []setup.Evidence) []setup.Evidence {
	return slices.DeleteFunc(slices.Clone(p.counts), func(old setup.Evidence) bool {
		return slices.ContainsFunc(evidence, func(e setup.Evidence) bool { return e.Check.ID == old.Check.ID })
	})
}

// count says whether a failure counts.
func (m misses) count(v setup.Evidence, now time.Time, as mood, pace Pace) bool {
	if showsOpen(v) || now.Before(as.alarmed) {
		return m.row >= 2
	}
	return m.row >= 3 && !as.settles(v, now) && now.Sub(m.since) >= pace.First+pace.Second
}

// doubt says whether nothing is known of a check any more: it fails again and
// again, and that may come from a change that is on its way.
func (m misses) doubt(v setup.Evidence, now time.Time, as mood) bool {
	return m.row >= 3 && as.settles(v, now)
}

// known is what counted of a check until now: one look, or none.
func (p *point) known(id string) []setup.Evidence {
	i := slices.IndexFunc(p.counts, func(e setup.Evidence) bool { return e.Check.ID == id })
	if i < 0 {
		return nil
	}
	return p.counts[i : i+1]
}

// row is how often in a row the check that fails longest failed.
func (p *point) row() int {
	most := 0
	for _, m := range p.misses {
		most = max(most, m.row)
	}
	return most
}

func fails(v setup.Evidence) bool { return !v.OK }

// showsOpen says whether evidence shows something that must be locked and is not.
func showsOpen(v setup.Evidence) bool {
	return v.By == setup.ByApp && !v.OK && (v.Check.Locked || v.Check.Port())
}

// broken says whether what counts does not hold.
func (p *point) broken() bool { return slices.ContainsFunc(p.counts, fails) }

// next is when to ask again.
func (p *point) next(now time.Time, watched bool, pace Pace, r *rand.Rand) time.Time {
	switch p.row() {
	case 0:
		if now.Before(p.eager) {
			return now.Add(pace.Second)
		}
		return now.Add(jitter(r, p.interval(watched, pace)))
	case 1:
		return now.Add(pace.First)
	case 2:
		return now.Add(pace.Second)
	}
	return now.Add(jitter(r, pace.Failing))
}

func (p *point) interval(watched bool, pace Pace) time.Duration {
	switch {
	case p.rare:
		return pace.Rare
	case watched && !p.calm:
		return pace.Watched
	}
	return pace.Unwatched
}

// sooner asks again by then.
func (p *point) sooner(at time.Time) {
	if p.due.After(at) {
		p.due = at
	}
}

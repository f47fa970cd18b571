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
	ask  func(context.Context, setup.Answers) []setup.Evidence

	due    time.Time
	asking bool
	streak int              // answers in a row that do not hold
	since  time.Time        // the first of them
	counts []setup.Evidence // the newest that count
}

// verdict is what an answer means for what is known.
type verdict struct {
	counts bool // it replaces what was known
	urgent bool // the reason should be looked for now
}

// answered takes an answer in and says whether it counts. What holds counts at
// once. What fails is asked again before it counts: at the third time, or at the
// second if it shows something open that must be locked. While a fresh change is
// on its way to Cloudflare's edge, a failure is no news, unless it shows that.
func (p *point) answered(evidence []setup.Evidence, now, settling time.Time, pace Pace) verdict {
	if !slices.ContainsFunc(evidence, fails) && len(evidence) > 0 {
		p.streak, p.since, p.counts = 0, time.Time{}, evidence
		return verdict{counts: true}
	}
	if p.streak++; p.streak == 1 {
		p.since = now
	}
	open := slices.ContainsFunc(evidence, showsOpen)
	v := verdict{urgent: p.streak == 2}
	switch {
	case open:
		v.counts = p.streak >= 2
	case now.Before(settling):
		v.urgent = false
	default:
		v.counts = p.streak >= 3 && now.Sub(p.since) >= pace.First+pace.Second
	}
	if v.counts && len(evidence) > 0 {
		p.counts = evidence
	}
	return v
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
	switch {
	case p.streak == 1:
		return now.Add(pace.First)
	case p.streak == 2:
		return now.Add(pace.Second)
	case p.streak > 2:
		return now.Add(jitter(r, pace.Failing))
	}
	return now.Add(jitter(r, p.interval(watched, pace)))
}

func (p *point) interval(watched bool, pace Pace) time.Duration {
	switch {
	case p.rare:
		return pace.Rare
	case watched:
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

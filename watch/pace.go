package watch

import (
	"cmp"
	"math/rand/v2"
	"time"
)

// Pace says how often things are looked at. Zero values are replaced by
// defaults.
type Pace struct {
	Watched   time.Duration // between two looks of a check while somebody has a page open. 5 s
	Unwatched time.Duration // and while nobody has. 60 s
	Rare      time.Duration // of checks that cost others something. 5 min
	Failing   time.Duration // of a check that fails. 5 s
	Remember  time.Duration // between two good answers of a check in the history. 15 s
	// First and Second are how soon a check that begins to fail is made again,
	// before it counts. 1 s, 3 s
	First, Second time.Duration
	// Settle is how long a fresh change may take to reach Cloudflare's edge
	// before a failing check counts. 60 s
	Settle time.Duration

	Quick  time.Duration // between two looks at an account while somebody has a page open. 80 s
	Slow   time.Duration // and while nobody has. 5 min
	Wrong  time.Duration // while something is wrong. 20 s
	Gap    time.Duration // between two looks at once. 2 s
	Window time.Duration // for which Budget is. 5 min
	Budget uint64        // calls to an account within Window, at most. 280

	Host     time.Duration // between two looks at the host that no event asked for. 30 s
	Events   time.Duration // after an event, because it seldom comes alone. 200 ms
	Flush    time.Duration // between two writes of what the checks saw. 5 s
	Upkeep   time.Duration // between two looks at the history. 10 min
	Once     time.Duration // for all checks that a command waits for. 7 s
	AtOnce   int           // of them at the same time. 32
	Review   time.Duration // between two comparisons of the doors with the app's own addresses. 24 h
	Load     time.Duration // that an app gets to begin before it is asked for them. 10 s
	Parallel int           // checks at the same time, because some may wait for an answer in vain. 32
	PerSetup int           // of them for one setup. 16

	// Hold is how long a repair must hold before another one may be made for
	// the same finding by itself. 10 min
	Hold time.Duration
}

func (p Pace) orDefault() Pace {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&p.Watched, 5 * time.Second}, {&p.Unwatched, time.Minute}, {&p.Rare, 5 * time.Minute}, {&p.Failing, 5 * time.Second},
		{&p.Remember, 15 * time.Second}, {&p.First, time.Second}, {&p.Second, 3 * time.Second}, {&p.Settle, time.Minute},
		{&p.Quick, 80 * time.Second}, {&p.Slow, 5 * time.Minute}, {&p.Wrong, 20 * time.Second}, {&p.Gap, 2 * time.Second},
		{&p.Window, 5 * time.Minute}, {&p.Host, 30 * time.Second}, {&p.Events, 200 * time.Millisecond},
		{&p.Flush, 5 * time.Second}, {&p.Upkeep, 10 * time.Minute}, {&p.Hold, 10 * time.Minute},
		{&p.Once, 7 * time.Second},
		{&p.Review, 24 * time.Hour}, {&p.Load, 10 * time.Second},
	} {
		*d.value = cmp.Or(*d.value, d.fallback)
	}
	p.Budget = cmp.Or(p.Budget, 280)
	p.AtOnce = cmp.Or(p.AtOnce, 32)
	p.Parallel, p.PerSetup = cmp.Or(p.Parallel, 32), cmp.Or(p.PerSetup, 16)
	return p
}

// jitter spreads what would otherwise happen at once: up to a fifth longer.
// Never shorter, so that a budget holds.
func jitter(r *rand.Rand, d time.Duration) time.Duration {
	return d + time.Duration(r.Int64N(int64(d)/5+1))
}

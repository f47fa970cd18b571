package setup

import (
	"slices"
	"time"
)

// Reading is what one check saw at one moment, as the history keeps it.
type Reading struct {
	Check  string        `json:"check"` // its id
	At     time.Time     `json:"at"`
	OK     bool          `json:"ok"`
	By     Answerer      `json:"by,omitempty"`
	Status int           `json:"status,omitempty"`
	Took   time.Duration `json:"took"`
}

// Reading is the evidence as the history keeps it.
func (v Evidence) Reading() Reading {
	return Reading{Check: v.Check.ID, At: v.At, OK: v.OK, By: v.By, Status: v.Status, Took: v.Took}
}

// Bucket sums up the readings of one check over a stretch of time. The
// latencies are of those that held; zero if there were none.
type Bucket struct {
	From  time.Time     `json:"from"`
	Count int           `json:"count"`
	OK    int           `json:"ok"`
	Least time.Duration `json:"least"`
	Mean  time.Duration `json:"mean"`
	P95   time.Duration `json:"p95"`
	Most  time.Duration `json:"most"`
}

// Series is how one check did over time. Stretches without any reading have no
// bucket: what was not asked is neither good nor bad.
type Series struct {
	Check   string        `json:"check"`
	Step    time.Duration `json:"step"` // the length of a bucket
	Buckets []Bucket      `json:"buckets"`
}

// Sum is the whole series as one bucket. Its P95 is the worst of its parts.
func (s Series) Sum() Bucket {
	var all Bucket
	var weighed time.Duration
	for i, b := range s.Buckets {
		if i == 0 {
			all.From = b.From
		}
		all.Count += b.Count
		all.OK += b.OK
		if b.OK == 0 {
			continue
		}
		if all.Least == 0 || b.Least < all.Least {
			all.Least = b.Least
		}
		all.Most, all.P95 = max(all.Most, b.Most), max(all.P95, b.P95)
		weighed += b.Mean * time.Duration(b.OK)
	}
	if all.OK > 0 {
		all.Mean = weighed / time.Duration(all.OK)
	}
	return all
}

// Roll sums readings of one check up into buckets of one length, oldest first.
func Roll(readings []Reading, step time.Duration) []Bucket {
	sorted := slices.Clone(readings)
	slices.SortFunc(sorted, func(a, b Reading) int { return a.At.Compare(b.At) })
	var buckets []Bucket
	for len(sorted) > 0 {
		from := sorted[0].At.Truncate(step)
		end := slices.IndexFunc(sorted, func(r Reading) bool { return !r.At.Before(from.Add(step)) })
		if end < 0 {
			end = len(sorted)
		}
		buckets = append(buckets, bucketOf(from, sorted[:end]))
		sorted = sorted[end:]
	}
	return buckets
}

func bucketOf(from time.Time, readings []Reading) Bucket {
	b := Bucket{From: from, Count: len(readings)}
	var took []time.Duration
	var sum time.Duration
	for _, r := range readings {
		if r.OK {
			took = append(took, r.Took)
			sum += r.Took
		}
	}
	if b.OK = len(took); b.OK == 0 {
		return b
	}
	slices.Sort(took)
	b.Least, b.Most, b.Mean = took[0], took[len(took)-1], sum/time.Duration(len(took))
	b.P95 = took[(len(took)*95+99)/100-1] // the least that 95 of 100 do not exceed
	return b
}

// Automatic lets findings of a class be put right without asking.
type Automatic struct {
	Class   Class `json:"class"`
	PerHour int   `json:"per_hour"` // at most
}

package setup

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func reading(at time.Time, ok bool, took time.Duration) Reading {
	return Reading{Check: "telegram/1", At: at, OK: ok, Took: took}
}

func TestReadingsAreSummedUpByTheirStretchOfTime(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var readings []Reading
	for i := range 100 {
		readings = append(readings, reading(noon.Add(time.Duration(i)*time.Second), true, time.Duration(i+1)*time.Millisecond))
	}
	readings = append(readings, reading(noon.Add(time.Minute*2), false, 10*time.Second), reading(noon.Add(-time.Second), false, 0))
	got := Roll(readings, time.Hour)
	if len(got) != 2 || !got[0].From.Equal(noon.Add(-time.Hour)) || got[0].Count != 1 || got[0].OK != 0 || got[0].Most != 0 {
		t.Fatalf("buckets are %+v", got)
	}
	want := Bucket{From: noon, Count: 101, OK: 100, Least: time.Millisecond, Mean: 50500 * time.Microsecond,
		P95: 95 * time.Millisecond, Most: 100 * time.Millisecond}
	if got[1] != want {
		t.Errorf("the bucket is %+v, want %+v", got[1], want)
	}
	sum := Series{Buckets: got}.Sum()
	if sum.Count != 102 || sum.OK != 100 || sum.Mean != want.Mean || sum.Least != want.Least || sum.P95 != want.P95 {
		t.Errorf("the sum is %+v", sum)
	}
}

func TestNoReadingIsLostOrCountedTwice(t *testing.T) {
	begin := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var readings []Reading
		ok := 0
		for range rapid.IntRange(0, 60).Draw(t, "readings") {
			r := reading(begin.Add(time.Duration(rapid.IntRange(0, 5*3600).Draw(t, "at"))*time.Second),
				rapid.Bool().Draw(t, "ok"), time.Duration(rapid.IntRange(1, 5000).Draw(t, "took"))*time.Millisecond)
			if r.OK {
				ok++
			}
			readings = append(readings, r)
		}
		s := Series{Buckets: Roll(readings, time.Hour)}
		if sum := s.Sum(); sum.Count != len(readings) || sum.OK != ok {
			t.Errorf("%d of %d hold, want %d of %d", sum.OK, sum.Count, ok, len(readings))
		}
		for i, b := range s.Buckets {
			if b.Least > b.Mean || b.Mean > b.Most || b.P95 < b.Least || b.P95 > b.Most || b.OK > b.Count || b.Count == 0 {
				t.Errorf("the bucket %+v makes no sense", b)
			}
			if i > 0 && !b.From.After(s.Buckets[i-1].From) {
				t.Errorf("%v comes before %v", s.Buckets[i-1].From, b.From)
			}
		}
	})
}

package web

import (
	"testing"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func bucket(age time.Duration, ok, count int) setup.Bucket {
	return setup.Bucket{From: noon.Add(-age).Truncate(10 * time.Minute), OK: ok, Count: count, Mean: 90 * time.Millisecond, Most: 200 * time.Millisecond}
}

func TestWhatDidNotHoldIsNeverRoundedAway(t *testing.T) {
	for want, b := range map[string]setup.Bucket{
		"not asked in this time": {}, "100 % of 7": {OK: 7, Count: 7}, "99.99 % of 100000": {OK: 99999, Count: 100000}, "0.00 % of 3": {Count: 3},
	} {
		if got := share(b); got != want {
			t.Errorf("%+v is %q, want %q", b, got, want)
		}
	}
}

func TestABarStandsForItsStretchOfTime(t *testing.T) {
	s := setup.Series{Buckets: []setup.Bucket{
		bucket(25*time.Hour, 0, 9), bucket(23*time.Hour, 5, 5), bucket(15*time.Minute, 2, 5), bucket(5*time.Minute, 0, 5), bucket(0, 5, 5),
	}}
	r := historyRow(CheckHistory{setup.Check{ID: "telegram/1", Name: "Telegram"}, s}, journey.LastDay, noon)
	tones := map[string]int{}
	for _, b := range r.Bars {
		tones[b.Tone]++
	}
	if len(r.Bars) != 72 || tones["good"] != 2 || tones["some"] != 1 || tones["bad"] != 0 || tones["none"] != 69 {
		t.Errorf("%d bars: %v", len(r.Bars), tones)
	}
	if last := r.Bars[71].Tone; last != "good" {
		t.Errorf("the stretch that is not over yet is %s", last)
	}
	if len(r.Fails) != 1 || r.Fails[0].Bad != 8 || r.Fails[0].All != 10 {
		t.Errorf("the fails are %+v", r.Fails)
	}
	if want := "Telegram: 41.37 % of 29 held; not everything held in 1 stretch of 72; nothing was asked in 69"; r.Spoken != want {
		t.Errorf("it is told as %q, want %q", r.Spoken, want)
	}
}

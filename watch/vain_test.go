package watch

import (
	"context"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// still is a clock that stands.
type still time.Time

func (s still) Now() time.Time { return time.Time(s) }

func (still) Sleep(context.Context, time.Duration) error { return nil }

// Checks that fail together ask for one look, and once all is well the next
// failure is news again.
func TestLooksInVainAreCountedOnceEach(t *testing.T) {
	now := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	pace := Pace{}.orDefault()
	a := &account{last: now.Add(-time.Minute), due: now.Add(time.Hour)}
	for range 3 {
		a.urgent(now, pace)
	}
	if a.vain != 1 || !a.due.Equal(now) {
		t.Errorf("%d looks in vain are counted, and the next one is in %v", a.vain, a.due.Sub(now))
	}
	a.last = now
	a.urgent(now, pace)
	if a.vain != 2 || a.last.Before(now) {
		t.Errorf("%d looks in vain are counted", a.vain)
	}
	w := New(Options{Clock: still(now)})
	h := w.newHeart()
	p := &point{misses: map[string]misses{"telegram": {row: 2}}}
	h.subjects["ocs"] = &subject{answers: setup.Answers{Account: "acc"}, points: []*point{p}}
	if h.schedule(a, "acc", engine.Survey{}, nil, 8, now); a.vain != 2 {
		t.Errorf("while a check fails %d are counted", a.vain)
	}
	p.misses = nil
	if h.schedule(a, "acc", engine.Survey{}, nil, 8, now); a.vain != 0 {
		t.Errorf("when all is well %d are counted", a.vain)
	}
}

// What only the checks show began when they began to fail, and not when the
// account was looked at before.
func TestAFindingWithoutACauseBeginsWithItsChecks(t *testing.T) {
	looked := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	failed, now := looked.Add(4*time.Minute), looked.Add(5*time.Minute)
	f := setup.Finding{ID: "check-fails/nobody", Checks: []string{"slack", "telegram"}}
	m := moment{now: now, seen: looked, first: map[string]time.Time{"telegram": failed, "slack": failed.Add(time.Second)}}
	var t1, t2 tracker
	if at := t1.since(f, m); !at.Equal(failed) {
		t.Errorf("it began at %v", at)
	}
	f.Keys = []setup.Key{{Kind: setup.KindApp}}
	if at := t2.since(f, m); !at.Equal(looked) {
		t.Errorf("what a look shows began at %v", at)
	}
}

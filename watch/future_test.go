package watch

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// A clock that was put back leaves proof of a time that is not yet. It neither
// counts nor makes anybody forget that a check fails.
func TestProofOfATimeThatIsNotYetIsNone(t *testing.T) {
	now := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	proof := func(at time.Time, ok bool) setup.Evidence {
		return setup.Evidence{Check: setup.Check{ID: "telegram"}, At: at, OK: ok}
	}
	p := &point{id: "telegram"}
	s := &subject{points: []*point{p}}
	pace := Pace{}.orDefault()
	for range 3 {
		now = now.Add(5 * time.Second)
		p.answered([]setup.Evidence{proof(now, false)}, now, mood{}, pace)
	}
	if !p.broken() {
		t.Fatalf("it is not broken: %+v", p)
	}
	s.recall([]setup.Evidence{proof(now.Add(time.Hour), true)}, now)
	if !p.broken() || p.row() != 3 {
		t.Errorf("by proof of a time that is not yet what counts is %+v after %d failures", p.counts, p.row())
	}
	s.recall([]setup.Evidence{proof(now.Add(time.Second), true)}, now.Add(2*time.Second))
	if p.broken() || p.row() != 0 {
		t.Errorf("by proof of now what counts is %+v after %d failures", p.counts, p.row())
	}
}

// What a run saw before a check began to fail says nothing of the failures.
func TestProofFromBeforeAFailureDoesNotEndIt(t *testing.T) {
	now := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	p := &point{id: "telegram"}
	s := &subject{points: []*point{p}}
	for range 2 {
		p.answered([]setup.Evidence{{Check: setup.Check{ID: "telegram"}, At: now}}, now, mood{}, Pace{}.orDefault())
		now = now.Add(time.Second)
	}
	s.recall([]setup.Evidence{{Check: setup.Check{ID: "telegram"}, At: now.Add(-time.Minute), OK: true}}, now)
	if p.row() != 2 {
		t.Errorf("it failed %d times", p.row())
	}
}

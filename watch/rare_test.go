package watch

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

func TestWhatIsAskedRarelyIsAskedOnceMoreWhenItsWayBreaks(t *testing.T) {
	now := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	c := setup.Check{ID: "slack/1", Door: "slack", Metadata: true}
	p := &point{id: c.ID, rare: true, due: now.Add(5 * time.Minute), counts: []setup.Evidence{{Check: c, At: now.Add(-time.Minute), OK: true}}}
	s := &subject{points: []*point{p}}
	blocked := setup.Finding{Class: setup.ClassEdgeBlocks, Severity: setup.SeverityBroken, Since: now}
	s.askRare(nil, now)
	if p.due.Equal(now) {
		t.Error("it is asked although nothing broke")
	}
	s.askRare([]setup.Finding{blocked}, now)
	if !p.due.Equal(now) {
		t.Errorf("it is asked in %v", p.due.Sub(now))
	}
	p.counts[0].At, p.due = now.Add(time.Second), now.Add(5*time.Minute)
	s.askRare([]setup.Finding{blocked}, now.Add(2*time.Second))
	if p.due.Before(now.Add(time.Minute)) {
		t.Error("it is asked again and again")
	}
}

package watch

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// Three checks that are made in one go and fail once each are not one check that
// fails three times.
func TestOfChecksMadeInOneGoEachCountsByItself(t *testing.T) {
	pace := Pace{}.orDefault()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	ids := []string{"beside/telegram", "beside/whatsapp", "beside/slack"}
	look := func(failing ...string) []setup.Evidence {
		var all []setup.Evidence
		for _, id := range ids {
			e := setup.Evidence{Check: setup.Check{ID: id}, At: now, OK: true, By: setup.ByApp}
			for _, f := range failing {
				if f == id {
					e.OK, e.By = false, setup.ByNobody
				}
			}
			all = append(all, e)
		}
		return all
	}
	p := &point{id: setup.BesidePrefix}
	ask := func(failing ...string) verdict {
		now = now.Add(5 * time.Second)
		return p.answered(look(failing...), now, time.Time{}, pace)
	}
	ask()
	for _, id := range ids {
		if v := ask(id); !v.again || len(v.counts) != 2 || p.broken() || len(p.counts) != 3 {
			t.Fatalf("after one failure of %s: %+v, known is %+v", id, v, p.counts)
		}
	}
	for range 2 {
		ask(ids[0], ids[1])
	}
	since := now.Add(-5 * time.Second)
	if v := ask(ids[0]); v.again || !p.broken() || len(v.counts) != 3 {
		t.Errorf("after three failures: %+v, known is %+v", v, p.counts)
	}
	if m := p.misses[ids[0]]; m.row != 3 || !m.since.Equal(since) {
		t.Errorf("it fails %d times since %v, not since %v", m.row, m.since, since)
	}
	if v := ask(); v.again || p.broken() || p.row() != 0 {
		t.Errorf("when all is well: %+v, known is %+v", v, p.counts)
	}
}

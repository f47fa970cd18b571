package watch

import (
	"slices"
	"strings"
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
		return p.answered(look(failing...), now, mood{}, pace)
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

// How often in a row a failure has to be seen depends on what is known beside it.
func TestHowOftenAFailureIsSeenBeforeItCounts(t *testing.T) {
	pace := Pace{}.orDefault()
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	later := began.Add(time.Minute)
	onWay := []fresh{{later, func(setup.Evidence) bool { return true }}}
	rows := map[string]struct {
		as   mood
		by   setup.Answerer
		lock bool
		want int // 0: not within a minute
	}{
		"nothing else is known":             {mood{}, setup.ByNobody, false, 3},
		"a change is on its way":            {mood{fresh: onWay}, setup.ByNobody, false, 0},
		"something was seen to be wrong":    {mood{alarmed: later}, setup.ByNobody, false, 2},
		"it shows something open":           {mood{}, setup.ByApp, true, 2},
		"open, while a change is under way": {mood{fresh: onWay}, setup.ByApp, true, 2},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := &point{}
			counted := 0
			for n := 1; n <= 10 && counted == 0; n++ {
				e := setup.Evidence{Check: setup.Check{ID: "c", Locked: row.lock}, By: row.by}
				if v := p.answered([]setup.Evidence{e}, began.Add(time.Duration(n)*5*time.Second), row.as, pace); len(v.counts) > 0 {
					counted = n
				}
			}
			if counted != row.want {
				t.Errorf("it counts at the %d. time, want %d", counted, row.want)
			}
		})
	}
}

// While a change is on its way a check that fails again and again is neither
// broken nor proven.
func TestWhileAChangeIsOnItsWayNothingIsProvenByAnOldAnswer(t *testing.T) {
	pace := Pace{}.orDefault()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	as := mood{fresh: []fresh{{now.Add(time.Minute), func(setup.Evidence) bool { return true }}}}
	for _, id := range []string{"telegram", setup.BesidePrefix + setup.AppCheck} {
		p := &point{}
		ask := func(of string, ok bool) verdict {
			now = now.Add(time.Second)
			return p.answered([]setup.Evidence{{Check: setup.Check{ID: of}, At: now, OK: ok}}, now, as, pace)
		}
		ask("telegram", true)
		for range 2 {
			if v := ask(id, false); v.doubt || len(p.counts) != 1 {
				t.Errorf("%s fails: it says %+v, what counts is %+v", id, v, p.counts)
			}
		}
		if v := ask(id, false); !v.doubt || !v.again || len(v.counts) > 0 || len(p.counts) > 0 {
			t.Errorf("%s fails at the third time: it says %+v, what counts is %+v", id, v, p.counts)
		}
		if v := ask("telegram", true); v.doubt || len(p.counts) != 1 {
			t.Errorf("once it holds it says %+v, what counts is %+v", v, p.counts)
		}
	}
}

// An app that has no address is not asked what it was asked before. That counts
// when it counts that it cannot be asked, and is over when it can.
func TestWhatCannotBeAskedStaysKnownUntilThatCounts(t *testing.T) {
	pace := Pace{}.orDefault()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &point{id: setup.BesidePrefix}
	ask := func(ok bool, ids ...string) string {
		now = now.Add(5 * time.Second)
		var all []setup.Evidence
		for _, id := range ids {
			all = append(all, setup.Evidence{Check: setup.Check{ID: id}, OK: ok || id == "connector"})
		}
		p.answered(all, now, mood{}, pace)
		var known []string
		for _, e := range p.counts {
			known = append(known, e.Check.ID)
		}
		return strings.Join(known, " ")
	}
	for i, step := range []struct {
		known string
		want  string
	}{
		{ask(true, "connector", "telegram", "slack"), "connector telegram slack"},
		{ask(false, "connector", "app"), "connector telegram slack"},
		{ask(false, "connector", "app"), "connector telegram slack"},
		{ask(false, "connector", "app"), "connector app"},
		{ask(true, "connector", "telegram", "slack"), "connector telegram slack"},
	} {
		if step.known != step.want {
			t.Errorf("after look %d what counts is %q, want %q", i+1, step.known, step.want)
		}
	}
}

// The history keeps every change, and of what stays as it is not more than it
// needs.
func TestWhatTheHistoryKeeps(t *testing.T) {
	pace := Pace{}.orDefault()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &point{}
	var kept []bool
	for _, ok := range []bool{true, true, true, true, false, false, true, true} {
		kept = append(kept, p.remembers(setup.Evidence{Check: setup.Check{ID: "c"}, At: now, OK: ok}, true, pace))
		now = now.Add(5 * time.Second)
	}
	if want := []bool{true, false, false, true, true, false, true, false}; !slices.Equal(kept, want) {
		t.Errorf("it keeps %v, want %v", kept, want)
	}
}

// An hour of outage is an hour of a day, although a check that fails is asked more
// often than one that holds.
func TestAnHourOfOutageIsAnHourOfTheDay(t *testing.T) {
	pace := Pace{}.orDefault()
	for _, watched := range []bool{true, false} {
		p := &point{}
		began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		all, held := 0, 0
		for at := began; at.Before(began.Add(24 * time.Hour)); {
			ok := at.Before(began.Add(10*time.Hour)) || !at.Before(began.Add(11*time.Hour))
			if p.remembers(setup.Evidence{Check: setup.Check{ID: "c"}, At: at, OK: ok}, watched, pace) {
				all++
				if ok {
					held++
				}
			}
			every := pace.Failing
			if ok {
				every = p.interval(watched, pace)
			}
			at = at.Add(every)
		}
		if share := 100 * float64(held) / float64(all); share < 95.3 || share > 96.3 {
			t.Errorf("watched %v: %.2f %% of %d held, want 95.83 %%", watched, share, all)
		}
	}
}

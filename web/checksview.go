package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// CheckHistory is how one check did over a stretch of time.
type CheckHistory struct {
	Check  setup.Check
	Series setup.Series
}

// Span is the stretch of time whose history the page shows; empty: it shows
// none.
func (p Page) Span() journey.Span {
	switch p {
	case PageDay:
		return journey.LastDay
	case PageMonth:
		return journey.LastMonth
	}
	return ""
}

// slots says into how many bars a stretch of time is cut, and how long each is.
func slots(span journey.Span) (n int, each time.Duration) {
	if span == journey.LastMonth {
		return 60, 12 * time.Hour
	}
	return 72, 20 * time.Minute
}

// HistoryRow is one check with its bars.
type HistoryRow struct {
	ID     string
	Name   string
	Path   string
	Share  string // how much of what was asked held
	Took   string // how long it took
	Tone   string // good, some, bad, none, as of a bar
	Bars   []Bar
	Line   string // points of the latencies
	Top    string // what the height of the line stands for
	Fails  []Fail // the newest first
	Gaps   int    // bars in which nothing was asked
	Spoken string // all of it, for those who do not see the bars
}

// Bar is one stretch of time.
type Bar struct {
	X, Y, Height string
	Tone         string // good, some, bad, none
}

// Fail is a stretch of time in which not everything held.
type Fail struct {
	From     time.Time
	Bad, All int
}

// CheckGroup is the checks of one sort.
type CheckGroup struct {
	Title string
	Rows  []HistoryRow
}

// fine says that all of several checks always held: one line stands for them.
func (g CheckGroup) fine() bool {
	return len(g.Rows) > 3 && !slices.ContainsFunc(g.Rows, func(r HistoryRow) bool { return r.Tone != "good" })
}

// histories are the checks in groups: doors, locks, ways past, what is asked
// beside.
func (v StandingView) histories() []CheckGroup {
	groups := []CheckGroup{{Title: "Doors for webhooks"}, {Title: "Must stay locked"}, {Title: "Past the tunnel"}, {Title: "On this server"}, {Title: "Your team’s private way"}}
	place := map[string]int{"door": 0, "locked": 1, "port": 2, "beside": 3, "private": 4}
	for _, h := range v.Histories {
		g := &groups[place[kindOfCheck(h.Check)]]
		g.Rows = append(g.Rows, historyRow(h, v.At.Span(), v.Now))
	}
	var filled []CheckGroup
	for _, g := range groups {
		if len(g.Rows) > 0 {
			filled = append(filled, g)
		}
	}
	return filled
}

func historyRow(h CheckHistory, span journey.Span, now time.Time) HistoryRow {
	r := HistoryRow{ID: "history-" + anchor(h.Check.ID), Name: h.Check.Name, Path: lockedPath(h.Check), Tone: toneOf(h.Series.Sum())}
	sum := h.Series.Sum()
	r.Share = share(sum)
	if sum.OK > 0 {
		r.Took = fmt.Sprintf("%s on average, %s at most", millis(sum.Mean), millis(sum.Most))
	}
	cut := cutUp(h.Series, span, now)
	r.bars(cut)
	r.line(cut)
	r.spoken(sum)
	return r
}

// share says how much held; never more than is true.
func share(b setup.Bucket) string {
	switch {
	case b.Count == 0:
		return "not asked in this time"
	case b.OK == b.Count:
		return fmt.Sprintf("100 %% of %d", b.Count)
	}
	return fmt.Sprintf("%.2f %% of %d", float64(b.OK*10000/b.Count)/100, b.Count)
}

func millis(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return seconds(d)
}

// cutUp sums a series up into the bars of a page, oldest first. A bar without
// any reading has the count 0.
func cutUp(s setup.Series, span journey.Span, now time.Time) []setup.Bucket {
	n, each := slots(span)
	start := now.Truncate(each).Add(each - time.Duration(n)*each) // the last bar is not over
	parts := make([]setup.Series, n)
	for _, b := range s.Buckets {
		if i := int(b.From.Sub(start) / each); !b.From.Before(start) && i < n {
			parts[i].Buckets = append(parts[i].Buckets, b)
		}
	}
	cut := make([]setup.Bucket, n)
	for i, p := range parts {
		cut[i] = p.Sum()
		cut[i].From = start.Add(time.Duration(i) * each)
	}
	return cut
}

const barsHigh = 24

// toneOf says in a word how a stretch of time was.
func toneOf(b setup.Bucket) string {
	switch {
	case b.Count == 0:
		return "none"
	case b.OK == 0:
		return "bad"
	case b.OK < b.Count:
		return "some"
	}
	return "good"
}

func (r *HistoryRow) bars(cut []setup.Bucket) {
	for i, b := range cut {
		bar := Bar{X: strconv.Itoa(i * 4), Y: "0", Height: strconv.Itoa(barsHigh), Tone: toneOf(b)}
		if b.Count == 0 {
			bar.Y, bar.Height = strconv.Itoa(barsHigh-4), "4"
			r.Gaps++
		}
		r.Bars = append(r.Bars, bar)
		if b.OK < b.Count {
			r.Fails = append([]Fail{{b.From, b.Count - b.OK, b.Count}}, r.Fails...)
		}
	}
}

// line draws how long what held took, on average.
func (r *HistoryRow) line(cut []setup.Bucket) {
	var most time.Duration
	for _, b := range cut {
		most = max(most, b.Mean)
	}
	if most == 0 {
		return
	}
	var points []string
	for i, b := range cut {
		if b.OK > 0 {
			y := barsHigh - 1 - int((barsHigh-2)*b.Mean/most)
			points = append(points, fmt.Sprintf("%d,%d", i*4+1, y))
		}
	}
	if len(points) < 2 {
		return
	}
	r.Line, r.Top = strings.Join(points, " "), millis(most)
}

func (r *HistoryRow) spoken(sum setup.Bucket) {
	r.Spoken = r.Name + ": " + r.Share + " held"
	if n := len(r.Fails); n > 0 {
		r.Spoken += fmt.Sprintf("; not everything held in %s of %d", plural(n, "stretch", "stretches"), len(r.Bars))
	}
	if r.Gaps > 0 && sum.Count > 0 {
		r.Spoken += fmt.Sprintf("; nothing was asked in %d", r.Gaps)
	}
}

// barsBox is the coordinates of the drawing.
func (r HistoryRow) barsBox() string { return fmt.Sprintf("0 0 %d %d", len(r.Bars)*4-1, barsHigh) }

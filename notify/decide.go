package notify

import (
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// bundle is what one message tells of one setup.
type bundle struct {
	setup  setup.SetupID
	opened []setup.Notice
	ended  []setup.Notice
	passed []setup.Notice // over before anybody could be told
}

// urgent: something can be reached that must be locked.
func (b bundle) urgent() bool {
	return slices.ContainsFunc(b.opened, func(n setup.Notice) bool { return n.Finding.Severity == setup.SeverityOpen })
}

// decision is what is to be told now, what is known as told without a message,
// and when to decide again.
type decision struct {
	bundles []bundle
	silent  []setup.Notice
	next    time.Time // zero: when something happens
}

// decide works out what to tell of incidents, oldest first. Nothing is told of
// those that ended before since, when there was nobody to tell.
func (p Pace) decide(all []setup.Notice, now, since time.Time) decision {
	d := decision{}
	all = slices.Clone(all)
	d.carryOn(p, all)
	ready := map[setup.SetupID]bool{}
	var waiting []setup.Notice
	for i, n := range all {
		ripe, silent := p.ripe(all, i, since)
		switch {
		case silent:
			n.ToldEnd = now
			d.silent = append(d.silent, n)
		case ripe.IsZero(): // all is told
		case ripe.After(now) && p.calm(all, i) != p.Gather:
			d.sooner(ripe)
		default:
			waiting = append(waiting, n)
			ready[n.Setup] = ready[n.Setup] || !ripe.After(now)
			if ripe.After(now) {
				d.sooner(ripe)
			}
		}
	}
	for _, n := range waiting {
		if ready[n.Setup] {
			d.add(n)
		}
	}
	return d
}

func (d *decision) sooner(at time.Time) {
	if d.next.IsZero() || at.Before(d.next) {
		d.next = at
	}
}

// carryOn takes an incident that opened soon after another one of the same
// finding for that one going on: its end is not told, nor its beginning.
func (d *decision) carryOn(p Pace, all []setup.Notice) {
	for i, n := range all {
		if n.Standing() || n.Told.IsZero() || !n.ToldEnd.IsZero() {
			continue
		}
		if j := explaining(all, i); j >= 0 {
			d.handOn(all, i, j)
			continue
		}
		j := after(all, i)
		if j < 0 || all[j].Opened.Sub(n.Closed) >= p.calm(all, i) || !all[j].Told.IsZero() {
			continue
		}
		all[j].Told, all[i].ToldEnd = n.Told, n.Closed
		d.silent = append(d.silent, all[i], all[j])
	}
}

// handOn ends an incident in silence once the one with its cause was told. If
// that is over before anybody was told of it, its end is told in place of this.
func (d *decision) handOn(all []setup.Notice, i, j int) {
	switch cause := &all[j]; {
	case !cause.Told.IsZero():
	case cause.Standing():
		return // it is told first
	default:
		cause.Told, cause.ToldEnd = all[i].Told, time.Time{}
		d.silent = append(d.silent, *cause)
	}
	all[i].ToldEnd = all[i].Closed
	d.silent = append(d.silent, all[i])
}

// explaining is the incident with the cause of one that ended for it; below zero
// if there is none.
func explaining(all []setup.Notice, i int) int {
	n := all[i]
	if n.Finding.Explained == "" {
		return -1
	}
	for j := len(all) - 1; j >= 0; j-- {
		c := all[j]
		if j != i && c.Setup == n.Setup && c.Finding.ID == n.Finding.Explained && (c.Standing() || !c.Closed.Before(n.Closed)) {
			return j
		}
	}
	return -1
}

// after is the next incident of the same finding; below zero if there is none.
func after(all []setup.Notice, i int) int {
	for j := i + 1; j < len(all); j++ {
		if sameFinding(all[i], all[j]) {
			return j
		}
	}
	return -1
}

func sameFinding(a, b setup.Notice) bool { return a.Setup == b.Setup && a.Finding.ID == b.Finding.ID }

// ripe is when there is something to tell of an incident; zero if there is
// nothing. Silent: there was, and it is too late or too little to tell.
func (p Pace) ripe(all []setup.Notice, i int, since time.Time) (at time.Time, silent bool) {
	n := all[i]
	switch {
	case n.Standing() && n.Told.IsZero():
		return n.Opened.Add(p.calm(all, i)), false
	case n.Standing() || !n.ToldEnd.IsZero():
		return time.Time{}, false
	case n.Finding.Explained != "" && explaining(all, i) >= 0:
		return time.Time{}, n.Told.IsZero() // the cause carries on
	case n.Finding.Explained != "":
		return n.Closed.Add(p.Calm), false // it may still open
	case !n.Told.IsZero():
		return n.Closed.Add(p.calm(all, i)), false
	case n.Closed.Before(since) || n.Closed.Sub(n.Opened) < p.Brief:
		return time.Time{}, true
	}
	return n.Closed.Add(p.Gather), false
}

// calm is how long an incident has to stand, or to be over, before it is told.
// The one that makes it a finding that comes and goes is told at once, and says
// so; the end of it and what follows has to last.
func (p Pace) calm(all []setup.Notice, i int) time.Duration {
	times := p.times(all, i)
	if times > p.Flaps || times == p.Flaps && !all[i].Standing() {
		return p.Calm
	}
	return p.Gather
}

// times counts the openings of the same finding within the hour up to this one.
func (p Pace) times(all []setup.Notice, i int) int {
	count := 0
	for j := 0; j <= i; j++ {
		if sameFinding(all[i], all[j]) && all[j].Opened.After(all[i].Opened.Add(-time.Hour)) {
			count++
		}
	}
	return count
}

// add puts a notice into the bundle of its setup.
func (d *decision) add(n setup.Notice) {
	i := slices.IndexFunc(d.bundles, func(b bundle) bool { return b.setup == n.Setup })
	if i < 0 {
		d.bundles = append(d.bundles, bundle{setup: n.Setup})
		i = len(d.bundles) - 1
	}
	b := &d.bundles[i]
	switch {
	case n.Standing():
		b.opened = append(b.opened, n)
	case n.Told.IsZero():
		b.passed = append(b.passed, n)
	default:
		b.ended = append(b.ended, n)
	}
}

// told is what is known as told once a bundle's message is stored.
func (b bundle) told(now time.Time) []setup.Notice {
	var all []setup.Notice
	for _, n := range b.opened {
		n.Told = now
		all = append(all, n)
	}
	for _, n := range append(slices.Clone(b.ended), b.passed...) {
		n.ToldEnd = now
		all = append(all, n)
	}
	return all
}

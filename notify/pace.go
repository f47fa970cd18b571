package notify

import (
	"cmp"
	"time"
)

// Pace says how much is told. Zero values are replaced by defaults.
type Pace struct {
	Gather  time.Duration // for which a problem stands before it is told, with those that came meanwhile. 15 s
	Brief   time.Duration // a problem that nobody could be told of in time is told afterwards if it lasted as long. 1 min
	Flaps   int           // openings within an hour that make a problem one that comes and goes. 3
	Calm    time.Duration // for which such a problem has to stay, or stay away, before it is told again. 15 min
	PerHour int           // messages, at most; what must be locked and is open is told in any case. 12

	First  time.Duration // before a message that failed is tried again; doubled each time. 10 s
	Last   time.Duration // at most between two attempts. 10 min
	GiveUp time.Duration // how old a message may be that is still tried. 24 h
	Wait   time.Duration // for the answer of a service. 20 s

	Beat  time.Duration // between two signs of life. 1 min
	Pulse time.Duration // between two looks whether one is due. 1 s
}

func (p Pace) orDefault() Pace {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&p.Gather, 15 * time.Second}, {&p.Brief, time.Minute}, {&p.Calm, 15 * time.Minute},
		{&p.First, 10 * time.Second}, {&p.Last, 10 * time.Minute}, {&p.GiveUp, 24 * time.Hour}, {&p.Wait, 20 * time.Second},
		{&p.Beat, time.Minute}, {&p.Pulse, time.Second},
	} {
		*d.value = cmp.Or(*d.value, d.fallback)
	}
	p.Flaps, p.PerHour = cmp.Or(p.Flaps, 3), cmp.Or(p.PerHour, 12)
	return p
}

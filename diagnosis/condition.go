package diagnosis

import (
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// Light says how one thing stands. Only fresh proof makes it good.
type Light string

// Lights.
const (
	Good    Light = "good"
	Bad     Light = "bad"
	Unknown Light = "unknown"
)

// Condition is how a setup stands as a whole, for a page or a few lines.
type Condition struct {
	Light Light `json:"light"`
	// Switched: the public name leads through Cloudflare, or the team to the
	// private one. Before that nobody depends on the setup.
	Switched bool            `json:"switched"`
	Sentence string          `json:"sentence"`
	Told     Told            `json:"told"` // the same in parts
	Channels []Channel       `json:"channels"`
	Locks    []Lock          `json:"locks"`
	Findings []setup.Finding `json:"findings"`        // worst first
	Proven   time.Time       `json:"proven,omitzero"` // the oldest proof that counts
	Until    time.Time       `json:"until,omitzero"`  // when the first proof stops to count
}

// Channel is one door with what was seen of it: a row of the webhook matrix.
type Channel struct {
	Door  string `json:"door"`
	Name  string `json:"name"`
	Light Light  `json:"light"`
	// State says in a word how the door itself stands: open, missing, wide,
	// changed, closed, or not known.
	State    string           `json:"state"`
	By       setup.Answerer   `json:"by"`            // who answered
	At       time.Time        `json:"at,omitzero"`   // of the oldest of its checks
	Seen     time.Time        `json:"seen,omitzero"` // when the app last answered
	Since    time.Time        `json:"since,omitzero"`
	Findings []string         `json:"findings,omitempty"` // ids, worst first
	Proof    []setup.Evidence `json:"proof,omitempty"`
}

// Lock is one path that must stay locked.
type Lock struct {
	Check setup.Check     `json:"check"`
	Light Light           `json:"light"`
	At    time.Time       `json:"at,omitzero"`
	Proof *setup.Evidence `json:"proof,omitempty"`
}

// Sum puts findings and evidence together. The findings are those of the same
// input, perhaps with more known of them.
func Sum(in Input, findings []setup.Finding) Condition {
	c := Condition{Findings: findings, Switched: in.live() || in.Answers.LedIn(in.Ledger)}
	if in.live() {
		for _, d := range in.Answers.Doors {
			c.Channels = append(c.Channels, in.channel(d, findings))
		}
		for _, check := range in.Answers.Checks {
			if check.Locked {
				c.Locks = append(c.Locks, in.lock(check))
			}
		}
	}
	for _, check := range in.Needed() {
		v, ok := in.fresh(check)
		if !ok {
			continue
		}
		c.Proven = earlier(c.Proven, v.At)
		c.Until = earlier(c.Until, v.At.Add(check.Fresh()))
	}
	c.Light = light(c)
	c.Told = in.told(c)
	c.Sentence = in.sentence(c.Told)
	return c
}

// earlier is the earlier of two times, one of which may not be known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// light is that of the worst: what is not known is never good. What nobody is led
// to yet is neither good nor bad, unless it is open.
func light(c Condition) Light {
	open := len(c.Findings) > 0 && c.Findings[0].Severity == setup.SeverityOpen
	if !c.Switched && !open {
		return Unknown
	}
	worst := Good
	if len(c.Findings) > 0 {
		switch c.Findings[0].Severity {
		case setup.SeverityOpen, setup.SeverityBroken:
			return Bad
		case setup.SeverityUnknown:
			worst = Unknown
		}
	}
	for _, ch := range c.Channels {
		if ch.Light != Good {
			return worse(worst, ch.Light)
		}
	}
	for _, l := range c.Locks {
		if l.Light != Good {
			return worse(worst, l.Light)
		}
	}
	if c.Proven.IsZero() {
		return Unknown
	}
	return worst
}

func worse(a, b Light) Light {
	if a == Bad || b == Bad {
		return Bad
	}
	return Unknown
}

func (in Input) channel(d setup.Door, findings []setup.Finding) Channel {
	ch := Channel{Door: d.ID, Name: d.Name, Light: Good, State: "open"}
	asked := 0
	for _, c := range in.Answers.Checks {
		if c.Door != d.ID {
			continue
		}
		asked++
		v, ok := in.fresh(c)
		if !ok {
			ch.Light = worseIfGood(ch.Light, Unknown)
			continue
		}
		ch.take(v)
		if v.At.Before(Broke(in.Answers, findings, c)) {
			ch.Light = worseIfGood(ch.Light, Unknown)
		}
	}
	if asked == 0 {
		ch.Light = Unknown
	}
	ch.explain(findings, in.Answers.DoorKey(d))
	return ch
}

func worseIfGood(l, other Light) Light {
	if l == Good {
		return other
	}
	return l
}

// take adds what one of the door's checks saw.
func (ch *Channel) take(v setup.Evidence) {
	ch.Proof = append(ch.Proof, v)
	if ch.At.IsZero() || v.At.Before(ch.At) {
		ch.At = v.At
	}
	if v.OK && v.At.After(ch.Seen) {
		ch.Seen = v.At
	}
	if ch.By == "" || !v.OK {
		ch.By = v.By
	}
	if !v.OK {
		ch.Light = Bad
	}
}

// explain adds which findings are about the door.
func (ch *Channel) explain(findings []setup.Finding, key setup.Key) {
	for _, f := range findings {
		about := slices.Contains(f.Keys, key)
		if !about && !slices.Contains(f.Doors, ch.Door) {
			continue
		}
		ch.Findings = append(ch.Findings, f.ID)
		if ch.Since.IsZero() {
			ch.Since = f.Since
		}
		if word := doorWord(f.Class); about && word != "" {
			ch.State = word
		}
	}
	switch {
	case ch.State != "open":
	case ch.Light == Unknown:
		ch.State = "not known"
	case ch.By == setup.ByAccess:
		ch.State = "closed"
	}
}

func doorWord(c setup.Class) string {
	switch c {
	case setup.ClassDoorMissing:
		return "missing"
	case setup.ClassDoorWide:
		return "wide"
	case setup.ClassDoorChanged, setup.ClassShadowed:
		return "changed"
	case setup.ClassDoorsClosed:
		return "closed"
	}
	return ""
}

func (in Input) lock(c setup.Check) Lock {
	l := Lock{Check: c, Light: Unknown}
	v, ok := in.fresh(c)
	if !ok {
		return l
	}
	l.At, l.Proof = v.At, &v
	switch {
	case v.OK:
		l.Light = Good
	case v.By != setup.ByNobody && v.By != setup.ByEdge:
		l.Light = Bad
	}
	return l
}

package web

import (
	"time"

	"github.com/culvert/culvert/diagnosis"
)

// WayView is the way of a message, as a picture that reads as a list too.
type WayView struct {
	Begin string // who sets out
	Hops  []HopRow
	Text  string // where it breaks, or that it does not
	State LightState
	Until time.Time // when the text is no longer known to be true
}

// HopRow is one stop of the way.
type HopRow struct {
	ID      string
	Name    string
	Term    string
	State   LightState
	Word    string
	At      time.Time // of the proof; zero: none
	Until   time.Time
	Proof   string // one line
	Problem string // anchor of what is wrong there
	First   bool   // messages end here
}

// way is how messages come in.
func (v StandingView) way() WayView {
	hops := diagnosis.Way(v.Now, v.S.Condition.Findings, v.S.Facts, v.S.Evidence)
	broken := diagnosis.Broken(hops)
	w := WayView{Begin: "Messaging platforms", State: LightOn}
	for i, h := range hops {
		r := v.hopRow(h)
		r.First = i == broken
		w.Hops = append(w.Hops, r)
		if r.State != LightOn {
			w.State = LightOut
		}
		w.Until = sooner(r.Until, w.Until)
	}
	switch {
	case broken >= 0:
		w.State, w.Text = LightOff, v.brokenText(hops[broken])
	case w.State == LightOn:
		w.Text = "Each stop is proven: a message gets all the way to the app."
	default:
		w.Text, w.Until = "Not every stop is proven now.", time.Time{}
	}
	return w
}

func (v StandingView) hopRow(h diagnosis.Hop) HopRow {
	r := HopRow{ID: "hop-" + string(h.Stop), Until: h.Until, State: LightOut, Word: noRecentProof}
	r.Name, r.Term = v.stopName(h.Stop)
	switch h.Light {
	case diagnosis.Good:
		r.State, r.Word = LightOn, "passes"
	case diagnosis.Bad:
		r.State, r.Word = LightOff, "broken"
	}
	if r.State == LightOut {
		r.Until = time.Time{}
	}
	if h.Proof != nil {
		r.At, r.Proof = h.Proof.At, saw(*h.Proof)
	}
	if h.Finding != "" {
		r.Problem = "problem-" + anchor(h.Finding)
	}
	return r
}

func (v StandingView) stopName(s diagnosis.Stop) (name, term string) {
	switch s {
	case diagnosis.StopEdge:
		return "Cloudflare takes " + orWords(v.S.Hostname, "your address"), "edge"
	case diagnosis.StopDoors:
		return "Doors and lock", "Access"
	case diagnosis.StopTunnel:
		return "Tunnel to this server", "tunnel"
	case diagnosis.StopConnector:
		return "Connector", "cloudflared"
	}
	return orWords(v.S.Profile.Name, "The app"), v.S.Answers.Stack.Service
}

// brokenText names the first stop where messages end, and why.
func (v StandingView) brokenText(h diagnosis.Hop) string {
	name, _ := v.stopName(h.Stop)
	text := "It breaks at “" + name + "”"
	for _, f := range v.S.Condition.Findings {
		if f.ID == h.Finding {
			return text + ": " + f.Title
		}
	}
	if h.Proof != nil {
		return text + ": " + h.Proof.Detail
	}
	return text + ": it does not run."
}

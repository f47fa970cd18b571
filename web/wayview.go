package web

import (
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// WayView is a way to the app, as a picture that reads as a list too.
type WayView struct {
	ID    string
	Title string
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
	w := WayView{ID: "way", Title: "The way of a message", Begin: "Messaging platforms", State: LightOn}
	v.addHops(&w, hops, broken)
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

// addHops adds the stops, and what they say together: on if each of them is.
func (v StandingView) addHops(w *WayView, hops []diagnosis.Hop, broken int) {
	for i, h := range hops {
		r := v.hopRow(h)
		r.First = i == broken
		w.Hops = append(w.Hops, r)
		if r.State != LightOn {
			w.State = LightOut
		}
		w.Until = sooner(r.Until, w.Until)
	}
}

// privateWay is how the team comes in by its private name; false: it does not.
func (v StandingView) privateWay() (WayView, bool) {
	if !v.private() {
		return WayView{}, false
	}
	hops := diagnosis.PrivateWay(v.Now, v.S.Answers, v.S.Condition.Findings, v.S.Facts, v.S.Evidence, v.S.Seen.Cloud)
	broken := diagnosis.Broken(hops)
	w := WayView{ID: "private-way", Title: "The way of a colleague", Begin: "A colleague", State: LightOut}
	v.addHops(&w, hops, broken)
	w.State, w.Text = LightOut, "From this server nobody can see what happens on a colleague’s device (WARP), nor that Cloudflare asks it for the login. Try it on one, below."
	unproven := func(h diagnosis.Hop) bool { return h.Light != diagnosis.Good && !h.Stop.OnDevice() }
	if !slices.ContainsFunc(hops, unproven) {
		w.Text = "Every other stop is proven. " + w.Text
	}
	if broken >= 0 {
		w.State, w.Text = LightOff, v.brokenText(hops[broken])
	} else {
		w.Until = time.Time{}
	}
	return w, true
}

func (v StandingView) hopRow(h diagnosis.Hop) HopRow {
	r := HopRow{ID: string(h.Stop), Until: h.Until, State: LightOut, Word: noRecentProof}
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
	switch {
	case h.Proof != nil:
		r.At, r.Proof = h.Proof.At, saw(*h.Proof)
	case h.Light == diagnosis.Unknown && !h.Read.IsZero() && h.Finding == "":
		r.Word, r.At, r.Proof = "as set up", h.Read, "Its settings at Cloudflare were read; what happens on a device cannot be seen from here."
	}
	if h.Finding != "" {
		r.Problem = "problem-" + anchor(h.Finding)
	}
	return r
}

func (v StandingView) stopName(s diagnosis.Stop) (name, term string) {
	switch s {
	case diagnosis.StopEdge:
		return "Cloudflare’s edge", orWords(v.S.Hostname, "your address")
	case diagnosis.StopDoors:
		return "Doors and lock", "Access"
	case diagnosis.StopTunnel:
		return "Tunnel to this server", "tunnel"
	case diagnosis.StopConnector:
		return "Connector", "cloudflared"
	case diagnosis.StopDevice:
		return "The device, with WARP", "device profile"
	case diagnosis.StopDNS:
		return "Who answers for " + v.privateName(), v.dnsTerm()
	case diagnosis.StopLogin:
		return "The login", "Access"
	case diagnosis.StopRoute:
		return "What carries the packets", v.routeTerm()
	}
	return orWords(v.S.Profile.Name, "The app"), v.S.Answers.Stack.Service
}

// private says whether the team comes in by a private name.
func (v StandingView) private() bool { return v.S.Answers.PrivateAddress() != "" }

// TryAt is the address at which a device reaches the app by the private name;
// empty: there is none.
func (v StandingView) TryAt() string {
	if v.S.TornDown {
		return ""
	}
	return v.S.Answers.PrivateAddress()
}

// privateAddress is the same while the way is walked.
func (v View) privateAddress() string {
	if v.O.Answers == nil {
		return ""
	}
	return v.O.Answers.PrivateAddress()
}

func (v StandingView) privateName() string {
	if v.S.Answers.Private == nil {
		return "the private name"
	}
	return v.S.Answers.Private.Name
}

func (v StandingView) dnsTerm() string {
	if v.S.Answers.Mode == setup.ModeFallback {
		return "Local Domain Fallback, dnsmasq"
	}
	return "Gateway"
}

func (v StandingView) routeTerm() string {
	if v.S.Answers.Mode == setup.ModeFallback {
		return "CIDR route"
	}
	return "hostname route"
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

package diagnosis

import (
	"slices"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Stop is one of the stops between a caller and the app.
type Stop string

// Stops in the order in which a message passes them.
const (
	StopEdge      Stop = "edge"      // the public name, at Cloudflare
	StopDoors     Stop = "doors"     // the lock and its doors
	StopTunnel    Stop = "tunnel"    // between Cloudflare and this server
	StopConnector Stop = "connector" // cloudflared
	StopApp       Stop = "app"
)

// Stops lists them in order.
func Stops() []Stop { return []Stop{StopEdge, StopDoors, StopTunnel, StopConnector, StopApp} }

// Hop is how one stop stands.
type Hop struct {
	Stop    Stop
	Light   Light
	Proof   *setup.Evidence // the newest that shows how it stands; nil: none does
	Finding string          // id of the worst one about it
	Until   time.Time       // when what is known of it stops to count
	Read    time.Time       // when its settings were read, where no check passes; zero: not lately
}

// factsCount is how long a look at the containers counts.
const factsCount = 3 * time.Minute

// Way tells how a message gets to the app, stop by stop. A stop is good if
// something that counts passed it; it is bad if something that is wrong lies
// there. Only if nothing that is known to be wrong lies on the way does the
// answer to a failing check say where messages end: of two reasons for one
// failure, the finding knows better.
func Way(now time.Time, findings []setup.Finding, facts found.Facts, evidence []setup.Evidence) []Hop {
	w := way{now: now, hops: map[Stop]*Hop{}}
	for _, s := range Stops() {
		w.hops[s] = &Hop{Stop: s, Light: Unknown}
	}
	fresh := slices.DeleteFunc(slices.Clone(evidence), func(v setup.Evidence) bool { return !v.Counts(now) })
	for _, v := range fresh {
		w.pass(v)
	}
	for _, f := range findings { // worst first
		w.blame(f)
	}
	w.look(facts)
	for _, f := range findings {
		w.outdate(f)
	}
	if !slices.ContainsFunc(Stops(), w.bad) {
		for _, v := range fresh {
			w.end(v)
		}
	}
	hops := make([]Hop, 0, len(w.hops))
	for _, s := range Stops() {
		hops = append(hops, *w.hops[s])
	}
	return hops
}

// Broken gives the place of the first stop where messages end; -1: there is none.
func Broken(hops []Hop) int {
	return slices.IndexFunc(hops, func(h Hop) bool { return h.Light == Bad })
}

type way struct {
	now  time.Time
	hops map[Stop]*Hop
}

func (w way) bad(s Stop) bool { return w.hops[s].Light == Bad }

// pass takes in which stops a request got through.
func (w way) pass(v setup.Evidence) {
	for _, s := range passed(v) {
		h := w.hops[s]
		h.Light = Good
		if h.Proof == nil || v.At.After(h.Proof.At) {
			h.Proof, h.Until = &v, v.At.Add(v.Check.Fresh())
		}
	}
}

// passed are the stops that evidence proves to work. What answers has been
// reached; whether it did what it should is another matter.
func passed(v setup.Evidence) []Stop {
	switch {
	case v.Check.Private(): // it takes another way
		return nil
	case v.Check.Port(), v.Check.Rare(): // what is asked rarely is no proof of a way that can break any minute
		return nil
	case besideConnector(v):
		return onlyIf(v.OK, StopTunnel, StopConnector)
	case v.Check.Beside():
		return onlyIf(v.OK, StopApp)
	case v.Check.Locked && v.OK: // the lock answers whether or not anything is behind it
		return []Stop{StopEdge, StopDoors}
	}
	end := endOf(v)
	if v.OK {
		end = len(Stops())
	}
	if v.Check.Locked { // the lock did not hold, however far the request came
		return slices.DeleteFunc(Stops()[:end], func(s Stop) bool { return s == StopDoors })
	}
	return Stops()[:end]
}

func onlyIf(ok bool, stops ...Stop) []Stop {
	if ok {
		return stops
	}
	return nil
}

// endOf is the place of the stop at which a request that was made from outside
// ended. Cloudflare and the connector answer for what they cannot reach.
func endOf(v setup.Evidence) int {
	stop := StopEdge
	switch v.By {
	case setup.ByAccess:
		stop = StopDoors
	case setup.ByTunnel:
		stop = StopConnector
	case setup.ByConnector, setup.ByApp, setup.ByAppHost:
		stop = StopApp
	}
	return slices.Index(Stops(), stop)
}

// end takes in where a request did not get through.
func (w way) end(v setup.Evidence) {
	if v.OK || v.Check.Port() || v.Check.Private() {
		return
	}
	stop := Stops()[endOf(v)]
	switch {
	case besideConnector(v):
		stop = StopConnector
	case v.Check.Beside():
		stop = StopApp
	case v.Check.Locked && answersOpenly(v):
		stop = StopDoors
	}
	w.mark(stop, &v, v.At.Add(v.Check.Fresh()))
}

func (w way) mark(s Stop, proof *setup.Evidence, until time.Time) {
	h := w.hops[s]
	h.Light, h.Proof, h.Until = Bad, proof, until
}

// look takes in what the host tells of the containers: one that does not run
// lets nothing through. That one runs says nothing of what is in it.
func (w way) look(f found.Facts) {
	if f.Problem != nil || f.At.IsZero() || w.now.Sub(f.At) >= factsCount {
		return
	}
	for s, service := range map[Stop]found.Service{StopConnector: f.Connector, StopApp: f.App} {
		if service.Running == 0 && !w.bad(s) {
			w.mark(s, nil, f.At.Add(factsCount))
		}
	}
}

// blame takes in what is wrong at a stop.
func (w way) blame(f setup.Finding) {
	h, ok := w.hops[StopOf(f.Class)]
	if !ok || h.Finding != "" || len(f.Proof) > 0 && onlyPrivate(f.Proof) { // messages do not take the private way
		return
	}
	h.Finding = f.ID
	switch f.Severity {
	case setup.SeverityOpen, setup.SeverityBroken:
		var proof *setup.Evidence
		if len(f.Proof) > 0 {
			proof = &f.Proof[0]
		}
		w.mark(h.Stop, proof, w.now.Add(factsCount))
	case setup.SeverityUnknown:
		h.Light = worseIfGood(h.Light, Unknown)
	}
}

// outdate takes back what was proven of the stops behind one before all messages
// began to end there. Behind a door other messages go on.
func (w way) outdate(f setup.Finding) {
	stop := StopOf(f.Class)
	whole := stop != "" && stop != StopDoors && (f.Severity == setup.SeverityOpen || f.Severity == setup.SeverityBroken)
	if !whole || len(f.Proof) > 0 && onlyPrivate(f.Proof) {
		return
	}
	for _, s := range Stops()[slices.Index(Stops(), stop)+1:] {
		if h := w.hops[s]; h.Light == Good && h.Proof.At.Before(f.Since) {
			h.Light, h.Proof, h.Until = Unknown, nil, time.Time{}
		}
	}
}

// StopOf is where a class of findings lies; empty: nowhere on the way.
func StopOf(c setup.Class) Stop {
	switch c {
	case setup.ClassZonePaused, setup.ClassZoneMoved, setup.ClassRecordMissing, setup.ClassRecordGrey,
		setup.ClassRecordElsewhere, setup.ClassRecordWithdrawn, setup.ClassEdgeRule, setup.ClassEdgeBlocks:
		return StopEdge
	case setup.ClassZeroTrustOff, setup.ClassLockMissing, setup.ClassLockChanged, setup.ClassTeamChanged,
		setup.ClassLoginMissing, setup.ClassDoorMissing, setup.ClassDoorWide, setup.ClassDoorChanged, setup.ClassDoorsClosed,
		setup.ClassShadowed, setup.ClassOpen:
		return StopDoors
	case setup.ClassTunnelDeleted, setup.ClassIngressChanged, setup.ClassIngressShadowed, setup.ClassConnectorUnconnected,
		setup.ClassConnectorSecond, setup.ClassTunnelUnconnected:
		return StopTunnel
	case setup.ClassConnectorMissing, setup.ClassConnectorStopped, setup.ClassConnectorChanged, setup.ClassConnectorNetwork,
		setup.ClassConnectorBlind, setup.ClassNetworkGone:
		return StopConnector
	case setup.ClassAppStopped, setup.ClassAppUnhealthy, setup.ClassAppRefusesHost, setup.ClassAppFault, setup.ClassSettingLost:
		return StopApp
	}
	return ""
}

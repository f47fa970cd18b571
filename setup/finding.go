package setup

import (
	"slices"
	"time"
)

// Class sorts findings by what is wrong.
type Class string

// Classes, along the way from a caller to the app.
const (
	// What nobody can see now.
	ClassDockerAway   Class = "docker-away"   // the Docker engine does not answer
	ClassOffline      Class = "offline"       // this server reaches nothing outside
	ClassCloudAway    Class = "cloud-away"    // Cloudflare's API does not answer, or asks for patience
	ClassTokenRefused Class = "token-refused" // the API token is no longer valid
	ClassPermission   Class = "permission"    // the token lost a permission
	ClassUnread       Class = "unread"        // something else could not be read
	ClassUnproven     Class = "unproven"      // a check has no fresh evidence

	// The domain and the public name.
	ClassZeroTrustOff    Class = "zero-trust-off"
	ClassZonePaused      Class = "zone-paused"
	ClassZoneMoved       Class = "zone-moved" // no longer active, or no longer in the account
	ClassRecordMissing   Class = "record-missing"
	ClassRecordGrey      Class = "record-grey"      // not through Cloudflare
	ClassRecordElsewhere Class = "record-elsewhere" // leads to something else
	ClassRecordWithdrawn Class = "record-withdrawn" // taken away by Culvert, because something was open
	ClassEdgeRule        Class = "edge-rule"        // what lets callers through that are no browsers
	ClassEdgeBlocks      Class = "edge-blocks"      // Cloudflare stops callers by itself

	// Who may come in.
	ClassLockMissing  Class = "lock-missing"
	ClassLockChanged  Class = "lock-changed"
	ClassTeamChanged  Class = "team-changed" // who may enter
	ClassLoginMissing Class = "login-missing"
	ClassDoorMissing  Class = "door-missing"
	ClassDoorWide     Class = "door-wide" // opens more than it should
	ClassDoorChanged  Class = "door-changed"
	ClassDoorsClosed  Class = "doors-closed" // the rule that opens all doors is gone or changed
	ClassShadowed     Class = "shadowed"     // somebody else's application answers before ours
	ClassOpen         Class = "open"         // something answers without a login, and nothing tells why

	// The tunnel.
	ClassTunnelDeleted        Class = "tunnel-deleted"
	ClassIngressChanged       Class = "ingress-changed"
	ClassIngressShadowed      Class = "ingress-shadowed" // somebody else's rule answers before ours
	ClassConnectorMissing     Class = "connector-missing"
	ClassConnectorStopped     Class = "connector-stopped"
	ClassConnectorChanged     Class = "connector-changed"
	ClassConnectorNetwork     Class = "connector-network" // in another network than the app
	ClassConnectorUnconnected Class = "connector-unconnected"
	ClassConnectorSecond      Class = "connector-second"   // another one takes a part of the traffic
	ClassConnectorBlind       Class = "connector-blind"    // connected, and does not reach the app
	ClassTunnelUnconnected    Class = "tunnel-unconnected" // Cloudflare knows of no connector
	ClassConnectorUDP         Class = "connector-udp"      // connected, and carries no questions to the DNS server

	// The way of the team by a private name.
	ClassDevices        Class = "devices"         // the account's settings for devices lead elsewhere
	ClassPrivateRoute   Class = "private-route"   // none carries to this server
	ClassPrivateNetwork Class = "private-network" // Culvert's own network is gone
	ClassPrivateDNS     Class = "private-dns"     // the DNS server of the name
	ClassPrivateFront   Class = "private-front"   // what speaks TLS for the name
	ClassPrivateLogin   Class = "private-login"   // the app answers there, and nobody can log in

	// The app and its server.
	ClassNetworkGone    Class = "network-gone"
	ClassAppStopped     Class = "app-stopped"
	ClassAppUnhealthy   Class = "app-unhealthy"
	ClassAppReaddressed Class = "app-readdressed" // is no longer where the team's way leads
	ClassAppRefusesHost Class = "app-refuses-host"
	ClassAppFault       Class = "app-fault" // answers, and not as it should
	ClassSettingLost    Class = "setting-lost"
	ClassPortReopened   Class = "port-reopened"
	ClassFront          Class = "front" // another way in on this server
	ClassCertificate    Class = "certificate"

	// Everything else.
	ClassCheckFails Class = "check-fails" // and nothing tells why
	ClassChanged    Class = "changed"     // something else is not as it was set up
	ClassUnfinished Class = "unfinished"  // a run ended before everything was done
	ClassLeftover   Class = "leftover"    // a copy that Culvert left behind
	ClassWaiting    Class = "waiting"     // only the operator can bring it about
	ClassRouteNew   Class = "route-new"   // the app takes messages where no door leads
	ClassRouteStale Class = "route-stale" // a door leads where the app serves nothing
	ClassAlert      Class = "alert"       // Cloudflare mails nobody when this server is gone
)

// Classes lists them all.
func Classes() []Class {
	return []Class{
		ClassDockerAway, ClassOffline, ClassCloudAway, ClassTokenRefused, ClassPermission, ClassUnread, ClassUnproven,
		ClassZeroTrustOff, ClassZonePaused, ClassZoneMoved, ClassRecordMissing, ClassRecordGrey, ClassRecordElsewhere,
		ClassRecordWithdrawn, ClassEdgeRule, ClassEdgeBlocks, ClassLockMissing, ClassLockChanged, ClassTeamChanged, ClassLoginMissing,
		ClassDoorMissing, ClassDoorWide, ClassDoorChanged, ClassDoorsClosed, ClassShadowed, ClassOpen, ClassTunnelDeleted,
		ClassIngressChanged, ClassIngressShadowed, ClassConnectorMissing, ClassConnectorStopped, ClassConnectorChanged,
		ClassConnectorNetwork, ClassConnectorUnconnected, ClassConnectorSecond, ClassConnectorBlind, ClassTunnelUnconnected,
		ClassConnectorUDP, ClassDevices, ClassPrivateRoute, ClassPrivateNetwork, ClassPrivateDNS, ClassPrivateFront, ClassPrivateLogin,
		ClassNetworkGone, ClassAppStopped, ClassAppUnhealthy, ClassAppReaddressed, ClassAppRefusesHost, ClassAppFault,
		ClassSettingLost, ClassPortReopened, ClassFront, ClassCertificate, ClassCheckFails, ClassChanged, ClassUnfinished, ClassLeftover, ClassWaiting,
		ClassRouteNew, ClassRouteStale, ClassAlert,
	}
}

// Severity says how bad a finding is.
type Severity string

// Severities, worst first.
const (
	SeverityOpen    Severity = "open"    // something can be reached that must be locked
	SeverityBroken  Severity = "broken"  // something that worked does not any more
	SeverityUnknown Severity = "unknown" // nobody knows how things stand
	SeverityRisk    Severity = "risk"    // all works now, and something is weaker than it was
)

// Severities lists them, worst first.
func Severities() []Severity {
	return []Severity{SeverityOpen, SeverityBroken, SeverityUnknown, SeverityRisk}
}

// Worse says whether s is worse than o. No severity at all is the best.
func (s Severity) Worse(o Severity) bool { return s.rank() < o.rank() }

func (s Severity) rank() int {
	if i := slices.Index(Severities(), s); i >= 0 {
		return i
	}
	return len(Severities())
}

// Finding is one thing that is not as it should be, with one cause.
type Finding struct {
	ID       string   `json:"id"` // the same for the same cause, at every look
	Class    Class    `json:"class"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`          // one sentence: what is wrong
	Effect   string   `json:"effect"`         // what it does to people
	Cause    string   `json:"cause"`          // who did it, as far as that is known
	Deed     *Deed    `json:"deed,omitempty"` // what somebody did in Cloudflare to bring it about; nil: not known
	// Happened is what Docker tells of how it came about; nil: not known.
	Happened *Happening `json:"happened,omitempty"`
	Run      int64      `json:"run,omitempty"`    // the run that did it; 0: none
	IfNot    string     `json:"if_not"`           // what happens if nothing is done
	Advice   string     `json:"advice,omitempty"` // what a person can do where Culvert cannot
	Doors    []string   `json:"doors,omitempty"`  // ids of the doors that do not work because of it
	Keys     []Key      `json:"keys,omitempty"`   // what is not as it was set up
	// Checks are the ids of the checks that it explains.
	Checks []string   `json:"checks,omitempty"`
	Proof  []Evidence `json:"proof,omitempty"` // of those checks, the telling ones
	Since  time.Time  `json:"since,omitzero"`
	Fix    *Fix       `json:"fix,omitempty"` // nil: Culvert cannot put it right
	// Explained is the id of the finding that carries on, once the cause of this
	// one was found.
	Explained string `json:"explained,omitempty"`
	// Needs are permissions that it takes to see the cause, or to put it right,
	// beyond those that a token has from the first.
	Needs []Permission `json:"needs,omitempty"`
}

// DoneBy is the finding with who brought it about; nil: that is not known.
func (f Finding) DoneBy(d *Deed) Finding {
	if d != nil {
		f.Deed, f.Cause = d, d.String()
	}
	return f
}

// After is the finding with what happened on the server to bring it about; nil:
// that is not known.
func (f Finding) After(h *Happening) Finding {
	if h != nil {
		f.Happened, f.Cause = h, h.String()
	}
	return f
}

// Repairable says whether Culvert can put it right.
func (f Finding) Repairable() bool { return f.Fix != nil && f.Fix.Barred == "" }

// Fix is what a repair would do.
type Fix struct {
	Keys     []Key         `json:"keys"`
	Hashes   []string      `json:"hashes"`
	Changes  []string      `json:"changes"` // a line for each
	Restarts []string      `json:"restarts,omitempty"`
	Expected time.Duration `json:"expected"`
	Does     string        `json:"does"` // recreates 1 door, restarts nothing, about 3 s
	Then     string        `json:"then"` // what is proven afterwards
	// Remedies are what the operator asks for with it beyond what was agreed to
	// before.
	Remedies []Remedy `json:"remedies,omitempty"`
	// Asks says what it changes for the whole domain; that is agreed to by
	// itself. Empty: nothing.
	Asks string `json:"asks,omitempty"`
	// Barred says why it cannot be done now; empty: it can.
	Barred string `json:"barred,omitempty"`
}

// Incident is a finding that stood for some time: a problem as the history
// tells it.
type Incident struct {
	ID      int64     `json:"id"`
	Setup   SetupID   `json:"setup"`
	Finding Finding   `json:"finding"` // as it stood last
	Opened  time.Time `json:"opened"`
	Closed  time.Time `json:"closed,omitzero"` // zero: it still stands
	Ended   string    `json:"ended,omitempty"` // how, in a sentence
	Run     int64     `json:"run,omitempty"`   // the run that put it right; 0: none
}

// Standing says whether an incident is not over.
func (i Incident) Standing() bool { return i.Closed.IsZero() }

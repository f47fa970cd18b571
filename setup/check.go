package setup

import (
	"strings"
	"time"
)

// Answerer says who answered a request from outside.
type Answerer string

// Who can answer. A status code alone never decides.
const (
	ByApp       Answerer = "app"       // the app itself
	ByAppHost   Answerer = "app-host"  // the app, refusing the host name
	ByAccess    Answerer = "access"    // the lock: Cloudflare Access asks for a login
	ByEdge      Answerer = "edge"      // Cloudflare blocked or challenged the caller
	ByTunnel    Answerer = "tunnel"    // Cloudflare: no connector is connected
	ByConnector Answerer = "connector" // cloudflared cannot reach the app, or has no rule
	ByFront     Answerer = "front"     // the front of a private name (nginx), itself
	ByDNS       Answerer = "dns"       // the DNS server of a private name (dnsmasq)
	ByNobody    Answerer = "nobody"    // no answer: no such name, refused, time-out
	ByUnknown   Answerer = "unknown"   // an answer that fits none of these
)

// Check is one request from outside and what has to answer it.
type Check struct {
	ID   string `json:"id"`   // unique within a setup: telegram/1, locked/admin
	Name string `json:"name"` // for people
	Door string `json:"door,omitempty"`
	// Locked: the path must be intercepted by Access. Otherwise the app itself
	// must answer as Want says.
	Locked bool   `json:"locked,omitempty"`
	Method string `json:"method"`
	Path   string `json:"path"`
	// NoUserAgent: ask as providers that send none do.
	NoUserAgent bool `json:"no_user_agent,omitempty"`
	// Metadata: only ask Access whether it gates the path, because the app
	// would fail on a request without real data.
	Metadata bool `json:"metadata,omitempty"`
	// Sparing: the request is one that callers make in earnest, so the app may
	// do something at it.
	Sparing bool   `json:"sparing,omitempty"`
	Want    Answer `json:"want,omitzero"`
}

// Rare says whether a check is asked every few minutes only, and of nothing but
// the public name, because asking costs others something.
func (c Check) Rare() bool { return c.Metadata || c.Sparing }

// AtApp says whether a check can be asked of the app directly, past Cloudflare:
// one of a door that is not asked rarely.
func (c Check) AtApp() bool { return !c.Locked && !c.Rare() }

// Answer is what the app says to an unsigned request. Empty fields do not count.
type Answer struct {
	Status int    `json:"status,omitempty"`
	Allow  string `json:"allow,omitempty"` // a method that the Allow header must list
	Body   string `json:"body,omitempty"`  // a text that the body must contain
}

// Evidence is what one check saw. It is the only thing that a light stands for.
type Evidence struct {
	Check   Check         `json:"check"`
	URL     string        `json:"url"`
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took"`
	By      Answerer      `json:"by"`
	Status  int           `json:"status,omitempty"`
	OK      bool          `json:"ok"`
	Detail  string        `json:"detail"`            // one sentence
	Excerpt []string      `json:"excerpt,omitempty"` // the header and body lines that decided
	// Final: the app itself, on this server, answers so by its settings. No
	// waiting changes it.
	Final bool `json:"final,omitempty"`
}

// Ids of evidence that is not of a check of the answers.
const (
	BesidePrefix   = "beside/"             // a check asked of the app directly
	ConnectorCheck = "connector"           // cloudflared says that it is connected
	AppCheck       = "app"                 // the app could not be asked at all
	PortCheck      = "port"                // the published port
	FrontsCheck    = PortCheck + "/others" // whether anything else on this server serves the app
)

// Beside says whether a check was asked past Cloudflare: of the app, or of the
// connector.
func (c Check) Beside() bool { return strings.HasPrefix(c.ID, BesidePrefix) }

// Port says whether a check is about ways past the tunnel.
func (c Check) Port() bool { return c.ID == PortCheck || c.ID == FrontsCheck }

// Fresh says how long evidence of a check counts. An older light is out. What is
// asked rarely, because it costs others something, counts longer.
func (c Check) Fresh() time.Duration {
	switch {
	case c.Rare():
		return 20 * time.Minute
	case c.ID == FrontsCheck, c.ID == RouteCheck: // that one is read with the account
		return 10 * time.Minute
	}
	return 3 * time.Minute
}

// Ahead is how far clocks may be apart, or one be put back, without it mattering.
const Ahead = 5 * time.Second

// Future says whether evidence is of a time that was not yet: the clock was put
// back since. It says nothing of how things stand now.
func (v Evidence) Future(now time.Time) bool { return v.At.Sub(now) > Ahead }

// Counts says whether evidence still tells how things stand.
func (v Evidence) Counts(now time.Time) bool {
	return !v.Future(now) && now.Sub(v.At) < v.Check.Fresh()
}

// Outside says whether a check was asked through the public name.
func (c Check) Outside() bool { return !c.Beside() && !c.Port() && !c.Private() }

// BesideChecks are the checks that are asked of the app directly too.
func (a Answers) BesideChecks() []Check {
	var beside []Check
	for _, c := range a.Checks {
		if c.AtApp() {
			c.ID = BesidePrefix + c.ID
			beside = append(beside, c)
		}
	}
	return beside
}

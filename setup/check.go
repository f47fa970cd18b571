package setup

import "time"

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
	Metadata bool   `json:"metadata,omitempty"`
	Want     Answer `json:"want,omitzero"`
}

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
}

// Package found holds the words in which a look at a Docker host is told: which
// Compose projects run there, how they were started and from where they can be
// reached. The real host and the simulated one both speak them.
//
// It is data only and knows nothing of engines, sockets or the Compose command.
package found

import (
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// Source says how Compose started something, as the labels of its container
// tell. Paths are absolute.
type Source struct {
	Dir      string   // the project folder
	Files    []string // compose files, in the order given; "-" is standard input
	EnvFiles []string // given by --env-file; empty means the folder's .env
	Compose  string   // version of Compose; empty if it does not say
}

// Project is a Compose project. Name is empty for the containers that Compose
// did not start: they are listed too, because one of them may serve the app.
type Project struct {
	Name string
	// Source is that of the newest container. Labels are written when a
	// container is made, so a service's own Source is the one to trust for it.
	Source
	Services []Service // sorted by name
}

// Service is one service with all its containers, or one container that
// Compose did not start.
type Service struct {
	Name string
	Source
	Image      string
	Command    []string
	ID         string    // of the container that is described
	Made       time.Time // when it was made; zero: not known
	Containers int
	Running    int
	Health     string            // healthy, unhealthy, starting; empty: no health check
	Ports      []Port            // published ones, sorted
	Networks   []string          // names, sorted
	Keys       []string          // names of its environment, sorted
	Filled     []string          // those of them that have a value, sorted
	Env        map[string]string // values of those keys that may be shown
}

// Port is one published port.
type Port struct {
	Target    int    // in the container
	Protocol  string // tcp, udp
	Address   string // on this server; empty means all
	Published int    // on this server
	Exposure  setup.Exposure
}

// Front says whether the service answers for web pages of this server: it may
// be a proxy through which the app is still reachable.
func (s Service) Front() bool {
	return slices.ContainsFunc(s.Ports, func(p Port) bool {
		return p.Protocol == "tcp" && (p.Published == 80 || p.Published == 443) && p.Exposure == setup.ExposedPublic
	})
}

// Find gives a service by name.
func (p Project) Find(service string) (Service, bool) {
	i := slices.IndexFunc(p.Services, func(s Service) bool { return s.Name == service })
	if i < 0 {
		return Service{}, false
	}
	return p.Services[i], true
}

// Stack is the service as a setup names it. What no label tells (the port on
// which it listens, the connector, the files to edit) is left to the caller.
func (p Project) Stack(service string) (setup.Stack, bool) {
	s, ok := p.Find(service)
	if !ok {
		return setup.Stack{}, false
	}
	st := setup.Stack{Project: p.Name, Dir: s.Dir, Files: s.Files, EnvFiles: s.EnvFiles, Service: service}
	if len(s.Networks) > 0 {
		st.Network = s.Networks[0]
	}
	if d := p.Name + "_default"; slices.Contains(s.Networks, d) {
		st.Network = d
	}
	return st, true
}

// Ready is what a connector says of itself.
type Ready struct {
	Answered    bool // it was reached
	Ready       bool // at least one connection to Cloudflare stands
	Connections int
	ConnectorID string
	// Protocol is how it was told to talk to Cloudflare: quic, http2; empty: it
	// chooses by itself.
	Protocol string
	Carried  string // how its connections are made: QUIC, HTTP/2; empty: it does not say
	// Version is that of the tunnel's rules which it applied last; -1 if it does
	// not say.
	Version int
}

// Event is something that happened on the host. One with Kind "engine" says
// that events may have been missed: look again.
type Event struct {
	At      time.Time
	Kind    string // container, network, engine
	Action  string // start, die, destroy, connect, …
	ID      string
	Name    string
	Project string
	Service string
	// Container is the id of the one that a network's event is about.
	Container string
	Exit      string // code with which a container ended; empty: it did not
}

// Facts are what a host tells of the containers of one setup, beside the states
// that a plan compares.
type Facts struct {
	At        time.Time
	Problem   *setup.Problem // Docker did not answer: nothing else is known
	App       Service        // no containers: there is none
	Connector Service        // likewise
	Beside    []Service      // all of the connector's project
	Ready     Ready          // as the connector says it stands with Cloudflare
	// Past is what happened to containers and networks lately, oldest first, as
	// far as the engine still knows.
	Past []Event
}

// kept is how much of the past is kept.
const kept = 256

// After is what is told now, with what was known of the past before.
func (f Facts) After(before Facts) Facts {
	all := slices.Clone(before.Past)
	for _, e := range f.Past {
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int { return a.At.Compare(b.At) })
	f.Past = all[max(0, len(all)-kept):]
	return f
}

// Line is one line that a container wrote.
type Line struct {
	At        time.Time `json:"at,omitzero"` // zero: not known
	Container string    `json:"container"`
	Text      string    `json:"text"`
}

package sim

import (
	"fmt"
	"net/netip"
	"strings"
)

// Stage is who has a say on the way from a device to a server.
type Stage string

const (
	AtDevice  Stage = "device"       // is it enrolled
	AtProfile Stage = "profile"      // which settings does it have
	AtDNS     Stage = "DNS"          // who is asked for the name, and what they answer
	AtSplit   Stage = "split tunnel" // does the client send the packet to Cloudflare
	AtGateway Stage = "Gateway"      // is that kind of traffic carried
	AtAccess  Stage = "Access"       // does an application stand in the way
	AtRoute   Stage = "route"        // which tunnel leads there
	AtTunnel  Stage = "tunnel"       // is it connected, and does it take the packet
	AtServer  Stage = "server"       // does anybody answer
)

// Step is what happened to a packet, or to a question, at one stage.
type Step struct {
	At   Stage  `json:"at"`
	Says string `json:"says"` // a sentence
}

// Path is the way from a device to a server, as far as it went, with what it
// led through.
type Path struct {
	Steps []Step `json:"steps"`
	Ended Stage  `json:"ended,omitempty"` // where it did not get on; empty: it did everywhere

	Profile   string       `json:"profile,omitempty"`    // id
	DNSServer string       `json:"dns_server,omitempty"` // that answered: ByGateway, BySystem, or an address
	Addresses []netip.Addr `json:"addresses,omitempty"`  // that the device has for the name
	App       string       `json:"app,omitempty"`        // id of the Access application that asks
	Route     string       `json:"route,omitempty"`      // the range or the name of the route
	VNet      string       `json:"vnet,omitempty"`       // id
	Tunnel    string       `json:"tunnel,omitempty"`     // id
	Reached   string       `json:"reached,omitempty"`    // the address that the connector connects to
}

// Who answers a name, where it is no server of a fallback entry.
const (
	ByGateway = "Gateway"
	BySystem  = "the device's own resolver"
)

// String is the path with a line a step.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s: %s\n", s.At, s.Says)
	}
	return b.String()
}

func (p *Path) say(at Stage, format string, args ...any) {
	p.Steps = append(p.Steps, Step{at, fmt.Sprintf(format, args...)})
}

// end is where the way ends; cause may be nil.
func (p *Path) end(at Stage, cause error, format string, args ...any) error {
	p.say(at, format, args...)
	p.Ended = at
	return &LostError{*p, cause}
}

// LostError says that something did not get from a device to where it should,
// and where it ended.
type LostError struct {
	Path  Path
	Cause error // nil: nothing but what the path says
}

func (e *LostError) Error() string {
	last := e.Path.Steps[len(e.Path.Steps)-1]
	return fmt.Sprintf("%s: %s", last.At, last.Says)
}

func (e *LostError) Unwrap() error { return e.Cause }

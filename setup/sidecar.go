package setup

import (
	"slices"
	"strings"
)

// The services beside cloudflared in the connector's project.
const (
	DNSService   = "dns"   // dnsmasq: answers for the private name
	FrontService = "front" // nginx: speaks TLS for the private name
)

// HostAddress is a name and the address that dns answers with.
type HostAddress struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// SidecarSpec is one service beside cloudflared, as the connector's compose file
// holds it and as its container runs.
//
// The dns service runs dnsmasq with, for each of Names, --address=/name/address
// and --local=/name/ (else queries for IPv6 are refused), and --no-resolv,
// --no-hosts, --keep-in-foreground: it answers for these names and nothing else.
//
// The front service runs nginx with Dir mounted read-only at FrontMount and the
// command nginx -c FrontMount/nginx.conf -g "daemon off;".
type SidecarSpec struct {
	Service  string        `json:"service"`
	Image    string        `json:"image"`
	Networks []Endpoint    `json:"networks"`        // sorted by network
	Names    []HostAddress `json:"names,omitempty"` // dns only; sorted
	Dir      string        `json:"dir,omitempty"`   // front only: the folder of FrontConfig
	// Config is the Digest of the FrontConfig with which the front was started,
	// kept in the label sh.culvert.config: a front whose configuration changed is
	// made anew.
	Config string `json:"config,omitempty"`
}

// Command is the program with its arguments that the service's container runs.
func (s SidecarSpec) Command() []string {
	if s.Service == FrontService {
		return []string{"nginx", "-c", FrontMount + "/nginx.conf", "-g", "daemon off;"}
	}
	command := []string{"dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts"}
	for _, n := range s.Names {
		command = append(command, "--address=/"+n.Name+"/"+n.Address, "--local=/"+n.Name+"/")
	}
	return command
}

// AsCommanded is the spec with what a command says in place of its own names.
// The service is another one if it is not started as Command says: false.
func (s SidecarSpec) AsCommanded(command []string) (SidecarSpec, bool) {
	s.Names = nil
	for _, arg := range command {
		rest, names := strings.CutPrefix(arg, "--address=/")
		if name, address, whole := strings.Cut(rest, "/"); names && whole {
			s.Names = append(s.Names, HostAddress{name, address})
		}
	}
	return s, slices.Equal(s.Command(), command)
}

// FrontMount is where the front's container finds its folder.
const FrontMount = "/etc/culvert"

// Sidecar is the running container of a service beside cloudflared. A stopped
// one is observed with Running false. Scope and mark are those of Connector: the
// connector's project, by the label sh.culvert.mark; ID is the service.
// Connector and Sidecars of one project share a footprint.
type Sidecar struct {
	File    string      `json:"file"`
	Project string      `json:"project"`
	Spec    SidecarSpec `json:"spec"`
	Running bool        `json:"running"`
}

func (Sidecar) Kind() Kind                 { return KindSidecar }
func (s Sidecar) mapIDs(func(ID) ID) State { return s }
func (s Sidecar) occupies() []string       { return []string{"service " + s.Project + "/" + s.Spec.Service} }
func (s Sidecar) met(have State) bool      { return Same(s, have) }
func (s Sidecar) over(State) State         { return s }

// Service names a service of a Compose project.
type Service struct {
	Project string `json:"project"`
	Service string `json:"service"`
}

// Predecessor is a service that was made by hand, by the app's guide for
// example, and does what this setup does instead. It is stopped once ours is
// proven; its container, its file and its variables stay, and nobody starts it
// again but its owner.
//
// A Port shows one for each of View.Replaces, with the ID "<service>" in the
// scope project/service; not there counts as not running. Update stops every
// container of the service (docker stop) and removes nothing.
type Predecessor struct {
	Project string `json:"project"`
	Service string `json:"service"`
	Running bool   `json:"running"`

	Image string `json:"-"`
}

func (Predecessor) Kind() Kind                 { return KindPredecessor }
func (p Predecessor) mapIDs(func(ID) ID) State { return p }
func (p Predecessor) met(have State) bool      { return Same(p, have) }
func (p Predecessor) over(State) State         { return p }
func (p Predecessor) occupies() []string {
	return []string{"replaced " + p.Project + "/" + p.Service}
}

package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// Kind names a sort of thing that Culvert looks at or keeps.
type Kind string

// The kinds of mode public, in the order in which they are built.
const (
	KindOrganization  Kind = "organization"   // Zero Trust is switched on (read only)
	KindZone          Kind = "zone"           // a domain at Cloudflare (read only)
	KindNetwork       Kind = "network"        // the app's Docker network (read only)
	KindLoginMethod   Kind = "login-method"   // how the team proves who they are
	KindTunnel        Kind = "tunnel"         // the tunnel at Cloudflare
	KindPolicy        Kind = "policy"         // a reusable Access policy
	KindApp           Kind = "access-app"     // an Access application: the lock or a door
	KindIngress       Kind = "ingress"        // the tunnel's rules for one public hostname
	KindConnectorFile Kind = "connector-file" // the compose file of cloudflared
	KindConnector     Kind = "connector"      // the running cloudflared
	KindEnvVar        Kind = "env-var"        // one key of an env file
	KindSetting       Kind = "setting"        // that key as the running service has it
	KindDNSRecord     Kind = "dns-record"     // the public name
	KindComposePort   Kind = "compose-port"   // a published port as the compose file says it
	KindPublished     Kind = "published-port" // that port as the running service has it
)

// Kinds lists every kind in build order.
func Kinds() []Kind {
	return []Kind{
		KindOrganization, KindZone, KindNetwork, KindLoginMethod, KindTunnel, KindPolicy, KindApp,
		KindIngress, KindConnectorFile, KindConnector, KindEnvVar, KindSetting, KindDNSRecord,
		KindComposePort, KindPublished,
	}
}

func (k Kind) order() int {
	for i, o := range Kinds() {
		if o == k {
			return i
		}
	}
	return len(Kinds())
}

// readOnly kinds are observed and waited for, never written.
func (k Kind) readOnly() bool {
	return k == KindOrganization || k == KindZone || k == KindNetwork
}

// inPlace kinds live inside something that belongs to the operator (a line of a
// file, a setting of a service): they are edited where they stand, without
// asking whose they are, and put back as they were when no longer wanted.
func (k Kind) inPlace() bool {
	switch k {
	case KindEnvVar, KindSetting, KindComposePort, KindPublished:
		return true
	}
	return false
}

// Key says what a thing is to us. It never holds a provider's id.
type Key struct {
	Kind  Kind   `json:"kind"`
	Scope string `json:"scope"`
	Name  string `json:"name"`
}

func (k Key) String() string { return string(k.Kind) + " " + k.Scope + " " + k.Name }

// Short is the key without its scope, for plans and messages.
func (k Key) Short() string { return string(k.Kind) + "/" + k.Name }

// Less orders keys by build order, then by text.
func (k Key) Less(o Key) bool {
	if a, b := k.Kind.order(), o.Kind.order(); a != b {
		return a < b
	}
	if k.Scope != o.Scope {
		return k.Scope < o.Scope
	}
	return k.Name < o.Name
}

// ID refers to an object. In a wanted state it is symbolic (Of: "the id of that
// key, whatever it turns out to be"), in an observed one literal.
type ID struct {
	Of  Key    `json:"of,omitzero"`
	Lit string `json:"lit,omitempty"`
}

// Ref is the symbolic id of a key.
func Ref(k Key) ID { return ID{Of: k} }

// Lit is an id as a provider gave it.
func Lit(id string) ID { return ID{Lit: id} }

func (i ID) String() string {
	if i.Lit != "" {
		return i.Lit
	}
	if i.Of == (Key{}) {
		return ""
	}
	return "id of " + i.Of.Short()
}

// Mark is the text by which we know an object as ours at a provider: made from
// the installation and the key, so it is the same at every attempt and a create
// whose answer was lost is found again.
func Mark(install string, k Key) string {
	sum := sha256.Sum256([]byte(k.String()))
	return "culvert-" + install + "-" + hex.EncodeToString(sum[:])[:8]
}

var markText = regexp.MustCompile(`culvert-[0-9a-z]+-[0-9a-f]{8}`)

// FindMark gives the mark in a provider's name or comment, and the text
// without it and without the brackets or dash that set it apart.
func FindMark(text string) (mark, rest string) {
	at := markText.FindStringIndex(text)
	if at == nil {
		return "", text
	}
	before := strings.TrimRight(text[:at[0]], " -[(")
	after := strings.TrimLeft(text[at[1]:], " ])")
	return text[at[0]:at[1]], strings.TrimSpace(strings.TrimSpace(before) + " " + after)
}

// WithMark writes a mark behind a name, in the form that FindMark reads.
func WithMark(name, mark string) string {
	if mark == "" {
		return name
	}
	return name + " [" + mark + "]"
}

// Place says where things of a kind live, and so what a Key's Scope is.
type Place string

// Places.
const (
	AtAccount Place = "account" // Scope is the account's id
	AtZone    Place = "zone"    // Scope is the zone's name
	AtDocker  Place = "docker"  // Scope is a project, a service of it, or "docker"
	AtFiles   Place = "files"   // Scope is the file's path
)

// Place says where things of the kind live.
func (k Kind) Place() Place {
	switch k {
	case KindDNSRecord:
		return AtZone
	case KindNetwork, KindConnector, KindSetting, KindPublished:
		return AtDocker
	case KindConnectorFile, KindEnvVar, KindComposePort:
		return AtFiles
	}
	return AtAccount
}

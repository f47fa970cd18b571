package setup

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// Kind names a sort of thing that Culvert looks at or keeps.
type Kind string

// The kinds, in the order in which they are built.
const (
	KindOrganization   Kind = "organization"    // Zero Trust is switched on (read only)
	KindZone           Kind = "zone"            // a domain at Cloudflare (read only)
	KindNetwork        Kind = "network"         // the app's Docker network (read only)
	KindVirtualNetwork Kind = "virtual-network" // where private routes are told apart (read only)
	KindDeviceProfile  Kind = "device-profile"  // the settings of some WARP devices (read only)
	KindLoginMethod    Kind = "login-method"    // how the team proves who they are
	KindTunnel         Kind = "tunnel"          // the tunnel at Cloudflare
	KindPolicy         Kind = "policy"          // a reusable Access policy
	KindEdgeRule       Kind = "edge-rule"       // webhooks are not asked whether they are browsers
	KindSkipRule       Kind = "skip-rule"       // webhooks are kept from the domain's custom rules
	KindBotFight       Kind = "bot-fight"       // whether Bot Fight Mode is on in a domain
	KindSecurityLevel  Kind = "security-level"  // whether a domain is in attack mode
	KindZonePause      Kind = "zone-pause"      // whether Cloudflare is paused for a domain
	KindApp            Kind = "access-app"      // an Access application: a lock or a door
	KindEnrolment      Kind = "enrolment"       // the application through which devices join the account
	KindEnrolmentRule  Kind = "enrolment-rule"  // a policy of it: who may join
	KindIngress        Kind = "ingress"         // the tunnel's rules for one public hostname
	KindPrivateNetwork Kind = "private-network" // Culvert's own Docker network
	KindCertificate    Kind = "certificate"     // of the private name
	KindFrontConfig    Kind = "front-config"    // the configuration of the front (nginx)
	KindConnectorFile  Kind = "connector-file"  // the compose file of cloudflared
	KindSidecar        Kind = "sidecar"         // a running container beside cloudflared: dns or front
	KindConnector      Kind = "connector"       // the running cloudflared
	KindComposeNetwork Kind = "compose-network" // a network of the app as its compose file says it
	KindAttachment     Kind = "attachment"      // that network as the running app has it
	KindEnvVar         Kind = "env-var"         // one key of an env file
	KindSetting        Kind = "setting"         // that key as the running service has it
	KindGatewayProxy   Kind = "gateway-proxy"   // whether the account's devices go through Gateway
	KindICMPProxy      Kind = "icmp-proxy"      // the same for pings
	KindDNSLocation    Kind = "dns-location"    // where Gateway takes DNS queries
	KindRoute          Kind = "route"           // which tunnel carries an address
	KindHostnameRoute  Kind = "hostname-route"  // which tunnel carries a private name
	KindSplitTunnel    Kind = "split-tunnel"    // whether devices send a range through WARP
	KindFallback       Kind = "fallback"        // which DNS server devices ask for a private name
	KindShadow         Kind = "shadow"          // what keeps devices from asking Gateway for a private name
	KindDNSRecord      Kind = "dns-record"      // the public name
	KindSite           Kind = "site"            // the app's own record of its address
	KindComposePort    Kind = "compose-port"    // a published port as the compose file says it
	KindPublished      Kind = "published-port"  // that port as the running service has it
	KindPredecessor    Kind = "predecessor"     // a hand-made service that this setup replaces
	KindAlert          Kind = "alert"           // whom Cloudflare mails when nothing is connected to the tunnel
)

// Kinds lists every kind in build order.
func Kinds() []Kind { return slices.Clone(kinds[:]) }

var kinds = [...]Kind{
	KindOrganization, KindZone, KindNetwork, KindVirtualNetwork, KindDeviceProfile, KindLoginMethod, KindTunnel,
	KindPolicy, KindEdgeRule, KindSkipRule, KindBotFight, KindSecurityLevel, KindZonePause, KindApp, KindEnrolment, KindEnrolmentRule, KindIngress, KindPrivateNetwork, KindCertificate,
	KindFrontConfig, KindConnectorFile, KindSidecar, KindConnector, KindComposeNetwork, KindAttachment, KindEnvVar,
	KindSetting, KindGatewayProxy, KindICMPProxy, KindDNSLocation, KindRoute, KindHostnameRoute, KindSplitTunnel,
	KindFallback, KindShadow, KindDNSRecord, KindSite, KindComposePort, KindPublished, KindPredecessor,
	KindAlert,
}

func (k Kind) order() int {
	if i := slices.Index(kinds[:], k); i >= 0 {
		return i
	}
	return len(kinds)
}

// readOnly kinds are observed and waited for, never written.
func (k Kind) readOnly() bool {
	switch k {
	case KindOrganization, KindZone, KindNetwork, KindVirtualNetwork, KindDeviceProfile:
		return true
	}
	return false
}

// inPlace kinds live inside something that belongs to somebody else (a line of
// a file, a setting of a service, an entry of an account's list): they are
// edited where they stand, and put back as they were when no longer wanted.
func (k Kind) inPlace() bool {
	switch k {
	case KindEnvVar, KindSetting, KindComposePort, KindPublished, KindComposeNetwork, KindAttachment, KindEnrolment:
		return true
	}
	return k.always()
}

// always kinds are answers to a question that can be asked of any account, such
// as whether a range goes through WARP. A Port that could read shows one object
// for each thing in the View, whatever the answer, so they are only ever
// updated: none is not "no", it means that nobody has looked.
func (k Kind) always() bool {
	switch k {
	case KindGatewayProxy, KindICMPProxy, KindSplitTunnel, KindFallback, KindShadow, KindSite, KindPredecessor,
		KindBotFight, KindSecurityLevel, KindZonePause:
		return true
	}
	return false
}

// aside kinds are looked at only where a View says so: a token without further
// permissions may not read them, and reading them costs calls.
func (k Kind) aside() bool {
	return k == KindSkipRule || k == KindBotFight || k == KindSecurityLevel || k == KindAlert
}

// forDomain says whether a kind is about a whole domain, and so about every
// other address in it.
func (k Kind) forDomain() bool {
	return k == KindBotFight || k == KindSecurityLevel || k == KindZonePause
}

// Private says whether only the private modes have to do with a kind. It is
// looked at only where a View says so: a token for mode public may not read it.
func (k Kind) Private() bool {
	switch k {
	case KindVirtualNetwork, KindDeviceProfile, KindEnrolment, KindEnrolmentRule, KindPrivateNetwork, KindCertificate,
		KindFrontConfig, KindSidecar, KindComposeNetwork, KindAttachment, KindGatewayProxy, KindICMPProxy, KindDNSLocation,
		KindRoute, KindHostnameRoute, KindSplitTunnel, KindFallback, KindShadow, KindPredecessor:
		return true
	}
	return false
}

// forDevices says whether a kind is about the devices of everybody in the
// account, and not of one setup's team alone.
func (k Kind) forDevices() bool {
	switch k {
	case KindEnrolment, KindEnrolmentRule, KindGatewayProxy, KindICMPProxy, KindDNSLocation, KindRoute, KindHostnameRoute,
		KindSplitTunnel, KindFallback, KindShadow:
		return true
	}
	return false
}

// ofProject kinds are containers of the connector's project: they carry the mark
// of the project, not that of their own key.
func (k Kind) ofProject() bool { return k == KindConnector || k == KindSidecar }

// referred kinds are those to whose ids others refer. Ids of other kinds may be
// the same text: a rule of the enrolment has that of its policy.
func (k Kind) referred() bool { return k == KindTunnel || k == KindPolicy || k == KindEnrolment }

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
func (k Key) Less(o Key) bool { return compareKeys(k, o) < 0 }

func compareKeys(a, b Key) int {
	if a.Kind != b.Kind {
		return cmp.Compare(a.Kind.order(), b.Kind.order())
	}
	return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Name, b.Name))
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
// without it and without the brackets or dash that set it apart. A text that
// WithMark wrote comes back to the letter.
func FindMark(text string) (mark, rest string) {
	at := markText.FindStringIndex(text)
	if at == nil {
		return "", text
	}
	mark = text[at[0]:at[1]]
	if rest, exact := strings.CutSuffix(text, " ["+mark+"]"); exact {
		return mark, rest
	}
	before := strings.TrimRight(text[:at[0]], " -[(")
	after := strings.TrimLeft(text[at[1]:], " ])")
	return mark, strings.TrimSpace(strings.TrimSpace(before) + " " + after)
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
	AtCert    Place = "cert"    // Scope is "certificates"
)

// Place says where things of the kind live.
func (k Kind) Place() Place {
	switch k {
	case KindDNSRecord, KindEdgeRule, KindSkipRule, KindBotFight, KindSecurityLevel, KindZonePause:
		return AtZone
	case KindNetwork, KindPrivateNetwork, KindSidecar, KindConnector, KindAttachment, KindSetting, KindPublished,
		KindSite, KindPredecessor:
		return AtDocker
	case KindFrontConfig, KindConnectorFile, KindEnvVar, KindComposeNetwork, KindComposePort:
		return AtFiles
	case KindCertificate:
		return AtCert
	}
	return AtAccount
}

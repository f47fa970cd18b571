package setup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// State is what we manage of one object: only the fields that are ours to set.
// The set of states is closed; one struct per Kind, in the file of its group.
type State interface {
	Kind() Kind
	// mapIDs returns the state with every reference replaced by f.
	mapIDs(f func(ID) ID) State
	// occupies lists names that only one object of the kind can hold.
	occupies() []string
	// met says whether an observed state is what this wanted state asks for.
	met(have State) bool
	// over is this wanted state laid over an observed one (nil if absent):
	// what will stand afterwards.
	over(have State) State
}

// References lists the ids that a state refers to, in order.
func References(s State) []ID {
	var ids []ID
	s.mapIDs(func(i ID) ID {
		if i != (ID{}) {
			ids = append(ids, i)
		}
		return i
	})
	return ids
}

// Bind replaces every symbolic reference for which lookup knows an id.
func Bind(s State, lookup func(Key) (string, bool)) State {
	if s == nil {
		return nil
	}
	return s.mapIDs(func(i ID) ID {
		if i.Lit == "" && i.Of != (Key{}) {
			if lit, ok := lookup(i.Of); ok {
				return Lit(lit)
			}
		}
		return i
	})
}

// Bound says whether no symbolic reference is left.
func Bound(s State) bool {
	for _, i := range References(s) {
		if i.Lit == "" {
			return false
		}
	}
	return true
}

// Met says whether an observed state is what the wanted one asks for.
func Met(want, have State) bool {
	return want != nil && have != nil && want.Kind() == have.Kind() && want.met(have)
}

// Same compares what two states say. Fields that only observe (json:"-") do
// not count.
func Same(a, b State) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Kind() == b.Kind() && bytes.Equal(canon(a), canon(b))
}

// Digest identifies the content of a state: what a person saw when they agreed.
func Digest(s State) string {
	if s == nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte(s.Kind()+"\n"), canon(s)...))
	return hex.EncodeToString(sum[:])[:16]
}

func canon(s State) []byte {
	b, err := json.Marshal(s)
	if err != nil { // states hold strings, numbers and lists only
		panic(fmt.Sprintf("setup: state %T does not encode: %v", s, err))
	}
	return b
}

type encodedState struct {
	Kind  Kind            `json:"kind"`
	State json.RawMessage `json:"state"`
}

// EncodeState writes a state with its kind; nil gives null.
func EncodeState(s State) ([]byte, error) {
	if s == nil {
		return []byte("null"), nil
	}
	return json.Marshal(encodedState{s.Kind(), canon(s)})
}

// DecodeState reads what EncodeState wrote.
func DecodeState(b []byte) (State, error) {
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil, nil
	}
	var e encodedState
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, fmt.Errorf("decoding a state: %w", err)
	}
	decode, ok := codecs()[e.Kind]
	if !ok {
		return nil, fmt.Errorf("decoding a state: unknown kind %q", e.Kind)
	}
	s, err := decode(e.State)
	if err != nil {
		return nil, fmt.Errorf("decoding a %s: %w", e.Kind, err)
	}
	return s, nil
}

func codecs() map[Kind]func([]byte) (State, error) {
	return map[Kind]func([]byte) (State, error){
		KindOrganization:   decode[Organization],
		KindZone:           decode[Zone],
		KindNetwork:        decode[Network],
		KindVirtualNetwork: decode[VirtualNetwork],
		KindDeviceProfile:  decode[DeviceProfile],
		KindLoginMethod:    decode[LoginMethod],
		KindTunnel:         decode[Tunnel],
		KindPolicy:         decode[Policy],
		KindEdgeRule:       decode[EdgeRule],
		KindSkipRule:       decode[SkipRule],
		KindBotFight:       decode[BotFight],
		KindSecurityLevel:  decode[SecurityLevel],
		KindZonePause:      decode[ZonePause],
		KindApp:            decode[App],
		KindEnrolment:      decode[Enrolment],
		KindEnrolmentRule:  decode[EnrolmentRule],
		KindIngress:        decode[Ingress],
		KindPrivateNetwork: decode[PrivateNetwork],
		KindCertificate:    decode[Certificate],
		KindFrontConfig:    decode[FrontConfig],
		KindConnectorFile:  decode[ConnectorFile],
		KindSidecar:        decode[Sidecar],
		KindConnector:      decode[Connector],
		KindComposeNetwork: decode[ComposeNetwork],
		KindAttachment:     decode[Attachment],
		KindEnvVar:         decode[EnvVar],
		KindSetting:        decode[Setting],
		KindGatewayProxy:   decode[GatewayProxy],
		KindICMPProxy:      decode[ICMPProxy],
		KindDNSLocation:    decode[DNSLocation],
		KindRoute:          decode[Route],
		KindHostnameRoute:  decode[HostnameRoute],
		KindSplitTunnel:    decode[SplitTunnel],
		KindFallback:       decode[Fallback],
		KindShadow:         decode[Shadow],
		KindDNSRecord:      decode[DNSRecord],
		KindSite:           decode[Site],
		KindComposePort:    decode[ComposePort],
		KindPublished:      decode[Published],
		KindPredecessor:    decode[Predecessor],
		KindAlert:          decode[Alert],
	}
}

func decode[S State](b []byte) (State, error) {
	var s S
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	return s, nil
}

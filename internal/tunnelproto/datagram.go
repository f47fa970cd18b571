package tunnelproto

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// UDP travels in QUIC datagrams of either of two forms; which one is the
// connector's to say, by the features of its registration. In the older (2) a
// session is opened by RPC and a datagram ends with its name and a type. In the
// newer (3) there is no RPC, and a datagram begins with a type and its name.
const featureDatagramV3 = "support_datagram_v3_2"

// maxPayload is the longest datagram that cloudflared passes on.
const maxPayload = 1280

// The type at the end of a datagram of the older form.
const datagramUDP = 0

// Types at the beginning of one of the newer form.
const (
	datagramOpen    = 0
	datagramPayload = 1
	datagramAnswer  = 3
)

// How a session's opening is answered in the newer form.
const (
	answerOpen        = 0x00
	answerUnreachable = 0x01
	answerNoSocket    = 0x02
	answerText        = 0xff
)

const flagIPv6 = 1

// packV2 makes a datagram of the older form.
func packV2(id sessionID, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+len(id)+1)
	b = append(b, payload...)
	b = append(b, id[:]...)
	return append(b, datagramUDP)
}

// unpackV2 knows no types but UDP.
func unpackV2(b []byte) (id sessionID, payload []byte, ok bool) {
	end := len(b) - len(id) - 1
	if end < 0 || b[len(b)-1] != datagramUDP {
		return id, nil, false
	}
	copy(id[:], b[end:])
	return id, b[:end], true
}

func packV3(id sessionID, payload []byte) []byte {
	b := make([]byte, 0, 1+len(id)+len(payload))
	b = append(b, datagramPayload)
	b = append(b, id[:]...)
	return append(b, payload...)
}

func unpackV3(b []byte) (id sessionID, payload []byte, ok bool) {
	if len(b) < 1+len(id) || b[0] != datagramPayload {
		return id, nil, false
	}
	copy(id[:], b[1:])
	return id, b[1+len(id):], true
}

// packOpen asks for a session in the newer form.
func packOpen(r sessionRequest) []byte {
	addr, flags := r.addr.Addr().Unmap(), byte(0)
	if addr.Is6() {
		flags |= flagIPv6
	}
	b := []byte{datagramOpen, flags}
	b = binary.BigEndian.AppendUint16(b, r.addr.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(r.idle/time.Second))
	b = append(b, r.id[:]...)
	return append(b, addr.AsSlice()...)
}

func unpackOpen(b []byte) (r sessionRequest, ok bool) {
	const fixed = 1 + 1 + 2 + 2 + len(r.id)
	if len(b) < fixed || b[0] != datagramOpen {
		return r, false
	}
	size := 4
	if b[1]&flagIPv6 != 0 {
		size = 16
	}
	if len(b) < fixed+size { // what follows the address is not ours to know
		return r, false
	}
	addr, _ := netip.AddrFromSlice(b[fixed : fixed+size])
	r.addr = netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[2:]))
	r.idle = time.Duration(binary.BigEndian.Uint16(b[4:])) * time.Second
	copy(r.id[:], b[6:])
	return r, true
}

// sessionAnswer is the answer to packOpen.
type sessionAnswer struct {
	id   sessionID
	code byte
	text string
}

func packAnswer(a sessionAnswer) []byte {
	b := []byte{datagramAnswer, a.code}
	b = append(b, a.id[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.text)))
	return append(b, a.text...)
}

func unpackAnswer(b []byte) (a sessionAnswer, ok bool) {
	const fixed = 1 + 1 + len(a.id) + 2
	if len(b) < fixed || b[0] != datagramAnswer {
		return a, false
	}
	length := int(binary.BigEndian.Uint16(b[fixed-2:]))
	if len(b) < fixed+length {
		return a, false
	}
	a.code, a.text = b[1], string(b[fixed:fixed+length])
	copy(a.id[:], b[2:])
	return a, true
}

// failure is empty where the session is open.
func (a sessionAnswer) failure() string {
	switch {
	case a.code == answerOpen:
		return ""
	case a.text != "":
		return a.text
	case a.code == answerUnreachable:
		return "the destination is unreachable"
	case a.code == answerNoSocket:
		return "no socket could be had"
	default:
		return fmt.Sprintf("the connector answers %#02x", a.code)
	}
}

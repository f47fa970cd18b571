package tunnelproto

import (
	"fmt"
	"net/netip"
	"time"

	capnp "zombiezen.com/go/capnproto2"
)

// What the edge may ask of a connector over QUIC, and a connector of the edge:
// the schema by hand, as that of the registration.
const (
	sessionManager       = 0x839445a59fb01686
	configurationManager = 0xb48edfbdaa25db04
)

func methodOpenSession() capnp.Method {
	return capnp.Method{InterfaceID: sessionManager, MethodID: 0, MethodName: "registerUdpSession"}
}

func methodCloseSession() capnp.Method {
	return capnp.Method{InterfaceID: sessionManager, MethodID: 1, MethodName: "unregisterUdpSession"}
}

func methodConfigure() capnp.Method {
	return capnp.Method{InterfaceID: configurationManager, MethodID: 0, MethodName: "updateConfiguration"}
}

func sizeOpenSession() capnp.ObjectSize  { return capnp.ObjectSize{DataSize: 16, PointerCount: 3} }
func sizeCloseSession() capnp.ObjectSize { return capnp.ObjectSize{PointerCount: 2} }
func sizeSessionOpen() capnp.ObjectSize  { return capnp.ObjectSize{PointerCount: 2} }
func sizeConfigure() capnp.ObjectSize    { return capnp.ObjectSize{DataSize: 8, PointerCount: 1} }
func sizeConfigured() capnp.ObjectSize   { return capnp.ObjectSize{DataSize: 8, PointerCount: 1} }

// sessionID names a UDP session.
type sessionID [16]byte

// sessionRequest asks a connector to open a UDP session.
type sessionRequest struct {
	id   sessionID
	addr netip.AddrPort
	idle time.Duration // after which it may close the session; 0: the usual
}

func writeSessionRequest(params capnp.Struct, r sessionRequest) error {
	var w writer
	w.data(params, 0, r.id[:])
	w.data(params, 1, r.addr.Addr().Unmap().AsSlice())
	params.SetUint16(0, r.addr.Port())
	params.SetUint64(8, uint64(r.idle))
	return w.err
}

func readSessionRequest(params capnp.Struct) (sessionRequest, error) {
	var r reader
	req := sessionRequest{id: r.session(params, 0), idle: time.Duration(params.Uint64(8))}
	ip, ok := netip.AddrFromSlice(r.data(params, 1))
	if r.err == nil && !ok {
		r.err = fmt.Errorf("an address of %d bytes", len(r.data(params, 1)))
	}
	req.addr = netip.AddrPortFrom(ip.Unmap(), params.Uint16(0))
	if r.err != nil {
		return sessionRequest{}, fmt.Errorf("read a session's opening: %w", r.err)
	}
	return req, nil
}

func (r *reader) session(s capnp.Struct, i uint16) sessionID {
	raw := r.ptr(s, i).Data()
	if r.err == nil && len(raw) != len(sessionID{}) {
		r.err = fmt.Errorf("a session's name of %d bytes", len(raw))
	}
	if r.err != nil {
		return sessionID{}
	}
	return sessionID(raw)
}

func writeSessionEnd(params capnp.Struct, id sessionID, why string) error {
	var w writer
	w.data(params, 0, id[:])
	w.text(params, 1, why)
	return w.err
}

func readSessionEnd(params capnp.Struct) (id sessionID, why string, err error) {
	var r reader
	id, why = r.session(params, 0), r.text(params, 1)
	return id, why, r.err
}

// writeSessionAnswer says that a session is open, or why not.
func writeSessionAnswer(results capnp.Struct, failure string) error {
	var w writer
	w.text(w.child(results, 0, sizeSessionOpen()), 0, failure)
	return w.err
}

func readSessionAnswer(results capnp.Struct) (failure string, err error) {
	var r reader
	failure = r.text(r.child(results, 0), 0)
	return failure, r.err
}

func writeConfigure(params capnp.Struct, u configUpdate) error {
	var w writer
	params.SetUint32(0, uint32(int32(u.Version)))
	w.data(params, 0, u.Config)
	return w.err
}

func readConfigure(params capnp.Struct) (configUpdate, error) {
	var r reader
	u := configUpdate{Version: int(int32(params.Uint32(0))), Config: r.data(params, 0)}
	return u, r.err
}

// writeConfigured says which version is in force, and why not the new one.
func writeConfigured(results capnp.Struct, applied int, failure string) error {
	var w writer
	s := w.child(results, 0, sizeConfigured())
	w.text(s, 0, failure)
	if w.err == nil {
		s.SetUint32(0, uint32(int32(applied)))
	}
	return w.err
}

func readConfigured(results capnp.Struct) (applied int, failure string, err error) {
	var r reader
	s := r.child(results, 0)
	return int(int32(s.Uint32(0))), r.text(s, 0), r.err
}

package tunnelproto

import (
	"fmt"
	"net/netip"
	"time"

	capnp "zombiezen.com/go/capnproto2"
)

// This file is the registration schema by hand: which value sits at which
// offset and pointer. Generated code would be ten times as long.

const registrationServer = 0xf71695ec7fe85497

func methodRegister() capnp.Method {
	return capnp.Method{InterfaceID: registrationServer, MethodID: 0, MethodName: "registerConnection"}
}

func methodUnregister() capnp.Method {
	return capnp.Method{InterfaceID: registrationServer, MethodID: 1, MethodName: "unregisterConnection"}
}

func methodUpdateLocal() capnp.Method {
	return capnp.Method{InterfaceID: registrationServer, MethodID: 2, MethodName: "updateLocalConfiguration"}
}

// Sizes of the structs on the wire.
func sizeRegister() capnp.ObjectSize { return capnp.ObjectSize{DataSize: 8, PointerCount: 3} }
func sizeAuth() capnp.ObjectSize     { return capnp.ObjectSize{PointerCount: 2} }
func sizeOptions() capnp.ObjectSize  { return capnp.ObjectSize{DataSize: 8, PointerCount: 2} }
func sizeClient() capnp.ObjectSize   { return capnp.ObjectSize{PointerCount: 4} }
func sizeUpdateLocal() capnp.ObjectSize {
	return capnp.ObjectSize{PointerCount: 1}
}
func sizeResult() capnp.ObjectSize   { return capnp.ObjectSize{PointerCount: 1} }
func sizeResponse() capnp.ObjectSize { return capnp.ObjectSize{DataSize: 8, PointerCount: 1} }
func sizeRefusal() capnp.ObjectSize  { return capnp.ObjectSize{DataSize: 16, PointerCount: 1} }
func sizeDetails() capnp.ObjectSize  { return capnp.ObjectSize{DataSize: 8, PointerCount: 2} }

const (
	responseIsRefusal = 0
	responseIsDetails = 1
	bitReplace        = capnp.BitOffset(0)
	bitRetry          = capnp.BitOffset(64)
	bitRemote         = capnp.BitOffset(0)
)

// writer sets fields until the first error, which it keeps.
type writer struct{ err error }

func (w *writer) text(s capnp.Struct, i uint16, v string) {
	if w.err == nil {
		w.err = s.SetText(i, v)
	}
}

func (w *writer) data(s capnp.Struct, i uint16, v []byte) {
	if w.err == nil {
		w.err = s.SetData(i, v)
	}
}

func (w *writer) child(s capnp.Struct, i uint16, size capnp.ObjectSize) capnp.Struct {
	if w.err != nil {
		return capnp.Struct{}
	}
	c, err := capnp.NewStruct(s.Segment(), size)
	if err == nil {
		err = s.SetPtr(i, c.ToPtr())
	}
	w.err = err
	return c
}

func (w *writer) texts(s capnp.Struct, i uint16, vs []string) {
	if w.err != nil {
		return
	}
	l, err := capnp.NewTextList(s.Segment(), int32(len(vs)))
	for n := 0; err == nil && n < len(vs); n++ {
		err = l.Set(n, vs[n])
	}
	if err == nil {
		err = s.SetPtr(i, l.ToPtr())
	}
	w.err = err
}

// reader gets fields until the first error, which it keeps. Absent fields are
// empty, as Cap'n Proto has it.
type reader struct{ err error }

func (r *reader) ptr(s capnp.Struct, i uint16) capnp.Ptr {
	if r.err != nil {
		return capnp.Ptr{}
	}
	p, err := s.Ptr(i)
	r.err = err
	return p
}

func (r *reader) text(s capnp.Struct, i uint16) string { return r.ptr(s, i).Text() }

// data copies: the message's memory is used again.
func (r *reader) data(s capnp.Struct, i uint16) []byte {
	return append([]byte(nil), r.ptr(s, i).Data()...)
}

func (r *reader) child(s capnp.Struct, i uint16) capnp.Struct { return r.ptr(s, i).Struct() }

func (r *reader) uuid(s capnp.Struct, i uint16) string {
	raw := r.ptr(s, i).Data()
	if r.err != nil {
		return ""
	}
	if len(raw) != 16 {
		r.err = fmt.Errorf("a UUID of %d bytes", len(raw))
		return ""
	}
	return formatUUID([16]byte(raw))
}

func (r *reader) texts(s capnp.Struct, i uint16) []string {
	l := capnp.TextList{List: r.ptr(s, i).List()}
	var out []string
	for n := 0; r.err == nil && n < l.Len(); n++ {
		var v string
		v, r.err = l.At(n)
		out = append(out, v)
	}
	return out
}

func writeRegistration(params capnp.Struct, reg Registration) error {
	tunnel, err := parseUUID(reg.TunnelID)
	if err != nil {
		return fmt.Errorf("tunnel id: %w", err)
	}
	client, err := parseUUID(reg.ClientID)
	if err != nil {
		return fmt.Errorf("client id: %w", err)
	}
	var w writer
	auth := w.child(params, 0, sizeAuth())
	w.text(auth, 0, reg.AccountTag)
	w.data(auth, 1, reg.Secret)
	w.data(params, 1, tunnel[:])
	options := w.child(params, 2, sizeOptions())
	info := w.child(options, 0, sizeClient())
	w.data(info, 0, client[:])
	w.texts(info, 1, reg.Features)
	w.text(info, 2, reg.Version)
	w.text(info, 3, reg.Arch)
	if reg.LocalIP.IsValid() {
		w.data(options, 1, reg.LocalIP.AsSlice())
	}
	if w.err != nil {
		return w.err
	}
	params.SetUint8(0, reg.ConnIndex)
	options.SetBit(bitReplace, reg.ReplaceExisting)
	options.SetUint8(1, reg.Compression)
	options.SetUint8(2, reg.Attempts)
	return nil
}

func readRegistration(params capnp.Struct) (Registration, error) {
	var r reader
	auth, options := r.child(params, 0), r.child(params, 2)
	info := r.child(options, 0)
	reg := Registration{
		AccountTag:      r.text(auth, 0),
		Secret:          r.data(auth, 1),
		TunnelID:        r.uuid(params, 1),
		ConnIndex:       params.Uint8(0),
		ClientID:        r.uuid(info, 0),
		Features:        r.texts(info, 1),
		Version:         r.text(info, 2),
		Arch:            r.text(info, 3),
		ReplaceExisting: options.Bit(bitReplace),
		Compression:     options.Uint8(1),
		Attempts:        options.Uint8(2),
	}
	reg.LocalIP, _ = netip.AddrFromSlice(r.data(options, 1))
	if r.err != nil {
		return Registration{}, fmt.Errorf("read a registration: %w", r.err)
	}
	return reg, nil
}

// writeResponse answers a registration: with details, or with why not.
func writeResponse(results capnp.Struct, d Details, refusal *RegisterError) error {
	var w writer
	resp := w.child(results, 0, sizeResponse())
	if w.err != nil {
		return w.err
	}
	if refusal != nil {
		resp.SetUint16(0, responseIsRefusal)
		e := w.child(resp, 0, sizeRefusal())
		w.text(e, 0, refusal.Cause)
		if w.err == nil {
			e.SetUint64(0, uint64(refusal.RetryAfter))
			e.SetBit(bitRetry, refusal.Retry)
		}
		return w.err
	}
	id, err := parseUUID(d.ConnectionID)
	if err != nil {
		return fmt.Errorf("connection id: %w", err)
	}
	resp.SetUint16(0, responseIsDetails)
	s := w.child(resp, 0, sizeDetails())
	w.data(s, 0, id[:])
	w.text(s, 1, d.Location)
	if w.err == nil {
		s.SetBit(bitRemote, d.RemotelyManaged)
	}
	return w.err
}

// readResponse returns a *RegisterError if the edge refused.
func readResponse(results capnp.Struct) (Details, error) {
	var r reader
	resp := r.child(results, 0)
	body := r.child(resp, 0)
	switch tag := resp.Uint16(0); {
	case r.err != nil:
		return Details{}, fmt.Errorf("read the edge's answer: %w", r.err)
	case tag == responseIsRefusal:
		e := &RegisterError{
			Cause:      r.text(body, 0),
			RetryAfter: time.Duration(body.Uint64(0)),
			Retry:      body.Bit(bitRetry),
		}
		if r.err != nil {
			return Details{}, fmt.Errorf("read the edge's refusal: %w", r.err)
		}
		return Details{}, e
	case tag == responseIsDetails:
		d := Details{
			ConnectionID:    r.uuid(body, 0),
			Location:        r.text(body, 1),
			RemotelyManaged: body.Bit(bitRemote),
		}
		if r.err != nil {
			return Details{}, fmt.Errorf("read the edge's answer: %w", r.err)
		}
		return d, nil
	default:
		return Details{}, fmt.Errorf("the edge answered in an unknown form %d", tag)
	}
}

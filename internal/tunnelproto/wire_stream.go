package tunnelproto

import (
	"errors"
	"fmt"
	"io"

	capnp "zombiezen.com/go/capnproto2"
)

// Over QUIC every stream but the control stream begins with six bytes that say
// its kind. A data stream goes on with a version, then with one Cap'n Proto
// message that says what it is for, then with raw bytes; its answer has the
// same form.
const (
	signatureData = "\x0A\x36\xCD\x12\xA1\x3E"
	signatureRPC  = "\x52\xBB\x82\x5C\xDB\x65"
	dataVersion   = "01"
)

// maxHead is far above the headers that any server takes.
const maxHead = 4 << 20

// streamKind is what a data stream is for.
type streamKind uint16

const (
	kindHTTP streamKind = iota
	kindWebsocket
	kindTCP
)

// connectRequest opens a data stream.
type connectRequest struct {
	dest     string // a URL, or for TCP an ip:port
	kind     streamKind
	metadata []pair
}

// connectResponse answers one. Without a failure it is connected.
type connectResponse struct {
	failure  string
	metadata []pair
}

type pair struct{ key, value string }

// Keys of the metadata. A header's name follows its prefix.
const (
	keyMethod       = "HttpMethod"
	keyHost         = "HttpHost"
	keyStatus       = "HttpStatus"
	keyHeaderPrefix = "HttpHeader:"
)

func sizeConnectRequest() capnp.ObjectSize {
	return capnp.ObjectSize{DataSize: 8, PointerCount: 2}
}
func sizeConnectResponse() capnp.ObjectSize { return capnp.ObjectSize{PointerCount: 2} }
func sizeMetadata() capnp.ObjectSize        { return capnp.ObjectSize{PointerCount: 2} }

// bytes is the request as it stands at the beginning of a stream.
func (r connectRequest) bytes() ([]byte, error) {
	return dataHead(sizeConnectRequest(), func(s capnp.Struct, w *writer) {
		w.text(s, 0, r.dest)
		s.SetUint16(0, uint16(r.kind))
		w.pairs(s, 1, r.metadata)
	})
}

func (r connectResponse) bytes() ([]byte, error) {
	return dataHead(sizeConnectResponse(), func(s capnp.Struct, w *writer) {
		w.text(s, 0, r.failure)
		w.pairs(s, 1, r.metadata)
	})
}

func dataHead(size capnp.ObjectSize, fill func(capnp.Struct, *writer)) ([]byte, error) {
	msg, seg, err := capnp.NewMessage(capnp.SingleSegment(nil))
	if err != nil {
		return nil, err
	}
	root, err := capnp.NewRootStruct(seg, size)
	if err != nil {
		return nil, err
	}
	var w writer
	fill(root, &w)
	if w.err != nil {
		return nil, fmt.Errorf("encode the head of a stream: %w", w.err)
	}
	packed, err := msg.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode the head of a stream: %w", err)
	}
	return append([]byte(signatureData+dataVersion), packed...), nil
}

// readConnectRequest reads on after the signature.
func readConnectRequest(from io.Reader) (connectRequest, error) {
	s, err := readDataHead(from)
	if err != nil {
		return connectRequest{}, err
	}
	var r reader
	req := connectRequest{dest: r.text(s, 0), kind: streamKind(s.Uint16(0)), metadata: r.pairs(s, 1)}
	return req, r.err
}

// readConnectResponse reads the signature too.
func readConnectResponse(from io.Reader) (connectResponse, error) {
	switch signature, err := readSignature(from); {
	case err != nil:
		return connectResponse{}, err
	case signature != signatureData:
		return connectResponse{}, fmt.Errorf("a stream is answered with %x", signature)
	}
	s, err := readDataHead(from)
	if err != nil {
		return connectResponse{}, err
	}
	var r reader
	resp := connectResponse{failure: r.text(s, 0), metadata: r.pairs(s, 1)}
	return resp, r.err
}

func readSignature(from io.Reader) (string, error) {
	var signature [len(signatureData)]byte
	if _, err := io.ReadFull(from, signature[:]); err != nil {
		return "", err
	}
	return string(signature[:]), nil
}

func readDataHead(from io.Reader) (capnp.Struct, error) {
	var version [len(dataVersion)]byte
	if _, err := io.ReadFull(from, version[:]); err != nil {
		return capnp.Struct{}, err
	}
	if string(version[:]) != dataVersion {
		return capnp.Struct{}, fmt.Errorf("unknown version %q of a stream", version)
	}
	d := capnp.NewDecoder(from) // it reads no further than its message
	d.MaxMessageSize = maxHead
	msg, err := d.Decode()
	if err != nil {
		return capnp.Struct{}, fmt.Errorf("read the head of a stream: %w", err)
	}
	root, err := msg.RootPtr()
	if err != nil {
		return capnp.Struct{}, fmt.Errorf("read the head of a stream: %w", err)
	}
	if !root.IsValid() {
		return capnp.Struct{}, errors.New("the head of a stream is empty")
	}
	return root.Struct(), nil
}

func (w *writer) pairs(s capnp.Struct, i uint16, pairs []pair) {
	if w.err != nil {
		return
	}
	l, err := capnp.NewCompositeList(s.Segment(), sizeMetadata(), int32(len(pairs)))
	if err != nil {
		w.err = err
		return
	}
	for n, p := range pairs {
		w.text(l.Struct(n), 0, p.key)
		w.text(l.Struct(n), 1, p.value)
	}
	if w.err == nil {
		w.err = s.SetPtr(i, l.ToPtr())
	}
}

func (r *reader) pairs(s capnp.Struct, i uint16) []pair {
	l := r.ptr(s, i).List()
	var out []pair
	for n := 0; r.err == nil && n < l.Len(); n++ {
		out = append(out, pair{r.text(l.Struct(n), 0), r.text(l.Struct(n), 1)})
	}
	return out
}

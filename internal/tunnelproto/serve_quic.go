package tunnelproto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/quic-go/quic-go"
)

// serveStream answers one stream that the edge opened over QUIC. What it cannot
// finish it gives up, so that it does not look complete.
func (l *link) serveStream(ctx context.Context, stream *quic.Stream, sessions *connectorSessions) {
	if !l.handlers.enter() {
		stream.CancelRead(0)
		stream.CancelWrite(0)
		return
	}
	defer l.handlers.leave()
	err := l.tryStream(ctx, stream, sessions)
	stream.CancelRead(0) // what was not read is not wanted
	if err != nil {
		stream.CancelWrite(0)
		l.connector.logger().Debug("Failed to handle QUIC stream", "connIndex", l.index, "error", err)
		return
	}
	_ = stream.Close()
}

func (l *link) tryStream(ctx context.Context, stream *quic.Stream, sessions *connectorSessions) error {
	signature, err := readSignature(stream)
	if err != nil {
		return err
	}
	switch signature {
	case signatureRPC:
		methods := append(sessions.methods(), configureMethod(l.connector.configure))
		serveRPC(ctx, stream, methods)
		return nil
	case signatureData:
		req, err := readConnectRequest(stream)
		if err != nil {
			return err
		}
		return l.serveData(ctx, stream, req)
	default:
		return fmt.Errorf("unknown signature %x", signature)
	}
}

// serveData passes on what net/http does by itself over HTTP/2: the end of the
// request when the other side gives up, and a handler's panic.
func (l *link) serveData(ctx context.Context, stream *quic.Stream, req connectRequest) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(stream.Context(), cancel)() // the edge reads no more
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			l.connector.logger().Error("a handler panicked", "panic", v, "stack", string(debug.Stack()))
			err = http.ErrAbortHandler
		}
	}()
	body := &streamBody{stream: stream}
	if req.kind == kindTCP {
		r := (&http.Request{Method: http.MethodPost, Host: req.dest, URL: &url.URL{Path: "/"}, Header: http.Header{}, Body: body}).WithContext(ctx)
		l.serveTCP(newResponseWriter(&quicAnswer{stream: stream, bare: true}), r)
		return nil
	}
	r, err := req.http(body)
	if err != nil {
		return err
	}
	r.RemoteAddr = l.edge.String()
	w := newResponseWriter(&quicAnswer{stream: stream, head: r.Method == http.MethodHead})
	l.serveVisitor(w, r.WithContext(ctx), req.kind == kindWebsocket)
	return w.err
}

// http makes a request as a server has it.
func (r connectRequest) http(body io.ReadCloser) (*http.Request, error) {
	u, err := url.Parse(r.dest)
	if err != nil {
		return nil, errors.New("a request to no URL")
	}
	req := &http.Request{URL: &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: u.Host, Header: http.Header{}, RequestURI: u.RequestURI()}
	for _, p := range r.metadata {
		switch name, isHeader := strings.CutPrefix(p.key, keyHeaderPrefix); {
		case isHeader:
			req.Header.Add(name, p.value)
		case p.key == keyMethod:
			req.Method = p.value
		case p.key == keyHost:
			req.Host = p.value
		}
	}
	dropInternal(req.Header)
	return req, setBody(req, body, r.kind)
}

// setBody gives a request its body where its headers announce one.
func setBody(req *http.Request, body io.ReadCloser, kind streamKind) error {
	chunked := strings.EqualFold(req.Header.Get("Transfer-Encoding"), "chunked")
	req.Header.Del("Transfer-Encoding")
	length := req.Header.Get("Content-Length")
	req.Body = http.NoBody
	switch {
	case kind == kindWebsocket, chunked:
		req.Body, req.ContentLength = body, -1
	case length != "":
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("a body of length %q", length)
		}
		if n > 0 {
			req.Body, req.ContentLength = body, n
		}
	}
	return nil
}

// streamBody is the receiving half of a stream.
type streamBody struct{ stream *quic.Stream }

func (b *streamBody) Read(p []byte) (int, error) { return b.stream.Read(p) }

func (b *streamBody) Close() error {
	b.stream.CancelRead(0)
	return nil
}

// quicAnswer writes the head of a stream's answer and then its body.
type quicAnswer struct {
	stream *quic.Stream
	head   bool // a body is not wanted
	bare   bool // it is no HTTP
	silent bool // there can be no body
}

func (a *quicAnswer) begin(status int, header http.Header) error {
	var resp connectResponse
	if !a.bare {
		a.silent = a.head || status == http.StatusNoContent || status == http.StatusNotModified
		resp.metadata = append([]pair{{keyStatus, strconv.Itoa(status)}}, headerPairs(header)...)
	}
	return a.send(resp)
}

func (a *quicAnswer) refuse(why string) error {
	a.silent = true
	return a.send(connectResponse{failure: why})
}

func (a *quicAnswer) send(resp connectResponse) error {
	head, err := resp.bytes()
	if err == nil {
		_, err = a.stream.Write(head)
	}
	return err
}

func (a *quicAnswer) Write(p []byte) (int, error) {
	if a.silent {
		return len(p), nil
	}
	return a.stream.Write(p)
}

func (a *quicAnswer) flush() error { return nil } // nothing is held back

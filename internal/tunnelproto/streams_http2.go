package tunnelproto

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"time"
)

// http2Streams is the HTTP/2 client side of a connection that a connector
// dialled.
type http2Streams struct {
	net net.Conn
	h2  *http.ClientConn
}

// newHTTP2Streams turns a fresh connection round. It is encrypted already and
// no ALPN was spoken, so net/http must take it for a plain one.
func newHTTP2Streams(ctx context.Context, nc net.Conn, silence time.Duration) (*http2Streams, error) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	t := &http.Transport{
		Protocols:          &protocols,
		DisableCompression: true, // what the visitor accepts is the visitor's business
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return nc, nil },
		HTTP2:              http2Pings(silence),
	}
	h2, err := t.NewClientConn(ctx, "http", "connector:80")
	if err != nil {
		return nil, fmt.Errorf("speak HTTP/2: %w", err)
	}
	return &http2Streams{net: nc, h2: h2}, nil
}

// http2Pings asks a quiet connection in time to call it dead after silence.
func http2Pings(silence time.Duration) *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: silence * 2 / 3, PingTimeout: silence / 3}
}

func (s *http2Streams) protocol() Protocol { return HTTP2 }

func (s *http2Streams) remoteAddr() net.Addr { return s.net.RemoteAddr() }

func (*http2Streams) registered(Registration) {}

func (s *http2Streams) close() error {
	err := s.net.Close()
	_ = s.h2.Close()
	return err
}

// openControl opens the stream over which the connector registers. It outlives
// ctx, which bounds the opening.
func (s *http2Streams) openControl(ctx context.Context) (io.ReadWriteCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	stream, _, err := s.open(streamRequest(ServerNameHTTP2, upgradeControl).WithContext(ctx))
	return stream, err
}

func (s *http2Streams) roundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.send(outbound(req))
	if err != nil {
		return nil, err
	}
	if err := inbound(resp, req); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	dropHopByHop(resp.Header)
	return resp, nil
}

// send does one round trip. The error is ErrGone where the connection ended
// before it took the request; the body is then as it was.
func (s *http2Streams) send(req *http.Request) (*http.Response, error) {
	held := &heldBody{ReadCloser: req.Body}
	trace := &httptrace.ClientTrace{WroteHeaders: held.release}
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = held
	}
	resp, err := s.h2.RoundTrip(out)
	if err == nil {
		return resp, nil
	}
	if held.isHeld() && req.Context().Err() == nil && s.h2.Err() != nil {
		return nil, ErrGone
	}
	held.release()
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, fmt.Errorf("send the request through the tunnel: %w", err)
}

// heldBody is a request's body that is not closed before the request began:
// until then another connection may take it. net/http closes a body once, and
// may do it before it says that it wrote the request.
type heldBody struct {
	io.ReadCloser
	mu       sync.Mutex
	released bool
	closing  bool
}

func (b *heldBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closing = true
	if !b.released {
		return nil
	}
	return b.ReadCloser.Close()
}

func (b *heldBody) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing && !b.released {
		_ = b.ReadCloser.Close()
	}
	b.released = true
}

func (b *heldBody) isHeld() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.released
}

func (s *http2Streams) websocket(req *http.Request) (*http.Response, io.ReadWriteCloser, error) {
	out := outbound(req)
	out.Header.Set(headerUpgrade, upgradeWebsock)
	stream, resp, err := s.open(out)
	if err != nil {
		return nil, nil, err
	}
	if err := inbound(resp, req); err != nil {
		_ = stream.Close()
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		dropHopByHop(resp.Header)
		resp.Body = struct {
			io.Reader
			io.Closer
		}{stream, stream}
		return resp, nil, nil
	}
	// HTTP/2 has no 101: 200 stands for it.
	switched(resp)
	return resp, stream, nil
}

func (s *http2Streams) dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	req := streamRequest(addr, "").WithContext(ctx)
	req.Header.Set(headerTCP, "edge")
	stream, resp, err := s.open(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = stream.Close()
		return nil, &UnreachableError{Addr: addr} // why does not travel over HTTP/2
	}
	return stream, nil
}

func (*http2Streams) dialUDP(context.Context, netip.AddrPort) (net.Conn, error) {
	return nil, ErrNoUDP
}

func (s *http2Streams) pushConfig(ctx context.Context, u configUpdate) (int, error) {
	body, err := json.Marshal(u)
	if err != nil {
		return 0, fmt.Errorf("encode configuration %d: %w", u.Version, err)
	}
	req := streamRequest(ServerNameHTTP2, upgradeConfig).WithContext(ctx)
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := s.send(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer configAnswer
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, fmt.Errorf("status %d, answer: %w", resp.StatusCode, err)
	}
	if len(answer.Err) > 0 && string(answer.Err) != "null" {
		return answer.Applied, ErrConfigRefused // its text does not travel over HTTP/2
	}
	return answer.Applied, nil
}

func (s *http2Streams) idle(ctx context.Context) {
	idle := make(chan struct{}, 1)
	check := func(h2 *http.ClientConn) {
		if h2.InFlight() == 0 || h2.Err() != nil {
			select {
			case idle <- struct{}{}:
			default:
			}
		}
	}
	s.h2.SetStateHook(check)
	check(s.h2)
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// open starts a request whose body and answer are raw bytes. The request's
// context bounds the opening only. Without an error the answer is there,
// whatever its status.
func (s *http2Streams) open(req *http.Request) (net.Conn, *http.Response, error) {
	ctx := req.Context()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opening := context.AfterFunc(ctx, cancel)
	up, body := net.Pipe()
	req = req.WithContext(life)
	req.Body = body
	resp, err := s.send(req)
	if !opening() { // ctx ended first
		if err == nil {
			_ = resp.Body.Close()
		}
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel()
		_ = up.Close()
		return nil, nil, fmt.Errorf("open a stream: %w", err)
	}
	return newStreamConn(up, resp.Body, cancel, s.net.LocalAddr(), hostAddr(req.Host)), resp, nil
}

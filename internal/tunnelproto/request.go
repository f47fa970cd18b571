package tunnelproto

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// ErrGone says that a connection takes no more requests; nothing was sent, so
// the request may go over another one, its body included.
var ErrGone = errors.New("the tunnel connection is gone")

// ErrConfigRefused says that a connector found a configuration invalid and kept
// the one it had. Its reason travels over QUIC only.
var ErrConfigRefused = errors.New("the connector refused the configuration")

// ErrNoUDP says that a connection carries no UDP: it is HTTP/2.
var ErrNoUDP = errors.New("the connector is connected over http2, which carries no UDP")

// UnreachableError says that a connector could not connect to a private address.
type UnreachableError struct {
	Addr  string
	Cause string // empty over HTTP/2
}

func (e *UnreachableError) Error() string {
	if e.Cause == "" {
		return "the connector cannot reach " + e.Addr
	}
	return "the connector cannot reach " + e.Addr + ": " + e.Cause
}

// RoundTrip sends a visitor's request to the connector. The answer carries the
// origin's headers; ResponseSource says whether the origin sent it.
func (c *Conn) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.entering.done()
	return c.streams.roundTrip(req)
}

// DialWebsocket sends a websocket handshake. If the origin agrees, the answer's
// status is 101 and the stream carries raw bytes both ways until it is closed;
// otherwise the stream is nil and the answer has a body. ctx of the request
// bounds the handshake only.
func (c *Conn) DialWebsocket(req *http.Request) (*http.Response, io.ReadWriteCloser, error) {
	if err := c.enter(); err != nil {
		return nil, nil, err
	}
	defer c.entering.done()
	return c.streams.websocket(req)
}

// DialTCP connects to addr in the connector's private network: to an ip:port,
// or to a name:port, whose name the connector's own resolver is asked for first
// (Lookup). ctx bounds the connecting only. The connection can be half closed
// from this side (CloseWrite); when the other side ends, both directions end.
func (c *Conn) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.entering.done()
	if _, err := netip.ParseAddrPort(addr); err == nil {
		return c.streams.dialTCP(ctx, addr)
	}
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("connect through the tunnel: %w", err)
	}
	addrs, err := c.Lookup(ctx, name)
	if err != nil {
		return nil, err
	}
	return c.streams.dialTCP(ctx, net.JoinHostPort(addrs[0].String(), port))
}

// DialUDP opens a UDP session to addr in the connector's private network. Each
// Write sends one datagram and each Read gets one; it is a net.PacketConn too.
// Nothing tells whether anybody listens there. The error is ErrNoUDP where the
// connection carries no UDP.
func (c *Conn) DialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.entering.done()
	return c.streams.dialUDP(ctx, addr)
}

// PushConfig gives the connector a configuration; once per connector is enough,
// its connections share it. applied is the version it runs afterwards: an old
// or equal one is ignored without an error.
func (c *Conn) PushConfig(ctx context.Context, version int, config json.RawMessage) (applied int, err error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	defer c.entering.done()
	applied, err = c.streams.pushConfig(ctx, configUpdate{version, config})
	if err != nil {
		return applied, fmt.Errorf("push configuration %d: %w", version, err)
	}
	return applied, nil
}

type configUpdate struct {
	Version int             `json:"version"`
	Config  json.RawMessage `json:"config"`
}

type configAnswer struct {
	Applied int             `json:"lastAppliedVersion"`
	Err     json.RawMessage `json:"err"`
}

// streamRequest is a request of the edge's own, without a visitor behind it.
func streamRequest(authority, upgrade string) *http.Request {
	h := http.Header{"User-Agent": {""}}
	if upgrade != "" {
		h.Set(headerUpgrade, upgrade)
	}
	return &http.Request{
		Method: http.MethodPost, Host: authority, Header: h,
		URL: &url.URL{Scheme: "https", Host: authority, Path: "/"},
	}
}

// outbound makes a visitor's request fit for the tunnel, leaving req as it is.
func outbound(req *http.Request) *http.Request {
	out := req.Clone(req.Context())
	out.Close = false
	out.RequestURI = ""
	out.Trailer = nil // cloudflared drops them
	if out.Host == "" {
		out.Host = out.URL.Host
	}
	out.URL.Scheme, out.URL.Host = "https", out.Host
	dropHopByHop(out.Header)
	dropInternal(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // do not let net/http invent one
	}
	return out
}

// inbound unpacks the origin's headers. What HTTP/2 itself added beside them is
// the connector's, not the origin's, and goes.
func inbound(resp *http.Response, req *http.Request) error {
	resp.Request = req
	meta := resp.Header.Get(headerMeta)
	packed, ok := resp.Header[http.CanonicalHeaderKey(headerResponse)]
	if ok {
		h, err := decodeHeaders(packed[0])
		if err != nil {
			return fmt.Errorf("read the connector's answer: %w", err)
		}
		dropInternal(h)
		if length, ok := resp.Header["Content-Length"]; ok {
			h["Content-Length"] = length
		}
		resp.Header = h
	} else {
		resp.Header = maps.Clone(resp.Header)
	}
	resp.Header.Set(headerMeta, meta)
	return nil
}

// switched makes an answer that agrees to a websocket of resp.
func switched(resp *http.Response) {
	resp.StatusCode, resp.Status = http.StatusSwitchingProtocols, "101 Switching Protocols"
	resp.Body = http.NoBody
}

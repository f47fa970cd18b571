package tunnelproto

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
)

// ErrGone says that a connection takes no more requests; nothing was sent, so
// the request may go over another one.
var ErrGone = errors.New("the tunnel connection is gone")

// ErrConfigRefused says that a connector found a configuration invalid and kept
// the one it had. Its reason does not travel over this transport.
var ErrConfigRefused = errors.New("the connector refused the configuration")

// RoundTrip sends a visitor's request to the connector. The answer carries the
// origin's headers; ResponseSource says whether the origin sent it.
func (c *Conn) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.isDone() {
		return nil, ErrGone
	}
	resp, err := c.h2.RoundTrip(outbound(req))
	if err != nil {
		return nil, fmt.Errorf("send the request through the tunnel: %w", err)
	}
	if err := inbound(resp, req); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	dropHopByHop(resp.Header)
	return resp, nil
}

// DialWebsocket sends a websocket handshake. If the origin agrees, the answer's
// status is 101 and the stream carries raw bytes both ways until it is closed;
// otherwise the stream is nil and the answer has a body. ctx of the request
// bounds the handshake only.
func (c *Conn) DialWebsocket(req *http.Request) (*http.Response, io.ReadWriteCloser, error) {
	if c.isDone() {
		return nil, nil, ErrGone
	}
	out := outbound(req)
	out.Header.Set(headerUpgrade, upgradeWebsock)
	stream, resp, err := c.openStream(req.Context(), out)
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
	resp.StatusCode, resp.Status = http.StatusSwitchingProtocols, "101 Switching Protocols"
	resp.Body = http.NoBody
	return resp, stream, nil
}

// DialTCP connects to addr, an ip:port in the connector's private network. ctx
// bounds the connecting only.
func (c *Conn) DialTCP(ctx context.Context, addr string) (io.ReadWriteCloser, error) {
	if c.isDone() {
		return nil, ErrGone
	}
	req := streamRequest(addr, "")
	req.Header.Set(headerTCP, "edge")
	stream, resp, err := c.openStream(ctx, req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = stream.Close()
		return nil, fmt.Errorf("the connector cannot reach %s", addr)
	}
	return stream, nil
}

// PushConfig gives the connector a configuration; once per connector is enough,
// its connections share it. applied is the version it runs afterwards: an old
// or equal one is ignored without an error.
func (c *Conn) PushConfig(ctx context.Context, version int, config json.RawMessage) (applied int, err error) {
	if c.isDone() {
		return 0, ErrGone
	}
	body, err := json.Marshal(configUpdate{version, config})
	if err != nil {
		return 0, fmt.Errorf("encode configuration %d: %w", version, err)
	}
	req := streamRequest(ServerNameHTTP2, upgradeConfig).WithContext(ctx)
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := c.h2.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("push configuration %d: %w", version, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer configAnswer
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, fmt.Errorf("push configuration %d: status %d, answer: %w", version, resp.StatusCode, err)
	}
	if len(answer.Err) > 0 && string(answer.Err) != "null" {
		return answer.Applied, ErrConfigRefused
	}
	return answer.Applied, nil
}

type configUpdate struct {
	Version int             `json:"version"`
	Config  json.RawMessage `json:"config"`
}

type configAnswer struct {
	Applied int             `json:"lastAppliedVersion"`
	Err     json.RawMessage `json:"err"`
}

func (c *Conn) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
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

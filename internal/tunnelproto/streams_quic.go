package tunnelproto

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// alpn is how the two sides know each other over QUIC.
const alpn = "argotunnel"

// quicConfig is cloudflared's own: it asks five times before it gives up. Packets
// are as long as a full datagram of UDP takes, from the first one on.
func quicConfig(silence time.Duration) *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:  silence,
		MaxIdleTimeout:        silence,
		KeepAlivePeriod:       silence / 5,
		MaxIncomingStreams:    1 << 60,
		MaxIncomingUniStreams: -1,
		EnableDatagrams:       true,
		InitialPacketSize:     1350,
	}
}

// quicStreams is the edge's end of a QUIC connection that a connector dialled.
type quicStreams struct {
	conn     *quic.Conn
	underWay gauge
	sessions *edgeSessions
}

func newQUICStreams(conn *quic.Conn, udpIdle time.Duration) *quicStreams {
	s := &quicStreams{conn: conn}
	s.sessions = newEdgeSessions(s, udpIdle)
	return s
}

func (s *quicStreams) protocol() Protocol   { return QUIC }
func (s *quicStreams) remoteAddr() net.Addr { return s.conn.RemoteAddr() }

func (s *quicStreams) registered(reg Registration) { s.sessions.speak(reg) }

func (s *quicStreams) idle(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.conn.Context(), cancel)()
	s.underWay.wait(ctx)
}

func (s *quicStreams) close() error { return s.conn.CloseWithError(0, "") }

// open begins a data stream. A stream that broke before anything was taken for
// sending is ErrGone.
func (s *quicStreams) open(ctx context.Context, r connectRequest) (*exchange, error) {
	head, err := r.bytes()
	if err != nil {
		return nil, err
	}
	stream, err := s.conn.OpenStreamSync(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, ErrGone
	}
	s.underWay.add()
	x := &exchange{stream: stream, done: s.underWay.done}
	x.calm = context.AfterFunc(ctx, x.reset)
	if n, err := stream.Write(head); err != nil {
		x.end()
		if n == 0 && ctx.Err() == nil {
			return nil, ErrGone
		}
		return nil, x.failure(ctx, err)
	}
	return x, nil
}

func (s *quicStreams) roundTrip(req *http.Request) (*http.Response, error) {
	out := outbound(req)
	x, err := s.open(req.Context(), httpHead(out, kindHTTP))
	if err == nil {
		x.upload(out)
		var resp *http.Response
		if resp, err = x.response(req); err == nil {
			return resp, nil
		}
		x.end()
	}
	if err != ErrGone && req.Body != nil {
		_ = req.Body.Close()
	}
	if err == ErrGone {
		return nil, err
	}
	return nil, fmt.Errorf("send the request through the tunnel: %w", err)
}

func (s *quicStreams) websocket(req *http.Request) (*http.Response, io.ReadWriteCloser, error) {
	out := outbound(req)
	x, err := s.open(req.Context(), httpHead(out, kindWebsocket))
	if err != nil {
		return nil, nil, fmt.Errorf("open a stream: %w", err)
	}
	resp, err := x.response(req)
	switch {
	case err != nil:
		x.end()
		return nil, nil, fmt.Errorf("open a stream: %w", err)
	case resp.StatusCode != http.StatusSwitchingProtocols:
		_ = x.stream.Close()
		return resp, nil, nil
	case !x.calm(): // ctx ended first
		x.end()
		return nil, nil, context.Cause(req.Context())
	}
	switched(resp)
	return resp, s.carry(x, nil), nil
}

func (s *quicStreams) dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	x, err := s.open(ctx, connectRequest{dest: addr, kind: kindTCP})
	if err != nil {
		return nil, fmt.Errorf("open a stream: %w", err)
	}
	answer, err := readConnectResponse(x.stream)
	switch {
	case err != nil:
		x.end()
		return nil, fmt.Errorf("open a stream: %w", x.failure(ctx, err))
	case answer.failure != "":
		x.end()
		return nil, &UnreachableError{Addr: addr, Cause: answer.failure}
	case !x.calm():
		x.end()
		return nil, context.Cause(ctx)
	}
	return s.carry(x, hostAddr(addr)), nil
}

func (s *quicStreams) carry(x *exchange, remote net.Addr) *carried {
	return &carried{Stream: x.stream, exchange: x, local: s.conn.LocalAddr(), remote: remote}
}

func (s *quicStreams) dialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	return s.sessions.dial(ctx, addr)
}

func (s *quicStreams) pushConfig(ctx context.Context, u configUpdate) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	var applied int
	var failure string
	err := s.call(ctx, func(c *rpcClient) error {
		results, err := c.call(ctx, methodConfigure(), sizeConfigure(), configureParams(u))
		if err == nil {
			applied, failure, err = readConfigured(results)
		}
		return err
	})
	if err == nil && failure != "" {
		err = fmt.Errorf("%w: %s", ErrConfigRefused, failure)
	}
	return applied, err
}

// call opens a stream for one call of the connector.
func (s *quicStreams) call(ctx context.Context, ask func(*rpcClient) error) error {
	s.underWay.add()
	defer s.underWay.done()
	c, err := dialRPC(ctx, s.conn)
	if err != nil {
		return err
	}
	defer c.close()
	return ask(c)
}

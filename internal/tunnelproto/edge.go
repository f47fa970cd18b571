package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// How long a connector may take for each step of coming up.
const (
	handshakeTimeout = 10 * time.Second
	registerTimeout  = 30 * time.Second
)

// For how long the other side may be silent.
const (
	silenceHTTP2 = 15 * time.Second
	silenceQUIC  = 5 * time.Second
)

// Edge accepts the connections that connectors dial.
type Edge struct {
	TLS *tls.Config
	// Authenticate decides on a registration. It may answer a *RegisterError.
	// An empty ConnectionID in the details is filled in.
	Authenticate func(context.Context, Registration) (Details, error)
	// Registered is told of a connection once its connector was answered. It
	// takes requests then, from within Registered too.
	Registered func(*Conn)
	// Gone is told, once, after Registered returned, that a connection takes no
	// more requests: its connector unregistered it, it broke, or the same
	// connector came back, in which case Registered is told of the new one
	// first. Requests under way on an unregistered one still finish.
	Gone func(*Conn)
	// LocalConfig is told the rules of a connector whose tunnel is not managed
	// remotely; perhaps before Registered is told of the connection.
	LocalConfig func(*Conn, []byte)
	// UDPIdle is after how long a connector may close a UDP session over which
	// nothing went. 0 means 210 s.
	UDPIdle time.Duration
	// Silence is for how long a connector may not be heard of before its
	// connection counts as lost. 0 means cloudflared's own 5 s over QUIC, and
	// 15 s over HTTP/2.
	Silence time.Duration
	Log     *slog.Logger

	mu    sync.Mutex
	conns map[slot]*Conn
}

// slot is a place that one connection can have: a connector that comes back
// takes its own place again.
type slot struct {
	tunnel, client string
	index          uint8
}

// Serve accepts connectors on l until ctx ends, and then closes every one of
// them. It returns nil when ctx ended, after all its goroutines have.
func (e *Edge) Serve(ctx context.Context, l net.Listener) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()

	for {
		nc, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = nc.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept connectors: %w", err)
		}
		running.Go(func() { e.serveConn(ctx, nc) })
	}
}

func (e *Edge) serveConn(ctx context.Context, nc net.Conn) {
	defer func() { _ = nc.Close() }()
	defer context.AfterFunc(ctx, func() { _ = nc.Close() })()

	log := e.logger().With("remote", nc.RemoteAddr().String())
	tc := tls.Server(nc, e.TLS)
	hctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	err := tc.HandshakeContext(hctx)
	cancel()
	if err != nil {
		log.Info("connector failed the TLS handshake", "error", err)
		return
	}
	s, err := newHTTP2Streams(ctx, tc, e.silence())
	if err != nil {
		log.Info("connector does not speak the protocol", "error", err)
		return
	}
	control, err := s.openControl(ctx)
	if err != nil {
		_ = s.close()
		log.Info("connector did not open its control stream", "error", err)
		return
	}
	e.serveControl(ctx, s, control, log)
}

// serveControl runs a connection from the opening of its control stream to its
// end.
func (e *Edge) serveControl(ctx context.Context, s streams, control io.ReadWriteCloser, log *slog.Logger) {
	c := newConn(e, s, control)
	defer c.shut()
	if err := c.awaitRegistration(ctx); err != nil {
		log.Info("connector did not register", "error", err)
		return
	}
	e.serveRegistered(ctx, c, log.With("registration", c.reg))
}

// serveRegistered runs a connection from its registration to its end.
func (e *Edge) serveRegistered(ctx context.Context, c *Conn, log *slog.Logger) {
	log.Info("connector registered", "connection", c.details.ConnectionID)
	if e.Registered != nil {
		e.Registered(c)
	}
	// The old one goes after the new one came: there is no gap.
	if old := e.take(c); old != nil {
		log.Info("connection replaced", "connection", old.details.ConnectionID)
		_ = old.Close()
	}
	c.awaitEnd(ctx)
	e.leave(c)
	log.Info("connector gone", "connection", c.details.ConnectionID)
	if e.Gone != nil {
		e.Gone(c)
	}
	c.drain(ctx)
}

func (c *Conn) slot() slot { return slot{c.reg.TunnelID, c.reg.ClientID, c.reg.ConnIndex} }

// take puts c in its slot and returns who was there.
func (e *Edge) take(c *Conn) *Conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conns == nil {
		e.conns = map[slot]*Conn{}
	}
	old := e.conns[c.slot()]
	e.conns[c.slot()] = c
	return old
}

func (e *Edge) leave(c *Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conns[c.slot()] == c {
		delete(e.conns, c.slot())
	}
}

// authenticate never lets an inner error's text reach the connector.
func (e *Edge) authenticate(ctx context.Context, reg Registration) (Details, *RegisterError) {
	if e.Authenticate == nil {
		return Details{}, &RegisterError{Cause: "Unauthorized: nobody may register here"}
	}
	d, err := e.Authenticate(ctx, reg)
	if err != nil {
		var refusal *RegisterError
		if !errors.As(err, &refusal) {
			e.logger().Error("authenticate a connector", "registration", reg, "error", err)
			refusal = &RegisterError{Cause: "internal error"}
		}
		return Details{}, refusal
	}
	if d.ConnectionID == "" {
		d.ConnectionID = NewUUID()
	}
	return d, nil
}

func (e *Edge) silence() time.Duration { return cmp.Or(e.Silence, silenceHTTP2) }

func (e *Edge) logger() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

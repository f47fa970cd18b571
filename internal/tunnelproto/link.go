package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// link is one connection of a connector, from dialling to its end.
type link struct {
	connector *Connector
	index     uint8
	attempts  int    // failed ones before this
	connected func() // told when registered

	local    netip.Addr
	edge     net.Addr
	stopping <-chan struct{} // closed when the connector is asked to stop
	parted   chan struct{}   // closed when the edge knows that we stop, or cannot
	failed   chan struct{}   // closed when the connection is of no more use
	handlers handlers
	control  sync.Once

	// Set by the control stream's handler, read after run.
	wasUp bool
	err   error
}

// handlers counts what is being served. Unlike a bare WaitGroup it may be asked
// to wait while another one wants to start.
type handlers struct {
	mu    sync.Mutex
	ended bool
	wg    sync.WaitGroup
}

func (h *handlers) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.wg.Add(1)
	}
	return !h.ended
}

func (h *handlers) leave() { h.wg.Done() }

// end lets nobody in any more and waits for those inside.
func (h *handlers) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.wg.Wait()
}

var errLost = errors.New("lost connection with the edge")

// run returns when the connection and everything that it served have ended.
func (l *link) run(ctx context.Context) error {
	tc, err := l.dial(ctx)
	if err != nil {
		return err
	}
	l.stopping = ctx.Done()
	l.parted, l.failed = make(chan struct{}), make(chan struct{})
	l.edge = tc.RemoteAddr()
	if addr, err := netip.ParseAddrPort(tc.LocalAddr().String()); err == nil {
		l.local = addr.Addr().Unmap()
	}

	// Requests under way outlive ctx: that is what the grace period is for.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	pc := &plainConn{Conn: tc, closed: make(chan struct{})}
	srv := l.server(base)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(newOneListener(pc))
	}()
	l.awaitEnd(pc)
	_ = pc.Close()
	_ = srv.Close()
	<-served
	cancel()
	l.handlers.end()
	return cmp.Or(l.err, errLost)
}

func (l *link) dial(ctx context.Context) (net.Conn, error) {
	addr := l.connector.Edges[int(l.index)%len(l.connector.Edges)]
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.connector.TLS != nil {
		conf = l.connector.TLS.Clone()
	}
	conf.ServerName = cmp.Or(conf.ServerName, ServerNameHTTP2)
	conf.NextProtos = nil // cloudflared speaks no ALPN over TCP
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	tc, err := (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("dial the edge: %w", err)
	}
	return tc, nil
}

func (l *link) server(base context.Context) *http.Server {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	settings := http2Pings(cmp.Or(l.connector.Silence, silenceHTTP2))
	settings.MaxConcurrentStreams = math.MaxInt32
	return &http.Server{
		Protocols:   &protocols,
		Handler:     http.HandlerFunc(l.serve),
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(l.connector.logger().Handler(), slog.LevelDebug),
		HTTP2:       settings,
	}
}

// awaitEnd returns when the connection is closed, or, after we said that we
// stop, when the grace period is over. The edge closes as soon as nothing is
// under way.
func (l *link) awaitEnd(pc *plainConn) {
	select {
	case <-pc.closed:
		return
	case <-l.failed:
		return
	case <-l.stopping:
	}
	grace := time.NewTimer(cmp.Or(l.connector.Grace, defaultGrace))
	defer grace.Stop()
	unasked := time.NewTimer(unregisterTimeout) // the control stream may not be open yet
	defer unasked.Stop()
	select {
	case <-pc.closed:
		return
	case <-l.failed:
		return
	case <-unasked.C:
		return
	case <-l.parted:
	}
	select {
	case <-pc.closed:
	case <-grace.C:
	}
}

// plainConn hides that a connection is encrypted, so that net/http serves
// HTTP/2 on it although no ALPN was spoken, and tells when it is closed.
type plainConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *plainConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

// oneListener hands out one connection and then waits to be closed.
type oneListener struct {
	conns chan net.Conn
	addr  net.Addr
	once  sync.Once
	done  chan struct{}
}

func newOneListener(c net.Conn) *oneListener {
	l := &oneListener{conns: make(chan net.Conn, 1), addr: c.LocalAddr(), done: make(chan struct{})}
	l.conns <- c
	return l
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *oneListener) Addr() net.Addr { return l.addr }

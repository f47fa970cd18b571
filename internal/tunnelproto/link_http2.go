package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"sync"
)

// runHTTP2 dials the edge and then serves it as an HTTP/2 server.
func (l *link) runHTTP2(ctx context.Context) error {
	dctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	// cloudflared speaks no ALPN over TCP.
	tc, err := (&tls.Dialer{Config: l.tls(ServerNameHTTP2)}).DialContext(dctx, "tcp", l.address())
	if err != nil {
		return fmt.Errorf("dial the edge: %w", err)
	}
	l.met(tc.LocalAddr(), tc.RemoteAddr())

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
	l.awaitEnd(pc.closed)
	_ = pc.Close()
	_ = srv.Close()
	<-served
	cancel()
	l.handlers.end()
	return nil
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

// serveControl takes the stream that the edge opened for us to register over.
func (l *link) serveControl(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	if err := rc.Flush(); err != nil {
		l.fail(fmt.Errorf("open the control stream: %w", err))
		close(l.parted)
		return
	}
	l.register(r.Context(), duplex{Reader: r.Body, Writer: flushWriter{w, rc}, Closer: r.Body})
}

// duplex joins the two halves of an HTTP/2 stream.
type duplex struct {
	io.Reader
	io.Writer
	io.Closer
}

// flushWriter sends each write at once.
type flushWriter struct {
	io.Writer
	rc *http.ResponseController
}

func (f flushWriter) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.rc.Flush()
	}
	return n, err
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

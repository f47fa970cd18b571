package tunnelproto

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"zombiezen.com/go/capnproto2/rpc"
)

// drainTimeout bounds how long an unregistered connection may finish what it
// has under way. cloudflared's own grace period is never longer.
const drainTimeout = 3 * time.Minute

// Conn is one registered connection, seen from the edge. Its methods may be
// called from many goroutines.
type Conn struct {
	edge     *Edge
	net      net.Conn
	h2       *http.ClientConn
	rpc      *rpc.Conn
	reg      Registration
	details  Details
	refusal  *RegisterError
	openedAt time.Time

	regOnce  sync.Once
	decided  chan struct{} // the registration was answered; reg, details, refusal are set
	doneOnce sync.Once
	done     chan struct{}
}

// Registration is what the connector said of itself.
func (c *Conn) Registration() Registration { return c.reg }

// Details is what the edge answered.
func (c *Conn) Details() Details { return c.details }

// OpenedAt is when the connection was made.
func (c *Conn) OpenedAt() time.Time { return c.openedAt }

// RemoteAddr is where the connector dialled from.
func (c *Conn) RemoteAddr() net.Addr { return c.net.RemoteAddr() }

// Done is closed when the connection takes no more requests.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close breaks the connection at once, requests under way included. Its
// connector will dial again.
func (c *Conn) Close() error {
	c.retire()
	return c.net.Close()
}

// newConn turns a fresh TLS connection round and opens the control stream.
func newConn(ctx context.Context, e *Edge, tc *tls.Conn) (*Conn, error) {
	c := &Conn{
		edge: e, net: tc, openedAt: time.Now(),
		decided: make(chan struct{}), done: make(chan struct{}),
	}
	h2, err := clientOn(ctx, tc)
	if err != nil {
		return nil, fmt.Errorf("speak HTTP/2: %w", err)
	}
	c.h2 = h2
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	// The stream outlives the time limit on opening it.
	stream, _, err := c.openStream(ctx, streamRequest(ServerNameHTTP2, upgradeControl))
	if err != nil {
		return nil, err
	}
	c.rpc = serveRegistrar(stream, c)
	return c, nil
}

// clientOn makes the HTTP/2 client side of a connection that is encrypted
// already. No ALPN was spoken, so net/http must take it for a plain one.
func clientOn(ctx context.Context, nc net.Conn) (*http.ClientConn, error) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	t := &http.Transport{
		Protocols:          &protocols,
		DisableCompression: true, // what the visitor accepts is the visitor's business
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return nc, nil },
		HTTP2:              &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
	return t.NewClientConn(ctx, "http", "connector:80")
}

// register is the connector asking to be let in. Asked for twice on one
// connection it is refused.
func (c *Conn) register(ctx context.Context, reg Registration) (Details, *RegisterError) {
	d, refusal := Details{}, &RegisterError{Cause: "this connection has registered already"}
	c.regOnce.Do(func() {
		d, refusal = c.edge.authenticate(ctx, reg)
		c.reg, c.details, c.refusal = reg, d, refusal
	})
	return d, refusal
}

func (c *Conn) answered() {
	c.regOnce.Do(func() { c.refusal = &RegisterError{Cause: "malformed registration"} })
	select {
	case <-c.decided:
	default:
		close(c.decided)
	}
}

func (c *Conn) unregister() { c.retire() }

func (c *Conn) retire() { c.doneOnce.Do(func() { close(c.done) }) }

// awaitRegistration returns nil once the connector knows that it is registered.
func (c *Conn) awaitRegistration(ctx context.Context) error {
	limit := time.NewTimer(registerTimeout)
	defer limit.Stop()
	select {
	case <-c.decided:
	case <-c.rpc.Done():
		return errors.New("it went away")
	case <-limit.C:
		return errors.New("it took too long")
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.refusal == nil {
		return nil
	}
	// Let it read the answer and hang up itself.
	select {
	case <-c.rpc.Done():
	case <-limit.C:
	case <-ctx.Done():
	}
	return c.refusal
}

// awaitEnd returns when the connection takes no more requests.
func (c *Conn) awaitEnd(ctx context.Context) {
	select {
	case <-c.done:
	case <-c.rpc.Done(): // the control stream lives as long as the connection
	case <-ctx.Done():
	}
	c.retire()
}

// drain lets what is under way finish, if the connection is still there.
func (c *Conn) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	select {
	case <-c.rpc.Done():
	case <-ctx.Done():
		return
	}
	idle := make(chan struct{}, 1)
	check := func(h2 *http.ClientConn) {
		if h2.InFlight() == 0 || h2.Err() != nil {
			select {
			case idle <- struct{}{}:
			default:
			}
		}
	}
	c.h2.SetStateHook(check)
	check(c.h2)
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// shut ends the control stream and the connection, and waits for the RPC.
func (c *Conn) shut() {
	_ = c.net.Close()
	_ = c.rpc.Close()
	<-c.rpc.Done()
	_ = c.h2.Close()
}

// openStream starts a request whose body and answer are raw bytes. ctx bounds
// the opening only. Without an error the answer is there, whatever its status.
func (c *Conn) openStream(ctx context.Context, req *http.Request) (io.ReadWriteCloser, *http.Response, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opening := context.AfterFunc(ctx, cancel)
	pr, pw := io.Pipe()
	req = req.WithContext(life)
	req.Body = pr
	resp, err := c.h2.RoundTrip(req)
	if !opening() { // ctx ended first
		if err == nil {
			_ = resp.Body.Close()
		}
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel()
		_ = pw.Close()
		return nil, nil, fmt.Errorf("open a stream: %w", err)
	}
	answer := resp.Body // a caller may put the stream in its place
	return duplex{Reader: answer, Writer: pw, close: func() error {
		defer cancel()
		_ = pw.Close() // a pipe's Close returns nil
		return answer.Close()
	}}, resp, nil
}

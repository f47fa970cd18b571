package tunnelproto

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"zombiezen.com/go/capnproto2/rpc"
)

// drainTimeout bounds how long an unregistered connection may finish what it
// has under way. cloudflared's own grace period is never longer.
const drainTimeout = 3 * time.Minute

// Conn is one registered connection, seen from the edge, over either protocol.
// Its methods may be called from many goroutines.
type Conn struct {
	edge     *Edge
	streams  streams
	rpc      *rpc.Conn
	reg      Registration
	details  Details
	refusal  *RegisterError
	openedAt time.Time

	regOnce  sync.Once
	decided  chan struct{} // the registration was answered; reg, details, refusal are set
	doneOnce sync.Once
	done     chan struct{}
	entering gauge // requests that found it open and may not be under way yet
}

// Registration is what the connector said of itself.
func (c *Conn) Registration() Registration { return c.reg }

// Details is what the edge answered.
func (c *Conn) Details() Details { return c.details }

// OpenedAt is when the connection was made.
func (c *Conn) OpenedAt() time.Time { return c.openedAt }

// Protocol is what carries the connection.
func (c *Conn) Protocol() Protocol { return c.streams.protocol() }

// RemoteAddr is where the connector dialled from.
func (c *Conn) RemoteAddr() net.Addr { return c.streams.remoteAddr() }

// Done is closed when the connection takes no more requests.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close breaks the connection at once, requests under way included. Its
// connector will dial again.
func (c *Conn) Close() error {
	c.retire()
	return c.streams.close()
}

// newConn answers RPC on the control stream of a fresh connection.
func newConn(e *Edge, s streams, control io.ReadWriteCloser) *Conn {
	c := &Conn{
		edge: e, streams: s, openedAt: time.Now(),
		decided: make(chan struct{}), done: make(chan struct{}),
	}
	c.rpc = serveRegistrar(control, c)
	return c
}

// register is the connector asking to be let in. Asked for twice on one
// connection it is refused.
func (c *Conn) register(ctx context.Context, reg Registration) (Details, *RegisterError) {
	d, refusal := Details{}, &RegisterError{Cause: "this connection has registered already"}
	c.regOnce.Do(func() {
		d, refusal = c.edge.authenticate(ctx, reg)
		c.reg, c.details, c.refusal = reg, d, refusal
		c.streams.registered(reg)
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

func (c *Conn) updateLocal(config []byte) {
	if c.edge.LocalConfig != nil {
		c.edge.LocalConfig(c, config)
	}
}

func (c *Conn) retire() { c.doneOnce.Do(func() { close(c.done) }) }

// enter lets a request in, or says that the connection takes no more. The
// connection is not closed before the request is under way and has ended.
func (c *Conn) enter() error {
	c.entering.add()
	select {
	case <-c.done:
		c.entering.done()
		return ErrGone
	default:
		return nil
	}
}

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
	c.entering.wait(ctx)
	c.streams.idle(ctx)
}

// shut ends the connection and with it the control stream, and waits for the
// RPC.
func (c *Conn) shut() {
	_ = c.streams.close()
	_ = c.rpc.Close()
	<-c.rpc.Done()
}

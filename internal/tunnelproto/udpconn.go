package tunnelproto

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// udpBacklog is how many datagrams wait to be read; more are lost, as on any
// socket.
const udpBacklog = 64

// udpConn is a UDP session, seen from the edge: a net.Conn that keeps datagrams
// apart, and a net.PacketConn with one peer.
type udpConn struct {
	local net.Addr
	peer  *net.UDPAddr
	send  func(payload []byte) error
	gone  func() // told once, when this side closes

	in     chan []byte
	read   deadline
	ending sync.Once
	ended  chan struct{}
	why    error // set before ended is closed
}

func newUDPConn(local net.Addr, peer netip.AddrPort, send func([]byte) error, gone func()) *udpConn {
	return &udpConn{local: local, peer: net.UDPAddrFromAddrPort(peer), send: send, gone: gone,
		in: make(chan []byte, udpBacklog), ended: make(chan struct{})}
}

// deliver gives a datagram to whoever reads.
func (c *udpConn) deliver(payload []byte) {
	select {
	case c.in <- payload:
	default:
	}
}

// end makes reads and writes fail with why.
func (c *udpConn) end(why error) (first bool) {
	c.ending.Do(func() {
		c.why = why
		close(c.ended)
		first = true
	})
	return first
}

func (c *udpConn) Read(p []byte) (int, error) {
	expired := c.read.wait()
	select {
	case <-expired:
		return 0, os.ErrDeadlineExceeded
	case payload := <-c.in:
		return copy(p, payload), nil
	default:
	}
	select {
	case payload := <-c.in:
		return copy(p, payload), nil
	case <-c.ended:
		return 0, c.why
	case <-expired:
		return 0, os.ErrDeadlineExceeded
	}
}

func (c *udpConn) Write(p []byte) (int, error) {
	if len(p) > maxPayload {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: c.peer, Err: syscall.EMSGSIZE}
	}
	select {
	case <-c.ended:
		return 0, c.why
	default:
	}
	if err := c.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *udpConn) Close() error {
	if !c.end(net.ErrClosed) {
		return nil
	}
	c.gone()
	return nil
}

func (c *udpConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.peer, err
}

// WriteTo sends to the one peer, whatever it is told.
func (c *udpConn) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

func (c *udpConn) LocalAddr() net.Addr  { return c.local }
func (c *udpConn) RemoteAddr() net.Addr { return c.peer }

func (c *udpConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *udpConn) SetReadDeadline(t time.Time) error {
	c.read.set(t)
	return nil
}

// SetWriteDeadline does nothing: a datagram is queued or lost.
func (c *udpConn) SetWriteDeadline(time.Time) error { return nil }

// endedByConnector is how a session ends that the connector closed.
func endedByConnector(why string) error {
	if why == "" {
		return io.EOF
	}
	return errors.New("the connector closed the session: " + why)
}

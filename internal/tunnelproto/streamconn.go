package tunnelproto

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// linger is how long the other side may take to end a connection that was
// closed on this side. Until then what was written may still arrive, as it may
// with a TCP connection.
const linger = time.Second

// streamConn makes a net.Conn of an HTTP/2 stream. Pipes lend it deadlines,
// which requests and answers do not have.
type streamConn struct {
	up     net.Conn // becomes the request's body
	down   net.Conn // comes from the answer's body
	cancel context.CancelFunc
	local  net.Addr
	remote net.Addr

	closing sync.Once
	broken  error         // why the answer broke off; read after ended
	ended   chan struct{} // nothing more is read from the answer
}

func newStreamConn(up net.Conn, answer io.ReadCloser, cancel context.CancelFunc, local, remote net.Addr) *streamConn {
	down, pump := net.Pipe()
	c := &streamConn{up: up, down: down, cancel: cancel, local: local, remote: remote, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_, c.broken = io.Copy(pump, answer)
		_ = pump.Close()
		_, _ = io.Copy(io.Discard, answer) // where nobody reads any more
		_ = answer.Close()
	}()
	return c
}

func (c *streamConn) Read(p []byte) (int, error) {
	n, err := c.down.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	<-c.ended
	if c.broken != nil {
		return n, c.broken // a torn stream is not a finished one
	}
	return n, io.EOF
}

func (c *streamConn) Write(p []byte) (int, error) { return c.up.Write(p) }

// CloseWrite says that nothing more will be written.
func (c *streamConn) CloseWrite() error { return c.up.Close() }

func (c *streamConn) Close() error {
	c.closing.Do(func() {
		_ = c.up.Close() // a pipe's Close returns nil
		_ = c.down.Close()
		last := time.AfterFunc(linger, c.cancel)
		go func() {
			<-c.ended
			last.Stop()
			c.cancel()
		}()
	})
	return nil
}

func (c *streamConn) LocalAddr() net.Addr  { return c.local }
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *streamConn) SetReadDeadline(t time.Time) error  { return c.down.SetReadDeadline(t) }
func (c *streamConn) SetWriteDeadline(t time.Time) error { return c.up.SetWriteDeadline(t) }

// hostAddr is the address of what a stream leads to.
func hostAddr(hostport string) net.Addr {
	if at, err := netip.ParseAddrPort(hostport); err == nil {
		return net.TCPAddrFromAddrPort(at)
	}
	return namedAddr(hostport)
}

// namedAddr is an address that has only a name.
type namedAddr string

func (namedAddr) Network() string  { return "tcp" }
func (a namedAddr) String() string { return string(a) }

package tunnelproto

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"
)

// streamConn makes a net.Conn of an HTTP/2 stream. Pipes lend it deadlines,
// which requests and answers do not have. Closing it gives the stream up, so
// what the other side has not read yet may be lost; CloseWrite loses nothing.
type streamConn struct {
	up     net.Conn // becomes the request's body
	down   net.Conn // comes from the answer's body
	cancel context.CancelFunc
	local  net.Addr
	remote net.Addr

	broken error         // why the answer broke off; read after ended
	ended  chan struct{} // nothing more is read from the answer
}

func newStreamConn(up net.Conn, answer io.ReadCloser, cancel context.CancelFunc, local, remote net.Addr) *streamConn {
	down, pump := net.Pipe()
	c := &streamConn{up: up, down: down, cancel: cancel, local: local, remote: remote, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_, c.broken = io.Copy(pump, answer)
		_ = answer.Close()
		_ = pump.Close()
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
	_ = c.up.Close() // a pipe's Close returns nil
	_ = c.down.Close()
	c.cancel()
	<-c.ended
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

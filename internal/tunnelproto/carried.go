package tunnelproto

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// carried is a data stream over QUIC as a net.Conn.
type carried struct {
	*quic.Stream
	exchange      *exchange
	local, remote net.Addr

	reading sync.Mutex
	closed  atomic.Bool
}

func (c *carried) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := c.Stream.Read(p)
	if err != nil && c.closed.Load() {
		err = net.ErrClosed
	}
	return n, err
}

// CloseWrite says that nothing more will be written.
func (c *carried) CloseWrite() error { return c.Stream.Close() }

func (c *carried) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.exchange.finish(nil)
	_ = c.SetReadDeadline(time.Now()) // whoever reads is woken
	go func() {
		c.reading.Lock()
		defer c.reading.Unlock()
		_ = c.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.Copy(io.Discard, c.Stream)
		c.exchange.end()
	}()
	return nil
}

func (c *carried) LocalAddr() net.Addr  { return c.local }
func (c *carried) RemoteAddr() net.Addr { return c.remote }

package tunnelproto_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// wire lies between a connector and its edge. Muted, it takes everything and
// delivers nothing, as a path does that silently went away.
type wire struct {
	addr    string
	muted   atomic.Bool
	dropped atomic.Int64
}

func (w *wire) pass(dst io.Writer, src io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		if w.muted.Load() {
			continue
		}
		if _, err := dst.Write(buf[:n]); err != nil {
			return
		}
	}
}

func tcpWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(func() { _ = l.Close() })
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			running.Go(func() { w.pass(far, near); _ = far.Close() })
			running.Go(func() { w.pass(near, far); _ = near.Close() })
		}
	})
	return w
}

// udpWire is for one connection at a time.
func udpWire(t *testing.T, to string) *wire {
	t.Helper()
	near, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	far, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: near.LocalAddr().String()}
	var connector atomic.Pointer[net.UDPAddr]
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	running.Go(func() {
		buf := make([]byte, 2<<10)
		for {
			n, from, err := near.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if connector.Store(from); w.muted.Load() {
				w.dropped.Add(1)
				continue
			}
			_, _ = far.Write(buf[:n])
		}
	})
	running.Go(func() {
		buf := make([]byte, 2<<10)
		for {
			n, err := far.Read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil || w.muted.Load() {
				w.dropped.Add(1)
				continue
			}
			_, _ = near.WriteToUDP(buf[:n], connector.Load())
		}
	})
	return w
}

func TestASilentPathIsNoticedAtBothEnds(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdgeWith(t, func(e *tunnelproto.Edge) { e.Silence = 150 * time.Millisecond })
		lay := map[tunnelproto.Protocol]func(*testing.T, string) *wire{tunnelproto.HTTP2: tcpWire, tunnelproto.QUIC: udpWire}
		w := lay[p](t, te.addr)
		c := te.connector(p, 1, hello)
		c.Edges, c.Silence = []string{w.addr}, 150*time.Millisecond
		run(t, c)
		te.wait(1)
		eventually(t, "the connector is ready", func() bool { return c.Ready() == 1 })
		w.muted.Store(true)
		eventually(t, "the edge notices", func() bool { return te.departed() == 1 })
		eventually(t, "the connector notices", func() bool { return c.Ready() == 0 })
		w.muted.Store(false)
		te.wait(1)
	})
}

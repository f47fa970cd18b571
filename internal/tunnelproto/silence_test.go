package tunnelproto_test

import (
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
	addr  string
	muted atomic.Bool
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

func TestASilentPathIsNoticedAtBothEnds(t *testing.T) {
	te := startEdgeWith(t, func(e *tunnelproto.Edge) { e.Silence = 150 * time.Millisecond })
	w := tcpWire(t, te.addr)
	c := te.connector(1, hello)
	c.Edges, c.Silence = []string{w.addr}, 150*time.Millisecond
	run(t, c)
	te.wait(1)
	eventually(t, "the connector is ready", func() bool { return c.Ready() == 1 })
	w.muted.Store(true)
	eventually(t, "the edge notices", func() bool { return te.departed() == 1 })
	eventually(t, "the connector notices", func() bool { return c.Ready() == 0 })
	w.muted.Store(false)
	te.wait(1)
}

package tunnelproto_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// forms runs a test for either form of datagrams.
func forms(t *testing.T, test func(t *testing.T, features []string)) {
	t.Helper()
	t.Run("v2", func(t *testing.T) { test(t, []string{"support_datagram_v2"}) })
	t.Run("v3", func(t *testing.T) { test(t, []string{"support_datagram_v2", "support_datagram_v3_2"}) })
}

// socket is an end of the private network that tells when it is closed.
type socket struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (s *socket) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Conn.Close()
}

// udpWorld is a connector over QUIC with this machine's addresses behind it.
type udpWorld struct {
	*testEdge
	conn    *tunnelproto.Conn
	sockets chan *socket // that the connector opened
}

func startUDP(t *testing.T, features []string, idle time.Duration) *udpWorld {
	t.Helper()
	w := &udpWorld{testEdge: startEdgeWith(t, func(e *tunnelproto.Edge) { e.UDPIdle = idle }), sockets: make(chan *socket, 10)}
	c := w.connector(tunnelproto.QUIC, 1, hello)
	c.Features, c.UDP, c.TCP = features, w.open, dialer
	run(t, c)
	w.conn = w.wait(1)[0]
	return w
}

func (w *udpWorld) open(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "udp", addr.String())
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: c, closed: make(chan struct{})}
	w.sockets <- s
	return s, nil
}

func (w *udpWorld) dial(addr netip.AddrPort) net.Conn {
	w.t.Helper()
	session, err := w.conn.DialUDP(w.t.Context(), addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = session.Close() })
	return session
}

// udpTarget answers each datagram with what answer makes of it.
func udpTarget(t *testing.T, answer func([]byte) []byte) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := pc.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteToUDPAddrPort(answer(buf[:n]), from)
		}
	}()
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestDatagramsGoThereAndBackOneByOne(t *testing.T) {
	forms(t, func(t *testing.T, features []string) {
		w := startUDP(t, features, 0)
		one, two := w.dial(udpTarget(t, bytes.ToUpper)), w.dial(udpTarget(t, bytes.ToTitle))
		longest := strings.Repeat("x", 1280)
		for _, msg := range []string{"a", "", "bc", longest} {
			for _, session := range []net.Conn{one, two} {
				if _, err := session.Write([]byte(msg)); err != nil {
					t.Fatal(err)
				}
			}
			for _, session := range []net.Conn{one, two} {
				buf := make([]byte, 2000)
				n, from, err := session.(net.PacketConn).ReadFrom(buf)
				if err != nil || string(buf[:n]) != strings.ToUpper(msg) || from != session.RemoteAddr() {
					t.Errorf("%d bytes came back for %d, %v", n, len(msg), err)
				}
			}
		}
		if _, err := one.Write([]byte(longest + "x")); err == nil {
			t.Error("more than a datagram was taken")
		}
	})
}

func TestAClosedSessionIsClosedAtTheConnectorToo(t *testing.T) {
	forms(t, func(t *testing.T, features []string) {
		w := startUDP(t, features, time.Second) // the newer form has only the time for it
		session := w.dial(udpTarget(t, bytes.ToUpper))
		socket := receive(t, "the connector opens a socket", w.sockets)
		if err := session.Close(); err != nil {
			t.Fatal(err)
		}
		receive(t, "the connector closes it", socket.closed)
		if _, err := session.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing gives %v", err)
		}
		if _, err := session.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading gives %v", err)
		}
	})
}

func TestAnIdleSessionEndsAndTheEdgeIsTold(t *testing.T) {
	w := startUDP(t, nil, 50*time.Millisecond)
	session := w.dial(udpTarget(t, bytes.ToUpper))
	if _, err := session.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "idle") {
		t.Errorf("reading gives %v", err)
	}
}

func TestASessionToNobodyEnds(t *testing.T) {
	w := startUDP(t, nil, 0)
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = pc.Close()
	session := w.dial(pc.LocalAddr().(*net.UDPAddr).AddrPort())
	if _, err := session.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("reading gives %v", err)
	}
}

func TestASessionKeepsDeadlines(t *testing.T) {
	w := startUDP(t, nil, 0)
	session := w.dial(udpTarget(t, bytes.ToUpper))
	for _, wait := range []time.Duration{-time.Second, 10 * time.Millisecond} {
		if err := session.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		if _, err := session.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading what does not come gives %v", err)
		}
	}
	if err := session.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := session.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("then reading gives %v", err)
	}
}

func TestASessionEndsWithItsConnection(t *testing.T) {
	forms(t, func(t *testing.T, features []string) {
		w := startUDP(t, features, 0)
		session := w.dial(udpTarget(t, bytes.ToUpper))
		socket := receive(t, "the connector opens a socket", w.sockets)
		_ = w.conn.Close()
		if _, err := session.Read(make([]byte, 1)); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("reading gives %v", err)
		}
		receive(t, "the connector closes its socket", socket.closed)
		if _, err := w.conn.DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:53")); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("another one gives %v", err)
		}
	})
}

func TestASessionIsRefusedWithoutANetwork(t *testing.T) {
	forms(t, func(t *testing.T, features []string) {
		te := startEdge(t)
		c := te.connector(tunnelproto.QUIC, 1, hello)
		c.Features = features
		run(t, c)
		_, err := te.wait(1)[0].DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:53"))
		if unreachable := (*tunnelproto.UnreachableError)(nil); !errors.As(err, &unreachable) || unreachable.Cause == "" {
			t.Errorf("it gives %v", err)
		}
	})
}

func TestASessionOpensAlthoughItsDatagramWasLost(t *testing.T) {
	te := startEdge(t)
	w := udpWire(t, te.addr)
	c := te.connector(tunnelproto.QUIC, 1, hello)
	c.Edges, c.Features = []string{w.addr}, []string{"support_datagram_v3_2"}
	opened := make(chan struct{}, 10)
	c.UDP = func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
		opened <- struct{}{}
		return new(net.Dialer).DialContext(ctx, "udp", addr.String())
	}
	run(t, c)
	conn := te.wait(1)[0]
	w.muted.Store(true)
	dialled := make(chan error, 1)
	go func() {
		session, err := conn.DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:9"))
		if err == nil {
			_ = session.Close()
		}
		dialled <- err
	}()
	eventually(t, "the first datagram is lost", func() bool { return w.dropped.Load() > 0 })
	w.muted.Store(false)
	if err := receive(t, "the session opens", dialled); err != nil {
		t.Error(err)
	}
	if n := len(opened); n != 1 {
		t.Errorf("%d sockets were opened", n)
	}
}

func TestHTTP2CarriesNoUDP(t *testing.T) {
	conn := connect(t, tunnelproto.HTTP2, hello)
	if _, err := conn.DialUDP(t.Context(), netip.MustParseAddrPort("127.0.0.1:53")); !errors.Is(err, tunnelproto.ErrNoUDP) {
		t.Errorf("it gives %v", err)
	}
	if _, err := conn.DialTCP(t.Context(), "web:8000"); !errors.Is(err, tunnelproto.ErrNoUDP) {
		t.Errorf("a name gives %v", err)
	}
}

package sim

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// echo is a TCP server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// repeats wants back from conn what it sends.
func repeats(t *testing.T, conn net.Conn) {
	t.Helper()
	defer conn.Close()
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if _, err := io.ReadFull(conn, back); err != nil || string(back) != "hello" {
		t.Errorf("back came %q (%v)", back, err)
	}
}

// connectPrivate runs a connector that reaches this machine's addresses.
func (s *served) connectPrivate(tunnel object, p tunnelproto.Protocol) {
	s.Helper()
	c := s.newConnector(tunnel.text("token"), http.NotFoundHandler())
	c.Protocol = p
	c.TCP = func(ctx context.Context, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	c.UDP = func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", addr.String())
	}
	s.run(c)
	s.eventually("the tunnel is up", func() bool {
		return s.ok("GET", "A/cfd_tunnel/"+tunnel.text("id"), "").text("status") == "healthy"
	})
}

func TestAPrivateAddressIsReachedThroughTheTunnelWithoutARule(t *testing.T) {
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		t.Run(string(p), func(t *testing.T) {
			s := serve(t, Options{})
			tunnel := s.newTunnel("t")
			inside := s.cloud.Inside(tunnel.text("id"))
			if _, err := inside.DialTCP(t.Context(), "127.0.0.1:1"); !errors.Is(err, errNoConnection) {
				t.Errorf("without a connector: %v", err)
			}
			s.connectPrivate(tunnel, p)
			conn, err := inside.DialTCP(t.Context(), echo(t))
			if err != nil {
				t.Fatal(err)
			}
			repeats(t, conn)
			var unreachable *tunnelproto.UnreachableError
			if _, err := inside.DialTCP(t.Context(), "127.0.0.1:1"); !errors.As(err, &unreachable) {
				t.Errorf("a closed port gives %v", err)
			}
		})
	}
}

func TestUDPTakesAConnectionOverQUIC(t *testing.T) {
	s := serve(t, Options{})
	tunnel := s.newTunnel("t")
	inside := s.cloud.Inside(tunnel.text("id"))
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	go func() {
		buf := make([]byte, 100)
		if n, from, err := pc.ReadFrom(buf); err == nil {
			pc.WriteTo(buf[:n], from)
		}
	}()
	addr := pc.LocalAddr().(*net.UDPAddr).AddrPort()

	s.connectPrivate(tunnel, tunnelproto.HTTP2)
	if _, err := inside.DialUDP(t.Context(), addr); !errors.Is(err, tunnelproto.ErrNoUDP) {
		t.Errorf("over http2 alone: %v", err)
	}
	if _, err := inside.Lookup(t.Context(), "web"); !errors.Is(err, tunnelproto.ErrNoUDP) {
		t.Errorf("a name over http2 alone: %v", err)
	}
	s.connectPrivate(tunnel, tunnelproto.QUIC)
	s.eventually("the second connector is there", func() bool {
		conn, err := inside.DialUDP(t.Context(), addr)
		if err != nil {
			return false
		}
		repeats(t, conn)
		return true
	})
}

// privateStub is a network with one name in it.
type privateStub struct{ noNetwork }

func (privateStub) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() { io.Copy(there, there) }()
	return here, nil
}

func (privateStub) Lookup(context.Context, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("172.18.0.2")}, nil
}

func TestAnAttachedConnectorHasTheNetworkThatItWasGiven(t *testing.T) {
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t")
	inside := w.cloud.Inside(tunnel.text("id"))
	for _, row := range []struct {
		name       string
		attachment Attachment
		tcp, names bool
	}{
		{"with one", Attachment{Private: privateStub{}}, true, true},
		{"with one, over http2", Attachment{Private: privateStub{}, Protocol: tunnelproto.HTTP2}, true, false},
		{"without", Attachment{}, false, false},
	} {
		row.attachment.Origin = http.NotFoundHandler()
		detach, err := w.cloud.AttachConnector(tunnel.text("token"), row.attachment)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := inside.DialTCP(t.Context(), "web:8000")
		if (err == nil) != row.tcp {
			t.Errorf("%s: TCP gives %v", row.name, err)
		}
		if err == nil {
			repeats(t, conn)
		}
		if _, err := inside.Lookup(t.Context(), "web"); (err == nil) != row.names {
			t.Errorf("%s: a name gives %v", row.name, err)
		}
		detach()
		w.eventually("it is gone", func() bool { return len(w.list("A/cfd_tunnel/"+tunnel.text("id")+"/connections")) == 0 })
	}
}

func TestATunnelTakesTwentyFiveConnectors(t *testing.T) {
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t")
	for range maxReplicas {
		if _, err := w.cloud.Attach(tunnel.text("token"), http.NotFoundHandler()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.cloud.Attach(tunnel.text("token"), http.NotFoundHandler())
	if refusal := (*tunnelproto.RegisterError)(nil); !errors.As(err, &refusal) || !refusal.Retry {
		t.Errorf("the next one gets %v", err)
	}
	if n := len(w.list("A/cfd_tunnel/" + tunnel.text("id") + "/connections")); n != maxReplicas {
		t.Errorf("it has %d", n)
	}
}

package tunnelproto_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// resolver is a name server that knows web, and of some names nothing good. To
// the very first question its answer is lost.
func resolver(t *testing.T) netip.AddrPort {
	asked := false
	return udpTarget(t, func(b []byte) []byte {
		var m dnsmessage.Message
		if err := m.Unpack(b); err != nil {
			t.Error(err)
		}
		q := m.Questions[0]
		m.Response = true
		if !asked {
			asked = true
			m.ID++ // as good as none
		}
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case q.Name.String() == "broken.":
			m.RCode = dnsmessage.RCodeServerFailure
		case q.Name.String() != "web.":
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
		case q.Type == dnsmessage.TypeAAAA:
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: [16]byte{15: 1}}}}
		}
		packed, err := m.Pack()
		if err != nil {
			t.Error(err)
		}
		return packed
	})
}

// connectResolving starts a connector whose own resolver is a test's.
func connectResolving(t *testing.T) *tunnelproto.Conn {
	t.Helper()
	te, names := startEdge(t), resolver(t)
	c := te.connector(tunnelproto.QUIC, 1, hello)
	c.TCP = dialer
	c.UDP = func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
		if addr != tunnelproto.VirtualResolver() {
			t.Errorf("it was asked for %v", addr)
		}
		return new(net.Dialer).DialContext(ctx, "udp", names.String())
	}
	run(t, c)
	return te.wait(1)[0]
}

func TestANameIsAskedOfTheConnectorsOwnResolver(t *testing.T) {
	if got := tunnelproto.VirtualResolver().String(); got != "[2606:4700:cf1:2000::1]:53" {
		t.Fatalf("the resolver is at %s", got)
	}
	conn := connectResolving(t)
	got, err := conn.Lookup(t.Context(), "web")
	want := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" || err != nil {
		t.Error(err, diff)
	}
	_, err = conn.Lookup(t.Context(), "nothing.")
	if dns := (*net.DNSError)(nil); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("an unknown name gives %v", err)
	}
	if _, err := conn.Lookup(t.Context(), "broken"); err == nil || errors.As(err, new(*net.DNSError)) {
		t.Errorf("a resolver that fails gives %v", err)
	}
	if _, err := conn.Lookup(t.Context(), string(make([]byte, 300))); err == nil {
		t.Error("something that is no name was looked up")
	}
}

func TestPrivateTCPReachesAName(t *testing.T) {
	conn := connectResolving(t)
	_, port, err := net.SplitHostPort(target(t, echo))
	if err != nil {
		t.Fatal(err)
	}
	stream := dial(t, conn, "web:"+port)
	echoes(t, stream)
	for _, addr := range []string{"nothing:80", "web"} {
		if _, err := conn.DialTCP(t.Context(), addr); err == nil {
			t.Errorf("it connected to %q", addr)
		}
	}
}

func TestALookupThatIsGivenUpEnds(t *testing.T) {
	te := startEdge(t)
	c := te.connector(tunnelproto.QUIC, 1, hello)
	ctx, cancel := context.WithCancel(t.Context())
	c.UDP = func(context.Context, netip.AddrPort) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Read(make([]byte, 512))
			cancel()
			_, _ = io.Copy(io.Discard, far)
		}()
		return near, nil
	}
	run(t, c)
	if _, err := te.wait(1)[0].Lookup(ctx, "web"); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}

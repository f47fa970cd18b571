package sim

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// nameServer is a DNS server on loopback that knows one name.
func nameServer(t *testing.T, name, ip string) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		switch {
		case q.Question[0].Name != dns.Fqdn(name):
			m.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(ip)}}
		}
		w.WriteMsg(m)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		server.Shutdown()
		<-ended
	})
	return pc.LocalAddr().String()
}

// connectOffice runs a connector, connected over the network as a real one is,
// whose DNS servers all are the same one.
func (s *served) connectOffice(tunnel object, p tunnelproto.Protocol, names string) {
	s.Helper()
	c := s.newConnector(tunnel.text("token"), http.NotFoundHandler())
	c.Protocol = p
	c.TCP = func(ctx context.Context, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	c.UDP = func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", names)
	}
	s.run(c)
	s.eventually("the tunnel is up", func() bool {
		return s.ok("GET", "A/cfd_tunnel/"+tunnel.text("id"), "").text("status") == "healthy"
	})
}

func TestADeviceReachesThroughAServedConnector(t *testing.T) {
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		t.Run(string(p), func(t *testing.T) {
			served := serve(t, Options{})
			s := served.office()
			names := nameServer(t, "ocs.internal", "127.0.0.1")
			served.connectOffice(s.tunnel, p, names)
			s.newRoute("127.0.0.0/8")
			s.newRoute("172.18.0.100/32")
			s.uncover()
			s.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"ocs.internal","dns_server":["172.18.0.100"]}]`)
			addr := echo(t)
			if path := s.reaches(addr); path.Reached != addr {
				t.Errorf("it reaches %s", path.Reached)
			}
			s.ends("tcp", "127.0.0.1:1", AtServer, "cannot reach 127.0.0.1:1")
			_, port, _ := net.SplitHostPort(addr)
			if p == tunnelproto.HTTP2 {
				s.ends("tcp", "ocs.internal:"+port, AtTunnel, "no UDP")
				return
			}
			s.reaches("ocs.internal:" + port)
			s.newHostnameRoute("internal")
			s.succeed("PUT", "A/devices/policy/fallback_domains", `[]`)
			if path := s.reaches("ocs.internal:" + port); path.DNSServer != ByGateway || path.Reached != addr {
				t.Errorf("by a route for the name it went\n%s", path)
			}
			s.ends("tcp", "db.ocs.internal:"+port, AtDNS, "does not exist")
		})
	}
}

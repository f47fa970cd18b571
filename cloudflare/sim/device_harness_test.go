package sim

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// lan is a private network: names that the connector's own resolver knows, ports
// that echo, and DNS servers with names of their own.
type lan struct {
	names   map[string]string
	open    []string
	servers map[string]map[string]string // by ip:53
}

func usualLAN() lan {
	return lan{names: map[string]string{"ocs.team.example": "172.18.0.7"}, open: []string{"172.18.0.7:8000", "172.18.0.7:443", "172.18.0.5:5432"},
		servers: map[string]map[string]string{"172.18.0.100:53": {"ocs.internal": "172.18.0.7", "web.ocs.internal": "172.18.0.7"}}}
}

func (l lan) DialTCP(_ context.Context, addr string) (net.Conn, error) {
	for _, one := range l.open {
		if one == addr {
			here, there := net.Pipe()
			go io.Copy(there, there)
			return here, nil
		}
	}
	return nil, &tunnelproto.UnreachableError{Addr: addr, Cause: "connection refused"}
}

func (l lan) DialUDP(_ context.Context, addr netip.AddrPort) (net.Conn, error) {
	here, there := net.Pipe()
	go serveNames(there, l.servers[addr.String()])
	return here, nil
}

// serveNames answers questions; without names it takes them and says nothing.
func serveNames(conn net.Conn, names map[string]string) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		q := new(dns.Msg)
		if names == nil || q.Unpack(buf[:n]) != nil {
			continue
		}
		m := new(dns.Msg).SetReply(q)
		if ip, ok := names[strings.TrimSuffix(q.Question[0].Name, ".")]; ok {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(ip)}}
		} else {
			m.Rcode = dns.RcodeNameError
		}
		packed, err := m.Pack()
		if err != nil {
			return
		}
		conn.Write(packed)
	}
}

func (l lan) Lookup(_ context.Context, name string) ([]netip.Addr, error) {
	if ip, ok := l.names[name]; ok {
		return []netip.Addr{netip.MustParseAddr(ip)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// office is a world with an enrolled device and a tunnel into a private network.
type office struct {
	*world
	tunnel object
	device *Device
	attach func(Attachment) // another connector in the place of the one before
}

const enrolTeam = `{"type":"warp","policies":[{"decision":"allow","name":"enrol","include":[{"email_domain":{"domain":"example.org"}}]}]}`

func newOffice(t *testing.T, o Options) *office {
	t.Helper()
	w := newWorld(t, o)
	s := w.office()
	detach := func() {}
	s.attach = func(a Attachment) {
		t.Helper()
		detach()
		w.eventually("the one before is gone", func() bool { return len(w.list("A/cfd_tunnel/"+s.tunnel.text("id")+"/connections")) == 0 })
		var err error
		if detach, err = w.cloud.AttachConnector(s.tunnel.text("token"), a); err != nil {
			t.Fatal(err)
		}
	}
	s.attach(Attachment{Private: usualLAN()})
	return s
}

// office is one whose tunnel nobody has connected.
func (w *world) office() *office {
	w.Helper()
	w.ok("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	w.ok("POST", "A/access/apps", enrolTeam)
	w.ok("PATCH", "A/devices/settings", `{"gateway_proxy_enabled":true,"gateway_udp_proxy_enabled":true}`)
	w.clock.advance(w.cloud.o.Propagation.Max)
	return &office{world: w, tunnel: w.newTunnel("t"), device: w.enrol("ann@example.org")}
}

func (w *world) enrol(email string) *Device {
	w.Helper()
	d, err := w.cloud.Enrol(w.AccountID, Enrolment{Email: email, Name: "laptop", System: "windows"})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

func (s *office) newRoute(network string) object {
	s.Helper()
	return s.ok("POST", "A/teamnet/routes", `{"network":"`+network+`","tunnel_id":"`+s.tunnel.text("id")+`"}`)
}

func (s *office) newHostnameRoute(name string) object {
	s.Helper()
	return s.ok("POST", "A/zerotrust/routes/hostname", `{"hostname":"`+name+`","tunnel_id":"`+s.tunnel.text("id")+`"}`)
}

// uncover takes the range of Docker's networks out of what is excluded.
func (s *office) uncover() {
	s.Helper()
	s.succeed("PUT", "A/devices/policy/exclude", `[{"address":"10.0.0.0/8"},{"address":"192.168.0.0/16"}]`)
}

// reaches wants the device to get an answer.
func (s *office) reaches(addr string) Path {
	s.Helper()
	conn, path, err := s.device.Dial(s.Context(), "tcp", addr)
	if err != nil {
		s.Errorf("%s is not reached: %v\n%s", addr, err, path)
		return path
	}
	repeats(s.T, conn)
	return path
}

// ends wants the way to end at a stage, with a word about it.
func (s *office) ends(network, addr string, at Stage, says string) Path {
	s.Helper()
	conn, path, err := s.device.Dial(s.Context(), network, addr)
	s.endsAt(addr, path, err, at, says)
	if err == nil {
		conn.Close()
	}
	return path
}

func (s *office) endsAt(addr string, path Path, err error, at Stage, says string) {
	s.Helper()
	switch {
	case err == nil:
		s.Errorf("%s is reached, want an end at %s\n%s", addr, at, path)
	case path.Ended != at || !strings.Contains(err.Error(), says):
		s.Errorf("%s ends at %q: %v\nwant at %q, with %q\n%s", addr, path.Ended, err, at, says, path)
	}
}

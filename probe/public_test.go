package probe

import (
	"errors"
	"net"
	"testing"

	"github.com/miekg/dns"
)

// resolver is a DNS server on loopback that knows what its zone lists.
func resolver(t *testing.T, zone map[string]string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		name := q.Question[0].Name
		address, known := zone[name]
		if !known {
			m.Rcode = dns.RcodeNameError
		}
		if known && q.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(address)})
		}
		_ = w.WriteMsg(m)
	})}
	go func() { done <- server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return conn.LocalAddr().String()
}

func TestNamesAreAskedOfPublicResolversOnly(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	_, port, _ := net.SplitHostPort(target.Addr().String())
	dial := PublicDial([]string{resolver(t, map[string]string{"chat.example.org.": "127.0.0.1"})})

	conn, err := dial(t.Context(), "tcp", net.JoinHostPort("chat.example.org", port))
	if err != nil {
		t.Fatalf("a name that the resolver knows: %v", err)
	}
	_ = conn.Close()

	_, err = dial(t.Context(), "tcp", net.JoinHostPort("localhost", port)) // in every /etc/hosts
	var missing *net.DNSError
	if !errors.As(err, &missing) || !missing.IsNotFound {
		t.Errorf("localhost gives %v, want that no such host is known", err)
	}
	if conn, err = dial(t.Context(), "tcp", target.Addr().String()); err != nil {
		t.Fatalf("an address is dialled as it is: %v", err)
	}
	_ = conn.Close()
}

func TestASilentResolverIsPassedOver(t *testing.T) {
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.LocalAddr().String()
	_ = closed.Close()
	got, err := lookup(t.Context(), []string{gone, resolver(t, map[string]string{"a.example.": "192.0.2.1"})}, "a.example")
	if err != nil || len(got) != 1 || got[0] != "192.0.2.1" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := lookup(t.Context(), []string{gone}, "a.example"); err == nil {
		t.Error("no resolver answers, yet there is an address")
	}
}

package probe_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/setup"
)

const (
	privateName = "ocs.your-org"
	leads       = "172.30.250.2"
	dnsAt       = "172.30.250.3"
)

// inside leads the addresses of the private network to servers of a test. Others
// refuse.
type inside map[string]string

func (i inside) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := i[network+" "+address]
	if !ok {
		to, ok = i[address]
	}
	if !ok {
		to = "127.0.0.1:1"
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

func (i inside) prober() *probe.Prober {
	return probe.New(probe.Options{Dial: i.dial, Timeout: time.Second})
}

// dnsmasq runs the real one with a command, at a free port of this machine.
func dnsmasq(t *testing.T, command []string) string {
	t.Helper()
	_, err := exec.LookPath("dnsmasq")
	need.Need(t, "docker", err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().(*net.TCPAddr)
	_ = free.Close()
	args := append(command[1:], fmt.Sprintf("--port=%d", at.Port), "--listen-address=127.0.0.1", "--bind-interfaces", "--user=", "--conf-file=", "--pid-file=")
	run := exec.CommandContext(t.Context(), command[0], args...)
	var out strings.Builder
	run.Stderr = &out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Process.Kill(); _ = run.Wait() })
	for end := time.Now().Add(10 * time.Second); ; {
		if conn, err := net.Dial("tcp", at.String()); err == nil {
			_ = conn.Close()
			return at.String()
		}
		if time.Now().After(end) {
			t.Fatal("dnsmasq does not listen: " + out.String())
		}
	}
}

func dnsChecks() []setup.Check {
	var checks []setup.Check
	for _, c := range (setup.Answers{Mode: setup.ModeFallback, Private: &setup.Private{Name: privateName}}).PrivateChecks() {
		if c.PrivateDNS() {
			checks = append(checks, c)
		}
	}
	return checks
}

func asCommanded(names ...setup.HostAddress) []string {
	return setup.SidecarSpec{Service: setup.DNSService, Names: names}.Command()
}

// What the DNS server says is believed only where it serves a device: each of the
// questions finds a server that fails it, and dnsmasq as Culvert starts it passes.
func TestADNSServerIsAskedWhatDevicesAsk(t *testing.T) {
	right := setup.HostAddress{Name: privateName, Address: leads}
	for name, row := range map[string]struct {
		command []string
		bad     map[string]string // by check, a part of the sentence
	}{
		"as Culvert starts it": {asCommanded(right), nil},
		"another address": {asCommanded(setup.HostAddress{Name: privateName, Address: "172.30.250.9"}), map[string]string{
			setup.DNSCheck: "to 172.30.250.9 and not to 172.30.250.2", setup.DNSOverTCPCheck: "to 172.30.250.9"}},
		"another name": {asCommanded(setup.HostAddress{Name: "other.your-org", Address: leads}), map[string]string{
			setup.DNSCheck: "does not know ocs.your-org", setup.DNSOverTCPCheck: "does not know", setup.DNSForIPv6Check: "answers REFUSED"}},
		"without --local": {[]string{"dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--address=/" + privateName + "/" + leads},
			map[string]string{setup.DNSForIPv6Check: "answers REFUSED"}},
		"an address for every name": {[]string{"dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--address=/#/" + leads},
			map[string]string{setup.DNSOthersCheck: "answers for example.com too", setup.DNSForIPv6Check: "answers REFUSED"}},
		"an IPv6 address as well": {append(asCommanded(right), "--address=/"+privateName+"/2001:db8::1"),
			map[string]string{setup.DNSForIPv6Check: "gives an IPv6 address"}},
	} {
		t.Run(name, func(t *testing.T) {
			at := dnsmasq(t, row.command)
			p := inside{dnsAt + ":53": at}.prober()
			for _, c := range dnsChecks() {
				v := p.DNS(t.Context(), probe.Server{Address: dnsAt, Name: privateName, Leads: leads}, c)
				says, bad := row.bad[c.ID]
				if v.OK == bad || !strings.Contains(v.Detail, says) {
					t.Errorf("%s is OK %v and says %q %v, want it to say %q", c.ID, v.OK, v.Detail, v.Excerpt, says)
				}
				if v.By != setup.ByDNS {
					t.Errorf("%s was answered by %q", c.ID, v.By)
				}
			}
		})
	}
}

func TestADNSServerThatIsNotThereProvesNothing(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	over := map[string]string{setup.DNSOverTCPCheck: "TCP"}
	for name, net := range map[string]inside{"nobody": {}, "silence": {"udp " + dnsAt + ":53": silent.LocalAddr().String()}} {
		for _, c := range dnsChecks() {
			v := net.prober().DNS(t.Context(), probe.Server{Address: dnsAt, Name: privateName, Leads: leads}, c)
			network := over[c.ID]
			if network == "" {
				network = "UDP"
			}
			if v.OK || v.By != setup.ByNobody || !strings.Contains(v.Detail, "cannot be asked over "+network) {
				t.Errorf("%s, %s: OK %v by %s: %s", name, c.ID, v.OK, v.By, v.Detail)
			}
		}
	}
}

// An answer that was not asked for is none.
func TestAnAnswerToAnotherQuestionIsNone(t *testing.T) {
	for name, answer := range map[string]func(*dns.Msg) *dns.Msg{
		"another id": func(q *dns.Msg) *dns.Msg { m := new(dns.Msg).SetReply(q); m.Id++; return m },
		"a question": func(q *dns.Msg) *dns.Msg { return q },
		"an error":   func(q *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure) },
	} {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(answer(q)) })}
		done := make(chan struct{})
		go func() { defer close(done); _ = s.ActivateAndServe() }()
		p := inside{dnsAt + ":53": conn.LocalAddr().String()}.prober()
		v := p.DNS(t.Context(), probe.Server{Address: dnsAt, Name: privateName, Leads: leads}, setup.Check{ID: setup.DNSCheck})
		if v.OK {
			t.Errorf("%s: %s %v", name, v.Detail, v.Excerpt)
		}
		_ = conn.Close()
		<-done
	}
}

package sim

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// DNS is where public DNS is served.
type DNS struct {
	UDP net.PacketConn
	TCP net.Listener
	// Edge is the address that proxied names have; if it is not set, that of
	// the edge, once it listens.
	Edge netip.Addr
}

// ListenDNS opens one free port on loopback, for both protocols.
func ListenDNS() (DNS, error) { return listenDNS("127.0.0.1", 0) }

func listenDNS(host string, port int) (DNS, error) {
	tcp, udp, err := listenBoth(host, port)
	if err != nil {
		return DNS{}, fmt.Errorf("listen for the simulated DNS: %w", err)
	}
	return DNS{UDP: udp, TCP: tcp}, nil
}

func (d DNS) close() {
	if d.TCP != nil {
		d.TCP.Close()
		d.UDP.Close()
	}
}

// Addr is the address of the server, as a resolver is configured.
func (d DNS) Addr() string { return d.UDP.LocalAddr().String() }

// ServeDNS answers for the public Internet, as far as the simulator knows it:
// the records of active zones and the login hosts of teams. It is the resolver
// and the name server of the zones in one; every other name does not exist. It
// serves until ctx ends and closes what it was given.
func (c *Cloud) ServeDNS(ctx context.Context, d DNS) error {
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { c.answerDNS(d, w, q) })
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range []*dns.Server{
		{PacketConn: d.UDP, Handler: h, UDPSize: maxDatagram},
		{Listener: d.TCP, Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second},
	} {
		group.Go(func() error { return runDNS(ctx, s) })
	}
	return group.Wait()
}

// runDNS runs a server until ctx ends, or it fails.
func runDNS(ctx context.Context, s *dns.Server) error {
	started, ended := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- s.ActivateAndServe() }()
	var err error
	select {
	case err = <-ended:
	case <-started: // one that did not start cannot be shut down
		stop := context.AfterFunc(ctx, func() { _ = s.Shutdown() }) // says only that it is down already
		defer stop()
		err = <-ended
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve the simulated DNS: %w", err)
	}
	return nil
}

const maxDatagram = 1232 // of a UDP answer that fits everywhere

func (c *Cloud) answerDNS(d DNS, w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	if len(q.Question) != 1 || q.Opcode != dns.OpcodeQuery {
		m.Rcode = dns.RcodeNotImplemented
	} else {
		c.lookUp(d, m, q.Question[0])
	}
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(maxDatagram, false)
	}
	if _, tcp := w.LocalAddr().(*net.TCPAddr); !tcp {
		m.Truncate(datagramFor(q))
	}
	if err := w.WriteMsg(m); err != nil {
		c.log.Debug("answering a DNS question", "error", err)
	}
}

func datagramFor(q *dns.Msg) int {
	if opt := q.IsEdns0(); opt != nil {
		return min(max(int(opt.UDPSize()), dns.MinMsgSize), maxDatagram)
	}
	return dns.MinMsgSize
}

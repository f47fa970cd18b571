package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/setup"
)

// Server is a DNS server that knows one private name.
type Server struct {
	Address string // of the server itself, without a port
	Name    string // that it knows
	Leads   string // the address that it has to answer with
}

// dnsWait is how long a question may take. It goes to this server's own network.
const dnsWait = 3 * time.Second

// otherName is no private name of anybody: it belongs to examples.
const otherName = "example.com"

// DNS asks a server what devices ask it: of a check it takes which question.
func (p *Prober) DNS(ctx context.Context, s Server, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	network, name, kind := "udp", s.Name, dns.TypeA
	switch c.ID {
	case setup.DNSOverTCPCheck:
		network = "tcp"
	case setup.DNSForIPv6Check:
		kind = dns.TypeAAAA
	case setup.DNSOthersCheck:
		name = otherName
	}
	v := setup.Evidence{Check: c, At: start, URL: fmt.Sprintf("dns://%s/%s?type=%s", s.Address, name, dns.TypeToString[kind])}
	reply, err := p.question(ctx, network, net.JoinHostPort(s.Address, "53"), new(dns.Msg).SetQuestion(dns.Fqdn(name), kind))
	v.Took = p.o.Clock().Sub(start)
	if err != nil {
		v.By = setup.ByNobody
		v.Detail, v.Excerpt = nobody(err)
		v.Detail = fmt.Sprintf("The DNS server at %s cannot be asked over %s. %s", s.Address, strings.ToUpper(network), v.Detail)
		return v
	}
	v.By, v.Excerpt = setup.ByDNS, dnsLines(reply)
	v.OK, v.Detail = judgeDNS(s, c, reply)
	return v
}

// question sends one and reads its answer.
func (p *Prober) question(ctx context.Context, network, address string, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, min(dnsWait, p.o.Timeout))
	defer cancel()
	conn, err := p.o.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	co := &dns.Conn{Conn: conn}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	defer co.Close()
	if err := co.WriteMsg(q); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	reply, err := co.ReadMsg()
	switch {
	case err != nil:
		return nil, errors.Join(ctx.Err(), err)
	case reply.Id != q.Id || !reply.Response:
		return nil, errors.New("what came back is no answer to the question")
	}
	return reply, nil
}

func judgeDNS(s Server, c setup.Check, reply *dns.Msg) (bool, string) {
	code := dns.RcodeToString[reply.Rcode]
	switch c.ID {
	case setup.DNSOthersCheck:
		if reply.Rcode == dns.RcodeSuccess && len(reply.Answer) > 0 {
			return false, fmt.Sprintf("The DNS server answers for %s too: it is to know %s and nothing else.", otherName, s.Name)
		}
		return true, fmt.Sprintf("The DNS server answers for no other name (%s).", code)
	case setup.DNSForIPv6Check:
		switch {
		case reply.Rcode != dns.RcodeSuccess:
			return false, fmt.Sprintf("Asked for IPv6 the DNS server answers %s. Devices may take that for “no such name”.", code)
		case len(reply.Answer) > 0:
			return false, "The DNS server gives an IPv6 address, where nothing of this way leads."
		}
		return true, "There is no IPv6 address, and the DNS server says so without an error."
	}
	addresses := ipv4(reply)
	switch {
	case reply.Rcode != dns.RcodeSuccess:
		return false, fmt.Sprintf("The DNS server does not know %s (%s).", s.Name, code)
	case len(addresses) != 1 || addresses[0] != s.Leads:
		return false, fmt.Sprintf("The DNS server leads %s to %s and not to %s.", s.Name, orNothing(addresses), s.Leads)
	}
	return true, fmt.Sprintf("The DNS server leads %s to %s.", s.Name, s.Leads)
}

func ipv4(m *dns.Msg) []string {
	var addresses []string
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok {
			addresses = append(addresses, a.A.String())
		}
	}
	return addresses
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "no address"
	}
	return strings.Join(list, ", ")
}

// dnsLines are what decided: the code and the records.
func dnsLines(m *dns.Msg) []string {
	lines := []string{dns.RcodeToString[m.Rcode]}
	for _, rr := range m.Answer {
		lines = append(lines, clean(rr.String()))
	}
	return lines
}

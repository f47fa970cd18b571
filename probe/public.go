package probe

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

// PublicResolvers answer as the providers' own resolvers do.
func PublicResolvers() []string { return []string{"1.1.1.1:53", "8.8.8.8:53", "9.9.9.9:53"} }

// PublicDial reaches names as somebody outside would: it asks the given public
// resolvers, never this server's /etc/hosts or its own resolver, which may know
// the name by another address. Addresses are dialled as they are.
func PublicDial(resolvers []string) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if net.ParseIP(host) != nil {
			return dialer.DialContext(ctx, network, address)
		}
		addresses, err := lookup(ctx, resolvers, host)
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			var conn net.Conn
			if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(a, port)); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

// lookup asks one resolver after the other; the first sound answer counts.
func lookup(ctx context.Context, resolvers []string, host string) ([]string, error) {
	failed := &net.DNSError{Err: "no public resolver answered", Name: host, IsTemporary: true}
	for _, resolver := range resolvers {
		addresses, known, err := ask(ctx, resolver, host)
		switch {
		case err != nil:
			failed.Server, failed.Err = resolver, err.Error()
		case !known || len(addresses) == 0:
			return nil, &net.DNSError{Err: "no such host", Name: host, Server: resolver, IsNotFound: true}
		default:
			return addresses, nil
		}
	}
	return nil, failed
}

// ask gets the addresses of a name from one resolver. known is false when the
// resolver says that there is no such name.
func ask(ctx context.Context, resolver, host string) (addresses []string, known bool, err error) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		question := new(dns.Msg)
		question.SetQuestion(dns.Fqdn(host), kind)
		answer, _, err := (&dns.Client{Timeout: 3 * time.Second}).ExchangeContext(ctx, question, resolver)
		switch {
		case err != nil:
			return nil, false, err
		case answer.Rcode == dns.RcodeNameError:
			return nil, false, nil
		case answer.Rcode != dns.RcodeSuccess:
			return nil, false, fmt.Errorf("%s answers %s", resolver, dns.RcodeToString[answer.Rcode])
		}
		for _, rr := range answer.Answer {
			switch rr := rr.(type) {
			case *dns.A:
				addresses = append(addresses, rr.A.String())
			case *dns.AAAA:
				addresses = append(addresses, rr.AAAA.String())
			}
		}
	}
	return addresses, true, nil
}

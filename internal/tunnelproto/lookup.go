package tunnelproto

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// VirtualResolver is an address that a connector takes for "my own resolver",
// whatever that is on its machine. It is how Cloudflare resolves the name of a
// hostname route (cloudflared's source, ingress/origins).
func VirtualResolver() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x26, 0x06, 0x47, 0x00, 0x0c, 0xf1, 0x20, 0x00, 15: 1}), 53)
}

const (
	lookupTries   = 4
	lookupWait    = 250 * time.Millisecond // for the first answer; then twice as long each time
	maxDNSMessage = 4096
)

// Lookup asks the connector's own resolver for the addresses of a name, as
// hostname routes do. An answer without any is a *net.DNSError. It takes UDP:
// whether Cloudflare would ask over TCP instead is not documented.
func (c *Conn) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	stream, err := c.DialUDP(ctx, VirtualResolver())
	if err != nil {
		return nil, fmt.Errorf("look up %s through the tunnel: %w", name, err)
	}
	defer func() { _ = stream.Close() }()
	defer context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })()

	var found []netip.Addr
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		addrs, err := ask(ctx, stream, name, kind)
		if err != nil {
			return nil, fmt.Errorf("look up %s through the tunnel: %w", name, err)
		}
		found = append(found, addrs...)
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: name, Server: VirtualResolver().String(), IsNotFound: true}
	}
	return found, nil
}

// ask sends a question until it is answered.
func ask(ctx context.Context, conn net.Conn, name string, kind dnsmessage.Type) ([]netip.Addr, error) {
	fqdn, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return nil, err
	}
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: uint16(rand.Uint32()), RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: fqdn, Type: kind, Class: dnsmessage.ClassINET}},
	}
	packed, err := query.Pack()
	if err != nil {
		return nil, err
	}
	for try := range lookupTries {
		if _, err = conn.Write(packed); err != nil {
			break
		}
		var answer dnsmessage.Message
		if answer, err = readAnswer(ctx, conn, query.ID, lookupWait<<try); err == nil {
			return addresses(answer)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, err
}

func readAnswer(ctx context.Context, conn net.Conn, id uint16, wait time.Duration) (dnsmessage.Message, error) {
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return dnsmessage.Message{}, err
	}
	buf := make([]byte, maxDNSMessage)
	for ctx.Err() == nil {
		n, err := conn.Read(buf)
		if err != nil {
			return dnsmessage.Message{}, err
		}
		var m dnsmessage.Message
		if err := m.Unpack(buf[:n]); err == nil && m.Response && m.ID == id {
			return m, nil
		}
	}
	return dnsmessage.Message{}, ctx.Err()
}

func addresses(m dnsmessage.Message) ([]netip.Addr, error) {
	switch m.RCode {
	case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
	default:
		return nil, errors.New("the resolver answers " + m.RCode.GoString())
	}
	var found []netip.Addr
	for _, r := range m.Answers {
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			found = append(found, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			found = append(found, netip.AddrFrom16(body.AAAA))
		}
	}
	return found, nil
}

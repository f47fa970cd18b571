package connector

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// privateNetwork is what the connector reaches by itself: any address, without
// an ingress rule. One address stands for its own name server.
type privateNetwork struct {
	metrics   *metrics
	resolvers []string // empty: what the machine uses
}

const privateTimeout = 5 * time.Second

// dialTCP takes an ip:port, and no names, as cloudflared does.
func (p *privateNetwork) dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	end := p.metrics.begin()
	p.metrics.tcpTotal.Add(1)
	p.metrics.tcpActive.Add(1)
	gone := func() {
		p.metrics.tcpActive.Add(-1)
		end()
	}
	c, err := p.connect(ctx, addr)
	if err != nil {
		p.metrics.errors.Add(1)
		gone()
		return nil, err
	}
	return &countedConn{Conn: c, gone: gone}, nil
}

func (p *privateNetwork) connect(ctx context.Context, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	c, err := (&net.Dialer{Timeout: privateTimeout}).DialContext(ctx, "tcp", p.place(to))
	if err != nil {
		return nil, fmt.Errorf("unable to dial tcp to origin %s: %w", to, err)
	}
	return c, nil
}

// dialUDP opens a socket; nothing is sent yet.
func (p *privateNetwork) dialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "udp", p.place(addr))
	if err != nil {
		return nil, fmt.Errorf("unable to dial udp to origin %s: %w", addr, err)
	}
	p.metrics.udpTotal.Add(1)
	p.metrics.udpActive.Add(1)
	return &countedConn{Conn: c, gone: func() { p.metrics.udpActive.Add(-1) }}, nil
}

// place is where an address really leads.
func (p *privateNetwork) place(addr netip.AddrPort) string {
	switch {
	case addr != tunnelproto.VirtualResolver():
		return addr.String()
	case len(p.resolvers) > 0:
		return p.resolvers[rand.IntN(len(p.resolvers))]
	}
	return ownResolver()
}

// errPeeked keeps a look-up from sending anything.
var errPeeked = errors.New("only looking which name server would be asked")

// ownResolver is the name server that this machine would ask. Like cloudflared
// it begins a look-up of a name that stands in no hosts file and sees who is
// dialled.
func ownResolver() string {
	var first atomic.Pointer[string]
	r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
		first.CompareAndSwap(nil, &addr)
		return nil, errPeeked
	}}
	ctx, cancel := context.WithTimeout(context.Background(), privateTimeout)
	defer cancel()
	_, _ = r.LookupNetIP(ctx, "ip", "region1.v2.argotunnel.com.") // it fails, as it should
	if addr := first.Load(); addr != nil {
		return *addr
	}
	return "127.0.0.1:53"
}

// countedConn tells once that it was closed.
type countedConn struct {
	net.Conn
	once sync.Once
	gone func()
}

func (c *countedConn) Close() error {
	c.once.Do(c.gone)
	return c.Conn.Close()
}

func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

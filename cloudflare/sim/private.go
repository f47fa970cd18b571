package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// Private is the network that a connector stands in, as far as its tunnel leads
// there: no ingress rule is asked.
type Private interface {
	// DialTCP connects to an ip:port, or to a name:port, whose name the
	// connector's own resolver is asked for. Where nobody answers the error is a
	// *tunnelproto.UnreachableError.
	DialTCP(ctx context.Context, addr string) (net.Conn, error)
	// DialUDP opens a session that keeps datagrams apart.
	DialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
	// Lookup asks the connector's own resolver, as a hostname route does.
	Lookup(ctx context.Context, name string) ([]netip.Addr, error)
}

// errNoConnection says that a tunnel is down.
var errNoConnection = errors.New("the tunnel has no connection")

// over lets use try the connections of a tunnel, in any order, until one takes
// what it sends.
func (c *Cloud) over(tunnel string, use func(connector) error) error {
	c.mu.RLock()
	conns := slices.Clone(c.live.conns[tunnel])
	c.mu.RUnlock()
	rand.Shuffle(len(conns), func(i, j int) { conns[i], conns[j] = conns[j], conns[i] })
	var err error = errNoConnection
	for _, conn := range conns {
		switch failed := use(conn); {
		case errors.Is(failed, tunnelproto.ErrGone):
		case errors.Is(failed, tunnelproto.ErrNoUDP): // another one may be on QUIC
			err = failed
		default:
			return failed
		}
	}
	return err
}

// Inside is the private network behind a tunnel, reached as the edge reaches it
// for whom its policies let in.
func (c *Cloud) Inside(tunnelID string) Private { return inside{c, tunnelID} }

// inside goes through whichever connection of the tunnel takes it.
type inside struct {
	cloud  *Cloud
	tunnel string
}

func (i inside) DialTCP(ctx context.Context, addr string) (conn net.Conn, err error) {
	err = i.cloud.over(i.tunnel, func(far connector) error {
		conn, err = far.DialTCP(ctx, addr)
		return err
	})
	return conn, err
}

func (i inside) DialUDP(ctx context.Context, addr netip.AddrPort) (conn net.Conn, err error) {
	err = i.cloud.over(i.tunnel, func(far connector) error {
		conn, err = far.DialUDP(ctx, addr)
		return err
	})
	return conn, err
}

func (i inside) Lookup(ctx context.Context, name string) (found []netip.Addr, err error) {
	err = i.cloud.over(i.tunnel, func(far connector) error {
		found, err = far.Lookup(ctx, name)
		return err
	})
	return found, err
}

// noNetwork is that of a connector that was attached without one.
type noNetwork struct{}

func (noNetwork) DialTCP(_ context.Context, addr string) (net.Conn, error) {
	return nil, &tunnelproto.UnreachableError{Addr: addr, Cause: "no network is attached"}
}

func (noNetwork) DialUDP(_ context.Context, addr netip.AddrPort) (net.Conn, error) {
	return nil, &tunnelproto.UnreachableError{Addr: addr.String(), Cause: "no network is attached"}
}

func (noNetwork) Lookup(_ context.Context, name string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

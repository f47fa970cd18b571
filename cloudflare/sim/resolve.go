package sim

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// Answer is what public DNS says of a name, as far as the simulator knows.
type Answer struct {
	Proxied bool   // the address is the edge's
	Type    string // of the record, where it is not proxied
	Content string
}

// Resolve asks for a name. It knows the records of active zones and the login
// hosts of Zero Trust teams; ok is false where DNS would answer NXDOMAIN.
func (c *Cloud) Resolve(host string) (Answer, bool) {
	c.arrive()
	c.mu.RLock()
	defer c.mu.RUnlock()
	host = hostname(host)
	if c.visible().team(host) != nil {
		return Answer{Proxied: true}, true
	}
	z, r := c.visible().lookup(host)
	if r == nil {
		return Answer{}, false
	}
	return Answer{Proxied: z.proxies(r), Type: r.Type, Content: r.Content}, true
}

// lookup finds the web record (A, AAAA, CNAME) that answers for a host, the
// wildcard above it included, in a zone that is delegated to Cloudflare.
func (s *state) lookup(host string) (*zone, *record) {
	z := s.zoneOf(host)
	if z == nil || z.Status != "active" {
		return nil, nil
	}
	records, _ := z.at(host)
	for _, r := range records {
		if r.Proxiable {
			return z, r
		}
	}
	return z, nil
}

// proxies tells whether a record leads visitors to the edge. In a paused zone
// every record shows where it points, like a grey one; the name of a tunnel has
// no address for them ("Pause Cloudflare": traffic goes to the origin directly).
func (z *zone) proxies(r *record) bool { return r.Proxied && !z.Edge.Paused }

// addressBook is where the edge listens, once it does.
type addressBook struct{ https, http atomic.Pointer[string] }

// Dial connects to a host as a visitor would: to the edge, if the name has a
// proxied record. It fits http.Transport.DialContext; names that do not
// resolve, and grey records, whose addresses are not simulated, fail with a
// *net.DNSError that says "not found". The edge must be running (Listen).
func (c *Cloud) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if a, ok := c.Resolve(host); !ok || !a.Proxied {
		return nil, &net.OpError{Op: "dial", Net: network,
			Err: &net.DNSError{Err: "no such host", Name: host, Server: "simulated", IsNotFound: true}}
	}
	edge := c.addresses.https.Load()
	if port == "80" {
		edge = c.addresses.http.Load()
	}
	if edge == nil {
		return nil, errors.New("the simulated edge does not listen")
	}
	return new(net.Dialer).DialContext(ctx, "tcp", *edge)
}

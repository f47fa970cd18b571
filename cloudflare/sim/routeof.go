package sim

import (
	"net/http"
	"net/netip"
	"time"
)

// routeOf is the route that carries an address in a virtual network: of those
// that hold it the one with the longest prefix.
func (a *account) routeOf(ip netip.Addr, vnet string) *cidrRoute {
	var best *cidrRoute
	for r := range a.Routes.all() {
		if r.DeletedAt == nil && r.VNetID == vnet && r.prefix().Contains(ip) && (best == nil || r.prefix().Bits() > best.prefix().Bits()) {
			best = r
		}
	}
	return best
}

// getRouteOfIP answers with null if no route carries the address. Without a
// virtual network it looks in the default one; that it can be told to look among
// routes without any (default_virtual_network_fallback) changes nothing, because
// there are none.
func getRouteOfIP(c *call) (answer, error) {
	ip, err := netip.ParseAddr(c.params["ip"])
	if err != nil {
		return answer{}, badNetwork("Could not parse input: invalid address: " + c.params["ip"])
	}
	v, err := c.account.liveVNet(c.query.Get("virtual_network_id"))
	if err != nil {
		return answer{}, err
	}
	r := c.account.routeOf(ip, v.ID)
	if r == nil {
		return answer{}, nil
	}
	return answer{result: c.account.routeView(r)}, nil
}

// cidrPathsEnd is when routes are no longer reached by their range, as
// Cloudflare's changelog of July 2026 announces.
func cidrPathsEnd() time.Time { return time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) }

// createRouteAt is createRoute with the range in the path.
func createRouteAt(c *call) (answer, error) {
	var in routeInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	network := c.params["cidr"]
	in.Network = &network
	return c.newRoute(in)
}

// routeAt is the live route for the range of the path, in the virtual network
// that is asked for.
func (c *call) routeAt(vnet string) (*cidrRoute, error) {
	p, err := parseNetwork(c.params["cidr"], c.cloud.o.Unsure.HostBitsRefused)
	if err != nil {
		return nil, err
	}
	v, err := c.account.liveVNet(vnet)
	if err != nil {
		return nil, err
	}
	for r := range c.account.Routes.all() {
		if r.DeletedAt == nil && r.VNetID == v.ID && r.prefix() == p {
			return r, nil
		}
	}
	return nil, errNoRoute
}

// editRouteAt takes the virtual network to look in from the body, where it could
// not be changed.
func editRouteAt(c *call) (answer, error) {
	var in routeInput
	if len(c.body) > 0 { // the official client sends none
		if err := c.read(&in); err != nil {
			return answer{}, err
		}
	}
	vnet := ""
	set(&vnet, in.VNetID)
	r, err := c.routeAt(vnet)
	if err != nil {
		return answer{}, err
	}
	return c.saveRoute(*r, in)
}

func deleteRouteAt(c *call) (answer, error) {
	r, err := c.routeAt(c.query.Get("virtual_network_id"))
	if err != nil {
		return answer{}, err
	}
	if asked := c.query.Get("tunnel_id"); asked != "" && asked != r.TunnelID {
		return answer{}, errNoRoute
	}
	return answer{status: http.StatusOK, result: c.account.dropRoute(r, c.now)}, nil
}

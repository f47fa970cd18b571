package setup

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Carried says by a look at an account which routes carry packets to the private
// name, as Cloudflare chooses among them, and whether they end in the setup's own
// tunnel. It is as old as the look.
func (a Answers) Carried(w World, l Ledger, seen time.Time) Evidence {
	v := Evidence{At: seen}
	for _, c := range a.PrivateChecks() {
		if c.ID == RouteCheck {
			v.Check = c
		}
	}
	own := l.Records[a.TunnelKey()].ID
	if own == "" {
		v.Detail = "There is no tunnel of this setup, so no route leads to it."
		return v
	}
	if a.Mode == ModeHostname {
		v.OK, v.Detail, v.Excerpt = a.carriedByName(w, own)
		return v
	}
	for _, address := range []string{a.Private.Address, a.Private.DNS} {
		ok, detail := a.carriedByAddress(w, own, address)
		if v.Excerpt = append(v.Excerpt, detail); !ok {
			v.OK, v.Detail = false, detail
			return v
		}
		v.OK = true
	}
	v.Detail = fmt.Sprintf("The routes for %s and %s end in this server's tunnel, and none is closer.", a.Private.Address, a.Private.DNS)
	if joined := a.JoinedSince(w, l); len(joined) > 0 {
		v.Detail += fmt.Sprintf(" Behind the login your team also gets to what joined the network since you agreed: %s.", MembersText(joined))
	}
	return v
}

// carriedByAddress: the route that Cloudflare says it takes; where it did not say,
// the longest prefix of the routes of a virtual network that cover the address.
func (a Answers) carriedByAddress(w World, own, address string) (bool, string) {
	if p, bad := w.unread(a.routeKey(address)); bad {
		return false, "The account's routes could not be read: " + p.Message
	}
	vnet := a.virtualNetwork(w)
	if vnet == "" {
		return false, "The virtual network of the routes is not known, so nobody can tell where packets go."
	}
	to, err := netip.ParseAddr(address)
	if err != nil {
		return false, fmt.Sprintf("%q is no address.", address)
	}
	var best, elsewhere, left *Route
	bits, told := -1, "by the list of routes"
	for _, o := range w.Objects {
		r, ok := o.State.(Route)
		prefix, err := netip.ParsePrefix(r.Network)
		switch {
		case !ok || err != nil || o.Scope != a.Account || !prefix.Contains(to):
		case r.VNet.Lit != vnet:
			elsewhere = &r
		case slices.Contains(r.Takes, address):
			best, bits, told = &r, math.MaxInt, "as Cloudflare says"
		case slices.Contains(r.Leaves, address):
			left = &r
		case prefix.Bits() > bits:
			best, bits = &r, prefix.Bits()
		}
	}
	switch {
	case best == nil && left != nil:
		return false, fmt.Sprintf("Asked for %s, Cloudflare says that it takes no route, although its list has %s.", address, left.Network)
	case best == nil && elsewhere != nil:
		return false, fmt.Sprintf("Only in another virtual network a route covers %s (%s). Devices of your team are in this one, and their packets go nowhere.", address, elsewhere.Network)
	case best == nil:
		return false, fmt.Sprintf("No route covers %s, so packets to it go nowhere.", address)
	case best.Tunnel.Lit != own:
		return false, fmt.Sprintf("Packets to %s go to another tunnel (%s) by the route %s.", address, cmp.Or(best.TunnelName, best.Tunnel.Lit), best.Network)
	}
	return true, fmt.Sprintf("%s is carried by %s, %s.", address, best.Network, told)
}

// virtualNetwork is the id of the one that the routes are in.
func (a Answers) virtualNetwork(w World) string {
	for _, o := range w.Objects {
		n, ok := o.State.(VirtualNetwork)
		if ok && o.Scope == a.Account && (a.Private.VNet == "" && n.Default || a.Private.VNet != "" && n.Name == a.Private.VNet) {
			return o.ID
		}
	}
	return ""
}

// carriedByName: a route takes a name and everything below it, and the longest
// wins.
func (a Answers) carriedByName(w World, own string) (bool, string, []string) {
	if p, bad := w.unread(a.hostnameRouteKey()); bad {
		return false, "The account's routes could not be read: " + p.Message, nil
	}
	name := NormalName(a.Private.Name)
	var best HostnameRoute
	for _, o := range w.Objects {
		r, ok := o.State.(HostnameRoute)
		if ok && o.Scope == a.Account && (r.Hostname == name || strings.HasSuffix(name, "."+r.Hostname)) && len(r.Hostname) > len(best.Hostname) {
			best = r
		}
	}
	switch {
	case best.Hostname == "":
		return false, fmt.Sprintf("No route has the name %s, so Gateway does not know where it leads.", name), nil
	case best.Tunnel.Lit != own:
		return false, fmt.Sprintf("%s leads to another tunnel (%s) by the route for %s.", name, cmp.Or(best.TunnelName, best.Tunnel.Lit), best.Hostname), nil
	}
	return true, fmt.Sprintf("The route for %s ends in this server's tunnel, and none is closer.", best.Hostname), []string{best.Hostname}
}

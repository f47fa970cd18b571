package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// Dial connects from the device over tcp or udp, as a program on it would, and
// tells the way. Its error is a *LostError where the way ends. What is public is
// connected to as Cloud.Dial does.
func (d *Device) Dial(ctx context.Context, network, addr string) (net.Conn, Path, error) {
	var p Path
	way, public, err := d.first(ctx, &p, network, addr)
	switch {
	case err != nil:
		return nil, p, err
	case public:
		conn, err := d.cloud.Dial(ctx, network, addr)
		return conn, p, err
	}
	conn, err := d.send(ctx, &p, way)
	return conn, p, err
}

// DialContext is Dial as http.Transport wants it.
func (d *Device) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, _, err := d.Dial(ctx, network, addr)
	return conn, err
}

// Trace follows the way of the first packet, which is not sent: what the tunnel
// and the server would make of it stays open. It also takes icmp, with an address
// that has no port.
func (d *Device) Trace(ctx context.Context, network, addr string) (Path, error) {
	var p Path
	way, public, err := d.first(ctx, &p, network, addr)
	if err == nil && !public {
		err = d.way(&p, &way)
	}
	return p, err
}

// packet is what a device sends: the first of a TCP connection, a datagram, or a
// ping, which has no port.
type packet struct {
	network string // tcp, udp, icmp
	name    string // by which the device found the address; empty: by none
	to      netip.AddrPort

	// What Gateway finds out on the way.
	behind *first // the address, if Gateway gave it
	vnet   string
	tunnel string
	real   netip.AddrPort // where the connector connects to
}

// first makes the first packet for an address, whose name it resolves. public
// tells that it belongs to the edge.
func (d *Device) first(ctx context.Context, p *Path, network, addr string) (out packet, public bool, err error) {
	host, port := addr, uint64(0)
	if network != "icmp" {
		var text string
		if host, text, err = net.SplitHostPort(addr); err != nil {
			return out, false, err
		}
		if port, err = strconv.ParseUint(text, 10, 16); err != nil {
			return out, false, err
		}
	}
	out = packet{network: strings.TrimRight(network, "46")}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		out.name = hostname(host)
		d.cloud.arrive()
		d.seen()
		if err := d.resolve(ctx, p, out.name); err != nil {
			return out, false, err
		}
		if len(p.Addresses) == 0 {
			return out, true, nil
		}
		ip = p.Addresses[0]
	}
	out.to = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	return out, false, nil
}

// way is how far a packet gets by what Cloudflare knows.
func (d *Device) way(p *Path, out *packet) error {
	d.cloud.arrive()
	d.cloud.mu.RLock()
	defer d.cloud.mu.RUnlock()
	before := p.Steps
	l, err := d.look(p)
	if err != nil {
		return err
	}
	if len(before) > 0 {
		p.Steps = before // has said who the device is
	}
	for _, pass := range []func(*packet) error{l.split, l.gateway, l.unmask, l.guard, l.route} {
		if err := pass(out); err != nil {
			return err
		}
	}
	return nil
}

// split is the client's part: whether it takes the packet.
func (l look) split(out *packet) error {
	if !l.profile.takesPackets() {
		return l.end(AtSplit, nil, "in the mode %q the client takes no packets", l.profile.mode())
	}
	carried, why := l.profile.carries(out.to.Addr(), out.name)
	if !carried {
		return l.end(AtSplit, nil, "%s; it goes to the network that the device is in", why)
	}
	l.say(AtSplit, "%s", why)
	return nil
}

// gateway is whether Gateway carries that kind of traffic ("Proxy").
func (l look) gateway(out *packet) error {
	on := false
	switch out.network {
	case "tcp":
		on = switchedOn(l.account.Devices, deviceDefaults(), proxyTCP)
	case "udp":
		on = switchedOn(l.account.Devices, deviceDefaults(), proxyTCP) && switchedOn(l.account.Devices, deviceDefaults(), proxyUDP)
	case "icmp":
		on = l.cloud.o.Unsure.PingsAlwaysProxied || switchedOn(l.account.Connectivity, connectivityDefaults(), proxyICMP)
	}
	if !on {
		return l.end(AtGateway, nil, "the proxy is off for %s", strings.ToUpper(out.network))
	}
	l.say(AtGateway, "the proxy carries %s", strings.ToUpper(out.network))
	return nil
}

// unmask finds out what is behind an address that Gateway gave for a name, and
// which virtual network the device is in.
func (l look) unmask(out *packet) error {
	v, err := l.vnet()
	if err != nil {
		return l.end(AtRoute, err, "the virtual network of the device's profile is gone")
	}
	out.vnet, out.real = v.ID, out.to
	resolved := l.account.defaultSubnet(subnetResolved, "v4")
	if resolved == nil || !resolved.prefix().Contains(out.to.Addr()) {
		return nil
	}
	known, ok := l.cloud.firsts.behind(l.reg.ID, out.to.Addr())
	if !ok {
		return l.end(AtGateway, nil, "Gateway gave this device %s for no name", out.to.Addr())
	}
	out.behind, out.real = &known, netip.AddrPortFrom(known.real, out.to.Port())
	l.say(AtGateway, "%s stands for %s, which is %s", out.to.Addr(), known.name, known.real)
	return nil
}

// route is which tunnel carries the packet: that of the name, or that of the
// longest prefix in the device's virtual network.
func (l look) route(out *packet) error {
	if out.behind != nil {
		h, ok := l.account.HostnameRoutes.get(out.behind.route)
		if !ok || h.DeletedAt != nil {
			return l.end(AtRoute, nil, "the route for %s is gone", out.behind.name)
		}
		l.Route, out.tunnel = h.Hostname, h.TunnelID
	} else {
		r := l.account.routeOf(out.to.Addr(), out.vnet)
		switch {
		case r == nil && out.to.Addr().IsPrivate():
			return l.end(AtRoute, nil, "no route of the virtual network holds %s", out.to.Addr())
		case r == nil:
			return l.end(AtRoute, nil, "no route holds %s: it goes out to the internet, which is not simulated", out.to.Addr())
		}
		l.Route, l.VNet, out.tunnel = r.Network, r.VNetID, r.TunnelID
	}
	l.Tunnel, l.Reached = out.tunnel, out.real.String()
	t, ok := l.account.Tunnels.get(out.tunnel)
	switch {
	case !ok || t.DeletedAt != nil:
		return l.end(AtRoute, nil, "the route for %s leads to a tunnel that is gone", l.Route)
	case len(l.cloud.live.conns[out.tunnel]) == 0:
		l.say(AtRoute, "%s leads to the tunnel %s", l.Route, t.Name)
		return l.end(AtTunnel, errNoConnection, "no connector is connected")
	}
	l.say(AtRoute, "%s leads to the tunnel %s", l.Route, t.Name)
	return nil
}

// send sends a packet on its way, and gives the connection that it opens.
func (d *Device) send(ctx context.Context, p *Path, out packet) (net.Conn, error) {
	if err := d.way(p, &out); err != nil {
		return nil, err
	}
	d.seen()
	conn, err := d.through(ctx, out)
	var closed *tunnelproto.UnreachableError
	switch {
	case errors.As(err, &closed):
		return nil, p.end(AtServer, err, "%s", err)
	case err != nil:
		return nil, p.end(AtTunnel, err, "%s", err)
	case out.network == "udp":
		p.say(AtTunnel, "the connector takes datagrams for %s", out.real)
	default:
		p.say(AtServer, "%s answers", out.real)
	}
	return conn, nil
}

func (d *Device) through(ctx context.Context, out packet) (net.Conn, error) {
	inside := d.cloud.Inside(out.tunnel)
	switch out.network {
	case "tcp":
		return inside.DialTCP(ctx, out.real.String())
	case "udp":
		return inside.DialUDP(ctx, out.real)
	default:
		return nil, errors.New("the simulator's connectors carry TCP and UDP alone")
	}
}

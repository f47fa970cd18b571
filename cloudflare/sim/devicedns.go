package sim

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// fallbackWait is how long the client waits for the servers of a fallback entry.
const fallbackWait = 5 * time.Second

// Resolve asks for the IPv4 addresses of a name on the device, as a program on
// it would. Its error is a *LostError, with a *net.DNSError in it where somebody
// answered that there is no such name.
func (d *Device) Resolve(ctx context.Context, name string) (Path, error) {
	var p Path
	d.cloud.arrive()
	d.seen()
	err := d.resolve(ctx, &p, hostname(name))
	return p, err
}

func (d *Device) resolve(ctx context.Context, p *Path, name string) error {
	ask, err := d.whom(p, name)
	if err != nil {
		return err
	}
	return ask(ctx)
}

// whom decides who is asked for a name, and gives the asking, which is done
// without the lock.
func (d *Device) whom(p *Path, name string) (func(context.Context) error, error) {
	d.cloud.mu.RLock()
	defer d.cloud.mu.RUnlock()
	l, err := d.look(p)
	if err != nil {
		return nil, err
	}
	if !l.profile.asksGateway() {
		p.say(AtDNS, "in the mode %q the client leaves DNS alone", l.profile.mode())
		return func(context.Context) error { return d.askOutside(p, BySystem, name) }, nil
	}
	entry, found := l.profile.fallback(name)
	switch {
	case found && len(entry.Servers) > 0:
		p.say(AtDNS, "names under %s are asked of %v, past Gateway", entry.Suffix, entry.Servers)
		return func(ctx context.Context) error { return d.askServers(ctx, p, entry.Servers, name) }, nil
	case found && string(l.profile.Settings["disable_auto_fallback"]) == "true":
		return nil, p.end(AtDNS, nil, "names under %s go past Gateway, and the entry names no server", entry.Suffix)
	case found:
		p.say(AtDNS, "names under %s go past Gateway, to whatever resolver the device has", entry.Suffix)
		return func(context.Context) error { return d.askOutside(p, BySystem, name) }, nil
	}
	return l.askGateway(d, name)
}

// askGateway is for names that no fallback entry takes away from Gateway.
func (l look) askGateway(d *Device, name string) (func(context.Context) error, error) {
	if l.cloud.o.Unsure.WARPNeedsLocation && l.account.Locations.len() == 0 {
		return nil, l.end(AtDNS, nil, "Gateway does not answer, because the account has no DNS location")
	}
	h := l.account.hostnameRouteFor(name)
	if h == nil {
		l.say(AtDNS, "Gateway is asked, and no private route has the name")
		return func(context.Context) error { return d.askOutside(l.Path, ByGateway, name) }, nil
	}
	l.say(AtDNS, "Gateway is asked, and has a route for %s", h.Hostname)
	if old := l.cloud.live.oldest(h.TunnelID); old != "" && versionBefore(old, firstHostnameRoutes) {
		return nil, l.end(AtTunnel, nil, "a connector is cloudflared %s, and routes by name take %s or newer", old, firstHostnameRoutes)
	}
	resolved := l.account.defaultSubnet(subnetResolved, "v4")
	if resolved == nil {
		return nil, l.end(AtDNS, nil, "the account has no range for first addresses")
	}
	return func(ctx context.Context) error { return d.askBehind(ctx, l.Path, h, resolved.prefix(), name) }, nil
}

// askOutside asks public DNS, which knows no private name.
func (d *Device) askOutside(p *Path, who, name string) error {
	p.DNSServer = who
	answer, known := d.cloud.Resolve(name)
	switch {
	case !known:
		return p.end(AtDNS, noSuchName(name, who), "%s answers that %s does not exist", who, name)
	case !answer.Proxied:
		return p.end(AtDNS, nil, "%s is a public name that points past Cloudflare, to %s", name, answer.Content)
	}
	p.say(AtDNS, "%s is public, and its address is one of Cloudflare's edge", name)
	return nil
}

func noSuchName(name, server string) error {
	return &net.DNSError{Err: "no such host", Name: name, Server: server, IsNotFound: true}
}

// askBehind has a name resolved by the connector's own resolver, and gives the
// device an address in its place that only Gateway knows ("Connect a private
// hostname").
func (d *Device) askBehind(ctx context.Context, p *Path, h *hostnameRoute, from netip.Prefix, name string) error {
	p.DNSServer, p.Route, p.Tunnel = ByGateway, h.Hostname, h.TunnelID
	found, err := d.cloud.Inside(h.TunnelID).Lookup(ctx, name)
	var unknown *net.DNSError
	switch {
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return p.end(AtDNS, noSuchName(name, ByGateway), "the connector's own resolver answers that %s does not exist", name)
	case errors.Is(err, tunnelproto.ErrNoUDP):
		return p.end(AtTunnel, err, "%s", err)
	case err != nil:
		return p.end(AtTunnel, err, "the connector cannot be asked for %s: %s", name, err)
	}
	real, ok := firstIPv4(found)
	if !ok {
		return p.end(AtDNS, nil, "the connector's own resolver knows no IPv4 address of %s", name)
	}
	shown := d.cloud.firsts.give(d.registration, first{name, real, h.ID}, from)
	p.Addresses = []netip.Addr{shown}
	p.say(AtDNS, "the connector finds %s, and Gateway answers with %s in its place", real, shown)
	return nil
}

func firstIPv4(all []netip.Addr) (netip.Addr, bool) {
	for _, ip := range all {
		if ip = ip.Unmap(); ip.Is4() {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// askServers asks every server of a fallback entry. The first that answers is
// believed, also if it says that there is no such name ("Local Domain Fallback").
func (d *Device) askServers(ctx context.Context, p *Path, servers []string, name string) error {
	ctx, cancel := context.WithTimeout(ctx, fallbackWait)
	defer cancel()
	type result struct {
		path     Path
		err      error
		answered bool
	}
	results := make(chan result)
	for _, server := range servers {
		go func() {
			own := *p
			own.Steps = slices.Clone(p.Steps)
			answered, err := d.askServer(ctx, &own, server, name)
			results <- result{own, err, answered}
		}()
	}
	var believed result
	for range servers { // all of them end, so that nobody is left asking
		r := <-results
		if !believed.answered {
			believed = r
		}
		if r.answered {
			cancel()
		}
	}
	*p = believed.path
	return believed.err
}

// askServer asks one over UDP, through Cloudflare if the client sends it there.
func (d *Device) askServer(ctx context.Context, p *Path, server, name string) (answered bool, err error) {
	p.say(AtDNS, "%s is asked for %s", server, name)
	ip, err := netip.ParseAddr(server) // checked when it was written
	if err != nil {
		return false, p.end(AtDNS, err, "%s is no address", server)
	}
	conn, err := d.send(ctx, p, packet{network: "udp", to: netip.AddrPortFrom(ip, 53)})
	if err != nil {
		return false, err
	}
	defer conn.Close()
	reply, err := exchange(ctx, conn, new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA))
	if err != nil {
		return false, p.end(AtServer, err, "%s does not answer: %s", server, err)
	}
	p.DNSServer = server
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			ip, _ := netip.AddrFromSlice(a.A.To4()) // miekg/dns made it of four bytes
			p.Addresses = append(p.Addresses, ip)
		}
	}
	switch {
	case reply.Rcode == dns.RcodeNameError:
		return true, p.end(AtDNS, noSuchName(name, server), "%s answers that %s does not exist", server, name)
	case len(p.Addresses) == 0:
		return true, p.end(AtDNS, nil, "%s answers without an IPv4 address (%s)", server, dns.RcodeToString[reply.Rcode])
	}
	p.say(AtDNS, "%s answers %v", server, p.Addresses)
	return true, nil
}

// askAgain is after how long a question is sent again.
const askAgain = time.Second

// exchange asks over a connection that keeps datagrams apart, again and again
// until there is an answer.
func exchange(ctx context.Context, conn net.Conn, question *dns.Msg) (*dns.Msg, error) {
	packed, err := question.Pack()
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	datagram := make([]byte, dns.MaxMsgSize)
	for {
		conn.SetDeadline(time.Now().Add(askAgain)) // not simulated time: the packets are real
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := conn.Write(packed); err != nil {
			return nil, err
		}
		n, err := conn.Read(datagram)
		reply := new(dns.Msg)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return nil, err
		case reply.Unpack(datagram[:n]) == nil && reply.Id == question.Id:
			return reply, nil
		}
	}
}

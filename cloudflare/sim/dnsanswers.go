package sim

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

const (
	automaticTTL = 300 // what "automatic" and every proxied record come to
	longestChain = 8   // of CNAMEs

	// Of the SOA record, as the zones at Cloudflare have them.
	soaRefresh, soaRetry, soaExpire, soaMinimum = 10000, 2400, 604800, 1800
)

// lookUp answers one question.
func (c *Cloud) lookUp(d DNS, m *dns.Msg, q dns.Question) {
	if q.Qclass != dns.ClassINET || q.Qtype == dns.TypeANY {
		m.Rcode = dns.RcodeNotImplemented
		return
	}
	edge := c.edgeAddr(d)
	c.arrive()
	c.mu.RLock()
	defer c.mu.RUnlock()
	name := q.Name // answered as it was asked, be it in capitals
	for range longestChain {
		if name = c.visible().answer(m, name, q.Qtype, edge); name == "" {
			return
		}
	}
	m.Rcode = dns.RcodeServerFailure // a chain that goes round
}

// edgeAddr is the address of proxied names; it is not valid if there is none.
func (c *Cloud) edgeAddr(d DNS) netip.Addr {
	if at := c.addresses.https.Load(); at != nil && !d.Edge.IsValid() {
		if p, err := netip.ParseAddrPort(*at); err == nil {
			return p.Addr()
		}
	}
	return d.Edge
}

// answer adds what is known of a name, and gives the name at which a CNAME says
// to go on.
func (s *state) answer(m *dns.Msg, name string, kind uint16, edge netip.Addr) (next string) {
	host := hostname(name)
	if s.team(host) != nil {
		answerEdge(m, name, kind, edge)
		return ""
	}
	z := s.zoneOf(host)
	if z == nil || z.Status != "active" {
		if len(m.Answer) == 0 { // what is behind a CNAME to elsewhere is not simulated
			m.Rcode = dns.RcodeNameError
		}
		return ""
	}
	m.Authoritative = true
	records, exists := z.at(host)
	before := len(m.Answer)
	for _, r := range records {
		switch {
		case z.proxies(r):
			if len(m.Answer) == before { // an A and an AAAA record show the same
				answerEdge(m, name, kind, edge)
			}
		case r.Type == "CNAME" && kind != dns.TypeCNAME:
			m.Answer = append(m.Answer, r.shown(name)...)
			return dns.Fqdn(r.Content)
		case r.Type == dns.TypeToString[kind]:
			m.Answer = append(m.Answer, r.shown(name)...)
		}
	}
	if host == z.Name {
		m.Answer = append(m.Answer, z.own(name, kind)...)
	}
	if len(m.Answer) == before && m.Rcode == dns.RcodeSuccess {
		m.Ns = z.own(dns.Fqdn(z.Name), dns.TypeSOA)
		if !exists {
			m.Rcode = dns.RcodeNameError
		}
	}
	return ""
}

// answerEdge is what a proxied name shows to the world: the edge's address, and
// never what it points to.
func answerEdge(m *dns.Msg, name string, kind uint16, edge netip.Addr) {
	head := dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: automaticTTL}
	switch {
	case kind == dns.TypeA && edge.Is4():
		m.Answer = append(m.Answer, &dns.A{Hdr: head, A: edge.AsSlice()})
	case kind == dns.TypeAAAA && edge.Is6():
		m.Answer = append(m.Answer, &dns.AAAA{Hdr: head, AAAA: edge.AsSlice()})
	case !edge.IsValid():
		m.Rcode = dns.RcodeServerFailure // nothing listens there
	}
}

// at is every record that answers for a host, the wildcard above it included,
// and whether the name exists at all.
func (z *zone) at(host string) (records []*record, exists bool) {
	if len(z.named[host]) > 0 || host == z.Name { // any record hides the wildcard
		return z.named[host], true
	}
	if z.hasBelow(host) {
		return nil, true
	}
	for name := host; name != z.Name; {
		_, name, _ = strings.Cut(name, ".")
		if wild := z.named["*."+name]; len(wild) > 0 {
			return wild, true
		}
		if len(z.named[name]) > 0 || z.hasBelow(name) {
			break // the closest name that exists decides
		}
	}
	return nil, false
}

func (z *zone) hasBelow(host string) bool {
	for name := range z.named {
		if strings.HasSuffix(name, "."+host) {
			return true
		}
	}
	return false
}

// own is what a zone says of itself at its apex.
func (z *zone) own(name string, kind uint16) []dns.RR {
	head := dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: automaticTTL}
	var all []dns.RR
	switch kind {
	case dns.TypeNS:
		for _, ns := range z.NameServers {
			all = append(all, &dns.NS{Hdr: head, Ns: dns.Fqdn(ns)})
		}
	case dns.TypeSOA:
		all = append(all, &dns.SOA{Hdr: head, Ns: dns.Fqdn(z.NameServers[0]), Mbox: "dns.cloudflare.com.", Serial: z.serial(),
			Refresh: soaRefresh, Retry: soaRetry, Expire: soaExpire, Minttl: soaMinimum})
	}
	return all
}

// serial moves with the records.
func (z *zone) serial() uint32 {
	last := z.ModifiedOn
	for r := range z.Records.all() {
		if r.ModifiedOn.After(last) {
			last = r.ModifiedOn
		}
	}
	return uint32(last.Unix())
}

// shown is a record as DNS shows it under a name; nothing, if its type is none
// that can be made from its content.
func (r *record) shown(name string) []dns.RR {
	ttl := r.TTL
	if ttl == 1 {
		ttl = automaticTTL
	}
	content := r.Content
	switch {
	case r.Type == "TXT" && !strings.HasPrefix(content, `"`):
		content = quoted(content)
	case r.Type == "CNAME":
		content = dns.Fqdn(content)
	case r.Type == "MX" && r.Priority != nil:
		content = fmt.Sprintf("%d %s", *r.Priority, dns.Fqdn(content))
	}
	rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", name, ttl, r.Type, content))
	if err != nil || rr == nil {
		return nil
	}
	return []dns.RR{rr}
}

// quoted is a text as the strings of a TXT record, of 255 bytes at most each.
func quoted(text string) string {
	var b strings.Builder
	for ; ; text = text[255:] {
		part := text[:min(255, len(text))]
		b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(part) + `" `)
		if len(text) <= 255 {
			return b.String()
		}
	}
}

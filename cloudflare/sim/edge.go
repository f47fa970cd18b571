package sim

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Edge is what visitors meet at https://<host>/, whatever the host. A name
// that does not resolve is answered 421 without any of Cloudflare's headers:
// nothing a visitor could see. Dial makes it a DNS error, as it should be.
func (c *Cloud) Edge() http.Handler { return c.edge("https") }

// PlainEdge is the same at http://<host>/.
func (c *Cloud) PlainEdge() http.Handler { return c.edge("http") }

// visit is a request on its way through the edge.
type visit struct {
	*http.Request
	scheme string
	host   string // normal form
	path   string // normalised; the origin gets it as it was sent
	ray    string
	who    visitor
	shown  shown  // a service token
	tunnel string // that it goes through, once that is known
}

func (c *Cloud) edge(scheme string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		r = r.WithContext(r.Context()) // a copy, whose header may change
		r.Header = r.Header.Clone()
		v := &visit{Request: r, scheme: scheme, host: hostname(host), path: normalPath(r.URL.EscapedPath()),
			ray: c.ids.ray(), who: visitor{ip: clientIP(r)}, shown: shownIn(r.Header)}
		for name := range v.Header {
			if strings.HasPrefix(name, "Cf-Access-") && name != metadataRequest {
				v.Header.Del(name) // only the edge may say these
			}
		}
		c.arrive()
		c.route(v)(w, v)
	})
}

func clientIP(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // without one no ip rule matches
	return at.Addr().Unmap()
}

// step answers a visit. Steps run without the lock.
type step func(http.ResponseWriter, *visit)

// route decides, under the lock, who answers.
func (c *Cloud) route(v *visit) step {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if a := c.visible().team(v.host); a != nil {
		return c.teamPage(a, v)
	}
	z, r := c.visible().lookup(v.host)
	if r == nil || !z.proxies(r) {
		return unresolved
	}
	owner, ok := c.visible().Accounts.get(z.AccountID)
	if !ok {
		return unresolved
	}
	if answered := c.shield(owner, z, v); answered != nil {
		return answered
	}
	if answered := c.guard(owner, v); answered != nil {
		return answered
	}
	return c.carry(owner, r, v)
}

// carry sends a request on to where its record points.
func (c *Cloud) carry(owner *account, r *record, v *visit) step {
	id, ok := strings.CutSuffix(r.Content, ".cfargotunnel.com")
	if !ok || r.Type != "CNAME" {
		return errorPage(523, "Origin is unreachable") // other origins are not simulated
	}
	t, ok := owner.Tunnels.get(id)
	switch {
	case !ok && c.visible().elsewhere(owner, id):
		return errorPage(1014, "CNAME Cross-User Banned")
	case !ok || t.DeletedAt != nil || len(c.live.conns[id]) == 0:
		return tunnelDown
	}
	v.tunnel = id
	return func(w http.ResponseWriter, v *visit) { c.toOrigin(w, v) }
}

// elsewhere tells whether a tunnel belongs to another account.
func (s *state) elsewhere(owner *account, tunnel string) bool {
	for a := range s.Accounts.all() {
		if _, ok := a.Tunnels.get(tunnel); ok && a != owner {
			return true
		}
	}
	return false
}

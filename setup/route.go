package setup

import "strings"

// VirtualNetwork is one of the account's separate address spaces. It is only
// read: every account has a default one. Wanted without a name it is the
// default. A Port shows all of them, with their ids.
type VirtualNetwork struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
}

func (VirtualNetwork) Kind() Kind                 { return KindVirtualNetwork }
func (v VirtualNetwork) mapIDs(func(ID) ID) State { return v }
func (v VirtualNetwork) over(State) State         { return v }
func (v VirtualNetwork) occupies() []string {
	var names []string
	if v.Name != "" {
		names = append(names, "name "+v.Name)
	}
	if v.Default {
		names = append(names, "the default")
	}
	return names
}
func (v VirtualNetwork) met(have State) bool {
	h, ok := have.(VirtualNetwork)
	return ok && (v.Name == "" && h.Default || v.Name != "" && h.Name == v.Name)
}

// Route says that a tunnel carries a range of private addresses (CIDR route).
// Ours are single addresses (/32), so that nothing else of the Docker network,
// such as a database, can be reached; or all of the app's own network, where that
// was chosen and agreed to (opensUnasked). A Port shows all routes of the account
// that are not deleted, with the network in canonical form and the Mark out of
// the comment (100 characters; the operator's text before the mark is cut).
type Route struct {
	Network string `json:"network"` // 172.30.250.2/32
	VNet    ID     `json:"vnet"`
	Tunnel  ID     `json:"tunnel"`
	Comment string `json:"comment,omitempty"` // the operator's; written at first, then theirs

	TunnelName string `json:"-"`
	// Takes are the addresses of View.Lookups for which Cloudflare, asked by the
	// Port, takes this route; Leaves are those for which it takes none at all. Where
	// it did not say, an address is in neither.
	Takes  []string `json:"-"`
	Leaves []string `json:"-"`
}

// Lookup is the question which route Cloudflare takes for an address.
type Lookup struct {
	VNet    string // name; empty: the default one
	Address string
}

func (Route) Kind() Kind { return KindRoute }
func (r Route) mapIDs(f func(ID) ID) State {
	r.VNet, r.Tunnel = f(r.VNet), f(r.Tunnel)
	return r
}

// occupies: one route for a prefix in a virtual network; other lengths may
// overlap, and the longest wins.
func (r Route) occupies() []string {
	if r.VNet.Lit == "" {
		return nil
	}
	return []string{"route " + r.VNet.Lit + " " + r.Network}
}
func (r Route) met(have State) bool {
	h, ok := have.(Route)
	r.Comment, h.Comment = "", ""
	return ok && Same(r, h)
}
func (r Route) over(State) State { return r }

// HostnameRoute says that a tunnel carries a private name (hostname route). The
// connector must be of 2025.7.0 or later. A Port shows all of the account that
// are not deleted, with the name as NormalName writes it.
type HostnameRoute struct {
	Hostname string `json:"hostname"`
	Tunnel   ID     `json:"tunnel"`
	Comment  string `json:"comment,omitempty"`

	TunnelName string `json:"-"`
}

func (HostnameRoute) Kind() Kind { return KindHostnameRoute }
func (h HostnameRoute) mapIDs(f func(ID) ID) State {
	h.Tunnel = f(h.Tunnel)
	return h
}
func (h HostnameRoute) occupies() []string { return []string{"hostname " + h.Hostname} }
func (h HostnameRoute) met(have State) bool {
	o, ok := have.(HostnameRoute)
	h.Comment, o.Comment = "", ""
	return ok && Same(h, o)
}
func (h HostnameRoute) over(State) State { return h }

// NormalName writes a name as Cloudflare stores that of a hostname route: small
// letters, no dots at the ends, and a leading "*." dropped, because a route for
// a name takes everything below it as well.
func NormalName(name string) string {
	name = strings.Trim(strings.ToLower(strings.TrimSpace(name)), ".")
	return strings.TrimPrefix(name, "*.")
}

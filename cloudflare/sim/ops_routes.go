package sim

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// cidrRoute says that a tunnel carries a range of private addresses.
type cidrRoute struct {
	ID        string     `json:"id"`
	Network   string     `json:"network"`
	TunnelID  string     `json:"tunnel_id"`
	Comment   string     `json:"comment"`
	VNetID    string     `json:"virtual_network_id"`
	CreatedAt time.Time  `json:"created_at"`
	DeletedAt *time.Time `json:"deleted_at"`
}

// How many routes of both kinds an account can have, and how long the comment of
// one can be.
const (
	maxRoutes       = 1000
	maxRouteComment = 100
)

func cidrRouteRoutes() []route {
	list := "/accounts/{account}/teamnet/routes"
	one, by := list+"/{id}", list+"/network/{cidr}"
	until := cidrPathsEnd()
	return []route{
		{method: "GET", path: list, area: networkArea(), do: listRoutes},
		{method: "POST", path: list, area: networkArea(), do: createRoute},
		{method: "GET", path: one, area: networkArea(), do: getRoute},
		{method: "PATCH", path: one, area: networkArea(), do: editRoute},
		{method: "DELETE", path: one, area: networkArea(), do: deleteRoute},
		{method: "GET", path: list + "/ip/{ip}", area: networkArea(), do: getRouteOfIP},
		{method: "POST", path: by, area: networkArea(), until: until, do: createRouteAt},
		{method: "PATCH", path: by, area: networkArea(), until: until, do: editRouteAt},
		{method: "DELETE", path: by, area: networkArea(), until: until, do: deleteRouteAt},
	}
}

// networkArea opens private networks, as the documentation of their writes says.
func networkArea() area { return area{names: []string{"Cloudflare Tunnel", "Cloudflare One Networks"}} }

var (
	errNoRoute    = refuse(http.StatusNotFound, 1003, "Route not found")
	errRouteTaken = refuse(http.StatusConflict, 1014, "You already have a route defined for this exact IP subnet")
	errManyRoutes = refuse(http.StatusBadRequest, 1007, "You have reached the maximum number of routes")
)

// routeView is a route as lists show it.
type routeView struct {
	*cidrRoute
	TunnelName string `json:"tunnel_name"`
	TunnelType string `json:"tun_type"`
	VNetName   string `json:"virtual_network_name"`
}

func (a *account) routeView(r *cidrRoute) routeView {
	v := routeView{cidrRoute: r, TunnelType: tunnelType}
	if t, ok := a.Tunnels.get(r.TunnelID); ok {
		v.TunnelName = t.Name
	}
	if n, ok := a.VNets.get(r.VNetID); ok {
		v.VNetName = n.Name
	}
	return v
}

func listRoutes(c *call) (answer, error) {
	within, err := c.network("network_subset")
	if err != nil {
		return answer{}, err
	}
	around, err := c.network("network_superset")
	if err != nil {
		return answer{}, err
	}
	var rows []routeView
	for r := range c.account.Routes.all() {
		p := r.prefix()
		if c.wantsRoute(r) && (!within.IsValid() || contains(within, p)) && (!around.IsValid() || contains(p, around)) {
			rows = append(rows, c.account.routeView(r))
		}
	}
	return page(c.query, rows, paging{20, 1, 1000}), nil
}

func (c *call) wantsRoute(r *cidrRoute) bool {
	is := func(field, value string) bool { return !c.query.Has(field) || c.query.Get(field) == value }
	types := strings.Split(c.query.Get("tun_types"), ",")
	return c.wantsDeleted(r.DeletedAt) && c.wantsExisting(r.CreatedAt, r.DeletedAt) && is("tunnel_id", r.TunnelID) &&
		is("virtual_network_id", r.VNetID) && is("comment", r.Comment) && is("route_id", r.ID) &&
		(!c.query.Has("tun_types") || slices.Contains(types, tunnelType))
}

// network reads a range of the query; not valid: it is not there.
func (c *call) network(field string) (netip.Prefix, error) {
	if !c.query.Has(field) {
		return netip.Prefix{}, nil
	}
	return parseNetwork(c.query.Get(field), false)
}

// parseNetwork reads a range. What becomes of address bits behind the prefix was
// not established.
func parseNetwork(text string, strict bool) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, badNetwork("Could not parse input: invalid CIDR address: " + text)
	}
	if strict && p != p.Masked() {
		return p, badNetwork("Could not parse input: " + text + " has host bits set")
	}
	return p.Masked(), nil
}

// contains tells whether the whole of inner lies in outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

func (r *cidrRoute) prefix() netip.Prefix {
	p, err := netip.ParsePrefix(r.Network)
	if err != nil {
		return netip.Prefix{} // a snapshot edited by hand
	}
	return p
}

type routeInput struct {
	Network  *string `json:"network"`
	TunnelID *string `json:"tunnel_id"`
	Comment  *string `json:"comment"`
	VNetID   *string `json:"virtual_network_id"`
}

// saveRoute changes r by what is given and stores it.
func (c *call) saveRoute(r cidrRoute, in routeInput) (answer, error) {
	set(&r.Network, in.Network)
	set(&r.TunnelID, in.TunnelID)
	set(&r.Comment, in.Comment)
	set(&r.VNetID, in.VNetID)
	p, err := parseNetwork(r.Network, c.cloud.o.Unsure.HostBitsRefused)
	if err != nil {
		return answer{}, err
	}
	r.Network = p.String()
	v, err := c.account.liveVNet(r.VNetID)
	if err != nil {
		return answer{}, err
	}
	r.VNetID = v.ID
	if t, ok := c.account.Tunnels.get(r.TunnelID); !ok || t.DeletedAt != nil {
		return answer{}, errNoTunnel
	}
	if err := c.account.checkRoute(r, p); err != nil {
		return answer{}, err
	}
	c.account.Routes.put(r.ID, &r)
	return answer{result: &r}, nil
}

func (a *account) checkRoute(r cidrRoute, p netip.Prefix) error {
	if utf8.RuneCountInString(r.Comment) > maxRouteComment {
		return badNetwork("comment can have at most 100 characters")
	}
	for _, reserved := range a.reserved() {
		if contains(reserved, p) {
			return badNetwork("This route's network is inside an existing subnet's network at \"" + reserved.String() + "\"")
		}
	}
	for other := range a.Routes.all() {
		if other.DeletedAt == nil && other.ID != r.ID && other.VNetID == r.VNetID && other.Network == r.Network {
			return errRouteTaken
		}
	}
	return nil
}

func createRoute(c *call) (answer, error) {
	var in routeInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.newRoute(in)
}

func (c *call) newRoute(in routeInput) (answer, error) {
	if c.account.liveRoutes() >= maxRoutes {
		return answer{}, errManyRoutes
	}
	return c.saveRoute(cidrRoute{ID: c.cloud.ids.uuid(), CreatedAt: c.now}, in)
}

// liveRoutes counts those of both kinds, which have one limit.
func (a *account) liveRoutes() int {
	n := 0
	for r := range a.Routes.all() {
		if r.DeletedAt == nil {
			n++
		}
	}
	for h := range a.HostnameRoutes.all() {
		if h.DeletedAt == nil {
			n++
		}
	}
	return n
}

// liveRoute is the one of the path.
func (c *call) liveRoute() (*cidrRoute, error) {
	if r, ok := c.account.Routes.get(c.id); ok && r.DeletedAt == nil {
		return r, nil
	}
	return nil, errNoRoute
}

// getRoute also shows deleted ones.
func getRoute(c *call) (answer, error) {
	r, ok := c.account.Routes.get(c.id)
	if !ok {
		return answer{}, errNoRoute
	}
	return answer{result: r}, nil
}

func editRoute(c *call) (answer, error) {
	r, err := c.liveRoute()
	if err != nil {
		return answer{}, err
	}
	var in routeInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return c.saveRoute(*r, in)
}

func deleteRoute(c *call) (answer, error) {
	r, err := c.liveRoute()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.account.dropRoute(r, c.now)}, nil
}

func (a *account) dropRoute(r *cidrRoute, now time.Time) *cidrRoute {
	gone := *r
	gone.DeletedAt = &now
	a.Routes.put(r.ID, &gone)
	forgetOldest(&a.Routes, func(r *cidrRoute) (string, *time.Time) { return r.ID, r.DeletedAt })
	return &gone
}

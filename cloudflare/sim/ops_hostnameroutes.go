package sim

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// hostnameRoute says that a tunnel carries a private name, and every name below
// it.
type hostnameRoute struct {
	ID        string     `json:"id"`
	Hostname  string     `json:"hostname"`
	TunnelID  string     `json:"tunnel_id"`
	Comment   string     `json:"comment"`
	CreatedAt time.Time  `json:"created_at"`
	DeletedAt *time.Time `json:"deleted_at"`
}

func hostnameRouteRoutes() []route {
	list, one := "/accounts/{account}/zerotrust/routes/hostname", "/accounts/{account}/zerotrust/routes/hostname/{id}"
	return []route{
		{method: "GET", path: list, area: networkArea(), do: listHostnameRoutes},
		{method: "POST", path: list, area: networkArea(), do: createHostnameRoute},
		{method: "GET", path: one, area: networkArea(), do: getHostnameRoute},
		{method: "PATCH", path: one, area: networkArea(), do: editHostnameRoute},
		{method: "DELETE", path: one, area: networkArea(), do: deleteHostnameRoute},
	}
}

var errNoHostnameRoute = refuse(http.StatusNotFound, 1003, "Hostname route not found")

// errHostnameTaken has the code of the same refusal for ranges; its own was not
// established.
func (u Unsure) errHostnameTaken() error {
	status := http.StatusConflict
	if u.HostnameTakenIs400 {
		status = http.StatusBadRequest
	}
	return refuse(status, 1014, "You already have a route defined for this exact hostname")
}

type hostnameRouteView struct {
	*hostnameRoute
	TunnelName string `json:"tunnel_name"`
	TunnelType string `json:"tun_type"`
}

func (a *account) hostnameRouteView(h *hostnameRoute) hostnameRouteView {
	v := hostnameRouteView{hostnameRoute: h, TunnelType: tunnelType}
	if t, ok := a.Tunnels.get(h.TunnelID); ok {
		v.TunnelName = t.Name
	}
	return v
}

func listHostnameRoutes(c *call) (answer, error) {
	var rows []hostnameRouteView
	for h := range c.account.HostnameRoutes.all() {
		if c.wantsHostnameRoute(h) {
			rows = append(rows, c.account.hostnameRouteView(h))
		}
	}
	return page(c.query, rows, paging{20, 1, 1000}), nil
}

// wantsHostnameRoute finds by a part of the hostname, and by the whole of the
// other fields.
func (c *call) wantsHostnameRoute(h *hostnameRoute) bool {
	is := func(field, value string) bool { return !c.query.Has(field) || c.query.Get(field) == value }
	return c.wantsDeleted(h.DeletedAt) && c.wantsExisting(h.CreatedAt, h.DeletedAt) && is("id", h.ID) &&
		is("tunnel_id", h.TunnelID) && is("comment", h.Comment) &&
		strings.Contains(h.Hostname, strings.ToLower(c.query.Get("hostname")))
}

// storedName is a route's hostname as it is stored: a wildcard is dropped,
// because a route for a name takes everything below it as well, and so are dots
// at the ends.
func storedName(text string) (string, error) {
	name := strings.Trim(strings.ToLower(text), ".")
	name = strings.TrimPrefix(name, "*.")
	switch {
	case len(name) >= 255:
		return "", badNetwork("hostname must have fewer than 255 characters")
	case name == "" || strings.Contains(name, "*") || strings.ContainsAny(name, "/: @") || strings.Contains(name, ".."):
		return "", badNetwork("invalid hostname: " + text)
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > 63 {
			return "", badNetwork("invalid hostname: " + text)
		}
	}
	return name, nil
}

type hostnameRouteInput struct {
	Hostname *string `json:"hostname"`
	TunnelID *string `json:"tunnel_id"`
	Comment  *string `json:"comment"`
}

func (c *call) saveHostnameRoute(h hostnameRoute) (answer, error) {
	var in hostnameRouteInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	set(&h.Hostname, in.Hostname)
	set(&h.TunnelID, in.TunnelID)
	set(&h.Comment, in.Comment)
	var err error
	if h.Hostname, err = storedName(h.Hostname); err != nil {
		return answer{}, err
	}
	if utf8.RuneCountInString(h.Comment) > maxRouteComment {
		return answer{}, badNetwork("comment can have at most 100 characters")
	}
	if t, ok := c.account.Tunnels.get(h.TunnelID); !ok || t.DeletedAt != nil {
		return answer{}, errNoTunnel
	}
	if other := c.account.hostnameRouteFor(h.Hostname); other != nil && other.ID != h.ID && other.Hostname == h.Hostname {
		return answer{}, c.cloud.o.Unsure.errHostnameTaken()
	}
	c.account.HostnameRoutes.put(h.ID, &h)
	return answer{result: c.account.hostnameRouteView(&h)}, nil
}

// hostnameRouteFor is the route that carries a name: the one with the longest
// name that is it or above it.
func (a *account) hostnameRouteFor(name string) *hostnameRoute {
	var best *hostnameRoute
	for h := range a.HostnameRoutes.all() {
		if h.DeletedAt == nil && below(name, h.Hostname) && (best == nil || len(h.Hostname) > len(best.Hostname)) {
			best = h
		}
	}
	return best
}

// below tells whether a name is another, or lies below it.
func below(name, parent string) bool { return name == parent || strings.HasSuffix(name, "."+parent) }

func createHostnameRoute(c *call) (answer, error) {
	if c.account.liveRoutes() >= maxRoutes {
		return answer{}, errManyRoutes
	}
	return c.saveHostnameRoute(hostnameRoute{ID: c.cloud.ids.uuid(), CreatedAt: c.now})
}

func (c *call) liveHostnameRoute() (*hostnameRoute, error) {
	if h, ok := c.account.HostnameRoutes.get(c.id); ok && h.DeletedAt == nil {
		return h, nil
	}
	return nil, errNoHostnameRoute
}

// getHostnameRoute also shows deleted ones.
func getHostnameRoute(c *call) (answer, error) {
	h, ok := c.account.HostnameRoutes.get(c.id)
	if !ok {
		return answer{}, errNoHostnameRoute
	}
	return answer{result: c.account.hostnameRouteView(h)}, nil
}

func editHostnameRoute(c *call) (answer, error) {
	h, err := c.liveHostnameRoute()
	if err != nil {
		return answer{}, err
	}
	return c.saveHostnameRoute(*h)
}

func deleteHostnameRoute(c *call) (answer, error) {
	h, err := c.liveHostnameRoute()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.account.hostnameRouteView(c.account.dropHostnameRoute(h, c.now))}, nil
}

func (a *account) dropHostnameRoute(h *hostnameRoute, now time.Time) *hostnameRoute {
	gone := *h
	gone.DeletedAt = &now
	a.HostnameRoutes.put(h.ID, &gone)
	forgetOldest(&a.HostnameRoutes, func(h *hostnameRoute) (string, *time.Time) { return h.ID, h.DeletedAt })
	return &gone
}

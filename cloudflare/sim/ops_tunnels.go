package sim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

type tunnel struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Secret     string     `json:"secret"` // base64
	Source     string     `json:"config_src"`
	CreatedAt  time.Time  `json:"created_at"`
	DeletedAt  *time.Time `json:"deleted_at"`
	ActiveAt   *time.Time `json:"conns_active_at"`
	InactiveAt *time.Time `json:"conns_inactive_at"`

	Config   json.RawMessage `json:"config,omitempty"`
	Version  int             `json:"version"` // 0: never configured
	ConfigAt time.Time       `json:"config_at"`
}

func tunnelRoutes() []route {
	list, one := "/accounts/{account}/cfd_tunnel", "/accounts/{account}/cfd_tunnel/{id}"
	return []route{
		{method: "GET", path: list, area: tunnelArea(), do: listTunnels},
		{method: "POST", path: list, area: tunnelArea(), do: createTunnel},
		{method: "GET", path: one, area: tunnelArea(), do: getTunnel},
		{method: "PATCH", path: one, area: tunnelArea(), do: editTunnel},
		{method: "DELETE", path: one, area: tunnelArea(), do: deleteTunnel},
		{method: "GET", path: one + "/token", area: tunnelTokenArea(), do: getTunnelToken},
		{method: "GET", path: one + "/connections", area: tunnelArea(), do: listConnections},
		{method: "DELETE", path: one + "/connections", area: tunnelArea(), do: dropConnections},
		{method: "GET", path: one + "/connectors/{client}", area: tunnelArea(), do: getConnector},
		{method: "POST", path: one + "/management", area: tunnelArea(), do: newManagementToken},
		{method: "GET", path: "/accounts/{account}/tunnels", area: tunnelArea(), do: listTunnelsOfTypes},
	}
}

type tunnelView struct {
	ID           string       `json:"id"`
	AccountTag   string       `json:"account_tag"`
	CreatedAt    time.Time    `json:"created_at"`
	DeletedAt    *time.Time   `json:"deleted_at"`
	Name         string       `json:"name"`
	Connections  []connView   `json:"connections"` // deprecated: empty, see /connections
	ActiveAt     *time.Time   `json:"conns_active_at"`
	InactiveAt   *time.Time   `json:"conns_inactive_at"`
	Type         string       `json:"tun_type"`
	Metadata     struct{}     `json:"metadata"`
	Status       string       `json:"status"`
	RemoteConfig bool         `json:"remote_config"`
	Source       string       `json:"config_src"`
	Credentials  *credentials `json:"credentials_file,omitempty"`
	Token        string       `json:"token,omitempty"`
}

type credentials struct {
	AccountTag, TunnelID, TunnelName, TunnelSecret string
}

func (c *call) tunnelView(t *tunnel) tunnelView {
	v := tunnelView{ID: t.ID, AccountTag: c.account.ID, CreatedAt: t.CreatedAt, DeletedAt: t.DeletedAt,
		Name: t.Name, Connections: []connView{}, ActiveAt: t.ActiveAt, InactiveAt: t.InactiveAt,
		Type: tunnelType, Status: c.cloud.status(t), RemoteConfig: t.remote(), Source: t.Source}
	if c.cloud.o.Unsure.ConnectionsInTunnels {
		for _, client := range c.cloud.live.clients(t.ID) {
			v.Connections = append(v.Connections, client.Conns...)
		}
	}
	return v
}

// tunnelType of the tunnels that cloudflared runs. The simulator has no others.
const tunnelType = "cfd_tunnel"

func (t *tunnel) remote() bool { return t.Source == "cloudflare" }

func (t *tunnel) token(account string) string {
	secret, err := base64.StdEncoding.DecodeString(t.Secret)
	if err != nil {
		return "" // only a snapshot edited by hand can hold such a secret
	}
	return tunnelproto.Token{AccountTag: account, TunnelID: t.ID, Secret: secret}.Encode()
}

// status follows the connectors and says nothing about what lies behind them.
func (c *Cloud) status(t *tunnel) string {
	switch open := len(c.live.conns[t.ID]); {
	case open >= usualConnections:
		return "healthy"
	case open > 0:
		return "degraded"
	case t.ActiveAt != nil:
		return "down"
	default:
		return "inactive"
	}
}

func listTunnels(c *call) (answer, error) {
	var rows []*tunnel
	for t := range c.account.Tunnels.all() {
		if c.wantsTunnel(t) {
			rows = append(rows, t)
		}
	}
	sortedNewestFirst(rows, func(t *tunnel) (time.Time, string) { return t.CreatedAt, t.ID })
	views := make([]tunnelView, len(rows))
	for i, t := range rows {
		views[i] = c.tunnelView(t)
	}
	return page(c.query, views, paging{20, 1, 1000}), nil
}

// wantsTunnel applies the filters of the list.
func (c *call) wantsTunnel(t *tunnel) bool {
	q := c.query
	if !c.wantsDeleted(t.DeletedAt) || !c.wantsExisting(t.CreatedAt, t.DeletedAt) {
		return false
	}
	if at, err := time.Parse(time.RFC3339, q.Get("was_active_at")); err == nil && !t.activeAt(at) {
		return false
	}
	if at, err := time.Parse(time.RFC3339, q.Get("was_inactive_at")); err == nil && (t.activeAt(at) || t.CreatedAt.After(at)) {
		return false
	}
	return (!q.Has("name") || q.Get("name") == t.Name) &&
		(!q.Has("uuid") || q.Get("uuid") == t.ID) &&
		(!q.Has("status") || q.Get("status") == c.cloud.status(t)) &&
		strings.HasPrefix(t.Name, q.Get("include_prefix")) &&
		(q.Get("exclude_prefix") == "" || !strings.HasPrefix(t.Name, q.Get("exclude_prefix")))
}

// activeAt tells whether a tunnel had connections at a time, as far as the last
// two changes of it tell.
func (t *tunnel) activeAt(at time.Time) bool {
	return t.ActiveAt != nil && !t.ActiveAt.After(at) && (t.InactiveAt == nil || t.InactiveAt.After(at))
}

// listTunnelsOfTypes lists tunnels of every type, or of those asked for.
func listTunnelsOfTypes(c *call) (answer, error) {
	types := strings.Split(c.query.Get("tun_types"), ",")
	if c.query.Has("tun_types") && !slices.Contains(types, tunnelType) {
		return page(c.query, []tunnelView{}, paging{20, 1, 1000}), nil
	}
	return listTunnels(c)
}

type tunnelInput struct {
	Name   *string `json:"name"`
	Secret *string `json:"tunnel_secret"`
	Source string  `json:"config_src"`
}

// check refuses a name that is empty or taken by a live tunnel other than id,
// and a secret that is too short.
func (in tunnelInput) check(a *account, id string) error {
	if in.Name != nil {
		if *in.Name == "" {
			return refuse(http.StatusBadRequest, 1002, "tunnel name cannot be empty")
		}
		for t := range a.Tunnels.all() {
			if t.Name == *in.Name && t.DeletedAt == nil && t.ID != id {
				return refuse(http.StatusConflict, 1013, "You already have a tunnel with this name. "+
					"Delete the existing tunnel, or choose a different name for your new tunnel")
			}
		}
	}
	if in.Secret != nil {
		if b, err := base64.StdEncoding.DecodeString(*in.Secret); err != nil || len(b) < 32 {
			return refuse(http.StatusBadRequest, 1004, "tunnel_secret must be at least 32 bytes, encoded as base64")
		}
	}
	return nil
}

func createTunnel(c *call) (answer, error) {
	var in tunnelInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Name == nil {
		in.Name = new(string)
	}
	if in.Source == "" {
		in.Source = "local"
	}
	if err := in.check(c.account, ""); err != nil {
		return answer{}, err
	}
	if c.account.liveTunnels() >= maxTunnels {
		return answer{}, refuse(http.StatusBadRequest, 1007, "You have reached the maximum number of tunnels") // neither code nor text was established
	}
	t := &tunnel{ID: c.cloud.ids.uuid(), Name: *in.Name, Source: in.Source, CreatedAt: c.now,
		InactiveAt: &c.now, Secret: c.cloud.ids.secret()}
	if in.Secret != nil {
		t.Secret = *in.Secret
	}
	c.account.Tunnels.put(t.ID, t)
	view := c.tunnelView(t)
	view.Token = t.token(c.account.ID)
	view.Credentials = &credentials{c.account.ID, t.ID, t.Name, t.Secret}
	return answer{result: view}, nil
}

var errNoTunnel = refuse(http.StatusNotFound, 1003, "Tunnel not found")

// tunnel is the one in the path, alive.
func (c *call) tunnel() (*tunnel, error) {
	if t, ok := c.account.Tunnels.get(c.id); ok && t.DeletedAt == nil {
		return t, nil
	}
	return nil, errNoTunnel
}

// getTunnel also shows deleted ones, with deleted_at.
func getTunnel(c *call) (answer, error) {
	t, ok := c.account.Tunnels.get(c.id)
	if !ok {
		return answer{}, errNoTunnel
	}
	return answer{result: c.tunnelView(t)}, nil
}

func editTunnel(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	var in tunnelInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := in.check(c.account, t.ID); err != nil {
		return answer{}, err
	}
	if in.Name != nil {
		t.Name = *in.Name
	}
	if in.Secret != nil {
		t.Secret = *in.Secret // connections that are up stay up
	}
	return answer{result: c.tunnelView(t)}, nil
}

// maxTunnels is how many an account can have.
const maxTunnels = 1000

func (a *account) liveTunnels() int {
	n := 0
	for t := range a.Tunnels.all() {
		if t.DeletedAt == nil {
			n++
		}
	}
	return n
}

func deleteTunnel(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	cascade, _ := c.flag("cascade")
	switch {
	case cascade:
		c.account.dropRoutesOf(t, c.now)
	case len(c.cloud.live.conns[t.ID]) > 0:
		return answer{}, refuse(http.StatusBadRequest, 1022, "Cannot delete tunnel because it has active connections")
	case c.account.leadsTo(t) && !c.cloud.o.Unsure.RoutesOutliveTunnel: // neither code nor text was established
		return answer{}, refuse(http.StatusBadRequest, 1022, "Cannot delete tunnel because it has routes")
	}
	t.DeletedAt = &c.now
	c.closeAfter(c.cloud.live.of(t.ID, ""))
	forgetOldest(&c.account.Tunnels, func(t *tunnel) (string, *time.Time) { return t.ID, t.DeletedAt })
	return answer{result: c.tunnelView(t)}, nil
}

// leadsTo tells whether a route of either kind leads to a tunnel.
func (a *account) leadsTo(t *tunnel) bool {
	for r := range a.Routes.all() {
		if r.TunnelID == t.ID && r.DeletedAt == nil {
			return true
		}
	}
	for h := range a.HostnameRoutes.all() {
		if h.TunnelID == t.ID && h.DeletedAt == nil {
			return true
		}
	}
	return false
}

func (a *account) dropRoutesOf(t *tunnel, now time.Time) {
	for _, r := range slices.Collect(a.Routes.all()) {
		if r.TunnelID == t.ID && r.DeletedAt == nil {
			a.dropRoute(r, now)
		}
	}
	for _, h := range slices.Collect(a.HostnameRoutes.all()) {
		if h.TunnelID == t.ID && h.DeletedAt == nil {
			a.dropHostnameRoute(h, now)
		}
	}
}

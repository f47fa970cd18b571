package sim

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// connector is the far end of one tunnel connection: a cloudflared, or one
// that Attach made.
type connector interface {
	Private
	RoundTrip(*http.Request) (*http.Response, error)
	PushConfig(ctx context.Context, version int, config json.RawMessage) (applied int, err error)
	Protocol() tunnelproto.Protocol
	Close() error
	Done() <-chan struct{}
}

const (
	usualConnections = 4  // that one connector keeps
	maxReplicas      = 25 // of one tunnel (Cloudflare docs, account limits)
)

// live is the connections that are up. It is guarded by Cloud.mu.
type live struct {
	conns map[string][]*connection // by tunnel
}

// connection is one of the (usually four) connections of a replica.
type connection struct {
	connector
	id       string
	index    uint8
	tunnelID string
	replica  *replica
	colo     string
	origin   string // the address the connector dialled from
	openedAt time.Time
	news     chan struct{} // holds one token: there may be a newer configuration
	ending   bool          // it is the simulator that ends it; guarded by Cloud.mu
}

// over says whether the connector is gone.
func (c *connection) over() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// replica is one connector process; all its connections share it.
type replica struct {
	id, version, arch string
	features          []string
	runAt             time.Time

	pushing sync.Mutex // one push at a time; taken before Cloud.mu
	applied int        // guarded by Cloud.mu
}

// admit decides about a registration.
func (c *Cloud) admit(reg tunnelproto.Registration) (tunnelproto.Details, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	t, err := c.state.authentic(reg)
	if err != nil {
		return tunnelproto.Details{}, err
	}
	if !c.live.fits(reg) {
		return tunnelproto.Details{}, &tunnelproto.RegisterError{Retry: true,
			Cause: fmt.Sprintf("the tunnel has %d connectors, and there can be no more", maxReplicas)}
	}
	return tunnelproto.Details{ConnectionID: c.ids.uuid(), Location: colo(reg.ConnIndex), RemotelyManaged: t.remote()}, nil
}

// unauthorized is worded so that cloudflared says it and tries again.
func unauthorized(why string) error {
	return &tunnelproto.RegisterError{Cause: "Unauthorized: " + why, Retry: true}
}

func (s *state) authentic(reg tunnelproto.Registration) (*tunnel, error) {
	a, ok := s.Accounts.get(reg.AccountTag)
	if !ok {
		return nil, unauthorized("Account not found")
	}
	t, ok := a.Tunnels.get(reg.TunnelID)
	if !ok || t.DeletedAt != nil {
		return nil, unauthorized("Tunnel not found")
	}
	secret, err := base64.StdEncoding.DecodeString(t.Secret)
	if err != nil || subtle.ConstantTimeCompare(secret, reg.Secret) != 1 {
		return nil, unauthorized("Invalid tunnel secret")
	}
	return t, nil
}

// colo spreads the connections of a connector over two data centres.
func colo(index uint8) string {
	return []string{"lis01", "mad05", "lis02", "mad06"}[index%4]
}

// join adds a registered connection; it lasts until its connector is done.
// An older one with the same client and index gives way.
func (c *Cloud) join(reg tunnelproto.Registration, id, origin string, link connector) {
	conn := &connection{connector: link, id: id, index: reg.ConnIndex, tunnelID: reg.TunnelID,
		colo: colo(reg.ConnIndex), origin: origin, openedAt: c.now(), news: make(chan struct{}, 1)}
	c.mu.Lock()
	t, err := c.state.authentic(reg) // it may have been deleted meanwhile
	if err != nil || c.ctx.Err() != nil {
		c.mu.Unlock()
		closeAll([]*connection{conn})
		return
	}
	before := c.status(t)
	replaced := c.live.seat(conn, reg)
	if t.ActiveAt == nil || t.InactiveAt != nil {
		t.ActiveAt, t.InactiveAt = &conn.openedAt, nil
	}
	if a, ok := c.state.Accounts.get(reg.AccountTag); ok {
		c.health(a, t, before)
	}
	c.work.Go(func() { c.follow(conn) })
	c.mu.Unlock()
	closeAll(replaced)
	c.changed()
}

func (l *live) seat(conn *connection, reg tunnelproto.Registration) (replaced []*connection) {
	if l.conns == nil {
		l.conns = map[string][]*connection{}
	}
	for _, other := range l.conns[reg.TunnelID] {
		if other.replica.id == reg.ClientID {
			conn.replica = other.replica
			if other.index == reg.ConnIndex {
				replaced = append(replaced, other)
			}
		}
	}
	if conn.replica == nil {
		conn.replica = &replica{id: reg.ClientID, version: reg.Version, arch: reg.Arch,
			features: reg.Features, runAt: conn.openedAt}
	}
	conn.news <- struct{}{}
	l.conns[reg.TunnelID] = append(l.conns[reg.TunnelID], conn)
	return replaced
}

// fits tells whether a tunnel may have the replica that registers.
func (l *live) fits(reg tunnelproto.Registration) bool {
	replicas := map[string]bool{reg.ClientID: true}
	for _, conn := range l.conns[reg.TunnelID] {
		replicas[conn.replica.id] = true
	}
	return len(replicas) <= maxReplicas
}

// follow keeps the connector's configuration current until it is gone.
func (c *Cloud) follow(conn *connection) {
	defer c.leave(conn)
	var later <-chan time.Time
	for {
		select {
		case <-conn.Done():
			return
		case <-conn.news:
		case <-later:
			c.arrive()
		}
		c.push(conn)
		later = c.nextConfig(conn.tunnelID)
	}
}

// nextConfig tells when a configuration arrives that is on its way to the edge.
func (c *Cloud) nextConfig(tunnel string) <-chan time.Time {
	if c.spread == nil {
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if wait := c.spread.until(tunnel, c.now()); wait > 0 {
		return time.After(wait)
	}
	return nil
}

// push sends the newest configuration, unless another connection of the same
// replica already did.
func (c *Cloud) push(conn *connection) {
	conn.replica.pushing.Lock()
	defer conn.replica.pushing.Unlock()
	version, config := c.newest(conn)
	if version == 0 {
		return
	}
	applied, err := conn.PushConfig(c.ctx, version, config)
	if err != nil {
		c.log.Warn("the connector did not take its configuration", "tunnel", conn.tunnelID, "version", version, "err", err)
		return
	}
	c.mu.Lock()
	conn.replica.applied = applied
	c.mu.Unlock()
}

// newest is the configuration that a replica lacks; version 0 if none.
func (c *Cloud) newest(conn *connection) (int, json.RawMessage) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for a := range c.state.Accounts.all() {
		t, ok := a.Tunnels.get(conn.tunnelID)
		if !ok || !t.remote() {
			continue
		}
		if at := c.spread.configOf(t); at.version > conn.replica.applied {
			return at.version, at.config
		}
	}
	return 0, nil
}

func (c *Cloud) leave(conn *connection) {
	now := c.now()
	c.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(c.live.conns[conn.tunnelID]), func(x *connection) bool { return x == conn })
	for a := range c.state.Accounts.all() {
		if t, ok := a.Tunnels.get(conn.tunnelID); ok {
			before := c.status(t)
			c.live.conns[conn.tunnelID] = rest
			if len(rest) == 0 {
				t.InactiveAt = &now
			}
			if !conn.ending {
				c.health(a, t, before)
			}
		}
	}
	if c.live.conns[conn.tunnelID] = rest; len(rest) == 0 {
		delete(c.live.conns, conn.tunnelID)
	}
	c.mu.Unlock()
	c.changed()
}

// wake tells the connectors of a tunnel that its configuration changed.
func (l *live) wake(tunnel string) {
	for _, conn := range l.conns[tunnel] {
		select {
		case conn.news <- struct{}{}:
		default: // it is already told
		}
	}
}

// of is the connections of a tunnel, of one client if given.
func (l *live) of(tunnel, client string) []*connection {
	var found []*connection
	for _, conn := range l.conns[tunnel] {
		if client == "" || conn.replica.id == client {
			found = append(found, conn)
		}
	}
	return found
}

func (l *live) all() []*connection {
	var found []*connection
	for _, conns := range l.conns {
		found = append(found, conns...)
	}
	return found
}

// strangers are the connections that a state does not admit.
func (l *live) strangers(s *state) []*connection {
	var found []*connection
	for _, conn := range l.all() {
		known := false
		for a := range s.Accounts.all() {
			t, ok := a.Tunnels.get(conn.tunnelID)
			known = known || ok && t.DeletedAt == nil
		}
		if !known {
			found = append(found, conn)
		}
	}
	return found
}

func closeAll(conns []*connection) {
	for _, conn := range conns {
		conn.Close() // it is gone either way; Done tells follow
	}
}

type clientView struct {
	ID            string     `json:"id"`
	Features      []string   `json:"features"`
	Version       string     `json:"version"`
	Arch          string     `json:"arch"`
	RunAt         time.Time  `json:"run_at"`
	ConfigVersion int        `json:"config_version"`
	Conns         []connView `json:"conns"`
}

type connView struct {
	ID               string    `json:"id"`
	UUID             string    `json:"uuid"`
	ColoName         string    `json:"colo_name"`
	PendingReconnect bool      `json:"is_pending_reconnect"`
	OriginIP         string    `json:"origin_ip"`
	OpenedAt         time.Time `json:"opened_at"`
	ClientID         string    `json:"client_id"`
	ClientVersion    string    `json:"client_version"`
}

// clients is the connectors of a tunnel with their connections.
func (l *live) clients(tunnel string) []clientView {
	views := []clientView{}
	for _, conn := range l.conns[tunnel] {
		r := conn.replica
		at := slices.IndexFunc(views, func(v clientView) bool { return v.ID == r.id })
		if at < 0 {
			at = len(views)
			views = append(views, clientView{ID: r.id, Features: orEmpty(r.features), Version: r.version,
				Arch: r.arch, RunAt: r.runAt, ConfigVersion: r.applied})
		}
		views[at].Conns = append(views[at].Conns, connView{ID: conn.id, UUID: conn.id, ColoName: conn.colo,
			OriginIP: conn.origin, OpenedAt: conn.openedAt, ClientID: r.id, ClientVersion: r.version})
	}
	slices.SortFunc(views, func(a, b clientView) int { return cmp.Compare(a.ID, b.ID) })
	return views
}

// firstHostnameRoutes is the first cloudflared that carries routes by name
// ("Connect a private hostname").
const firstHostnameRoutes = "2025.7.0"

// oldest is the version of a tunnel's oldest connector; empty without any.
func (l *live) oldest(tunnel string) (version string) {
	for _, conn := range l.conns[tunnel] {
		if version == "" || versionBefore(conn.replica.version, version) {
			version = conn.replica.version
		}
	}
	return version
}

// versionBefore compares versions such as 2025.7.0. One that is none is not
// before any.
func versionBefore(a, b string) bool {
	numbers := func(v string) (list []int, ok bool) {
		for part := range strings.SplitSeq(v, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, false
			}
			list = append(list, n)
		}
		return list, true
	}
	x, ok := numbers(a)
	y, ok2 := numbers(b)
	return ok && ok2 && slices.Compare(x, y) < 0
}

package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/takeback"
)

// state is everything that survives a restart. Connectors, rate limits,
// faults and the request log are of the process and are not in it.
type state struct {
	Seed     uint64         `json:"seed"`
	Issued   uint64         `json:"issued"`
	Tokens   table[token]   `json:"tokens"` // by the token itself
	Accounts table[account] `json:"accounts"`
	Zones    table[zone]    `json:"zones"`
	// Broken is what breakages did that were not mended, by their ids.
	Broken map[string][]takeback.Edit `json:"broken,omitempty"`

	zoneNamed map[string]*zone // index, rebuilt by reindex
}

type account struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	CreatedOn     time.Time           `json:"created_on"`
	Org           *organization       `json:"org"` // nil: Zero Trust was never onboarded
	Tunnels       table[tunnel]       `json:"tunnels"`
	Apps          table[app]          `json:"apps"`
	Policies      table[policy]       `json:"policies"`
	IDPs          table[identity]     `json:"idps"`
	Tags          table[tag]          `json:"tags"`
	Groups        table[group]        `json:"groups"`
	ServiceTokens table[serviceToken] `json:"service_tokens"`
	Key           string              `json:"session_key"` // signs Access sessions

	VNets          table[vnet]          `json:"virtual_networks"`
	Routes         table[cidrRoute]     `json:"routes"`
	HostnameRoutes table[hostnameRoute] `json:"hostname_routes"`
	Subnets        table[subnet]        `json:"subnets"`
	Devices        settings             `json:"device_settings,omitempty"`
	Connectivity   settings             `json:"connectivity_settings,omitempty"`
	GatewayTag     string               `json:"gateway_tag,omitempty"` // empty: no Gateway account
	Gateway        *gatewayConfig       `json:"gateway,omitempty"`     // nil: as in a new account
	Locations      table[location]      `json:"locations"`
	Profile        *profile             `json:"device_profile"` // the default one
	Profiles       table[profile]       `json:"device_profiles"`

	PhysicalDevices table[device]       `json:"physical_devices"`
	Registrations   table[registration] `json:"registrations"`
	Logins          *logbook            `json:"logins"`
	Audit           []auditEntry        `json:"audit,omitempty"`   // oldest first
	Audited         uint64              `json:"audited,omitempty"` // how many there were
	DEXTests        table[dexTest]      `json:"dex_tests"`
	Alerts          table[alert]        `json:"alerts"`
	Mails           []Mail              `json:"mails,omitempty"` // oldest first

	// Revoked is up to which serial sessions are over, by what they have in
	// common (see revoke).
	Revoked map[string]uint64 `json:"revoked,omitempty"`

	doors doors
}

// complete gives an account what every account has. One from an older snapshot
// lacks some of it.
func (a *account) complete(c *Cloud) {
	if a.defaultVNet() == nil {
		a.addDefaultVNet(&c.ids, c.now())
	}
	if a.Subnets.len() == 0 {
		a.addSubnets(&c.ids, c.o.ResolvedRange, c.now())
	}
	if a.Logins == nil {
		a.Logins = &logbook{}
	}
	if a.Profile == nil {
		a.addDefaultProfile(&c.ids)
	}
	if a.Org != nil {
		c.openGateway(a, c.now())
	}
}

// reindex rebuilds what is derived from the rest.
func (s *state) reindex(u Unsure) {
	s.zoneNamed = map[string]*zone{}
	for z := range s.Zones.all() {
		s.zoneNamed[z.Name] = z
		z.index()
	}
	for a := range s.Accounts.all() {
		a.doors = doors{}
		for app := range a.Apps.all() {
			app.compile(u)
			a.doors.add(app)
		}
	}
}

// zoneOf is the zone that a name lies in: the longest one that is its suffix.
func (s *state) zoneOf(host string) *zone {
	for name := host; name != ""; {
		if z, ok := s.zoneNamed[name]; ok {
			return z
		}
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			return nil
		}
		name = rest
	}
	return nil
}

// team is the account whose Access login pages answer on this host.
func (s *state) team(host string) *account {
	for a := range s.Accounts.all() {
		if a.Org != nil && a.Org.AuthDomain == host {
			return a
		}
	}
	return nil
}

// Snapshot is the whole account state as JSON, secrets included.
func (c *Cloud) Snapshot() ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.state
	s.Seed, s.Issued = c.ids.seed.Load(), c.ids.issued.Load()
	b, err := json.Marshal(&s)
	if err != nil {
		return nil, fmt.Errorf("write the simulator's state: %w", err)
	}
	return b, nil
}

// Restore puts a snapshot in the place of what is there. Connectors whose
// tunnel is in it stay; others are disconnected. It is no change to announce.
func (c *Cloud) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read the simulator's state: %w", err)
	}
	c.mu.Lock()
	c.ids.seed.Store(s.Seed)
	c.ids.issued.Store(max(s.Issued, c.ids.issued.Load()))
	lost := c.replace(s)
	c.mu.Unlock()
	closeAll(lost)
	return nil
}

// replace works under the lock. It gives the connections whose tunnel is not in
// the new state.
func (c *Cloud) replace(s state) []*connection {
	s.reindex(c.o.Unsure)
	for a := range s.Accounts.all() {
		a.complete(c)
	}
	c.state = s
	c.spread.restart(&c.state, c.now())
	return c.live.strangers(&s)
}

// sortedNewestFirst is the order of lists that Cloudflare sorts by age.
func sortedNewestFirst[T any](rows []*T, born func(*T) (time.Time, string)) {
	slices.SortFunc(rows, func(x, y *T) int {
		bx, idx := born(x)
		by, idy := born(y)
		if c := by.Compare(bx); c != 0 {
			return c
		}
		return strings.Compare(idx, idy)
	})
}

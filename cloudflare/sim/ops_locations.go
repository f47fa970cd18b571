package sim

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/netip"
	"time"
)

// location is a place whose DNS queries Gateway answers.
type location struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Default   bool        `json:"client_default"`
	Subdomain string      `json:"doh_subdomain"`
	IP        string      `json:"ip"` // IPv6, of its own
	PairID    string      `json:"dns_destination_ips_id"`
	ECS       bool        `json:"ecs_support"`
	Endpoints endpoints   `json:"endpoints"`
	Networks  []ipNetwork `json:"networks"`
	MaxTTL    maxTTL      `json:"max_ttl"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

type ipNetwork struct {
	Network string `json:"network"`
}

type endpoints struct {
	DOH  dohEndpoint  `json:"doh"`
	DOT  endpoint     `json:"dot"`
	IPv4 ipv4Endpoint `json:"ipv4"`
	IPv6 endpoint     `json:"ipv6"`
}

type ipv4Endpoint struct {
	Enabled bool `json:"enabled"`
}

type endpoint struct {
	Enabled  bool        `json:"enabled"`
	Networks []ipNetwork `json:"networks"`
}

type dohEndpoint struct {
	endpoint
	RequireToken bool `json:"require_token"`
}

type maxTTL struct {
	Mode string `json:"mode"`
	Secs *int   `json:"ttl_secs,omitempty"`
}

// The pair of IPv4 addresses that locations share by default, by the official
// client's own description.
const (
	sharedPair   = "0e4a32c6-6fb8-4858-9296-98f51631e8e6"
	sharedFirst  = "172.64.36.1"
	sharedSecond = "172.64.36.2"
)

// How many locations an account can have, and how wide their networks can be.
const (
	maxLocations = 250
	widestSource = 24
)

func gatewayRoutes() []route {
	list, one := "/accounts/{account}/gateway/locations", "/accounts/{account}/gateway/locations/{location}"
	return []route{
		{method: "GET", path: "/accounts/{account}/gateway", area: zeroTrustArea(), do: getGateway},
		{method: "POST", path: "/accounts/{account}/gateway", area: zeroTrustArea(), do: createGateway},
		{method: "GET", path: list, area: locationArea(), do: listLocations},
		{method: "POST", path: list, area: locationArea(), do: createLocation},
		{method: "GET", path: one, area: locationArea(), do: getLocation},
		{method: "PUT", path: one, area: locationArea(), do: putLocation},
		{method: "DELETE", path: one, area: locationArea(), do: deleteLocation},
	}
}

func locationArea() area {
	return area{names: []string{"Zero Trust", "Cloudflare Zero Trust Secure DNS Locations"}}
}

// The codes of Gateway's refusals were not established.
func badLocation(text string) error { return refuse(http.StatusBadRequest, 1004, text) }

var (
	errNoGateway  = refuse(http.StatusNotFound, 1003, "Gateway account not found")
	errNoLocation = refuse(http.StatusNotFound, 1003, "Location not found")
	errIPTaken    = refuse(http.StatusConflict, 1014, "Your source IPv4 address is taken")
)

func (c *call) gatewayView() map[string]string {
	return map[string]string{"id": c.account.ID, "gateway_tag": c.account.GatewayTag, "provider_name": "Cloudflare"}
}

func getGateway(c *call) (answer, error) {
	if c.account.GatewayTag == "" {
		return answer{}, errNoGateway
	}
	return answer{result: c.gatewayView()}, nil
}

// createGateway leaves the one that is there.
func createGateway(c *call) (answer, error) {
	c.cloud.openGateway(c.account, c.now)
	return answer{result: c.gatewayView()}, nil
}

// openGateway gives an account what Gateway needs. The state must be locked.
func (c *Cloud) openGateway(a *account, now time.Time) {
	if a.GatewayTag != "" {
		return
	}
	a.GatewayTag = c.ids.tag()
	if c.o.Unsure.DefaultLocation {
		l := c.newLocation(now)
		l.Name, l.Default = "Default Location", true
		a.Locations.put(l.ID, &l)
	}
}

func (c *Cloud) newLocation(now time.Time) location {
	sum := c.ids.next()
	ip := netip.AddrFrom16([16]byte(append([]byte{0x2a, 0x06, 0x98, 0xc1, 0, 0x54}, sum[:10]...)))
	return location{ID: c.ids.tag(), Subdomain: hex.EncodeToString(sum[10:15]), IP: ip.String(), PairID: sharedPair, Networks: []ipNetwork{},
		Endpoints: usualEndpoints(), MaxTTL: maxTTL{Mode: "inherit"}, CreatedAt: now, UpdatedAt: now}
}

// usualEndpoints are those of a location that names none; which they are was not
// established.
func usualEndpoints() endpoints {
	return endpoints{DOH: dohEndpoint{endpoint: endpoint{Enabled: true}}, IPv4: ipv4Endpoint{Enabled: true}}
}

type locationView struct {
	*location
	First  *string `json:"ipv4_destination"`
	Second *string `json:"ipv4_destination_backup"`
}

func (l *location) view() locationView {
	first, second := sharedFirst, sharedSecond
	return locationView{location: l, First: &first, Second: &second}
}

func listLocations(c *call) (answer, error) {
	rows := []locationView{}
	for l := range c.account.Locations.all() {
		rows = append(rows, l.view())
	}
	return answer{result: rows}, nil
}

type locationInput struct {
	Name      string          `json:"name"`
	Default   bool            `json:"client_default"`
	PairID    string          `json:"dns_destination_ips_id"`
	ECS       bool            `json:"ecs_support"`
	Endpoints json.RawMessage `json:"endpoints"`
	Networks  []ipNetwork     `json:"networks"`
	MaxTTL    *maxTTL         `json:"max_ttl"`
}

// saveLocation puts what the body says into l and stores it. The endpoints and
// the pair of addresses stay where the body has none; everything else goes back
// to its default.
func (c *call) saveLocation(l location) (answer, error) {
	var in locationInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	l.Name, l.Default, l.ECS, l.UpdatedAt = in.Name, in.Default, in.ECS, c.now
	l.Networks, l.MaxTTL = orEmpty(in.Networks), maxTTL{Mode: "inherit"}
	set(&l.MaxTTL, in.MaxTTL)
	if in.PairID != "" {
		l.PairID = in.PairID
	}
	if err := l.readEndpoints(in.Endpoints); err != nil {
		return answer{}, err
	}
	if err := l.check(); err != nil {
		return answer{}, err
	}
	if c.state.sourceTaken(&l) {
		return answer{}, errIPTaken
	}
	if l.Default {
		c.account.takeDefaultLocation(l.ID)
	}
	c.account.Locations.put(l.ID, &l)
	return answer{result: l.view()}, nil
}

// takeDefaultLocation takes it away from whatever else has it.
func (a *account) takeDefaultLocation(id string) {
	for other := range a.Locations.all() {
		if other.Default && other.ID != id {
			former := *other
			former.Default = false
			a.Locations.put(other.ID, &former)
		}
	}
}

// readEndpoints wants all four kinds if there are any.
func (l *location) readEndpoints(raw json.RawMessage) error {
	if raw == nil || string(raw) == "null" {
		return nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil {
		return badLocation("invalid endpoints")
	}
	for _, kind := range []string{"doh", "dot", "ipv4", "ipv6"} {
		if _, is := given[kind]; !is {
			return badLocation("endpoints." + kind + " is required")
		}
	}
	l.Endpoints = endpoints{}
	if json.Unmarshal(raw, &l.Endpoints) != nil {
		return badLocation("invalid endpoints")
	}
	return nil
}

func (l *location) check() error {
	ttl := l.MaxTTL
	switch {
	case l.Name == "":
		return badLocation("name is required")
	case l.Default && !l.Endpoints.DOH.Enabled:
		return badLocation("the default location must have a DoH endpoint")
	case ttl.Mode != "inherit" && ttl.Mode != "override" && ttl.Mode != "disabled" || (ttl.Mode == "override") != (ttl.Secs != nil):
		return badLocation("invalid max_ttl")
	}
	for _, n := range l.Networks {
		if _, err := sourceNetwork(n.Network); err != nil {
			return err
		}
	}
	return nil
}

// sourceNetwork reads an address or a range of IPv4, of /24 at the widest.
func sourceNetwork(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if ip, single := netip.ParseAddr(text); single == nil {
		p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	if err != nil || !p.Addr().Is4() || p.Bits() < widestSource {
		return p, badLocation("invalid network: " + text + " is no IPv4 address or range of /24 at the widest")
	}
	return p.Masked(), nil
}

// sourceTaken tells whether queries from the networks of l are another
// location's already. They are told apart by their source alone where locations
// share the addresses that are asked.
func (s *state) sourceTaken(l *location) bool {
	for a := range s.Accounts.all() {
		for other := range a.Locations.all() {
			if other.ID != l.ID && other.PairID == l.PairID && other.Endpoints.IPv4.Enabled && l.Endpoints.IPv4.Enabled && shareSource(l, other) {
				return true
			}
		}
	}
	return false
}

func shareSource(l, other *location) bool {
	for _, n := range l.Networks {
		mine, _ := sourceNetwork(n.Network) // checked when it was written
		for _, o := range other.Networks {
			if theirs, err := sourceNetwork(o.Network); err == nil && mine.Overlaps(theirs) {
				return true
			}
		}
	}
	return false
}

func createLocation(c *call) (answer, error) {
	if c.account.GatewayTag == "" {
		return answer{}, errNoGateway
	}
	if c.account.Locations.len() >= maxLocations {
		return answer{}, badLocation("an account can have at most 250 locations")
	}
	return c.saveLocation(c.cloud.newLocation(c.now))
}

func (c *call) location() (*location, error) {
	if l, ok := c.account.Locations.get(c.params["location"]); ok {
		return l, nil
	}
	return nil, errNoLocation
}

func getLocation(c *call) (answer, error) {
	l, err := c.location()
	if err != nil {
		return answer{}, err
	}
	return answer{result: l.view()}, nil
}

func putLocation(c *call) (answer, error) {
	l, err := c.location()
	if err != nil {
		return answer{}, err
	}
	return c.saveLocation(*l)
}

func deleteLocation(c *call) (answer, error) {
	l, err := c.location()
	if err != nil {
		return answer{}, err
	}
	c.account.Locations.drop(l.ID)
	return answer{result: struct{}{}}, nil
}

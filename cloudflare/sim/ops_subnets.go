package sim

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// subnet is a range of addresses that Cloudflare uses inside an account: for
// devices, for what it sends itself, and for the first answers that Gateway
// gives for private names.
type subnet struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Comment   string     `json:"comment"`
	Network   string     `json:"network"`
	Type      string     `json:"subnet_type"`
	Default   bool       `json:"is_default_network"`
	CreatedAt time.Time  `json:"created_at"`
	DeletedAt *time.Time `json:"deleted_at"`
}

// The types of subnets.
const (
	subnetResolved = "initial_resolved_ip"
	subnetDevices  = "warp"
	subnetSource   = "cloudflare_source"
)

// usualResolved is where Gateway takes the first address of a private name from,
// by Cloudflare's page on them.
const usualResolved = "172.64.128.0/20"

// ownSubnets are those of a new account, by the page on reserved addresses.
func ownSubnets(resolved string) []subnet {
	return []subnet{
		{Type: subnetResolved, Network: resolved, Name: "IPv4 Gateway initial resolved IPs"},
		{Type: subnetResolved, Network: "2606:4700:cf1:4000::/64", Name: "IPv6 Gateway initial resolved IPs"},
		{Type: subnetDevices, Network: "100.96.0.0/12", Name: "IPv4 device IPs"},
		{Type: subnetDevices, Network: "2606:4700:cf1:1000::/64", Name: "IPv6 device IPs"},
		{Type: subnetSource, Network: "100.64.0.0/12", Name: "IPv4 Cloudflare source IPs"},
		{Type: subnetSource, Network: "2606:4700:cf1:5000::/64", Name: "IPv6 Cloudflare source IPs"},
	}
}

// addSubnets gives an account the subnets that it begins with.
func (a *account) addSubnets(i *ids, resolved string, now time.Time) {
	for _, s := range ownSubnets(resolved) {
		s.ID, s.Default, s.CreatedAt = i.uuid(), true, now
		a.Subnets.put(s.ID, &s)
	}
}

func (s *subnet) prefix() netip.Prefix {
	p, err := netip.ParsePrefix(s.Network)
	if err != nil {
		return netip.Prefix{} // a snapshot edited by hand
	}
	return p
}

// reserved are the ranges that no route may lie in. Wider ones may.
func (a *account) reserved() []netip.Prefix {
	ranges := []netip.Prefix{netip.MustParsePrefix("100.80.0.0/16"), netip.MustParsePrefix("100.112.0.0/16")}
	for s := range a.Subnets.all() {
		if s.DeletedAt == nil {
			ranges = append(ranges, s.prefix())
		}
	}
	return ranges
}

// defaultSubnet is the one of a type and an address family (v4, v6).
func (a *account) defaultSubnet(kind, family string) *subnet {
	for s := range a.Subnets.all() {
		if s.Type == kind && s.Default && s.DeletedAt == nil && s.family() == family {
			return s
		}
	}
	return nil
}

func (s *subnet) family() string {
	if s.prefix().Addr().Is4() {
		return "v4"
	}
	return "v6"
}

func subnetRoutes() []route {
	base := "/accounts/{account}/zerotrust/subnets"
	resolved, devices := base+"/initial_resolved_ip/{family}", base+"/warp"
	return []route{
		{method: "GET", path: base, area: networkArea(), do: listSubnets},
		{method: "GET", path: resolved, area: networkArea(), do: getResolvedSubnet},
		{method: "PUT", path: resolved, area: networkArea(), do: putResolvedSubnet},
		{method: "PATCH", path: base + "/cloudflare_source/{family}", area: networkArea(), do: editSourceSubnet},
		{method: "POST", path: devices, area: networkArea(), do: createDeviceSubnet},
		{method: "GET", path: devices + "/{id}", area: networkArea(), do: getDeviceSubnet},
		{method: "PATCH", path: devices + "/{id}", area: networkArea(), do: editDeviceSubnet},
		{method: "DELETE", path: devices + "/{id}", area: networkArea(), do: deleteDeviceSubnet},
	}
}

func listSubnets(c *call) (answer, error) {
	var rows []*subnet
	for s := range c.account.Subnets.all() {
		if c.wantsSubnet(s) {
			rows = append(rows, s)
		}
	}
	switch c.query.Get("sort_order") {
	case "desc":
		sortedNewestFirst(rows, func(s *subnet) (time.Time, string) { return s.CreatedAt, s.ID })
	case "asc":
		sortedNewestFirst(rows, func(s *subnet) (time.Time, string) { return s.CreatedAt, s.ID })
		slices.Reverse(rows)
	}
	return page(c.query, rows, paging{20, 1, 1000}), nil
}

func (c *call) wantsSubnet(s *subnet) bool {
	is := func(field, value string) bool { return !c.query.Has(field) || c.query.Get(field) == value }
	isDefault, given := c.flag("is_default_network")
	types := strings.Split(c.query.Get("subnet_types"), ",")
	return c.wantsDeleted(s.DeletedAt) && c.wantsExisting(s.CreatedAt, s.DeletedAt) && is("name", s.Name) && is("network", s.Network) &&
		is("comment", s.Comment) && is("address_family", s.family()) && (!given || isDefault == s.Default) &&
		(!c.query.Has("subnet_types") || slices.Contains(types, s.Type))
}

type subnetInput struct {
	Name    *string `json:"name"`
	Comment *string `json:"comment"`
	Network *string `json:"network"`
	Default *bool   `json:"is_default_network"`
}

var errNoSubnet = refuse(http.StatusNotFound, 1003, "Subnet not found")

func getResolvedSubnet(c *call) (answer, error) {
	s := c.account.defaultSubnet(subnetResolved, c.params["family"])
	if s == nil {
		return answer{}, errNoSubnet
	}
	return answer{result: s}, nil
}

// putResolvedSubnet is for IPv4 alone: the range of IPv6 is fixed.
func putResolvedSubnet(c *call) (answer, error) { return c.editFixed(subnetResolved) }

func editSourceSubnet(c *call) (answer, error) { return c.editFixed(subnetSource) }

func (c *call) editFixed(kind string) (answer, error) {
	s := c.account.defaultSubnet(kind, c.params["family"])
	if s == nil {
		return answer{}, errNoSubnet
	}
	if s.family() == "v6" {
		return answer{}, badNetwork("IPv6 subnets cannot be updated")
	}
	var in subnetInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	in.Default = nil
	return c.saveSubnet(*s, in)
}

// saveSubnet changes s by what is given and stores it. Neither a route nor
// another subnet may share addresses with it.
func (c *call) saveSubnet(s subnet, in subnetInput) (answer, error) {
	set(&s.Name, in.Name)
	set(&s.Comment, in.Comment)
	set(&s.Network, in.Network)
	p, err := parseNetwork(s.Network, c.cloud.o.Unsure.HostBitsRefused)
	if err != nil {
		return answer{}, err
	}
	s.Network = p.String()
	if s.Name == "" {
		return answer{}, refuse(http.StatusBadRequest, 1002, "subnet name cannot be empty")
	}
	if err := c.account.checkSubnet(s, p); err != nil {
		return answer{}, err
	}
	if in.Default != nil && *in.Default && !s.Default {
		if old := c.account.defaultSubnet(s.Type, s.family()); old != nil {
			former := *old
			former.Default = false
			c.account.Subnets.put(old.ID, &former)
		}
		s.Default = true
	}
	c.account.Subnets.put(s.ID, &s)
	return answer{result: &s}, nil
}

func (a *account) checkSubnet(s subnet, p netip.Prefix) error {
	for r := range a.Routes.all() {
		if r.DeletedAt == nil && contains(p, r.prefix()) {
			return badNetwork("the subnet conflicts with the route \"" + r.Network + "\"")
		}
	}
	for other := range a.Subnets.all() {
		if other.DeletedAt == nil && other.ID != s.ID && other.prefix().Overlaps(p) {
			return badNetwork("the subnet conflicts with the subnet \"" + other.Network + "\"")
		}
	}
	return nil
}

// deviceRanges are where the addresses of devices may be.
func deviceRanges() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"}
}

func createDeviceSubnet(c *call) (answer, error) {
	var in subnetInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	text := ""
	set(&text, in.Network)
	p, err := parseNetwork(text, false)
	if err != nil {
		return answer{}, err
	}
	private := slices.ContainsFunc(deviceRanges(), func(r string) bool { return contains(netip.MustParsePrefix(r), p) })
	if !private || p.Bits() > 24 {
		return answer{}, badNetwork("the network must be a private IPv4 range of /24 or larger")
	}
	return c.saveSubnet(subnet{ID: c.cloud.ids.uuid(), Type: subnetDevices, CreatedAt: c.now}, in)
}

// deviceSubnet is the one of the path.
func (c *call) deviceSubnet() (*subnet, error) {
	if s, ok := c.account.Subnets.get(c.id); ok && s.Type == subnetDevices && s.DeletedAt == nil {
		return s, nil
	}
	return nil, errNoSubnet
}

func getDeviceSubnet(c *call) (answer, error) {
	s, err := c.deviceSubnet()
	if err != nil {
		return answer{}, err
	}
	return answer{result: s}, nil
}

// editDeviceSubnet changes everything but the range.
func editDeviceSubnet(c *call) (answer, error) {
	s, err := c.deviceSubnet()
	if err != nil {
		return answer{}, err
	}
	var in subnetInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Network != nil && *in.Network != s.Network || s.family() == "v6" {
		return answer{}, badNetwork("the network of the subnet cannot be changed")
	}
	return c.saveSubnet(*s, in)
}

// deleteDeviceSubnet succeeds with null where there is none.
func deleteDeviceSubnet(c *call) (answer, error) {
	s, err := c.deviceSubnet()
	if err != nil {
		return answer{}, nil
	}
	if s.Default {
		return answer{}, badNetwork("the default subnet cannot be deleted")
	}
	gone := *s
	gone.DeletedAt = &c.now
	c.account.Subnets.put(s.ID, &gone)
	forgetOldest(&c.account.Subnets, func(s *subnet) (string, *time.Time) { return s.ID, s.DeletedAt })
	return answer{result: &gone}, nil
}

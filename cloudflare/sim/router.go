package sim

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// route is one API operation.
type route struct {
	method string
	path   string    // below /client/v4, with {account}, {zone}, {id}, {client}
	area   area      // the permissions that open it; zero: any valid token
	access bool      // needs an account onboarded to Zero Trust
	until  time.Time // when it is no longer there; zero: not known to end
	do     func(*call) (answer, error)
}

// reads tells operations that leave the state alone.
func (r *route) reads() bool { return r.method == "GET" }

// over tells that an operation is no longer there.
func (r *route) over(now time.Time) bool {
	return r != nil && !r.until.IsZero() && !now.Before(r.until)
}

// node is one step of the way from a path to its routes.
type node struct {
	fixed  map[string]*node
	param  *node
	name   string // of the parameter that leads here
	routes map[string]*route
}

// allRoutes is every operation the API knows.
func allRoutes() []route {
	return slices.Concat(tokenRoutes(), accountRoutes(), zoneRoutes(), settingRoutes(), botRoutes(), rulesetRoutes(),
		recordRoutes(), tunnelRoutes(), configRoutes(), organizationRoutes(), identityRoutes(), policyRoutes(), appRoutes(),
		appPolicyRoutes(), groupRoutes(), serviceTokenRoutes(), revokeRoutes(), tagRoutes(),
		vnetRoutes(), cidrRouteRoutes(), hostnameRouteRoutes(), subnetRoutes(), deviceSettingRoutes(), gatewayRoutes(),
		profileRoutes(), deviceRoutes(), registrationRoutes(), loginRoutes(), gatewayConfigRoutes(), fleetRoutes(), dexTestRoutes(), auditRoutes(), alertRoutes())
}

// Operations names every operation, such as "GET /zones/{zone}/dns_records",
// for a test that wants to try them all.
func Operations() []string {
	var names []string
	for _, r := range allRoutes() {
		names = append(names, r.method+" "+r.path)
	}
	return names
}

func routes() *node {
	root := &node{}
	for _, r := range allRoutes() {
		root.add(&r)
	}
	return root
}

func (n *node) add(r *route) {
	for _, step := range strings.Split(strings.Trim(r.path, "/"), "/") {
		n = n.grow(step)
	}
	if n.routes == nil {
		n.routes = map[string]*route{}
	}
	n.routes[r.method] = r
}

func (n *node) grow(step string) *node {
	if strings.HasPrefix(step, "{") {
		if n.param == nil {
			n.param = &node{name: strings.Trim(step, "{}")}
		}
		return n.param
	}
	if n.fixed == nil {
		n.fixed = map[string]*node{}
	}
	if n.fixed[step] == nil {
		n.fixed[step] = &node{}
	}
	return n.fixed[step]
}

// find walks a path as it was sent, where a step may have a slash in it (%2F);
// nil means that no operation has it.
func (n *node) find(path string) (map[string]*route, map[string]string) {
	params := map[string]string{}
	for step := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if whole, err := url.PathUnescape(step); err == nil {
			step = whole
		}
		switch next := n.fixed[step]; {
		case next != nil:
			n = next
		case n.param != nil && fits(n.param.name, step):
			n = n.param
			params[n.name] = step
		default:
			return nil, nil
		}
	}
	return n.routes, params
}

// fits tells whether a path segment has the shape of an id; Cloudflare does
// not route one that has not.
func fits(param, segment string) bool {
	switch param {
	case "setting", "phase":
		return strings.Trim(segment, "0123456789abcdefghijklmnopqrstuvwxyz_") == ""
	case "version":
		return segment != "" && strings.Trim(segment, "0123456789") == ""
	case "account", "zone", "record", "ruleset", "rule", "location", "alert":
		return isHex(segment, 32)
	case "name", "cidr", "ip":
		return segment != ""
	case "family":
		return segment == "v4" || segment == "v6"
	default:
		return isUUID(segment)
	}
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(strings.ReplaceAll(s, "-", ""), 32)
}

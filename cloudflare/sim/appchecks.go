package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// place checks where the application is to answer and derives its domain.
func (c *call) place(a *app, in appInput) error {
	list := in.destinations()
	switch {
	case a.Type == "warp":
		return c.placeEnrolment(a)
	case a.Type == "":
		return invalidAccess("type is required")
	case !slices.Contains(appTypes(), a.Type):
		return invalidAccess("unknown application type")
	case a.Name == "":
		return invalidAccess("name is required")
	case utf8.RuneCountInString(a.Name) > maxAppName:
		return invalidAccess("name can have at most 350 characters")
	case a.Type != "self_hosted":
		a.Domain, a.Destinations = in.Domain, list
		return nil
	case len(list) == 0:
		return invalidAccess("domain or destinations is required")
	case len(list) > maxDestinations:
		return invalidAccess(fmt.Sprintf("an application can have at most %d destinations", maxDestinations))
	}
	a.Destinations = list
	for i := range list {
		if err := c.placeDestination(a, &list[i]); err != nil {
			return err
		}
	}
	a.compile(c.cloud.o.Unsure)
	a.Domain = derivedDomain(hostname(in.Domain), list)
	return nil
}

// derivedDomain is the asked one if it is among the destinations, otherwise
// the first of them.
func derivedDomain(asked string, list []destination) string {
	derived := ""
	for _, d := range list {
		where := d.URI + d.Hostname + d.CIDR
		if asked != "" && where == asked {
			return asked
		}
		if derived == "" {
			derived = where
		}
	}
	return derived
}

func (c *call) placeDestination(a *app, d *destination) error {
	switch d.Type {
	case "public":
		return c.placePublic(a, d)
	case "private":
		return d.placePrivate()
	default:
		return invalidAccess("unknown destination type")
	}
}

func (c *call) placePublic(a *app, d *destination) error {
	p, err := parsePattern(d.URI, false)
	if err != nil {
		return invalidAccess(err.Error())
	}
	d.URI = p.uri()
	z := c.state.zoneOf(p.base())
	if z == nil || z.AccountID != c.account.ID || z.Status != "active" || c.zone != nil && z != c.zone {
		return invalidAccess("domain does not belong to zone")
	}
	if other := c.account.doors.at(p); other != nil && other.ID != a.ID {
		return errAppExists
	}
	return nil
}

// placePrivate checks a destination behind a tunnel: an address range or a name,
// and one port or a range of ports.
func (d *destination) placePrivate() error {
	d.Hostname = hostname(d.Hostname)
	if (d.CIDR == "") == (d.Hostname == "") {
		return invalidAccess("a private destination has either a cidr or a hostname")
	}
	if d.CIDR != "" {
		prefix, err := netip.ParsePrefix(d.CIDR)
		if ip, single := netip.ParseAddr(d.CIDR); single == nil {
			prefix, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return invalidAccess("invalid cidr")
		}
		d.CIDR = prefix.String()
	}
	if !validPorts(d.PortRange) {
		return invalidAccess("invalid port_range")
	}
	if d.L4Protocol != "" && d.L4Protocol != "tcp" && d.L4Protocol != "udp" {
		return invalidAccess("l4_protocol must be tcp or udp")
	}
	if d.VnetID != "" && !isUUID(d.VnetID) {
		return invalidAccess("invalid vnet_id")
	}
	return nil
}

// validPorts takes "8000" and "8000-8010", or nothing for every port. Lists are
// not supported.
func validPorts(text string) bool {
	if text == "" {
		return true
	}
	first, last, isRange := strings.Cut(text, "-")
	from, err := strconv.ParseUint(first, 10, 16)
	if !isRange {
		return err == nil && from > 0
	}
	to, err2 := strconv.ParseUint(last, 10, 16)
	return err == nil && err2 == nil && 0 < from && from <= to
}

var errAppExists = refuse(http.StatusConflict, 11010, "access.api.error.application_already_exists")

// placeEnrolment is for the device enrolment application: one per account,
// named by the server.
func (c *call) placeEnrolment(a *app) error {
	for other := range c.account.Apps.all() {
		switch {
		case other.Type != "warp" || other.ID == a.ID:
		case c.cloud.o.Unsure.SecondEnrolmentIs12130:
			return invalidAccess("a device enrollment application already exists")
		default:
			return errAppExists
		}
	}
	a.Name = "Warp Login App"
	return nil
}

// maxAppName is the length of an application's name.
const maxAppName = 350

func appTypes() []string {
	return []string{"self_hosted", "saas", "ssh", "vnc", "rdp", "app_launcher", "warp", "biso", "bookmark", "dash_sso",
		"infrastructure", "mcp", "mcp_portal", "proxy_endpoint"}
}

// checkSettings refuses settings that contradict each other, the organization,
// or what there is to refer to.
func (c *call) checkSettings(a *app) error {
	var idps, tags []string
	var session, sameSite string
	for name, into := range map[string]any{"allowed_idps": &idps, "tags": &tags, "session_duration": &session, "same_site_cookie_attribute": &sameSite} {
		if raw, set := a.Settings[name]; set && json.Unmarshal(raw, into) != nil {
			return invalidAccess("invalid " + name)
		}
	}
	_, err := time.ParseDuration(session)
	_, cors := a.Settings["cors_headers"]
	switch {
	case session != "" && err != nil:
		return invalidAccess("invalid session_duration")
	case !slices.Contains([]string{"", "none", "lax", "strict"}, sameSite):
		return invalidAccess("same_site_cookie_attribute must be none, lax or strict")
	case a.is("options_preflight_bypass") && cors:
		return invalidAccess("options_preflight_bypass cannot be set together with cors_headers")
	case a.is("auto_redirect_to_identity") && len(idps) != 1:
		return invalidAccess("auto_redirect_to_identity needs exactly one identity provider in allowed_idps")
	case a.is("allow_authenticate_via_warp") && c.account.Org.Settings["warp_auth_session_duration"] == nil:
		return invalidAccess("allow_authenticate_via_warp cannot be set if the Warp Auth Session Duration is not set for the account")
	}
	for _, id := range idps {
		if _, known := c.account.IDPs.get(id); !known {
			return invalidAccess("allowed_idps has an unknown identity provider")
		}
	}
	for _, tag := range tags {
		if _, known := c.account.Tags.get(tag); !known {
			return invalidAccess("unknown tag " + tag)
		}
	}
	return nil
}

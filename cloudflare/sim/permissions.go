package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// The scopes of permission groups: what they can be given for.
const (
	userScope    = "com.cloudflare.api.user"
	accountScope = "com.cloudflare.api.account"
	zoneScope    = "com.cloudflare.api.account.zone"
)

// permission is a pair of permission groups, "<name> Read" and "<name> Write";
// some have the first alone.
type permission struct {
	name, scope, category string
	readOnly              bool
}

// permissions are those that open what the simulator serves, by the names that
// the API's documentation lists as accepted.
func permissions() []permission {
	const zeroTrust, zones, own = "cloudflare_one_and_zero_trust", "dns_and_zones", "account_and_billing"
	return []permission{
		{"API Tokens", userScope, own, false},
		{"Account API Tokens", accountScope, own, false},
		{"Account Settings", accountScope, own, false},
		{"Notifications", accountScope, own, false},
		{"Cloudflare Tunnel", accountScope, zeroTrust, false},
		{"Cloudflare One Connectors", accountScope, zeroTrust, false},
		{"Cloudflare One Connector: cloudflared", accountScope, zeroTrust, false},
		{"Cloudflare One Networks", accountScope, zeroTrust, false},
		{"Zero Trust", accountScope, zeroTrust, false},
		{"Cloudflare Zero Trust Secure DNS Locations", accountScope, zeroTrust, false},
		{"Cloudflare DEX", accountScope, zeroTrust, false},
		{"Access: Apps and Policies", accountScope, zeroTrust, false},
		{"Access: Apps and Policies", zoneScope, zeroTrust, false},
		{"Access: Organizations, Identity Providers, and Groups", accountScope, zeroTrust, false},
		{"Access: Service Tokens", accountScope, zeroTrust, false},
		{"Access: Audit Logs", accountScope, zeroTrust, true},
		{"Zone", zoneScope, zones, false},
		{"Zone Settings", zoneScope, zones, false},
		{"Bot Management", zoneScope, zones, false},
		{"Config Settings", zoneScope, zones, false},
		{"Zone WAF", zoneScope, zones, false},
		{"DNS", zoneScope, zones, false},
	}
}

// groups are the names of a permission's groups, the weaker one first.
func (p permission) groups() []string {
	if p.readOnly {
		return []string{p.name + " Read"}
	}
	return []string{p.name + " Read", p.name + " Write"}
}

// AllPermissions opens everything that the simulator serves, each area by one
// name alone.
func AllPermissions() []string {
	return []string{"API Tokens Read", "Account API Tokens Read", "Account Settings Read", "Notifications Write", "Cloudflare Tunnel Write",
		"Zero Trust Write", "Cloudflare DEX Write", "Access: Apps and Policies Write",
		"Access: Organizations, Identity Providers, and Groups Write", "Access: Service Tokens Write", "Access: Audit Logs Read",
		"Zone Write", "Zone Settings Write", "Bot Management Write", "Config Settings Write", "Zone WAF Write", "DNS Write"}
}

// knownGroups are the ids that were seen; the others are made up.
func knownGroups() map[string]string {
	return map[string]string{
		"Cloudflare Tunnel Read": "efea2ab8357b47888938f101ae5e053f", "Cloudflare Tunnel Write": "c07321b023e944ff818fec44d8203567",
		"DNS Write": "4755a26eedb94da69e1066d98aa820be",
		"Zone Read": "c8fed203ed3043cba015a93ad1616f1f", "Zone Write": "e6d2666161e84845a636613608cee8d5",
	}
}

type permissionView struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Scopes   []string `json:"scopes"`
	Category string   `json:"category"`
}

func (p permission) views() []permissionView {
	known := knownGroups()
	var views []permissionView
	for _, name := range p.groups() {
		v := permissionView{ID: known[name], Name: name, Scopes: []string{p.scope}, Category: p.category}
		if v.ID == "" {
			sum := sha256.Sum256([]byte(p.scope + " " + name))
			v.ID = hex.EncodeToString(sum[:16])
		}
		views = append(views, v)
	}
	return views
}

// permissionGroups lists groups in one page, filtered by name and scope.
func (c *call) permissionGroups(scopes ...string) answer {
	views := []permissionView{}
	for _, p := range permissions() {
		if !slices.Contains(scopes, p.scope) || c.query.Has("scope") && c.query.Get("scope") != p.scope {
			continue
		}
		for _, v := range p.views() {
			if strings.EqualFold(v.Name, c.query.Get("name")) || !c.query.Has("name") {
				views = append(views, v)
			}
		}
	}
	return answer{result: views}
}

func listUserGroups(c *call) (answer, error) {
	if c.token.Owner != "" {
		return answer{}, errNoUser
	}
	return c.permissionGroups(userScope, accountScope, zoneScope), nil
}

// listAccountGroups lists what an account-owned token can be given: nothing of
// a user's.
func listAccountGroups(c *call) (answer, error) {
	return c.permissionGroups(accountScope, zoneScope), nil
}

// errNoUser is what /user says to a token that acts for no user. The text is
// known from reports, that account-owned tokens get it was not established.
var errNoUser = refuse(http.StatusForbidden, 9109, "Valid user-level authentication not found")

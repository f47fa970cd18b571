package setup

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Permission is one thing that an API token must be allowed to do.
type Permission struct {
	Name   string `json:"name"`   // as the dashboard lists it
	Key    string `json:"key"`    // as the dashboard's prefilled link names it
	Edit   bool   `json:"edit"`   // Edit, otherwise Read
	Zone   bool   `json:"zone"`   // granted per domain, otherwise per account
	Blocks string `json:"blocks"` // what cannot be done without it
}

// Level is the permission's level as the dashboard writes it.
func (p Permission) Level() string {
	if p.Edit {
		return "Edit"
	}
	return "Read"
}

// Permissions lists what a mode needs, and nothing else.
// Source: Cloudflare's API token permissions reference and the "accepted
// permissions" of each API operation.
func Permissions(m Mode) []Permission {
	all := []Permission{
		{Name: "Cloudflare Tunnel", Key: "argotunnel", Edit: true, Blocks: "making the tunnel and its rules"},
		{Name: "Access: Apps and Policies", Key: "access", Edit: true, Blocks: "the lock on your address and the doors for webhooks"},
		{Name: "Access: Organizations, Identity Providers, and Groups", Key: "access_acct", Edit: true, Blocks: "the login by e-mail code for your team"},
		{Name: "Account Settings", Key: listsAccounts, Blocks: "listing your accounts (you can type the account id instead) and telling who changed something there"},
		{Name: "Zone", Key: "zone", Zone: true, Blocks: "finding your domain"},
		{Name: "DNS", Key: "dns", Edit: true, Zone: true, Blocks: "pointing your address to the tunnel"},
		{Name: "Config Rules", Key: PermitsRules, Edit: true, Zone: true, Blocks: "letting webhooks through that send no User-Agent, and in attack mode (you can make that rule by hand instead)"},
	}
	if m.Private() {
		all = append(all, Permission{Name: "Zero Trust", Key: "teams", Edit: true, Blocks: "what your team's devices send through WARP, and whom they ask for the private name"})
	}
	return all
}

// PermissionsFor are the permissions that a setup needs. One without a public
// address, and without a certificate that a record in a domain proves, has nothing
// to do with a domain.
func PermissionsFor(m Mode, hostname, zone string) []Permission {
	all := Permissions(m)
	if !m.Private() || strings.TrimSpace(hostname) != "" || strings.TrimSpace(zone) != "" {
		return all
	}
	return slices.DeleteFunc(all, func(p Permission) bool { return p.Zone })
}

// Where the keys of a link are from: Cloudflare's docs, "API token template URLs",
// have account_settings, zone, zone_settings, dns, access, access_acct and teams.
// argotunnel was read from the dashboard's own list of permission groups (its
// label, without _read or _write). config_settings, zone_waf, bot_management and
// notifications are in neither: they are the ids of the same permissions among the
// scopes of Cloudflare's OAuth (config-settings, zone-waf, …, as programs in public
// repositories took them from GET /oauth/scopes), with _ in place of the dash. So
// are all keys above that have such a scope. Nobody has seen what the dashboard
// makes of those four, and it leaves out of a link what it does not know: pages
// ask people to look whether all rows are there.

// PermitsRules is the permission that is not needed if the rule for callers that
// are no browsers is made by hand.
const PermitsRules = "config_settings"

const listsAccounts = "account_settings"

// WithFurther are permissions and further ones, each named once.
func WithFurther(all, further []Permission) []Permission {
	all = slices.Clone(all)
	for _, p := range further {
		i := slices.IndexFunc(all, func(have Permission) bool { return have.Key == p.Key })
		if i < 0 {
			all = append(all, p)
		} else if p.Edit {
			all[i] = p
		}
	}
	return all
}

// TokenLink is the address of the dashboard's page for a new user token with
// exactly the given permissions filled in. The person still presses Create.
// The page for account tokens is not linked: it drops account permissions when
// they are mixed with permissions for domains.
func TokenLink(permissions []Permission) string {
	type group struct {
		Key  string `json:"key"`
		Type string `json:"type"`
	}
	groups := make([]group, len(permissions))
	for i, p := range permissions {
		groups[i] = group{p.Key, "read"}
		if p.Edit {
			groups[i].Type = "edit"
		}
	}
	keys, err := json.Marshal(groups)
	if err != nil { // a list of two strings each
		panic(err)
	}
	query := url.Values{
		"permissionGroupKeys": {string(keys)},
		"accountId":           {"*"},
		"zoneId":              {"all"},
		"name":                {"Culvert"},
	}
	return "https://dash.cloudflare.com/profile/api-tokens?" + query.Encode()
}

// Granted says what is known about a permission.
type Granted string

// A read that works proves Read only. Cloudflare has no way to ask for Edit
// without writing, so Edit stays unproven until the first change.
const (
	GrantedYes     Granted = "yes"
	GrantedRead    Granted = "read" // reading works; writing is proven by the first change
	GrantedNo      Granted = "no"
	GrantedUnknown Granted = "unknown"
)

// Grant is one row of the permission table.
type Grant struct {
	Permission
	Granted Granted `json:"granted"`
	Detail  string  `json:"detail,omitempty"` // why not, or why unknown
}

// Account is a Cloudflare account that a token can see.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// TokenReport is what was learnt about a token by reading with it.
type TokenReport struct {
	Kind       string    `json:"kind"` // user or account
	Status     string    `json:"status"`
	Accounts   []Account `json:"accounts"` // empty when the token may not list them
	Account    string    `json:"account"`  // the one that was checked; empty: none chosen yet
	Zones      []Zone    `json:"zones"`
	Grants     []Grant   `json:"grants"`
	ZeroTrust  Granted   `json:"zero_trust"` // whether the account has Zero Trust switched on
	TeamDomain string    `json:"team_domain,omitempty"`
	AskAccount bool      `json:"ask_account"` // the account id has to be typed
	Problem    *Problem  `json:"problem,omitempty"`
}

// Missing lists the permissions that the token certainly lacks and that are
// needed. Accounts need not be listed once it is known which one it is.
func (r TokenReport) Missing() []Grant {
	var missing []Grant
	for _, g := range r.Grants {
		if g.Granted == GrantedNo && (g.Key != listsAccounts || r.Account == "") {
			missing = append(missing, g)
		}
	}
	return missing
}

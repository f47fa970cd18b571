package sim

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// token is an API token. User tokens act for a person and may reach several
// accounts; account tokens belong to one account.
type token struct {
	ID          string     `json:"id"`
	Value       string     `json:"value"`
	Name        string     `json:"name,omitempty"`  // as its maker called it
	User        string     `json:"user"`            // whom its calls are counted for
	Owner       string     `json:"owner,omitempty"` // the account of an account token
	Permissions []string   `json:"permissions"`     // as the API names them: "DNS Write"
	Accounts    []string   `json:"accounts"`        // reachable ones; empty: all of the user's
	Status      string     `json:"status"`          // active, disabled, expired
	NotBefore   *time.Time `json:"not_before,omitempty"`
	ExpiresOn   *time.Time `json:"expires_on,omitempty"`
	From        []string   `json:"from,omitempty"` // networks it may be used from; empty: any
}

func (t *token) covers(account string) bool {
	if t.Owner != "" {
		return t.Owner == account
	}
	return len(t.Accounts) == 0 || slices.Contains(t.Accounts, account)
}

// may tells whether one of the area's permissions is held. Write includes Read.
func (t *token) may(a area, read bool) bool {
	if len(a.names) == 0 {
		return true
	}
	for _, name := range a.names {
		if slices.Contains(t.Permissions, name+" Write") || read && !a.secret && slices.Contains(t.Permissions, name+" Read") {
			return true
		}
	}
	return false
}

func (t *token) state(now time.Time) string {
	if t.ExpiresOn != nil && !now.Before(*t.ExpiresOn) {
		return "expired"
	}
	return t.Status
}

// area is a group of operations that the same permissions open; any one of
// the names will do.
type area struct {
	names   []string
	secret  bool   // even reading it needs Write
	missing string // what a refusal names, where it is not the usual text
	perhaps string // one more name, if Unsure says so
}

func (a area) settled(u Unsure) area {
	if a.perhaps != "" && u.ZeroTrustReadsDEX {
		a.names = append(slices.Clone(a.names), a.perhaps)
	}
	return a
}

// The areas, by the names of the API's permission groups without Read/Write.
func tunnelArea() area {
	return area{names: []string{"Cloudflare Tunnel", "Cloudflare One Connectors", "Cloudflare One Connector: cloudflared"}}
}

func tunnelTokenArea() area {
	a := tunnelArea()
	a.secret = true
	return a
}

func appArea() area { return area{names: []string{"Access: Apps and Policies"}} }
func orgArea() area {
	return area{names: []string{"Access: Organizations, Identity Providers, and Groups"}}
}
func recordArea() area  { return area{names: []string{"DNS"}} }
func settingArea() area { return area{names: []string{"Zone Settings"}} }
func botArea() area     { return area{names: []string{"Bot Management"}} }
func accountArea() area { return area{names: []string{"Account Settings"}} }

func userGroupsArea() area    { return area{names: []string{"API Tokens"}} }
func accountGroupsArea() area { return area{names: []string{"Account API Tokens"}} }

func zoneArea(operation string) area {
	return area{names: []string{"Zone"}, missing: "com.cloudflare.api.account.zone." + operation}
}

func (a area) refusal() error {
	if a.missing != "" {
		return refuse(http.StatusForbidden, 0, "Actor requires permission \""+a.missing+"\" to do this")
	}
	return errPermission
}

var (
	errPermission   = refuse(http.StatusForbidden, 10000, "Authentication error")
	errUnauthorized = refuse(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
	errUnknownToken = refuse(http.StatusForbidden, 9109, "Invalid access token")
	errInvalidToken = refuse(http.StatusUnauthorized, 1000, "Invalid API Token")
	errNoToken      = refuse(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
	errMalformed    = refuse(http.StatusBadRequest, 6003, "Invalid request headers",
		problem{Code: 6111, Message: "Invalid format for Authorization header"})
	errNotEnabled = refuse(http.StatusForbidden, 9999, "access.api.error.not_enabled: Access is not enabled. "+
		"Visit the Access dashboard at https://one.dash.cloudflare.com/ and click the 'Enable Access' button.")
)

// authenticate finds the token of a request.
func (s *state) authenticate(r *http.Request, path string, now time.Time) (*token, error) {
	verifying := strings.HasSuffix(path, "/tokens/verify")
	value := r.Header.Get("Authorization")
	if value == "" {
		return nil, withKey(r.Header, verifying)
	}
	value, bearer := strings.CutPrefix(value, "Bearer ")
	if !bearer || !wellFormed(value) {
		return nil, errMalformed
	}
	t, known := s.Tokens.get(value)
	switch {
	case known && !t.from(clientIP(r)):
		return nil, errLocation(clientIP(r))
	case known && (verifying || t.usable(now)):
		return t, nil
	case verifying:
		return nil, errInvalidToken
	default:
		return nil, errUnknownToken
	}
}

func (t *token) usable(now time.Time) bool {
	return t.state(now) == "active" && (t.NotBefore == nil || !now.Before(*t.NotBefore))
}

// from tells whether a token may be used from an address.
func (t *token) from(ip netip.Addr) bool {
	return len(t.From) == 0 || slices.ContainsFunc(t.From, func(network string) bool {
		prefix, err := netip.ParsePrefix(network)
		return err == nil && prefix.Contains(ip)
	})
}

// errLocation refuses a token that is used from elsewhere. Its wording was not
// established.
func errLocation(ip netip.Addr) error {
	return refuse(http.StatusForbidden, 9109, "Cannot use the access token from location: "+ip.String())
}

// withKey answers a call without a token: with a Global API Key, of which the
// simulator has none, or with nothing.
func withKey(h http.Header, verifying bool) error {
	key, email := h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	switch {
	case key == "" && email == "":
		return errNoToken
	case verifying:
		return refuse(http.StatusBadRequest, 1001, `Missing "Authorization" header`)
	}
	var chain []problem
	if !strings.Contains(email, "@") {
		chain = append(chain, problem{Code: 6102, Message: "Invalid format for X-Auth-Email header"})
	}
	if !isHex(key, 37) && !strings.HasPrefix(key, "cfk_") {
		chain = append(chain, problem{Code: 6103, Message: "Invalid format for X-Auth-Key header"})
	}
	if len(chain) > 0 {
		return refuse(http.StatusBadRequest, 6003, "Invalid request headers", chain...)
	}
	return refuse(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email")
}

// wellFormed tells the shape of a token, old or new, from junk.
func wellFormed(value string) bool {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
	return len(value) >= 40 && len(value) <= 80 && strings.Trim(value, letters) == ""
}

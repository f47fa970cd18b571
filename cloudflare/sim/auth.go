package sim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// token is an API token. User tokens act for a person and may reach several
// accounts; account tokens belong to one account.
type token struct {
	ID          string     `json:"id"`
	Value       string     `json:"value"`
	User        string     `json:"user"`            // whom its calls are counted for
	Owner       string     `json:"owner,omitempty"` // the account of an account token
	Permissions []string   `json:"permissions"`     // as the API names them: "DNS Write"
	Accounts    []string   `json:"accounts"`        // reachable ones; empty: all of the user's
	Status      string     `json:"status"`          // active, disabled, expired
	ExpiresOn   *time.Time `json:"expires_on,omitempty"`
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
func accountArea() area { return area{names: []string{"Account Settings"}} }

func zoneArea(operation string) area {
	return area{names: []string{"Zone"}, missing: "com.cloudflare.api.account.zone." + operation}
}

func (a area) refusal() error {
	if a.missing != "" {
		return refuse(http.StatusForbidden, 0, "Actor requires permission \""+a.missing+"\" to do this")
	}
	return errPermission
}

// AllPermissions opens everything that the simulator serves.
func AllPermissions() []string {
	return []string{"Cloudflare Tunnel Write", "Access: Apps and Policies Write",
		"Access: Organizations, Identity Providers, and Groups Write",
		"DNS Write", "Zone Write", "Account Settings Read"}
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
func (s *state) authenticate(h http.Header, path string, now time.Time) (*token, error) {
	value := h.Get("Authorization")
	if value == "" {
		return nil, errNoToken
	}
	value, bearer := strings.CutPrefix(value, "Bearer ")
	if !bearer || !wellFormed(value) {
		return nil, errMalformed
	}
	verifying := strings.HasSuffix(path, "/tokens/verify")
	t, known := s.Tokens.get(value)
	switch {
	case known && (verifying || t.state(now) == "active"):
		return t, nil
	case verifying:
		return nil, errInvalidToken
	default:
		return nil, errUnknownToken
	}
}

// wellFormed tells the shape of a token, old or new, from junk.
func wellFormed(value string) bool {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
	return len(value) >= 40 && len(value) <= 80 && strings.Trim(value, letters) == ""
}

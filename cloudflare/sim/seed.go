package sim

import (
	"slices"
	"time"
)

// TokenKind tells whom an API token belongs to.
type TokenKind int

const (
	UserToken    TokenKind = iota // acts for a person, verified at /user/tokens/verify
	AccountToken                  // belongs to an account, verified at /accounts/{id}/tokens/verify
)

// AddAccount adds an account that was never onboarded to Zero Trust and gives
// its id.
func (c *Cloud) AddAccount(name string) string {
	a := &account{ID: c.ids.tag(), Name: name, CreatedOn: c.now(), Key: c.ids.aud()}
	a.complete(c)
	c.change(func(s *state) { s.Accounts.put(a.ID, a) })
	return a.ID
}

// AddZone adds a zone (status pending or active) and gives its id.
func (c *Cloud) AddZone(account, name, status string) string {
	var id string
	c.change(func(s *state) { id = c.newZone(s, account, hostname(name), status, c.now()).ID })
	return id
}

// SetZoneStatus is what the outside does to a zone: delegating it (active),
// or away (moved). It reports whether there is such a zone.
func (c *Cloud) SetZoneStatus(id, status string) bool {
	known := false
	now := c.now()
	c.change(func(s *state) {
		z, ok := s.Zones.get(id)
		if known = ok; !ok {
			return
		}
		z.Status, z.ModifiedOn = status, now
		if status == "active" {
			z.ActivatedOn = &now
		}
	})
	return known
}

// AddToken makes an API token with permissions as the API names them ("DNS
// Write"; see AllPermissions). An AccountToken belongs to account. A UserToken
// reaches account only, or every account if it is empty; all user tokens count
// as one user's against the rate limit.
func (c *Cloud) AddToken(kind TokenKind, account string, permissions ...string) string {
	t := &token{ID: c.ids.tag(), User: "user", Status: "active", Permissions: slices.Clone(permissions)}
	if t.Value = c.ids.token("cfut_"); account != "" {
		t.Accounts = []string{account}
	}
	if kind == AccountToken {
		t.Value, t.Owner, t.User = c.ids.token("cfat_"), account, t.ID
	}
	c.change(func(s *state) { s.Tokens.put(t.Value, t) })
	return t.Value
}

// NameToken gives a token a name, as the audit log shows it. It reports whether
// there is such a token.
func (c *Cloud) NameToken(value, name string) bool {
	known := false
	c.change(func(s *state) {
		old, ok := s.Tokens.get(value)
		if known = ok; !ok {
			return
		}
		t := *old
		t.Name = name
		s.Tokens.put(value, &t)
	})
	return known
}

// SetToken changes a token's status (active, disabled, expired) and, if any
// are given, its permissions. It reports whether there is such a token.
func (c *Cloud) SetToken(value, status string, permissions ...string) bool {
	known := false
	c.change(func(s *state) {
		old, ok := s.Tokens.get(value)
		if known = ok; !ok {
			return
		}
		t := *old
		t.Status = status
		if len(permissions) > 0 {
			t.Permissions = slices.Clone(permissions)
		}
		s.Tokens.put(value, &t)
	})
	return known
}

// TokenLimits is when and from where a token may be used.
type TokenLimits struct {
	NotBefore, ExpiresOn *time.Time
	From                 []string // networks in CIDR notation; empty: anywhere
}

// LimitToken limits a token as its owner can in the dashboard. It reports
// whether there is such a token.
func (c *Cloud) LimitToken(value string, l TokenLimits) bool {
	known := false
	c.change(func(s *state) {
		old, ok := s.Tokens.get(value)
		if known = ok; !ok {
			return
		}
		t := *old
		t.NotBefore, t.ExpiresOn, t.From = l.NotBefore, l.ExpiresOn, slices.Clone(l.From)
		s.Tokens.put(value, &t)
	})
	return known
}

// SetOnboarded puts an account into Zero Trust with a team domain, or, with an
// empty one, back to where it never was.
func (c *Cloud) SetOnboarded(account, teamDomain string) bool {
	known := false
	c.change(func(s *state) {
		a, ok := s.Accounts.get(account)
		if known = ok; !ok {
			return
		}
		if teamDomain == "" {
			a.Org, a.IDPs, a.GatewayTag, a.Gateway = nil, table[identity]{}, "", nil
			return
		}
		c.onboard(a, a.Name, teamDomain, c.now())
	})
	return known
}

// Basics is what a client needs to begin.
type Basics struct {
	Token      string `json:"token"`
	AccountID  string `json:"account_id"`
	ZoneID     string `json:"zone_id"`
	Zone       string `json:"zone"`
	TeamDomain string `json:"team_domain"`
}

// Example is a small ordinary world: one account onboarded to Zero Trust,
// whose only login method is Cloudflare's own accounts, one active zone,
// and one user token that may do everything.
func Example(o Options) *Cloud {
	o.BrowserCheck = true // as real zones have it
	return example(o)
}

func example(o Options) *Cloud {
	c := New(o)
	c.Furnish()
	return c
}

// Furnish puts the world of Example into a Cloud.
func (c *Cloud) Furnish() {
	account := c.AddAccount("Example Team")
	c.SetOnboarded(account, "example-team.cloudflareaccess.com")
	c.AddZone(account, "example.org", "active")
	c.AddToken(UserToken, "", AllPermissions()...)
}

// Basics tells the first account, with its first zone, and the most able
// token, a user's before an account's; also after Restore. Fields are empty
// where there is none.
func (c *Cloud) Basics() Basics {
	c.mu.RLock()
	defer c.mu.RUnlock()
	b := Basics{Token: c.state.ablest(func(t *token) bool { return t.Owner == "" })}
	if b.Token == "" {
		b.Token = c.state.ablest(func(t *token) bool { return t.Owner != "" })
	}
	for a := range c.state.Accounts.all() {
		b.AccountID = a.ID
		if a.Org != nil {
			b.TeamDomain = a.Org.AuthDomain
		}
		break
	}
	for z := range c.state.Zones.all() {
		if z.AccountID == b.AccountID {
			b.ZoneID, b.Zone = z.ID, z.Name
			break
		}
	}
	return b
}

// ablest is the active token with the most permissions of those meant.
func (s *state) ablest(meant func(*token) bool) (value string) {
	able := -1
	for t := range s.Tokens.all() {
		if t.Status == "active" && meant(t) && len(t.Permissions) > able {
			value, able = t.Value, len(t.Permissions)
		}
	}
	return value
}

package setup

import "strings"

// Organization is the account's Zero Trust organisation. Absent means that Zero
// Trust was never switched on, which only its owner can do.
type Organization struct {
	AuthDomain string `json:"auth_domain"`
}

func (Organization) Kind() Kind                 { return KindOrganization }
func (o Organization) mapIDs(func(ID) ID) State { return o }
func (Organization) occupies() []string         { return []string{"the organisation"} }
func (Organization) met(State) bool             { return true }
func (o Organization) over(State) State         { return o }

// LoginMethod is a way for colleagues to prove who they are. Any method that
// works for people without a Cloudflare account will do.
type LoginMethod struct {
	Type string `json:"type"` // as Cloudflare's API names it: onetimepin, google, …
	Name string `json:"name"`
}

func (LoginMethod) Kind() Kind                 { return KindLoginMethod }
func (l LoginMethod) mapIDs(func(ID) ID) State { return l }
func (LoginMethod) occupies() []string         { return nil }
func (l LoginMethod) over(State) State         { return l }

// met accepts every login method but "cloudflare", which asks for a login to
// Cloudflare's own dashboard that colleagues do not have.
func (l LoginMethod) met(have State) bool {
	h, ok := have.(LoginMethod)
	return ok && h.Type != "cloudflare"
}

// Decision is what a policy does with the requests that it matches.
type Decision string

// Decisions as Cloudflare's API names them.
const (
	Allow       Decision = "allow"
	Bypass      Decision = "bypass"
	Deny        Decision = "deny"
	ServiceAuth Decision = "non_identity"
)

// Include is one selector of a policy.
type Include struct {
	Type  string `json:"type"` // everyone, email, email_domain; others as read
	Value string `json:"value,omitempty"`
}

// Policy is a reusable Access policy.
type Policy struct {
	Name     string    `json:"name"`
	Decision Decision  `json:"decision"`
	Include  []Include `json:"include"`
	// Other is a digest of exclude, require and whatever else narrows or
	// widens the policy and is not ours.
	Other string `json:"other,omitempty"`
}

func (Policy) Kind() Kind                 { return KindPolicy }
func (p Policy) mapIDs(func(ID) ID) State { return p }
func (Policy) occupies() []string         { return nil }
func (p Policy) met(have State) bool      { return Same(p, have) }
func (p Policy) over(State) State         { return p }

// App is a self-hosted Access application: the lock on a hostname, or a door
// (an application with a bypass policy) on paths of it.
type App struct {
	Name         string   `json:"name"`
	Destinations []string `json:"destinations"` // host or host/path*, sorted
	Policies     []ID     `json:"policies"`     // in order of precedence
	Session      string   `json:"session"`
	// Other is a digest of settings that change who gets in and are not ours.
	Other string `json:"other,omitempty"`
}

func (App) Kind() Kind { return KindApp }
func (a App) mapIDs(f func(ID) ID) State {
	ids := make([]ID, len(a.Policies))
	for i, id := range a.Policies {
		ids[i] = f(id)
	}
	a.Policies = ids
	return a
}
func (a App) occupies() []string {
	names := make([]string, len(a.Destinations))
	for i, d := range a.Destinations {
		names[i] = "destination " + d
	}
	return names
}
func (a App) met(have State) bool { return Same(a, have) }
func (a App) over(State) State    { return a }

// covers says whether destination d (host or host/path*) takes requests that
// destination e is for, so that an application on d stands in the way of one
// on e although their texts differ.
func covers(d, e string) bool {
	if x, ok := ParsePrivate(d); ok {
		y, private := ParsePrivate(e)
		return private && x.covers(y)
	}
	prefix, wild := strings.CutSuffix(d, "*")
	return wild && strings.HasPrefix(e, prefix) && len(prefix) > len(hostOf(e))
}

func hostOf(destination string) string {
	host, _, _ := strings.Cut(destination, "/")
	return host
}

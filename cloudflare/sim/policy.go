package sim

import "slices"

// ruleset is what policies and groups have in common: one of include, all of
// require, none of exclude.
type ruleset struct {
	Include []rule `json:"include"`
	Exclude []rule `json:"exclude"`
	Require []rule `json:"require"`
}

func (s *ruleset) fill() {
	s.Include, s.Exclude, s.Require = orEmpty(s.Include), orEmpty(s.Exclude), orEmpty(s.Require)
}

func (s *ruleset) rules() []rule { return slices.Concat(s.Include, s.Exclude, s.Require) }

// judge evaluates the policies of an account.
type judge struct {
	groups *table[group]
	Unsure
}

func (c *Cloud) judge(a *account) judge { return judge{&a.Groups, c.o.Unsure} }

func (j judge) set(s ruleset, v visitor) bool {
	is := func(r rule) bool { return j.rule(r, v) }
	return slices.ContainsFunc(s.Include, is) && !slices.ContainsFunc(s.Exclude, is) &&
		!slices.ContainsFunc(s.Require, func(r rule) bool { return !is(r) })
}

// stillHolds tells whether somebody whom a policy let in may go on: what does
// not depend on who they are is "checked continuously", the rest was checked at
// the login.
func (j judge) stillHolds(s ruleset, v visitor) bool {
	now := func(r rule) bool {
		if g, known := j.groups.get(r.value); r.kind == "group" && known {
			return j.stillHolds(g.ruleset, v)
		}
		return r.identityBased() || j.rule(r, v)
	}
	return slices.ContainsFunc(s.Include, now) &&
		!slices.ContainsFunc(s.Require, func(r rule) bool { return !now(r) }) &&
		!slices.ContainsFunc(s.Exclude, func(r rule) bool { return !r.identityBased() && j.rule(r, v) })
}

// verdict is what Access makes of a request.
type verdict int

const (
	needsLogin  verdict = iota
	through             // no login asked (bypass), or an allowed one
	denied              // logged in, and not allowed
	serviceOnly         // only service tokens get in; nobody can log in
)

// decide evaluates policies (in order of precedence) for a visitor, and gives
// the one that decided: Bypass and Service Auth first wherever they stand, then
// Allow and Block, of which the first that matches decides ("Policies, Order of
// execution"). Nobody gets in where none does.
func (j judge) decide(policies []*policy, v visitor) (verdict, *policy) {
	if p := j.withoutLogin(policies, v); p != nil {
		return through, p
	}
	if v.email == "" {
		return j.whoMayLogIn(policies), nil
	}
	for _, p := range policies {
		switch {
		case p.Decision != "allow" && p.Decision != "deny" || !j.set(p.ruleset, v):
		case p.Decision == "allow":
			return through, p
		default:
			return denied, p
		}
	}
	return denied, nil
}

// withoutLogin is the first Bypass or Service Auth that lets a visitor in.
// Neither knows who somebody is, and a bypass no service token either.
func (j judge) withoutLogin(policies []*policy, v visitor) *policy {
	anonymous, machine := visitor{ip: v.ip}, visitor{ip: v.ip, service: v.service}
	for _, p := range policies {
		if p.Decision == "bypass" && j.set(p.ruleset, anonymous) || p.Decision == "non_identity" && j.set(p.ruleset, machine) {
			return p
		}
	}
	return nil
}

// whoMayLogIn tells whether asking for a login makes sense: with a Service Auth
// policy alone nobody could.
func (j judge) whoMayLogIn(policies []*policy) verdict {
	if hasServiceAuth(policies) && !slices.ContainsFunc(policies, func(p *policy) bool {
		return p.Decision == "allow" || p.Decision == "deny"
	}) {
		return serviceOnly
	}
	return needsLogin
}

func hasServiceAuth(policies []*policy) bool {
	return slices.ContainsFunc(policies, func(p *policy) bool { return p.Decision == "non_identity" })
}

// bypassed tells whether an application lets a visitor in without a login.
func (j judge) bypassed(policies []*policy, v visitor) bool {
	return j.withoutLogin(policies, visitor{ip: v.ip}) != nil
}

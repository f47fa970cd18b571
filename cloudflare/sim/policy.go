package sim

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// rule is one selector of a policy, such as {"email_domain":{"domain":"x.org"}}.
type rule struct {
	raw   json.RawMessage
	kind  string
	value string
}

func (r rule) MarshalJSON() ([]byte, error) { return r.raw, nil }

var errRule = errors.New("a rule is an object with one selector")

func (r *rule) UnmarshalJSON(b []byte) error {
	var selectors map[string]json.RawMessage
	if err := json.Unmarshal(b, &selectors); err != nil || len(selectors) != 1 {
		return errRule
	}
	for kind, body := range selectors {
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			return errRule
		}
		value, _ := fields[selectorField(kind)].(string)
		*r = rule{raw: slices.Clone(b), kind: kind, value: strings.ToLower(value)}
	}
	return nil
}

func selectorField(kind string) string {
	switch kind {
	case "email_domain":
		return "domain"
	case "login_method", "group", "email_list", "ip_list":
		return "id"
	case "service_token":
		return "token_id"
	case "geo":
		return "country_code"
	default:
		return kind // email, ip
	}
}

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

// visitor is what is known of who asks. Without an email nobody logged in.
type visitor struct {
	ip      netip.Addr
	email   string
	idp     string // the login method that was used
	service string // the id of the service token that was shown
}

// judge evaluates the policies of an account.
type judge struct {
	groups *table[group]
	Unsure
}

func (c *Cloud) judge(a *account) judge { return judge{&a.Groups, c.o.Unsure} }

// rule evaluates one. Selectors that are not simulated (lists, device posture,
// certificates) match nobody. Groups cannot hold groups.
func (j judge) rule(r rule, v visitor) bool {
	switch r.kind {
	case "everyone":
		return true
	case "ip":
		net, err := netip.ParsePrefix(r.value)
		if addr, single := netip.ParseAddr(r.value); single == nil {
			return addr == v.ip
		}
		return err == nil && net.Contains(v.ip)
	case "email":
		return v.email != "" && r.value == v.email
	case "email_domain":
		domain := r.value
		if j.DomainAtStripped {
			domain = strings.TrimPrefix(domain, "@")
		}
		_, of, ok := strings.Cut(v.email, "@")
		return ok && of == domain
	case "login_method":
		return v.idp != "" && r.value == v.idp
	case "service_token":
		return v.service != "" && r.value == v.service
	case "any_valid_service_token":
		return v.service != ""
	case "group":
		g, known := j.groups.get(r.value)
		return known && j.set(g.ruleset, v)
	default:
		return false
	}
}

func (j judge) set(s ruleset, v visitor) bool {
	is := func(r rule) bool { return j.rule(r, v) }
	return slices.ContainsFunc(s.Include, is) && !slices.ContainsFunc(s.Exclude, is) &&
		!slices.ContainsFunc(s.Require, func(r rule) bool { return !is(r) })
}

// verdict is what Access makes of a request.
type verdict int

const (
	needsLogin  verdict = iota
	through             // no login asked (bypass), or an allowed one
	denied              // logged in, and not allowed
	serviceOnly         // only service tokens get in; nobody can log in
)

// decide evaluates policies (in order of precedence) for a visitor: Bypass and
// Service Auth first wherever they stand, then Allow and Block, of which the
// first that matches decides. Nobody gets in where none does.
func (j judge) decide(policies []*policy, v visitor) verdict {
	anonymous := visitor{ip: v.ip} // bypass knows no identity
	machine := visitor{ip: v.ip, service: v.service}
	service, login := false, false
	for _, p := range policies {
		switch p.Decision {
		case "bypass":
			if j.set(p.ruleset, anonymous) {
				return through
			}
		case "non_identity":
			if service = true; j.set(p.ruleset, machine) {
				return through
			}
		default:
			login = true
		}
	}
	switch {
	case v.email == "" && service && !login:
		return serviceOnly
	case v.email == "":
		return needsLogin
	}
	for _, p := range policies {
		if (p.Decision == "allow" || p.Decision == "deny") && j.set(p.ruleset, v) {
			if p.Decision == "allow" {
				return through
			}
			return denied
		}
	}
	return denied
}

// bypassed tells whether an application lets a visitor in without a login.
func (j judge) bypassed(policies []*policy, v visitor) bool {
	return j.decide(policies, visitor{ip: v.ip}) == through
}

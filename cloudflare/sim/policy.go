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

// visitor is what is known of who asks. Without an email nobody logged in.
type visitor struct {
	ip    netip.Addr
	email string
	idp   string // the login method that was used
}

// matches evaluates a rule. Selectors that are not simulated (groups, lists,
// device posture, certificates) match nobody.
func (r rule) matches(v visitor, u Unsure) bool {
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
		if u.DomainAtStripped {
			domain = strings.TrimPrefix(domain, "@")
		}
		_, of, ok := strings.Cut(v.email, "@")
		return ok && of == domain
	case "login_method":
		return v.idp != "" && r.value == v.idp
	default:
		return false
	}
}

// matches: one of include, all of require, none of exclude.
func (p *policy) matches(v visitor, u Unsure) bool {
	is := func(r rule) bool { return r.matches(v, u) }
	return slices.ContainsFunc(p.Include, is) && !slices.ContainsFunc(p.Exclude, is) &&
		!slices.ContainsFunc(p.Require, func(r rule) bool { return !is(r) })
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
func decide(policies []*policy, v visitor, u Unsure) verdict {
	anonymous := visitor{ip: v.ip} // bypass knows no identity
	service, login := false, false
	for _, p := range policies {
		switch p.Decision {
		case "bypass":
			if p.matches(anonymous, u) {
				return through
			}
		case "non_identity":
			service = true // service tokens are not simulated: none is ever valid
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
		if (p.Decision == "allow" || p.Decision == "deny") && p.matches(v, u) {
			if p.Decision == "allow" {
				return through
			}
			return denied
		}
	}
	return denied
}

// bypassed tells whether an application lets a visitor in without a login.
func bypassed(policies []*policy, v visitor, u Unsure) bool {
	return decide(policies, visitor{ip: v.ip}, u) == through
}

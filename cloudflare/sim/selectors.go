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

// selectors are all that a rule can have, as the API documents them; true, if
// the simulator can tell whom they match. The others match nobody here: they
// look at devices, certificates, lists, groups of identity providers and such.
func selectors() map[string]bool {
	return map[string]bool{
		"any_valid_service_token": true, "email": true, "email_domain": true, "everyone": true, "geo": true, "group": true,
		"ip": true, "login_method": true, "service_token": true,

		"auth_context": false, "auth_method": false, "azureAD": false, "certificate": false, "cloudflare_account_member": false,
		"common_name": false, "device_posture": false, "email_list": false, "external_evaluation": false, "github-organization": false,
		"gsuite": false, "ip_list": false, "linked_app_token": false, "oidc": false, "okta": false, "saml": false, "user_risk_score": false,
	}
}

// identityBased tells whether a selector asks who somebody is. Those are checked
// at the login alone, the others with every request ("Access selectors").
func (r rule) identityBased() bool {
	return !slices.Contains([]string{"ip", "geo", "everyone", "service_token", "any_valid_service_token", "ip_list", "certificate",
		"common_name", "device_posture", "linked_app_token"}, r.kind)
}

// blind are the selectors among some rules that match nobody here.
func blind(rules []rule) []string {
	known := selectors()
	var kinds []string
	for _, r := range rules {
		if !known[r.kind] && !slices.Contains(kinds, r.kind) {
			kinds = append(kinds, r.kind)
		}
	}
	return kinds
}

// country is where every visitor is.
const country = "PT"

// visitor is what is known of who asks. Without an email nobody logged in.
type visitor struct {
	ip      netip.Addr
	email   string
	idp     string // the login method that was used
	service string // the id of the service token that was shown
}

// rule evaluates one. Groups cannot hold groups.
func (j judge) rule(r rule, v visitor) bool {
	switch r.kind {
	case "everyone":
		return true
	case "geo":
		return strings.EqualFold(r.value, country)
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

package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var readingPolicies = op{"read the Access policies", needsApps}

func policiesPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "access", "policies"}, below...)...)
}

// policyOthers are the fields of a policy that change whom it fits.
var policyOthers = others{"exclude", "require", "approval_required", "approval_groups", "isolation_required",
	"purpose_justification_required", "connection_rules", "mfa_config", "session_duration"}

// policyReadOnly are the fields that Cloudflare writes.
var policyReadOnly = []string{"id", "uid", "created_at", "updated_at", "reusable", "app_count", "precedence"}

func (c *Client) readPolicies(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingPolicies, policiesPath(account), nil)
	return decodeAll(setup.ReadScope{Kind: setup.KindPolicy, Scope: account}, rows, err, decodePolicy)
}

func decodePolicy(raw json.RawMessage) (setup.Object, error) {
	var in struct {
		ID, Name string
		Decision setup.Decision
		Include  []json.RawMessage
	}
	if err := parse(readingPolicies, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(in.Name)
	p := setup.Policy{Name: name, Decision: in.Decision, Include: []setup.Include{}, Other: policyOther(raw)}
	for _, rule := range in.Include {
		p.Include = append(p.Include, decodeInclude(rule))
	}
	slices.SortFunc(p.Include, compareIncludes)
	return setup.Object{ID: in.ID, Mark: mark, State: p, Raw: raw}, nil
}

// policyOther: Cloudflare writes the usual session into every policy.
func policyOther(raw []byte) string {
	if gjson.GetBytes(raw, "session_duration").String() == usualSession {
		raw = without(raw, "session_duration")
	}
	return policyOthers.digest(raw, nil)
}

func compareIncludes(a, b setup.Include) int {
	return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Value, b.Value))
}

// decodeInclude reads one selector, {"email":{"email":"a@b.c"}}. One that we
// never write keeps its type and has its digest for a value.
func decodeInclude(raw json.RawMessage) setup.Include {
	rule := gjson.ParseBytes(raw)
	kind := ""
	rule.ForEach(func(key, _ gjson.Result) bool {
		kind = key.String()
		return false
	})
	switch kind {
	case "everyone":
		return setup.Include{Type: kind}
	case "email":
		return setup.Include{Type: kind, Value: strings.ToLower(rule.Get("email.email").String())}
	case "email_domain":
		return setup.Include{Type: kind, Value: mailDomain(rule.Get("email_domain.domain").String())}
	}
	return setup.Include{Type: kind, Value: digest(rule.Value())}
}

func mailDomain(s string) string { return strings.TrimPrefix(strings.ToLower(s), "@") }

// encodeInclude writes one selector. One that is not ours can only be kept, out
// of those that stand.
func encodeInclude(in setup.Include, standing []gjson.Result) (json.RawMessage, *setup.Problem) {
	var rule map[string]any
	switch in.Type {
	case "everyone":
		rule = map[string]any{in.Type: struct{}{}}
	case "email":
		rule = map[string]any{in.Type: map[string]string{"email": in.Value}}
	case "email_domain":
		rule = map[string]any{in.Type: map[string]string{"domain": mailDomain(in.Value)}}
	default:
		for _, have := range standing {
			if decodeInclude([]byte(have.Raw)) == in {
				return json.RawMessage(have.Raw), nil
			}
		}
		return nil, refused(setup.CodeRefused, "The policy had a rule of type %s that Culvert does not manage and that is gone now. Restore it in the dashboard (Zero Trust, Access, Policies).", in.Type)
	}
	raw, err := json.Marshal(rule)
	if err != nil {
		return nil, setup.AsProblem(err)
	}
	return raw, nil
}

// policyBody lays a state over a policy as it stands; {} when it is made.
func policyBody(raw []byte, to setup.Policy, mark string) ([]byte, error) {
	body, refusal := policyOthers.apply(raw, policyOther(raw), to.Other)
	if refusal != nil {
		return nil, refusal
	}
	include := make([]json.RawMessage, len(to.Include))
	for i, in := range to.Include {
		if include[i], refusal = encodeInclude(in, gjson.GetBytes(raw, "include").Array()); refusal != nil {
			return nil, refusal
		}
	}
	body = without(body, policyReadOnly...)
	body = with(body, "name", setup.WithMark(to.Name, mark))
	body = with(body, "decision", to.Decision)
	return with(body, "include", include), nil
}

type policies struct{ *Client }

func (p policies) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := p.get(ctx, readingPolicies, policiesPath(e.Key.Scope, id), nil)
	return found(raw, err, decodePolicy)
}

func (p policies) create(ctx context.Context, e setup.Entry) (string, error) {
	body, err := policyBody([]byte("{}"), e.To.(setup.Policy), e.Mark)
	if err != nil {
		return "", err
	}
	raw, err := p.write(ctx, op{"make the Access policy", needsApps}, http.MethodPost, policiesPath(e.Key.Scope), body)
	return idOf(raw, err)
}

func (p policies) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	body, err := policyBody(have.Raw, e.To.(setup.Policy), have.Mark)
	if err != nil {
		return err
	}
	_, err = p.write(ctx, op{"change the Access policy", needsApps}, http.MethodPut, policiesPath(e.Key.Scope, e.ID), body)
	return err
}

func (p policies) remove(ctx context.Context, e setup.Entry, have *setup.Object) error {
	if n := gjson.GetBytes(have.Raw, "app_count").Int(); n > 0 {
		return refused(setup.CodeInUse, "Could not delete the Access policy. %d Access application(s) still use it. Take it out of them first.", n)
	}
	_, err := p.write(ctx, op{"delete the Access policy", needsApps}, http.MethodDelete, policiesPath(e.Key.Scope, e.ID), nil)
	return err
}

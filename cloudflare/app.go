package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

const (
	selfHosted   = "self_hosted"
	usualSession = "24h" // what Cloudflare sets if nothing is asked for
)

var readingApps = op{"read the Access applications", needsApps}

func appsPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "access", "apps"}, below...)...)
}

// appOthers are the fields of an application that change who gets in.
var appOthers = others{"allowed_idps", "allow_authenticate_via_warp", "options_preflight_bypass", "cors_headers",
	"service_auth_401_redirect", "read_service_tokens_from_header", "mfa_config", "oauth_configuration"}

// appReadOnly are the fields that Cloudflare writes or derives from the
// destinations; the old list of domains would contradict them.
var appReadOnly = []string{"id", "uid", "aud", "created_at", "updated_at", "self_hosted_domains", "domain_type"}

func decodeApp(raw json.RawMessage) (setup.Object, error) {
	var in struct {
		ID      string
		Name    string
		Session string `json:"session_duration"`
	}
	if err := parse(readingApps, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(in.Name)
	return setup.Object{ID: in.ID, Mark: mark, Raw: raw, State: setup.App{
		Name:         name,
		Destinations: destinations(raw),
		Policies:     linkedPolicies(raw),
		Session:      cmp.Or(in.Session, usualSession),
		Other:        appOther(raw),
	}}, nil
}

// appOther also counts what we cannot strip: another type, and destinations of a
// sort that we do not know.
func appOther(raw []byte) string {
	more := map[string]any{}
	if kind := gjson.GetBytes(raw, "type").String(); kind != selfHosted {
		more["type"] = kind
	}
	var unknown []any
	for _, d := range unknownDestinations(raw) {
		unknown = append(unknown, d.Value())
	}
	more["private"] = unknown
	return appOthers.digest(raw, more)
}

type linkBody struct {
	ID         string `json:"id"`
	Precedence int    `json:"precedence"`
}

// links are the policies of an application, first come first. They may stand
// there as objects or as bare ids.
func links(app []byte) []linkBody {
	all := []linkBody{}
	for i, l := range gjson.GetBytes(app, "policies").Array() {
		link := linkBody{l.Get("id").String(), int(l.Get("precedence").Int())}
		if l.Type == gjson.String {
			link = linkBody{l.String(), i + 1}
		}
		all = append(all, link)
	}
	slices.SortStableFunc(all, func(a, b linkBody) int { return cmp.Compare(a.Precedence, b.Precedence) })
	return all
}

// linkedPolicies are the ids of an application's policies, first come first.
func linkedPolicies(app []byte) []setup.ID {
	ids := []setup.ID{}
	for _, l := range links(app) {
		ids = append(ids, setup.Lit(l.ID))
	}
	return ids
}

// appBody lays a state over an application as it stands. Everything else that
// the application has is sent back: the write replaces it whole.
func appBody(raw []byte, to setup.App, mark string) ([]byte, error) {
	have := appOther(raw)
	unknown := unknownDestinations(raw)
	if to.Other != have && (gjson.GetBytes(raw, "type").String() != selfHosted || len(unknown) > 0) {
		return nil, refused(setup.CodeRefused, "This Access application also protects something that Culvert does not manage (another type of application or of address). Change it in the dashboard, or choose another address.")
	}
	body, refusal := appOthers.apply(raw, have, to.Other)
	if refusal != nil {
		return nil, refusal
	}
	covered := []json.RawMessage{}
	for _, d := range to.Destinations {
		covered = append(covered, encodeDestination(d, raw))
	}
	for _, d := range unknown {
		covered = append(covered, json.RawMessage(d.Raw))
	}
	policies := []linkBody{}
	for i, id := range to.Policies {
		policies = append(policies, linkBody{id.Lit, i + 1})
	}
	body = without(body, appReadOnly...)
	body = with(body, "name", setup.WithMark(to.Name, mark))
	body = with(body, "destinations", covered)
	body = with(body, "policies", policies)
	body = with(body, "session_duration", cmp.Or(to.Session, usualSession))
	body = without(body, "domain") // shown as the main address; one of the destinations
	if main := slices.IndexFunc(to.Destinations, isPublicText); main >= 0 {
		body = with(body, "domain", to.Destinations[main])
	}
	return body, nil
}

type apps struct{ *Client }

func (a apps) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := a.get(ctx, readingApps, appsPath(e.Key.Scope, id), nil)
	return found(raw, err, decodeApp)
}

func (a apps) create(ctx context.Context, e setup.Entry) (string, error) {
	body, err := appBody([]byte(`{"type":"self_hosted"}`), e.To.(setup.App), e.Mark)
	if err != nil {
		return "", err
	}
	raw, err := a.write(ctx, op{"make the Access application", needsApps}, http.MethodPost, appsPath(e.Key.Scope), body)
	return idOf(raw, err)
}

func (a apps) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	if have.Mark == "" && !e.Drop && uncovers(have.State.(setup.App), e.To.(setup.App)) {
		return refused(setup.CodeRefused, "This Access application also protects an address in a private network, which would be left without it. Change it in the dashboard, or choose another address.")
	}
	body, err := appBody(have.Raw, e.To.(setup.App), have.Mark)
	if err != nil {
		return err
	}
	_, err = a.write(ctx, op{"change the Access application", needsApps}, http.MethodPut, appsPath(e.Key.Scope, e.ID), body)
	return err
}

// uncovers says whether a private address that an application covers would no
// longer be.
func uncovers(have, to setup.App) bool {
	return slices.ContainsFunc(have.Destinations, func(d string) bool {
		return !isPublicText(d) && !slices.Contains(to.Destinations, d)
	})
}

func (a apps) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := a.write(ctx, op{"delete the Access application", needsApps}, http.MethodDelete, appsPath(e.Key.Scope, e.ID), nil)
	return err
}

// check: Cloudflare has been seen to store an application without policies
// whose ids it did not know. Such an application lets nobody in.
func (apps) check(e setup.Entry, now setup.State) *setup.Problem {
	if len(e.To.(setup.App).Policies) > 0 && len(now.(setup.App).Policies) == 0 {
		return refused(setup.CodeInvalid, "Cloudflare stored the Access application “%s” without its policies, so it lets nobody in. Look again and apply once more.", e.To.(setup.App).Name)
	}
	return nil
}

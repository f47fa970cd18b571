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

func (c *Client) readApps(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingApps, appsPath(account), nil)
	return decodeAll(setup.ReadScope{Kind: setup.KindApp, Scope: account}, rows, err, decodeApp)
}

func decodeApp(raw json.RawMessage) (setup.Object, error) {
	var in struct {
		ID       string
		Name     string
		Session  string            `json:"session_duration"`
		Policies []json.RawMessage // objects, or bare ids
	}
	if err := parse(readingApps, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(in.Name)
	return setup.Object{ID: in.ID, Mark: mark, Raw: raw, State: setup.App{
		Name:         name,
		Destinations: publicDestinations(raw),
		Policies:     linkedPolicies(in.Policies),
		Session:      cmp.Or(in.Session, usualSession),
		Other:        appOther(raw),
	}}, nil
}

// appOther also counts what we cannot strip: another type, and addresses in
// private networks.
func appOther(raw []byte) string {
	more := map[string]any{}
	if kind := gjson.GetBytes(raw, "type").String(); kind != selfHosted {
		more["type"] = kind
	}
	var private []any
	for _, d := range privateDestinations(raw) {
		private = append(private, d.Value())
	}
	more["private"] = private
	return appOthers.digest(raw, more)
}

// publicDestinations are the addresses that the application covers, however old
// the fields are that it was made with.
func publicDestinations(raw []byte) []string {
	found := []string{}
	for _, d := range gjson.GetBytes(raw, "destinations").Array() {
		if uri := d.Get("uri").String(); uri != "" && isPublic(d) {
			found = append(found, destination(uri))
		}
	}
	if !gjson.GetBytes(raw, "destinations.0").Exists() {
		for _, d := range gjson.GetBytes(raw, "self_hosted_domains").Array() {
			found = append(found, destination(d.String()))
		}
		if domain := gjson.GetBytes(raw, "domain").String(); domain != "" && len(found) == 0 {
			found = append(found, destination(domain))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func privateDestinations(raw []byte) []gjson.Result {
	return slices.DeleteFunc(gjson.GetBytes(raw, "destinations").Array(), isPublic)
}

func isPublic(d gjson.Result) bool {
	kind := d.Get("type").String()
	return kind == "" || kind == "public"
}

// destination writes host/path with the host in the form that is compared.
func destination(uri string) string {
	name, path, _ := strings.Cut(uri, "/")
	if path == "" {
		return host(name)
	}
	return host(name) + "/" + path
}

// linkedPolicies are the ids of the application's policies, first come first.
func linkedPolicies(links []json.RawMessage) []setup.ID {
	type link struct {
		id         string
		precedence int64
	}
	all := make([]link, len(links))
	for i, raw := range links {
		l := gjson.ParseBytes(raw)
		all[i] = link{l.Get("id").String(), l.Get("precedence").Int()}
		if l.Type == gjson.String {
			all[i] = link{l.String(), int64(i + 1)}
		}
	}
	slices.SortStableFunc(all, func(a, b link) int { return cmp.Compare(a.precedence, b.precedence) })
	ids := make([]setup.ID, len(all))
	for i, l := range all {
		ids[i] = setup.Lit(l.id)
	}
	return ids
}

type linkBody struct {
	ID         string `json:"id"`
	Precedence int    `json:"precedence"`
}

type publicBody struct {
	Type string `json:"type"`
	URI  string `json:"uri"`
}

// appBody lays a state over an application as it stands. Everything else that
// the application has is sent back: the write replaces it whole.
func appBody(raw []byte, to setup.App, mark string) ([]byte, error) {
	have := appOther(raw)
	private := privateDestinations(raw)
	if to.Other != have && (gjson.GetBytes(raw, "type").String() != selfHosted || len(private) > 0) {
		return nil, refused(setup.CodeRefused, "This Access application also protects something that Culvert does not manage (another type, or an address in a private network). Change it in the dashboard, or choose another address.")
	}
	body, refusal := appOthers.apply(raw, have, to.Other)
	if refusal != nil {
		return nil, refusal
	}
	destinations := []any{}
	for _, d := range to.Destinations {
		destinations = append(destinations, publicBody{"public", d})
	}
	for _, d := range private {
		destinations = append(destinations, json.RawMessage(d.Raw))
	}
	links := []linkBody{}
	for i, id := range to.Policies {
		links = append(links, linkBody{id.Lit, i + 1})
	}
	body = without(body, appReadOnly...)
	body = with(body, "name", setup.WithMark(to.Name, mark))
	body = with(body, "destinations", destinations)
	body = with(body, "policies", links)
	body = with(body, "session_duration", cmp.Or(to.Session, usualSession))
	if len(to.Destinations) > 0 {
		body = with(body, "domain", to.Destinations[0]) // shown as the main address; one of the destinations
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
	body, err := appBody(have.Raw, e.To.(setup.App), have.Mark)
	if err != nil {
		return err
	}
	_, err = a.write(ctx, op{"change the Access application", needsApps}, http.MethodPut, appsPath(e.Key.Scope, e.ID), body)
	return err
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

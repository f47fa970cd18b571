package conformance

import (
	"slices"
	"strings"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	groups        = A + "/access/groups"
	serviceTokens = A + "/access/service_tokens"
	tags          = A + "/access/tags"
)

// group makes one for everyone, which {id} stands for.
func (t *try) group() *zero_trust.AccessGroupNewResponse {
	made := must[*zero_trust.AccessGroupNewResponse](t)(t.zt.Access.Groups.New(t.ctx, zero_trust.AccessGroupNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name()), Include: sdk.F(everyone())}))
	t.vars["id"] = made.ID
	t.made(groups + "/{id}")
	return made
}

func aGroup(t *try) { t.group() }

func groupRows() []row {
	get := func(t *try) (*zero_trust.AccessGroupGetResponse, error) {
		return t.zt.Access.Groups.Get(t.ctx, t.vars["id"], zero_trust.AccessGroupGetParams{AccountID: sdk.F(t.account)})
	}
	rules := strings.TrimSuffix(strings.Repeat(`{"email":{"email":"a@example.org"}},`, 1001), ",")
	return slices.Concat([]row{
		{op: "POST " + groups, what: "makes a group", class: own, run: func(t *try) {
			made := t.group()
			t.same("it", []any{made.Name, len(made.Include), len(made.Exclude), len(made.Require)}, []any{t.name(), 1, 0, 0})
		}},
		{op: "GET " + groups + "/{id}", what: "shows it", class: own, run: func(t *try) {
			t.group()
			got := must[*zero_trust.AccessGroupGetResponse](t)(get(t))
			t.same("it", []any{got.ID, got.Name}, []any{t.vars["id"], t.name()})
		}},
		{op: "GET " + groups, what: "finds by name, and by a part of it", class: own, run: func(t *try) {
			t.group()
			found := func(p zero_trust.AccessGroupListParams) int {
				p.AccountID = sdk.F(t.account)
				return len(must[*groupsOfAccessPage](t)(t.zt.Access.Groups.List(t.ctx, p)).Result)
			}
			t.same("by name", found(zero_trust.AccessGroupListParams{Name: sdk.F(t.name())}), 1)
			t.same("by a part of the name", found(zero_trust.AccessGroupListParams{Name: sdk.F(t.name()[:25])}), 0)
			t.same("by search", found(zero_trust.AccessGroupListParams{Search: sdk.F(t.name())}), 1)
		}},
		{op: "PUT " + groups + "/{id}", what: "replaces its rules", class: own, run: func(t *try) {
			made := t.group()
			put := must[*zero_trust.AccessGroupUpdateResponse](t)(t.zt.Access.Groups.Update(t.ctx, made.ID, zero_trust.AccessGroupUpdateParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name() + "-2"),
				Include: sdk.F([]zero_trust.AccessRuleUnionParam{zero_trust.EmailRuleParam{Email: sdk.F(zero_trust.EmailRuleEmailParam{Email: sdk.F("ann@example.org")})}})}))
			t.same("it", []any{put.ID, put.Name}, []any{made.ID, t.name() + "-2"})
			t.same("its rules", asJSON(t.object("GET", groups+"/{id}", "")["include"]), `[{"email":{"email":"ann@example.org"}}]`)
		}},
		{op: "DELETE " + groups + "/{id}", what: "removes it", class: own, run: func(t *try) {
			made := t.group()
			gone := must[*zero_trust.AccessGroupDeleteResponse](t)(t.zt.Access.Groups.Delete(t.ctx, made.ID, zero_trust.AccessGroupDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("the id", gone.ID, made.ID)
			_, err := get(t)
			t.refused(err, 404, 11021, "group_not_found")
		}},
	}, rowsOf([]refusal{
		{"POST " + groups, own, "a group without a name", nil, `{"include":[{"everyone":{}}]}`, 400, 12130, "name", 0},
		{"POST " + groups, own, "a group of nobody", nil, `{"name":"{name}","include":[]}`, 400, 12130, "include", 0},
		{"POST " + groups, own, "a group of groups", aGroup, `{"name":"{name}","include":[{"group":{"id":"{id}"}}]}`, 400, 12130, "group", 0},
		{"POST " + groups, own, "more than 1,000 rules", nil, `{"name":"{name}","include":[` + rules + `]}`, 400, 12130, "1000 rules", 0},
		{"POST " + groups, simulated, "more than 300", func(t *try) { t.many(300, "POST", groups, `{"name":"{name}","include":[{"everyone":{}}]}`) },
			`{"name":"{name}","include":[{"everyone":{}}]}`, 400, 12130, "300", 0},
		{"DELETE " + groups + "/{id}", own, "one that a policy names", func(t *try) {
			t.group()
			p := t.object("POST", policies, `{"name":"{name}","decision":"allow","include":[{"group":{"id":"{id}"}}]}`)
			t.made(policies + "/" + p.text("id"))
		}, "", 400, 12130, "in use", 0},
	}))
}

// serviceToken makes one, which {id} stands for.
func (t *try) serviceToken(duration string) *zero_trust.AccessServiceTokenNewResponse {
	p := zero_trust.AccessServiceTokenNewParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name())}
	if duration != "" {
		p.Duration = sdk.F(duration)
	}
	made := must[*zero_trust.AccessServiceTokenNewResponse](t)(t.zt.Access.ServiceTokens.New(t.ctx, p))
	t.vars["id"] = made.ID
	t.made(serviceTokens + "/{id}")
	return made
}

func aServiceToken(t *try) { t.serviceToken("") }

func serviceTokenRows() []row {
	get := func(t *try) *zero_trust.ServiceToken {
		return must[*zero_trust.ServiceToken](t)(t.zt.Access.ServiceTokens.Get(t.ctx, t.vars["id"], zero_trust.AccessServiceTokenGetParams{AccountID: sdk.F(t.account)}))
	}
	return slices.Concat([]row{
		{op: "POST " + serviceTokens, what: "tells the secret, for a year by default", class: own, run: func(t *try) {
			made := t.serviceToken("")
			t.same("it", []any{made.Name, made.Duration, made.Enabled}, []any{t.name(), "8760h", true})
			t.holds("the client id ends in .access", strings.HasSuffix(made.ClientID, ".access"))
			t.holds("the secret begins with cfast_", strings.HasPrefix(made.ClientSecret, "cfast_"))
		}},
		{op: "POST " + serviceTokens, what: "gave secrets of another shape before August 2026", class: simulated,
			options: sim.Options{Clock: func() time.Time { return time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC) }}, run: func(t *try) {
				t.same("the length of the secret", len(t.serviceToken("").ClientSecret), 64)
			}},
		{op: "GET " + serviceTokens + "/{id}", what: "tells the secret no more", class: own, run: func(t *try) {
			made := t.serviceToken("1h")
			got := get(t)
			t.same("it", []any{got.ID, got.ClientID, got.Duration}, []any{made.ID, made.ClientID, "1h"})
			t.holds("it ends", !got.ExpiresAt.IsZero())
			t.same("the secret", t.object("GET", serviceTokens+"/{id}", "")["client_secret"], nil)
		}},
		{op: "GET " + serviceTokens, what: "finds by name", class: own, run: func(t *try) {
			t.serviceToken("")
			page := must[*serviceTokensPage](t)(t.zt.Access.ServiceTokens.List(t.ctx, zero_trust.AccessServiceTokenListParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name())}))
			t.same("how many", len(page.Result), 1)
		}},
		{op: "PUT " + serviceTokens + "/{id}", what: "renames it, switches it off, and lets it last forever", class: own, run: func(t *try) {
			made := t.serviceToken("1h")
			put := must[*zero_trust.ServiceToken](t)(t.zt.Access.ServiceTokens.Update(t.ctx, made.ID, zero_trust.AccessServiceTokenUpdateParams{AccountID: sdk.F(t.account),
				Name: sdk.F(t.name() + "-2"), Enabled: sdk.F(false), Duration: sdk.F("forever")}))
			t.same("it", []any{put.Name, put.Enabled, put.Duration}, []any{t.name() + "-2", false, "forever"})
			t.holds("it never ends", put.ExpiresAt.IsZero())
		}},
		{op: "POST " + serviceTokens + "/{id}/refresh", what: "lets it last its duration from now", class: simulated, run: func(t *try) {
			t.serviceToken("1h")
			before := get(t).ExpiresAt
			t.clock.advance(time.Minute)
			got := must[*zero_trust.ServiceToken](t)(t.zt.Access.ServiceTokens.Refresh(t.ctx, t.vars["id"], zero_trust.AccessServiceTokenRefreshParams{AccountID: sdk.F(t.account)}))
			t.same("its end", got.ExpiresAt, before.Add(time.Minute))
		}},
		{op: "POST " + serviceTokens + "/{id}/rotate", what: "tells another secret", class: own, run: func(t *try) {
			made := t.serviceToken("")
			got := must[*zero_trust.AccessServiceTokenRotateResponse](t)(t.zt.Access.ServiceTokens.Rotate(t.ctx, made.ID, zero_trust.AccessServiceTokenRotateParams{AccountID: sdk.F(t.account)}))
			t.same("the client id", got.ClientID, made.ClientID)
			t.holds("the secret is another", got.ClientSecret != "" && got.ClientSecret != made.ClientSecret)
		}},
		{op: "DELETE " + serviceTokens + "/{id}", what: "removes it", class: own, run: func(t *try) {
			made := t.serviceToken("")
			gone := must[*zero_trust.ServiceToken](t)(t.zt.Access.ServiceTokens.Delete(t.ctx, made.ID, zero_trust.AccessServiceTokenDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("the id", gone.ID, made.ID)
		}},
	}, rowsOf([]refusal{
		{"POST " + serviceTokens, own, "a token without a name", nil, `{}`, 400, 12130, "name", 0},
		{"POST " + serviceTokens, own, "a duration that is none", nil, `{"name":"{name}","duration":"a while"}`, 400, 12130, "duration", 0},
		{"PUT " + serviceTokens + "/{id}", own, "a duration that is none", aServiceToken, `{"duration":"a while"}`, 400, 12130, "duration", 0},
		{"POST " + serviceTokens, simulated, "more than 50", func(t *try) { t.many(50, "POST", serviceTokens, `{"name":"{name}"}`) }, `{"name":"{name}"}`, 400, 12130, "50 service tokens", 0},
		{"GET " + serviceTokens + "/{id}", read, "an unknown one", nil, "", 404, 11021, "service_token_not_found", 0},
		{"POST " + serviceTokens + "/{id}/rotate", read, "an unknown one", nil, "{}", 404, 11021, "service_token_not_found", 0},
	}))
}

// tag makes one, which {name} stands for anyway.
func (t *try) tag() *zero_trust.Tag {
	made := must[*zero_trust.Tag](t)(t.zt.Access.Tags.New(t.ctx, zero_trust.AccessTagNewParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name())}))
	t.made(tags + "/{name}")
	return made
}

func aTag(t *try) { t.tag() }

func tagRows() []row {
	get := func(t *try) (*zero_trust.Tag, error) {
		return t.zt.Access.Tags.Get(t.ctx, t.name(), zero_trust.AccessTagGetParams{AccountID: sdk.F(t.account)})
	}
	return slices.Concat([]row{
		{op: "POST " + tags, what: "makes a tag that an application can have", class: own, run: func(t *try) {
			t.same("the name", t.tag().Name, t.name())
			body := lockOn(t, t.host())
			body.Tags = sdk.F([]string{t.name()})
			made := must[*zero_trust.AccessApplicationNewResponse](t)(t.through(A).create(body))
			t.same("the application's tags", asJSON(made.Tags), `["`+t.name()+`"]`)
			t.same("app_count", t.object("GET", tags+"/{name}", "")["app_count"], 1.0)
		}},
		{op: "GET " + tags + "/{name}", what: "shows it", class: own, run: func(t *try) {
			t.tag()
			t.same("the name", must[*zero_trust.Tag](t)(get(t)).Name, t.name())
		}},
		{op: "GET " + tags, what: "lists it", class: own, run: func(t *try) {
			t.tag()
			page := must[*tagsPage](t)(t.zt.Access.Tags.List(t.ctx, zero_trust.AccessTagListParams{AccountID: sdk.F(t.account), PerPage: sdk.F(int64(1000))}))
			t.holds("it is there", slices.ContainsFunc(page.Result, func(tag zero_trust.Tag) bool { return tag.Name == t.name() }))
		}},
		{op: "PUT " + tags + "/{name}", what: "renames it", class: own, run: func(t *try) {
			t.tag()
			t.after("DELETE", tags+"/"+t.name()+"-2", "")
			put := must[*zero_trust.Tag](t)(t.zt.Access.Tags.Update(t.ctx, t.name(), zero_trust.AccessTagUpdateParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name() + "-2")}))
			t.same("the name", put.Name, t.name()+"-2")
		}},
		{op: "DELETE " + tags + "/{name}", what: "removes it", class: own, run: func(t *try) {
			t.tag()
			gone := must[*zero_trust.AccessTagDeleteResponse](t)(t.zt.Access.Tags.Delete(t.ctx, t.name(), zero_trust.AccessTagDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("the name", gone.Name, t.name())
			_, err := get(t)
			t.refused(err, 404, 11021, "tag_not_found")
		}},
	}, rowsOf([]refusal{
		{"POST " + tags, own, "a name that is taken", aTag, `{"name":"{name}"}`, 409, 11010, "tag_already_exists", 0},
		{"POST " + tags, own, "a tag without a name", nil, `{}`, 400, 12130, "name", 0},
	}))
}

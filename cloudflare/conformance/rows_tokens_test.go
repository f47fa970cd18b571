package conformance

import (
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/user"

	"github.com/culvert/culvert/cloudflare/sim"
)

// tokenRows are verification, permission groups and accounts.
func tokenRows() []row {
	return append([]row{
		{op: "GET /user/tokens/verify", what: "says that a user's token is active", class: simulated, run: func(t *try) {
			v := must[*user.TokenVerifyResponse](t)(t.user.Tokens.Verify(t.ctx))
			t.same("the status", v.Status, user.TokenVerifyResponseStatusActive)
			t.same("the id's length", len(v.ID), 32)
			r := t.raw("GET", "/user/tokens/verify", "")
			if len(r.Messages) != 1 {
				t.stop("messages: %s", r.body)
			}
			t.same("the message", r.Messages[0], apiProblem{Code: 10000, Message: "This API Token is valid and active"})
			t.contains("the body", r.body, `"type":null`)
		}},
		{op: "GET /user/tokens/verify", what: "tells when a token begins and ends", class: simulated, run: func(t *try) {
			begins, ends := t.clock.Now().Add(-time.Hour), t.clock.Now().Add(time.Hour)
			t.cloud.LimitToken(t.token, sim.TokenLimits{NotBefore: &begins, ExpiresOn: &ends})
			v := must[*user.TokenVerifyResponse](t)(t.user.Tokens.Verify(t.ctx))
			t.same("not_before", v.NotBefore, begins)
			t.same("expires_on", v.ExpiresOn, ends)
			t.clock.advance(time.Hour)
			v = must[*user.TokenVerifyResponse](t)(t.user.Tokens.Verify(t.ctx))
			t.same("the status after its end", v.Status, user.TokenVerifyResponseStatusExpired)
		}},
		{op: "GET /user/tokens/verify", what: "says that a token is disabled, which is good for nothing else", class: simulated, run: func(t *try) {
			t.cloud.SetToken(t.token, "disabled")
			v := must[*user.TokenVerifyResponse](t)(t.user.Tokens.Verify(t.ctx))
			t.same("the status", v.Status, user.TokenVerifyResponseStatusDisabled)
			_, err := t.zones.List(t.ctx, zonesAll())
			t.refused(err, 403, 9109, "Invalid access token")
		}},
		{op: "GET /user/tokens/verify", what: "does not know a token that belongs to an account", class: simulated, run: func(t *try) {
			_, err := t.ownedByAccount().user.Tokens.Verify(t.ctx)
			t.refused(err, 401, 1000, "Invalid API Token")
		}},
		{op: "GET " + A + "/tokens/verify", what: "knows a token that belongs to the account", class: simulated, run: func(t *try) {
			v := must[*accounts.TokenVerifyResponse](t)(t.ownedByAccount().accounts.Tokens.Verify(t.ctx, accounts.TokenVerifyParams{AccountID: sdk.F(t.account)}))
			t.same("the status", v.Status, accounts.TokenVerifyResponseStatusActive)
		}},
		{op: "GET " + A + "/tokens/verify", what: "does not know a user's token", class: simulated, run: func(t *try) {
			_, err := t.accounts.Tokens.Verify(t.ctx, accounts.TokenVerifyParams{AccountID: sdk.F(t.account)})
			t.refused(err, 401, 1000, "Invalid API Token")
		}},
		{op: "GET /user/tokens/verify", what: "wants a token where a key is sent", class: read, run: func(t *try) {
			key := http.Header{"X-Auth-Email": {"nobody@example.org"}, "X-Auth-Key": {strings.Repeat("0", 37)}}
			t.refusedRaw(t.rawWith(key, "GET", "/user/tokens/verify", ""), 400, 1001, `Missing "Authorization" header`)
		}},
		{op: "GET /user/tokens/permission_groups", what: "lists the groups in one page, with their ids", class: simulated, run: func(t *try) {
			page := must[*groupsPage](t)(t.user.Tokens.PermissionGroups.List(t.ctx, user.TokenPermissionGroupListParams{}))
			at := slices.IndexFunc(page.Result, func(g user.TokenPermissionGroupListResponse) bool { return g.Name == "Cloudflare Tunnel Write" })
			if at < 0 {
				t.stop("no group for tunnels among %v", page.Result)
			}
			t.same("its id", page.Result[at].ID, "c07321b023e944ff818fec44d8203567")
			t.same("its scopes", page.Result[at].Scopes, []user.TokenPermissionGroupListResponseScope{user.TokenPermissionGroupListResponseScopeComCloudflareAPIAccount})
			page = must[*groupsPage](t)(t.user.Tokens.PermissionGroups.List(t.ctx, user.TokenPermissionGroupListParams{Name: sdk.F("DNS Write")}))
			t.same("how many are called DNS Write", len(page.Result), 1)
		}},
		{op: "GET " + A + "/tokens/permission_groups", what: "lists no group of a user's", class: simulated, run: func(t *try) {
			all := must[*[]accounts.TokenPermissionGroupGetResponse](t)(t.accounts.Tokens.PermissionGroups.Get(t.ctx, accounts.TokenPermissionGroupGetParams{AccountID: sdk.F(t.account)}))
			t.holds("there are some", len(*all) > 0)
			for _, g := range *all {
				t.holds(g.Name+" is of no user", !slices.Contains(g.Scopes, accounts.TokenPermissionGroupGetResponseScopeComCloudflareAPIUser))
			}
		}},
		{op: "GET /user/tokens/permission_groups", what: "is not for tokens of an account", class: simulated, run: func(t *try) {
			_, err := t.ownedByAccount().user.Tokens.PermissionGroups.List(t.ctx, user.TokenPermissionGroupListParams{})
			t.refused(err, 403, 9109, "Valid user-level authentication not found")
		}},
	}, accountRows()...)
}

func accountRows() []row {
	return []row{
		{op: "GET /accounts", what: "lists the accounts that a user's token reaches", class: read, run: func(t *try) {
			found := false
			pager := t.accounts.ListAutoPaging(t.ctx, accounts.AccountListParams{})
			for pager.Next() {
				a := pager.Current()
				found = found || a.ID == t.account
				t.holds("an account is standard or enterprise", a.Type == accounts.AccountTypeStandard || a.Type == accounts.AccountTypeEnterprise)
			}
			if pager.Err() != nil {
				t.stop("%s", told(pager.Err()))
			}
			t.holds("ours is among them", found)
		}},
		{op: "GET /accounts", what: "finds accounts by a part of their name", class: read, run: func(t *try) {
			a := must[*accounts.Account](t)(t.accounts.Get(t.ctx, accounts.AccountGetParams{AccountID: sdk.F(t.account)}))
			page := must[*accountsPage](t)(t.accounts.List(t.ctx, accounts.AccountListParams{Name: sdk.F(a.Name[:len(a.Name)-1])}))
			t.holds("ours is among them", slices.ContainsFunc(page.Result, func(a accounts.Account) bool { return a.ID == t.account }))
			page = must[*accountsPage](t)(t.accounts.List(t.ctx, accounts.AccountListParams{Name: sdk.F(t.name())}))
			t.same("how many have a name of nobody's", len(page.Result), 0)
		}},
		{op: "GET /accounts", what: "refuses tokens of an account", class: simulated, run: func(t *try) {
			_, err := t.ownedByAccount().accounts.List(t.ctx, accounts.AccountListParams{})
			t.refused(err, 400, 1001, "List accounts endpoint does not support account owned tokens.")
		}},
		{op: "GET /accounts", what: "answers tokens of an account, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{AccountTokensListAccounts: true}}, run: func(t *try) {
				page := must[*accountsPage](t)(t.ownedByAccount().accounts.List(t.ctx, accounts.AccountListParams{}))
				t.same("how many", len(page.Result), 1)
			}},
		{op: "GET " + A, what: "shows one", class: read, run: func(t *try) {
			a := must[*accounts.Account](t)(t.accounts.Get(t.ctx, accounts.AccountGetParams{AccountID: sdk.F(t.account)}))
			t.same("the id", a.ID, t.account)
			t.holds("it was made some time", !a.CreatedOn.IsZero())
		}},
	}
}

// ownedByAccount is the client with a token that belongs to the account.
func (t *try) ownedByAccount() services {
	return asToken(t.target, t.cloud.AddToken(sim.AccountToken, t.account, sim.AllPermissions()...))
}

package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/accounts"

	"github.com/culvert/culvert/setup"
)

// Whoever may see the account's settings may see its audit log: Cloudflare's API
// reference, "Get account audit logs (Version 2)". The older log has a
// permission of its own and is not read.
var readingAudit = op{"read the account's audit log", needsAccount}

// auditPage is the longest page of the log.
const auditPage = 1000

// Deeds tells what was changed in an account since a time, newest first, from
// one page of its audit log. If more was changed than a page holds, nothing is
// told: who was the only one could not be said.
func (c *Client) Deeds(ctx context.Context, account string, since time.Time) ([]setup.Deed, error) {
	env, err := c.call(ctx, request{op: readingAudit, method: http.MethodGet, path: at("accounts", account, "logs", "audit"), query: url.Values{
		"since": {since.UTC().Format(time.RFC3339)}, "before": {c.clock().Add(time.Minute).UTC().Format(time.RFC3339)},
		"direction": {"desc"}, "limit": {strconv.Itoa(auditPage)},
	}})
	if err != nil {
		return nil, problem(err)
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(env.Result, &rows); err != nil {
		return nil, problem(&apiError{op: readingAudit, method: http.MethodGet, status: http.StatusOK, cause: errors.New("the result is not a list")})
	}
	if len(rows) >= auditPage {
		return nil, nil
	}
	var deeds []setup.Deed
	for _, row := range rows {
		var e accounts.LogAuditListResponse
		if err := parse(readingAudit, row, &e); err != nil {
			return nil, problem(err)
		}
		if d, ok := deedOf(e); ok && !d.At.Before(since) {
			deeds = append(deeds, d)
		}
	}
	return deeds, nil
}

// deedOf leaves out what changed nothing, and what Cloudflare did of itself
// because of something else.
func deedOf(e accounts.LogAuditListResponse) (setup.Deed, bool) {
	verb := verbOf(e)
	if verb == "" || e.Action.Result != "success" || e.Actor.Type == accounts.LogAuditListResponseActorTypeSystem {
		return setup.Deed{}, false
	}
	d := setup.Deed{At: e.Action.Time, Verb: verb, By: doer(e.Actor), Path: e.Resource.ID,
		Program: e.Actor.Context != accounts.LogAuditListResponseActorContextDash}
	if e.Raw.URI != "" {
		path, _, _ := strings.Cut(e.Raw.URI, "?")
		_, below, found := strings.Cut(path, "/client/v4/")
		if d.Path = path; found {
			d.Path = below
		}
	}
	return d, true
}

func verbOf(e accounts.LogAuditListResponse) setup.Verb {
	switch e.Raw.Method {
	case http.MethodPost:
		return setup.Create
	case http.MethodPut, http.MethodPatch:
		return setup.Update
	case http.MethodDelete:
		return setup.Delete
	case "":
		return map[string]setup.Verb{"create": setup.Create, "update": setup.Update, "delete": setup.Delete}[e.Action.Type]
	}
	return ""
}

// doer says who did something, and how; empty: the log does not tell.
func doer(a accounts.LogAuditListResponseActor) string {
	token, of := "an API token", ""
	if a.TokenName != "" {
		token = "the API token “" + clip(a.TokenName) + "”"
	}
	if a.Email != "" {
		of = " of " + clip(a.Email)
	}
	switch {
	case a.Type == accounts.LogAuditListResponseActorTypeCloudflareAdmin:
		return "by Cloudflare's staff"
	case a.Context == accounts.LogAuditListResponseActorContextAPIToken && token+of != "an API token":
		return "with " + token + of
	case a.Email == "":
		return ""
	case a.Context == accounts.LogAuditListResponseActorContextDash:
		return "by " + clip(a.Email) + " in the dashboard"
	case a.Context == accounts.LogAuditListResponseActorContextAPIKey:
		return "with the Global API Key" + of
	}
	return "by " + clip(a.Email) + " through a program"
}

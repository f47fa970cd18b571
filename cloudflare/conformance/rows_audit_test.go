package conformance

import (
	"encoding/json"
	"fmt"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/accounts"
)

// Who changed what in an account.

const audits = A + "/logs/audit"

type auditParams = accounts.LogAuditListParams

// listAudits reads the log of this day. The official client sends days, and the
// day that it ends with is not in it.
func (t *try) listAudits(p auditParams) []accounts.LogAuditListResponse {
	p.AccountID = sdk.F(t.account)
	p.Since, p.Before = sdk.F(t.clock.Now().Add(-time.Hour)), sdk.F(t.clock.Now().Add(24*time.Hour))
	return must[*auditPage](t)(t.accounts.Logs.Audit.List(t.ctx, p)).Result
}

// edits is a record that a token makes and a person changes and deletes, a
// minute apart each.
func (t *try) edits() (record string) {
	record = t.object("POST", records, `{"type":"A","name":"{host}","content":"192.0.2.1","ttl":1}`).text("id")
	for _, method := range []string{"PATCH", "DELETE"} {
		t.clock.advance(time.Minute)
		if _, err := t.cloud.ByHand(method, "/zones/{zone}/dns_records/"+record, map[string]any{"content": "192.0.2.2"}); err != nil {
			t.stop("%v", err)
		}
	}
	return record
}

func auditRows() []row {
	return []row{
		{op: "GET " + audits, what: "has who wrote what, when and how, the newest first", class: simulated, run: func(t *try) {
			t.cloud.NameToken(t.token, "A program")
			record := t.edits()
			all := t.listAudits(auditParams{})
			t.same("how many", len(all), 3)
			e := all[0]
			t.same("the last", []any{e.Action.Type, e.Action.Result, string(e.Actor.Context), e.Actor.Email, string(e.Actor.Type), e.Raw.Method, e.Raw.StatusCode},
				[]any{"delete", "success", "dash", "somebody@example.org", "user", "DELETE", int64(200)})
			t.same("what it was about", []any{e.Raw.URI, e.Resource.ID, e.Zone.ID, e.Zone.Name, e.Account.ID},
				[]any{"/zones/" + t.zone + "/dns_records/" + record, record, t.zone, t.domain, t.account})
			t.holds("it has a time, an id and a ray", e.Action.Time.Equal(t.clock.Now()) && len(e.ID) == 32 && len(e.Raw.CfRayID) == 16)
			first := all[2].Actor
			t.same("by a token", []any{string(first.Context), first.TokenName, len(first.TokenID)}, []any{"api_token", "A program", 32})
		}},
		{op: "GET " + audits, what: "counts in a text and goes on behind a cursor", class: simulated, run: func(t *try) {
			t.edits()
			path := fmt.Sprintf("%s?since=2000-01-01&before=%s&limit=2", audits, t.clock.Now().Add(time.Minute).Format(time.RFC3339))
			r := t.raw("GET", path, "")
			t.contains("the first page", r.body, `"result_info":{"count":"2","cursor":"`)
			var info struct {
				Info struct{ Cursor string } `json:"result_info"`
			}
			if err := json.Unmarshal([]byte(r.body), &info); err != nil {
				t.stop("%v", err)
			}
			rest := t.raw("GET", path+"&cursor="+info.Info.Cursor, "")
			t.contains("the second page", rest.body, `"type":"create"`)
			t.contains("the second page", rest.body, `"result_info":{"count":"1","cursor":""}`)
		}},
		{op: "GET " + audits, what: "finds by what it is told", class: simulated, run: func(t *try) {
			record := t.edits()
			t.same("the oldest first", t.listAudits(auditParams{Direction: sdk.F(accounts.LogAuditListParamsDirectionAsc)})[0].Action.Type, "create")
			for query, want := range map[string]int{"action_type=delete": 1, "actor_context=dash": 2, "resource_id=" + record: 2, "action_result=failure": 0} {
				t.same(query, len(t.list(fmt.Sprintf("%s?since=2000-01-01&before=2100-01-01&%s", audits, query))), want)
			}
			t.same("before a time", len(t.list(audits+"?since=2000-01-01&before="+t.clock.Now().Add(-time.Second).Format(time.RFC3339))), 2)
		}},
		{op: "GET " + audits, what: "has what was refused, too", class: simulated, run: func(t *try) {
			_ = t.execute("POST", records, `{"type":"A","name":"{host}","content":"nowhere","ttl":1}`, nil)
			all := t.listAudits(auditParams{})
			t.same("the last", []any{len(all), all[0].Action.Result}, []any{1, "failure"})
		}},
		{op: "GET " + audits, what: "refuses a token without Account Settings", class: simulated, run: func(t *try) {
			_, err := t.with("Access: Audit Logs Read").accounts.Logs.Audit.List(t.ctx, auditParams{AccountID: sdk.F(t.account), Since: sdk.F(t.clock.Now()), Before: sdk.F(t.clock.Now())})
			t.refused(err, 403, 10000, "Authentication error")
		}},
		{op: "GET " + audits, what: "wants both ends of the time", class: simulated, run: func(t *try) {
			t.refusedRaw(t.raw("GET", audits+"?since=2000-01-01", ""), 400, 1001, "since and before")
		}},
	}
}

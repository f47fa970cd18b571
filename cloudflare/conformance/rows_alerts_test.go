package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/alerting"

	"github.com/culvert/culvert/cloudflare/sim"
)

const (
	alerts   = A + "/alerting/v3/policies"
	oneAlert = alerts + "/{alert}"
)

const anAlert = `{"name":"{name}","description":"of a test","alert_type":"tunnel_health_event","enabled":true,` +
	`"filters":{"tunnel_id":["{id}"],"new_status":["TUNNEL_STATUS_TYPE_DOWN"]},"mechanisms":{"email":[{"id":"somebody@example.org"}]}}`

// alert makes one about a tunnel of its own; {alert} stands for it.
func (t *try) alert() string {
	t.tunnel()
	made := must[*alerting.PolicyNewResponse](t)(t.alerts.New(t.ctx, alerting.PolicyNewParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name()),
		Description: sdk.F("of a test"), AlertType: sdk.F(alerting.PolicyNewParamsAlertTypeTunnelHealthEvent), Enabled: sdk.F(true),
		Filters:    sdk.F(alerting.PolicyFilterParam{TunnelID: sdk.F([]string{t.vars["id"]}), NewStatus: sdk.F([]string{"TUNNEL_STATUS_TYPE_DOWN"})}),
		Mechanisms: sdk.F(alerting.MechanismParam{Email: sdk.F([]alerting.MechanismEmailParam{{ID: sdk.F("somebody@example.org")}})})}))
	t.vars["alert"] = made.ID
	t.made(oneAlert)
	return made.ID
}

func anAlertOfOurs(t *try) { t.alert() }

func (t *try) getAlert() *alerting.Policy {
	return must[*alerting.Policy](t)(t.alerts.Get(t.ctx, t.vars["alert"], alerting.PolicyGetParams{AccountID: sdk.F(t.account)}))
}

func alertRows() []row {
	return slices.Concat([]row{
		{op: "POST " + alerts, what: "makes one that mails when a tunnel is down", class: own, run: func(t *try) {
			t.alert()
			got := t.getAlert()
			t.same("it", []any{got.Name, got.Description, got.AlertType, got.Enabled}, []any{t.name(), "of a test", alerting.PolicyAlertTypeTunnelHealthEvent, true})
			t.same("about", []any{got.Filters.TunnelID, got.Filters.NewStatus}, []any{[]string{t.vars["id"]}, []string{"TUNNEL_STATUS_TYPE_DOWN"}})
			t.holds("it mails", len(got.Mechanisms.Email) == 1 && got.Mechanisms.Email[0].ID == "somebody@example.org")
		}},
		{op: "GET " + alerts, what: "lists them all at once", class: own, run: func(t *try) {
			id := t.alert()
			all := must[*alertsPage](t)(t.alerts.List(t.ctx, alerting.PolicyListParams{AccountID: sdk.F(t.account)})).Result
			t.holds("it is among them", slices.ContainsFunc(all, func(p alerting.Policy) bool { return p.ID == id && len(p.Filters.TunnelID) == 1 }))
		}},
		{op: "GET " + oneAlert, what: "shows when it was made", class: own, run: func(t *try) {
			t.alert()
			got := t.getAlert()
			t.holds("created and modified are set", !got.Created.IsZero() && !got.Modified.IsZero())
		}},
		{op: "PUT " + oneAlert, what: "replaces it", class: own, run: func(t *try) {
			id := t.alert()
			done := t.object("PUT", oneAlert, `{"name":"{name}","alert_type":"tunnel_health_event","enabled":false,"filters":{"new_status":["TUNNEL_STATUS_TYPE_HEALTHY"]},"mechanisms":{"email":[{"id":"somebody@example.org"}]}}`)
			t.same("the id", done.text("id"), id)
			got := t.getAlert()
			t.same("it", []any{got.Enabled, len(got.Filters.TunnelID), got.Filters.NewStatus}, []any{false, 0, []string{"TUNNEL_STATUS_TYPE_HEALTHY"}})
		}},
		{op: "PUT " + oneAlert, what: "leaves what it is not given, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{AlertPutKeeps: true}}, run: func(t *try) {
				t.alert()
				t.object("PUT", oneAlert, `{"enabled":false}`)
				got := t.getAlert()
				t.same("it", []any{got.Name, got.Enabled, len(got.Filters.TunnelID)}, []any{t.name(), false, 1})
			}},
		{op: "DELETE " + oneAlert, what: "answers without a result", class: own, run: func(t *try) {
			t.alert()
			done := must[*alerting.PolicyDeleteResponse](t)(t.alerts.Delete(t.ctx, t.vars["alert"], alerting.PolicyDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("it says that it succeeded", bool(done.Success))
		}},
		{op: "POST " + alerts, what: "refuses an address that is nobody's in the account, where it does", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{UnknownMailRefused: true}}, run: func(t *try) {
				t.tunnel()
				t.refusedRaw(t.raw("POST", alerts, anAlert), 400, 17003, "not verified")
				t.object("POST", alerts, `{"name":"{name}","alert_type":"tunnel_health_event","mechanisms":{"email":[{"id":"user@example.org"}]}}`)
			}},
	}, rowsOf([]refusal{
		{"POST " + alerts, read, "one that tells nobody", nil, `{"name":"{name}","alert_type":"tunnel_health_event","mechanisms":{}}`, 400, 17003, "mechanism", 0},
		{"POST " + alerts, read, "one of an unknown sort", nil, `{"name":"{name}","alert_type":"weather","mechanisms":{"email":[{"id":"somebody@example.org"}]}}`, 400, 17003, "alert_type", 0},
		{"POST " + alerts, read, "one without a name", nil, `{"alert_type":"tunnel_health_event","mechanisms":{"email":[{"id":"somebody@example.org"}]}}`, 400, 17003, "name", 0},
		{"POST " + alerts, read, "what is no e-mail address", nil, `{"name":"{name}","alert_type":"tunnel_health_event","mechanisms":{"email":[{"id":"somebody"}]}}`, 400, 17003, "email", 0},
		{"POST " + alerts, read, "a filter that the sort does not take", nil, `{"name":"{name}","alert_type":"tunnel_health_event","filters":{"pool_id":["x"]},"mechanisms":{"email":[{"id":"somebody@example.org"}]}}`, 400, 17003, "Invalid object selections", 0},
		{"POST " + alerts, read, "a tunnel that is not there", nil, `{"name":"{name}","alert_type":"tunnel_health_event","filters":{"tunnel_id":["{tunnel}"]},"mechanisms":{"email":[{"id":"somebody@example.org"}]}}`, 400, 17003, "Invalid object selections", 0},
		{"PUT " + oneAlert, own, "a change that tells nobody", anAlertOfOurs, `{"name":"{name}","alert_type":"tunnel_health_event","mechanisms":{"email":[]}}`, 400, 17003, "mechanism", 0},
		{"GET " + oneAlert, read, "an unknown one", func(t *try) { t.vars["alert"] = "0123456789abcdef0123456789abcdef" }, "", 404, 1003, "not found", 0},
	}))
}

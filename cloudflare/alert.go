package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudflare/cloudflare-go/v7/alerting"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

// tunnelHealth is the sort of notification that we read and write; of others we
// know nothing.
const tunnelHealth = string(alerting.PolicyAlertTypeTunnelHealthEvent)

var readingAlerts = op{"read the notifications about tunnels", needsNotifications}

// alertReadOnly are the fields of a notification that Cloudflare writes.
var alertReadOnly = []string{"id", "created", "modified"}

func alertsPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "alerting", "v3", "policies"}, below...)...)
}

func (c *Client) readAlerts(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingAlerts, alertsPath(account), nil)
	rows = slices.DeleteFunc(rows, func(raw json.RawMessage) bool {
		return gjson.GetBytes(raw, "alert_type").String() != tunnelHealth
	})
	return decodeAll(setup.ReadScope{Kind: setup.KindAlert, Scope: account}, rows, err, decodeAlert)
}

func decodeAlert(raw json.RawMessage) (setup.Object, error) {
	var in alerting.Policy
	if err := parse(readingAlerts, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, _ := setup.FindMark(in.Description)
	n := setup.Alert{Enabled: in.Enabled, Title: in.Name, Statuses: slices.Sorted(slices.Values(in.Filters.NewStatus))}
	for _, id := range in.Filters.TunnelID {
		n.Tunnels = append(n.Tunnels, setup.Lit(id))
	}
	for _, m := range in.Mechanisms.Email {
		n.Emails = append(n.Emails, strings.ToLower(m.ID))
	}
	slices.Sort(n.Emails)
	n.Other = narrowing(gjson.GetBytes(raw, "filters"))
	return setup.Object{ID: in.ID, Mark: mark, State: n, Raw: raw}, nil
}

// narrowing is a digest of the filters that we do not write. They may keep a
// notification from being sent.
func narrowing(filters gjson.Result) string {
	further := map[string]any{}
	filters.ForEach(func(name, value gjson.Result) bool {
		if name.String() != "tunnel_id" && name.String() != "new_status" {
			further[name.String()] = value.Value()
		}
		return true
	})
	return digest(trim(further))
}

type alerts struct{ *Client }

func (a alerts) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := a.get(ctx, readingAlerts, alertsPath(e.Key.Scope, id), nil)
	return found(raw, err, decodeAlert)
}

func (a alerts) create(ctx context.Context, e setup.Entry) (string, error) {
	body := alertBody([]byte(`{}`), e.To.(setup.Alert))
	body = with(body, "name", "Culvert: nothing is connected to the tunnel of "+e.Key.Name)
	body = with(body, "description", setup.WithMark("Made by Culvert.", e.Mark))
	raw, err := a.write(ctx, op{"have Cloudflare send a mail when the tunnel is down", needsNotifications}, http.MethodPost, alertsPath(e.Key.Scope), json.RawMessage(body))
	return idOf(raw, err)
}

// update sends the whole notification back: whether a PUT keeps what it does not
// say is not documented.
func (a alerts) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	body := alertBody(without(have.Raw, alertReadOnly...), e.To.(setup.Alert))
	_, err := a.write(ctx, op{"change the mail that Cloudflare sends when the tunnel is down", needsNotifications}, http.MethodPut, alertsPath(e.Key.Scope, e.ID), json.RawMessage(body))
	return err
}

func (a alerts) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := a.write(ctx, op{"delete the mail that Cloudflare sends when the tunnel is down", needsNotifications}, http.MethodDelete, alertsPath(e.Key.Scope, e.ID), nil)
	return err
}

// alertBody lays a state over a notification as it stands. Where else it is sent,
// to a webhook or a pager, it leaves alone.
func alertBody(raw []byte, to setup.Alert) []byte {
	filters, emails := map[string][]string{}, []map[string]string{}
	for _, t := range to.Tunnels {
		filters["tunnel_id"] = append(filters["tunnel_id"], t.Lit)
	}
	if len(to.Statuses) > 0 {
		filters["new_status"] = to.Statuses
	}
	for _, e := range to.Emails {
		emails = append(emails, map[string]string{"id": e})
	}
	body := with(raw, "alert_type", tunnelHealth)
	body = with(body, "enabled", to.Enabled)
	body = with(body, "filters", filters)
	return with(body, "mechanisms.email", emails)
}

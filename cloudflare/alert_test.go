package cloudflare

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// alertRows is that of the mail that Cloudflare sends when the tunnel is down.
func alertRows() []row {
	return []row{{
		kind: setup.KindAlert,
		from: func(w *world) setup.State { return w.alert("ana@example.org") },
		to:   func(w *world) setup.State { return w.alert("ben@example.org", "carla@example.org") },
		meddle: func(w *world, id string) {
			w.stranger("PUT", "A/alerting/v3/policies/"+id, map[string]any{"name": "Mine", "alert_type": tunnelHealth, "enabled": false,
				"mechanisms": map[string]any{"email": []any{map[string]any{"id": "ana@example.org"}}}})
		},
	}}
}

func (w *world) alert(emails ...string) setup.Alert {
	return setup.Alert{Tunnels: []setup.ID{setup.Lit(w.someTunnel())}, Statuses: []string{setup.TunnelDown}, Emails: emails, Enabled: true}
}

func (w *world) alertKey() setup.Key { return w.key(setup.KindAlert, "ocs") }

func TestOnlyNotificationsAboutTheHealthOfTunnelsAreSeen(t *testing.T) {
	w := newWorld(t)
	for _, sort := range []string{"incident_alert", "tunnel_update_event", tunnelHealth} {
		w.stranger("POST", "A/alerting/v3/policies", map[string]any{"name": sort, "alert_type": sort,
			"mechanisms": map[string]any{"email": []any{map[string]any{"id": "Ana@Example.org"}}}})
	}
	all := w.all(setup.KindAlert)
	want := setup.Alert{Emails: []string{"ana@example.org"}, Enabled: true}
	if len(all) != 1 || !setup.Same(all[0].State, want) || all[0].Mark != "" {
		t.Errorf("seen is %+v", all)
	}
}

func TestWhatNarrowsANotificationFurtherIsNotTakenForNothing(t *testing.T) {
	for text, narrowed := range map[string]bool{
		`{"id":"n","filters":{"tunnel_id":["t"],"new_status":["x"]}}`:      false,
		`{"id":"n","filters":{"tunnel_name":[],"zones":null}}`:             false,
		`{"id":"n","filters":null}`:                                        false,
		`{"id":"n"}`:                                                       false,
		`{"id":"n","filters":{"tunnel_id":["t"],"tunnel_name":["other"]}}`: true,
	} {
		o, err := decodeAlert(json.RawMessage(text))
		if err != nil || (o.State.(setup.Alert).Other != "") != narrowed {
			t.Errorf("%s is read as %+v (%v)", text, o.State, err)
		}
	}
}

// Whether PUT takes its body for the whole is not known: either way nothing of
// the notification is lost.
func TestAChangeOfANotificationKeepsWhatIsNotOurs(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		w := newWorldWith(t, sim.Options{Unsure: sim.Unsure{AlertPutKeeps: keeps}})
		made := w.create(w.alertKey(), w.alert("ana@example.org"))
		path := "A/alerting/v3/policies/" + made.ID
		var row map[string]any
		if err := json.Unmarshal(w.stranger("GET", path, nil), &row); err != nil {
			t.Fatal(err)
		}
		row["name"], row["alert_interval"] = "Renamed", "30m"
		w.stranger("PUT", path, row)
		w.must(setup.Entry{Key: w.alertKey(), Verb: setup.Update, ID: made.ID, From: made.State, To: w.alert("ben@example.org")})
		if err := json.Unmarshal(w.stranger("GET", path, nil), &row); err != nil || row["name"] != "Renamed" || row["alert_interval"] != "30m" {
			t.Errorf("PUT keeps %v: it became %v (%v)", keeps, row, err)
		}
	}
}

func TestAnAddressThatCloudflareDoesNotTakeIsToldWithTheWayOut(t *testing.T) {
	w := newWorldWith(t, sim.Options{Unsure: sim.Unsure{UnknownMailRefused: true}})
	e := setup.Entry{Key: w.alertKey(), Verb: setup.Create, To: w.alert("ana@example.org")}
	o := w.refuses(e, setup.CodeInvalid)
	if !strings.Contains(o.Err.Message, "one that was confirmed") || !strings.Contains(o.Err.Message, "not verified: ana@example.org") {
		t.Errorf("it says: %s", o.Err.Message)
	}
	if len(w.all(setup.KindAlert)) > 0 {
		t.Error("something was made")
	}
}

func TestWithoutThePermissionTheNotificationsAreUnreadAndItIsNamed(t *testing.T) {
	w := newWorld(t)
	v := w.view()
	v.Also = []setup.Kind{setup.KindAlert}
	seen, err := w.client(w.cloud.AddToken(sim.UserToken, "", "Zone Read", "Cloudflare Tunnel Write")).Observe(t.Context(), v)
	p, bad := seen.Unread[setup.ReadScope{Kind: setup.KindAlert, Scope: w.AccountID}]
	if err != nil || !bad || p.Code != setup.CodeDenied || !strings.Contains(p.Message, "Notifications: Edit") {
		t.Errorf("it is unread: %v, %+v (%v)", bad, p, err)
	}
	w.Client = w.client(w.cloud.AddToken(sim.UserToken, "", "Notifications Read", "Cloudflare Tunnel Write"))
	o := w.refuses(setup.Entry{Key: w.alertKey(), Verb: setup.Create, To: w.alert("ana@example.org")}, setup.CodeDenied)
	if o.Err.Permission != "Notifications" {
		t.Errorf("it says: %s", o.Err.Message)
	}
}

func TestAWriteOfANotificationThatFailsChangesNothing(t *testing.T) {
	for _, f := range []sim.Fault{{SuccessFalse: true}, {ResetBefore: true}, {Status: http.StatusServiceUnavailable}} {
		w := newWorld(t)
		made := w.create(w.alertKey(), w.alert("ana@example.org"))
		for _, f.Method = range []string{"POST", "PUT", "DELETE"} {
			w.cloud.Inject(f)
		}
		entries := []setup.Entry{
			{Key: w.key(setup.KindAlert, "another"), Verb: setup.Create, To: w.alert("ben@example.org")},
			{Key: w.alertKey(), Verb: setup.Update, ID: made.ID, From: made.State, To: w.alert("ben@example.org")},
			{Key: w.alertKey(), Verb: setup.Delete, ID: made.ID, From: made.State},
		}
		for _, e := range entries {
			if o, err := w.try(e); err == nil && (o.Err == nil || o.Err.Code != setup.CodeUnavailable) {
				t.Errorf("%s: %+v gives %v", e.Verb, f, o.Err)
			}
		}
		w.cloud.Heal()
		all := w.all(setup.KindAlert)
		if len(all) != 1 || !slices.Equal(all[0].State.(setup.Alert).Emails, []string{"ana@example.org"}) {
			t.Errorf("after %+v there is %+v", f, all)
		}
	}
}

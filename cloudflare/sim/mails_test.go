package sim

import (
	"fmt"
	"strings"
	"testing"
)

// newAlert makes a notification for the case that nothing is connected to a
// tunnel, about those with the ids; none: every one.
func (w *world) newAlert(to string, tunnels ...string) string {
	w.Helper()
	filters := map[string][]string{"new_status": {"TUNNEL_STATUS_TYPE_DOWN"}}
	if len(tunnels) > 0 {
		filters["tunnel_id"] = tunnels
	}
	return w.ok("POST", "A/alerting/v3/policies", fmt.Sprintf(
		`{"name":"Nothing is connected","alert_type":"tunnel_health_event","enabled":true,"mechanisms":{"email":[{"id":%q}]},"filters":%s}`, to, toJSON(filters))).text("id")
}

// mailed are those who got a mail, oldest first.
func (w *world) mailed() (to []string) {
	for _, m := range w.cloud.Mails(w.AccountID) {
		to = append(to, m.To)
	}
	return to
}

func TestAMailIsSentWhenTheLastConnectorIsGone(t *testing.T) {
	s := newStack(t, Options{})
	id := s.tunnel.text("id")
	other := s.newTunnel("other").text("id")
	s.newAlert("ana@example.org", id)
	s.newAlert("all@example.org")
	s.newAlert("other@example.org", other)
	off := s.newAlert("off@example.org", id)
	s.ok("PUT", "A/alerting/v3/policies/"+off, `{"name":"Off","alert_type":"tunnel_health_event","enabled":false,"mechanisms":{"email":[{"id":"off@example.org"}]}}`)
	wrong := `{"name":"Wrong","alert_type":"tunnel_health_event","mechanisms":{"email":[{"id":"wrong@example.org"}]},"filters":{"new_status":["down"]}}`
	s.ok("POST", "A/alerting/v3/policies", wrong)
	second, err := s.cloud.Attach(s.tunnel.text("token"), nil)
	if err != nil {
		t.Fatal(err)
	}
	second()
	if got := s.mailed(); len(got) > 0 {
		t.Errorf("while a connector is left, mails go to %v", got)
	}
	s.detach()
	s.eventually("who wants to know is told", func() bool { return len(s.mailed()) == 2 })
	if got := strings.Join(s.mailed(), " "); !strings.Contains(got, "ana@example.org") || !strings.Contains(got, "all@example.org") {
		t.Errorf("mails go to %s", got)
	}
	s.controls("GET", "/mails", "", 200, "changed from degraded to down")
}

func TestASimulatorThatEndsSendsNoMail(t *testing.T) {
	s := newStack(t, Options{})
	s.newAlert("ana@example.org")
	s.cloud.Close()
	if got := s.mailed(); len(got) > 0 {
		t.Errorf("mails go to %v", got)
	}
}

func TestOnlyTheNewestMailsAreKept(t *testing.T) {
	a := &account{}
	for i := range keptMails + 10 {
		a.send(Mail{Subject: fmt.Sprint(i)})
	}
	if len(a.Mails) != keptMails || a.Mails[0].Subject != "10" {
		t.Errorf("%d are kept, the first is %s", len(a.Mails), a.Mails[0].Subject)
	}
}

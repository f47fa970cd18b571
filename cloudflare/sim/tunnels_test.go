package sim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// connects attaches a connector with so many connections.
func (w *world) connects(tunnelToken string, count int) (detach func()) {
	w.Helper()
	detach, err := w.cloud.AttachConnector(tunnelToken, Attachment{Connections: count})
	if err != nil {
		w.Fatal(err)
	}
	return detach
}

func TestATunnelWithFewerThanFourConnectionsIsDegraded(t *testing.T) {
	w := newWorld(t, Options{})
	made := w.newTunnel("t")
	path := "A/cfd_tunnel/" + made.text("id")
	begun := w.clock.Now()
	w.clock.advance(time.Minute)
	first := w.connects(made.text("token"), 3)
	if got := w.ok("GET", path, "").text("status"); got != "degraded" {
		t.Errorf("with three connections it is %s", got)
	}
	second := w.connects(made.text("token"), 1)
	if got := w.ok("GET", path, "").text("status"); got != "healthy" {
		t.Errorf("with four connections of two connectors it is %s", got)
	}
	w.clock.advance(time.Minute)
	first()
	second()
	w.eventually("it is down", func() bool { return w.ok("GET", path, "").text("status") == "down" })

	at := func(field string, after time.Duration) int {
		return len(w.list("A/cfd_tunnel?" + field + "=" + begun.Add(after).Format(time.RFC3339)))
	}
	for _, row := range []struct {
		field string
		after time.Duration
		want  int
	}{
		{"was_active_at", 30 * time.Second, 0}, {"was_active_at", 90 * time.Second, 1}, {"was_active_at", 3 * time.Minute, 0},
		{"was_inactive_at", 30 * time.Second, 1}, {"was_inactive_at", 90 * time.Second, 0}, {"was_inactive_at", 3 * time.Minute, 1},
		{"was_inactive_at", -time.Minute, 0}, {"existed_at", -time.Minute, 0}, {"existed_at", time.Minute, 1},
	} {
		if got := at(row.field, row.after); got != row.want {
			t.Errorf("%s %v after its creation lists %d, want %d", row.field, row.after, got, row.want)
		}
	}
}

func TestATunnelCanStillShowItsConnections(t *testing.T) {
	for _, shown := range []bool{false, true} {
		w := newWorld(t, Options{Unsure: Unsure{ConnectionsInTunnels: shown}})
		made := w.newTunnel("t")
		defer w.connects(made.text("token"), 2)()
		conns := w.list("A/cfd_tunnel")[0]["connections"].([]any)
		if len(conns) != map[bool]int{false: 0, true: 2}[shown] {
			t.Errorf("shown is %v: %v", shown, conns)
		}
	}
}

func TestTunnelsAreListedByType(t *testing.T) {
	w := newWorld(t, Options{})
	w.newTunnel("t")
	for query, want := range map[string]int{"": 1, "?tun_types=cfd_tunnel,warp_connector": 1, "?tun_types=warp_connector": 0, "?tun_types=cfd_tunnel&name=x": 0} {
		if got := len(w.list("A/tunnels" + query)); got != want {
			t.Errorf("tunnels%s: %d, want %d", query, got, want)
		}
	}
}

func TestAManagementTokenNamesItsTunnel(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.newTunnel("t").text("id")
	token := decode[string](w, w.succeed("POST", "A/cfd_tunnel/"+id+"/management", `{"resources":["logs"]}`))
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var claims struct {
		Tun struct{ ID string }
		Exp int64
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Tun.ID != id || claims.Exp != w.clock.Now().Add(time.Hour).Unix() {
		t.Errorf("it says %s (%v)", raw, err)
	}
	w.refused(400, 1004, "POST", "A/cfd_tunnel/"+id+"/management", `{"resources":["files"]}`)
	w.refused(400, 1004, "POST", "A/cfd_tunnel/"+id+"/management", `{}`)
	w.refused(404, 1003, "POST", "A/cfd_tunnel/00000000-0000-4000-8000-000000000000/management", `{"resources":["logs"]}`)
}

func TestAnAccountHasAThousandTunnelsAtMost(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.change(func(s *state) {
		a, _ := s.Accounts.get(w.AccountID)
		for i := range maxTunnels - 1 {
			id := w.cloud.ids.uuid()
			a.Tunnels.put(id, &tunnel{ID: id, Name: fmt.Sprint(i)})
		}
	})
	last := w.newTunnel("last").text("id")
	w.refused(400, 1007, "POST", "A/cfd_tunnel", `{"name":"over"}`)
	w.ok("DELETE", "A/cfd_tunnel/"+last, "")
	w.newTunnel("6ff42ae2-765d-4adf-8112-31c55c1551ef") // only cloudflared refuses a UUID for a name
}

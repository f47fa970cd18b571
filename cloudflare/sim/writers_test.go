package sim

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// furnished is an account with one of everything that somebody could edit.
func furnished(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, Options{})
	tunnel := w.newTunnel("t").text("id")
	w.ok("PUT", "A/cfd_tunnel/"+tunnel+"/configurations", `{"config":{"ingress":[{"hostname":"chat.example.org","service":"http://web:8000"},{"service":"http_status:404"}]}}`)
	w.newApp("Lock", "chat.example.org", w.newPolicy("Team", "allow", `{"email_domain":{"domain":"example.org"}}`))
	w.newCNAME("chat.example.org", tunnel+".cfargotunnel.com")
	return w
}

// furniture is what a client reads of all that, but for versions and times.
func (w *world) furniture() string {
	w.Helper()
	var configs []json.RawMessage
	for _, t := range w.list("A/cfd_tunnel") {
		var v struct{ Config json.RawMessage }
		if err := json.Unmarshal(w.succeed("GET", "A/cfd_tunnel/"+t.text("id")+"/configurations", "").Result, &v); err != nil {
			w.Fatal(err)
		}
		configs = append(configs, v.Config)
	}
	all := map[string]any{"configs": configs}
	for _, list := range []string{"A/access/apps", "A/access/policies", "Z/dns_records"} {
		rows := w.list(list)
		for _, r := range rows {
			delete(r, "updated_at")
			delete(r, "modified_on")
			delete(r, "policies") // those of applications are told by their own list
		}
		all[list] = rows
	}
	return toJSON(all)
}

// Each writer writes something that a client can see, between its read and its
// write, and the second time takes it away again.
func TestEveryBuiltInWriterReallyWrites(t *testing.T) {
	for _, writer := range Writers() {
		if writer == LoseConnectors {
			continue // see TestConnectorsThatAreDroppedComeBack
		}
		t.Run(string(writer), func(t *testing.T) {
			w := furnished(t)
			before := w.furniture()
			w.cloud.Inject(Fault{Method: "GET", Path: "/accounts", Meanwhile: writer, Times: 2})
			w.list("accounts")
			changed := w.furniture()
			if changed == before {
				t.Error("nobody wrote")
			}
			w.list("accounts")
			if diff := cmp.Diff(before, w.furniture()); diff != "" {
				t.Errorf("the second time something else is left:\n%s", diff)
			}
		})
	}
}

func TestConnectorsThatAreDroppedComeBack(t *testing.T) {
	w := furnished(t)
	tunnel := w.list("A/cfd_tunnel")[0].text("id")
	detach, err := w.cloud.Attach(decode[string](w, w.succeed("GET", "A/cfd_tunnel/"+tunnel+"/token", "")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer detach()
	ids := func() (ids []string) {
		for _, client := range w.list("A/cfd_tunnel/" + tunnel + "/connections") {
			conns, _ := client["conns"].([]any)
			for _, c := range conns {
				ids = append(ids, object(c.(map[string]any)).text("id"))
			}
		}
		return ids
	}
	before := ids()
	w.cloud.Inject(Fault{Method: "GET", Path: "/accounts", Meanwhile: LoseConnectors, Times: 1})
	w.list("accounts")
	w.eventually("all four connections are new ones", func() bool {
		now := ids()
		for _, id := range now {
			for _, old := range before {
				if id == old {
					return false
				}
			}
		}
		return len(now) == usualConnections
	})
	if n := w.cloud.DropConnectors("00000000-0000-4000-8000-000000000000"); n != 0 {
		t.Errorf("a tunnel that nobody has lost %d connections", n)
	}
}

func TestByHandIsRefusedAsTheAPIRefuses(t *testing.T) {
	w := newWorld(t, Options{RateLimit: 1})
	for range 3 { // no limit counts it
		if _, err := w.cloud.ByHand("GET", "/zones/{zone}", nil); err != nil {
			t.Error(err)
		}
	}
	_, err := w.cloud.ByHand("POST", "/zones/{zone}/dns_records", map[string]any{"type": "CNAME"})
	if err == nil {
		t.Error("a record without a name was taken")
	}
	if _, err := w.cloud.ByHand("GET", "/nothing", nil); err == nil {
		t.Error("what does not exist was found")
	}
	if n := len(w.cloud.Calls()); n != 0 {
		t.Errorf("%d calls are in the log", n)
	}
}

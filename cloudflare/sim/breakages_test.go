package sim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// breakable is an account that has of everything that can be broken.
func breakable(t *testing.T) *world {
	t.Helper()
	w := furnished(t)
	w.newApp("Door", "chat.example.org/hook", w.newPolicy("Doors", "bypass", `{"everyone":{}}`))
	w.ok("POST", "A/access/identity_providers", `{"name":"One-time PIN login","type":"onetimepin","config":{}}`)
	w.succeed("PUT", "A/devices/policy/fallback_domains", `[{"suffix":"internal"},{"suffix":"ocs.team","dns_server":["172.18.0.100"]}]`)
	w.ok("POST", "A/teamnet/routes", `{"network":"172.18.0.100/32","tunnel_id":"`+w.list("A/cfd_tunnel?is_deleted=false")[0].text("id")+`"}`)
	w.newAlert("ana@example.org")
	return w
}

// seen is the state without what only counts or tells when something changed.
func (w *world) seen() string {
	w.Helper()
	text, err := w.cloud.Snapshot()
	if err != nil {
		w.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		w.Fatal(err)
	}
	delete(o, "issued")
	delete(o, "broken")
	forgetVersions(o)
	return toJSON(o)
}

// forgetVersions drops the numbers of configurations, which only ever grow.
func forgetVersions(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, configured := v["config_src"]; configured {
			delete(v, "version")
		}
		delete(v, "audit")
		delete(v, "audited")
		for _, inner := range v {
			forgetVersions(inner)
		}
	case []any:
		for _, inner := range v {
			forgetVersions(inner)
		}
	}
}

func TestEveryBreakageBreaksAndIsMendedWithoutATrace(t *testing.T) {
	for _, b := range Breakages() {
		t.Run(b.ID, func(t *testing.T) {
			w := breakable(t)
			before := w.seen()
			if err := w.cloud.Break(b.ID); err != nil {
				t.Fatal(err)
			}
			if w.seen() == before {
				t.Error("nothing changed")
			}
			if err := w.cloud.Break(b.ID); !errors.Is(err, ErrBroken) {
				t.Errorf("breaking it again gives %v", err)
			}
			w.restart() // it is remembered
			if got := w.cloud.Broken(); len(got) != 1 || got[0] != b.ID {
				t.Errorf("broken is %v", got)
			}
			if err := w.cloud.Mend(b.ID); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.seen()); diff != "" {
				t.Errorf("after mending:\n%s", diff)
			}
			if err := w.cloud.Mend(b.ID); !errors.Is(err, ErrNotBroken) || len(w.cloud.Broken()) > 0 {
				t.Errorf("mending it again gives %v", err)
			}
		})
	}
}

// restart puts what a snapshot keeps into a Cloud of another process.
func (w *world) restart() {
	w.Helper()
	text, err := w.cloud.Snapshot()
	if err != nil {
		w.Fatal(err)
	}
	if err := w.cloud.Restore(text); err != nil {
		w.Fatal(err)
	}
}

func TestBreakagesAreToldInWordsAndOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range Breakages() {
		if seen[b.ID] || b.ID != strings.ToLower(b.ID) {
			t.Errorf("the id %q", b.ID)
		}
		seen[b.ID] = true
		for what, text := range map[string]string{"does": b.Does, "sees": b.Sees, "mend": b.Mend} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: what it %s is %q", b.ID, what, text)
			}
		}
	}
}

func TestWhatWasPutRightMeanwhileIsNotMendedAgain(t *testing.T) {
	w := breakable(t)
	if err := w.cloud.Break("record-deleted"); err != nil {
		t.Fatal(err)
	}
	w.newCNAME("other.example.org", "elsewhere.example.net")
	w.ok("POST", "Z/dns_records", `{"type":"TXT","name":"note.example.org","content":"x","ttl":1}`)
	if err := w.cloud.Mend("record-deleted"); err != nil {
		t.Fatal(err)
	}
	if n := len(w.list("Z/dns_records")); n != 3 {
		t.Errorf("there are %d records, want the old one and the two new ones", n)
	}
}

func TestWhatStandsInThePlaceOfWhatWasBrokenStays(t *testing.T) {
	w := breakable(t)
	if err := w.cloud.Break("tunnel-deleted"); err != nil {
		t.Fatal(err)
	}
	if err := w.cloud.Break("record-deleted"); err != nil {
		t.Fatal(err)
	}
	tunnel := w.newTunnel("t").text("id")
	w.newCNAME("chat.example.org", tunnel+".cfargotunnel.com")
	for _, id := range w.cloud.Broken() {
		if err := w.cloud.Mend(id); err != nil {
			t.Fatal(err)
		}
	}
	tunnels, records := w.list("A/cfd_tunnel?is_deleted=false"), w.list("Z/dns_records")
	if len(tunnels) != 1 || tunnels[0].text("id") != tunnel || len(records) != 1 {
		t.Errorf("there are %d tunnels and %d records, want the new ones alone", len(tunnels), len(records))
	}
}

func TestWhereNothingStandsNothingIsBroken(t *testing.T) {
	w := newWorld(t, Options{})
	before := w.seen()
	for _, id := range []string{"door-deleted", "record-grey", "rules-emptied", "tunnel-deleted", "team-everyone", "fallback-removed", "route-deleted"} {
		if err := w.cloud.Break(id); !errors.Is(err, errNothingToBreak) || !strings.Contains(err.Error(), id) {
			t.Errorf("%s gives %v", id, err)
		}
	}
	if err := w.cloud.Break("the-bank"); err == nil || !strings.Contains(err.Error(), "door-deleted") {
		t.Errorf("what is not known gives %v; want it to say what is", err)
	}
	if w.seen() != before || len(w.cloud.Broken()) > 0 {
		t.Error("something was changed all the same")
	}
}

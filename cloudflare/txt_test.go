package cloudflare

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

const proof = "_acme-challenge.ocs.example.org"

var proofMark = setup.Mark(install, setup.Key{Kind: setup.KindDNSRecord, Name: "certificates"})

// proofs are the values of our records on the name.
func (w *world) proofs() []string {
	w.Helper()
	all, err := w.TXT(w.Context(), w.Zone+".", proof+".", proofMark)
	if err != nil {
		w.Fatal(err)
	}
	return slices.Sorted(maps.Values(all))
}

func (w *world) addProof(value string) {
	w.Helper()
	if err := w.AddTXT(w.Context(), w.Zone, proof, value, proofMark); err != nil {
		w.Fatal(err)
	}
}

func TestProofsOfADomainComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.addProof("one")
	w.addProof("two")
	w.addProof("two") // as after an answer that was lost
	if got := w.proofs(); !slices.Equal(got, []string{"one", "two"}) {
		t.Fatalf("there are %q", got)
	}
	all, err := w.TXT(t.Context(), w.Zone, proof, proofMark)
	if err != nil {
		t.Fatal(err)
	}
	for id := range all {
		for range 2 { // a second time it is gone already
			if err := w.DropTXT(t.Context(), w.Zone, id, proofMark); err != nil {
				t.Error(err)
			}
		}
	}
	if got := w.proofs(); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
}

func TestOnlyOurProofsAreShownAndDeleted(t *testing.T) {
	w := newWorld(t)
	ours := "culvert-" + install + "-00000000"
	var ids []string
	for _, r := range []map[string]any{
		{"type": "TXT", "content": `"of another client"`},
		{"type": "TXT", "content": `"of another installation"`, "comment": setup.WithMark("Culvert", "culvert-other-12345678")},
		{"type": "TXT", "content": `"ours, for something else"`, "comment": setup.WithMark("Culvert", ours)},
		{"type": "MX", "content": "mail.example.org", "priority": 1, "comment": setup.WithMark("Culvert", proofMark)},
	} {
		r["name"], r["ttl"] = proof, 60
		ids = append(ids, w.id(w.stranger("POST", "Z/dns_records", r)))
	}
	if got := w.proofs(); len(got) != 0 {
		t.Errorf("taken for ours: %q", got)
	}
	for _, id := range ids {
		if p := setup.AsProblem(w.DropTXT(t.Context(), w.Zone, id, proofMark)); p == nil || p.Code != setup.CodeRefused {
			t.Errorf("%s: %v", id, p)
		}
		if err := w.DropTXT(t.Context(), w.Zone, id, ""); err == nil {
			t.Errorf("%s is deleted without a mark", id)
		}
	}
	if n := w.counts("DELETE", ""); n != 0 {
		t.Errorf("%d deletions were sent", n)
	}
}

func TestAProofWhoseAnswerWasLostIsThereOnce(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "POST", ResetAfterEffect: true, Times: 1})
	w.addProof("one")
	if got := w.proofs(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("there are %q", got)
	}
	w.cloud.Inject(sim.Fault{Method: "POST", ResetBefore: true, Times: 1})
	if p := setup.AsProblem(w.AddTXT(t.Context(), w.Zone, proof, "two", proofMark)); p == nil || p.Code != setup.CodeUnavailable {
		t.Errorf("a call that never arrived: %v", p)
	}
}

func TestAProofThatCannotBeMadeSaysWhy(t *testing.T) {
	w := newWorld(t)
	w.cloud.AddZone(w.AccountID, "pending.example", "pending")
	for _, row := range []struct {
		name, zone string
		client     *Client
		code       setup.Code
		says       string
	}{
		{"a domain elsewhere", "example.net", w.Client, setup.CodeNotFound, "example.net"},
		{"a domain that waits", "pending.example", w.Client, setup.CodeNotEnabled, "name servers"},
		{"no permission for DNS", w.Zone, w.client(w.cloud.AddToken(sim.UserToken, "", "Zone Read", "DNS Read")), setup.CodeDenied, "DNS: Edit"},
		{"no permission for domains", w.Zone, w.client(w.cloud.AddToken(sim.UserToken, "", "Account Settings Read")), setup.CodeDenied, "Zone"},
	} {
		p := setup.AsProblem(row.client.AddTXT(t.Context(), row.zone, proof, "one", proofMark))
		if p == nil || p.Code != row.code || !strings.Contains(p.Message, row.says) {
			t.Errorf("%s: %v", row.name, p)
		}
	}
}

func TestTextIsReadWithOrWithoutQuotes(t *testing.T) {
	for content, want := range map[string]string{`"a b"`: "a b", `a b`: "a b", `"a" "b"`: "ab", `""`: "", "": ""} {
		if got := unquoted(content); got != want {
			t.Errorf("%s is %q, want %q", content, got, want)
		}
	}
}

package cloudflare

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

func TestATunnelWithAConnectorIsNotDeleted(t *testing.T) {
	w := newWorld(t)
	o := w.create(w.key(setup.KindTunnel, "ocs"), setup.Tunnel{Name: "ocs", Remote: true})
	token, err := w.TunnelToken(w.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	detach, err := w.cloud.Attach(token.Reveal(), http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	if seen := w.one(setup.KindTunnel, o.ID); seen.State.(setup.Tunnel).Connectors != 1 {
		t.Errorf("connectors: %+v", seen.State)
	}
	running, err := w.Connectors(w.Context(), o.ID)
	if err != nil || len(running) != 1 || running[0].ID == "" || running[0].Version == "" || running[0].Since.IsZero() || running[0].Connections != 4 || len(running[0].Colos) == 0 {
		t.Errorf("connectors %+v, %v", running, err)
	}
	e := setup.Entry{Key: w.key(setup.KindTunnel, "ocs"), Verb: setup.Delete, ID: o.ID, From: o.State}
	if got := w.refuses(e, setup.CodeInUse); !strings.Contains(got.Err.Message, "connector is still connected") {
		t.Errorf("the refusal: %s", got.Err.Message)
	}
	detach()
	w.must(e)
	if w.one(setup.KindTunnel, o.ID) != nil {
		t.Error("a deleted tunnel is observed")
	}
	if running, err := w.Connectors(w.Context(), o.ID); err == nil && len(running) != 0 {
		t.Errorf("connectors of a deleted tunnel: %+v", running)
	}
}

func TestTheTokenOfATunnelTakesThePermissionToEditIt(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	reader := w.client(w.cloud.AddToken(sim.UserToken, w.AccountID, "Cloudflare Tunnel Read"))
	if _, err := reader.TunnelToken(t.Context(), tunnel); setup.AsProblem(err).Code != setup.CodeNotFound {
		t.Errorf("of a tunnel that it has not seen: %v", err)
	}
	if _, err := reader.Observe(t.Context(), w.view()); err != nil {
		t.Fatal(err)
	}
	_, err := reader.TunnelToken(t.Context(), tunnel)
	if p := setup.AsProblem(err); p.Code != setup.CodeDenied || p.Permission != needsTunnel {
		t.Errorf("got %v", err)
	}
}

func TestATunnelOfTheSameNameIsAConflict(t *testing.T) {
	w := newWorld(t)
	e := setup.Entry{Key: w.key(setup.KindTunnel, "ocs"), Verb: setup.Create, To: setup.Tunnel{Name: "ocs", Remote: true}}
	w.must(e)
	w.refuses(e, setup.CodeConflict)
	if n := len(w.all(setup.KindTunnel)); n != 1 {
		t.Errorf("%d tunnels", n)
	}
}

func TestARecordOnOurNameIsSeenWhateverItIsAndNeverOverwritten(t *testing.T) {
	w := newWorld(t)
	for _, r := range []map[string]any{
		{"type": "A", "name": "ocs." + w.Zone, "content": "192.0.2.1", "proxied": true, "ttl": 1},
		{"type": "TXT", "name": "ocs." + w.Zone, "content": "hello", "ttl": 300},
		{"type": "A", "name": "other." + w.Zone, "content": "192.0.2.2", "ttl": 300},
		{"type": "CNAME", "name": "third." + w.Zone, "content": "6FF42AE2-765d-4adf-8112-31c55c1551ef.cfargotunnel.com.", "proxied": true, "ttl": 1},
	} {
		w.stranger("POST", "Z/dns_records", r)
	}
	got := map[string]setup.DNSRecord{}
	for _, o := range w.all(setup.KindDNSRecord) {
		r := o.State.(setup.DNSRecord)
		got[r.Name+" "+r.Type] = r
		if o.Mark != "" || o.Scope != w.Zone {
			t.Errorf("mark %q, scope %q", o.Mark, o.Scope)
		}
	}
	zone := setup.Lit(w.ZoneID)
	want := map[string]setup.DNSRecord{
		"ocs.example.org A":       {Zone: zone, Name: "ocs.example.org", Type: "A", Content: "192.0.2.1", Proxied: true},
		"ocs.example.org TXT":     {Zone: zone, Name: "ocs.example.org", Type: "TXT", Content: "hello"},
		"third.example.org CNAME": {Zone: zone, Name: "third.example.org", Type: "CNAME", Tunnel: setup.Lit("6ff42ae2-765d-4adf-8112-31c55c1551ef"), Proxied: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e := setup.Entry{Key: w.key(setup.KindDNSRecord, "ocs."+w.Zone), Verb: setup.Create, To: w.record("7aa42ae2-765d-4adf-8112-31c55c1551ef")}
	w.refuses(e, setup.CodeConflict)
	if n := len(w.all(setup.KindDNSRecord)); n != len(want) {
		t.Errorf("%d records after the refusal", n)
	}
}

func TestACommentKeepsItsMarkWithinTheLimit(t *testing.T) {
	mark := setup.Mark(install, setup.Key{Kind: setup.KindDNSRecord, Name: "x"})
	for _, name := range []string{"a.b", "ocs.example.org", strings.Repeat("long-label.", 20) + "example.org", strings.Repeat("é", 90)} {
		text := comment("Culvert: the way to "+name+" through the tunnel", mark)
		if n := utf8.RuneCountInString(text); n > longestComment || !utf8.ValidString(text) {
			t.Errorf("%d characters: %s", n, text)
		}
		if found, _ := setup.FindMark(text); found != mark || !strings.HasPrefix(text, "Culvert: ") {
			t.Errorf("mark %q in %q", found, text)
		}
	}
}

func TestOtherFieldsOfARecordStay(t *testing.T) {
	w := newWorld(t)
	w.cloud.SetPaid(w.ZoneID, true) // for the tags
	id := w.id(w.stranger("POST", "Z/dns_records", map[string]any{"type": "A", "name": "ocs." + w.Zone, "content": "192.0.2.1", "ttl": 300, "comment": "mine", "tags": []string{"team:web"}}))
	k := w.key(setup.KindDNSRecord, "ocs."+w.Zone)
	prior := w.one(setup.KindDNSRecord, id).State
	ours := w.record("7aa42ae2-765d-4adf-8112-31c55c1551ef")
	w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: prior, To: ours})
	o := w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: ours, To: prior})
	if !setup.Same(o.State, prior) {
		t.Errorf("put back as %+v, was %+v", o.State, prior)
	}
	raw := string(w.one(setup.KindDNSRecord, id).Raw)
	for _, kept := range []string{`"comment":"mine"`, `"team:web"`} {
		if !strings.Contains(raw, kept) {
			t.Errorf("%s is lost: %s", kept, raw)
		}
	}
}

func TestADomainIsSeenAsItStands(t *testing.T) {
	w := newWorld(t)
	all := w.all(setup.KindZone)
	if len(all) != 1 || all[0].ID != w.ZoneID || all[0].Scope != w.AccountID {
		t.Fatalf("zones %+v", all)
	}
	if z := all[0].State.(setup.Zone); z.Name != w.Zone || z.Status != "active" || len(z.NameServers) != 2 {
		t.Errorf("zone %+v", z)
	}
	w.cloud.SetZoneStatus(w.ZoneID, "pending")
	if z := w.all(setup.KindZone)[0].State.(setup.Zone); z.Status != "pending" {
		t.Errorf("zone %+v", z)
	}
}

func TestADomainThatIsNotThereHasNoRecordsForCertain(t *testing.T) {
	w := newWorld(t)
	seen, err := w.Observe(t.Context(), setup.View{Account: w.AccountID, Zones: []string{"example.net"}, Hosts: []string{"ocs.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Unread) != 0 || len(ofKind(seen, setup.KindZone)) != 0 || len(ofKind(seen, setup.KindDNSRecord)) != 0 {
		t.Errorf("seen %+v, unread %v", seen.Objects, seen.Unread)
	}
}

func TestOneMissingPermissionLeavesTheRestReadable(t *testing.T) {
	tests := map[string][]setup.Kind{ // the permission taken away, the kinds that are then unread
		"Cloudflare Tunnel Write": {setup.KindTunnel, setup.KindIngress, setup.KindVirtualNetwork, setup.KindRoute,
			setup.KindHostnameRoute, setup.KindSplitTunnel}, // the range that Gateway answers from is a subnet
		"Zero Trust Write": {setup.KindGatewayProxy, setup.KindICMPProxy, setup.KindDNSLocation, setup.KindDeviceProfile,
			setup.KindSplitTunnel, setup.KindFallback, setup.KindShadow},
		"Access: Apps and Policies Write":                             {setup.KindPolicy, setup.KindApp, setup.KindEnrolment, setup.KindEnrolmentRule},
		"Access: Organizations, Identity Providers, and Groups Write": {setup.KindOrganization, setup.KindLoginMethod},
		"Zone Write": {setup.KindZone, setup.KindDNSRecord, setup.KindEdgeRule, setup.KindZonePause},
		"DNS Write":  {setup.KindDNSRecord},
	}
	for permission, kinds := range tests {
		t.Run(permission, func(t *testing.T) {
			w := newWorld(t)
			seen, err := w.client(w.cloud.AddToken(sim.UserToken, w.AccountID, allBut(sim.AllPermissions(), permission)...)).Observe(t.Context(), w.privateView())
			if err != nil {
				t.Fatal(err)
			}
			unread := map[setup.Kind]bool{}
			for at, p := range seen.Unread {
				unread[at.Kind] = true
				if p.Code != setup.CodeDenied || !strings.HasPrefix(permission, p.Permission) || p.Permission == "" {
					t.Errorf("%s: %s lacking %q", at.Kind, p.Code, p.Permission)
				}
			}
			want := map[setup.Kind]bool{}
			for _, kind := range kinds {
				want[kind] = true
			}
			if diff := cmp.Diff(want, unread); diff != "" {
				t.Errorf("unread (-want +got):\n%s", diff)
			}
		})
	}
}

func allBut(all []string, one string) []string {
	var rest []string
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}

func TestWhatIsNotOursToChangeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.refuses(setup.Entry{Key: w.key(setup.KindZone, w.Zone), Verb: setup.Create, To: setup.Zone{Name: w.Zone}}, setup.CodeRefused)
	w.refuses(setup.Entry{Key: w.key(setup.KindTunnel, "ocs"), Verb: setup.Create}, setup.CodeInternal)
	w.refuses(setup.Entry{Key: w.key(setup.KindTunnel, "ocs"), Verb: setup.Claim, To: setup.Tunnel{Name: "ocs"}}, setup.CodeInternal)
	w.refuses(setup.Entry{Key: w.key(setup.KindTunnel, "ocs"), Verb: setup.Create, To: setup.Tunnel{Name: "ocs"}}, setup.CodeRefused)
	unbound := w.record("")
	unbound.Tunnel = setup.Ref(w.key(setup.KindTunnel, "ocs"))
	w.refuses(setup.Entry{Key: w.key(setup.KindDNSRecord, "ocs"), Verb: setup.Create, To: unbound}, setup.CodeInternal)
	if n := w.counts("POST", "") + w.counts("PUT", ""); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
}

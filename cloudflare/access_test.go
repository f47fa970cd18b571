package cloudflare

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// keeper is a server with one JSON document that can be read and replaced.
type keeper struct {
	mu    sync.Mutex
	doc   string // what a read gives as its result
	put   string // what was last written
	onPut func(body string) (doc string)
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Method != http.MethodGet {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		k.put = string(body)
		k.doc = k.onPut(k.put)
	}
	answer(200, `{"success":true,"errors":[],"messages":[],"result":`+k.doc+`}`)(w, r)
}

const appJSON = `{"id":"a1","uid":"a1","aud":"f00d","name":"Old [culvert-t1-0123abcd]","type":"self_hosted","domain":"ocs.example.org",
 "destinations":[{"type":"public","uri":"ocs.example.org"}],"self_hosted_domains":["ocs.example.org"],
 "policies":[{"id":"p1","name":"Team","precedence":1,"reusable":true,"decision":"allow"}],"session_duration":"24h",
 "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",
 "tags":["b","a"],"a_field_of_next_year":{"deep":[1,2.50,"<&>"]},"custom_deny_url":"https://example.org/?a=1&b=2"}`

func TestFieldsThatWeDoNotKnowSurviveAWriteOfTheWholeApplication(t *testing.T) {
	k := &keeper{doc: appJSON, onPut: func(body string) string { return `{"id":"a1",` + body[1:] }}
	c := stub(t, k.ServeHTTP)
	from, err := decodeApp(json.RawMessage(appJSON))
	if err != nil {
		t.Fatal(err)
	}
	to := setup.App{Name: "New", Destinations: []string{"ocs.example.org/x/*"}, Policies: []setup.ID{setup.Lit("p2"), setup.Lit("p1")}, Session: "12h"}
	e := setup.Entry{Key: setup.Key{Kind: setup.KindApp, Scope: someAccount, Name: "it"}, Verb: setup.Update, ID: "a1", From: from.State, To: to, Mark: "culvert-t1-ffffffff"}
	outcomes, err := c.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes[0].Err)
	}
	want := `{"name":"New [culvert-t1-0123abcd]","type":"self_hosted","domain":"ocs.example.org/x/*",
		"destinations":[{"type":"public","uri":"ocs.example.org/x/*"}],
		"policies":[{"id":"p2","precedence":1},{"id":"p1","precedence":2}],"session_duration":"12h",
		"tags":["b","a"],"a_field_of_next_year":{"deep":[1,2.5,"<&>"]},"custom_deny_url":"https://example.org/?a=1&b=2"}`
	if diff := cmp.Diff(anyJSON(t, want), anyJSON(t, k.put)); diff != "" {
		t.Errorf("what was sent (-want +got):\n%s", diff)
	}
	if !strings.Contains(k.put, `{"deep":[1,2.50,"<&>"]}`) || !strings.Contains(k.put, `?a=1&b=2`) {
		t.Errorf("bytes that are not ours changed: %s", k.put)
	}
	if !setup.Same(outcomes[0].State, to) {
		t.Errorf("the outcome is %+v", outcomes[0].State)
	}
}

func anyJSON(t *testing.T, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

func TestAnApplicationThatLostItsPoliciesIsNotTakenForDone(t *testing.T) {
	k := &keeper{doc: appJSON, onPut: func(string) string {
		return strings.Replace(appJSON, `{"id":"p1","name":"Team","precedence":1,"reusable":true,"decision":"allow"}`, "", 1)
	}}
	c := stub(t, k.ServeHTTP)
	from, err := decodeApp(json.RawMessage(appJSON))
	if err != nil {
		t.Fatal(err)
	}
	to := from.State.(setup.App)
	to.Session = "12h"
	e := setup.Entry{Key: setup.Key{Kind: setup.KindApp, Scope: someAccount, Name: "it"}, Verb: setup.Update, ID: "a1", From: from.State, To: to}
	outcomes, err := c.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
	if err != nil {
		t.Fatal(err)
	}
	if p := outcomes[0].Err; p == nil || !strings.Contains(p.Message, "without its policies") || outcomes[0].State == nil {
		t.Errorf("got %+v", outcomes[0])
	}
}

func TestApplicationsAreReadInOneForm(t *testing.T) {
	tests := map[string]struct {
		raw  string
		want setup.App
	}{
		"defaults that the API leaves out, an upper-case host and a trailing dot": {
			`{"name":"A","type":"self_hosted","destinations":[{"uri":"OCS.Example.org./Path/*"},{"type":"public","uri":"ocs.example.org/"}],
			  "policies":null,"allowed_idps":null,"cors_headers":{"allow_all_origins":false},"options_preflight_bypass":false}`,
			setup.App{Name: "A", Destinations: []string{"ocs.example.org", "ocs.example.org/Path/*"}, Session: "24h", Policies: []setup.ID{}},
		},
		"the fields of old applications": {
			`{"name":"A","type":"self_hosted","domain":"a.example.org","self_hosted_domains":["b.example.org","a.example.org"],"session_duration":"24h","policies":["p2","p1"]}`,
			setup.App{Name: "A", Destinations: []string{"a.example.org", "b.example.org"}, Session: "24h", Policies: []setup.ID{setup.Lit("p2"), setup.Lit("p1")}},
		},
		"policies by precedence": {
			`{"name":"A","type":"self_hosted","domain":"a.example.org","policies":[{"id":"p2","precedence":2},{"id":"p1","precedence":1}]}`,
			setup.App{Name: "A", Destinations: []string{"a.example.org"}, Session: "24h", Policies: []setup.ID{setup.Lit("p1"), setup.Lit("p2")}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o, err := decodeApp(json.RawMessage(test.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(setup.State(test.want), o.State); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatChangesWhoGetsInShowsInOther(t *testing.T) {
	const app = `{"name":"A","type":"self_hosted","domain":"a.example.org"}`
	const policy = `{"name":"P","decision":"allow","include":[{"everyone":{}}]}`
	field := func(raw, name, value string) string { return raw[:len(raw)-1] + `,"` + name + `":` + value + `}` }
	for _, set := range []string{
		`"allowed_idps":["x"]`, `"allow_authenticate_via_warp":true`, `"options_preflight_bypass":true`, `"cors_headers":{"allow_all_origins":true}`,
		`"service_auth_401_redirect":true`, `"read_service_tokens_from_header":"X-Token"`, `"type":"ssh"`,
		`"destinations":[{"type":"private","cidr":"10.0.0.1/32","new":"field"}]`, `"destinations":[{"type":"via_mcp_server_portal","mcp_server_id":"x"}]`,
	} {
		name, value, _ := strings.Cut(strings.TrimPrefix(set, `"`), `":`)
		raw := field(app, name, value)
		if name == "type" {
			raw = strings.Replace(app, `"self_hosted"`, value, 1)
		}
		o, err := decodeApp(json.RawMessage(raw))
		if err != nil {
			t.Fatal(err)
		}
		if o.State.(setup.App).Other == "" {
			t.Errorf("an application with %s looks like any other", set)
		}
	}
	for _, set := range []string{`"exclude":[{"email":{"email":"a@b.c"}}]`, `"require":[{"everyone":{}}]`, `"approval_required":true`, `"isolation_required":true`, `"session_duration":"1h"`} {
		name, value, _ := strings.Cut(strings.TrimPrefix(set, `"`), `":`)
		o, err := decodePolicy(json.RawMessage(field(policy, name, value)))
		if err != nil {
			t.Fatal(err)
		}
		if o.State.(setup.Policy).Other == "" {
			t.Errorf("a policy with %s looks like any other", set)
		}
	}
	for _, raw := range []string{
		field(policy, "exclude", "[]"), field(policy, "require", "null"), field(policy, "session_duration", `"24h"`), field(policy, "approval_required", "false"),
	} {
		if o, err := decodePolicy(json.RawMessage(raw)); err != nil || o.State.(setup.Policy).Other != "" {
			t.Errorf("%s is not taken for the default (%v)", raw, err)
		}
	}
}

func TestSelectorsAreReadInOneForm(t *testing.T) {
	o, err := decodePolicy(json.RawMessage(`{"id":"p","name":"P [culvert-t1-0123abcd]","decision":"allow","include":[
		{"geo":{"country_code":"PT"}},{"email_domain":{"domain":"@Example.org"}},{"email":{"email":"Ana@Example.org"}},{"everyone":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p := o.State.(setup.Policy)
	want := []setup.Include{{Type: "email", Value: "ana@example.org"}, {Type: "email_domain", Value: "example.org"}, {Type: "everyone"},
		{Type: "geo", Value: digest(map[string]any{"geo": map[string]any{"country_code": "PT"}})}}
	if diff := cmp.Diff(want, p.Include); diff != "" || p.Name != "P" || o.Mark != "culvert-t1-0123abcd" {
		t.Errorf("name %q, mark %q, include (-want +got):\n%s", p.Name, o.Mark, diff)
	}
}

func TestAPolicyThatNarrowsWhoGetsInIsStrippedOnlyIfAskedAndNeverMadeUp(t *testing.T) {
	w := newWorld(t)
	id := w.id(w.stranger("POST", "A/access/policies", map[string]any{"name": "Theirs", "decision": "allow",
		"include": []any{map[string]any{"geo": map[string]any{"country_code": "PT"}}, map[string]any{"email": map[string]any{"email": "a@example.org"}}},
		"exclude": []any{map[string]any{"email": map[string]any{"email": "b@example.org"}}}}))
	k := w.key(setup.KindPolicy, "taken over")
	prior := w.one(setup.KindPolicy, id).State

	kept := prior.(setup.Policy)
	kept.Name = "Renamed"
	o := w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: prior, To: kept})
	if !setup.Same(o.State, kept) {
		t.Errorf("a rename changed more: %+v", o.State)
	}
	stripped := setup.Policy{Name: "Ours", Decision: setup.Allow, Include: []setup.Include{{Type: "email", Value: "a@example.org"}}}
	o = w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: kept, To: stripped})
	if !setup.Same(o.State, stripped) {
		t.Errorf("exclude was not taken away: %+v", o.State)
	}
	if seen := w.one(setup.KindPolicy, id); seen.Mark != "" {
		t.Errorf("a stranger's policy got our mark %q, and would be deleted as a copy of ours", seen.Mark)
	}
	refusal := w.refuses(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: stripped, To: prior}, setup.CodeRefused)
	if !strings.Contains(refusal.Err.Message, "dashboard") || !setup.Same(refusal.State, stripped) {
		t.Errorf("the refusal: %+v", refusal)
	}
}

func TestAnApplicationThatProtectsMoreThanOursIsNotTakenOver(t *testing.T) {
	w := newWorld(t)
	id := w.id(w.stranger("POST", "A/access/apps", map[string]any{"type": "self_hosted", "name": "Theirs", "destinations": []any{
		map[string]any{"type": "public", "uri": "ocs." + w.Zone}, map[string]any{"type": "private", "cidr": "10.0.0.7/32", "port_range": "8000"}}}))
	k := w.key(setup.KindApp, "taken over")
	prior := w.one(setup.KindApp, id).State
	ours := setup.App{Name: "Ours", Destinations: []string{"ocs." + w.Zone}, Policies: []setup.ID{}, Session: "24h"}
	w.refuses(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: prior, To: ours}, setup.CodeRefused)

	renamed := prior.(setup.App)
	renamed.Name = "Renamed"
	w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: prior, To: renamed})
	if raw := string(w.one(setup.KindApp, id).Raw); !strings.Contains(raw, "10.0.0.7/32") {
		t.Errorf("the private address was lost: %s", raw)
	}
	o := w.must(setup.Entry{Key: k, Verb: setup.Update, ID: id, From: renamed, To: prior, Drop: true})
	if !setup.Same(o.State, prior) {
		t.Errorf("put back it is %+v", o.State)
	}
}

func TestPrivateDestinationsAreReadAsTheyAreWritten(t *testing.T) {
	w := newWorld(t)
	want := []string{"tcp://172.30.250.2/32:443", "tcp://172.30.250.2/32:80", "tcp://ocs.your-org:443", "udp://172.30.250.3/32:53"}
	vnet := "@" + w.all(setup.KindVirtualNetwork)[0].ID
	want = append(want, "tcp://172.30.250.4/32:8000"+vnet)
	slices.Sort(want)
	app := setup.App{Name: "Lock", Destinations: want, Policies: w.somePolicy(), Session: "24h"}
	o := w.create(w.key(setup.KindApp, "lock"), app)
	seen := w.one(setup.KindApp, o.ID)
	if diff := differs(app, seen.State); diff != "" {
		t.Errorf("(-asked +got):\n%s", diff)
	}
	app.Destinations = want[1:]
	if o = w.must(setup.Entry{Key: w.key(setup.KindApp, "lock"), Verb: setup.Update, ID: o.ID, From: seen.State, To: app}); !setup.Same(o.State, app) {
		t.Errorf("without the first it is %+v", o.State)
	}
}

func TestADestinationThatStandsIsKeptToTheLetter(t *testing.T) {
	raw := `{"type":"self_hosted","destinations":[{"uri":"OCS.example.org/x","type":"public"},{"l4_protocol":"tcp","cidr":"10.0.0.7","type":"private"},{"type":"new"}]}`
	have := destinations([]byte(raw))
	body, err := appBody([]byte(raw), setup.App{Name: "Lock", Destinations: append(have, "tcp://ocs.your-org:443"), Other: appOther([]byte(raw))}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"uri":"OCS.example.org/x","type":"public"},{"l4_protocol":"tcp","cidr":"10.0.0.7","type":"private"},{"type":"private","hostname":"ocs.your-org","port_range":"443","l4_protocol":"tcp"},{"type":"new"}]`
	if got := gjson.GetBytes(body, "destinations").Raw; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAPolicyInUseStays(t *testing.T) {
	w := newWorld(t)
	policy := w.somePolicy()
	w.create(w.key(setup.KindApp, "lock"), setup.App{Name: "Lock", Destinations: []string{"ocs." + w.Zone}, Policies: policy, Session: "24h"})
	o := w.one(setup.KindPolicy, policy[0].Lit)
	e := setup.Entry{Key: w.key(setup.KindPolicy, "some"), Verb: setup.Delete, ID: o.ID, From: o.State}
	w.refuses(e, setup.CodeInUse)
}

func TestAnAddressThatIsTakenIsAConflict(t *testing.T) {
	w := newWorld(t)
	app := setup.App{Name: "Lock", Destinations: []string{"ocs." + w.Zone}, Policies: w.somePolicy(), Session: "24h"}
	w.create(w.key(setup.KindApp, "one"), app)
	w.refuses(setup.Entry{Key: w.key(setup.KindApp, "two"), Verb: setup.Create, To: app}, setup.CodeConflict)
}

func TestOnlyCodesByEmailAreSetUpAsALogin(t *testing.T) {
	w := newWorld(t)
	k := w.key(setup.KindLoginMethod, "team-login")
	w.refuses(setup.Entry{Key: k, Verb: setup.Create, To: setup.LoginMethod{Type: "google", Name: "Google"}}, setup.CodeRefused)
	theirs := w.all(setup.KindLoginMethod)[0] // the account's own: Cloudflare accounts
	e := setup.Entry{Key: k, Verb: setup.Update, ID: theirs.ID, From: theirs.State, To: setup.LoginMethod{Type: "onetimepin", Name: "PIN"}}
	w.refuses(e, setup.CodeRefused)
}

func TestAnAccountWithoutZeroTrustHasNothingOfAccess(t *testing.T) {
	w := newWorld(t)
	w.cloud.SetOnboarded(w.AccountID, "")
	seen := w.observe()
	if len(seen.Unread) != 0 {
		t.Errorf("unread: %v", seen.Unread)
	}
	for _, kind := range []setup.Kind{setup.KindOrganization, setup.KindLoginMethod, setup.KindPolicy, setup.KindApp} {
		if found := ofKind(seen, kind); len(found) != 0 {
			t.Errorf("%s: %+v", kind, found)
		}
	}
	o := w.refuses(setup.Entry{Key: w.key(setup.KindPolicy, "p"), Verb: setup.Create, To: setup.Policy{Name: "P", Decision: setup.Bypass, Include: []setup.Include{{Type: "everyone"}}}}, setup.CodeNotEnabled)
	if o.State != nil {
		t.Errorf("state %+v", o.State)
	}
}

func TestThatZeroTrustSeemsOffIsNotBelievedOfOneReadAlone(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/access/apps", Status: 403,
		Body: `{"success":false,"errors":[{"code":9999,"message":"access.api.error.not_enabled"}],"result":null}`})
	seen := w.observe()
	if p, unread := seen.Unread[setup.ReadScope{Kind: setup.KindApp, Scope: w.AccountID}]; !unread || p.Code != setup.CodeNotEnabled {
		t.Errorf("the applications count as read: %v", seen.Unread)
	}
}

func TestTheTeamDomainIsSeen(t *testing.T) {
	w := newWorld(t)
	all := w.all(setup.KindOrganization)
	if len(all) != 1 || all[0].State.(setup.Organization).AuthDomain != w.TeamDomain || all[0].Scope != w.AccountID {
		t.Errorf("got %+v", all)
	}
}

package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// theirs is a configuration that strangers wrote, with things in it that we
// have no field for, and with their own spacing.
const theirs = `{"originRequest":{"connectTimeout":30},"warp-routing":{"enabled":true},"ingress":[
  {"hostname":"a.example.org","path":"^/x?a=1&b","service":"http://a:1","originRequest":{"noTLSVerify":true}},
  {"service":"http://wild:2",  "hostname":"*.example.org"},
  {"service":"http://last:3"}]}`

func (w *world) configure(tunnel, config string) {
	w.Helper()
	w.stranger("PUT", "A/cfd_tunnel/"+tunnel+"/configurations", map[string]any{"config": json.RawMessage(config)})
}

// configuration is the document as it stands.
func (w *world) configuration(tunnel string) string {
	w.Helper()
	var in struct{ Config json.RawMessage }
	if err := json.Unmarshal(w.stranger("GET", "A/cfd_tunnel/"+tunnel+"/configurations", nil), &in); err != nil {
		w.Fatal(err)
	}
	return string(in.Config)
}

// rulesOf are the rules of the configuration, in order, as bytes without space.
func (w *world) rulesOf(tunnel string) []string {
	w.Helper()
	var in struct{ Ingress []json.RawMessage }
	if err := json.Unmarshal([]byte(w.configuration(tunnel)), &in); err != nil {
		w.Fatal(err)
	}
	rules := make([]string, len(in.Ingress))
	for i, r := range in.Ingress {
		rules[i] = string(r)
	}
	return rules
}

func TestOurRulesGoOnTopAndStrangersKeepTheirs(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.configure(tunnel, theirs)
	before := w.rulesOf(tunnel)

	o := w.create(w.key(setup.KindIngress, "ocs"), w.group("http://web:8000"))
	after := w.rulesOf(tunnel)
	ours := []string{
		`{"hostname":"ocs.example.org","path":"^/channels/telegram/[^/]+$","service":"http://web:8000"}`,
		`{"hostname":"ocs.example.org","service":"http://web:8000"}`,
	}
	if diff := cmp.Diff(append(ours, before...), after); diff != "" {
		t.Errorf("the rules (-want +got):\n%s", diff)
	}
	if config := w.configuration(tunnel); !strings.Contains(config, `"connectTimeout":30`) || !strings.Contains(config, `"enabled":true`) {
		t.Errorf("the rest of the document changed: %s", config)
	}
	if seen := w.one(setup.KindIngress, o.ID); len(seen.State.(setup.Ingress).Above) != 0 {
		t.Errorf("something stands above ours: %+v", seen.State)
	}
	w.must(setup.Entry{Key: w.key(setup.KindIngress, "ocs"), Verb: setup.Delete, ID: o.ID, From: o.State})
	if diff := cmp.Diff(before, w.rulesOf(tunnel)); diff != "" {
		t.Errorf("after our rules went (-want +got):\n%s", diff)
	}
}

func TestTheLastRuleAnswers404UnlessSomebodySetAnother(t *testing.T) {
	w := newWorld(t)
	o := w.create(w.key(setup.KindIngress, "ocs"), w.group("http://web:8000"))
	tunnel := w.someTunnel()
	if rules := w.rulesOf(tunnel); rules[len(rules)-1] != `{"service":"http_status:404"}` || len(rules) != 3 {
		t.Errorf("rules %v", rules)
	}
	w.must(setup.Entry{Key: w.key(setup.KindIngress, "ocs"), Verb: setup.Delete, ID: o.ID, From: o.State})
	if diff := cmp.Diff([]string{`{"service":"http_status:404"}`}, w.rulesOf(tunnel)); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

func TestEveryHostWithRulesIsSeenWithWhatStandsAboveIt(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.configure(tunnel, `{"ingress":[
		{"hostname":"A.Example.org.","service":"http://a"},
		{"hostname":"*.example.org","service":"http://wild"},
		{"path":"^/health$","service":"http://health"},
		{"hostname":"ocs.example.org","path":"^/x$","service":"http://web","originRequest":{"noTLSVerify":true}},
		{"hostname":"b.example.net","service":"http://b"},
		{"hostname":"ocs.example.org","service":"http://web","originRequest":{}},
		{"service":"http_status:404"}]}`)
	got := map[string]setup.Ingress{}
	for _, o := range w.all(setup.KindIngress) {
		got[o.ID] = o.State.(setup.Ingress)
	}
	group := func(host string, above []string, rules ...setup.Rule) setup.Ingress {
		return setup.Ingress{Tunnel: setup.Lit(tunnel), Host: host, Rules: rules, Above: above}
	}
	options := digest(map[string]any{"originRequest": map[string]any{"noTLSVerify": true}})
	want := map[string]setup.Ingress{
		tunnel + "/a.example.org": group("a.example.org", nil, setup.Rule{Service: "http://a"}),
		tunnel + "/*.example.org": group("*.example.org", nil, setup.Rule{Service: "http://wild"}),
		tunnel + "/ocs.example.org": group("ocs.example.org", []string{"*.example.org", "*"},
			setup.Rule{Path: "^/x$", Service: "http://web", Other: options}, setup.Rule{Service: "http://web"}),
		tunnel + "/b.example.net": group("b.example.net", []string{"*"}, setup.Rule{Service: "http://b"}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTwoHostsOfOneTunnelAreWrittenTogether(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	entry := func(host string) setup.Entry {
		return setup.Entry{Key: w.key(setup.KindIngress, host), Verb: setup.Create,
			To: setup.Ingress{Tunnel: setup.Lit(tunnel), Host: host, Rules: []setup.Rule{{Service: "http://" + host}}}}
	}
	taken := entry("taken.example.org")
	w.configure(tunnel, `{"ingress":[{"hostname":"taken.example.org","service":"http://theirs"},{"service":"http_status:404"}]}`)
	w.cloud.ForgetCalls()
	outcomes, err := w.Do(w.Context(), setup.Call{Entries: []setup.Entry{entry("a.example.org"), taken, entry("b.example.org")}})
	if err != nil {
		t.Fatal(err)
	}
	if outcomes[0].Err != nil || outcomes[2].Err != nil || outcomes[1].Err == nil || outcomes[1].Err.Code != setup.CodeConflict {
		t.Errorf("outcomes %+v", outcomes)
	}
	if n := w.counts("PUT", ""); n != 1 {
		t.Errorf("%d writes, want one", n)
	}
	if rules := strings.Join(w.rulesOf(tunnel), " "); !strings.Contains(rules, "http://a.example.org") || !strings.Contains(rules, "http://b.example.org") || !strings.Contains(rules, "http://theirs") {
		t.Errorf("rules %s", rules)
	}
}

func TestRulesThatStandAsWantedAreNotWrittenAgain(t *testing.T) {
	w := newWorld(t)
	e := setup.Entry{Key: w.key(setup.KindIngress, "ocs"), Verb: setup.Create, To: w.group("http://web:8000")}
	first := w.must(e)
	w.cloud.ForgetCalls()
	again := w.must(e)
	if n := w.counts("PUT", ""); n != 0 || !setup.Same(first.State, again.State) {
		t.Errorf("%d writes, state %+v", n, again.State)
	}
}

func TestOptionsOfARuleAreKeptButNotMadeUp(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.configure(tunnel, `{"ingress":[{"hostname":"ocs.example.org","service":"http://old","originRequest":{"noTLSVerify":true}},{"service":"http_status:404"}]}`)
	prior := w.one(setup.KindIngress, tunnel+"/ocs.example.org").State.(setup.Ingress)
	k := w.key(setup.KindIngress, "ocs")

	more := prior
	more.Rules = append([]setup.Rule{{Path: "^/x$", Service: "http://new"}}, prior.Rules...)
	w.must(setup.Entry{Key: k, Verb: setup.Update, ID: tunnel + "/ocs.example.org", From: prior, To: more})
	if !strings.Contains(w.configuration(tunnel), `{"noTLSVerify":true}`) {
		t.Error("the options of the rule that stays were lost")
	}
	ours := w.group("http://web:8000")
	w.must(setup.Entry{Key: k, Verb: setup.Update, ID: tunnel + "/ocs.example.org", From: more, To: ours})
	o := w.refuses(setup.Entry{Key: k, Verb: setup.Update, ID: tunnel + "/ocs.example.org", From: ours, To: prior}, setup.CodeRefused)
	if !setup.Same(o.State, ours) {
		t.Errorf("after the refusal stands %+v", o.State)
	}
}

func TestADocumentThatCouldNotBeReadIsNotWritten(t *testing.T) {
	bodies := map[string]string{
		"its rules are in a file":           `{"success":true,"result":{"source":"local","version":3,"config":{"ingress":[]}}}`,
		"null although it was configured":   `{"success":true,"result":{"source":"cloudflare","version":3,"config":null}}`,
		"no result":                         `{"success":true,"result":null}`,
		"rules that are no list":            `{"success":true,"result":{"source":"cloudflare","version":3,"config":{"ingress":{}}}}`,
		"a configuration that is no object": `{"success":true,"result":{"source":"cloudflare","version":0,"config":[]}}`,
		"success false":                     `{"success":false,"errors":[{"code":1,"message":"no"}],"result":null}`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			writes := 0
			c := stub(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					writes++
				}
				answer(200, body)(w, r)
			})
			e := setup.Entry{Key: setup.Key{Kind: setup.KindIngress, Scope: someAccount, Name: "ocs"}, Verb: setup.Create,
				To: setup.Ingress{Tunnel: setup.Lit("t"), Host: "ocs.example.org", Rules: []setup.Rule{{Service: "http://web"}}}}
			outcomes, err := c.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
			if err != nil || outcomes[0].Err == nil || writes != 0 {
				t.Errorf("%d writes, outcome %+v, error %v", writes, outcomes, err)
			}
		})
	}
}

func TestATunnelWhoseRulesCannotBeReadMakesThemUnread(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.configure(tunnel, theirs)
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/cfd_tunnel/" + tunnel + "/configurations", Status: 502, Body: "<html>"})
	seen := w.observe()
	if p, unread := seen.Unread[setup.ReadScope{Kind: setup.KindIngress, Scope: w.AccountID}]; !unread || p.Code != setup.CodeUnavailable {
		t.Errorf("unread: %v", seen.Unread)
	}
	if _, unread := seen.Unread[setup.ReadScope{Kind: setup.KindTunnel, Scope: w.AccountID}]; unread {
		t.Error("the tunnels count as unread too")
	}
}

func TestTunnelsWithRulesInAFileHaveNoneReadHere(t *testing.T) {
	w := newWorld(t)
	w.stranger("POST", "A/cfd_tunnel", map[string]any{"name": "local", "config_src": "local"})
	w.cloud.ForgetCalls()
	if all := w.all(setup.KindTunnel); len(all) != 1 || all[0].State.(setup.Tunnel).Remote {
		t.Errorf("tunnels %+v", all)
	}
	if n := w.counts("GET", "/configurations"); n != 0 {
		t.Errorf("%d configurations were read", n)
	}
}

func TestInALargeAccountOursAndThosePointedToAreReadBeforeOthers(t *testing.T) {
	w := newWorld(t)
	ours := w.someTunnel()
	var pointed string
	for i := range readConfigs + 5 {
		pointed = w.id(w.stranger("POST", "A/cfd_tunnel", map[string]any{"name": fmt.Sprint("other ", i), "config_src": "cloudflare"}))
	}
	w.stranger("POST", "Z/dns_records", map[string]any{"type": "CNAME", "name": "ocs." + w.Zone, "content": pointed + ".cfargotunnel.com", "proxied": true, "ttl": 1})
	w.cloud.ForgetCalls()
	w.observe()
	if n := w.counts("GET", "/configurations"); n != readConfigs+2 {
		t.Errorf("%d configurations were read, want %d", n, readConfigs+2)
	}
	for _, tunnel := range []string{ours, pointed} {
		if w.counts("GET", tunnel+"/configurations") != 1 {
			t.Errorf("the rules of %s were not read", tunnel)
		}
	}
	if !strings.Contains(w.log.String(), "many tunnels") {
		t.Error("the log does not say that some were left out")
	}
}

func TestThatSomebodyWroteAtTheSameMomentIsInTheLog(t *testing.T) {
	w := newWorld(t)
	tunnel := w.someTunnel()
	w.configure(tunnel, theirs)
	w.cloud.Inject(sim.Fault{Method: "PUT", Times: 1, Between: func() { w.configure(tunnel, theirs) }})
	w.create(w.key(setup.KindIngress, "ocs"), w.group("http://web:8000"))
	if !strings.Contains(w.log.String(), "at the same moment") {
		t.Errorf("the log: %s", w.log)
	}
}

package cloudflare

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// rulesetOf is the id of the list that the zone's rules of a phase are in.
func (w *world) rulesetOf(phase string) string {
	return w.id(w.stranger("GET", "Z/rulesets/phases/"+phase+"/entrypoint", nil))
}

// foreign adds a rule of somebody else, behind all others.
func (w *world) foreign(name string, parameters map[string]any) string {
	w.Helper()
	id, err := w.cloud.AddRule(w.ZoneID, sim.Rule{Phase: configPhase, Action: configRule, Parameters: parameters,
		Expression: `http.host eq "www.` + w.Zone + `"`, Description: name})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// order lists the configuration rules as they stand, ours by "ours".
func (w *world) order() []string { return w.orderOf(configPhase) }

func (w *world) orderOf(phase string) []string {
	var names []string
	for _, r := range gjson.GetBytes(w.stranger("GET", "Z/rulesets/phases/"+phase+"/entrypoint", nil), "rules").Array() {
		name := r.Get("description").String()
		if strings.HasPrefix(name, "Culvert:") {
			name = "ours"
		}
		names = append(names, name)
	}
	return names
}

func (w *world) edgeEntry(paths ...string) setup.Entry {
	return setup.Entry{Key: w.key(setup.KindEdgeRule, "ocs."+w.Zone), Verb: setup.Create, To: w.edgeRule(paths...)}
}

func TestRulesOfOthersStayAndKeepTheirOrder(t *testing.T) {
	w := newWorld(t)
	w.foreign("first", map[string]any{"ssl": "full"})
	w.foreign("second", map[string]any{"rocket_loader": true})
	e := w.edgeEntry("/a/*")
	made := w.must(e)
	w.foreign("third", map[string]any{"ssl": "strict"})
	w.must(setup.Entry{Key: e.Key, Verb: setup.Update, ID: made.ID, From: made.State, To: w.edgeRule("/a/*", "/b")})
	if got := w.order(); !slices.Equal(got, []string{"first", "second", "ours", "third"}) {
		t.Errorf("the order is %v", got)
	}
	w.must(setup.Entry{Key: e.Key, Verb: setup.Delete, ID: made.ID, From: w.edgeRule("/a/*", "/b")})
	if got := w.order(); !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("without ours the order is %v", got)
	}
	if w.counts("PUT", "/rulesets") > 0 {
		t.Error("the list was written as a whole")
	}
}

func TestARuleThatSomebodyAddsMeanwhileIsNotLost(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "POST", Path: "/zones/" + w.ZoneID + "/rulesets", Times: 1,
		Between: func() { w.foreign("faster", map[string]any{"ssl": "full"}) }})
	e := w.edgeEntry("/a/*")
	if o, err := w.try(e); err != nil || o.Err == nil {
		t.Fatalf("the list was there already, and making it gave %+v, %v", o, err)
	}
	w.must(e)
	if got := w.order(); !slices.Equal(got, []string{"faster", "ours"}) {
		t.Errorf("the order is %v", got)
	}
}

func TestARuleThatIsOverruledIsPutBehindTheOther(t *testing.T) {
	w := newWorld(t)
	e := w.edgeEntry("/a/*")
	made := w.must(e)
	w.foreign("elsewhere", map[string]any{"ssl": "full"})
	w.foreign("strict", map[string]any{"bic": true})
	have := w.one(setup.KindEdgeRule, made.ID)
	if r := have.State.(setup.EdgeRule); !slices.Equal(r.Overruled, []string{"strict"}) || setup.Met(e.To, r) {
		t.Fatalf("it is overruled by %v", r.Overruled)
	}
	w.must(setup.Entry{Key: e.Key, Verb: setup.Update, ID: made.ID, From: have.State, To: e.To})
	if got := w.order(); !slices.Equal(got, []string{"elsewhere", "strict", "ours"}) {
		t.Errorf("the order is %v", got)
	}
	if now := w.one(setup.KindEdgeRule, made.ID); !setup.Met(e.To, now.State) {
		t.Errorf("it is %+v", now.State)
	}
}

func TestAWriteOfARuleThatFailsChangesNothing(t *testing.T) {
	w := newWorld(t)
	e := w.edgeEntry("/a/*")
	made := w.must(e)
	for _, f := range []sim.Fault{{Method: "PATCH", SuccessFalse: true}, {Method: "PATCH", ResetBefore: true}} {
		w.cloud.Inject(f)
		o, err := w.try(setup.Entry{Key: e.Key, Verb: setup.Update, ID: made.ID, From: made.State, To: w.edgeRule("/b")})
		w.cloud.Heal()
		if err == nil && o.Err == nil {
			t.Errorf("%+v passed for success", f)
		}
		if now := w.one(setup.KindEdgeRule, made.ID); !setup.Same(now.State, made.State) {
			t.Errorf("after %+v it is %+v", f, now.State)
		}
	}
}

func TestWithoutThePermissionForRulesTheyAreUnreadAndItIsNamed(t *testing.T) {
	w := newWorld(t)
	token := w.cloud.AddToken(sim.UserToken, "", "Zone Read", "DNS Write")
	seen, err := w.client(token).Observe(t.Context(), w.view())
	if err != nil {
		t.Fatal(err)
	}
	p, bad := seen.Unread[setup.ReadScope{Kind: setup.KindEdgeRule, Scope: w.Zone}]
	if !bad || p.Code != setup.CodeDenied || p.Permission != needsRules || !strings.Contains(p.Message, "Config Rules: Edit") {
		t.Errorf("it is unread: %v, %+v", bad, p)
	}
}

func TestAnExpressionIsReadBackOnlyAsWeWriteIt(t *testing.T) {
	for _, expression := range []string{
		"true", `(http.host eq "a.example.org")`, `(http.host eq "a.example.org" and (http.request.uri.path in {"/x"})) or true`,
		`http.host eq "a.example.org" and http.request.uri.path eq "/x"`,
	} {
		if host, paths, ok := setup.ReadEdgeExpression(expression); ok {
			t.Errorf("%s was read as %s %v", expression, host, paths)
		}
	}
	paths := []string{"/a/*", "/b", "/c/*/d"}
	host, back, ok := setup.ReadEdgeExpression(setup.EdgeExpression("a.example.org", paths))
	if !ok || host != "a.example.org" || !slices.Equal(back, paths) {
		t.Errorf("read back: %s %v %v", host, back, ok)
	}
	if !json.Valid([]byte(lifted)) {
		t.Error("what our rule sets is no JSON")
	}
}

package cloudflare

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// theirEnrolment is one that strangers made, with two policies of theirs.
func (w *world) theirEnrolment() (app string, policies []string) {
	w.Helper()
	var links []any
	for i := range 2 {
		id := w.id(w.stranger("POST", "A/access/policies", map[string]any{"name": fmt.Sprint("Staff ", i), "decision": "allow",
			"include": []any{map[string]any{"email_domain": map[string]any{"domain": "example.org"}}}}))
		policies = append(policies, id)
		links = append(links, map[string]any{"id": id, "precedence": 5 * (i + 1)})
	}
	app = w.id(w.stranger("POST", "A/access/apps", map[string]any{"type": "warp", "session_duration": "24h", "policies": links,
		"skip_interstitial": true}))
	return app, policies
}

func (w *world) attached(app string) []string {
	w.Helper()
	var found []string
	for _, l := range links(w.stranger("GET", "A/access/apps/"+app, nil)) {
		found = append(found, fmt.Sprint(l.Precedence, " ", l.ID))
	}
	return found
}

func TestOurRuleComesBehindThoseOfOthersAndGoesWithoutThem(t *testing.T) {
	w := newWorld(t)
	app, theirs := w.theirEnrolment()
	before := w.attached(app)
	ours := w.id(w.stranger("POST", "A/access/policies", map[string]any{"name": "Team", "decision": "allow",
		"include": []any{map[string]any{"email": map[string]any{"email": "ana@example.org"}}}}))
	k, rule := w.key(setup.KindEnrolmentRule, "team"), setup.EnrolmentRule{App: setup.Lit(app), Policy: setup.Lit(ours)}
	o := w.create(k, rule)
	if diff := cmp.Diff(append(before, "11 "+ours), w.attached(app)); diff != "" || o.ID != ours {
		t.Errorf("attached as %s (-want +got):\n%s", o.ID, diff)
	}
	raw := w.stranger("GET", "A/access/apps/"+app, nil)
	if !gjson.GetBytes(raw, "skip_interstitial").Bool() {
		t.Errorf("another field was lost: %s", raw)
	}
	if n := len(w.all(setup.KindEnrolmentRule)); n != len(theirs)+1 {
		t.Errorf("%d rules are seen", n)
	}
	w.must(setup.Entry{Key: k, Verb: setup.Delete, ID: ours, From: rule})
	if diff := cmp.Diff(before, w.attached(app)); diff != "" {
		t.Errorf("without ours (-before +after):\n%s", diff)
	}
}

func TestTheSessionAndTheRuleGoInOneWrite(t *testing.T) {
	w := newWorld(t)
	app, _ := w.theirEnrolment()
	ours := w.id(w.stranger("POST", "A/access/policies", map[string]any{"name": "Team", "decision": "allow", "include": []any{map[string]any{"everyone": struct{}{}}}}))
	w.cloud.ForgetCalls()
	outcomes, err := w.Do(t.Context(), setup.Call{Entries: []setup.Entry{
		{Key: w.key(setup.KindEnrolment, "devices"), Verb: setup.Update, ID: app, From: setup.Enrolment{Session: "24h"}, To: setup.Enrolment{Session: "168h"}},
		{Key: w.key(setup.KindEnrolmentRule, "team"), Verb: setup.Create, To: setup.EnrolmentRule{App: setup.Lit(app), Policy: setup.Lit(ours)}},
	}})
	if err != nil || outcomes[0].Err != nil || outcomes[1].Err != nil {
		t.Fatalf("%v, %+v", err, outcomes)
	}
	if n := w.counts("PUT", ""); n != 1 || len(w.attached(app)) != 3 || w.all(setup.KindEnrolment)[0].State != (setup.Enrolment{Session: "168h"}) {
		t.Errorf("%d writes; attached %v", n, w.attached(app))
	}
}

func TestARuleOfAnotherApplicationIsNotAttachedToThis(t *testing.T) {
	w := newWorld(t)
	app, theirs := w.theirEnrolment()
	before := w.attached(app)
	gone := setup.EnrolmentRule{App: setup.Lit("6ff42ae2-765d-4adf-8112-31c55c1551ef"), Policy: setup.Lit(theirs[0])}
	k := w.key(setup.KindEnrolmentRule, "team")
	w.refuses(setup.Entry{Key: k, Verb: setup.Create, To: gone}, setup.CodeChanged)
	w.must(setup.Entry{Key: k, Verb: setup.Delete, ID: theirs[0], From: gone})
	if diff := cmp.Diff(before, w.attached(app)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestTheEnrolmentIsNoApplicationOfOurs(t *testing.T) {
	w := newWorld(t)
	w.theirEnrolment()
	if apps := w.all(setup.KindApp); len(apps) != 0 {
		t.Errorf("got %+v", apps)
	}
	for _, o := range w.observe().Objects {
		if o.State.Kind().Private() {
			t.Errorf("a look for the public mode shows %s", o.State.Kind())
		}
	}
}

func TestAnEnrolmentThatCouldNotBeReadIsNotWritten(t *testing.T) {
	w := newWorld(t)
	app, theirs := w.theirEnrolment()
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/access/apps", SuccessFalse: true})
	o, err := w.try(setup.Entry{Key: w.key(setup.KindEnrolmentRule, "team"), Verb: setup.Delete, ID: theirs[0],
		From: setup.EnrolmentRule{App: setup.Lit(app), Policy: setup.Lit(theirs[0])}})
	if err != nil || o.Err == nil || w.counts("PUT", "") != 0 {
		t.Errorf("%v, %+v", err, o)
	}
}

package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

const private = "172.30.250.0/28"

// list is a list of the default profile as the API shows it, sorted.
func (w *world) list(profile, name string) []string {
	w.Helper()
	path := "A/devices/policy/"
	if profile != setup.DefaultProfile {
		path += profile + "/"
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(w.stranger("GET", path+name, nil), &entries); err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, string(e))
	}
	slices.Sort(all)
	return all
}

func (w *world) customProfile(extra map[string]any) string {
	w.Helper()
	body := map[string]any{"name": "Contractors", "match": `identity.email == "ana@example.org"`, "precedence": 100}
	for k, v := range extra {
		body[k] = v
	}
	result := w.stranger("POST", "A/devices/policy", body)
	return gjson.GetBytes(result, "policy_id").String()
}

// split is the entry that opens or closes a range.
func (w *world) split(profile, network string, through bool) setup.Entry {
	from := setup.SplitTunnel{Profile: profile, Network: network, Through: !through}
	to := from
	to.Through = through
	return setup.Entry{Key: w.key(setup.KindSplitTunnel, profile+"/"+network), Verb: setup.Update, ID: profile + "/" + network, From: from, To: to, Drop: !through}
}

func TestARangeIsOpenedAndClosedAgainToTheLetter(t *testing.T) {
	for _, network := range []string{private, "10.9.0.0/24", "192.168.7.0/29", "100.100.0.0/16", setup.ResolvedRange} {
		for _, include := range []bool{false, true} {
			t.Run(fmt.Sprint(network, " include ", include), func(t *testing.T) {
				w := newWorld(t)
				name, body := "exclude", map[string]any{}
				if include {
					name, body = "include", map[string]any{"include": []any{map[string]any{"address": "10.200.0.0/16", "description": "office"}}}
				}
				if network == setup.ResolvedRange && !include {
					body["exclude"] = []any{map[string]any{"address": "172.64.0.0/12"}, map[string]any{"host": "*.example.com"}}
				}
				id := w.customProfile(body)
				before := w.list(id, name)
				o := w.must(w.split(id, network, true))
				if s := o.State.(setup.SplitTunnel); !s.Through || s.Include != include || network == setup.ResolvedRange && s.Range != "172.64.128.0/20" {
					t.Errorf("opened: %+v", s)
				}
				if slices.Equal(before, w.list(id, name)) {
					t.Error("nothing was written")
				}
				w.must(w.split(id, network, false))
				if diff := cmp.Diff(before, w.list(id, name)); diff != "" {
					t.Errorf("closed again (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func TestEveryProfileAndRangeInViewIsAnswered(t *testing.T) {
	w := newWorld(t)
	id := w.customProfile(map[string]any{"service_mode_v2": map[string]any{"mode": "1dot1"}})
	w.stranger("POST", "A/access/identity_providers", map[string]any{"name": "PIN", "type": "onetimepin", "config": map[string]any{}})
	w.theirEnrolment()
	for _, email := range []string{"ana@example.org", "ben@example.org", "eva@example.org"} {
		if _, err := w.cloud.Enrol(w.AccountID, sim.Enrolment{Email: email}); err != nil {
			t.Fatal(err)
		}
	}
	v := w.privateView()
	v.Profiles = []string{setup.DefaultProfile, id, "6ff42ae2-765d-4adf-8112-31c55c1551ef"}
	seen, err := w.Observe(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	var answers, profiles []string
	for _, o := range append(ofKind(seen, setup.KindSplitTunnel), ofKind(seen, setup.KindFallback)...) {
		answers = append(answers, o.ID)
	}
	for _, o := range ofKind(seen, setup.KindDeviceProfile) {
		p := o.State.(setup.DeviceProfile)
		profiles = append(profiles, fmt.Sprint(p.ID == setup.DefaultProfile, p.Carries, p.Devices))
	}
	slices.Sort(answers)
	slices.Sort(profiles)
	var want []string
	for _, p := range []string{setup.DefaultProfile, id} {
		for _, n := range append(v.Networks, v.Names...) {
			want = append(want, p+"/"+n)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, answers); diff != "" || len(seen.Unread) != 0 {
		t.Errorf("unread %v; (-want +got):\n%s", seen.Unread, diff)
	}
	if diff := cmp.Diff([]string{"false false 1", "true true 2"}, profiles); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatOthersAddedSinceTheLookStays(t *testing.T) {
	w := newWorld(t)
	w.observe()
	var list []any
	for _, e := range w.list(setup.DefaultProfile, "exclude") {
		list = append(list, json.RawMessage(e))
	}
	theirs := json.RawMessage(`{"address":"203.0.113.0/24","description":"theirs"}`)
	w.stranger("PUT", "A/devices/policy/exclude", append(list, theirs))
	w.must(w.split(setup.DefaultProfile, private, true))
	if now := w.list(setup.DefaultProfile, "exclude"); !slices.Contains(now, string(theirs)) {
		t.Errorf("the stranger's entry is gone: %v", now)
	}
}

func TestTwoRangesOfOneListGoInOneWrite(t *testing.T) {
	w := newWorld(t)
	before := w.list(setup.DefaultProfile, "exclude")
	w.cloud.ForgetCalls()
	outcomes, err := w.Do(t.Context(), setup.Call{Entries: []setup.Entry{
		w.split(setup.DefaultProfile, private, true), w.split(setup.DefaultProfile, "172.18.0.7/32", true)}})
	if err != nil || outcomes[0].Err != nil || outcomes[1].Err != nil || w.counts("PUT", "") != 1 {
		t.Fatalf("%v, %+v, %d writes", err, outcomes, w.counts("PUT", ""))
	}
	w.must(w.split(setup.DefaultProfile, private, false))
	w.must(w.split(setup.DefaultProfile, "172.18.0.7/32", false))
	if diff := cmp.Diff(before, w.list(setup.DefaultProfile, "exclude")); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A list is never written unless it was read in full just before, and never
// called written unless it was seen to be.
func TestEachCallThatFailsLeavesTheListsKnownOrUntouched(t *testing.T) {
	entries := func(w *world) map[string][]setup.Entry {
		f := setup.Fallback{Profile: setup.DefaultProfile, Suffix: "ocs.your-org"}
		set := f
		set.Servers = []string{"172.30.250.3"}
		s := setup.Shadow{Profile: setup.DefaultProfile, Hostname: "ocs.lan", Entries: []setup.DomainEntry{{Suffix: "lan"}}}
		clear := s
		clear.Entries = nil
		return map[string][]setup.Entry{
			"exclude": {w.split(setup.DefaultProfile, private, true), w.split(setup.DefaultProfile, setup.ResolvedRange, true)},
			"fallback_domains": {
				{Key: w.key(setup.KindFallback, "f"), Verb: setup.Update, ID: "default/ocs.your-org", From: f, To: set, Mark: setup.Mark(install, w.key(setup.KindFallback, "f"))},
				{Key: w.key(setup.KindShadow, "s"), Verb: setup.Update, ID: "default/ocs.lan", From: s, To: clear},
			},
		}
	}
	faults := map[string]struct {
		fault   sim.Fault
		unknown bool // whether it is not known what the call did
		written bool
	}{
		"the read fails":                 {sim.Fault{Method: "GET", Status: 500, Body: "broken"}, false, false},
		"the read says success:false":    {sim.Fault{Method: "GET", SuccessFalse: true}, false, false},
		"the write is refused":           {sim.Fault{Method: "PUT", Status: 403, Body: `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`}, false, false},
		"the write says success:false":   {sim.Fault{Method: "PUT", SuccessFalse: true}, false, false},
		"the write is lost":              {sim.Fault{Method: "PUT", ResetBefore: true}, true, false},
		"the answer to it is lost":       {sim.Fault{Method: "PUT", ResetAfterEffect: true}, true, true},
		"the write ends in a bad answer": {sim.Fault{Method: "PUT", Status: 502, Body: "<html>"}, true, false},
	}
	for what, row := range faults {
		for list := range entries(newWorld(t)) {
			t.Run(list+" "+what, func(t *testing.T) {
				w := newWorld(t)
				before := w.list(setup.DefaultProfile, list)
				w.cloud.Inject(row.fault)
				outcomes, err := w.Do(t.Context(), setup.Call{Entries: entries(w)[list]})
				w.cloud.Heal()
				if (err != nil) != row.unknown {
					t.Fatalf("error %v, outcomes %+v", err, outcomes)
				}
				for _, o := range outcomes {
					if o.Err == nil {
						t.Errorf("reported as done: %+v", o)
					}
				}
				if written := !slices.Equal(before, w.list(setup.DefaultProfile, list)); written != row.written {
					t.Errorf("written is %v", written)
				}
			})
		}
	}
}

func TestAReadBackThatFailsIsNotTakenForDone(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "PUT", Times: 1, Between: func() {
		w.cloud.Inject(sim.Fault{Method: "GET", Status: 500, Body: "broken"})
	}})
	e := w.split(setup.DefaultProfile, private, true)
	if _, err := w.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}}); err == nil {
		t.Error("reported as if it were known")
	}
}

func TestAListOfWhatStaysOutThatIsEmptyIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.stranger("PUT", "A/devices/policy/exclude", []any{})
	if s := w.one(setup.KindSplitTunnel, "default/"+private).State.(setup.SplitTunnel); !s.Through {
		t.Errorf("seen as %+v", s)
	}
	before := w.list(setup.DefaultProfile, "exclude")
	w.cloud.ForgetCalls()
	w.must(w.split(setup.DefaultProfile, private, false))
	if n := w.counts("PUT", ""); n != 0 || len(before) != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestAnEntryForTheseVeryAddressesIsLeftToItsOwner(t *testing.T) {
	w := newWorld(t)
	w.stranger("PUT", "A/devices/policy/exclude", []any{map[string]any{"address": "10.0.0.0/8"}, map[string]any{"address": "172.30.250.5/32", "description": "printer"}})
	s := w.one(setup.KindSplitTunnel, "default/"+private).State.(setup.SplitTunnel)
	if s.Through || !slices.Equal(s.Inside, []string{"172.30.250.5/32"}) {
		t.Errorf("seen as %+v", s)
	}
	o := w.refuses(w.split(setup.DefaultProfile, private, true), setup.CodeRefused)
	if !strings.Contains(o.Err.Message, "172.30.250.5/32") {
		t.Errorf("says %q", o.Err.Message)
	}
}

func TestWithoutTheRangeOfGatewaySplitTunnelsAreUnreadAndTheRestIsNot(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Method: "GET", Path: "/accounts/" + w.AccountID + "/zerotrust/subnets", Status: 200, Body: `{"success":true,"result":[]}`})
	seen, err := w.Observe(t.Context(), w.privateView())
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Unread) != 1 || len(ofKind(seen, setup.KindSplitTunnel)) != 0 || len(ofKind(seen, setup.KindFallback)) == 0 {
		t.Errorf("unread %v", seen.Unread)
	}
	if p := seen.Unread[setup.ReadScope{Kind: setup.KindSplitTunnel, Scope: w.AccountID}]; !strings.Contains(p.Message, "Gateway") {
		t.Errorf("says %q", p.Message)
	}
}

func TestDevicesAreCountedByTheirProfile(t *testing.T) {
	pages := []string{
		`{"success":true,"result":[{"device":{"id":"a"},"policy":{"id":"x","default":true}},{"device":{"id":"b"},"policy":{"id":"p"}}],"result_info":{"cursor":"next"}}`,
		`{"success":true,"result":[{"device":{"id":"b"},"policy":{"id":"p"}},{"device":{"id":"c"},"policy":{"id":"p"}}],"result_info":{"cursor":""}}`,
	}
	c := stub(t, func(w http.ResponseWriter, r *http.Request) {
		page := pages[0]
		if r.URL.Query().Get("cursor") == "next" {
			page = pages[1]
		}
		answer(200, page)(w, r)
	})
	if diff := cmp.Diff(map[string]int{setup.DefaultProfile: 1, "p": 2}, c.countDevices(t.Context(), "a")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	endless := stub(t, answer(200, pages[0]))
	if counts := endless.countDevices(t.Context(), "a"); counts != nil {
		t.Errorf("a list without end was counted: %v", counts)
	}
}

func TestTheListOfProfilesIsReadByItselfInTheirOrder(t *testing.T) {
	w := newWorld(t)
	later := w.customProfile(map[string]any{"precedence": 200, "include": []any{map[string]any{"address": "10.200.0.0/16"}}})
	sooner := w.customProfile(map[string]any{"name": "Kiosks", "precedence": 100, "service_mode_v2": map[string]any{"mode": "proxy", "port": 3000}})
	w.cloud.ForgetCalls()
	seen, err := w.Observe(t.Context(), setup.View{Account: w.AccountID, Private: true, Kinds: []setup.Kind{setup.KindDeviceProfile}})
	if err != nil {
		t.Fatal(err)
	}
	all, problem := setup.DeviceProfilesIn(seen, w.AccountID)
	for i := range all {
		if all[i].ID == setup.DefaultProfile {
			all[i].Name = "" // whatever Cloudflare calls it
		}
	}
	match := `identity.email == "ana@example.org"`
	want := []setup.DeviceProfile{
		{ID: sooner, Name: "Kiosks", Match: match, Precedence: 100},
		{ID: later, Name: "Contractors", Match: match, Include: true, Carries: true, Precedence: 200},
		{ID: setup.DefaultProfile, Carries: true, Precedence: all[len(all)-1].Precedence},
	}
	if diff := cmp.Diff(want, all); diff != "" || problem != nil {
		t.Errorf("%v (-want +got):\n%s", problem, diff)
	}
	if n := len(w.cloud.Calls()); n != 3 {
		t.Errorf("it cost %d calls", n)
	}
}

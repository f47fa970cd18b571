package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// Places in the network of the rehearsal's app.
const (
	appsNetwork = "192.0.2.0/24"
	atDatabase  = "192.0.2.209:5432"
	routesPath  = "accounts/{account}/teamnet/routes"
)

// The guide has people route the whole network of the app. Culvert takes that over
// once it was agreed to, puts a login on all of it first, and gives it back.
func TestAllOfTheAppsNetworkIsRoutedBehindTheLogin(t *testing.T) {
	t.Parallel()
	w := inPrivate(t)
	hand := &stranger{t, w.world}
	hand.enrolsOthers()
	var tunnel object
	w.must(json.Unmarshal(hand.call("POST", "accounts/{account}/cfd_tunnel", object{"name": "by-hand", "config_src": "cloudflare"}), &tunnel))
	hand.call("POST", routesPath, object{"network": appsNetwork, "tunnel_id": tunnel.id(), "comment": "as the guide has it"})

	j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(t, setup.ModeFallback)}
	w.behind(j, followed)
	j.file.Inside.Whole, j.file.Domains = true, []string{"example.org"}
	w.must(j.resolve(w.ctx))
	before := w.stands(j.answers.View())
	w.agreesTo(j, "Take it over", "db 192.0.2.209")
	w.apply(j, j.answers)
	w.sound(j)
	if to := hand.routeTo(appsNetwork); to["tunnel_id"] == tunnel.id() {
		t.Errorf("the route was not taken over: %v", to)
	}

	member, other, none := hand.device("ana@example.org"), hand.device("eve@elsewhere.org"), w.world.Cloud.Device(w.world.Cloud.Basics().AccountID, "")
	for _, at := range []string{atDatabase, w.app(j) + ":8000", "192.0.2.1:22"} {
		hand.ends(none, at, sim.AtDevice)
		hand.ends(member, at, sim.AtAccess)
		hand.ends(other, at, sim.AtAccess)
	}
	for _, app := range hand.list(apps + "?per_page=50") {
		if text, _ := json.Marshal(app["destinations"]); strings.Contains(string(text), `"private"`) {
			w.must(member.LogIn(app.id()))
			if other.LogIn(app.id()) == nil {
				t.Errorf("somebody who is not of the team logs in to %v", app["name"])
			}
		}
	}
	for _, at := range []string{atDatabase, w.app(j) + ":8000"} {
		hand.ends(member, at, "")
		hand.ends(other, at, sim.AtAccess)
	}

	w.must(w.world.Break(moved))
	changes, findings := w.wrong(j)
	for _, c := range changes {
		if !c.Follows || c.Key.Kind != setup.KindSidecar && c.Key.Kind != setup.KindConnectorFile {
			t.Errorf("the app moved, and it would change %s", c)
		}
	}
	if len(changes) == 0 || len(findings) != 1 || findings[0].Class != setup.ClassAppReaddressed || !findings[0].Repairable() {
		t.Errorf("the app moved: %v, the status tells %+v", changes, findings)
	}
	w.must(j.repair(w.ctx, repairing{Yes: true}))
	w.sound(j)
	hand.ends(member, w.app(j)+":8000", "")

	view := j.answers.View()
	w.apply(j, nil)
	if diff := cmp.Diff(before, w.stands(view)); diff != "" {
		t.Errorf("after taking everything down (-before +after):\n%s", diff)
	}
	if to := hand.routeTo(appsNetwork); to["tunnel_id"] != tunnel.id() {
		t.Errorf("their route leads elsewhere now: %v", to)
	}
}

// Between the single address and the whole network the team stays in, and neither
// is ever without its login.
func TestTheWholeNetworkAndTheSingleAddressFollowEachOther(t *testing.T) {
	t.Parallel()
	w := inPrivate(t)
	hand := &stranger{t, w.world}
	j := &job{settings: &settings{stdout: io.Discard, stderr: io.Discard, rehearsal: true}, workspace: w.workspace, request: request{Text: []byte("a file")}, file: wayIn(t, setup.ModeFallback)}
	w.behind(j, followed)
	w.must(j.resolve(w.ctx))
	before := w.stands(j.answers.View())
	w.apply(j, j.answers)
	j.file.Inside.Whole = true
	w.must(j.resolve(w.ctx))
	p, err := w.engine.Plan(w.ctx, j.id, j.answers)
	w.must(err)
	if err := j.agreeAndRun(w.ctx, p, agreement{yes: true}); err == nil || !strings.Contains(err.Error(), "Every device of the team gets to all of "+appsNetwork) || strings.Contains(err.Error(), "There now") || hand.routeTo(appsNetwork) != nil {
		t.Errorf("nobody agreed, and it ended with %v", err)
	}
	w.agreesTo(j, "db 192.0.2.209")
	w.apply(j, j.answers)
	w.sound(j)
	if hand.routeTo(w.app(j)+"/32") != nil {
		t.Error("the single address is still routed by itself")
	}
	j.file.Inside.Whole = false
	w.must(j.resolve(w.ctx))
	w.apply(j, j.answers)
	w.sound(j)
	if hand.routeTo(appsNetwork) != nil || hand.routeTo(w.app(j)+"/32") == nil {
		t.Error("the whole network is still routed, or the address is not")
	}
	view := j.answers.View()
	w.apply(j, nil)
	if diff := cmp.Diff(before, w.stands(view)); diff != "" {
		t.Errorf("after taking everything down (-before +after):\n%s", diff)
	}
}

// agreesTo says yes to what the plan offers, which has to tell these things.
func (w walker) agreesTo(j *job, tells ...string) {
	w.Helper()
	p, err := w.engine.Plan(w.ctx, j.id, j.answers)
	w.must(err)
	var said string
	for _, b := range p.Plan.Barriers {
		if said += b.Detail; b.Offer == nil {
			w.Fatalf("this is in the way: %s", b.Detail)
		}
		w.must(w.journey.Accept(w.ctx, j.id, b.Key, *b.Offer))
	}
	for _, text := range tells {
		if !strings.Contains(said, text) {
			w.Errorf("it does not tell %q:\n%s", text, said)
		}
	}
	w.must(j.resolve(w.ctx))
}

// app is where the app is now.
func (w walker) app(j *job) string {
	p, _ := w.engine.Last(j.id)
	return p.Answers.Private.Address
}

// enrolsOthers lets people join the account who are not of the team.
func (w *stranger) enrolsOthers() {
	w.Helper()
	var policy object
	if err := json.Unmarshal(w.call("POST", policies, object{"name": "Elsewhere", "decision": "allow", "include": []object{{"email_domain": object{"domain": "elsewhere.org"}}}}), &policy); err != nil {
		w.Fatal(err)
	}
	w.call("POST", logins, object{"name": "PIN", "type": "onetimepin", "config": object{}})
	w.call("POST", apps, object{"type": "warp", "name": "Warp Login App", "session_duration": "24h", "policies": []object{{"id": policy.id(), "precedence": 1}}})
}

func (w *stranger) device(email string) *sim.Device {
	w.Helper()
	d, err := w.Cloud.Enrol(w.Cloud.Basics().AccountID, sim.Enrolment{Email: email})
	if err != nil {
		w.Fatalf("%s enrols: %v", email, err)
	}
	return d
}

// ends wants the way of a device's packet to end at a stage; at none, it gets as
// far as Cloudflare knows.
func (w *stranger) ends(d *sim.Device, at string, stage sim.Stage) {
	w.Helper()
	way, _ := d.Trace(w.T.Context(), "tcp", at)
	if way.Ended != stage || stage == "" && way.Tunnel == "" {
		w.Errorf("to %s it ends at %q, want %q:\n%s", at, way.Ended, stage, way)
	}
}

// routeTo is the route of exactly that range; nil: there is none.
func (w *stranger) routeTo(network string) object {
	w.Helper()
	for _, r := range w.list(routesPath + "?is_deleted=false&per_page=100") {
		if r["network"] == network {
			return r
		}
	}
	return nil
}

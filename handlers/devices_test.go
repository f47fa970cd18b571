package handlers_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

const (
	fieldStaff  = "6ff42ae2-765d-4adf-8112-31c55c1551ef"
	kiosks      = "0c2f1a3e-765d-4adf-8112-31c55c1551ef"
	goneProfile = "b1b1b1b1-765d-4adf-8112-31c55c1551ef"
)

// threeProfiles are of an account in which most devices are no default ones.
func threeProfiles() journey.Devices {
	return journey.Devices{At: now.Add(-20 * time.Second), Profiles: []setup.DeviceProfile{
		{ID: kiosks, Name: "Kiosks in the halls", Match: `os.name == "windows" and identity.groups.name == "Reception and front desk of the headquarters"`, Devices: 1},
		{ID: fieldStaff, Name: "Field staff", Match: `identity.email matches ".*@field.example.org"`, Carries: true, Include: true, Devices: 12},
		{ID: setup.DefaultProfile, Name: "Default", Carries: true, Devices: 14},
	}}
}

// sceneProfiles: the guide's way for two profiles, one of which is gone.
func sceneProfiles(t testing.TB) journey.Overview {
	o := sceneFallback(t)
	o.Draft.Inside.Profiles, o.Devices = []string{fieldStaff, goneProfile}, threeProfiles()
	a := *o.Answers
	private := *a.Private
	private.Profiles, a.Private = o.Draft.Inside.Profiles, &private
	w := hostWorld(a)
	for _, p := range threeProfiles().Profiles {
		w.Objects = append(w.Objects, setup.Object{Scope: account, ID: p.ID, State: p})
	}
	for _, s := range []setup.Object{
		{ID: "vnet", State: setup.VirtualNetwork{Name: "default", Default: true}},
		{ID: "gateway-proxy", State: setup.GatewayProxy{TCP: true, UDP: true}},
		{ID: fieldStaff + "/" + private.Subnet, State: setup.SplitTunnel{Profile: fieldStaff, Network: private.Subnet, Include: true}},
		{ID: fieldStaff + "/" + private.Name, State: setup.Fallback{Profile: fieldStaff, Suffix: private.Name}},
	} {
		s.Scope = account
		w.Objects = append(w.Objects, s)
	}
	plan := planFor(t, a, w)
	o.Answers, o.Plan = &a, &plan
	return o
}

// boxes are the device profiles that can be ticked, with a + where one is.
func (a answer) boxes() []string {
	var all []string
	for _, n := range a.doc.Find(`input[name="device-profile"]`).EachIter() {
		id, _ := n.Attr("value")
		if _, on := n.Attr("checked"); on {
			id += " +"
		}
		all = append(all, id)
	}
	return all
}

func TestTheDeviceProfilesOfTheAccountAreAChoice(t *testing.T) {
	o := sceneProfiles(t)
	p := openOn(t, o)
	a := p.get(at("way-in")).status(200)
	a.says("#device-profiles", "Kiosks in the halls", "1 device has it now.", "the service mode is another than Gateway with WARP",
		"Field staff", `identity.email matches ".*@field.example.org"`, "12 devices have it now.", "what goes through WARP (include)",
		"The default profile", "All other devices. 14 devices have it now.", "what stays out of WARP (exclude)", goneProfile, "Not in the account any more")
	if diff := cmp.Diff([]string{kiosks, fieldStaff + " +", "default", goneProfile + " +"}, a.boxes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.says("#whole-account", "device profile “Field staff”", "Affects 12 devices")
	if len(p.fake.asked) > 0 {
		t.Errorf("the page read the account: %v", p.fake.asked)
	}

	action, form := a.form("#way-in")
	form.Del("ask")
	for _, save := range []struct{ tick, want []string }{
		{[]string{fieldStaff}, []string{fieldStaff}}, // the one that is gone is unticked
		{[]string{kiosks, goneProfile, fieldStaff}, []string{fieldStaff, goneProfile, kiosks}},
		{nil, nil},
	} {
		form["device-profile"] = save.tick
		p.post(action, form).status(303)
		if diff := cmp.Diff(save.want, p.fake.last().(askedWayIn).Draft.Inside.Profiles); diff != "" {
			t.Errorf("of %v (-want +got):\n%s", save.tick, diff)
		}
	}
}

// A page that is saved as it was shown decides nothing new.
func TestTheDefaultProfileIsTickedWhereNothingWasChosenAndStaysNoChoice(t *testing.T) {
	o := sceneFallback(t)
	o.Devices = threeProfiles()
	p := openOn(t, o)
	a := p.get(at("way-in")).status(200)
	if diff := cmp.Diff([]string{kiosks, fieldStaff, "default +"}, a.boxes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	action, form := a.form("#way-in")
	form.Del("ask")
	form["device-profile"] = []string{setup.DefaultProfile}
	p.post(action, form).status(303)
	if got := p.fake.last().(askedWayIn).Draft.Inside.Profiles; got != nil {
		t.Errorf("chosen: %q", got)
	}
}

func TestAFieldForIDsStandsWhereTheAccountIsNotRead(t *testing.T) {
	chosen := func(change func(*journey.Overview)) journey.Overview {
		o := sceneFallback(t)
		o.Draft.Inside.Profiles = []string{setup.DefaultProfile, fieldStaff}
		change(&o)
		return o
	}
	for says, change := range map[string]func(*journey.Overview){
		"When Culvert has an API token (step Account)": func(o *journey.Overview) { o.Token = journey.Token{} },
		"When the account is chosen (step Account)":    func(o *journey.Overview) { o.Draft.Account = "" },
		"are not read yet. Read them now":              func(o *journey.Overview) {},
		"not read yet.":                                func(o *journey.Overview) { o.Devices = threeProfiles(); o.Devices.At = now.Add(-2 * time.Minute) },
	} {
		p := openOn(t, chosen(change))
		a := p.get(at("way-in")).status(200)
		a.says("#device-profiles", says)
		if ids, _ := a.doc.Find("#private-profiles").Attr("value"); ids != "default, "+fieldStaff || len(a.boxes()) > 0 {
			t.Errorf("%s: the field has %q beside %v", says, ids, a.boxes())
		}
		action, form := a.form("#way-in")
		form.Del("ask")
		p.post(action, form).status(303)
		if diff := cmp.Diff([]string{setup.DefaultProfile, fieldStaff}, p.fake.last().(askedWayIn).Draft.Inside.Profiles); diff != "" {
			t.Errorf("%s: saved as it was (-want +got):\n%s", says, diff)
		}
	}
}

// When is the list asked for: at once where it is in sight, and where it is folded
// only if somebody unfolds it.
func TestTheListIsAskedForWhereItIsSeen(t *testing.T) {
	trigger := func(o journey.Overview) string {
		when, _ := openOn(t, o).get(at("way-in")).status(200).doc.Find("#device-profiles").Attr("hx-trigger")
		return when
	}
	listed, without := sceneProfiles(t), sceneFallback(t)
	without.Token = journey.Token{}
	for want, o := range map[string][]journey.Overview{"load": {sceneFallback(t)}, "intersect once": {sceneWayIn(t)}, "": {listed, without}} {
		for _, o := range o {
			if got := trigger(o); got != want {
				t.Errorf("asked for at %q, want %q", got, want)
			}
		}
	}
}

func TestTheListComesAfterThePage(t *testing.T) {
	f := &fake{overview: sceneFallback(t), devices: threeProfiles()}
	p := open(t, f)
	typed := at("way-in/profiles") + "?" + url.Values{"private-profiles": {kiosks + ", " + goneProfile}}.Encode()
	a := p.do("GET", typed, nil, htmx...).status(200)
	if want := []string{kiosks + " +", fieldStaff, "default", goneProfile + " +"}; !slices.Equal(want, a.boxes()) || a.doc.Find("main").Length() > 0 {
		t.Errorf("what was typed is lost: %v", a.boxes())
	}
	a = p.get(at("way-in/profiles")).status(200) // without scripts
	if want := []string{kiosks, fieldStaff, "default +"}; !slices.Equal(want, a.boxes()) || a.doc.Find("main #way-in").Length() != 1 {
		t.Errorf("the page has %v", a.boxes())
	}
	openOn(t, scenePlanned(t)).get(at("way-in/profiles")).status(404)
}

func TestAnAccountThatCannotBeReadLeavesTheFieldAlone(t *testing.T) {
	hangs := make(chan struct{})
	defer close(hangs)
	for says, f := range map[string]*fake{
		"could not be read: The token lacks Zero Trust: Edit.": {unlisted: &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks Zero Trust: Edit."}},
		"could not be read: Something went wrong":              {hangs: hangs},
	} {
		f.overview = sceneFallback(t)
		p := open(t, f, func(o *handlers.Options) { o.Timing.Read = time.Millisecond })
		a := p.do("GET", at("way-in/profiles"), nil, htmx...).status(200)
		if to := a.Header.Get("HX-Retarget"); to != "#profiles-unlisted" || a.doc.Find("input").Length() > 0 || !strings.Contains(a.text, says) {
			t.Errorf("it goes to %q: %s", to, a.text)
		}
		a = p.get(at("way-in/profiles")).status(200)
		a.says("#device-profiles", says, "Read them now")
		if when, asks := a.doc.Find("#device-profiles").Attr("hx-trigger"); asks {
			t.Errorf("it asks again by itself at %s", when)
		}
	}
}

func TestAPrivateWayIsSetUpByHandInTheProfileByItsName(t *testing.T) {
	o := sceneProfiles(t)
	openOn(t, o).get(at("switch")).status(200).says("main", "Device profiles → Field staff → Split Tunnels", "Device profiles → "+goneProfile+" → Split Tunnels")
}

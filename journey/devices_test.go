package journey

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const (
	fieldStaff = "6ff42ae2-765d-4adf-8112-31c55c1551ef"
	kiosks     = "0c2f1a3e-765d-4adf-8112-31c55c1551ef"
)

// withProfiles puts device profiles into the account: the default one and two
// custom ones.
func (w *walk) withProfiles() {
	for _, p := range []setup.DeviceProfile{
		{ID: setup.DefaultProfile, Name: "Default", Carries: true, Devices: 14},
		{ID: fieldStaff, Name: "Field staff", Match: `identity.email == "ana@example.org"`, Carries: true, Include: true, Devices: 12, Precedence: 20},
		{ID: kiosks, Name: "Kiosks", Match: `os.name == "windows"`, Devices: -1, Precedence: 10},
	} {
		w.account.objects = append(w.account.objects, setup.Object{Scope: accountID, ID: p.ID, State: p})
	}
}

// looks counts how often the account was looked at.
func (w *walk) looks() int {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	return len(w.account.views)
}

func (d Devices) names() string {
	var names []string
	for _, p := range d.Profiles {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

func TestTheDeviceProfilesAreReadOnceForAPageAndKeptForAMinute(t *testing.T) {
	t.Parallel()
	w := newWalk(t, withEveryMode)
	w.withProfiles()
	w.choose()
	var none *setup.Problem
	if _, err := w.ReadDevices(t.Context(), w.id); !errors.As(err, &none) || none.Code != setup.CodeNoToken || w.looks() > 0 {
		t.Errorf("without a token: %v after %d looks", err, w.looks())
	}
	w.token()
	read := func(want int) Devices {
		t.Helper()
		before := w.looks()
		d, err := w.ReadDevices(t.Context(), w.id)
		if n := w.looks() - before; err != nil || n != want || d.names() != "Kiosks, Field staff, Default" {
			t.Errorf("%d looks, want %d: %s, %v", n, want, d.names(), err)
		}
		return d
	}
	if o := w.overview(); o.Devices.Recent(w.clock.Now()) {
		t.Errorf("a page knows them before anybody looked: %+v", o.Devices)
	}
	read(1)
	w.account.mu.Lock()
	last := w.account.views[len(w.account.views)-1]
	w.account.mu.Unlock()
	if diff := cmp.Diff(setup.View{Account: accountID, Private: true, Kinds: []setup.Kind{setup.KindDeviceProfile}}, last); diff != "" {
		t.Errorf("read was more than that (-want +got):\n%s", diff)
	}
	w.clock.pass(devicesAge)
	read(0)
	before := w.looks()
	if o := w.overview(); w.looks() != before || !o.Devices.Recent(w.clock.Now()) || len(o.Devices.Profiles) != 3 {
		t.Errorf("the page has %+v", o.Devices)
	}
	w.clock.pass(time.Second)
	if o := w.overview(); o.Devices.Recent(w.clock.Now()) || o.Devices.names() == "" {
		t.Errorf("of a while ago: %+v", o.Devices)
	}
	read(1)
}

func TestAPlanOfAPrivateWayHasReadTheDeviceProfiles(t *testing.T) {
	t.Parallel()
	w := newWalk(t, withEveryMode)
	w.withProfiles()
	w.choose()
	w.token()
	w.answer(good())
	w.wayIn(Draft{Mode: setup.ModeFallback, Inside: profile.Inside{Name: "ocs.your-org"}})
	w.plan()
	before := w.looks()
	if d, err := w.ReadDevices(t.Context(), w.id); err != nil || w.looks() != before || d.names() != "Kiosks, Field staff, Default" {
		t.Errorf("%d looks more: %s, %v", w.looks()-before, d.names(), err)
	}
}

func TestDeviceProfilesThatCannotBeReadSayWhyAndAreReadAgain(t *testing.T) {
	t.Parallel()
	w := newWalk(t, withEveryMode)
	w.withProfiles()
	w.choose()
	w.token()
	w.account.shut = &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks Zero Trust."}
	if _, err := w.ReadDevices(t.Context(), w.id); err == nil || !strings.Contains(err.Error(), "lacks Zero Trust") {
		t.Errorf("denied: %v", err)
	}
	w.account.shut, w.account.hangs = nil, true
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := w.ReadDevices(ctx, w.id); setup.AsProblem(err).Message != "Cloudflare did not answer in time. Try again in a moment." {
		t.Errorf("in time: %v", err)
	}
	w.account.hangs = false
	if d, err := w.ReadDevices(t.Context(), w.id); err != nil || len(d.Profiles) != 3 {
		t.Errorf("again: %v, %v", d, err)
	}
}

func TestAFileNamesDeviceProfilesByNameOrID(t *testing.T) {
	t.Parallel()
	w := newWalk(t, withEveryMode)
	w.withProfiles()
	w.account.objects = append(w.account.objects,
		setup.Object{Scope: accountID, ID: "1" + kiosks[1:], State: setup.DeviceProfile{ID: "1" + kiosks[1:], Name: "Twice", Devices: 1}},
		setup.Object{Scope: accountID, ID: "2" + kiosks[1:], State: setup.DeviceProfile{ID: "2" + kiosks[1:], Name: "Twice", Devices: 2}})
	from := func(profiles string) (setup.Answers, error) {
		f, err := config.Parse([]byte("app: open-chat-studio\nhostname: " + host + "\nzone: example.org\nteam: {domains: [example.org]}\nmode: fallback\n" +
			"private:\n  name: ocs.your-org\n  front: internal\n  profiles: [" + profiles + "]\n"))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := w.FromFile(t.Context(), f, secret.New(apiToken))
		return a, err
	}
	a, err := from("Field staff, default, " + kiosks)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{fieldStaff, setup.DefaultProfile, kiosks}, a.Private.Profiles); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(a.Private.Profiles, w.overview().Draft.Inside.Profiles); diff != "" {
		t.Errorf("the pages have others (-file +page):\n%s", diff)
	}
	_, err = from("Field staff, Office, Twice")
	want := `line 9: private.profiles: The account has no device profile "Office". Write the name or the id of one of these:
    1c2f1a3e-765d-4adf-8112-31c55c1551ef  Twice, 1 device
    2c2f1a3e-765d-4adf-8112-31c55c1551ef  Twice, 2 devices
    0c2f1a3e-765d-4adf-8112-31c55c1551ef  Kiosks, an unknown number of devices
    6ff42ae2-765d-4adf-8112-31c55c1551ef  Field staff, 12 devices
    default  all other devices, 14 devices
line 9: private.profiles: 2 device profiles are called "Twice". Write the id of the one that you mean:
    1c2f1a3e-765d-4adf-8112-31c55c1551ef  Twice, 1 device
    2c2f1a3e-765d-4adf-8112-31c55c1551ef  Twice, 2 devices`
	if err == nil {
		t.Fatal("it was taken")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	before := w.looks()
	if _, err := from("default"); err != nil || w.looks() != before {
		t.Errorf("for the default one the account was read: %v", err)
	}
	w.account.shut = &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare cannot be reached."}
	if _, err := from("Field staff"); err == nil || err.Error() != "Cloudflare cannot be reached." {
		t.Errorf("unread: %v", err)
	}
}

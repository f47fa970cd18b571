package handlers_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

func TestNothingIsRepairedByItselfUnlessSomebodySaysSo(t *testing.T) {
	p := open(t, stands(sceneSettings)(t))
	a := p.get(at("settings")).status(200)
	a.says("main", "Suggested", "The app got another address", "Nothing restarts", "Now: nothing is repaired by itself", "A door was deleted")
	a.lacks("input[type=checkbox][checked]")
	action, form := a.form("#automatic")
	if form.Get("hour-app-readdressed") != "3" {
		t.Errorf("the cap is %q", form.Get("hour-app-readdressed"))
	}
	form["class"] = []string{"app-readdressed"}
	p.post(action, form).status(200).says("#note", "Saved.")
	want := askedAutomatic{[]setup.Automatic{{Class: setup.ClassAppReaddressed, PerHour: 3}}, "ana"}
	if diff := cmp.Diff(want, p.fake.last()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestAWrongCapIsToldAtItsClassAndNothingTypedIsLost(t *testing.T) {
	p := open(t, stands(sceneSettings)(t))
	form := url.Values{"class": {"app-readdressed", "door-missing"}, "hour-app-readdressed": {"often"}, "hour-door-missing": {"2"}, "hour-door-wide": {"7"}}
	a := p.post(at("settings/automatic"), form).status(422)
	a.says("#hour-app-readdressed-error", "Type a number")
	a.says("#faults", "The app got another address")
	if p.fake.last() != nil {
		t.Errorf("asked for %v", p.fake.last())
	}
	_, again := a.form("#automatic")
	if again.Get("hour-app-readdressed") != "often" || again.Get("hour-door-wide") != "7" || len(again["class"]) != 2 {
		t.Errorf("it came back as %v", again)
	}
	form.Set("hour-app-readdressed", "99")
	p.fake.wrong = []setup.FieldError{{Field: "app-readdressed", Message: "Type how often an hour, 1 to 12."}}
	p.post(at("settings/automatic"), form).status(422).says("#hour-app-readdressed-error", "1 to 12")
}

func TestARepairThatWasGivenUpIsTold(t *testing.T) {
	p := open(t, stands(sceneGivenUp)(t))
	a := p.get(at("settings")).status(200)
	a.says("#region-stopped", "The door for WhatsApp (Meta) was deleted.", "no longer repaired by itself", "did not hold")
	a.says("main", "Now: 1 of")
}

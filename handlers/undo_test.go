package handlers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func TestUndoShowsWhatItWouldChangeAndDoesJustThat(t *testing.T) {
	p := open(t, undoing(nil)(t))
	a := p.get(at("undo/4")).status(200)
	a.says("main", "What is undone", "Decided to open /hooks/payments", "by ben", "goes", "Door for Payments on chat.example.org", "It can be undone from the history",
		"Programs that call chat.example.org/hooks/payments get a login page")
	if text := a.doc.Find("main").Text(); strings.Contains(text, "in tunnel") {
		t.Error("what only has another spelling is shown as a change")
	}
	action, form := a.form("form.agree")
	var want []string
	for _, c := range p.fake.undoing.Plan.Changes {
		if c.Verb.Writes() {
			want = append(want, c.Hash())
		}
	}
	res := p.post(action, form).status(303)
	if to := res.Header.Get("Location"); to != at("runs/8") {
		t.Errorf("it leads to %s", to)
	}
	if diff := cmp.Diff(askedRevert{4, want, "ana"}, p.fake.last()); diff != "" || len(want) == 0 {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for _, err := range []error{journey.Stale{}, journey.ErrBusy} {
		p.fake.err = err
		a := p.post(action, form).status(409)
		a.says("#note .bad", "")
		a.says("h1", "Undo")
	}
	p.get(at("undo/9")).status(404)
	p.get(at("undo/x")).status(404)
	p.post(at("undo/x"), nil).status(404)
}

func TestWhatCannotBeUndoneSaysWhyAndHasNoButton(t *testing.T) {
	p := open(t, undoing(&setup.Problem{Code: setup.CodeRefused, Message: "Before this decision nothing was set up."})(t))
	a := p.get(at("undo/4")).status(200)
	a.says("main", "Before this decision nothing was set up.")
	a.lacks("form.agree")

	p = open(t, over(sceneRunning)(t))
	a = p.get(at("undo/4")).status(200)
	a.says("main", "Something is under way")
	a.lacks("form.agree")
}

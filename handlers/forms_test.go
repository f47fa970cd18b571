package handlers_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func at(page string) string { return "/" + string(ocs) + "/" + page }

func TestTheFormSendsExactlyTheChangesThatArePartOfTheStep(t *testing.T) {
	rows := []struct {
		page    string
		through setup.Step
		scene   func(testing.TB) journey.Overview
	}{
		{"build", setup.StepBuild, scenePlanned},
		{"switch", setup.StepSwitch, sceneBuilt},
		{"close", setup.StepClose, sceneSwitched},
	}
	for _, r := range rows {
		t.Run(r.page, func(t *testing.T) {
			o := r.scene(t)
			p := openOn(t, o)
			a := p.get(at(r.page)).status(200)
			action, form := a.form("form[data-plan]")
			var want []string
			for _, c := range o.Plan.Changes {
				if c.Verb.Writes() && c.Step.Through(r.through) {
					want = append(want, c.Hash())
				}
			}
			if len(want) == 0 || len(want) == len(scenePlanned(t).Plan.Changes) {
				t.Fatalf("the scene asks for %d changes", len(want))
			}
			if shown := a.doc.Find(".changes > li").Length(); shown != len(want) {
				t.Errorf("%d changes are shown and %d are asked for", shown, len(want))
			}
			res := p.post(action, form).status(303)
			if to := res.Header.Get("Location"); to != at(r.page) {
				t.Errorf("it leads to %s", to)
			}
			if diff := cmp.Diff(askedApply{ocs, r.through, want, "ana"}, p.fake.last()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			p.post(action, form, htmx...).status(200).says("p.note", "Begun")
		})
	}
}

func TestBeforeTheButtonStandsWhatPeopleWillNotice(t *testing.T) {
	a := openOn(t, scenePlanned(t)).get(at("build")).status(200)
	a.says("form.agree", "The web service restarts; expected 5–20 s", "The database and the workers are not touched", "Build it beside")
	a.says(".changes dd.before", "DJANGO_ALLOWED_HOSTS=10.0.0.5")
	a.says(".changes dd.after", "DJANGO_ALLOWED_HOSTS=10.0.0.5,chat.example.org")
	a.says(".changes", "Door for Telegram on chat.example.org (Access application)")
	a = openOn(t, sceneBuilt(t)).get(at("switch")).status(200)
	a.says("form.agree", "Expected downtime: 0 s")
}

func TestNoButtonBeforeItsTime(t *testing.T) {
	rows := []struct {
		page, says string
		scene      journey.Overview
	}{
		{"switch", "First: Build", scenePlanned(t)},
		{"close", "First: Build", scenePlanned(t)},
		{"done", "First: Build", scenePlanned(t)},
		{"build", "Stop after this change", sceneRunning(t)},
		{"build", "Nothing is left to do here", sceneBuilt(t)},
	}
	for _, r := range rows {
		a := openOn(t, r.scene).get(at(r.page)).status(200)
		a.says("#region-plan", r.says)
		a.lacks("form[data-plan]")
	}
}

func TestWhatWasChangedOutsideCanBePutRightOnTheLastPage(t *testing.T) {
	o := sceneDone(t)
	full := scenePlanned(t).Plan
	o.Plan = &setup.Plan{Changes: full.Changes[4:5]}
	statuses(&o, journey.StageBuild, journey.Changed, "Something is no longer as it was set up.")
	p := openOn(t, o)
	a := p.get(at("done")).status(200)
	a.says("form[data-plan]", "Fix it")
	action, form := a.form("form[data-plan]")
	p.post(action, form).status(303)
	if diff := cmp.Diff(askedApply{ocs, setup.StepRemove, []string{full.Changes[4].Hash()}, "ana"}, p.fake.last()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestWhatIsInTheWayIsSaidAndCanBeTakenOver(t *testing.T) {
	o := sceneBarred(t)
	p := openOn(t, o)
	a := p.get(at("build")).status(200)
	a.says("#region-plan", "waiting", "could not be read", "The token may not read login methods", "in the way", "rules kept at Cloudflare")
	action, form := a.form(".barrier form")
	p.post(action, form).status(303)
	i := slices.IndexFunc(o.Plan.Barriers, func(b setup.Barrier) bool { return b.Offer != nil })
	if diff := cmp.Diff(askedAccept{o.Plan.Barriers[i].Key, *o.Plan.Barriers[i].Offer}, p.fake.last()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	form.Set("kind", "nonsense")
	p.post(action, form).status(422)
}

func TestTheSmallButtonsAskForWhatTheySay(t *testing.T) {
	p := openOn(t, sceneRunning(t))
	action, form := p.get(at("build")).form("#region-plan form")
	p.post(action, form).status(303)
	if got := p.fake.last(); got != (askedCancel{7}) {
		t.Errorf("asked for %v", got)
	}
	p.post(at("cancel"), url.Values{"run": {"x"}}).status(422)
	for _, what := range []string{"verify", "refresh"} {
		res := p.post(at(what), url.Values{"page": {"prove"}}).status(303)
		if got, to := p.fake.last(), res.Header.Get("Location"); got != asked(what) || to != at("prove") {
			t.Errorf("asked for %v and lead to %s", got, to)
		}
	}
	p.post(at("look"), url.Values{}).status(303)
	if got := p.fake.last(); got != (askedChoose{"open-chat-studio", "web", "open-chat-studio"}) {
		t.Errorf("asked for %v", got)
	}
}

func TestOnlyAKnownPageIsLedBackTo(t *testing.T) {
	p := openOn(t, sceneBuilt(t))
	res := p.post(at("verify"), url.Values{"page": {"//evil.example"}}).status(303)
	if to := res.Header.Get("Location"); to != at("") {
		t.Errorf("it leads to %s", to)
	}
}

func TestTheQuestionsBringWhatWasTypedAndTheDefaults(t *testing.T) {
	a := openOn(t, sceneChosen(t)).get(at("answers")).status(200)
	_, form := a.form("#answers")
	if got := form["door"]; !slices.Equal(got, []string{"telegram", "whatsapp", "twilio", "turn", "commcare-connect", "api", "slack"}) {
		t.Errorf("open by default: %v", got)
	}
	if form.Get("port") != "loopback" {
		t.Errorf("the port is %q", form.Get("port"))
	}
	a.says("#answers", "The guide’s row /channels/facebook/* reaches nothing", "Meta's HMAC-SHA256 signature", "POST /channels/telegram/<channel id>", "Website chat")
	a.says("#closed", "/status/")

	a = openOn(t, sceneAnswered(t)).get(at("answers")).status(200)
	_, form = a.form("#answers")
	want := url.Values{"hostname": {"chat.example.org"}, "zone": {"example.org"}, "emails": {"ana@partner.example"}, "domains": {"example.org"},
		"doors-shown": {"yes"}, "door": {"telegram", "whatsapp", "slack"}, "port": {"loopback"}, "tunnel": {""}}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
}

func TestGoodAnswersAreSavedAndLeadOn(t *testing.T) {
	o := sceneChosen(t)
	p := openOn(t, o)
	form := url.Values{"hostname": {"chat.example.org"}, "zone": {"example.org"}, "emails": {"a@b.example"}, "domains": {""}, "doors-shown": {"yes"}, "port": {"none"}, "tunnel": {"x"}}
	res := p.post(at("answers"), form).status(303)
	if to := res.Header.Get("Location"); to != at("account") {
		t.Errorf("it leads to %s", to)
	}
	want := o.Draft
	want.Hostname, want.Zone, want.Emails, want.Doors, want.Port, want.Tunnel = "chat.example.org", "example.org", "a@b.example", []string{}, setup.PortNone, "x"
	if diff := cmp.Diff(askedDraft{want}, p.fake.last()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if to := p.post(at("answers"), form, htmx...).status(204).Header.Get("HX-Redirect"); to != at("account") {
		t.Errorf("HTMX is led to %s", to)
	}
}

func TestWrongAnswersComeBackAsTypedWithWhatIsWrongAtTheField(t *testing.T) {
	p := openOn(t, sceneChosen(t))
	p.fake.wrong = []setup.FieldError{
		{Field: "hostname", Message: "Leave out the dot."}, {Field: "team", Message: "Say who may enter."},
		{Field: "webhooks", Message: "Not known."}, {Field: "port", Message: "Choose."}, {Field: "tunnel", Message: "Taken."}, {Field: "zone", Message: "Whole name."},
	}
	form := url.Values{"hostname": {"<b>chat.</b>"}, "zone": {"org"}, "emails": {"one\r\ntwo"}, "doors-shown": {"yes"}, "door": {"slack"}, "port": {"keep"}, "tunnel": {"t"}}
	for _, header := range [][]string{nil, htmx} {
		a := p.post(at("answers"), form, header...).status(422)
		for id, message := range map[string]string{"hostname": "Leave out the dot.", "team-emails": "Say who may enter.", "tunnel": "Taken.", "zone": "Whole name."} {
			a.says("#"+id+"-error", message)
			field := a.doc.Find("#" + id)
			if field.AttrOr("aria-invalid", "") != "true" || !slices.Contains(strings.Fields(field.AttrOr("aria-describedby", "")), id+"-error") {
				t.Errorf("%s does not point to its error", id)
			}
		}
		a.says("#doors-error", "Not known.")
		a.says("#port-error", "Choose.")
		a.says("#faults", "6 things", "nothing that you typed is lost")
		_, again := a.form("#answers")
		if again.Get("hostname") != "<b>chat.</b>" || again.Get("port") != "keep" || !slices.Equal(again["door"], []string{"slack"}) || again.Get("tunnel") != "t" {
			t.Errorf("typed text came back as %v", again)
		}
		if a.doc.Find("#answers b").Length() > 0 {
			t.Error("typed text became markup")
		}
		if header != nil && a.doc.Find("h1").Length() > 0 {
			t.Error("HTMX got a whole page")
		}
	}
}

func TestATeardownShowsWhatGoesAndStaysAndAsksForTheName(t *testing.T) {
	p := openOn(t, sceneDone(t))
	a := p.get(at("teardown")).status(200)
	a.says("main", "What goes", "What stays, and why", "the port stays closed; opening it again is up to you", "Bots fall silent")
	if a.doc.Find("#root-stays").Length() > 0 {
		t.Error("it tells of an authority that there is not")
	}
	o := sceneFallback(t)
	o.Approved = o.Answers
	openOn(t, o).get(at("teardown")).status(200).says("#root-stays", "The root certificate of your own authority stays in the data folder")
	action, form := a.form("#teardown")
	wrong := url.Values{"hash": form["hash"], "confirm": {"something"}}
	res := p.post(action, wrong).status(422)
	res.says("#confirm-error", "Type open-chat-studio")
	if typed := res.doc.Find("#confirm").AttrOr("value", ""); typed != "something" || p.fake.last() != nil {
		t.Errorf("typed %q, asked for %v", typed, p.fake.last())
	}

	form.Set("confirm", string(ocs)+" ")
	p.post(action, form).status(303)
	var want []string
	for _, c := range p.fake.down.Changes {
		if c.Verb.Writes() {
			want = append(want, c.Hash())
		}
	}
	if diff := cmp.Diff(askedDown{want}, p.fake.last()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	p.fake.err = journey.Stale{}
	p.post(action, form).status(409).says("#note", "no longer the one that was shown")
}

func TestTheHistoryIsPaged(t *testing.T) {
	o := sceneDone(t)
	p := open(t, &fake{overview: o, audit: entries(t, 120)})
	a := p.get(at("history")).status(200)
	if n := a.doc.Find(".history > li").Length(); n != 50 {
		t.Errorf("%d entries", n)
	}
	a.says(".history > li:first-child", "ana", "Decided to open /hooks/payments", "Undo this")
	a.says(".history > li:nth-child(2)", "operator", "Created:", "run 7")
	if n := a.doc.Find(".history a[href*=undo]").Length(); n != 1 {
		t.Errorf("%d entries can be undone", n)
	}
	older := a.doc.Find(".onward a").AttrOr("href", "")
	a = p.get(older).status(200)
	a.says(".onward", "Newest", "Older")
	a = p.get(a.doc.Find(".onward a").Last().AttrOr("href", "")).status(200)
	if n := a.doc.Find(".history > li").Length(); n != 21 {
		t.Errorf("%d entries on the last page", n)
	}
	a.lacks(".onward a[href*=before]")
	p.get(at("history?before=x")).status(404)
}

func TestARunHasAPageOfItsOwn(t *testing.T) {
	f := &fake{overview: sceneRunning(t), runs: map[int64]setup.Run{3: {ID: 3, State: setup.RunFailed, Note: "Nothing was switched over.", Actor: "operator"}}}
	p := open(t, f)
	p.get(at("runs/7")).status(200).says("main", "Run 7", "running", "attempt 3", "lacks Access")
	a := p.get(at("runs/3")).status(200)
	a.says("main", "Run 3", "failed", "Nothing was switched over.")
	a.lacks("#region-progress")
	p.get(at("runs/4")).status(404)
	p.get(at("runs/x")).status(404)
}

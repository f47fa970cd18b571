package handlers_test

import (
	"testing"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

var errElsewhere = &setup.Problem{Code: setup.CodeConflict, Message: "The app takes localhost:8000 for its own address, so it would tell platforms to call that."}

// registers is a finished setup whose app knows its address.
func registers(t testing.TB) *fake {
	f := stands(func(t testing.TB) journey.Standing { return sceneStanding(t, illness{}) })(t)
	f.webhooks = webhooksOf(f.standing)
	f.registration = journey.Registration{Register: f.standing.Profile.Site.Register, Address: "chat.example.org", Teams: []string{"blue", "red"}}
	return f
}

func TestWhatRegisteringChangesIsReadBeforeItIsDone(t *testing.T) {
	p := open(t, registers(t))
	a := p.get(at("webhooks")).status(200)
	if to, _ := a.doc.Find("#register-title ~ p a").Attr("href"); to != at("webhooks/register") {
		t.Errorf("the webhooks lead to %q", to)
	}
	a = p.get(at("webhooks/register")).status(200)
	a.says("#register", "chat.example.org", "Telegram, Twilio", "typed at the platform by hand", "blue", "red", "stands in the history")
	if len(p.fake.asked) > 0 {
		t.Errorf("reading did %v", p.fake.asked)
	}
	action, form := a.form("#register")
	form.Set("team", "red")
	p.fake.said = []string{"telegram https://chat.example.org/channels/telegram/1"}
	a = p.post(action, form).status(200)
	a.says("#note", "Done for red", "telegram https://chat.example.org")
	if got := p.fake.last(); got != (askedRegister{"red"}) {
		t.Errorf("asked: %v", got)
	}
}

func TestRegisteringThatFailsSaysThatItMayBeHalfDone(t *testing.T) {
	p := open(t, registers(t))
	action, form := p.get(at("webhooks/register")).status(200).form("#register")
	form.Set("team", "red")
	p.fake.err = &setup.Problem{Code: setup.CodeRefused, Message: "The command in web ended with status 1."}
	p.post(action, form).status(422).says("#note", "ended with status 1", "may be registered already")
	p.fake.err, p.fake.wrong = nil, []setup.FieldError{{Field: "team", Message: "Choose one of the app's teams."}}
	p.post(action, form).status(422).says("#team", "Choose one of the app's teams.")
}

func TestNothingIsRegisteredWhileTheAppTellsAnotherAddress(t *testing.T) {
	f := registers(t)
	f.elsewhere = errElsewhere
	a := open(t, f).get(at("webhooks/register")).status(200)
	a.says("main", "Not possible yet", "localhost:8000")
	if a.doc.Find("#register").Length() > 0 {
		t.Error("there is a button all the same")
	}
}

func TestThereIsNoPageWhereNobodyKnowsHow(t *testing.T) {
	f := registers(t)
	f.standing.Profile.Site, f.webhooks.Profile.Site = nil, nil
	p := open(t, f)
	p.get(at("webhooks/register")).status(404)
	if p.get(at("webhooks")).status(200).doc.Find("#register-title").Length() > 0 {
		t.Error("the webhooks offer it")
	}
}

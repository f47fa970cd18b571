package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func TestTheMatrixShowsEachDoorWithItsProofAndWhatTheGuideSays(t *testing.T) {
	a := open(t, hooked(sceneWebhooks)(t)).get(at("webhooks")).status(200)
	a.says("#channel-telegram", "messages arrive", "20 s ago", "secret not set", "TELEGRAM_SECRET_TOKEN", "The door is", "open", "POST /channels/telegram/<channel id>", "/channels/telegram/*: is right", "the app", "→ 405")
	a.says("#channel-whatsapp", "/channels/facebook/*: reaches nothing")
	a.says("#channel-slack", "not in the app", "does not serve /slack/events any more")
	a.says("#closed-channels", "10 more things", "Website chat", "Open this door")
	a.says("#region-own", "Payments", "the app answers", "Proven by a GET of /hooks/payments without any content, which the app must answer with 405 (only POST is allowed)", "/feed/*", "closed", "Remove")
	a.says("#locked-all", "all locked", "/admin/", "Beside the door for Payments")
	a.says("#region-routes", "1 path", "/channels/signal/", "Covered by /hooks/payments")
	a.says("#guide-table", "5 of its 9 paths", "is not needed")
	if n := a.doc.Find("#region-channels .badge").Length(); n != 2 {
		t.Errorf("%d badges", n)
	}
}

func TestASilentChannelIsSaidInTheMatrixWithItsFix(t *testing.T) {
	p := open(t, hooked(func(t testing.TB) journey.Webhooks { return webhooksOf(sceneWhatsAppSilent(t)) })(t))
	a := p.get(at("webhooks")).status(200)
	a.says("#channel-whatsapp", "NO messages, door missing", "the lock")
	a.says("#channel-telegram", "messages arrive")
	action, form := a.form("#region-channels form")
	p.post(action, form, htmx...).status(200)
	if got, ok := p.fake.last().(askedRepair); !ok || len(got.Findings) != 1 || len(got.Hashes) == 0 {
		t.Errorf("asked for %+v", p.fake.last())
	}
}

func TestWithoutAnythingSetUpTheMatrixClaimsNothing(t *testing.T) {
	a := open(t, hooked(sceneWebhooksNew)(t)).get(at("webhooks")).status(200)
	a.says("#region-channels", "Nothing is set up yet", "not set up yet")
	a.says("#region-routes", "could not be read")
	a.lacks(".light.on, .light.off")
}

func TestAPathOfOnesOwnIsShownBeforeItIsOpened(t *testing.T) {
	p := open(t, opening(t))
	typed := url.Values{"verb": {"add"}, "path": {"/hooks/payments"}, "method": {"POST"}, "name": {"Payments"}, "check": {""}, "answer": {"401"}}
	a := p.get(at("webhooks/change?" + typed.Encode())).status(200)
	want := journey.Edit{Verb: journey.EditAdd, Own: setup.OwnPath{Name: "Payments", Path: "/hooks/payments", Method: "POST", Status: 401}}
	if diff := cmp.Diff(want, p.fake.last()); diff != "" {
		t.Errorf("thought about (-want +got):\n%s", diff)
	}
	a.says("h1", "Open /hooks/payments, a path of your own")
	a.says("main", "Other answers that you typed", "new", "Door for Payments", "Anybody reaches chat.example.org/hooks/payments without a login from then on", "Not now")
	action, form := a.form("form.agree")
	if to := p.post(action, form).status(303).Header.Get("Location"); to != at("runs/8") {
		t.Errorf("it leads to %s", to)
	}
	if diff := cmp.Diff(askedChange{want, p.fake.proposal.Hashes(), "ana"}, p.fake.last()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for _, err := range []error{journey.Stale{}, journey.ErrBusy} {
		p.fake.err = err
		p.post(action, form).status(409).says("h1", "Open /hooks/payments")
	}
}

func TestATooWidePathComesBackAsTypedWithTheReasonAtTheField(t *testing.T) {
	p := open(t, tooWide(t))
	typed := url.Values{"verb": {"add"}, "path": {"/channels/*"}, "method": {"PUT"}, "check": {"/channels/x"}, "answer": {"400"}}
	for _, a := range []answer{p.get(at("webhooks/change?" + typed.Encode())), p.post(at("webhooks/change"), typed)} {
		a.status(422).says("#own-path-error", "/channels/<team>/chatbots/…", "Pages of a team")
		_, form := a.form("#own-form form")
		if form.Get("path") != "/channels/*" || form.Get("check") != "/channels/x" || form.Get("answer") != "400" {
			t.Errorf("it came back as %v", form)
		}
		if a.doc.Find("#own-method option[selected]").Text() != "PUT" || a.doc.Find("#own-form[open]").Length() != 1 {
			t.Error("the method was lost, or the form is folded")
		}
	}
	typed.Set("answer", "fine")
	p.fake.wrong = nil
	p.get(at("webhooks/change?"+typed.Encode())).status(422).says("#own-answer-error", "such as 405")
	if _, asked := p.fake.last().(askedChange); !asked {
		t.Errorf("asked for %T", p.fake.last()) // the newest is still the post above
	}
}

func TestAChangeThatCannotBeIsToldWithoutAButton(t *testing.T) {
	p := open(t, hooked(sceneWebhooks)(t))
	p.fake.refusal = &setup.Problem{Code: setup.CodeInvalid, Message: "It is like that already. Nothing would change."}
	a := p.get(at("webhooks/change?verb=open&door=slack")).status(200)
	a.says("main", "like that already")
	a.lacks("form.agree")
	p.fake.refusal = journey.ErrNotFound
	p.get(at("webhooks/change?verb=open&door=facebook")).status(404)
}

func TestWhatIsNotSetUpIsNotedAndLeadsBack(t *testing.T) {
	p := open(t, &fake{overview: sceneAnswered(t), webhooks: sceneWebhooksNew(t), proposal: journey.Proposal{Does: "close the door for Slack"}})
	a := p.get(at("webhooks/change?verb=close&door=slack")).status(200)
	a.says("main", "nothing is set up yet", "Note it")
	action, form := a.form("form.agree")
	if to := p.post(action, form).status(303).Header.Get("Location"); to != at("webhooks") {
		t.Errorf("it leads to %s", to)
	}
}

func TestTheAppsAddressesAreReadWhenAskedAndLeadToTheForm(t *testing.T) {
	p := open(t, hooked(sceneWebhooks)(t))
	a := p.get(at("webhooks")).status(200)
	action, form := a.form("#region-routes form")
	p.post(action, form, htmx...).status(200).says(".note", "Read and compared")
	if p.fake.last() != asked("review") {
		t.Errorf("asked for %v", p.fake.last())
	}
	p.fake.err = &setup.Problem{Code: setup.CodeUnavailable, Message: "Docker is away."}
	p.post(action, form).status(503).says("#note", "Docker is away.")

	to := a.doc.Find(".proposed a").AttrOr("href", "")
	a = p.get(strings.TrimSuffix(to, "#own-form")).status(200)
	if got := a.doc.Find("#own-path").AttrOr("value", ""); !strings.HasPrefix(got, "/channels/signal/") {
		t.Errorf("the form holds %q", got)
	}
}

func TestOpeningADoorWarnsOfASecretThatIsNotSet(t *testing.T) {
	f := opening(t)
	f.proposal.Does = "open the door for E-mail (Amazon SES)"
	p := open(t, f)
	to := at("webhooks/change?verb=open&door=email-ses")
	p.get(to).status(200).says("main", "ANYMAIL_WEBHOOK_SECRET is set, and it has no value", "How the app knows who calls: The app reads the headers of Amazon SNS")
	p.fake.show(func(o *journey.Overview) {
		app := *o.Candidate
		app.Service.Filled = []string{"ANYMAIL_WEBHOOK_SECRET"}
		o.Candidate = &app
	})
	p.get(to).status(200).lacks(".note.warn")
	p.get(at("webhooks/change?verb=close&door=email-ses")).status(200).lacks("main strong")
}

package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// toldOf is a server that tells on two channels, one of which is refused.
func toldOf(t testing.TB) *fake {
	f := stands(sceneSettings)(t)
	f.told = notify.State{
		Channels: []notify.ChannelState{
			{Channel: setup.Channel{ID: 1, Name: "the team", Kind: "Slack"}, Sent: now.Add(-3 * time.Hour)},
			{Channel: setup.Channel{ID: 2, Name: "ana at night", Kind: "E-mail"}, Waiting: 2, Problem: "The mail server refuses the password.", Since: now.Add(-time.Hour)},
			{Channel: setup.Channel{ID: 3, Name: "ntfy", Kind: "ntfy"}},
		},
		Heartbeat: notify.Heartbeat{Set: true, Sent: now.Add(-40 * time.Second)},
	}
	return f
}

func TestTheSettingsSayWhoIsToldAndHowThatGoes(t *testing.T) {
	a := open(t, toldOf(t)).get(at("settings")).status(200)
	a.says("#region-told", "the team", "Slack", "was taken on 23 Nov 2026, 07:00:00 UTC", "2 messages cannot be sent. The mail server refuses the password.", "Send a test to see whether it arrives")
	a.says("#life", "said that all is well", "Remove it")
	a.says("#gone", "Tunnel Health Alert", "Cloudflare mails nobody", "Notifications: Edit")
	a = open(t, stands(sceneSettings)(t)).get(at("settings")).status(200)
	a.says("#region-told", "Nobody is told of problems")
	a.says("#life", "There is none.")
}

func TestAFormMakesTheAddressOfAChannel(t *testing.T) {
	rows := map[string]struct {
		form url.Values
		want string
	}{
		"e-mail": {url.Values{"kind": {"email"}, "to": {"ana@example.org, ben@example.org"}, "from": {"culvert@example.org"}, "host": {"smtp.example.org"}, "user": {"culvert@example.org"}, "password": {"p@ss/w:rd"}},
			"smtp://culvert%40example.org:p%40ss%2Fw%3Ard@smtp.example.org:587/?from=culvert%40example.org&to=ana%40example.org%2Cben%40example.org"},
		"e-mail without a login": {url.Values{"kind": {"email"}, "to": {"ana@example.org"}, "from": {"c@example.org"}, "host": {"mail:25"}},
			"smtp://mail:25/?from=c%40example.org&to=ana%40example.org"},
		"Telegram": {url.Values{"kind": {"telegram"}, "address": {"123456789:AAbb-cc_dd"}, "chats": {"-1001234567890, @team"}},
			"telegram://123456789:AAbb-cc_dd@telegram?chats=-1001234567890%2C%40team"},
		"Slack":   {url.Values{"kind": {"slack"}, "address": {" https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx "}}, "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"},
		"webhook": {url.Values{"kind": {"webhook"}, "address": {"https://example.org/hook?key=1"}}, "https://example.org/hook?key=1"},
		"other":   {url.Values{"kind": {"other"}, "address": {"ntfy://ntfy.sh/topic"}}, "ntfy://ntfy.sh/topic"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := open(t, toldOf(t))
			row.form.Set("name", "the team")
			p.post(at("settings/channels"), row.form).status(303)
			if got := p.fake.last(); got != (askedAdd{"the team", row.want, "ana"}) {
				t.Errorf("asked for %+v", got)
			}
			kept, _, problem := notify.Read(secret.New(row.want))
			if problem != nil {
				t.Fatal(problem)
			}
			if _, err := new(router.ServiceRouter).Locate(kept.Reveal()); err != nil {
				t.Errorf("the library does not read it: %v", err)
			}
		})
	}
}

func TestAWrongChannelIsToldAtItsFieldAndNoSecretComesBack(t *testing.T) {
	rows := map[string]struct {
		form  url.Values
		field string
		says  string
	}{
		"no address":     {url.Values{"kind": {"email"}, "to": {"ana"}, "from": {"c@example.org"}, "host": {"smtp.example.org"}}, "email-to", `"ana" is not`},
		"a bad server":   {url.Values{"kind": {"email"}, "to": {"a@example.org"}, "from": {"c@example.org"}, "host": {"smtp://x"}}, "email-host", "such as smtp.example.org"},
		"a bad token":    {url.Values{"kind": {"telegram"}, "chats": {"1"}}, "telegram-address", "@BotFather"},
		"a bad chat":     {url.Values{"kind": {"telegram"}, "chats": {"the team"}}, "telegram-chats", "is no chat"},
		"a page":         {url.Values{"kind": {"slack"}}, "slack-address", "hooks.slack.com"},
		"no web address": {url.Values{"kind": {"webhook"}}, "webhook-address", "https://"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := open(t, toldOf(t))
			row.form.Set("address", "SECRETTOKEN")
			row.form.Set("password", "SECRETTOKEN")
			a := p.post(at("settings/channels"), row.form).status(422)
			a.says("#"+row.field+"-error", row.says)
			if strings.Contains(a.text, "SECRETTOKEN") {
				t.Error("a secret comes back")
			}
			if p.fake.last() != nil || a.doc.Find("#tell-more[open]").Length() != 1 {
				t.Errorf("asked for %v, or the form is folded", p.fake.last())
			}
		})
	}
	p := open(t, toldOf(t))
	p.fake.wrong = []setup.FieldError{{Field: "address", Message: "Culvert knows no such service."}}
	p.post(at("settings/channels"), url.Values{"kind": {"other"}, "address": {"x://"}}).status(422).says("#other-address-error", "no such service")
}

func TestAChannelIsTriedAndRemoved(t *testing.T) {
	p := open(t, toldOf(t))
	p.post(at("settings/channels/2/test"), url.Values{"page": {"settings"}}, htmx...).status(200).says(".note", "took the test")
	if got := p.fake.last(); got != (askedSend{2}) {
		t.Errorf("asked for %v", got)
	}
	p.post(at("settings/channels/2/remove"), nil).status(303)
	if got := p.fake.last(); got != (askedRemove{2}) {
		t.Errorf("asked for %v", got)
	}
	p.fake.err = &setup.Problem{Code: setup.CodeUnavailable, Message: "The mail server refuses the password."}
	p.post(at("settings/channels/2/test"), url.Values{"page": {"settings"}}).status(503).says("#note", "refuses the password")
	p.post(at("settings/channels/x/test"), nil).status(404)
}

func TestTheSignOfLifeIsSetAndTakenAway(t *testing.T) {
	p := open(t, toldOf(t))
	p.post(at("settings/heartbeat"), url.Values{"heartbeat": {"https://hc-ping.com/1"}}).status(303)
	if got := p.fake.last(); got != (askedLife{"https://hc-ping.com/1"}) {
		t.Errorf("asked for %v", got)
	}
	p.post(at("settings/heartbeat"), url.Values{"heartbeat": {""}, "remove": {"yes"}}).status(303)
	if got := p.fake.last(); got != (askedLife{""}) {
		t.Errorf("asked for %v", got)
	}
	p.post(at("settings/heartbeat"), url.Values{"heartbeat": {""}}).status(422).says("#heartbeat-error", "Paste the address")
	p.fake.wrong = []setup.FieldError{{Field: "heartbeat", Message: "This is no web address."}}
	a := p.post(at("settings/heartbeat"), url.Values{"heartbeat": {"SECRETTOKEN"}}).status(422)
	a.says("#heartbeat-error", "no web address")
	if strings.Contains(a.text, "SECRETTOKEN") {
		t.Error("a secret comes back")
	}
}

// mailing is a server of which Cloudflare mails somebody, as far as was seen.
func mailing(t testing.TB, change func(*journey.Standing)) *fake {
	f := stands(sceneSettings)(t)
	f.standing.Answers.AlertEmail = "ana@example.org"
	change(&f.standing)
	return f
}

func TestTheSettingsSayWhomCloudflareMailsAsFarAsThatWasSeen(t *testing.T) {
	key := func(s *journey.Standing) []setup.Key { return []setup.Key{s.Answers.AlertKey()} }
	for what, row := range map[string]struct {
		change func(*journey.Standing)
		says   string
	}{
		"it stands": {func(s *journey.Standing) { s.Condition.Findings = nil }, "Cloudflare mails ana@example.org when nothing is connected"},
		"it is gone": {func(s *journey.Standing) {
			s.Condition.Findings = []setup.Finding{{Class: setup.ClassAlert, Severity: setup.SeverityRisk, Title: "If this server dies, nobody is told."}}
		}, "If this server dies, nobody is told. The status page tells why"},
		"it is unread": {func(s *journey.Standing) {
			s.Condition.Findings = []setup.Finding{{Class: setup.ClassPermission, Severity: setup.SeverityUnknown, Keys: key(s), Title: "The API token lacks it."}}
		}, "The API token lacks it."},
		"nobody watches": {func(s *journey.Standing) { s.Condition.Findings, s.Watching = nil, false }, "was not looked at since"},
		"a run is newer": {func(s *journey.Standing) {
			s.Condition.Findings, s.Run = nil, &setup.Run{State: setup.RunSucceeded, Ended: s.Seen.Cloud.Add(time.Second)}
		}, "was not looked at since"},
		"a run is at work": {func(s *journey.Standing) { s.Run = &setup.Run{State: setup.RunRunning} }, "A run is at work"},
	} {
		a := open(t, mailing(t, row.change)).get(at("settings")).status(200)
		a.says("#region-gone", row.says)
		a.says("#gone", "Mail nobody any more")
		if stands := strings.Contains(a.text, "Cloudflare mails ana@example.org"); stands != (what == "it stands") {
			t.Errorf("%s: it is said to stand: %v", what, stands)
		}
	}
}

func TestAMailForTheWorstCaseIsAskedForAndTakenBack(t *testing.T) {
	p := open(t, toldOf(t))
	p.post(at("settings/alert"), url.Values{"alert_email": {" ana@example.org "}}).status(303)
	if got := p.fake.last(); got != (askedAlert{"ana@example.org", "ana"}) {
		t.Errorf("asked for %v", got)
	}
	p.post(at("settings/alert"), url.Values{"alert_email": {"ana@example.org"}, "remove": {"yes"}}).status(303)
	if got := p.fake.last(); got != (askedAlert{"", "ana"}) {
		t.Errorf("asked for %v", got)
	}
	p = open(t, toldOf(t))
	p.post(at("settings/alert"), nil).status(422).says("#alert-email-error", "Type the address")
	if p.fake.last() != nil {
		t.Errorf("asked for %v", p.fake.last())
	}
	p.fake.wrong = []setup.FieldError{{Field: "alert_email", Message: "That is not an e-mail address."}}
	a := p.post(at("settings/alert"), url.Values{"alert_email": {"ana"}}).status(422)
	a.says("#alert-email-error", "not an e-mail address")
	if got, _ := a.doc.Find("#alert-email").Attr("value"); got != "ana" {
		t.Errorf("what was typed is shown as %q", got)
	}
	p.fake.wrong, p.fake.err = nil, &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks the permission."}
	p.post(at("settings/alert"), url.Values{"alert_email": {"ana@example.org"}, "page": {"settings"}}).status(422).says("#note", "lacks the permission")
}

package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestATokenIsTriedAndNeverShown(t *testing.T) {
	p := openOn(t, sceneAnswered(t))
	a := p.get(at("account")).status(200)
	a.says("main", "may ask for a card", "charges 0", "Exactly this is asked for")
	if link := a.doc.Find("a[target=_blank]").AttrOr("href", ""); !strings.HasPrefix(link, "https://dash.cloudflare.com/profile/api-tokens?") {
		t.Errorf("the link is %q", link)
	}
	if kind := a.doc.Find("#token").AttrOr("type", ""); kind != "password" {
		t.Errorf("the token's field is of type %q", kind)
	}
	form := url.Values{"token": {" SECRETTOKEN\n"}, "account": {account}}
	res := p.post(at("token"), form).status(303)
	if to := res.Header.Get("Location"); to != at("account") {
		t.Errorf("it leads to %s", to)
	}
	if got := p.fake.last(); got != (askedToken{"SECRETTOKEN", account}) {
		t.Errorf("tried %v", got)
	}
	p.fake.report.Problem = &setup.Problem{Code: setup.CodeUnauthorized, Message: "Cloudflare does not know this token."}
	for _, header := range [][]string{nil, htmx} {
		a := p.post(at("token"), form, header...).status(422)
		a.says("#token-error", "does not know this token")
		if strings.Contains(a.text, "SECRETTOKEN") || a.doc.Find("#token").AttrOr("value", "") != "" {
			t.Error("the token is on the page")
		}
		if got := a.doc.Find("#token-account-id").AttrOr("value", ""); got != account {
			t.Errorf("the typed account is now %q", got)
		}
	}
	p.fake.report.Problem, p.fake.err = nil, &setup.Problem{Code: setup.CodeInvalid, Message: "Paste the token."}
	p.post(at("token"), form).status(422).says("#token-error", "Paste the token.")
	if strings.Contains(p.log.String(), "SECRETTOKEN") {
		t.Error("the token is in the log")
	}
}

func TestTheTableSaysWhatATokenLacksAndWhatThatBlocks(t *testing.T) {
	o := scenePlanned(t)
	lacking(&o)
	a := openOn(t, o).get(at("account")).status(200)
	a.says(".grants .bad", "✘", "DNS Edit", "missing", "pointing your address to the tunnel", "add this row, check again")
	a.says("#region-token", "Zero Trust is not switched on for this account")
	if n := a.doc.Find(".grants .good").Length(); n != 6 {
		t.Errorf("%d ticks", n)
	}
}

func TestAnAccountIsChosenWhereTheTokenLeavesAChoice(t *testing.T) {
	o := scenePlanned(t)
	twoAccounts(&o)
	p := openOn(t, o)
	a := p.get(at("account")).status(200)
	action, form := a.form("#choose-account")
	form.Set("account", strings.Repeat("a", 32))
	p.post(action, form).status(303)
	if got := p.fake.last(); got != asked("check") {
		t.Errorf("at last asked for %v", got)
	}

	askAccount(&o)
	p = openOn(t, o)
	p.fake.wrong = []setup.FieldError{{Field: "account", Message: "An account id has 32 characters."}}
	a = p.post(at("account"), url.Values{"account": {"12"}}).status(422)
	a.says("#account-error", "32 characters")
	if typed := a.doc.Find("#account").AttrOr("value", ""); typed != "12" {
		t.Errorf("typed text is now %q", typed)
	}
}

func TestATokenCanBeCheckedAgainAndForgotten(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	for _, what := range []string{"check", "forget"} {
		p.post(at("token/"+what), nil).status(303)
		if got := p.fake.last(); got != asked(what) {
			t.Errorf("asked for %v", got)
		}
		p.post(at("token/"+what), nil, htmx...).status(200).says("#account-forms", "Check and store the token")
	}
}

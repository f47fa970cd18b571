package handlers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestTheChecksSayHowOftenTheyHeldAndHowLongTheyTook(t *testing.T) {
	p := standOn(t, sceneWhatsAppSilent(t))
	for _, page := range []string{"checks-24h", "checks-30d"} {
		a := p.get(at(page)).status(200)
		a.says("#history-whatsapp-1", map[string]string{"checks-24h": "42 of 60", "checks-30d": "72 of 330"}[page])
		a.says("[aria-current=page].button", map[string]string{"checks-24h": "24 hours", "checks-30d": "30 days"}[page])
		a.doc.Find(".histories").First().ChildrenFiltered("li").Each(func(_ int, row *goquery.Selection) {
			text, silent := words(row.Text()), strings.Contains(row.Text(), "WhatsApp (Meta)")
			if silent != strings.Contains(text, "When it did not hold") || silent == strings.Contains(text, "100 %") {
				t.Errorf("a check that fails (%v) says %s", silent, text)
			}
			if label := row.Find("svg[role=img]").AttrOr("aria-label", ""); !strings.Contains(label, "held") {
				t.Errorf("the bars say %q to those who do not see them", label)
			}
		})
	}
}

func TestAHistoryThatCannotBeReadIsNoHistory(t *testing.T) {
	p := standOn(t, sceneWhatsAppSilent(t))
	p.fake.err = errors.New("the disk is gone")
	if a := p.get(at("checks-24h")).status(500); strings.Contains(a.text, "disk") {
		t.Error("the cause is on the page")
	}
}

package handlers_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/setup"
)

func TestAPathIsTypedRefusedPutRightAndAgreedToInABrowser(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := open(t, tooWide(t))
	p.fake.proposal = opening(t).proposal
	must(t, tab, chromedp.Navigate(p.server.URL+at("webhooks")))
	must(t, tab, chromedp.Click("#own-form > summary"))
	must(t, tab, chromedp.SendKeys("#own-path", "/channels/*"))
	must(t, tab, chromedp.Click("#own-form button.primary"))
	must(t, tab, chromedp.WaitVisible("#own-path-error"))
	if focus := must(t, tab, chromedp.Evaluate[string](`document.activeElement.id`)); focus != "faults" {
		t.Errorf("the focus is on %q", focus)
	}
	p.fake.wrong = nil
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#own-path").value = "/hooks/payments"`))
	must(t, tab, chromedp.Click("#own-form button.primary"))
	must(t, tab, chromedp.WaitVisible("#agree"))
	if _, agreed := p.fake.last().(askedChange); agreed {
		t.Error("it is done before anybody agreed")
	}
	p.fake.runs = map[int64]setup.Run{8: {ID: 8, Setup: ocs, State: setup.RunRunning, Actor: "ana"}}
	must(t, tab, chromedp.Click("#agree"))
	must(t, tab, chromedp.WaitVisible(`main a.button[href$="/history"]`)) // the page of the run
	got, ok := p.fake.last().(askedChange)
	if !ok || got.Edit.Own.Path != "/hooks/payments" || len(got.Hashes) == 0 {
		t.Errorf("asked for %+v", p.fake.last())
	}
}

func TestTheMatrixFollowsWhatIsSeenWithoutLosingWhatIsTyped(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := open(t, hooked(sceneWebhooks)(t))
	must(t, tab, chromedp.Navigate(p.server.URL+at("webhooks")))
	must(t, tab, chromedp.Click("#own-form > summary"))
	must(t, tab, chromedp.SendKeys("#own-path", "/hooks/x"))
	must(t, tab, chromedp.Click("#channel-whatsapp > summary"))
	waitFor(t, "the stream opens", func() bool { return p.hub.Subscribers() == 1 })
	p.fake.mu.Lock()
	p.fake.webhooks = webhooksOf(sceneWhatsAppSilent(t))
	p.fake.mu.Unlock()
	p.hub.Publish(string(ocs), "proof")
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#channel-whatsapp").textContent.includes("door missing")`))
	if !must(t, tab, chromedp.Evaluate[bool](`document.querySelector("#channel-whatsapp").open && document.querySelector("#own-path").value === "/hooks/x"`)) {
		t.Error("the row was folded, or what was typed is lost")
	}
}

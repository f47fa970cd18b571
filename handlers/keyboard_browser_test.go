package handlers_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/culvert/culvert/journey"
)

// tabTo moves the keyboard to something, as people do who have no mouse.
func tabTo(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	for range 60 {
		must(t, tab, chromedp.KeyEvent(kb.Tab))
		if on(t, tab, selector) {
			return
		}
	}
	t.Fatalf("the keyboard does not get to %s", selector)
}

// on says whether the keyboard is on something.
func on(t *testing.T, tab context.Context, selector string) bool {
	t.Helper()
	return must(t, tab, chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.matches(%q)`, selector)))
}

func stays(t *testing.T, tab context.Context, selector, when string) {
	t.Helper()
	if !on(t, tab, selector) {
		at := must(t, tab, chromedp.Evaluate[string](`document.activeElement.outerHTML.slice(0, 120)`))
		t.Errorf("%s the keyboard is not on %s, but on %s", when, selector, at)
	}
}

func TestAProblemIsFixedByTheKeyboardAlone(t *testing.T) {
	tab, p := watchStatus(t)
	p.becomes(sceneWhatsAppSilent(t))
	must(t, tab, chromedp.WaitVisible("#fix-all button"))
	tabTo(t, tab, "#fix-all button")
	must(t, tab, chromedp.KeyEvent(kb.Enter))
	poll(t, tab, `document.querySelector("#note").textContent.includes("Begun")`)
	stays(t, tab, "#fix-all button", "after Fix was pressed")
	p.becomes(sceneMending(t))
	must(t, tab, chromedp.WaitVisible("#stop"))
	stays(t, tab, "#region-headline", "when the button is gone")
	p.becomes(sceneMended(t))
	must(t, tab, chromedp.WaitVisible(".verdict.on"))
	stays(t, tab, "#region-headline", "when it is put right")
	must(t, tab, chromedp.KeyEvent(kb.Tab)) // goes on from there
	stays(t, tab, "#do-again", "one step further")
	must(t, tab, chromedp.KeyEvent(kb.Enter))
	poll(t, tab, `document.querySelector("#note").textContent.includes("Looking again")`)
	stays(t, tab, "#do-again", "after looking again")
}

func TestADoorIsFixedOnTheWebhookPageByTheKeyboardAlone(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := open(t, hooked(func(t testing.TB) journey.Webhooks { return webhooksOf(sceneWhatsAppSilent(t)) })(t))
	must(t, tab, chromedp.Navigate(p.server.URL+at("webhooks")))
	waitFor(t, "the stream opens", func() bool { return p.hub.Subscribers() == 1 })
	const door = "#fix-channel-whatsapp button"
	tabTo(t, tab, door)
	must(t, tab, chromedp.KeyEvent(kb.Enter))
	poll(t, tab, `document.querySelector("#note").textContent.includes("Begun")`)
	stays(t, tab, door, "after Fix was pressed")
	p.fake.mu.Lock()
	p.fake.webhooks = webhooksOf(sceneMended(t))
	p.fake.mu.Unlock()
	p.hub.Publish(string(ocs), "proof")
	poll(t, tab, `!document.querySelector("`+door+`")`)
	stays(t, tab, "#region-channels", "when it is put right")
}

// A button that waits because its plan has just changed gets the keyboard back.
func TestTheKeyboardComesBackToAButtonThatWaited(t *testing.T) {
	tab, p := watchStatus(t)
	p.becomes(sceneWhatsAppSilent(t))
	must(t, tab, chromedp.WaitVisible("#fix-all button"))
	tabTo(t, tab, "#fix-all button")
	p.becomes(sceneMuchWrong(t))
	poll(t, tab, `document.querySelector("#fix-all").textContent.includes("Fix all 2") && document.querySelector("#fix-all button").disabled`)
	poll(t, tab, `!document.querySelector("#fix-all button").disabled`)
	stays(t, tab, "#fix-all button", "when it may be pressed again")
}

package handlers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/journey"
)

// watchStatus opens the status page of a setup that stands well.
func watchStatus(t *testing.T) (context.Context, *pages) {
	t.Helper()
	vendored(t)
	tab := browser(t)
	p := standOn(t, sceneStanding(t, illness{}))
	must(t, tab, chromedp.Navigate(p.server.URL+at("status")))
	must(t, tab, chromedp.WaitVisible(".verdict.on"))
	must(t, tab, chromedp.Evaluate[chromedp.Void](`window.here = true`))
	waitFor(t, "the stream opens", func() bool { return p.hub.Subscribers() == 1 })
	return tab, p
}

// becomes changes how the setup stands, as an event tells.
func (p *pages) becomes(s journey.Standing) {
	p.fake.stand(s)
	p.hub.Publish(string(ocs), "watch")
}

func poll(t *testing.T, tab context.Context, condition string) {
	t.Helper()
	must(t, tab, chromedp.Poll[bool](condition))
}

func TestAFaultShowsOnAnOpenPageAndIsFixedAndProvenWithoutLoadingIt(t *testing.T) {
	tab, p := watchStatus(t)
	p.becomes(sceneWhatsAppSilent(t))
	poll(t, tab, `document.querySelector(".verdict.off")?.textContent.includes("WhatsApp (Meta) messages do NOT arrive")`)
	poll(t, tab, `document.title.startsWith("✘") && document.querySelector("#aloud").textContent.includes("do NOT arrive")`)
	must(t, tab, chromedp.Click("#fix-all button"))
	poll(t, tab, `document.querySelector("#note").textContent.includes("Begun")`)
	if got, ok := p.fake.last().(askedRepair); !ok || len(got.Findings) != 1 || len(got.Hashes) != 1 {
		t.Errorf("asked for %v", p.fake.last())
	}
	p.becomes(sceneMending(t))
	must(t, tab, chromedp.WaitVisible("#stop"))
	poll(t, tab, `document.querySelectorAll("form[data-plan]").length === 0`)
	p.becomes(sceneMended(t))
	must(t, tab, chromedp.WaitVisible(".verdict.on"))
	poll(t, tab, `document.querySelector("#region-mending").textContent.includes("Put right and proven.") && document.title.startsWith("✔")`)
	if !must(t, tab, chromedp.Evaluate[bool](`window.here === true`)) {
		t.Error("the page was loaded again")
	}
}

// A page that hears nothing any more must not stay green.
func TestLightsGoOutOnAPageThatIsCutOff(t *testing.T) {
	tab, p := watchStatus(t)
	p.hub.Close()
	p.server.Close()
	clock := func(from, pace int64) { // in milliseconds
		must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
			`{ const began = performance.now(); Date.now = () => %d + %d * (performance.now() - began) }`, from, pace)))
	}
	clock(now.UnixMilli(), 20)
	poll(t, tab, `document.querySelector("#cut").textContent.includes("cut off")`)
	if lit := must(t, tab, chromedp.Evaluate[bool](`!!document.querySelector(".verdict.on")`)); !lit {
		t.Error("it went out although its proof still counts")
	}
	must(t, tab, chromedp.WaitVisible(".verdict.out"))
	poll(t, tab, `document.querySelector(".verdict .word").textContent === "There is no recent proof." && document.title.startsWith("○")`)
	clock(now.Add(21*time.Minute).UnixMilli(), 1)
	poll(t, tab, `document.querySelectorAll(".light.on, .light.off").length === 0`)
}

// The browser's clock may be late: a light must not stay on because of it.
func TestLightsFollowTheClockOfTheServer(t *testing.T) {
	tab, _ := watchStatus(t)
	must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`Date.now = () => %d`, now.Add(-time.Hour).UnixMilli())))
	poll(t, tab, `document.querySelector(".rows time").textContent === "just now"`)                         // as long as nobody tells the time
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new Event("visibilitychange"))`)) // the stream begins anew, and tells the time
	poll(t, tab, `document.querySelector(".rows time").textContent.endsWith("s ago")`)
	must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`Date.now = () => %d`, now.Add(-time.Hour+4*time.Minute).UnixMilli())))
	must(t, tab, chromedp.WaitVisible(".verdict.out"))
}

func TestWhatIsUnderTheFingerOrTheKeyboardStays(t *testing.T) {
	tab, p := watchStatus(t)
	p.becomes(sceneWhatsAppSilent(t))
	must(t, tab, chromedp.WaitVisible("#fix-all button"))
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#fix-all button").focus()`))
	version := `document.querySelector("#region-headline").dataset.version`
	was := must(t, tab, chromedp.Evaluate[string](version))
	older := sceneWhatsAppSilent(t)
	older.At = older.At.Add(-time.Second) // another version of the same
	p.becomes(older)
	poll(t, tab, fmt.Sprintf(`%s !== %q && document.activeElement.closest("form")?.id === "fix-all"`, version, was))

	const title = `document.querySelector(".problem h3")`
	must(t, tab, chromedp.Evaluate[chromedp.Void](`getSelection().selectAllChildren(`+title+`)`))
	p.becomes(sceneMuchWrong(t))
	poll(t, tab, `document.querySelector("#fix-all").textContent.includes("Fix all 2")`)
	if !must(t, tab, chromedp.Evaluate[bool](`getSelection().toString().includes("was deleted") && document.querySelectorAll(".problem").length === 1`)) {
		t.Error("a text that was selected is gone")
	}
	must(t, tab, chromedp.Evaluate[chromedp.Void](`getSelection().removeAllRanges()`))
	poll(t, tab, `document.querySelectorAll(".problem").length > 1`)

	// The verdict is true even while it is being copied.
	must(t, tab, chromedp.Evaluate[chromedp.Void](`getSelection().selectAllChildren(document.querySelector(".verdict .word"))`))
	p.becomes(sceneWhatsAppSilent(t))
	poll(t, tab, `!document.querySelector("#fix-all").textContent.includes("Fix all 2")`)
	must(t, tab, chromedp.Evaluate[chromedp.Void](`getSelection().removeAllRanges()`))

	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#fix-all button").dispatchEvent(new PointerEvent("pointerdown", {bubbles: true}))`))
	p.becomes(sceneMended(t))
	poll(t, tab, `document.querySelector("#region-mending").textContent.includes("proven")`) // what is elsewhere on the page
	if !must(t, tab, chromedp.Evaluate[bool](`!!document.querySelector("#fix-all")`)) {
		t.Error("the button went from under the finger")
	}
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new PointerEvent("pointerup"))`))
	must(t, tab, chromedp.WaitVisible(".verdict.on"))
}

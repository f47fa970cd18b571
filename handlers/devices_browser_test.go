package handlers_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/setup"
)

func TestTheDeviceProfilesComeByThemselvesWhenTheyAreInSight(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := open(t, &fake{overview: sceneFallback(t), devices: threeProfiles()})
	must(t, tab, chromedp.Navigate(p.server.URL+at("way-in")))
	must(t, tab, chromedp.WaitVisible(`input[name="device-profile"][value="`+fieldStaff+`"]`))

	p = open(t, &fake{overview: sceneWayIn(t), devices: threeProfiles()}) // in the public way it is folded
	must(t, tab, chromedp.Navigate(p.server.URL+at("way-in")))
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#modes").scrollIntoView()`))
	must(t, tab, chromedp.Poll[bool](`document.readyState === "complete"`))
	if got := p.fake.last(); got != nil {
		t.Errorf("nobody saw the list, and it asked for %v", got)
	}
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#inside > summary").click(); document.querySelector("#device-profiles").scrollIntoView()`))
	must(t, tab, chromedp.WaitVisible(`input[name="device-profile"][value="default"]:checked`))
}

// What somebody does on the page while Cloudflare hangs is not held up, and not lost.
func TestAHangingAccountHoldsUpNeitherTypingNorSaving(t *testing.T) {
	vendored(t)
	tab := browser(t)
	hanging := func() (*pages, chan struct{}) {
		hangs := make(chan struct{})
		return open(t, &fake{overview: sceneFallback(t), hangs: hangs, unlisted: &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare cannot be reached."}}), hangs
	}
	p, _ := hanging()
	must(t, tab, chromedp.Navigate(p.server.URL+at("way-in")))
	waitFor(t, "the list is asked for", func() bool { return p.fake.last() == asked("devices") })
	must(t, tab, chromedp.SendKeys("#private-profiles", fieldStaff))
	must(t, tab, chromedp.Click("#way-in button.primary"))
	waitFor(t, "the form is saved", func() bool { _, saved := p.fake.last().(askedWayIn); return saved })
	if got := p.fake.last().(askedWayIn).Draft.Inside.Profiles; len(got) != 1 || got[0] != fieldStaff {
		t.Errorf("saved: %q", got)
	}

	must(t, tab, chromedp.WaitVisible("#answers")) // it leads on

	p, hangs := hanging()
	must(t, tab, chromedp.Navigate(p.server.URL+at("way-in")))
	waitFor(t, "the list is asked for again", func() bool { return p.fake.last() == asked("devices") })
	must(t, tab, chromedp.SendKeys("#private-profiles", kiosks))
	close(hangs)
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#profiles-unlisted").textContent.includes("cannot be reached")`))
	if typed := must(t, tab, chromedp.Evaluate[string](`document.querySelector("#private-profiles").value`)); typed != kiosks {
		t.Errorf("typed text is now %q", typed)
	}
}

package handlers_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestBreakingAndPuttingBackKeepThePlaceInABrowser(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p, _ := openBreaking(t)
	must(t, tab, chromedp.Navigate(p.server.URL+"/practice/break"))
	must(t, tab, chromedp.Evaluate[chromedp.Void](`document.body.dataset.same = "page"`))
	for _, says := range []string{"It is broken now", "It is put back"} {
		must(t, tab, chromedp.Click("#do-app-stopped"))
		must(t, tab, chromedp.Poll[bool](`(document.querySelector("#break-app-stopped .note") || {textContent: ""}).textContent.includes("`+says+`")`))
	}
	if !must(t, tab, chromedp.Evaluate[bool](`document.body.dataset.same === "page" && document.querySelectorAll("#do-app-stopped").length === 1`)) {
		t.Error("the page was loaded again, or the card stands twice")
	}
	if focus := must(t, tab, chromedp.Evaluate[string](`document.activeElement.id`)); focus != "do-app-stopped" {
		t.Errorf("the focus is on %q", focus)
	}
}

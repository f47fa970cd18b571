package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The two ways in with WARP, practised by hand: the whole way ends green, what
// cannot be seen from the server stays without a light, and a DNS server or a
// front that stops is named at the stop where it stands.
func TestAPrivateWayInIsPractisedInTheBrowser(t *testing.T) {
	for _, row := range []struct {
		mode     string
		width    int
		on       int // stops of the colleague's way that are proven
		breakage string
		says     string
	}{
		{"fallback", 1200, 4, "dns-stopped", "(dnsmasq) is stopped"},
		{"hostname", 360, 3, "front-stopped", "(nginx) is stopped"},
	} {
		t.Run(row.mode, func(t *testing.T) {
			b := practise(t, row.width)
			b.chooseWayIn("open-chat-studio", row.mode)
			b.carryOut()
			b.until("the private way among the proofs", `document.body.textContent.includes("Your team’s private way")`, 10*time.Second)

			b.open("/practice/open-chat-studio/status")
			b.until("the sentence with fresh proof", `!!document.querySelector(".verdict.on") && document.querySelector(".verdict").textContent.includes("Your team’s way to ocs.your-org is proven")`, 90*time.Second)
			b.until("the colleague's way", fmt.Sprintf(`document.querySelectorAll("#region-way section:nth-child(2) .hop.on").length === %d`, row.on), 90*time.Second)
			b.until("no light on the device", `!document.querySelectorAll("#region-way section:nth-child(2) .hop")[1].classList.contains("on")`, time.Second)
			b.picture("status")

			b.click("[data-try]")
			b.until("that this browser does not get there", `document.querySelector("#tried").textContent.includes("does not get to https://ocs.your-org/")`, 20*time.Second)
			b.picture("tried")

			b.open("/practice/break")
			b.click("#do-" + row.breakage)
			b.until("that it is broken", fmt.Sprintf(`document.querySelector("#break-%s").textContent.includes("Put it back")`, row.breakage), 20*time.Second)
			b.open("/practice/open-chat-studio/status")
			b.until("the problem", fmt.Sprintf(`document.querySelector("#region-problems").textContent.includes(%q)`, row.says), 60*time.Second)
			b.until("the stop where it breaks", `document.querySelectorAll("#region-way section:nth-child(2) .hop.first").length === 1 && !document.querySelector("#region-way section:nth-child(1) .hop.first")`, 10*time.Second)
			b.picture("broken")
			b.press("Fix")
			b.until("that it is good again", `!!document.querySelector(".verdict.on")`, 90*time.Second)
			b.picture("mended")
		})
	}
}

// chooseWayIn goes to the token, with a way in by a private name chosen.
func (b *browser) chooseWayIn(setup, mode string) {
	b.t.Helper()
	b.press("Set up " + setup)
	b.until("the page of the app", fmt.Sprintf(`location.pathname.endsWith("/%s/look")`, setup), 20*time.Second)
	b.press("Next")
	b.until("the questions", `!!document.querySelector("#answers")`, 10*time.Second)
	b.click(`a[href$="/way-in"]`)
	b.until("the ways in", `!!document.querySelector("#way-in")`, 10*time.Second)
	b.click(fmt.Sprintf(`input[name="mode"][value=%q]`, mode))
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	b.fill("#private-name", "ocs.your-org")
	b.picture("way-in")
	b.press("Save and go on")
	b.until("the questions again", `!!document.querySelector("#answers")`, 10*time.Second)
	b.fill("#hostname", host)
	b.fill("#zone", "example.org")
	b.fill("#team-domains", "example.org")
	b.picture("answers")
	b.press("Save and go on")
	b.until("the token's field", `!!document.querySelector("#token")`, 10*time.Second)
	b.picture("account")
}

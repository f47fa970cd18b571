package e2e

import "time"

// pathOfOnesOwn opens a path that no platform of the profile has, is refused one
// that is too wide, reads a log meanwhile, and undoes it from the history.
func (b *browser) pathOfOnesOwn(setup string) {
	b.t.Helper()
	b.open(setup + "webhooks")
	b.click("#own-form > summary")
	b.fill("#own-path", "/channels/*")
	b.press("Show what would change")
	b.until("the refusal at the path", `document.querySelector("#own-path-error")?.textContent.includes("team")`, 10*time.Second)
	b.picture("own-wide")

	b.fill("#own-path", "/o/token/")
	b.press("Show what would change")
	b.until("what it would change", `!!document.querySelector("#agree") && document.body.textContent.includes("o/token/")`, 20*time.Second)
	b.picture("own-proposal")
	b.click("#agree")
	b.until("the run to be done", `document.querySelector("main").textContent.includes("Done and proven")`, 60*time.Second)
	b.open(setup + "webhooks")
	b.until("the path to answer", `document.querySelector("#region-own")?.textContent.includes("the app answers")`, 60*time.Second)
	b.picture("own-open")
	b.press("Read it and compare")
	b.until("the app's own addresses", `document.querySelector("#region-routes")?.textContent.includes("Every path that a door is for is there")`, 30*time.Second)

	b.open(setup + "logs/connector")
	b.until("a line of the log", `document.querySelectorAll("#log p").length > 0`, 20*time.Second)
	b.picture("logs")
	b.open(setup + "settings")
	b.picture("settings")

	b.open(setup + "history")
	b.press("Undo this")
	b.until("what undoing would change", `!!document.querySelector("#agree")`, 20*time.Second)
	b.picture("undo")
	b.click("#agree")
	b.until("the run to be done", `document.querySelector("main").textContent.includes("Done and proven")`, 60*time.Second)
	b.open(setup + "webhooks")
	b.until("the path to be gone", `document.querySelector("#region-own")?.textContent.includes("None.")`, 30*time.Second)
}

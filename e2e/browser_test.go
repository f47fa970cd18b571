package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/internal/need"
)

// browser is one window of Chromium.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string // address of the dashboard
	shot int
}

var chromiums = []string{"chromium", "chromium-browser", "google-chrome"}

// openBrowser starts Chromium, or skips the test where there is none.
func openBrowser(t *testing.T, base string, width int, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	var path string
	for _, name := range chromiums {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	var why error
	if path == "" {
		why = errors.New("no Chromium is installed (Debian: apt-get install chromium)")
	}
	need.Need(t, "browser", why)
	flags := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for _, f := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
		"disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(f, true))
	}
	flags = append(flags, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	flags = append(flags, more...)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b := &browser{t: t, ctx: ctx, base: base}
	// The first action starts Chromium, which lives as long as its context.
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(int64(width), 900)); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return b
}

func (b *browser) do(a chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, a); err != nil {
		b.picture("failed")
		b.t.Fatalf("%v\nthe page says: %s", err, b.text("main"))
	}
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// click presses what a person sees, and waits for nothing.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(untilPressed(chromedp.CSS(selector)))
}

// press presses the button or link with a text.
func (b *browser) press(text string) {
	b.t.Helper()
	b.do(untilPressed(chromedp.JSPath(fmt.Sprintf(`[...document.querySelectorAll("main button, main a.button")].find(
		e => e.textContent.trim().startsWith(%q) && e.offsetParent !== null && !e.disabled)`, text))))
}

// untilPressed finds what is to be pressed again if the page writes it anew after
// it was found, as a person would.
func untilPressed[S chromedp.Selectable](what S) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		for {
			none, err := chromedp.Click(what)(ctx, t)
			var refused *cdproto.Error
			switch {
			case err == nil:
				return none, nil
			case !errors.As(err, &refused) || !strings.Contains(refused.Message, "Could not find node"):
				return none, fmt.Errorf("pressing %v: %w", what, err)
			}
		}
	}
}

func (b *browser) fill(selector, value string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(selector), value))
}

// until waits for a condition in the page.
func (b *browser) until(what, condition string, patience time.Duration) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			b.picture("failed")
			b.t.Fatalf("waited %v for %s in vain (%v)\nthe page says: %s", patience, what, err, b.text("body"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// untilStage waits until the rail shows a stage in a status.
func (b *browser) untilStage(stage, status string, patience time.Duration) {
	b.t.Helper()
	b.until(fmt.Sprintf("%s to be %s", stage, status), fmt.Sprintf(
		`document.querySelector("#rail-%s .word")?.textContent.trim() === %q`, stage, status), patience)
}

func (b *browser) text(selector string) string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector)))
	if err != nil {
		return err.Error()
	}
	return text
}

// pictures keeps one as on a laptop and one as on a phone.
func (b *browser) pictures(name string) {
	b.picture(name)
	if os.Getenv("SCREENSHOTS") != "" {
		b.do(chromedp.EmulateViewport(360, 800))
		b.picture(name + "-phone")
		b.do(chromedp.EmulateViewport(1200, 900))
	}
}

// picture keeps a screenshot in the folder that SCREENSHOTS names.
func (b *browser) picture(name string) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		b.shot++
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s.png", strings.ReplaceAll(b.t.Name(), "/", "-"), b.shot, name)), png, 0o600)
	}
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
	}
}

// walk goes the whole way as a person would.
func (b *browser) walk(setup, token string) {
	b.t.Helper()
	b.press("Set up " + setup)
	b.until("the page of the app", fmt.Sprintf(`location.pathname.endsWith("/%s/look")`, setup), 20*time.Second)
	b.picture("look")

	b.press("Next")
	b.until("the questions", `!!document.querySelector("#answers")`, 10*time.Second)
	b.wrongAnswerKeepsWhatWasTyped()
	b.fill("#hostname", host)
	b.picture("answers")
	b.press("Save and go on")

	b.until("the token's field", `!!document.querySelector("#token")`, 10*time.Second)
	b.picture("account")
	if token != "" { // the practice has it filled in
		b.fill("#token", token)
	}
	b.carryOut()
}

// carryOut stores the token and goes from step to step until all is done.
func (b *browser) carryOut() {
	b.t.Helper()
	b.press("Check and store the token")
	b.untilStage("account", "done", 30*time.Second)
	b.picture("account-done")

	for _, step := range []struct{ stage, picture string }{{"build", "build"}, {"switch", "switch"}, {"close", "close"}} {
		b.click("#rail-" + step.stage)
		b.until("the page of "+step.stage, fmt.Sprintf(`location.pathname.endsWith("/%s")`, step.stage), 10*time.Second)
		b.until("the button of "+step.stage, `!!document.querySelector("#apply")`, 30*time.Second)
		b.picture(step.picture)
		b.click("#apply")
		b.untilStage(step.stage, "done", 90*time.Second)
		b.picture(step.picture + "-done")
		if step.stage == "build" {
			b.click("#rail-prove")
			b.untilStage("prove", "done", 30*time.Second)
			b.picture("prove")
		}
	}
	b.click("#rail-done")
	b.untilStage("done", "done", 60*time.Second)
	b.picture("done")
}

// wrongAnswerKeepsWhatWasTyped sends a bad address first, as people do.
func (b *browser) wrongAnswerKeepsWhatWasTyped() {
	b.t.Helper()
	b.fill("#hostname", "https://"+host)
	b.fill("#zone", "example.org")
	b.fill("#team-domains", "example.org")
	b.press("Save and go on")
	b.until("the error at the address", `document.querySelector("#hostname-error")?.textContent.includes("Leave out")`, 10*time.Second)
	b.picture("answers-wrong")
	b.until("what was typed", fmt.Sprintf(`document.querySelector("#hostname").value === "https://%s" && document.querySelector("#team-domains").value.includes("example.org")`, host), time.Second)
}

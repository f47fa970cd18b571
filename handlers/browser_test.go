package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// browser opens one tab of a headless Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	need.Need(t, "browser", err)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int]("1")); err != nil {
		t.Fatal(err)
	}
	// The scenes play at a time of their own.
	clock := fmt.Sprintf("Date.now = () => %d", now.UnixMilli())
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: clock}); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// vendored needs what npm brings: the scripts of the pages and axe.
func vendored(t *testing.T) (axe string) {
	t.Helper()
	if !web.LoadAssets().Live() {
		need.Need(t, "browser", errors.New("web/static/vendor is empty: run web/vendor.sh"))
	}
	text, err := os.ReadFile("../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		need.Need(t, "browser", fmt.Errorf("axe-core is not installed: run npm ci in web: %w", err))
	}
	return string(text)
}

func must[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

const runAxe = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(r.violations))`

func TestEveryPageCanBeUsedOnAPhoneAndAtADesk(t *testing.T) {
	axe, tab := vendored(t), browser(t)
	for _, screen := range []struct {
		width  int64
		scheme string
	}{{360, "light"}, {1280, "dark"}} {
		width := screen.width
		for _, s := range shots() {
			t.Run(fmt.Sprintf("%s at %d, %s", s.name, width, screen.scheme), func(t *testing.T) {
				must(t, tab, chromedp.EmulateViewport(width, 780))
				prefer(t, tab, screen.scheme)
				must(t, tab, chromedp.Navigate(s.open(t).server.URL+s.path))
				keepShot(t, tab, fmt.Sprintf("%s-%d.png", s.name, width))
				assertFits(t, tab, width)
				must(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
				assertFits(t, tab, width)
				must(t, tab, chromedp.Evaluate[chromedp.Void](axe))
				var found []violation
				text := must(t, tab, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
				if err := json.Unmarshal([]byte(text), &found); err != nil {
					t.Fatal(err)
				}
				for _, v := range found {
					t.Errorf("%s: %s", v.ID, v.Help)
					for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
						t.Logf("  %s\n  %s", n.HTML, n.Summary)
					}
				}
				if width == 360 {
					assertTouchable(t, tab)
				}
			})
		}
	}
}

// prefer sets the colours that the person likes.
func prefer(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// assertFits says whether nobody has to scroll sideways.
func assertFits(t *testing.T, tab context.Context, width int64) {
	t.Helper()
	if wide := must(t, tab, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > width {
		culprit := must(t, tab, chromedp.Evaluate[string](fmt.Sprintf(
			`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > %d || e.clientWidth > 0 && e.scrollWidth > %d).map(e => e.tagName + "." + e.className).slice(-3).join(" ")`, width, width)))
		t.Errorf("the page is %d wide on a screen of %d: %s", wide, width, culprit)
	}
}

// assertTouchable says whether a thumb hits what there is to press.
func assertTouchable(t *testing.T, tab context.Context) {
	t.Helper()
	small := must(t, tab, chromedp.Evaluate[string](
		`[...document.querySelectorAll("button:not(.copying), .button, .tick, summary, .stages a")].filter(e => { const b = e.getBoundingClientRect(); return b.height > 0 && b.height < 38 }).map(e => e.textContent.trim()).join("; ")`))
	if small != "" {
		t.Errorf("too small for a thumb: %s", small)
	}
}

// keepShot writes a screenshot into the folder that SCREENSHOTS names.
func keepShot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	image := must(t, tab, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name), image, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAnOpenPageFollowsARunWithoutBeingLoadedAgain(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := openOn(t, scenePlanned(t))
	must(t, tab, chromedp.Navigate(p.server.URL+"/"+string(ocs)+"/build"))
	must(t, tab, chromedp.WaitVisible("#apply"))
	first := "details#" + "change-" + scenePlanned(t).Plan.Changes[1].Hash()
	must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.here = true; document.querySelector("%s summary").click()`, first)))

	// Something else changes: what was unfolded stays so.
	p.fake.show(func(o *journey.Overview) {
		plan := *o.Plan
		plan.Barriers = []setup.Barrier{{Key: plan.Changes[0].Key, Why: setup.WhyGate, Detail: "Waiting for the domain."}}
		o.Plan = &plan
	})
	p.hub.Publish(string(ocs), "plan")
	must(t, tab, chromedp.WaitVisible(".barrier"))
	if !must(t, tab, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector("%s").open`, first))) {
		t.Error("what was unfolded is folded again")
	}

	must(t, tab, chromedp.Click("#apply"))
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#note").textContent.includes("Begun")`))
	running := sceneRunning(t)
	p.fake.show(func(o *journey.Overview) { *o = running })
	p.hub.Publish(string(ocs), "run")
	must(t, tab, chromedp.WaitVisible("#stop"))
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#region-rail").textContent.includes("running")`))
	if !must(t, tab, chromedp.Evaluate[bool](`window.here === true`)) {
		t.Error("the page was loaded again")
	}
}

func TestAnotherPlanUnderTheFingerIsHeldBack(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := openOn(t, scenePlanned(t))
	must(t, tab, chromedp.Navigate(p.server.URL+"/"+string(ocs)+"/build"))
	must(t, tab, chromedp.WaitVisible("#apply"))
	p.fake.show(func(o *journey.Overview) {
		plan := *o.Plan
		plan.Changes = plan.Changes[1:]
		o.Plan = &plan
	})
	waitFor(t, "the stream opens", func() bool { return p.hub.Subscribers() == 1 })
	p.hub.Publish(string(ocs), "plan")
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#region-plan").textContent.includes("has just changed")`))
	if !must(t, tab, chromedp.Evaluate[bool](`document.querySelector("#apply").disabled`)) {
		t.Error("the button can be pressed at once")
	}
	must(t, tab, chromedp.Poll[bool](`!document.querySelector("#apply").disabled`))
}

func TestAHiddenTabClosesItsStreamAndOpensItAgain(t *testing.T) {
	vendored(t)
	tab := browser(t)
	p := openOn(t, scenePlanned(t))
	must(t, tab, chromedp.Navigate(p.server.URL+"/"+string(ocs)+"/build"))
	waitFor(t, "the stream opens", func() bool { return p.hub.Subscribers() == 1 })
	hide := `Object.defineProperty(document, "hidden", {value: %v, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`
	must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(hide, true)))
	waitFor(t, "the stream closes", func() bool { return p.hub.Subscribers() == 0 })
	p.fake.show(func(o *journey.Overview) { *o = sceneRunning(t) })
	must(t, tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(hide, false)))
	must(t, tab, chromedp.WaitVisible("#stop")) // the snapshot brings what was missed
}

func TestWrongAnswersAreSaidAtTheFieldAndNothingTypedIsLost(t *testing.T) {
	vendored(t)
	tab := browser(t)
	o := sceneChosen(t)
	p := openOn(t, o)
	p.fake.wrong = []setup.FieldError{{Field: "hostname", Message: "Leave out the dot at the end."}}
	must(t, tab, chromedp.Navigate(p.server.URL+"/"+string(ocs)+"/answers"))
	must(t, tab, chromedp.SendKeys("#hostname", "chat.example.org."))
	must(t, tab, chromedp.SendKeys("#team-emails", "ana@example.org"))
	must(t, tab, chromedp.Click("#answers button.primary"))
	must(t, tab, chromedp.WaitVisible("#faults"))
	if typed := must(t, tab, chromedp.Evaluate[string](`document.querySelector("#hostname").value + " " + document.querySelector("#team-emails").value`)); typed != "chat.example.org. ana@example.org" {
		t.Errorf("typed text is now %q", typed)
	}
	if focus := must(t, tab, chromedp.Evaluate[string](`document.activeElement.id`)); focus != "faults" {
		t.Errorf("the focus is on %q", focus)
	}
}

// waitFor polls for what another process brings about.
func waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

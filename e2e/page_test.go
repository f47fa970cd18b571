package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// pageFault is something that goes wrong while the status page is open.
type pageFault struct {
	what string
	act  func(*scene)
	says string   // a part of what the page then says on top
	dark []string // lights of the page that must not be good then
	// mend does what the page advises; nil: one presses Fix.
	mend func(*scene)
	// within is how long it may take from the press to the proof.
	within time.Duration
}

const (
	messages = "Telegram"
	beside   = "On this server"
	doors    = "Doors and lock"
	through  = "Connector"
	theApp   = "Open Chat Studio"
)

// pageFaults are in an order in which none hides the next one.
func pageFaults() []pageFault {
	return []pageFault{
		{what: "a door is deleted", says: "The door for Telegram was deleted", dark: []string{messages, doors}, within: 3 * time.Second,
			act: func(s *scene) { s.remove(apps, "Door for Telegram") }},
		{what: "the app is stopped", says: "container web is not running", dark: []string{messages, beside, theApp},
			act:  func(s *scene) { s.docker("stop", "-t", "1", s.w.container("web")) },
			mend: func(s *scene) { s.up("web") }},
		{what: "the port is opened by hand", says: "port 8000 is open to everybody", dark: []string{"Past the tunnel"},
			act: func(s *scene) { s.edit("docker-compose.prod.yml", `"127.0.0.1:${PORT`, `"${PORT`); s.up("web") }},
		{what: "the connector is stopped", says: "The connector (cloudflared) is stopped", dark: []string{messages, through},
			act: func(s *scene) { s.docker("stop", "-t", "1", connector) }},
		{what: "the connector is taken off the app's network", says: "in another Docker network than the app", dark: []string{messages, through},
			act: func(s *scene) {
				s.docker("network", "create", "other")
				s.docker("network", "connect", "other", connector)
				s.docker("network", "disconnect", s.network(), connector)
			}},
		{what: "the app is removed, and made anew by hand", says: "container web is not running", dark: []string{messages, beside, theApp},
			act:  func(s *scene) { s.docker("rm", "-f", s.w.container("web")) },
			mend: func(s *scene) { s.up("web") }},
	}
}

// moment is what the page showed from a time on.
type moment struct {
	At    int64    `json:"at"` // milliseconds
	State string   `json:"state"`
	Says  string   `json:"says"`
	Good  []string `json:"good"`  // names of the lights that are on
	Run   string   `json:"run"`   // what it tells of a repair
	Press bool     `json:"press"` // Fix was pressed just now
}

// record keeps every state of the page's sentence and lights. It goes on until
// the page is loaded again.
const record = `(() => {
	window.moments = [];
	let last = "";
	const plain = e => {
		if (!e) return "";
		const copy = e.cloneNode(true);
		copy.querySelectorAll("time, button").forEach(t => t.remove());
		return copy.textContent.replace(/\s+/g, " ").trim();
	};
	const look = press => {
		const top = document.querySelector("#region-headline .verdict");
		const now = {
			state: ["on", "off", "out"].find(s => top?.classList.contains(s)) ?? "",
			says: plain(top),
			good: [...document.querySelectorAll("#region-lights .rows > .on, .way .hop.on")].map(e => e.querySelector(".name").firstChild.textContent.trim()),
			run: plain(document.querySelector("#region-mending")),
		};
		const text = JSON.stringify(now);
		if (text !== last || press) moments.push({at: Date.now(), press, ...now});
		last = text;
	};
	new MutationObserver(() => look(false)).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
	document.addEventListener("submit", e => { if (e.target.matches("form[data-plan]")) look(true); }, true);
	look(false);
})()`

// page is the status page of a setup that stands, open in a browser.
type page struct {
	*scene
	b *browser
}

// statusPage opens the status page, where it stays.
func (b *browser) statusPage(s *scene) *page {
	s.Helper()
	b.open("/open-chat-studio")
	b.until("the status page", `location.pathname.endsWith("/status")`, 10*time.Second)
	b.do(chromedp.Evaluate[chromedp.Void](record))
	p := &page{s, b}
	p.well()
	return p
}

// well waits until the page says that all is well.
func (p *page) well() {
	p.Helper()
	p.b.until("a good sentence with every light", `!!document.querySelector(".verdict.on") && document.title.startsWith("✔") &&
		document.querySelectorAll("#region-lights .rows > .light:not(.on), .way .hop.light:not(.on)").length === 0`, 30*time.Second)
}

func (p *page) moments() []moment {
	p.Helper()
	all, err := chromedp.Run(p.b.ctx, chromedp.Evaluate[[]moment](`window.moments`))
	if err != nil {
		p.Fatalf("the page was loaded again: %v", err)
	}
	return all
}

// suffers has a fault happen while the page is open, and put right from it.
func (p *page) suffers(f pageFault) {
	p.Helper()
	for _, name := range f.dark {
		if !slices.Contains(p.moments()[len(p.moments())-1].Good, name) {
			p.Fatalf("before %s: %s is not good", f.what, name)
		}
	}
	began := time.Now()
	f.act(p.scene)
	acted := time.Now()
	p.b.until("the sentence to tell it", fmt.Sprintf(`document.querySelector(".verdict.off")?.textContent.includes(%q) && document.title.startsWith("✘")`, f.says), soon)
	p.b.until("what is broken to go dark", fmt.Sprintf(`!moments.at(-1).good.some(name => %s.includes(name))`, asJSON(p.T, f.dark)), soon-time.Since(acted))
	told := time.Since(acted)
	p.b.pictures(strings.ReplaceAll(f.what, " ", "-"))
	mending := time.Now()
	if f.mend != nil {
		f.mend(p.scene)
	} else {
		p.b.click("#fix-all button:not([disabled])")
		p.b.until("the repair to be proven", `!document.querySelector("#region-mending .spinner") && moments.findLast(m => m.press).run !== moments.at(-1).run &&
			document.querySelector("#region-mending").textContent.includes("Put right and proven.")`, 30*time.Second)
	}
	p.well()
	p.Logf("%s: told after %v, all well %v after it was to be put right", f.what, told.Round(time.Millisecond), time.Since(mending).Round(time.Millisecond))
	p.saidNothingFalse(f, began, mending)
}

// saidNothingFalse goes through all that the page showed: from when it told the
// fault nothing of it was good until it was put right, and with Fix not before
// that was proven.
func (p *page) saidNothingFalse(f pageFault, began, mending time.Time) {
	p.Helper()
	var told, pressed, proven *moment
	all := slices.DeleteFunc(p.moments(), func(m moment) bool { return m.At < began.UnixMilli() })
	for i, m := range all {
		switch {
		case told == nil && m.State == "off" && strings.Contains(m.Says, f.says) && !anyOf(m.Good, f.dark):
			told = &all[i]
		case m.Press:
			pressed = &all[i]
		case pressed != nil && proven == nil && m.Run != pressed.Run && strings.Contains(m.Run, "Put right and proven."):
			proven = &all[i]
		}
		over := f.mend != nil && m.At >= mending.UnixMilli() || proven != nil
		if told != nil && !over && (m.State == "on" || anyOf(m.Good, f.dark)) {
			p.Errorf("%s: before it was put right the page shows %+v", f.what, m)
		}
	}
	if f.mend != nil {
		return
	}
	if told == nil || pressed == nil || proven == nil {
		p.Fatalf("%s: it is not in what the page showed: %+v", f.what, all)
	}
	took := time.Duration(proven.At-pressed.At) * time.Millisecond
	p.Logf("%s: %v from the press to the proof", f.what, took)
	if f.within > 0 && took > f.within {
		p.Errorf("%s: it took %v from the press to the proof", f.what, took)
	}
}

func anyOf(good, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(good, n) })
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fault has something go wrong with calls to the account, until the test ends.
func (s *scene) fault(line string) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.w.sim.Control+"/faults", bytes.NewReader([]byte(asJSON(s.T, object{"fault": line}))))
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		s.Fatalf("%s: %s", line, resp.Status)
	}
}

// clock has the page believe that it is later than it is; the browser has no
// other clock to tell ages by.
func (p *page) clock(later time.Duration) {
	p.Helper()
	p.b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.real ??= Date.now; Date.now = () => real() + %d`, later.Milliseconds())))
}

// goesDark waits until the page has said that it is cut off, and until no light
// is on that was on.
func (p *page) goesDark() {
	p.Helper()
	p.clock(25 * time.Minute) // older than any proof may be
	p.b.until("the page to say that it is cut off", `document.querySelector("#cut").textContent.includes("cut off")`, 20*time.Second)
	p.b.until("every light to go out", `document.querySelectorAll("main .light.on").length === 0 && document.title.startsWith("○")`, 20*time.Second)
	p.clock(0)
}

// outlives has the server stop without a word, and then die, while the page is
// open: its lights go out by themselves, and it comes back by itself.
func (p *page) outlives(serve *exec.Cmd, again func()) {
	p.Helper()
	p.signal(serve, syscall.SIGSTOP)
	p.goesDark()
	p.signal(serve, syscall.SIGCONT)
	p.well()
	p.signal(serve, syscall.SIGKILL)
	p.goesDark()
	p.b.picture("cut off")
	again()
	p.well()
	p.b.until("the page to say that it is not cut off any more", `document.querySelector("#cut").textContent === ""`, 20*time.Second)
	p.moments() // it was not loaded again
}

func (p *page) signal(serve *exec.Cmd, s syscall.Signal) {
	p.Helper()
	if err := serve.Process.Signal(s); err != nil {
		p.Fatal(err)
	}
}

// people is how many have the page open at the same time.
const people = 100

// crowd opens the page's stream as often as there are people, and gives what
// waits until each of them was told something.
func (p *page) crowd(says string) (wait func()) {
	p.Helper()
	got, err := chromedp.Run(p.b.ctx, func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
	})
	if err != nil {
		p.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.b.base+"/open-chat-studio/events?page=status", nil)
	if err != nil {
		p.Fatal(err)
	}
	for _, c := range got.Cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	var opened, told sync.WaitGroup
	opened.Add(people)
	for range people {
		told.Go(func() {
			if err := follow(req.Clone(p.Context()), says, opened.Done); err != nil {
				p.Errorf("one of %d people: %v", people, err)
			}
		})
	}
	opened.Wait()
	return told.Wait
}

// follow reads a stream until it says something. Opened is called when how
// things stand has come, or never will.
func follow(req *http.Request, says string, opened func()) error {
	opened = sync.OnceFunc(opened)
	defer opened()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == "event: alive" {
			opened()
		}
		if strings.Contains(lines.Text(), says) {
			return nil
		}
	}
	return fmt.Errorf("the stream ended (%v) before it said %q", lines.Err(), says)
}

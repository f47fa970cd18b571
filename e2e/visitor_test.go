package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/setup"
)

// visitor has the status page of a setup open, without a browser: the page's
// stream keeps it up to date, and its forms are sent as the page offers them.
type visitor struct {
	*testing.T
	*window
}

// window is what a visitor looks at.
type window struct {
	base string // address of the dashboard
	at   string // path of the page that was opened last
	http http.Client

	mu   sync.Mutex
	doc  *goquery.Document // the page as it is now
	seen []glance          // all that it showed, oldest first
	news chan struct{}     // it shows something else
}

// glance is what the page showed from a moment on.
type glance struct {
	at       time.Time
	light    string   // of the sentence on top: on, off, out
	says     string   // that sentence
	good     []string // names of the lights that are on
	lights   int      // how many there are
	rowsOut  int      // how many of the rows below it are not on
	problems []problem
	run      string // what it tells of a repair
}

// problem is one thing that is wrong, as the page tells it.
type problem struct {
	class    setup.Class
	severity string
	title    string
	cause    string
	since    time.Time
	do       string // what a person can do, and why no button does
	button   bool
}

func (g glance) of(c setup.Class) *problem {
	if i := slices.IndexFunc(g.problems, func(p problem) bool { return p.class == c }); i >= 0 {
		return &g.problems[i]
	}
	return nil
}

// well is what the page shows of a setup that is in order.
func (g glance) well() bool {
	return g.light == "on" && len(g.problems) == 0 && len(g.good) == g.lights
}

func (g glance) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s] %s\n  good: %s\n", g.at.Format("15:04:05.000"), g.light, g.says, strings.Join(g.good, ", "))
	for _, p := range g.problems {
		fmt.Fprintf(&b, "  %s (%s): %s %s | %s\n", p.class, p.severity, p.title, p.cause, p.do)
	}
	if g.run != "" {
		fmt.Fprintf(&b, "  run: %s\n", g.run)
	}
	return b.String()
}

// visit signs in at a dashboard that listens inside the lab's network, by the
// link that it printed.
func (w *world) visit(t *testing.T, printed string) *visitor {
	t.Helper()
	at := link.FindStringSubmatch(printed)
	if at == nil {
		t.Fatalf("no login link in %q", printed)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t, &window{base: strings.TrimSuffix(at[0], at[1]), news: make(chan struct{}, 1)}}
	// A person's browser finds localhost by itself; here it is another network's.
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return w.Dial(ctx, network, strings.Replace(address, "localhost", "127.0.0.1", 1))
	}
	v.http = http.Client{Jar: jar, Transport: &http.Transport{DialContext: dial}}
	v.send(v.open(at[1]).Find("main form"), nil)
	return v
}

// in is the same visitor in a part of a test.
func (v *visitor) in(t *testing.T) *visitor { return &visitor{t, v.window} }

// open gives a page.
func (v *visitor) open(path string) *goquery.Document {
	v.Helper()
	v.at = path
	return v.do(v.request(http.MethodGet, path, ""))
}

func (v *visitor) request(method, path, body string) *http.Request {
	v.Helper()
	req, err := http.NewRequestWithContext(v.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req
}

func (v *visitor) do(req *http.Request) *goquery.Document {
	v.Helper()
	resp, err := v.http.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	doc, err := goquery.NewDocumentFromReader(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		v.Fatalf("%s %s: %s, %v\n%s", req.Method, req.URL.Path, resp.Status, err, plain(doc.Selection))
	}
	return doc
}

// send sends a form with what is in it, and with what is filled in.
func (v *visitor) send(form *goquery.Selection, filled url.Values) *goquery.Document {
	v.Helper()
	if form.Length() != 1 {
		v.Fatalf("there are %d such forms, want one", form.Length())
	}
	fields := url.Values{}
	form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
		_, ticked := in.Attr("checked")
		if in.AttrOr("type", "") != "checkbox" || ticked {
			fields.Add(in.AttrOr("name", ""), in.AttrOr("value", ""))
		}
	})
	for name, values := range filled {
		fields[name] = values
	}
	req := v.request(http.MethodPost, form.AttrOr("action", v.at), fields.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, scripted := form.Attr("hx-post"); scripted {
		req.Header.Set("HX-Request", "true")
	}
	return v.do(req)
}

// give stores an API token, as on the page of the account.
func (v *visitor) give(token string) {
	v.Helper()
	v.send(v.open("/open-chat-studio/account").Find("#token-form"), url.Values{"token": {token}})
}

// stay opens the status page of a setup and keeps it open until the test ends.
func (v *visitor) stay(setup string) {
	v.Helper()
	v.doc = v.open("/" + setup + "/status")
	stream, live := v.doc.Find("[sse-connect]").Attr("sse-connect")
	if !live {
		v.Fatal("the page has no stream")
	}
	v.seen = []glance{glanceAt(v.doc, time.Now())}
	ctx, stop := context.WithCancel(v.Context())
	ended := make(chan error, 1)
	req := v.request(http.MethodGet, stream, "").WithContext(ctx)
	go func() { ended <- v.follow(req) }()
	v.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			v.Errorf("the page was cut off: %v", err)
		}
	})
}

// follow takes in what the stream says until the request's context ends.
func (v *window) follow(req *http.Request) error {
	resp, err := v.http.Do(req)
	if req.Context().Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	var name, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		switch value = strings.TrimPrefix(value, " "); field {
		case "event":
			name, data = value, ""
		case "data":
			data += value + "\n"
		case "":
			v.draw(name, data)
		}
	}
	if req.Context().Err() != nil {
		return nil
	}
	return fmt.Errorf("the stream ended: %w", orEOF(lines.Err()))
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// draw puts a part of the page in its place, as the script of the page does.
func (v *window) draw(region, html string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	box := v.doc.Find(fmt.Sprintf("[sse-swap=%q]", region))
	if box.Length() == 0 {
		return
	}
	box.SetHtml(html)
	v.seen = append(v.seen, glanceAt(v.doc, time.Now()))
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// until waits for the page to show something.
func (v *visitor) until(what string, patience time.Duration, is func(glance) bool) glance {
	v.Helper()
	over := time.NewTimer(patience)
	defer over.Stop()
	again := time.NewTicker(500 * time.Millisecond) // what is waited for may be elsewhere than on the page
	defer again.Stop()
	for {
		v.mu.Lock()
		now := v.seen[len(v.seen)-1]
		v.mu.Unlock()
		if is(now) {
			return now
		}
		select {
		case <-v.news:
		case <-again.C:
		case <-over.C:
			v.Fatalf("waited %v for %s in vain; the page shows\n%v", patience.Round(time.Millisecond), what, now)
		}
	}
}

// message is within what time all parts of one message are drawn; the server
// leaves more time between two.
const message = 100 * time.Millisecond

// since gives what the page showed from a moment on, whenever a message was drawn
// to its end.
func (v *window) since(at time.Time) []glance {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []glance
	for i, g := range v.seen {
		last := i == len(v.seen)-1 || v.seen[i+1].at.Sub(g.at) > message
		if last && (i == len(v.seen)-1 || v.seen[i+1].at.After(at)) {
			all = append(all, g)
		}
	}
	return all
}

// press sends a form of the open page, the first that one of the selectors finds.
func (v *visitor) press(selectors ...string) {
	v.Helper()
	v.mu.Lock()
	var form *goquery.Selection
	for _, s := range selectors {
		if form = v.doc.Find(s).First(); form.Length() == 1 {
			break
		}
	}
	form = form.Clone()
	v.mu.Unlock()
	v.send(form, nil)
}

var classLine = regexp.MustCompile(`(?m)^Class +([a-z-]+), (.+)$`)

func glanceAt(doc *goquery.Document, now time.Time) glance {
	g := glance{at: now, run: plain(doc.Find("#region-mending"))}
	top := doc.Find("#region-headline .verdict")
	g.says = plain(top)
	for _, state := range []string{"on", "off", "out"} {
		if lit(top, now) == state {
			g.light = state
		}
	}
	doc.Find("#region-lights .rows > .light, .way .hop.light").Each(func(_ int, light *goquery.Selection) {
		g.lights++
		if lit(light, now) == "on" {
			g.good = append(g.good, strings.TrimSpace(light.Find(".name").First().Contents().First().Text()))
		}
	})
	doc.Find("#region-lights .rows > .light").Each(func(_ int, row *goquery.Selection) {
		if lit(row, now) != "on" {
			g.rowsOut++
		}
	})
	doc.Find("article.problem").Each(func(_ int, card *goquery.Selection) { g.problems = append(g.problems, problemOn(card)) })
	return g
}

// lit is the state of a light as it is now: one that had proof goes out by itself.
func lit(light *goquery.Selection, now time.Time) string {
	for _, state := range []string{"on", "off", "out"} {
		if !light.HasClass(state) {
			continue
		}
		if until, err := time.Parse(time.RFC3339, light.AttrOr("data-fades", "")); err == nil && !now.Before(until) {
			return "out"
		}
		return state
	}
	return ""
}

func problemOn(card *goquery.Selection) problem {
	p := problem{button: card.Find("form[data-plan]").Length() > 0, title: plain(card.Find("h3")), cause: plain(card.Find("p.when"))}
	if line := classLine.FindStringSubmatch(card.Find("pre").Text()); line != nil {
		p.class, p.severity = setup.Class(line[1]), line[2]
	}
	if at, err := time.Parse(time.RFC3339, card.Find("p.when time").First().AttrOr("datetime", "")); err == nil {
		p.since = at
	}
	card.Find("dt").Each(func(_ int, dt *goquery.Selection) {
		if dt.Text() == "What to do" {
			p.do = plain(dt.Next())
		}
	})
	if bar := plain(card.Find("dd .note.bad")); bar != "" {
		p.do = strings.TrimSpace(p.do + " " + bar)
	}
	return p
}

// plain is the text of a part of a page, without times, which grow, and buttons.
func plain(s *goquery.Selection) string {
	s = s.Clone()
	s.Find("time, button").Remove()
	return strings.Join(strings.Fields(s.Text()), " ")
}

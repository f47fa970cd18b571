package handlers_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/profile"
)

// pages is the site over a fake journey, on a real server.
type pages struct {
	t      testing.TB
	fake   *fake
	hub    *live.Hub
	server *httptest.Server
	log    *bytes.Buffer
}

func open(t testing.TB, f *fake, change ...func(*handlers.Options)) *pages {
	t.Helper()
	p := &pages{t: t, fake: f, hub: live.New(), log: &bytes.Buffer{}}
	o := handlers.Options{
		Journey: f, Hub: p.hub, Version: "0.1.0", Practice: "/practice/", Profiles: []profile.Profile{ocsProfile(t)},
		Clock: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(p.log, nil)),
		Actor: func(context.Context) string { return "ana" },
	}
	for _, c := range change {
		c(&o)
	}
	p.server = httptest.NewServer(handlers.New(o))
	t.Cleanup(func() {
		p.hub.Close()
		p.server.Close()
	})
	return p
}

// openOn shows one overview.
func openOn(t testing.TB, o journey.Overview, change ...func(*handlers.Options)) *pages {
	t.Helper()
	f := &fake{overview: o, found: foundHere(t), setups: []journey.Summary{{Setup: ocs, Hostname: o.Draft.Hostname, At: journey.StageBuild, Status: journey.Ready}}}
	if o.Plan != nil {
		f.down = downPlan(scenePlanned(t))
	}
	return open(t, f, change...)
}

// answer is what came back, with its document.
type answer struct {
	*http.Response
	text string
	doc  *goquery.Document
	t    testing.TB
}

func (p *pages) do(method, path string, form url.Values, header ...string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res, string(body), doc, p.t}
}

func (p *pages) get(path string, header ...string) answer {
	p.t.Helper()
	return p.do("GET", path, nil, header...)
}

func (p *pages) post(path string, form url.Values, header ...string) answer {
	p.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	return p.do("POST", path, form, header...)
}

// htmx marks a request as HTMX does.
var htmx = []string{"HX-Request", "true"}

func (a answer) status(want int) answer {
	a.t.Helper()
	if a.StatusCode != want {
		a.t.Fatalf("%s answers %d, want %d: %.300s", a.Request.URL.Path, a.StatusCode, want, a.text)
	}
	return a
}

// says asserts that a person reads each of the texts in a part of the page.
func (a answer) says(selector string, texts ...string) {
	a.t.Helper()
	have := words(a.doc.Find(selector).Text())
	if a.doc.Find(selector).Length() == 0 {
		a.t.Fatalf("%s has no %s", a.Request.URL.Path, selector)
	}
	for _, text := range texts {
		if !strings.Contains(have, text) {
			a.t.Errorf("%s of %s does not say %q: %.600s", selector, a.Request.URL.Path, text, have)
		}
	}
}

func (a answer) lacks(selector string) {
	a.t.Helper()
	if n := a.doc.Find(selector).Length(); n > 0 {
		a.t.Errorf("%s has %d of %s", a.Request.URL.Path, n, selector)
	}
}

// words brings all space to single spaces.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// form reads a form of a page as a browser would send it.
func (a answer) form(selector string) (action string, values url.Values) {
	a.t.Helper()
	f := a.doc.Find(selector).First()
	if f.Length() == 0 {
		a.t.Fatalf("%s has no form %s", a.Request.URL.Path, selector)
	}
	values = url.Values{}
	f.Find("input[name], textarea[name]").Each(func(_ int, s *goquery.Selection) {
		kind := s.AttrOr("type", "text")
		_, checked := s.Attr("checked")
		if (kind == "checkbox" || kind == "radio") && !checked {
			return
		}
		value := s.AttrOr("value", "")
		if goquery.NodeName(s) == "textarea" {
			value = strings.TrimPrefix(s.Text(), "\n")
		}
		values.Add(s.AttrOr("name", ""), value)
	})
	return f.AttrOr("action", a.Request.URL.Path), values
}

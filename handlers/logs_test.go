package handlers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func logging(t testing.TB) *fake {
	f := stands(func(t testing.TB) journey.Standing { return sceneStanding(t, illness{}) })(t)
	f.lines = make(chan found.Line, 10)
	return f
}

func line(text string) found.Line {
	return found.Line{Container: "web-1", At: now.Add(-time.Second), Text: text}
}

func TestThereIsALogForEachPartOfASetup(t *testing.T) {
	p := open(t, logging(t))
	a := p.get(at("logs")).status(200)
	a.says(".tabs", "Your app", "The connector")
	a.says(".tabs [aria-current]", "Your app")
	p.get(at("logs/connector")).status(200).says(".tabs [aria-current]", "The connector")
	p.get(at("logs/database")).status(404)

	p = open(t, stands(func(testing.TB) journey.Standing { return journey.Standing{Setup: ocs} })(t))
	p.get(at("logs")).status(200).says("main", "Nothing is set up yet")
}

func TestALogGoesOverLineByLineAndEndsWithTheVisitor(t *testing.T) {
	f := logging(t)
	p := open(t, f, func(o *handlers.Options) { o.Timing.Pace = 5 * time.Millisecond })
	f.lines <- line("first <b>")
	f.lines <- line("second")
	_, s := p.tuneAt(at("logs/app/follow"))
	e := s.until("lines")
	if !strings.HasPrefix(e.id, "fresh-") || !strings.Contains(e.data, "first &lt;b&gt;") || !strings.Contains(e.data, "second") {
		t.Errorf("it begins with %+v", e)
	}
	f.lines <- line("third")
	if e := s.until("lines"); !strings.HasPrefix(e.id, "more-") || !strings.Contains(e.data, "third") {
		t.Errorf("it goes on with %+v", e)
	}
	s.cancel()
	waitFor(t, "nobody reads", func() bool { return f.reading() == 0 })
}

func TestALogEndsWhenCulvertStops(t *testing.T) {
	f := logging(t)
	p := open(t, f)
	_, s := p.tuneAt(at("logs/app/follow"))
	f.lines <- line("first")
	s.until("lines")
	p.hub.Close()
	if e, more := s.next(); more {
		t.Errorf("it goes on with %+v", e)
	}
	waitFor(t, "nobody reads", func() bool { return f.reading() == 0 })
}

func TestALogThatCannotBeReadSaysWhy(t *testing.T) {
	f := logging(t)
	f.err = &setup.Problem{Code: setup.CodeUnavailable, Message: "The service web has no container now."}
	p := open(t, f)
	_, s := p.tuneAt(at("logs/app/follow"))
	if e := s.until("lines"); !strings.Contains(e.data, "has no container now") {
		t.Errorf("it says %+v", e)
	}
	f.err = journey.ErrNotFound
	p.get(at("logs/app/follow")).status(404)
}

func TestAnOpenPageFollowsALogInABrowser(t *testing.T) {
	vendored(t)
	tab := browser(t)
	f := logging(t)
	p := open(t, f)
	f.lines <- line("first")
	must(t, tab, chromedp.Navigate(p.server.URL+at("logs/app")))
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#log").textContent.includes("first")`))
	f.lines <- line("second")
	must(t, tab, chromedp.Poll[bool](`document.querySelectorAll("#log p").length === 2`))
	hide := `Object.defineProperty(document, "hidden", {value: HIDDEN, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`
	must(t, tab, chromedp.Evaluate[chromedp.Void](strings.Replace(hide, "HIDDEN", "true", 1)))
	waitFor(t, "nobody reads while nobody looks", func() bool { return f.reading() == 0 })
	f.lines <- line("first again")
	must(t, tab, chromedp.Evaluate[chromedp.Void](strings.Replace(hide, "HIDDEN", "false", 1)))
	must(t, tab, chromedp.Poll[bool](`document.querySelector("#log").textContent.includes("first again")`))
	if n := must(t, tab, chromedp.Evaluate[int](`document.querySelectorAll("#log p").length`)); n != 1 {
		t.Errorf("%d lines; what was there before stands twice", n)
	}
}

// writing is an app that has written a few lines.
func writing(t testing.TB) *fake {
	f := logging(t)
	f.lines <- line("[2026-11-23 09:59:50 +0000] [1] [INFO] Starting gunicorn 23.0.0")
	f.lines <- line("[2026-11-23 09:59:50 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)")
	f.lines <- line("172.30.0.5 - - \"POST /channels/telegram/6f9c1b0e-58a7-4a55-9d55-2f5b3c1f7e11 HTTP/1.1\" 200 2 \"-\" \"-\"")
	f.lines <- line("Traceback (most recent call last):")
	f.lines <- line("  File \"/code/apps/channels/views.py\", line 88, in new_telegram_message")
	return f
}

package handlers_test

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func TestEachErrorHasItsAnswer(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: SECRETCAUSE")
	rows := []struct {
		name   string
		err    error
		status int
		says   string
	}{
		{"gone", fmt.Errorf("reading: %w", journey.ErrNotFound), 404, "nothing at this address"},
		{"busy", journey.ErrBusy, 409, "under way already"},
		{"stale", journey.Stale{}, 409, "no longer the one that was shown"},
		{"conflict", &setup.Problem{Code: setup.CodeConflict, Message: "The name is taken.", Cause: cause}, 409, "The name is taken."},
		{"invalid", &setup.Problem{Code: setup.CodeInvalid, Message: "That makes no sense."}, 422, "That makes no sense."},
		{"refused", &setup.Problem{Code: setup.CodeRefused, Message: "We do not do that."}, 422, "We do not do that."},
		{"denied", &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks DNS Edit."}, 422, "lacks DNS Edit"},
		{"slow down", &setup.Problem{Code: setup.CodeRateLimited, Message: "Cloudflare asks to wait.", RetryAfter: 30 * time.Second}, 503, "asks to wait"},
		{"away", &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare cannot be reached.", Cause: cause}, 503, "cannot be reached"},
		{"inside", &setup.Problem{Code: setup.CodeInternal, Message: "The log says more.", Cause: cause}, 500, "inside Culvert"},
		{"unknown", cause, 500, "inside Culvert"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			p := openOn(t, scenePlanned(t))
			p.fake.err = r.err
			form := url.Values{"page": {"build"}, "hash": {"x"}}

			page := p.post(at("steps/build/apply"), form).status(r.status)
			page.says("main", r.says)
			note := p.post(at("steps/build/apply"), form, htmx...).status(r.status)
			note.says("p.note.bad", r.says)
			if note.Header.Get("HX-Retarget") != "#note" || note.doc.Find("h1").Length() > 0 {
				t.Error("HTMX did not get a line for its place")
			}
			for _, a := range []answer{page, note} {
				if strings.Contains(a.text, "SECRETCAUSE") {
					t.Error("the cause is shown")
				}
			}
			if r.err == error(cause) && !strings.Contains(p.log.String(), "SECRETCAUSE") {
				t.Error("the cause is not in the log")
			}
		})
	}
}

func TestAFormThatFailsComesBackOnItsPage(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	p.fake.err = journey.Stale{}
	a := p.post(at("steps/build/apply"), url.Values{"page": {"build"}, "hash": {"old"}}).status(409)
	a.says("#note", "Read it again")
	_, form := a.form("form[data-plan]") // with the plan as it is now
	if form.Get("hash") == "old" || len(form["hash"]) == 0 {
		t.Errorf("the page asks for %v", form["hash"])
	}
	p.fake.err = &setup.Problem{Code: setup.CodeRateLimited, Message: "Wait.", RetryAfter: 30 * time.Second}
	a = p.post(at("steps/build/apply"), url.Values{}).status(503)
	if a.Header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
}

func TestAFailureCanBeFoundInTheLogByItsReference(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	p.fake.overErr = errors.New("the disk is full")
	a := p.get(at("build")).status(500)
	reference := regexp.MustCompile(`[A-Z2-7]{8}`).FindString(a.doc.Find("main code").Text())
	if reference == "" || !strings.Contains(p.log.String(), "reference="+reference) || !strings.Contains(p.log.String(), "disk is full") {
		t.Errorf("reference %q, log %s", reference, p.log)
	}
	if strings.Contains(a.text, "disk") {
		t.Error("the cause is shown")
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	for _, path := range []string{"/nobody", "/nobody/build", at("nothing"), at("events?page=nothing"), "/static/nothing.css"} {
		p.get(path).status(404)
	}
	p.post(at("steps/everything/apply"), nil).status(404)
	p.post(at("build"), nil).status(405).says("main", "takes no such request")
}

func TestAnotherWebSiteCanSendNoForm(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	a := p.post(at("steps/build/apply"), url.Values{"hash": {"x"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	a.status(403)
	if p.fake.last() != nil {
		t.Errorf("it asked for %v", p.fake.last())
	}
}

func TestAFormThatIsTooLargeIsRefused(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	p.post(at("answers"), url.Values{"hostname": {strings.Repeat("x", 1<<20)}}).status(422)
	if p.fake.last() != nil {
		t.Error("it was saved")
	}
}

func TestFilesAreKeptByTheirContent(t *testing.T) {
	p := openOn(t, scenePlanned(t))
	sheet := p.get("/").doc.Find("link[rel=stylesheet]").AttrOr("href", "")
	a := p.get(sheet).status(200)
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control is %q", got)
	}
	if got := a.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Errorf("Content-Type is %q", got)
	}
	old := "/static/000000000000/culvert.css"
	if got := p.get(old).status(200).Header.Get("Cache-Control"); strings.Contains(got, "immutable") {
		t.Errorf("an outdated address is kept: %q", got)
	}
}

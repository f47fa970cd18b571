package auth_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/auth"
)

func TestALinkSignsInOnce(t *testing.T) {
	s := newSite(t, auth.Options{})
	link := s.newLink()
	if !strings.HasPrefix(link, "/start/") || len(link) < len("/start/")+26 {
		t.Errorf("link = %q", link)
	}
	s.assertSignedIn(false)
	if a := s.ask("POST", link); a.status != http.StatusSeeOther {
		t.Fatalf("first use: %d %s", a.status, a.body)
	}
	s.assertSignedIn(true)
	if a := s.ask("POST", link); a.status != http.StatusGone || !strings.Contains(a.body, "used already") {
		t.Errorf("second use: %d %s", a.status, a.body)
	}
}

func TestLookingAtALinkDoesNotUseItUp(t *testing.T) {
	s := newSite(t, auth.Options{})
	link := s.newLink()
	for _, method := range []string{"GET", "HEAD", "GET"} {
		if a := s.ask(method, link); a.status != http.StatusOK || len(a.set) != 0 {
			t.Errorf("%s: %d with cookies %v", method, a.status, a.set)
		}
	}
	if a := s.ask("POST", link); a.status != http.StatusSeeOther {
		t.Errorf("then its button: %d %s", a.status, a.body)
	}
}

func TestALinkEndsAfterHalfAnHour(t *testing.T) {
	s := newSite(t, auth.Options{})
	inTime, late := s.newLink(), s.newLink()
	s.clock.pass(30*time.Minute - time.Second)
	if a := s.ask("POST", inTime); a.status != http.StatusSeeOther {
		t.Errorf("in time: %d %s", a.status, a.body)
	}
	s.clock.pass(time.Second)
	if a := s.ask("POST", late); a.status != http.StatusGone {
		t.Errorf("late: %d %s", a.status, a.body)
	}
	if a := s.ask("POST", "/start/guessed"); a.status != http.StatusGone {
		t.Errorf("guessed: %d %s", a.status, a.body)
	}
}

func TestTheStoreSeesNeitherLinksNorSessionTokens(t *testing.T) {
	s := newSite(t, auth.Options{})
	link := s.newLink()
	s.ask("POST", link)
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	if len(s.kept.links) != 1 || strings.Contains(link, s.kept.links[0]) || s.kept.links[0] == "" {
		t.Errorf("the store was given %q for the link %q", s.kept.links, link)
	}
	if c := s.cookies(); len(c) != 1 || len(s.kept.tokens) != 1 || s.kept.tokens[0] == c[0].Value {
		t.Errorf("the store was given %q for the cookie %v", s.kept.tokens, c)
	}
}

func TestTheCookieIsForThisSiteAndNotForScripts(t *testing.T) {
	for _, https := range []bool{false, true} {
		s := newSite(t, auth.Options{HTTPS: https})
		a := s.ask("POST", s.newLink())
		if len(a.set) != 1 {
			t.Fatalf("cookies: %v", a.set)
		}
		c := a.set[0]
		if c.Name != "culvert" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != https {
			t.Errorf("https %v: cookie = %v", https, c)
		}
		s.assertSignedIn(true)
	}
}

func TestALoginGivesANewSessionToken(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	before := s.cookies()[0]
	s.signIn()
	after := s.cookies()[0]
	if before.Value == after.Value {
		t.Error("the token stayed the same")
	}
	s.assertSignedIn(true)
	s.browser.Jar = nil
	if a := s.ask("GET", "/", "Cookie", before.String()); a.status != http.StatusUnauthorized {
		t.Errorf("the old token still works: %d", a.status)
	}
	if a := s.ask("POST", s.newLink(), "Cookie", "culvert=planted"); len(a.set) != 1 || a.set[0].Value == "planted" {
		t.Errorf("a planted token was taken over: %v", a.set)
	}
}

func TestASessionThatIsUsedLastsTwelveHours(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	for range 11 {
		s.clock.pass(time.Hour)
		s.assertSignedIn(true)
	}
	s.clock.pass(time.Hour + time.Minute)
	s.assertSignedIn(false)
}

func TestASessionThatIsNotUsedEndsAfterFourHours(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	s.clock.pass(4*time.Hour - time.Second)
	s.assertSignedIn(true) // and so it begins anew
	s.clock.pass(4*time.Hour - time.Second)
	s.assertSignedIn(true)
	s.clock.pass(4 * time.Hour)
	cookie := s.cookies()[0]
	s.assertSignedIn(false)
	s.clock.pass(-time.Hour)
	if a := s.ask("GET", "/", "Cookie", cookie.String()); a.status != http.StatusUnauthorized {
		t.Errorf("an ended session came back: %d", a.status)
	}
}

func TestVisitsAreWrittenAtMostOnceAMinute(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	s.clock.pass(30 * time.Second)
	before := s.kept.written()
	for range 20 {
		s.assertSignedIn(true)
	}
	if n := s.kept.written() - before; n != 0 {
		t.Errorf("%d writes within the first minute", n)
	}
	s.clock.pass(30 * time.Second)
	for range 20 {
		s.assertSignedIn(true)
	}
	if n := s.kept.written() - before; n != 1 {
		t.Errorf("%d writes in the second minute, want 1", n)
	}
}

func TestSigningOutEndsTheSessionEverywhere(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	cookie := s.cookies()[0]
	a := s.ask("POST", "/sign-out")
	if len(a.set) != 1 || a.set[0].MaxAge >= 0 {
		t.Errorf("the cookie is not taken away: %v", a.set)
	}
	s.assertSignedIn(false)
	if a := s.ask("GET", "/", "Cookie", cookie.String()); a.status != http.StatusUnauthorized {
		t.Errorf("a copy of the cookie still works: %d", a.status)
	}
}

func TestARequestUnderWayDoesNotBringASignedOutSessionBack(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.hold = make(chan struct{})
	s.signIn()
	cookie := s.cookies()[0].String()
	s.clock.pass(2 * time.Minute) // so that the visit is written
	slow := make(chan answer)
	go func() { slow <- s.ask("GET", "/slow") }()
	<-s.held
	s.ask("POST", "/sign-out")
	close(s.hold)
	if a := <-slow; a.status != http.StatusOK {
		t.Errorf("the slow request: %d", a.status)
	}
	s.browser.Jar = nil
	if a := s.ask("GET", "/", "Cookie", cookie); a.status != http.StatusUnauthorized {
		t.Errorf("the session is back: %d %s", a.status, a.body)
	}
}

func TestAStreamLearnsThatItsSessionEnded(t *testing.T) {
	rows := []struct {
		name string
		end  func(*site)
	}{
		{"signed out elsewhere", func(s *site) { s.ask("POST", "/sign-out") }},
		{"idle", func(s *site) { s.clock.pass(4 * time.Hour) }},
		{"too old", func(s *site) { s.clock.pass(13 * time.Hour) }},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			s := newSite(t, auth.Options{Idle: 0})
			s.hold = make(chan struct{})
			s.signIn()
			res, err := s.browser.Get(s.url + "/stream")
			s.check(err)
			defer res.Body.Close()
			lines := bufio.NewScanner(res.Body)
			next := func(want string) {
				t.Helper()
				if !lines.Scan() || lines.Text() != want {
					t.Fatalf("the stream says %q (%v), want %q", lines.Text(), lines.Err(), want)
				}
			}
			next("alive=true")
			s.hold <- struct{}{}
			next("alive=true")
			r.end(s)
			s.hold <- struct{}{}
			next("alive=false")
		})
	}
}

func TestEachSenderIsToldInItsOwnWayThatItIsSignedOut(t *testing.T) {
	const html = "text/html,application/xhtml+xml,*/*;q=0.8"
	rows := []struct {
		name, method, path string
		headers            []string
		status             int
		location, htmx     string
	}{
		{"a page", "GET", "/setups/ocs", []string{"Accept", html}, 303, "/signed-out", ""},
		{"a stream", "GET", "/events", []string{"Accept", "text/event-stream"}, 401, "", ""},
		{"HTMX", "GET", "/setups", []string{"HX-Request", "true", "Accept", html}, 401, "", "/signed-out"},
		{"HTMX sending a form", "POST", "/setups", []string{"HX-Request", "true"}, 401, "", "/signed-out"},
		{"a form", "POST", "/setups", []string{"Accept", html}, 401, "", ""},
		{"a program", "GET", "/setups", nil, 401, "", ""},
	}
	s := newSite(t, auth.Options{})
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			a := s.ask(r.method, r.path, r.headers...)
			if a.status != r.status || a.header.Get("Location") != r.location || a.header.Get("HX-Redirect") != r.htmx {
				t.Errorf("%d, Location %q, HX-Redirect %q", a.status, a.header.Get("Location"), a.header.Get("HX-Redirect"))
			}
			if strings.Contains(a.body, "actor=") || r.status == 401 && !strings.Contains(a.body, "signed out") {
				t.Errorf("body = %q", a.body)
			}
		})
	}
}

func TestOnlyOpenPathsNeedNoSession(t *testing.T) {
	rows := []struct {
		path string
		open bool
	}{
		{"/static/app.css", true}, {"/static/", true}, {"/healthz", true}, {"/signed-out", true}, {"/start/abc", true},
		{"/", false}, {"/static", false}, {"/staticfoo", false}, {"/healthz/more", false}, {"/signed-out/x", false},
		{"/static/../setups", false}, {"/static/%2e%2e/setups", false}, {"/%73tatic/apply", false}, {"//static/x", false},
	}
	s := newSite(t, auth.Options{})
	for _, r := range rows {
		a := s.ask("GET", r.path)
		if open := a.status != http.StatusUnauthorized; open != r.open {
			t.Errorf("%s: %d, want it open: %v", r.path, a.status, r.open)
		}
	}
}

func TestAFailureOfTheStoreIsLoggedAndNotShown(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.signIn()
	s.clock.pass(2 * time.Minute)
	s.kept.fail()
	a := s.ask("GET", "/")
	if a.status != http.StatusInternalServerError || !strings.HasSuffix(a.body, "Try again.") || strings.Contains(a.body, "sector 7") {
		t.Errorf("%d %q", a.status, a.body)
	}
	if !strings.Contains(s.log.String(), "sector 7") {
		t.Errorf("log = %q", s.log.String())
	}
}

func TestALoginThatCannotBeStoredFailsAndSetsNoCookie(t *testing.T) {
	s := newSite(t, auth.Options{})
	s.kept.fail()
	if a := s.ask("POST", s.newLink()); a.status != http.StatusGone || len(a.set) != 0 {
		t.Errorf("%d %q, cookies %v", a.status, a.body, a.set)
	}
}

func TestSessionsNeedTheMiddleware(t *testing.T) {
	s := newSite(t, auth.Options{})
	token := strings.TrimPrefix(s.newLink(), "/start/")
	if err := s.auth.Redeem(t.Context(), token); err == nil {
		t.Error("Redeem signed in nobody and said nothing")
	}
	if err := s.auth.SignOut(t.Context()); err == nil {
		t.Error("SignOut ended nothing and said nothing")
	}
	if actor := auth.Actor(t.Context()); actor != "" {
		t.Errorf("actor = %q", actor)
	}
}

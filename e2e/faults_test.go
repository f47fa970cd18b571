package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/setup"
)

// fault is one thing that goes wrong with a setup that stands, while its status
// page is open.
type fault struct {
	what  string
	act   func(*scene)
	class setup.Class // what it has to be named
	// dark are lights of the page that must not be good then, besides those of
	// which somebody outside sees that they would be untrue.
	dark []string
	// hidden: nobody outside and no event tells, so it is visible with the next
	// look at the account or the files, which somebody asks for.
	hidden bool
	// mend puts right what no button can, as the page advises; nil: one presses
	// Fix.
	mend func(*scene)
	// do is a part of what the page advises then.
	do string
	// thenFix: what is wrong even then is put right by a press.
	thenFix bool
}

// scene is a world with a setup that stands.
type scene struct {
	*stranger
	file string // culvert.yaml
	// token and more are what commands are given.
	token string
	more  []string
}

// soon is the time within which a fault has to be named.
const soon = 10 * time.Second

// TestEveryFaultIsNamedAndPutRight does one thing after the other to a setup on
// a real engine: some while nothing watches it, told and put right by command,
// and most while the dashboard runs and its status page is open. Each has
// to be named for what it is within ten seconds, leaves no light on that is
// untrue, and is put right and proven by one press, or else the page says what to
// do, and that is done.
func TestEveryFaultIsNamedAndPutRight(t *testing.T) {
	w := open(t)
	file := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(file, []byte(wanted), 0o600); err != nil {
		t.Fatal(err)
	}
	onStage := func(t *testing.T) *scene { return &scene{stranger: w.stranger(t), file: file, token: w.sim.Token} }
	s := onStage(t)
	w.zone = s.named(zones, w.sim.Zone).id()
	s.must("apply", "--yes")
	s.well("before anything went wrong")
	t.Run("by command", func(t *testing.T) {
		for _, f := range commandFaults() {
			t.Run(f.what, func(t *testing.T) { onStage(t).copesWith(f) })
		}
	})
	t.Run("on the page", func(t *testing.T) {
		v := w.visit(t, firstLine(t, w.serve(t)))
		v.give(w.sim.Token)
		v.stay("open-chat-studio")
		for i, f := range slices.Concat(accountFaults(), hostFaults(), awayFaults()) {
			if i%8 == 7 { // a client that still has calls to make at once
				v.give(w.sim.Token)
			}
			t.Run(f.what, func(t *testing.T) { v.in(t).suffers(onStage(t), f) })
		}
	})
}

const (
	// asksEvery is how often the watcher makes a check while a page is open.
	asksEvery = 6 * time.Second
	// untilAsked is how long the budget of calls may let somebody wait who asks
	// for another look at the account.
	untilAsked = 40 * time.Second
)

// suffers has a fault happen, looks how the page tells it, and has it put right
// from there.
func (v *visitor) suffers(s *scene, f fault) {
	v.Helper()
	before := v.until("all to be well", 90*time.Second, glance.well)
	began := time.Now()
	f.act(s)
	acted := time.Now()
	mend := sync.OnceFunc(func() {
		if f.mend != nil {
			f.mend(s)
		}
	})
	defer mend() // for those behind it, if this one fails
	if f.hidden {
		v.press(`form[action$="/again"]`)
	}
	patience := soon + asksEvery
	if f.hidden {
		patience = soon + untilAsked
	}
	told := v.until("it to be named "+string(f.class), patience, func(g glance) bool { return g.of(f.class) != nil })
	named, p := told.at.Sub(acted), told.of(f.class)
	if late := told.at.Sub(p.since); late > soon+time.Second { // it is told in whole seconds
		v.Errorf("it is named %v after it was visible", late)
	}
	untrue := slices.Concat(f.dark, s.untrue())
	dark := v.until("every light to go out that is untrue", patience-time.Since(acted)+asksEvery, func(g glance) bool {
		if g.honest(f.class) && !anyOf(g.good, untrue) {
			return true
		}
		untrue = slices.Concat(f.dark, s.untrue()) // of what was made anew some is back
		return false
	})

	mending, over := time.Now(), func(g glance) bool { return g.run != before.run && strings.Contains(g.run, "Put right and proven.") }
	if f.mend != nil {
		v.until("the page to say what to do: "+f.do, soon, func(g glance) bool {
			p := g.of(f.class)
			return f.do != "" && p != nil && strings.Contains(p.do, f.do)
		})
		mend()
		v.press(`form[action$="/again"]`)
		over = func(g glance) bool { return !g.at.Before(mending) }
	} else {
		v.until("a button", soon, func(g glance) bool { return g.of(f.class) == nil || g.of(f.class).button })
		v.press("#fix-all", "article.problem form[data-plan]")
		v.until("the repair to be proven", 90*time.Second, over)
	}
	if f.thenFix {
		button := func(g glance) bool { return slices.ContainsFunc(g.problems, func(p problem) bool { return p.button }) }
		if g := v.until("all to be well, or a button", 30*time.Second, func(g glance) bool { return g.well() || button(g) }); !g.well() {
			v.press("#fix-all", "article.problem form[data-plan]")
		}
	}
	proven := time.Since(mending)
	v.until("all to be well again", 90*time.Second, glance.well)
	for _, g := range v.since(dark.at) {
		if over(g) {
			break
		}
		if !g.honest(f.class) && g.of(f.class) != nil || anyOf(g.good, untrue) {
			v.Errorf("before it was put right the page shows\n%v", g)
		}
	}
	v.Logf("%s: named after %v, dark after %v (%s), proven %v after the press, all of it %v; %s", f.class, named.Round(time.Millisecond),
		dark.at.Sub(acted).Round(time.Millisecond), strings.Join(untrue, ", "), proven.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), dark)
}

// honest says whether the sentence on top tells of a problem: where all works
// and something is weaker than it was, beside what is good.
func (g glance) honest(c setup.Class) bool {
	p := g.of(c)
	return g.light != "on" || p != nil && p.severity == "weaker than it was" && strings.Contains(g.says, " But: ")
}

// untrue are the lights of the page that somebody outside, or at the server,
// sees to be untrue if they are on.
func (s *scene) untrue() []string {
	var names []string
	for _, hook := range webhooks {
		if status, _, err := s.asks(s.outside(), "https://"+host+hook.path); err != nil || status != hook.status {
			names = append(names, hook.name)
		}
	}
	for _, path := range locked {
		status, to, err := s.asks(s.outside(), "https://"+host+path)
		open := err == nil && status < http.StatusBadRequest && !strings.Contains(to, ".cloudflareaccess.com/cdn-cgi/access/login/"+host)
		switch {
		case open && path == "/":
			names = append(names, "Team login", doors)
		case open && !slices.Contains(names, "Everything else"):
			names = append(names, "Everything else", doors)
		}
	}
	if _, _, err := s.asks(s.w.HTTP(), "http://"+lab.HostAddress+":8000/"); err == nil {
		names = append(names, "Past the tunnel")
	}
	if _, _, err := s.asks(s.w.HTTP(), "http://127.0.0.1:8000/"); err != nil {
		names = append(names, beside, theApp)
	}
	return names
}

// asks gives status and target of what answers.
func (s *scene) asks(c *http.Client, at string) (status int, to string, err error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	return resp.StatusCode, resp.Header.Get("Location"), resp.Body.Close()
}

// outside is somebody who asks Cloudflare's edge.
func (s *scene) outside() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.w.sim.CA))
	c := s.w.HTTP()
	c.Transport = &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return s.w.Dial(ctx, network, s.w.sim.Edge)
		}}
	return c
}

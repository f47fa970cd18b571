package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// The page and the commands work on one made-up world, whoever of them runs, and
// it is there again after a kill.
func TestADashboardAndCommandsShareAWorldThatSurvivesThem(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	first := s.dashboard()
	first.shows("/open-chat-studio/status", allWell)
	s.breakage("break", "team-everyone") // it asks the dashboard, whose world it is
	first.shows("/break", "you broke this")
	first.shows("/open-chat-studio/status", everybodyMayEnter)
	first.kill()
	s.tells(setup.ClassTeamChanged, true)

	second := s.dashboard()
	second.shows("/open-chat-studio/status", everybodyMayEnter)
	s.breakage("mend")
	second.shows("/open-chat-studio/status", allWell)
	second.kill()
	s.must("status")
}

// What the status page says.
const (
	allWell           = "7 of 7 channels reach the app; everything else is locked."
	everybodyMayEnter = "More people may enter than you chose."
)

// dashboard is one that runs as a process of its own, and somebody signed in.
type dashboard struct {
	*shop
	cmd    *exec.Cmd
	out    io.Reader
	base   string
	client *http.Client
}

var loginLink = regexp.MustCompile(`(http://localhost:\d+)(/start/\w+)`)

func (s *shop) dashboard() *dashboard {
	s.Helper()
	d := &dashboard{shop: s, cmd: exec.CommandContext(s.Context(), os.Args[0], "serve", "--rehearsal", "--listen", "127.0.0.1:0", "--data", s.data)}
	d.cmd.Env = append(os.Environ(), asProgram+"=1", "SSH_CONNECTION=")
	out, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	link := loginLink.FindStringSubmatch(line)
	if link == nil {
		s.Fatalf("the dashboard printed %q, %v", line, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	d.out, d.base, d.client = lines, link[1], &http.Client{Jar: jar}
	d.post(link[2])
	return d
}

// kill ends it without notice.
func (d *dashboard) kill() {
	d.Helper()
	if err := d.cmd.Process.Kill(); err != nil {
		d.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, d.out)
	if err := d.cmd.Wait(); err == nil {
		d.Fatal("the dashboard ended before it was killed")
	}
}

// soon is how long somebody who broke something waits for what the page says. It
// is less than the time after which everything is looked at anyway.
const soon = 40 * time.Second

// shows waits until a page has a text.
func (d *dashboard) shows(path, text string) {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), soon)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		page := d.ask(http.MethodGet, path)
		if strings.Contains(page, text) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			d.Fatalf("within %v %s does not say %q:\n%s", soon, path, text, page)
		}
	}
}

func (d *dashboard) post(path string) { d.Helper(); d.ask(http.MethodPost, path) }

// ask gives the page that a request leads to.
func (d *dashboard) ask(method, path string) string {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.base+path, nil)
	if err != nil {
		d.Fatal(err)
	}
	resp, err := d.client.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.Fatalf("%s %s gives %s, %v:\n%s", method, path, resp.Status, err, text)
	}
	return string(text)
}

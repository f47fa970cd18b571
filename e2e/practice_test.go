package e2e

import (
	"os/exec"
	"regexp"
	"testing"
	"time"
)

var link = regexp.MustCompile(`http://localhost:\d+(/start/\w+)`)

// practise opens a browser at the practice, where the made-up app was found.
func practise(t *testing.T, width int) *browser {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(cmd.Environ(), "DOCKER_HOST=unix:///nowhere.sock", "SSH_CONNECTION=")
	url := link.FindStringSubmatch(firstLine(t, cmd))
	if url == nil {
		t.Fatal("no login link was printed")
	}
	b := openBrowser(t, url[0][:len(url[0])-len(url[1])], width)
	b.open(url[1])
	b.picture("start")
	b.press("Sign in")
	b.until("the front page", `location.pathname === "/"`, 10*time.Second)
	b.picture("front")
	b.press("Practice")
	b.press("Look at the practice server")
	b.until("what was found", `document.body.textContent.includes("What runs here")`, 20*time.Second)
	b.picture("found")
	return b
}

// TestPracticeInTheBrowser walks the whole way on the made-up account and host:
// what somebody does first, without Docker and without an account.
func TestPracticeInTheBrowser(t *testing.T) {
	for _, screen := range []struct {
		name  string
		width int
	}{{"laptop", 1200}, {"phone", 360}} {
		t.Run(screen.name, func(t *testing.T) {
			b := practise(t, screen.width)
			began := time.Now()
			b.walk("open-chat-studio", "")
			t.Logf("the way took %v", time.Since(began).Round(time.Millisecond))
			b.pathOfOnesOwn("/practice/open-chat-studio/")
			b.open("/practice/open-chat-studio")
			b.until("the status page", `location.pathname.endsWith("/status")`, 10*time.Second)
			b.until("the sentence with fresh proof", `!!document.querySelector(".verdict.on") && document.title.startsWith("✔")`, 60*time.Second)
			b.until("the whole way proven", `document.querySelectorAll(".way .hop.on").length === 5`, 60*time.Second)
			b.picture("status")
			b.open("/practice/open-chat-studio/checks-24h")
			b.until("the history of checks", `document.querySelectorAll(".bars .good").length > 0`, 90*time.Second)
			b.picture("checks")
			b.open("/practice/open-chat-studio/history")
			b.picture("history")
			b.open("/practice/open-chat-studio/teardown")
			b.picture("teardown")
		})
	}
}

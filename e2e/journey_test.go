package e2e

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestJourneyInTheBrowser has a person walk the wizard in Chromium: the real
// compose project, the real Compose command, a real engine, and a simulated
// account. What came of it is then asked of docker and curl.
func TestJourneyInTheBrowser(t *testing.T) {
	w := open(t)
	others := w.others(t)

	b, serve := w.signIn(t)
	w.isSetUpIn(t, b)
	if now := w.others(t); now != others {
		t.Errorf("other containers were touched:\n%s\n%s", others, now)
	}
	w.keepsSecrets(t, b)

	w.startsByHand(t)
	w.standsBehindTheTunnel(t)
	b.open("/open-chat-studio/done")
	b.press("Prove again now")
	b.untilStage("done", "done", 60*time.Second)
	b.open("/open-chat-studio/history")
	b.picture("history")

	s := &scene{stranger: w.stranger(t)}
	w.zone = s.named(zones, w.sim.Zone).id()
	s.fault("* /** latency 150ms")
	p := b.statusPage(s)
	all := pageFaults()
	told := p.crowd(all[0].says)
	for i, f := range all {
		p.suffers(f)
		if i == 0 {
			told()
		}
	}
	p.outlives(serve, func() { firstLine(t, w.serve(t)) })
}

// isSetUpIn walks the way from the first page to the proof, and looks at what came
// of it.
func (w *world) isSetUpIn(t *testing.T, b *browser) {
	t.Helper()
	compose, env := w.read(t, "docker-compose.prod.yml"), w.read(t, ".env.prod")
	b.press("Look at my server")
	began := time.Now()
	b.walk("open-chat-studio", w.sim.Token)
	t.Logf("the way took %v", time.Since(began).Round(time.Millisecond))
	w.standsBehindTheTunnel(t)
	w.filesDifferOnlyAsPlanned(t, compose, env)
}

// signIn starts the server and follows the link that it prints.
func (w *world) signIn(t *testing.T) (*browser, *exec.Cmd) {
	t.Helper()
	serve := w.serve(t)
	return w.browserAt(t, serve), serve
}

// browserAt follows the link that a server prints.
func (w *world) browserAt(t *testing.T, prints *exec.Cmd) *browser {
	t.Helper()
	path := link.FindStringSubmatch(firstLine(t, prints))
	if path == nil {
		t.Fatal("no login link was printed")
	}
	_, port, err := net.SplitHostPort(w.forward(t, "127.0.0.1:8765"))
	if err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t, "http://localhost:"+port, 1200)
	b.open(path[1])
	b.press("Sign in")
	return b
}

// dashboard signs in beside what was applied, and stores the token.
func (w *world) dashboard(t *testing.T) (*browser, *exec.Cmd) {
	t.Helper()
	b, serve := w.signIn(t)
	b.until("to be in", `location.pathname === "/" && document.readyState === "complete"`, 10*time.Second)
	b.open("/open-chat-studio/account")
	b.until("the token's field", `!!document.querySelector("#token")`, 10*time.Second)
	b.fill("#token", w.sim.Token)
	b.press("Check and store the token")
	b.untilStage("account", "done", 30*time.Second)
	b.open("/open-chat-studio/status")
	return b, serve
}

// end ends the server as an operator does.
func (w *world) end(t *testing.T, serve *exec.Cmd) {
	t.Helper()
	err := serve.Process.Signal(syscall.SIGTERM)
	if err == nil {
		_, err = serve.Process.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) serve(t *testing.T) *exec.Cmd {
	t.Helper()
	return w.culvert(t.Context(), t, "serve", "--listen", "127.0.0.1:8765")
}

// keepsSecrets looks for the API token where it must not be.
func (w *world) keepsSecrets(t *testing.T, b *browser) {
	t.Helper()
	for _, page := range []string{"account", "done", "history", "build"} {
		b.open("/open-chat-studio/" + page)
		if strings.Contains(b.text("html"), w.sim.Token) {
			t.Errorf("the page %s shows the token", page)
		}
	}
	database, err := os.ReadFile(w.data + "/culvert.db")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(database), w.sim.Token) {
		t.Error("the token is readable in the database")
	}
	if argv := w.inspect(t, "culvert-open-chat-studio-cloudflared-1", "{{json .Config.Cmd}} {{json .Config.Entrypoint}}"); strings.Contains(argv, "eyJ") {
		t.Errorf("the tunnel's token is in the connector's arguments: %s", argv)
	}
}

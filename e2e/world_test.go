package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/setup"
)

// world is a server with the app on it, and a simulated account.
type world struct {
	*lab.Lab
	bin   string // the program as built
	stack setup.Stack
	sim   simLine
	ca    string // file of the edge's authority
	data  string
	tools string // folder of the Compose command
	zone  string // id of the zone, once it is asked for
	env   []string
}

// simLine is what `culvert sim` prints.
type simLine struct {
	URL       string `json:"url"`
	Control   string `json:"control"`
	Edge      string `json:"edge"`
	Tunnel    string `json:"tunnel_edge"`
	DNS       string `json:"dns"`
	CA        string `json:"ca"`
	Token     string `json:"token"`
	AccountID string `json:"account_id"`
	Team      string `json:"team_domain"`
	Zone      string `json:"zone"`
}

// open starts everything: engine, simulated account, images, the app. More images
// are for what the stand-ins do not do.
func open(t *testing.T, more ...func(context.Context, *lab.Lab) error) *world {
	t.Helper()
	w := &world{Lab: lab.Start(t), bin: program(t), data: t.TempDir(), tools: t.TempDir()}
	w.startSim(t)
	if err := w.ImportStandIns(t.Context(), w.sim.Tunnel, []byte(w.sim.CA)); err != nil {
		t.Fatal(err)
	}
	for _, load := range more {
		if err := load(t.Context(), w.Lab); err != nil {
			t.Fatal(err)
		}
	}
	w.stack = w.Project(t, lab.Fixtures())
	compose, err := lab.ComposeBinary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(compose, filepath.Join(w.tools, "docker-compose")); err != nil {
		t.Fatal(err)
	}
	return w
}

// builds is the folder of what the tests build.
var builds string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "culvert-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the program:", err)
		os.Exit(1)
	}
	builds = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// built is the program, built for the first test that needs it.
var built = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(builds, "culvert")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/culvert/culvert/cmd/culvert").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w: %s", err, out)
	}
	return bin, nil
})

func program(t *testing.T) string {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// startSim runs `culvert sim` where containers can reach it.
func (w *world) startSim(t *testing.T) {
	t.Helper()
	cmd := w.Command(t.Context(), w.bin, "sim", "--host", lab.HostAddress, "--control", "0", "--dns-port", "0")
	line := firstLine(t, cmd)
	if err := json.Unmarshal([]byte(line), &w.sim); err != nil {
		t.Fatalf("what sim printed: %v\n%s", err, line)
	}
	w.ca = filepath.Join(t.TempDir(), "edge-ca.pem")
	if err := os.WriteFile(w.ca, []byte(w.sim.CA), 0o600); err != nil {
		t.Fatal(err)
	}
}

// firstLine starts a command that goes on running and gives its first line. The
// command ends with the test, and what it printed to stderr is logged if the
// test failed.
func firstLine(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = 10 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		t.Fatalf("%s ended: %v\n%s", cmd, err, &stderr)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = lines.WriteTo(&stderr)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		_ = cmd.Wait() // it was told to end
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Args[0]), &stderr)
		}
	})
	return line
}

// culvert is the program with the environment of this server.
func (w *world) culvert(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := w.Command(ctx, w.bin, append(args, "--data", w.data)...)
	cmd.Env = append(cmd.Env,
		"PATH="+w.tools+":"+os.Getenv("PATH"),
		"CLOUDFLARE_BASE_URL="+w.sim.URL,
		"CULVERT_LAB_EDGE="+w.sim.Edge,
		"CULVERT_LAB_CA="+w.ca,
		"SSH_CONNECTION=",
	)
	cmd.Env = append(cmd.Env, w.env...)
	return cmd
}

// curl asks the edge as anybody outside would, and gives status and headers.
func (w *world) curl(t *testing.T, method, url string, more ...string) (status int, headers string) {
	t.Helper()
	args := append([]string{"-sS", "-o", "/dev/null", "-D", "-", "-X", method, "--max-time", "10",
		"--cacert", w.ca, "--connect-to", "::" + w.sim.Edge}, more...)
	out, err := w.Run(t.Context(), "curl", append(args, url)...)
	if err != nil {
		t.Fatalf("curl %s: %v", url, err)
	}
	if _, err := fmt.Sscanf(out, "HTTP/%s %d", new(string), &status); err != nil {
		t.Fatalf("curl %s: no status in %q", url, out)
	}
	return status, out
}

// inspect asks docker about a container.
func (w *world) inspect(t *testing.T, container, format string) string {
	t.Helper()
	out, err := w.Run(t.Context(), "docker", "inspect", "--format", format, container)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// accepts says whether something accepts connections at an address of the
// server.
func (w *world) accepts(t *testing.T, address string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	conn, err := w.Dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
		return true
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("asking %s: %v", address, err)
	}
	return false
}

// gateway is the server's own address in the app's network: not loopback.
func (w *world) gateway(t *testing.T) string {
	t.Helper()
	return w.inspect(t, w.container("web"), `{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}`)
}

func (w *world) container(service string) string { return w.stack.Project + "-" + service + "-1" }

func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.stack.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forward makes an address inside the lab's network reachable from outside of
// it, for the browser.
func (w *world) forward(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed with the test
			}
			go w.pipe(t.Context(), conn, to)
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func (w *world) pipe(ctx context.Context, in net.Conn, to string) {
	defer func() { _ = in.Close() }()
	out, err := w.Dial(ctx, "tcp", to)
	if err != nil {
		return // the browser sees a closed connection
	}
	defer func() { _ = out.Close() }()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = bufio.NewReader(way[0]).WriteTo(way[1])
			_ = way[1].Close()
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

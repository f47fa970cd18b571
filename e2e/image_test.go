package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestInAContainerOfItsOwn walks the wizard in the dashboard of the image that
// `make image` builds, started by the compose file that the README names, and
// then mends a deleted door with the command inside of it.
func TestInAContainerOfItsOwn(t *testing.T) {
	w := open(t)
	c := w.contained(t)
	w.isSetUpIn(t, w.browserAt(t, c.logs(t)))

	if out, err := c.culvert(t, "status").CombinedOutput(); err != nil {
		t.Errorf("culvert status: %v\n%s", err, out)
	}
	s := &scene{stranger: w.stranger(t)}
	s.remove(apps, "Door for Telegram")
	if out, err := c.culvert(t, "repair", "--yes").CombinedOutput(); err != nil {
		t.Errorf("culvert repair: %v\n%s", err, out)
	}
	w.standsBehindTheTunnel(t)
}

// container is Culvert in its own image.
type container struct {
	*world
	files []string // of Compose
}

// contained starts the image. What is added to the compose file is where the lab
// keeps the socket, and where the simulated Cloudflare is.
func (w *world) contained(t *testing.T) *container {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	made := exec.CommandContext(t.Context(), "make", "image", "VERSION=test")
	made.Dir, made.Env = root, append(os.Environ(), "DOCKER_HOST="+w.Host())
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	t.Logf("make image took %v", time.Since(began).Round(time.Second))
	more := filepath.Join(t.TempDir(), "lab.yml")
	text := fmt.Sprintf(`services:
  culvert:
    environment: [CLOUDFLARE_BASE_URL=%s, CULVERT_LAB_EDGE=%s, CULVERT_LAB_CA=%s]
    volumes: ["%s:/var/run/docker.sock", "%s:%s:ro"]
`, w.sim.URL, w.sim.Edge, w.ca, w.Socket(), w.ca, w.ca)
	if err := os.WriteFile(more, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &container{w, []string{"-f", filepath.Join(root, "docker-compose.yml"), "-f", more}}
	if out, err := c.compose(t, "up", "-d").CombinedOutput(); err != nil {
		t.Fatalf("docker compose up: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "-H", w.Host(), "rm", "-f", "culvert-culvert-1").CombinedOutput(); err != nil {
			t.Errorf("removing it: %v\n%s", err, out)
		}
	})
	return c
}

func (c *container) compose(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	args = append(append([]string{"-p", "culvert"}, c.files...), args...)
	cmd := c.Command(t.Context(), filepath.Join(c.tools, "docker-compose"), args...)
	cmd.Env = append(cmd.Env, "APP_DIR="+c.stack.Dir, "CULVERT_DATA="+c.data)
	return cmd
}

// culvert is the command inside, as the README writes it.
func (c *container) culvert(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	args = append([]string{"exec", "-T", "culvert", "culvert"}, args...)
	return c.compose(t, append(args, "--data", c.data)...)
}

// logs goes on printing what it prints.
func (c *container) logs(t *testing.T) *exec.Cmd {
	t.Helper()
	return c.Command(t.Context(), "docker", "logs", "--follow", "culvert-culvert-1")
}

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const wanted = `app: open-chat-studio
hostname: chat.example.org
zone: example.org
team:
  domains: [example.org]
`

// TestJourneyByCommandLine applies, plans again, has the operator start the app
// by hand as its guide says, and takes everything down.
func TestJourneyByCommandLine(t *testing.T) {
	w := open(t)
	file := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(file, []byte(wanted), 0o600); err != nil {
		t.Fatal(err)
	}
	compose, env := w.read(t, "docker-compose.prod.yml"), w.read(t, ".env.prod")
	others := w.others(t)

	run := func(code int, args ...string) string {
		t.Helper()
		cmd := w.culvert(t.Context(), t, append(args, "-f", file)...)
		cmd.Env = append(cmd.Env, "CLOUDFLARE_API_TOKEN="+w.sim.Token)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
			t.Fatalf("culvert %s: %v, want exit status %d\n%s", args[0], err, code, out)
		}
		t.Logf("culvert %s took %v", args[0], time.Since(began).Round(time.Millisecond))
		return string(out)
	}

	run(2, "plan")
	run(0, "apply", "--yes")
	w.standsBehindTheTunnel(t)
	w.filesDifferOnlyAsPlanned(t, compose, env)
	if now := w.others(t); now != others {
		t.Errorf("other containers were touched:\n%s\n%s", others, now)
	}
	if out := run(0, "plan"); out != "nothing to do\n" {
		t.Errorf("a second plan says:\n%s", out)
	}
	run(0, "verify")

	w.startsByHand(t)
	w.standsBehindTheTunnel(t)
	run(0, "plan")
	run(0, "status")

	run(0, "destroy", "--yes")
	if after := w.read(t, ".env.prod"); after != env {
		t.Errorf(".env.prod is not as it was:\n%s", after)
	}
	if _, err := os.Stat(filepath.Join(w.stack.Dir, "docker-compose.culvert.yml")); !os.IsNotExist(err) {
		t.Errorf("the connector's file is left: %v", err)
	}
	if out, err := w.Run(t.Context(), "docker", "ps", "-a", "--format", "{{.Names}}", "--filter", "name=culvert"); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("containers are left: %s %v", out, err)
	}
	if w.accepts(t, w.gateway(t)+":8000") {
		t.Error("destroy opened the port again")
	}
}

// others lists id and start of the containers that must not be touched.
func (w *world) others(t *testing.T) string {
	t.Helper()
	var all []string
	for _, service := range []string{"db", "redis", "celery_worker", "celery_beat"} {
		all = append(all, w.inspect(t, w.container(service), "{{.Id}} {{.State.StartedAt}}"))
	}
	return strings.Join(all, "\n")
}

// filesDifferOnlyAsPlanned: the port's line, the two settings, nothing else.
func (w *world) filesDifferOnlyAsPlanned(t *testing.T, compose, env string) {
	t.Helper()
	port := lineWith(t, compose, `"${PORT:-8000}:${PORT:-8000}"`)
	changedOnly(t, "docker-compose.prod.yml", compose, w.read(t, "docker-compose.prod.yml"), map[string]string{
		strings.Replace(port, `"${PORT`, `"127.0.0.1:${PORT`, 1): port,
	})
	hosts := lineWith(t, env, "DJANGO_ALLOWED_HOSTS=")
	changedOnly(t, ".env.prod", env, w.read(t, ".env.prod"), map[string]string{
		hosts + "," + host:                     hosts,
		"CSRF_TRUSTED_ORIGINS=https://" + host: "",
	})
}

func lineWith(t *testing.T, text, part string) string {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, part) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("no line has %q", part)
	return ""
}

// startsByHand does what the app's own guide tells the operator to do.
func (w *world) startsByHand(t *testing.T) {
	t.Helper()
	for _, more := range [][]string{nil, {"--remove-orphans"}} {
		args := append([]string{"-f", "docker-compose.prod.yml", "up", "-d"}, more...)
		if out, err := w.Compose(t.Context(), w.stack.Dir, args...); err != nil {
			t.Fatalf("docker compose %v: %v\n%s", args, err, out)
		}
	}
}

package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// The stock project, as its own guide has it.
const (
	ProjectName = "open-chat-studio"
	ProjectFile = "docker-compose.prod.yml"
	EnvFile     = ".env.prod"
)

// Fixtures is the folder of the app's own files, where FIXTURES names a folder
// of such folders, one an app; empty: the project's own are used.
func Fixtures() string {
	if dir := os.Getenv("FIXTURES"); dir != "" {
		return filepath.Join(dir, ProjectName)
	}
	return ""
}

// Project copies a compose project into a folder named open-chat-studio, gives
// it the settings that its guide asks for, and brings it up. An empty fixtures
// means the one in testdata. The project is taken down with the test.
func (l *Lab) Project(t testing.TB, fixtures string) setup.Stack {
	t.Helper()
	if _, err := ComposeBinary(t.Context()); err != nil { // minutes, the first time
		t.Fatalf("building Compose: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), ProjectName)
	if err := writeProject(ctx, dir, fixtures); err != nil {
		t.Fatalf("preparing the project: %v", err)
	}
	began := time.Now()
	if _, err := l.Compose(ctx, dir, "-f", ProjectFile, "up", "-d"); err != nil {
		t.Fatalf("bringing the project up: %v", err)
	}
	t.Cleanup(func() { l.down(t, dir) })
	t.Logf("project up after %v", time.Since(began).Round(time.Millisecond))
	return setup.Stack{
		Project: ProjectName, Dir: dir, Files: []string{filepath.Join(dir, ProjectFile)},
		Service: "web", Target: 8000, Network: ProjectName + "_default",
		ComposeFile: filepath.Join(dir, ProjectFile), EnvFile: filepath.Join(dir, EnvFile),
	}
}

// down takes a project away; the test's own context has ended by then.
func (l *Lab) down(t testing.TB, dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l.killContainers() // also those of other projects on its network
	if _, err := l.Compose(ctx, dir, "-f", ProjectFile, "down", "--volumes", "--timeout", "2"); err != nil {
		t.Logf("taking the project down: %v", err)
	}
}

// writeProject copies what a person would: the compose file, and the example
// settings as .env.prod with the values filled in that have no default.
func writeProject(ctx context.Context, dir, fixtures string) error {
	if fixtures == "" {
		root, err := moduleRoot(ctx)
		if err != nil {
			return err
		}
		fixtures = filepath.Join(root, "testdata", "ocs")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	compose, err := os.ReadFile(filepath.Join(fixtures, ProjectFile))
	if err != nil {
		return err
	}
	example, err := firstFile(fixtures, EnvFile, "env.prod", "env.example", ".env.example")
	if err != nil {
		return err
	}
	for _, f := range []struct{ name, content string }{
		{ProjectFile, quickChecks.ReplaceAllString(string(compose), "${1}2s")},
		{".env", "POSTGRES_PASSWORD=made-up-db-pa55word\n"},
		{EnvFile, fillIn(example)},
	} {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// quickChecks finds how often the engine looks whether a service is well. What
// waits for it to be well waits for the first look.
var quickChecks = regexp.MustCompile(`(?m)^( +interval: ).*$`)

func firstFile(dir string, names ...string) (string, error) {
	for _, name := range names {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return string(b), nil
		}
	}
	return "", fmt.Errorf("none of %s is in %s", strings.Join(names, ", "), dir)
}

// fillIn sets what the guide tells the operator to set, and leaves the rest.
func fillIn(env string) string {
	env = setKey(env, "DJANGO_SETTINGS_MODULE", "config.settings_production")
	env = setKey(env, "DATABASE_URL", "postgres://postgres:made-up-db-pa55word@db:5432/open_chat_studio")
	env = setKey(env, "REDIS_URL", "redis://redis:6379")
	return setKey(env, "DJANGO_ALLOWED_HOSTS", "old.example")
}

// setKey replaces the value of a key or appends it.
func setKey(env, key, value string) string {
	line := key + "=" + value
	at := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `=.*$`)
	if at.MatchString(env) {
		return at.ReplaceAllLiteralString(env, line)
	}
	if env != "" && !strings.HasSuffix(env, "\n") {
		env += "\n"
	}
	return env + line + "\n"
}

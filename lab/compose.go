package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const composeModule = "github.com/docker/compose/v5"

// ComposeBinary gives the path of the real Compose command, one static binary. It
// is built once per version from the module in tools/compose and kept in the
// user's cache; COMPOSE_BINARY names one that is there already.
func ComposeBinary(ctx context.Context) (string, error) {
	if path := os.Getenv("COMPOSE_BINARY"); path != "" {
		return path, nil
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	tools := filepath.Join(root, "tools", "compose")
	version, err := goIn(ctx, tools, "list", "-m", "-f", "{{.Version}}", composeModule)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a place for Compose: %w", err)
	}
	binary := filepath.Join(cache, "culvert", "static-docker-compose-"+version)
	if exists(binary) {
		return binary, nil
	}
	return binary, buildCompose(ctx, tools, version, binary)
}

// buildCompose builds beside the final name and then renames, so that two test
// processes at once do no harm.
func buildCompose(ctx context.Context, tools, version, binary string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return fmt.Errorf("making a place for Compose: %w", err)
	}
	beside := fmt.Sprintf("%s.%d", binary, os.Getpid())
	_, err := goIn(ctx, tools, "build", "-ldflags=-s -w -X "+composeModule+"/internal.Version="+version,
		"-o", beside, composeModule+"/cmd")
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	if err := os.Rename(beside, binary); err != nil {
		return fmt.Errorf("putting Compose in its place: %w", err)
	}
	return nil
}

func goIn(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Compose runs the Compose command in a folder, as an operator would type it.
func (l *Lab) Compose(ctx context.Context, dir string, args ...string) (string, error) {
	binary, err := ComposeBinary(ctx)
	if err != nil {
		return "", err
	}
	cmd := l.Command(ctx, binary, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "COMPOSE_PROGRESS=plain", "COMPOSE_ANSI=never")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("compose %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

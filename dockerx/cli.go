package dockerx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/culvert/culvert/setup"
)

// cli runs the Compose command.
type cli struct {
	argv  []string
	env   []string
	log   *slog.Logger
	grace time.Duration // for a command that is cancelled while it changes something
}

// ours are the settings under which every Compose command runs. They win over
// the .env of the project folder: what an operator put there for their own
// commands (to remove orphans, say) must not happen in passing.
func ours() []string {
	return []string{
		"COMPOSE_REMOVE_ORPHANS=false", "COMPOSE_IGNORE_ORPHANS=true", "COMPOSE_MENU=false",
		"COMPOSE_PROGRESS=plain", "COMPOSE_ANSI=never",
	}
}

// plainEnv keeps of an environment what Docker's commands need to find their
// settings and the engine. All the rest could be a variable of a compose file
// and would make containers differ from what the operator's own command makes.
func plainEnv(environ []string) []string {
	keep := []string{"PATH", "HOME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "TMPDIR",
		"DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "SSH_AUTH_SOCK"}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains(keep, name)
	})
}

// order is one run of the Compose command.
type order struct {
	dir  string // to run in; empty: anywhere
	args []string
	mask mask
	// changes: the command changes something, so a cancelled one is given time
	// to finish: an app between its old and its new container is down.
	changes bool
	// quiet: what it prints holds values of the environment and is not logged.
	quiet bool
}

// answer is what a command printed. Text is both streams, line by line.
type answer struct {
	stdout []byte
	text   []string
}

func (c cli) run(ctx context.Context, o order) (answer, error) {
	if len(c.argv) == 0 {
		return answer{}, noCompose()
	}
	cmd := c.command(ctx, o)
	var out bytes.Buffer
	all := &lines{each: func(line string) {
		if !o.quiet {
			c.log.DebugContext(ctx, "compose", "line", o.mask.text(line))
		}
	}}
	cmd.Stdout = io.MultiWriter(&out, all)
	cmd.Stderr = all
	c.log.DebugContext(ctx, "compose", "args", o.args)
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started itself; mostly gone
	}
	all.flush()
	a := answer{stdout: out.Bytes(), text: all.got}
	if err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return a, &setup.Problem{Code: setup.CodeUnavailable, Message: "The Compose command was stopped before it was done.", Cause: fmt.Errorf("%w: %w", ctx.Err(), err)}
	}
	return a, c.failure(o, a, err)
}

func (c cli) command(ctx context.Context, o order) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.argv[0], append(slices.Clone(c.argv[1:]), o.args...)...)
	cmd.Env = append(slices.Clone(c.env), ours()...)
	if o.dir != "" {
		cmd.Dir = o.dir
		cmd.Env = append(cmd.Env, "PWD="+o.dir)
	}
	// A group of its own: an interrupt typed at our terminal is ours to pass on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if o.changes {
		// Nothing is sent; it is killed when the grace is over. This error makes
		// one that ends well in the meantime count as done.
		cmd.Cancel = func() error { return os.ErrProcessDone }
		cmd.WaitDelay = c.grace
	}
	return cmd
}

// failure turns what Compose said into a problem.
func (c cli) failure(o order, a answer, err error) *setup.Problem {
	said := o.mask.text(lastOf(a.text))
	cause := fmt.Errorf("compose %s: %w: %s", strings.Join(o.args, " "), err, o.mask.text(strings.Join(tail(a.text, 12), "\n")))
	all := strings.Join(a.text, "\n")
	p := &setup.Problem{Code: setup.CodeRefused, Cause: cause, Message: "Docker Compose refused. It says: " + said}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return noCompose()
	case lostEngine.MatchString(all):
		p.Code, p.Message = setup.CodeUnavailable, "Docker went away while Compose was at work. Start it again (sudo systemctl start docker); Culvert then looks at what became of it."
	case strings.Contains(all, "port is already allocated"), strings.Contains(all, "address already in use"):
		p.Code, p.Message = setup.CodeConflict, "A port that the app publishes is taken by another program. Compose says: "+said
	}
	return p
}

// lostEngine is what the Compose command says when the engine is gone or goes.
var lostEngine = regexp.MustCompile(`(?i)cannot connect to the docker daemon|failed to connect to the docker api|error during connect|unexpected EOF`)

func noCompose() *setup.Problem {
	return &setup.Problem{Code: setup.CodeNotFound, Message: "There is no Docker Compose of version 2 or later on this server. Install the package docker-compose-plugin (see docs.docker.com/compose/install), then try again."}
}

func lastOf(text []string) string {
	if len(text) == 0 {
		return "nothing"
	}
	return text[len(text)-1]
}

func tail(text []string, n int) []string { return text[max(0, len(text)-n):] }

// FindCompose gives the command that runs Compose on this machine: the plugin
// of the docker command, else a docker-compose of its own. Version 1 is refused:
// it cannot read today's compose files and would name containers differently.
func FindCompose(ctx context.Context) ([]string, error) {
	old := ""
	for _, argv := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		cmd := exec.CommandContext(ctx, argv[0], append(slices.Clone(argv[1:]), "version", "--short")...)
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("looking for Docker Compose: %w", ctx.Err())
		}
		version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
		switch {
		case err != nil, version == "":
		case version[0] == '0', strings.HasPrefix(version, "1."):
			old = version
		default: // 2.x and later, or a build without a number
			return argv, nil
		}
	}
	p := noCompose()
	if old != "" {
		p.Code = setup.CodeRefused
		p.Message = "Docker Compose on this server is version " + old + ", which can no longer read today's compose files. Install the package docker-compose-plugin (version 2 or later), then try again."
	}
	return nil, p
}

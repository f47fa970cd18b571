package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Main is the program under all its names. argv includes its own name, which
// decides what it does; under a name that says nothing the next word does. It
// runs until ctx ends, which stands for SIGTERM, and returns the exit code.
func Main(ctx context.Context, argv []string, env Lookup, stdout, stderr io.Writer) int {
	p := program{ctx: ctx, env: env, stdout: stdout, stderr: stderr}
	if len(argv) > 0 && p.command(filepath.Base(argv[0])) == nil {
		argv = argv[1:]
	}
	if len(argv) == 0 {
		argv = []string{"postgres"} // the database's image is started without words
	}
	return p.run(argv)
}

type program struct {
	ctx            context.Context // ends at SIGTERM
	env            Lookup
	stdout, stderr io.Writer
}

// command is what a name does with the words after it, or nil.
func (p program) command(name string) func(args []string) int {
	switch name {
	case "gunicorn":
		return p.gunicorn
	case "python", "python3":
		return p.python
	case "celery":
		return p.celery
	case "postgres", "redis-server":
		return p.idle
	case "pg_isready":
		return p.say("accepting connections")
	case "redis-cli":
		return p.say("PONG")
	case "sh":
		return p.shell
	case "true":
		return p.say()
	}
	return nil
}

func (p program) run(argv []string) int {
	if c := p.command(filepath.Base(argv[0])); c != nil {
		return c(argv[1:])
	}
	return p.fail(127, argv[0]+": not found")
}

func (p program) fail(code int, why ...any) int {
	_, _ = fmt.Fprintln(p.stderr, why...)
	return code
}

func (p program) say(lines ...string) func([]string) int {
	return func([]string) int {
		for _, l := range lines {
			_, _ = fmt.Fprintln(p.stdout, l)
		}
		return 0
	}
}

// idle does nothing until it is stopped. STANDIN_LISTEN is where it listens
// meanwhile, so that somebody who must not reach a database has one to try.
func (p program) idle([]string) int {
	if at, _ := p.env("STANDIN_LISTEN"); at != "" {
		l, err := net.Listen("tcp", at)
		if err != nil {
			return p.fail(1, err)
		}
		defer context.AfterFunc(p.ctx, func() { _ = l.Close() })()
		_, _ = fmt.Fprintf(p.stdout, "Listening at: %s\n", l.Addr())
		for p.ctx.Err() == nil {
			if c, err := l.Accept(); err == nil {
				_ = c.Close() // reached, which is all there is to know
			}
		}
		return 0
	}
	<-p.ctx.Done()
	return 0
}

// shell runs `sh -c "a && b || exit N"`: enough for health checks and start
// commands, and no quoting.
func (p program) shell(args []string) int {
	if len(args) < 2 || args[0] != "-c" {
		return p.fail(2, `sh: only sh -c "command" is here`)
	}
	line, otherwise, _ := strings.Cut(args[1], "||")
	code := 0
	for part := range strings.SplitSeq(line, "&&") {
		words := strings.Fields(part)
		if len(words) > 0 && words[0] == "exec" {
			words = words[1:]
		}
		if len(words) == 0 {
			return p.fail(2, "sh: syntax error")
		}
		if code = p.run(words); code != 0 {
			break
		}
	}
	if want, ok := strings.CutPrefix(strings.TrimSpace(otherwise), "exit "); ok && code != 0 {
		if n, err := strconv.Atoi(strings.TrimSpace(want)); err == nil {
			return n
		}
	}
	return code
}

func (p program) settings() (Settings, error) { return FromEnv(p.env, p.ownIP) }

// ownIP is gethostbyname(gethostname()) of the container.
func (p program) ownIP() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	ips, err := net.DefaultResolver.LookupIP(p.ctx, "ip4", name)
	if err != nil || len(ips) == 0 {
		return ""
	}
	return ips[0].String()
}

func (p program) python(args []string) int {
	if len(args) == 6 && args[1] == "-c" {
		return p.addresses(args[5])
	}
	if len(args) >= 2 && args[0] == "-c" {
		return p.script(args[1:])
	}
	if len(args) < 2 || args[0] != "manage.py" {
		return p.fail(2, "python: only manage.py is here")
	}
	s, err := p.settings()
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return p.fail(1, err)
	}
	if args[1] == "reregister_webhooks" {
		return p.register(args[2:])
	}
	if !slices.Contains([]string{"migrate", "check"}, args[1]) {
		return p.fail(1, "Unknown command:", args[1])
	}
	return p.say("No migrations to apply.")(nil)
}

func (p program) celery([]string) int {
	if _, err := p.settings(); err != nil {
		return p.fail(1, err)
	}
	return p.idle(nil)
}

// gunicorn serves the app. It does not run the system checks, as the real one.
func (p program) gunicorn(args []string) int {
	if !slices.Contains(args, "config.wsgi:application") {
		return p.fail(1, "gunicorn: error: no application module specified")
	}
	s, err := p.settings()
	if err != nil {
		return p.fail(3, err, "\nReason: Worker failed to boot.")
	}
	if err := p.startDelay(); err != nil {
		return p.fail(1, err)
	}
	if p.ctx.Err() != nil {
		return 0
	}
	l, err := net.Listen("tcp", bindAddress(args))
	if err != nil {
		return p.fail(1, err)
	}
	_, _ = fmt.Fprintf(p.stdout, "Listening at: http://%s\n", l.Addr())
	srv := &http.Server{Handler: Handler(s, p.stdout), ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(p.ctx, func() { _ = srv.Close() })() // at once: nothing here is worth a wait
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return p.fail(1, err)
	}
	return 0
}

// startDelay waits as the real app does while it loads.
func (p program) startDelay() error {
	raw, set := p.env("STANDIN_START_DELAY")
	if !set || raw == "" {
		return nil
	}
	d, err := time.ParseDuration(raw)
	if err != nil {
		return fmt.Errorf("STANDIN_START_DELAY %q is no duration", raw)
	}
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
	}
	return nil
}

func bindAddress(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--bind="); ok {
			return v
		}
		if (a == "--bind" || a == "-b") && i+1 < len(args) {
			return args[i+1]
		}
	}
	return "127.0.0.1:8000"
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/internal/need"
)

// Lab is a running engine.
type Lab struct {
	dir    string // socket, data, logs
	netns  string // name of the network namespace
	api    *client.Client
	joined bool // somebody else's, left running
	engine *engine
	log    *slog.Logger
}

// Start gives the lab to a test and ends it with the test. It skips the test,
// or fails it under REQUIRE=docker, where there can be none.
func Start(t testing.TB) *Lab {
	t.Helper()
	need.Need(t, "docker", Possible())
	began := time.Now()
	l, err := Open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("starting the lab: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("ending the lab: %v", err)
		}
	})
	t.Logf("engine up after %v", time.Since(began).Round(time.Millisecond))
	return l
}

// Possible says why this machine can run no lab; nil if it can.
func Possible() error {
	if os.Getenv("DOCKER_LAB") != "" {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("not root, which a network namespace takes")
	}
	for _, tool := range []string{"dockerd", "ip", "nsenter", "iptables", "dnsmasq", "nginx"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed (Debian: apt-get install docker.io iproute2 iptables dnsmasq-base nginx-light)", tool)
		}
	}
	return nil
}

// Open starts a lab, or joins the one that DOCKER_LAB names.
func Open(ctx context.Context, log *slog.Logger) (*Lab, error) {
	if dir := os.Getenv("DOCKER_LAB"); dir != "" {
		return join(ctx, dir, log)
	}
	sweep(log)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("making the lab's folder: %w", err)
	}
	l := &Lab{dir: dir, netns: filepath.Base(dir), log: log}
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open(ctx context.Context) error {
	if err := addNetns(ctx, l.netns); err != nil {
		return err
	}
	engine, err := startEngine(l.dir, l.netns)
	if err != nil {
		return err
	}
	l.engine = engine
	return l.connect(ctx)
}

func join(ctx context.Context, dir string, log *slog.Logger) (*Lab, error) {
	l := &Lab{dir: dir, netns: filepath.Base(dir), log: log, joined: true}
	if err := l.connect(ctx); err != nil {
		return nil, fmt.Errorf("joining the lab in %s: %w", dir, err)
	}
	return l, nil
}

// connect waits until the engine answers.
func (l *Lab) connect(ctx context.Context) error {
	if l.api == nil {
		api, err := client.New(client.WithHost(l.Host()))
		if err != nil {
			return fmt.Errorf("connecting to the lab's engine: %w", err)
		}
		l.api = api
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var last error
	err := poll(ctx, func() bool {
		_, last = l.api.Ping(ctx, client.PingOptions{})
		return last == nil || (l.engine != nil && l.engine.ended())
	})
	if err == nil && last == nil {
		return nil
	}
	said, _ := os.ReadFile(filepath.Join(l.dir, engineLog))
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return fmt.Errorf("the engine does not answer: %w; its log ends: %s", last, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}

// Close ends the engine with all its containers and takes everything away.
// Somebody else's lab stays.
func (l *Lab) Close() error {
	if l.joined {
		return l.api.Close()
	}
	var errs []error
	if l.api != nil {
		if l.engine != nil && !l.engine.ended() {
			l.killContainers()
		}
		errs = append(errs, l.api.Close())
	}
	if l.engine != nil {
		errs = append(errs, l.engine.stop())
	}
	errs = append(errs, removeNetns(l.netns), removeDir(l.dir))
	return errors.Join(errs...)
}

// killContainers saves the time that an engine gives them to end by themselves.
func (l *Lab) killContainers() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	list, err := l.api.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return // the engine will do it
	}
	for _, c := range list.Items {
		if _, err := l.api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			l.log.Warn("removing a container of the lab", "name", c.Names, "error", err)
		}
	}
}

// Dir is the lab's folder; DOCKER_LAB set to it joins the lab.
func (l *Lab) Dir() string { return l.dir }

// Socket is the path of the engine's socket.
func (l *Lab) Socket() string { return filepath.Join(l.dir, "docker.sock") }

// Host is the engine's address in the form of DOCKER_HOST.
func (l *Lab) Host() string { return "unix://" + l.Socket() }

// API is a client of the engine, for looking behind the program under test.
func (l *Lab) API() *client.Client { return l.api }

// KillEngine ends the engine the hard way, as a crash would. It is for a lab
// that this process started.
func (l *Lab) KillEngine() error {
	if l.joined {
		return errors.New("the engine of a lab that was joined is not ours to kill")
	}
	return l.engine.kill()
}

// StartEngine starts it again on the same data.
func (l *Lab) StartEngine(ctx context.Context) error {
	engine, err := startEngine(l.dir, l.netns)
	if err != nil {
		return err
	}
	l.engine = engine
	return l.connect(ctx)
}

// poll asks every twentieth of a second until done or the context ends.
func poll(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

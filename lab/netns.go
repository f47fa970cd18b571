package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// prefix begins the names of a lab's folder and namespace; the id of the
	// process that keeps the lab follows.
	prefix = "culvert-lab-"

	// HostAddress is the server's own address in the lab that is no loopback
	// address. The range is reserved for examples.
	HostAddress = "198.51.100.1"

	netnsDir = "/var/run/netns"
)

func addNetns(ctx context.Context, name string) error {
	for _, args := range [][]string{
		{"netns", "add", name},
		{"-n", name, "link", "set", "lo", "up"},
		{"-n", name, "link", "add", "server0", "type", "bridge"}, // not every kernel has dummy devices
		{"-n", name, "address", "add", HostAddress + "/24", "dev", "server0"},
		{"-n", name, "link", "set", "server0", "up"},
	} {
		if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func removeNetns(name string) error {
	if !exists(filepath.Join(netnsDir, name)) {
		return nil
	}
	if out, err := exec.Command("ip", "netns", "delete", name).CombinedOutput(); err != nil {
		return fmt.Errorf("removing the lab's network namespace: %w: %s", err, out)
	}
	return nil
}

// NetnsPath is the file of the lab's network namespace.
func (l *Lab) NetnsPath() string { return filepath.Join(netnsDir, l.netns) }

// Command is a command that runs inside the lab's network, with DOCKER_HOST set
// to its engine.
func (l *Lab) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + l.NetnsPath(), "--", name}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+l.Host())
	return cmd
}

// Run runs a command inside the lab's network and gives what it printed.
func (l *Lab) Run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := l.Command(ctx, name, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// Dial connects from inside the lab's network. The address must be numeric.
func (l *Lab) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return inside(l.NetnsPath(), func() (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	})
}

// Listen listens inside the lab's network: at HostAddress for containers, at a
// loopback address for programs started with Command.
func (l *Lab) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return inside(l.NetnsPath(), func() (net.Listener, error) {
		return new(net.ListenConfig).Listen(ctx, network, address)
	})
}

// ListenPacket is Listen for UDP.
func (l *Lab) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return inside(l.NetnsPath(), func() (net.PacketConn, error) {
		return new(net.ListenConfig).ListenPacket(ctx, network, address)
	})
}

// inside makes a socket in another network namespace, in which it stays. The
// thread that enters the namespace is locked and never released, so it ends
// with its goroutine and nothing else ever runs on it.
func inside[S any](netns string, open func() (S, error)) (S, error) {
	type answer struct {
		socket S
		err    error
	}
	ch := make(chan answer, 1)
	go func() {
		runtime.LockOSThread()
		var a answer
		if a.err = enter(netns); a.err == nil {
			a.socket, a.err = open()
		}
		ch <- a
	}()
	a := <-ch
	return a.socket, a.err
}

func enter(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("entering the lab's network: %w", err)
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering the lab's network: %w", err)
	}
	return nil
}

// HTTP is a client that asks from inside the lab's network and follows no
// redirects.
func (l *Lab) HTTP() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: l.Dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// sweep takes away labs whose process is gone.
func sweep(log *slog.Logger) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if pid, err := strconv.Atoi(owner); err != nil || exists(fmt.Sprintf("/proc/%d", pid)) {
			continue
		}
		err := errors.Join(stopLeftEngine(dir), removeNetns(filepath.Base(dir)), removeDir(dir))
		log.Info("took away a lab that was left behind", "dir", dir, "error", err)
	}
}

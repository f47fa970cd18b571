package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// engineLog is the name of the engine's log in the lab's folder.
const engineLog = "dockerd.log"

// engine is a dockerd that we started.
type engine struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once it ended
}

// startEngine starts dockerd inside a network namespace. It is entered with
// nsenter because ip netns exec would hide the cgroups from it.
func startEngine(dir, netns string) (*engine, error) {
	log, err := os.OpenFile(filepath.Join(dir, engineLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the engine's log: %w", err)
	}
	defer log.Close()
	config := filepath.Join(dir, "daemon.json") // not the machine's own
	if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
		return nil, fmt.Errorf("writing the engine's configuration: %w", err)
	}
	// Left by an engine that was killed, they would make the next one wait for
	// processes that are dead, or dead but not yet buried.
	_ = os.Remove(filepath.Join(dir, "dockerd.pid"))
	_ = os.Remove(filepath.Join(dir, "exec", "containerd", "containerd.pid"))
	cmd := exec.Command("nsenter", "--net="+filepath.Join(netnsDir, netns), "--", "dockerd",
		"--config-file", config,
		"--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "dockerd.pid"),
		"--host", "unix://"+filepath.Join(dir, "docker.sock"),
		"--dns", HostAddress) // nobody answers there, at once
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting dockerd: %w", err)
	}
	e := &engine{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	return e, nil
}

func (e *engine) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// stop lets the engine end by itself, then ends it.
func (e *engine) stop() error {
	if !e.ended() {
		_ = e.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-e.done:
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("the engine did not end in time"), e.kill())
	}
}

// kill ends the engine and the containerd that it keeps, at once.
func (e *engine) kill() error {
	err := syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL)
	<-e.done
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// stopLeftEngine ends the engine of a lab whose keeper is gone.
func stopLeftEngine(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "dockerd.pid"))
	if err != nil {
		return nil // it ended properly or never began
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("reading the pid of a left engine: %w", err)
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !strings.Contains(string(command), dir) {
		return nil // the number is somebody else's now
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending a left engine: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return poll(ctx, func() bool { return !exists(fmt.Sprintf("/proc/%d", pid)) })
}

// removeDir removes a lab's folder with whatever is still mounted in it.
func removeDir(dir string) error {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return fmt.Errorf("reading the mounts: %w", err)
	}
	var inside []string
	for _, line := range strings.Split(string(mounts), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			inside = append(inside, fields[1])
		}
	}
	slices.SortFunc(inside, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // inner ones first
	for _, m := range inside {
		_ = syscall.Unmount(m, syscall.MNT_DETACH) // removal tells if it failed
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the lab's folder: %w", err)
	}
	return nil
}

package dockerx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// problem maps an error of the engine's API. This is the only place that does.
func (h *Host) problem(ctx context.Context, doing string, err error) *setup.Problem {
	var known *setup.Problem
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &setup.Problem{Code: setup.CodeUnavailable, Message: "Docker did not answer in time.", Cause: fmt.Errorf("%s: %w", doing, err)}
	case client.IsErrConnectionFailed(err):
		return unreachable(h.api.DaemonHost(), h.knock(ctx, err))
	}
	return &setup.Problem{Code: setup.CodeUnavailable, Message: "Docker answered with an error while " + doing + ".", Cause: fmt.Errorf("%s: %w", doing, err)}
}

// knock tries the engine's socket once more by hand: the client's own errors do
// not say whether it was missing, closed to us or deaf.
func (h *Host) knock(ctx context.Context, err error) error {
	path, ok := strings.CutPrefix(h.api.DaemonHost(), "unix://")
	if !ok {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, dialErr := new(net.Dialer).DialContext(ctx, "unix", path)
	if dialErr != nil {
		return dialErr
	}
	_ = conn.Close()
	return err
}

// unreachable says why an engine cannot be reached and what to do.
func unreachable(host string, err error) *setup.Problem {
	p := &setup.Problem{Code: setup.CodeUnavailable, Cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.Code = setup.CodeDenied
		p.Message = "Culvert may not use Docker at " + host + ". Add its user to the group docker (sudo usermod -aG docker USER), then log in anew. Know that whoever is in this group can do on this server what root can."
	case errors.Is(err, fs.ErrNotExist):
		p.Message = "There is no Docker at " + host + ". Install Docker Engine on this server or start it (sudo systemctl start docker). If it is elsewhere, set DOCKER_HOST."
	case errors.Is(err, syscall.ECONNREFUSED):
		p.Message = "Docker at " + host + " is not running. Start it (sudo systemctl start docker)."
	default:
		p.Message = "Docker at " + host + " cannot be reached. Check that it runs (docker info) and that DOCKER_HOST is right."
	}
	return p
}

func refuse(format string, args ...any) *setup.Problem {
	return &setup.Problem{Code: setup.CodeRefused, Message: fmt.Sprintf(format, args...)}
}

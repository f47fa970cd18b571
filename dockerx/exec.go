package dockerx

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// maxOutput bounds what a command may print.
const maxOutput = 4 << 20

var errTooMuch = errors.New("it prints more than is read")

// Beside runs a command in the running container of a service, with its
// environment, and gives what it printed. The engine cannot end a command once
// it runs, so what may take long has to end by itself.
func (h *Host) Beside(ctx context.Context, project, service string, command []string) ([]byte, error) {
	up, err := h.runningBoxes(ctx, project, service)
	if err != nil {
		return nil, err
	}
	return h.within(ctx, up[0], command)
}

// within runs a command in a running container.
func (h *Host) within(ctx context.Context, b box, command []string) ([]byte, error) {
	doing := "running a command in " + b.name()
	made, err := h.api.ExecCreate(ctx, b.ID, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, h.problem(ctx, doing, err)
	}
	stream, err := h.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, h.problem(ctx, doing, err)
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	var out, complaint capped
	if _, err := stdcopy.StdCopy(&out, &complaint, stream.Reader); err != nil {
		return nil, h.problem(ctx, doing, errors.Join(ctx.Err(), err))
	}
	ended, err := h.api.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		return nil, h.problem(ctx, doing, err)
	}
	if ended.ExitCode != 0 {
		h.log.DebugContext(ctx, "a command in a container failed", "container", b.name(), "status", ended.ExitCode, "bytes", complaint.Len())
		return nil, refuse("The command in %s ended with status %d.", b.name(), ended.ExitCode)
	}
	return out.Bytes(), nil
}

// capped keeps what is written up to a bound, and refuses the rest.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("%w (%d bytes)", errTooMuch, maxOutput)
	}
	return c.Buffer.Write(p)
}

package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Exec runs a command in a running container, gives it input, and returns what
// it printed.
func (l *Lab) Exec(ctx context.Context, container, input string, command ...string) (string, error) {
	doing := fmt.Sprintf("running %s in %s", strings.Join(command, " "), container)
	made, err := l.api.ExecCreate(ctx, container, client.ExecCreateOptions{Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	stream, err := l.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	defer stream.Close()
	if _, err = io.WriteString(stream.Conn, input); err == nil {
		err = stream.CloseWrite()
	}
	var out, complaint bytes.Buffer
	if err == nil {
		_, err = stdcopy.StdCopy(&out, &complaint, stream.Reader)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	ended, err := l.api.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err == nil && ended.ExitCode != 0 {
		err = fmt.Errorf("it ended with %d: %s", ended.ExitCode, complaint.String())
	}
	if err != nil {
		return out.String(), fmt.Errorf("%s: %w", doing, err)
	}
	return out.String(), nil
}

package dockerx

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// containerLogs gives the last lines of one container, not masked.
func (h *Host) containerLogs(ctx context.Context, b box, tail int) ([]string, error) {
	stream, err := h.api.ContainerLogs(ctx, b.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(tail)})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var text bytes.Buffer
	if b.Config != nil && b.Config.Tty {
		_, err = text.ReadFrom(stream)
	} else {
		_, err = stdcopy.StdCopy(&text, &text, stream)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a log: %w", err)
	}
	var out []string
	for _, line := range strings.Split(text.String(), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out[max(0, len(out)-tail):], nil
}

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

// Logs gives the last lines that the containers of a project wrote, each with
// the name of its container. Values of their environment are masked.
func (h *Host) Logs(ctx context.Context, project string, tail int) ([]string, error) {
	all, err := h.boxes(ctx, project, "")
	if err != nil {
		return nil, err
	}
	m := maskOf(all)
	var out []string
	for _, b := range all {
		said, err := h.containerLogs(ctx, b, tail)
		if err != nil {
			return nil, h.problem(ctx, "reading the log of "+b.name(), err)
		}
		for _, line := range said {
			out = append(out, b.name()+": "+m.text(line))
		}
	}
	return out, nil
}

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

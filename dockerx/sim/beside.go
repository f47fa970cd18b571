package sim

import (
	"context"
	"fmt"

	"github.com/culvert/culvert/setup"
)

// Beside runs a command as if in the running container of a service.
func (h *Host) Beside(ctx context.Context, project, service string, command []string) ([]byte, error) {
	h.mu.Lock()
	problem := h.unusable(project, service)
	h.mu.Unlock()
	if problem != nil {
		return nil, problem
	}
	status, out := 127, []byte(nil)
	if h.opts.Beside != nil {
		out, status = h.opts.Beside(ctx, project, h.Env(project, service), command)
	}
	if status != 0 {
		return nil, &setup.Problem{Code: setup.CodeRefused, Message: fmt.Sprintf("The command in %s ended with status %d.", service, status)}
	}
	return out, nil
}

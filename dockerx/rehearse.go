package dockerx

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
)

// upArgs is the one command that recreates a service and nothing else.
func (r *recreation) upArgs(from found.Source, dry bool) []string {
	args := append(stackArgs(r.project, from), "up", "-d", "--no-deps", "--no-build", "--pull", "never")
	if n := len(r.up); n > 1 { // as many as run now, whatever scaled them
		args = append(args, "--scale", r.service+"="+strconv.Itoa(n))
	}
	if dry {
		args = append(args, "--dry-run")
	}
	return append(args, r.service)
}

// rehearse asks Compose what the recreate would do and refuses if any of it is
// not about the service. It says false if there is nothing to do.
func (h *Host) rehearse(ctx context.Context, r *recreation, from found.Source) (bool, error) {
	a, err := h.cli.run(ctx, order{dir: from.Dir, args: r.upArgs(from, true), mask: r.mask})
	if err != nil {
		return false, err
	}
	todo := false
	for _, line := range a.text {
		step, ok := parseStep(line)
		switch {
		case strings.Contains(line, "Recreate (data will be lost)"):
			return false, refuse("Restarting %s would also change a volume, because the compose files describe it differently now. Culvert changes one service only. Run docker compose up -d yourself first.", r.service)
		case !ok || !step.changes():
		case step.kind == "Container" && r.about(step.name):
			todo = true
		default:
			return false, refuse("Restarting %s would also change %s (%s), because the compose files describe it differently now. Culvert changes one service only. Run docker compose up -d yourself first, then go on.",
				r.service, strings.ToLower(step.kind)+" "+step.name, strings.ToLower(step.status))
		}
	}
	return todo, nil
}

// step is one line of Compose's progress.
type step struct{ kind, name, status string }

// stepText is the form of such a line; a dry run of older versions says so in
// front of it, and names of volumes stand in quotes.
var stepText = regexp.MustCompile(`(Container|Network|Volume|Image|Service|Config|Secret) "?([^\s"]+)"?\s+([A-Z][a-z]+)`)

func parseStep(line string) (step, bool) {
	m := stepText.FindStringSubmatch(line)
	if m == nil {
		return step{}, false
	}
	return step{kind: m[1], name: m[2], status: m[3]}, true
}

// changes: all but what only tells how something stands.
func (s step) changes() bool {
	return !slices.Contains([]string{"Running", "Waiting", "Healthy", "Exited", "Exists"}, s.status)
}

// temporary is what Compose puts before a container's name while it replaces it.
var temporary = regexp.MustCompile(`^[0-9a-f]{12}_`)

// about says whether a container's name is one of the service's.
func (r *recreation) about(name string) bool {
	name = temporary.ReplaceAllString(name, "")
	return slices.ContainsFunc(r.up, func(b box) bool { return temporary.ReplaceAllString(b.name(), "") == name })
}

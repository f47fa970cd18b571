package dockerx

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// box is a container as the engine describes it in full.
type box struct{ container.InspectResponse }

// boxes lists the containers of a service, or of a whole project if service is
// empty, in the order of their numbers. One-off containers do not count.
func (h *Host) boxes(ctx context.Context, project, service string) ([]box, error) {
	filters := make(client.Filters).Add("label", labelProject+"="+project)
	if service != "" {
		filters.Add("label", labelService+"="+service)
	}
	return h.inspectAll(ctx, filters)
}

func (h *Host) inspectAll(ctx context.Context, filters client.Filters) ([]box, error) {
	ctx, cancel := context.WithTimeout(ctx, h.answer)
	defer cancel()
	list, err := h.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		return nil, h.problem(ctx, "listing containers", err)
	}
	var out []box
	for _, item := range list.Items {
		if oneOff(item.Labels) {
			continue
		}
		got, err := h.api.ContainerInspect(ctx, item.ID, client.ContainerInspectOptions{})
		if cerrdefs.IsNotFound(err) {
			continue // removed since it was listed
		}
		if err != nil {
			return nil, h.problem(ctx, "inspecting a container", err)
		}
		out = append(out, box{got.Container})
	}
	slices.SortFunc(out, func(a, b box) int {
		return cmp.Or(cmp.Compare(a.number(), b.number()), cmp.Compare(a.name(), b.name()))
	})
	return out, nil
}

func (b box) labels() map[string]string {
	if b.Config == nil {
		return nil
	}
	return b.Config.Labels
}

func (b box) name() string    { return strings.TrimPrefix(b.Name, "/") }
func (b box) project() string { return b.labels()[labelProject] }
func (b box) service() string { return b.labels()[labelService] }

func (b box) number() int {
	n, err := strconv.Atoi(b.labels()[labelNumber])
	if err != nil {
		return 0
	}
	return n
}

// running is false for one that keeps crashing: Docker calls it running
// between two attempts.
func (b box) running() bool {
	return b.State != nil && b.State.Running && !b.State.Restarting && !b.State.Paused
}

// made is when it was made; zero: the engine does not say.
func (b box) made() time.Time {
	at, err := time.Parse(time.RFC3339Nano, b.Created)
	if err != nil {
		return time.Time{}
	}
	return at
}

func (b box) health() string {
	if b.State == nil || b.State.Health == nil || b.State.Health.Status == container.NoHealthcheck {
		return ""
	}
	return string(b.State.Health.Status)
}

// env is the container's environment; the last of equal keys counts.
func (b box) env() map[string]string {
	out := map[string]string{}
	if b.Config == nil {
		return out
	}
	for _, kv := range b.Config.Env {
		if k, v, ok := strings.Cut(kv, "="); ok {
			out[k] = v
		}
	}
	return out
}

// networks are the names of the networks that it is on, sorted.
func (b box) networks() []string {
	if b.NetworkSettings == nil {
		return nil
	}
	return sortedNames(b.NetworkSettings.Networks)
}

// addresses are its addresses, in the order of its networks' names.
func (b box) addresses() []string {
	var out []string
	for _, name := range b.networks() {
		if ep := b.NetworkSettings.Networks[name]; ep != nil && ep.IPAddress.IsValid() {
			out = append(out, ep.IPAddress.String())
		}
	}
	return out
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// runningBoxes gives the containers of a service that run. If none does, the
// problem says what to do first.
func (h *Host) runningBoxes(ctx context.Context, project, service string) ([]box, error) {
	all, err := h.boxes(ctx, project, service)
	if err != nil {
		return nil, err
	}
	up := slices.DeleteFunc(slices.Clone(all), func(b box) bool { return !b.running() })
	if len(up) == 0 {
		return nil, notRunning(project, service, all)
	}
	return up, nil
}

// readable gives the containers that tell how a service is: those that run, or,
// if none does, the newest stopped one of each number. Compose leaves two of one
// number if it is cut off while it replaces one.
func (h *Host) readable(ctx context.Context, project, service string) ([]box, error) {
	all, err := h.boxes(ctx, project, service)
	if err != nil {
		return nil, err
	}
	if up := slices.DeleteFunc(slices.Clone(all), func(b box) bool { return !b.running() }); len(up) > 0 {
		return up, nil
	}
	if len(all) == 0 || slices.ContainsFunc(all, func(b box) bool { return !b.stopped() }) {
		return nil, notRunning(project, service, all)
	}
	var newest []box
	for _, b := range all { // in the order of their numbers
		last := len(newest) - 1
		switch {
		case last < 0 || newest[last].number() != b.number():
			newest = append(newest, b)
		case b.Created > newest[last].Created:
			newest[last] = b
		}
	}
	return newest, nil
}

// stopped: it ended, or was never started. One that keeps crashing is neither.
func (b box) stopped() bool {
	return b.State != nil && (b.State.Status == container.StateExited || b.State.Status == container.StateCreated)
}

// stopped says whether none of a service's containers runs.
func stopped(all []box) bool { return !slices.ContainsFunc(all, box.running) }

func notRunning(project, service string, all []box) *setup.Problem {
	p := &setup.Problem{Code: setup.CodeUnavailable}
	switch {
	case len(all) == 0:
		p.Code = setup.CodeNotFound
		p.Message = service + " of project " + project + " does not exist on this server. Start your app first (docker compose up -d), then look again."
	case all[0].State != nil && all[0].State.Restarting:
		p.Message = service + " is not running: it keeps crashing. See why with docker logs " + all[0].name() + "; Culvert goes on once it runs."
	default:
		p.Message = service + " is not running: start your app first (docker start " + all[0].name() + ", or docker compose up -d), then look again."
	}
	return p
}

// others are the containers of a project that are of none of the services.
func others(project []box, services ...string) []box {
	return slices.DeleteFunc(slices.Clone(project), func(b box) bool { return slices.Contains(services, b.service()) })
}

package dockerx

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/culvert/culvert/dockerx/found"
)

// Look tells what runs on this host, without changing anything: for the first
// page, before anything was answered.
func (h *Host) Look(ctx context.Context) ([]Found, error) {
	boxes, err := h.inspectAll(ctx, nil)
	if err != nil {
		return nil, err
	}
	projects := map[string]map[string][]box{}
	for _, b := range boxes {
		if projects[b.project()] == nil {
			projects[b.project()] = map[string][]box{}
		}
		service := cmp.Or(b.service(), b.name())
		projects[b.project()][service] = append(projects[b.project()][service], b)
	}
	out := make([]Found, 0, len(projects))
	for _, name := range slices.Sorted(maps.Keys(projects)) {
		out = append(out, h.projectFound(name, projects[name]))
	}
	return out, nil
}

func (h *Host) projectFound(name string, services map[string][]box) Found {
	p := Found{Name: name}
	newest := ""
	for _, service := range slices.Sorted(maps.Keys(services)) {
		for _, b := range services[service] {
			if b.Created > newest { // RFC 3339 in UTC sorts as text
				newest, p.Source = b.Created, sourceOf(b.labels())
			}
		}
		p.Services = append(p.Services, h.serviceFound(service, services[service]))
	}
	return p
}

// serviceFound describes a service by its first running container, and its
// ports by all of them.
func (h *Host) serviceFound(name string, all []box) found.Service {
	first := all[0]
	if i := slices.IndexFunc(all, box.running); i >= 0 {
		first = all[i]
	}
	s := found.Service{Name: name, Source: sourceOf(first.labels()), ID: first.ID, Made: first.made(), Containers: len(all),
		Health: first.health(), Networks: first.networks(), Env: map[string]string{}}
	if first.Config != nil {
		s.Image = first.Config.Image
		s.Command = append([]string{first.Path}, first.Args...)
	}
	for _, b := range all {
		if b.running() {
			s.Running++
		}
		s.Ports = append(s.Ports, b.ports()...)
	}
	env := first.env()
	s.Keys = sortedNames(env)
	for _, key := range s.Keys {
		if env[key] != "" {
			s.Filled = append(s.Filled, key)
		}
		if h.reveal[key] {
			s.Env[key] = env[key]
		}
	}
	return s
}

package stackfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Change is one difference between two meanings of a project.
type Change struct {
	Service string // empty for what belongs to no service
	Path    string // such as services.web.ports; never holds a value
	Words   string // a plain sentence; never holds a value of the environment
}

// Difference is everything that changed between two meanings, in a fixed order.
type Difference struct{ Changes []Change }

// Empty reports whether the project means the same as before.
func (d Difference) Empty() bool { return len(d.Changes) == 0 }

// Services lists the services that changed, which compose would recreate.
func (d Difference) Services() []string {
	var out []string
	for _, c := range d.Changes {
		if c.Service != "" && !slices.Contains(out, c.Service) {
			out = append(out, c.Service)
		}
	}
	return out
}

func (d Difference) String() string {
	lines := make([]string, len(d.Changes))
	for i, c := range d.Changes {
		lines[i] = c.Words
	}
	return strings.Join(lines, "\n")
}

// Differences lists everything that differs between two meanings.
func Differences(before, after *Meaning) (Difference, error) {
	a, err := before.model()
	if err != nil {
		return Difference{}, err
	}
	b, err := after.model()
	if err != nil {
		return Difference{}, err
	}
	var d Difference
	for _, name := range union(before.Services(), after.Services()) {
		d.Changes = append(d.Changes, serviceChanges(before, after, name)...)
	}
	for _, path := range differing(a, b, nil) {
		words := "The project's " + strings.Join(path, ".") + " changes."
		d.Changes = append(d.Changes, Change{Path: strings.Join(path, "."), Words: words})
	}
	return d, nil
}

// model is the project without its services, as plain maps.
func (m *Meaning) model() (map[string]any, error) {
	all, err := plain(m.project)
	delete(all, "services")
	return all, err
}

// plain turns a compose-go value into plain maps that can be compared by path.
func plain(v any) (map[string]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("compare compose projects: %w", err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("compare compose projects: %w", err)
	}
	return out, nil
}

func serviceChanges(before, after *Meaning, name string) []Change {
	old, was := before.service(name)
	now, is := after.service(name)
	if !was || !is {
		verb := map[bool]string{true: "disappears", false: "appears"}[was]
		return []Change{{Service: name, Path: "services." + name, Words: "The service " + name + " " + verb + "."}}
	}
	out := portChanges(name, before.Ports(name), after.Ports(name))
	out = append(out, envChanges(name, before.environment(name), after.environment(name))...)
	a, errA := plain(old)
	b, errB := plain(now)
	if errA != nil || errB != nil {
		return append(out, Change{Service: name, Path: "services." + name, Words: name + " cannot be compared."})
	}
	for _, path := range differing(a, b, nil) {
		if path[0] == "environment" || path[0] == "ports" && len(out) > 0 {
			continue
		}
		where := strings.Join(path, ".")
		out = append(out, Change{Service: name, Path: "services." + name + "." + where, Words: name + ": " + where + " changes."})
	}
	return out
}

func portChanges(service string, before, after []Port) []Change {
	gone, come := subtractPorts(before, after), subtractPorts(after, before)
	if len(gone)+len(come) == 0 {
		return nil
	}
	words := service + " publishes " + portWords(after) + " instead of " + portWords(before) + "."
	return []Change{{Service: service, Path: portsPath(service), Words: words}}
}

func portsPath(service string) string { return "services." + service + ".ports" }

func portWords(ports []Port) string {
	if len(ports) == 0 {
		return "nothing"
	}
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = p.String()
	}
	return strings.Join(words, ", ")
}

// subtractPorts gives the ports of a that b does not have.
func subtractPorts(a, b []Port) []Port {
	rest := slices.Clone(b)
	var out []Port
	for _, p := range a {
		if i := slices.Index(rest, p); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, p)
		}
	}
	return out
}

func envChanges(service string, before, after map[string]string) []Change {
	var out []Change
	for _, key := range union(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		old, was := before[key]
		now, is := after[key]
		verb := "changes"
		switch {
		case was == is && old == now:
			continue
		case !was:
			verb = "is added"
		case !is:
			verb = "is removed"
		}
		out = append(out, Change{Service: service, Path: envPath(service, key), Words: service + ": " + key + " " + verb + "."})
	}
	return out
}

func envPath(service, key string) string { return "services." + service + ".environment." + key }

// differing lists the paths at which two trees differ, in order.
func differing(a, b any, path []string) [][]string {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	ma, okA := a.(map[string]any)
	mb, okB := b.(map[string]any)
	if !okA || !okB {
		return [][]string{path}
	}
	var out [][]string
	for _, key := range union(slices.Sorted(maps.Keys(ma)), slices.Sorted(maps.Keys(mb))) {
		va, inA := ma[key]
		vb, inB := mb[key]
		at := append(slices.Clone(path), key)
		if inA != inB {
			out = append(out, at)
			continue
		}
		out = append(out, differing(va, vb, at)...)
	}
	return out
}

// union merges two sorted lists.
func union(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}

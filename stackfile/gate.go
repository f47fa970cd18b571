package stackfile

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Compare is the gate for an edit, not an empty one, of the ports of a service:
// ports must have become reachable from the host alone or have gone, and nothing
// else may differ. A refusal names what would change beyond that, or what keeps
// a port public although the edit was to close it.
func Compare(before, after *Meaning, service string) (Difference, error) {
	d, err := Differences(before, after)
	if err != nil {
		return d, err
	}
	if d.Empty() {
		return d, refuse(0, "Change the ports where they are decided.",
			"The edit has no effect: another file decides the ports of %s.", service).of(service)
	}
	if r := only(d, func(c Change) bool { return c.Path == portsPath(service) }); r != nil {
		return d, r.of(service)
	}
	old := before.Ports(service)
	for _, p := range subtractPorts(after.Ports(service), old) {
		narrowed := slices.ContainsFunc(old, func(was Port) bool {
			was.HostIP = p.HostIP
			return was == p
		})
		if !narrowed || !p.Loopback() {
			return d, refuse(0, "Change the ports by hand.", "The edit would publish %s.", p).of(service)
		}
	}
	return d, stillPublic(after, subtractPorts(old, after.Ports(service)), service)
}

// stillPublic refuses an edit after which a port it closed is public all the
// same, which happens when another file publishes it too.
func stillPublic(after *Meaning, closed []Port, service string) error {
	for _, p := range after.Ports(service) {
		same := func(c Port) bool { return c.Target == p.Target && c.Protocol == p.Protocol }
		if p.Loopback() || !slices.ContainsFunc(closed, same) {
			continue
		}
		return refuse(0, "Change it in each of them.", "%s stays published: ports of several files add up, and these give %s ports: %s.",
			p, service, baseNames(after.PortFiles(service))).of(service)
	}
	return nil
}

// CompareEnv is the gate for an edit of an env file: in the services that read
// it exactly the given keys may differ, and there they must have the wanted
// value (nil: the key is gone). A value that something else overrides is
// refused with the place that wins.
func CompareEnv(before, after *Meaning, envFile string, want map[string]*string) (Difference, error) {
	d, err := Differences(before, after)
	if err != nil {
		return d, err
	}
	users := after.EnvFileUsers(envFile)
	if len(users) == 0 {
		return d, refuse(0, "Choose a file that a service lists under env_file.",
			"No service gets its environment from %s.", filepath.Base(envFile))
	}
	allowed := map[string]bool{}
	for _, service := range users {
		for key := range want {
			allowed[envPath(service, key)] = true
		}
	}
	if r := only(d, func(c Change) bool { return allowed[c.Path] }); r != nil {
		return d, r
	}
	for _, service := range users {
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if r := takesEffect(after, service, key, want[key]); r != nil {
				return d, r.of(service)
			}
		}
	}
	return d, nil
}

func takesEffect(m *Meaning, service, key string, want *string) *Refusal {
	got, _, ok := m.Env(service, key)
	if ok == (want != nil) && (!ok || got.Value == *want) {
		return nil
	}
	place := "`environment:` in the compose file"
	if got.Path != "" {
		place = filepath.Base(got.Path) + ", line " + strconv.Itoa(got.Line)
	}
	return refuse(0, "Change it there.", "For %s the value of %s is decided elsewhere: %s.", service, key, place)
}

// CompareNetwork is the gate for an edit of the networks of a service: the
// service must be in exactly the networks that it was in and the wanted one (nil:
// the one of that name is gone), and nothing else may differ.
func CompareNetwork(before, after *Meaning, service, name string, want *NetworkUse) (Difference, error) {
	d, err := Differences(before, after)
	if err != nil {
		return d, err
	}
	own := networksPath(service)
	declared := func(c Change) bool {
		return c.Path == "networks."+name || strings.HasPrefix(c.Path, "networks."+name+".")
	}
	if r := only(d, func(c Change) bool { return c.Path == own || strings.HasPrefix(c.Path, own+".") || declared(c) }); r != nil {
		return d, r.of(service)
	}
	others := func(n Network) bool { return n.Name == name }
	was, is := slices.DeleteFunc(before.Networks(service), others), slices.DeleteFunc(after.Networks(service), others)
	if !slices.EqualFunc(was, is, sameNetwork) {
		return d, refuse(0, "Change the networks by hand.", "The edit would take %s out of a network that it is in.", service).of(service)
	}
	at := slices.IndexFunc(after.Networks(service), others)
	if (at < 0) != (want == nil) {
		return d, refuse(0, "Change the networks where they are decided.", "The edit has no effect: another file decides the networks of %s.", service).of(service)
	}
	if want == nil {
		return d, nil
	}
	if n := after.Networks(service)[at]; !n.External || n.Address != want.Address || !slices.Equal(n.Aliases, want.Aliases) {
		return d, refuse(0, "Change the networks where they are decided.", "Another file decides how %s stands in the network %s.", service, name).of(service)
	}
	return d, nil
}

func networksPath(service string) string { return "services." + service + ".networks" }

func sameNetwork(a, b Network) bool {
	return a.Key == b.Key && a.Name == b.Name && a.External == b.External && a.Address == b.Address && slices.Equal(a.Aliases, b.Aliases)
}

// only refuses a difference that holds more than what is expected.
func only(d Difference, expected func(Change) bool) *Refusal {
	var more []string
	for _, c := range d.Changes {
		if !expected(c) {
			more = append(more, c.Words)
		}
	}
	if len(more) == 0 {
		return nil
	}
	return refuse(0, "Make the change by hand.", "The edit would change more than it should: %s", strings.Join(more, " "))
}

func baseNames(paths []string) string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return strings.Join(names, ", ")
}

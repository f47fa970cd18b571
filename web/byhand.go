package web

import (
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Manual is how to do one thing by hand: where, and with which values.
type Manual struct {
	Title  string
	Where  string
	Values []Value
}

// Value is one field to fill in or one line to type.
type Value struct {
	Name string
	Text string
}

// byHand says how to do the page's step without Culvert, from the same states
// that the plan is made of.
func (v View) byHand() []Manual {
	if v.O.Answers == nil || v.step() == "" {
		return nil
	}
	want, _ := setup.Merge(v.O.Setup, v.O.Answers, nil)
	keys := make([]setup.Key, 0, len(want))
	for k := range want {
		if setup.StepOf(k.Kind) == v.step() {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b setup.Key) int {
		switch {
		case a.Less(b):
			return -1
		case b.Less(a):
			return 1
		}
		return 0
	})
	var manual []Manual
	for _, k := range keys {
		if m, ok := manualOf(k, want[k].State, *v.O.Answers); ok {
			manual = append(manual, m)
		}
	}
	return manual
}

func manualOf(k setup.Key, s setup.State, a setup.Answers) (Manual, bool) {
	title, _ := splitTerm(setup.Name(k, s))
	m := Manual{Title: title}
	switch s := s.(type) {
	case setup.LoginMethod:
		m.Where = "Zero Trust → Settings → Authentication → Login methods → Add new"
		m.Values = []Value{{"Method", s.Name}}
	case setup.Tunnel:
		m.Where = "Zero Trust → Networks → Tunnels → Create a tunnel → Cloudflared"
		m.Values = []Value{{"Name", s.Name}}
	case setup.Policy:
		m.Where = "Zero Trust → Access → Policies → Add a policy"
		m.Values = policyValues(s)
	case setup.App:
		m.Where = "Zero Trust → Access → Applications → Add an application → Self-hosted"
		m.Values = appValues(s, a)
	case setup.Ingress:
		m.Where = "Zero Trust → Networks → Tunnels → your tunnel → Public hostnames, one for each path, in this order"
		m.Values = []Value{{"Hostname", s.Host}}
		for _, r := range s.Rules {
			m.Values = append(m.Values, Value{"Path → service", orEverything(r.Path) + " → " + r.Service})
		}
	case setup.DNSRecord:
		m.Where = "Your domain → DNS → Records → Add record"
		m.Values = []Value{
			{"Type", s.Type}, {"Name", s.Name},
			{"Target", "<id of the tunnel>.cfargotunnel.com (the id stands on the tunnel’s page)"}, {"Proxy status", "Proxied"},
		}
	default:
		return hostManual(m, s, a)
	}
	return m, true
}

func hostManual(m Manual, s setup.State, a setup.Answers) (Manual, bool) {
	switch s := s.(type) {
	case setup.ConnectorFile:
		m.Where = "A new file " + s.Path + ", mode 0600 for the token’s file beside it"
		m.Values = []Value{
			{"Image", s.Image}, {"Command", "tunnel --no-autoupdate run"}, {"Restart policy", "unless-stopped"},
			{"External network", s.Network}, {"TUNNEL_TOKEN", "the token on the tunnel’s page"},
		}
	case setup.Connector:
		m.Where = "In a terminal on this server"
		m.Values = []Value{{"Command", "docker compose -p " + s.Project + " -f " + s.File + " up -d"}}
	case setup.EnvVar:
		m.Where = "In the file " + s.Path
		m.Values = []Value{{s.Name, strings.Join(append([]string{"what stands there"}, s.Items...), ",")}}
	case setup.Setting:
		m.Where = "In a terminal on this server; once for all settings"
		m.Values = []Value{{"Command", composeUp(a.Stack)}}
	case setup.ComposePort:
		m.Where = "In the file " + s.Path + ", at the service " + s.Service
		m.Values = []Value{{"ports", portLine(s)}}
	case setup.Published:
		m.Where = "In a terminal on this server"
		m.Values = []Value{{"Command", composeUp(a.Stack)}}
	default:
		return Manual{}, false
	}
	return m, true
}

func policyValues(p setup.Policy) []Value {
	values := []Value{{"Name", p.Name}, {"Action", strings.ToUpper(string(p.Decision[:1])) + string(p.Decision[1:])}}
	for _, i := range p.Include {
		switch i.Type {
		case "everyone":
			values = append(values, Value{"Include", "Everyone"})
		case "email":
			values = append(values, Value{"Include, Emails", i.Value})
		case "email_domain":
			values = append(values, Value{"Include, Emails ending in", "@" + i.Value})
		}
	}
	return values
}

func appValues(app setup.App, a setup.Answers) []Value {
	values := []Value{{"Name", app.Name}}
	for _, d := range app.Destinations {
		values = append(values, Value{"Public hostname and path", d})
	}
	policy := "Webhooks: no login"
	if len(app.Destinations) == 1 && app.Destinations[0] == a.Hostname {
		policy = "Team of " + string(a.Setup)
	}
	return append(values, Value{"Policy", policy}, Value{"Session duration", app.Session})
}

func orEverything(path string) string {
	if path == "" {
		return "(no path)"
	}
	return path
}

func composeUp(s setup.Stack) string {
	command := []string{"docker compose", "-p", s.Project}
	for _, f := range s.Files {
		command = append(command, "-f", f)
	}
	for _, f := range s.EnvFiles {
		command = append(command, "--env-file", f)
	}
	return strings.Join(append(command, "up -d --no-deps --no-build --pull never", s.Service), " ")
}

func portLine(p setup.ComposePort) string {
	if p.Exposure == setup.ExposedNone {
		return "remove the lines"
	}
	return "put 127.0.0.1: before the published port"
}

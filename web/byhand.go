package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Manual is how to do one thing by hand: where, and with which values; or why
// nobody does it by hand.
type Manual struct {
	Title  string
	Where  string
	Values []Value
	Not    string // why Culvert does this one; then there is nothing else
}

// place is where it is done, or why it is not.
func (m Manual) place() string {
	if m.Not != "" {
		return "Not by hand: Culvert does this one, because " + m.Not + "."
	}
	return m.Where
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
	h := hand{want: want, stack: v.O.Answers.Stack, profiles: v.O.Devices.Profiles}
	var manual []Manual
	for _, k := range slices.SortedFunc(maps.Keys(want), compareKeys) {
		if setup.StepOf(k.Kind) != v.step() {
			continue
		}
		if m, ok := h.manual(k, want[k].State); ok {
			manual = append(manual, m)
		}
	}
	return manual
}

func compareKeys(a, b setup.Key) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	}
	return 0
}

// hand knows what the instructions refer to.
type hand struct {
	want     map[setup.Key]setup.Want
	stack    setup.Stack
	profiles []setup.DeviceProfile // of the account, as far as they are known
}

// manual says how one thing is done; false: nobody does it, it is only looked at.
func (h hand) manual(k setup.Key, s setup.State) (Manual, bool) {
	m := Manual{}
	m.Title, _ = splitTerm(setup.NameIn(k, s, setup.NameOfProfile(h.profiles, setup.ProfileOf(k))))
	ok := h.account(&m, s) || h.edge(&m, k, s) || h.devices(&m, s) || h.host(&m, s) || h.beside(&m, s)
	return m, ok
}

// called names what a state refers to, as it is called at Cloudflare.
func (h hand) called(id setup.ID) string {
	switch s := h.want[id.Of].State.(type) {
	case setup.Policy:
		return s.Name
	case setup.Tunnel:
		return s.Name
	}
	return id.String()
}

// account is what stands in the Cloudflare account.
func (h hand) account(m *Manual, s setup.State) bool {
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
		m.Values = h.appValues(s)
	case setup.Ingress:
		m.Where = "Zero Trust → Networks → Tunnels → your tunnel → Public hostnames, one for each path, in this order"
		m.Values = []Value{{"Hostname", s.Host}}
		for _, r := range s.Rules {
			m.Values = append(m.Values, Value{"Path → service", orEverything(r.Path) + " → " + r.Service})
		}
	case setup.Alert:
		m.Where = "Cloudflare dashboard → Notifications → Add → Tunnel Health Alert"
		for _, id := range s.Tunnels {
			m.Values = append(m.Values, Value{"Tunnel", h.called(id)})
		}
		m.Values = append(m.Values, Value{"Notify when the tunnel is", "Down"}, Value{"E-mail", strings.Join(s.Emails, ", ")})
	default:
		return false
	}
	return true
}

// edge is what stands at the domain.
func (h hand) edge(m *Manual, k setup.Key, s setup.State) bool {
	switch s := s.(type) {
	case setup.DNSRecord:
		m.Where = "Your domain → DNS → Records → Add record"
		m.Values = []Value{
			{"Type", s.Type}, {"Name", s.Name},
			{"Target", "<id of the tunnel>.cfargotunnel.com (the id stands on the tunnel’s page)"}, {"Proxy status", "Proxied"},
		}
	case setup.EdgeRule:
		m.Where = "Your domain → Rules → Configuration Rules → Create rule, behind all others"
		m.Values = []Value{{"Expression", setup.EdgeExpression(s.Host, s.Paths)}, {"Browser Integrity Check", "Off"}, {"Security Level", "Medium"}}
	case setup.SkipRule:
		m.Where = "Your domain → Security → WAF → Custom rules → Create rule, before all others"
		m.Values = []Value{{"Expression", setup.EdgeExpression(s.Host, s.Paths)}, {"Action", "Skip: all remaining custom rules"}}
	case setup.BotFight:
		m.Where = "Your domain → Security → Bots"
		m.Values = []Value{{"Bot Fight Mode", onOff(s.On)}}
	case setup.SecurityLevel:
		m.Where = "Your domain → Security → Settings"
		m.Values = []Value{{"Security level", s.Level}}
	case setup.ZonePause:
		m.Where = "Your domain → Overview, at the foot: Enable Cloudflare on Site"
	default:
		return false
	}
	return true
}

// host is what stands on this server in every mode.
func (h hand) host(m *Manual, s setup.State) bool {
	switch s := s.(type) {
	case setup.ConnectorFile:
		m.Where = "A new file " + s.Path + ", mode 0600 for the token’s file beside it"
		m.Values = connectorValues(s)
	case setup.Connector:
		m.terminal("docker compose -p " + s.Project + " -f " + s.File + " up -d")
	case setup.EnvVar:
		m.Where = "In the file " + s.Path
		m.Values = []Value{{s.Name, envValue(s)}}
	case setup.Setting:
		m.terminal(composeUp(h.stack))
		m.Where += "; once for all settings"
	case setup.ComposePort:
		m.Where = "In the file " + s.Path + ", at the service " + s.Service
		m.Values = []Value{{"ports", portLine(s)}}
	case setup.Published:
		m.terminal(composeUp(h.stack))
	case setup.Site:
		m.Not = "it asks the app for what stands there now, so that taking the setup down can put it back"
	default:
		return false
	}
	return true
}

func (m *Manual) terminal(command string) {
	m.Where = "In a terminal on this server"
	m.Values = []Value{{"Command", command}}
}

// envValue is what the line says: a list keeps what the operator wrote there.
func envValue(e setup.EnvVar) string {
	if e.Join == "" {
		return e.Value
	}
	return strings.Join(append([]string{"what stands there"}, e.Items...), ",")
}

func policyValues(p setup.Policy) []Value {
	values := []Value{{"Name", p.Name}, {"Action", actionWord(p.Decision)}}
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

// actionWord is a decision as the dashboard calls it.
func actionWord(d setup.Decision) string {
	switch d {
	case setup.Allow:
		return "Allow"
	case setup.Bypass:
		return "Bypass"
	case setup.Deny:
		return "Block"
	}
	return "Service Auth"
}

func (h hand) appValues(app setup.App) []Value {
	values := []Value{{"Name", app.Name}}
	for _, text := range app.Destinations {
		d, private := setup.ParsePrivate(text)
		switch {
		case !private:
			values = append(values, Value{"Public hostname and path", text})
		case d.Hostname != "":
			values = append(values, Value{"Private hostname", d.Hostname}, Value{"Ports and protocols", "all of them"})
		default:
			values = append(values, Value{"Private IP", d.Network}, Value{"Ports and protocols", "all of them"})
		}
	}
	for _, p := range app.Policies {
		values = append(values, Value{"Policy", h.called(p)})
	}
	return append(values, Value{"Session duration", app.Session})
}

func orEverything(path string) string {
	if path == "" {
		return "(no path)"
	}
	return path
}

func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
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

package setup

import (
	"slices"
	"strconv"
	"strings"
)

// Network is the app's Docker network, which the connector joins. In a View of a
// private mode every network of the host is shown, so that a subnet can be seen
// to be free.
type Network struct {
	Name    string   `json:"name"`
	Subnets []string `json:"-"`
	Members []Member `json:"-"` // of an app's network, in a View of a private mode; sorted by address
}

func (Network) Kind() Kind                 { return KindNetwork }
func (n Network) mapIDs(func(ID) ID) State { return n }
func (n Network) occupies() []string       { return []string{"network " + n.Name} }
func (n Network) met(have State) bool      { return Same(n, have) }
func (n Network) over(State) State         { return n }

// ConnectorFile is the compose file of cloudflared with the env file that holds
// its token. The token itself is never part of a state.
type ConnectorFile struct {
	Path    string `json:"path"`
	Project string `json:"project"`
	Image   string `json:"image"`
	Network string `json:"network"`
	Tunnel  ID     `json:"tunnel"` // whose token the env file holds
	// Networks are further networks of cloudflared, sorted; external, as Network.
	Networks []string `json:"networks,omitempty"`
	// Protocol is how cloudflared talks to Cloudflare (TUNNEL_TRANSPORT_PROTOCOL):
	// quic, http2; empty: as it chooses.
	Protocol string        `json:"protocol,omitempty"`
	Sidecars []SidecarSpec `json:"sidecars,omitempty"` // sorted by service
}

func (ConnectorFile) Kind() Kind { return KindConnectorFile }
func (c ConnectorFile) mapIDs(f func(ID) ID) State {
	c.Tunnel = f(c.Tunnel)
	return c
}
func (c ConnectorFile) occupies() []string  { return []string{"file " + c.Path} }
func (c ConnectorFile) met(have State) bool { return Same(c, have) }
func (c ConnectorFile) over(State) State    { return c }

// Connector is the running cloudflared container. A stopped one is observed
// with Running false, so that it is started and not made anew.
type Connector struct {
	File    string `json:"file"`
	Project string `json:"project"`
	Image   string `json:"image"`
	Network string `json:"network"`
	Tunnel  ID     `json:"tunnel"` // whose token it runs with
	Running bool   `json:"running"`
	// Networks are further networks that it is in, sorted; others that it is in
	// as well count as a difference.
	Networks []string `json:"networks,omitempty"`
	Protocol string   `json:"protocol,omitempty"` // that it was started with
}

func (Connector) Kind() Kind { return KindConnector }
func (c Connector) mapIDs(f func(ID) ID) State {
	c.Tunnel = f(c.Tunnel)
	return c
}
func (c Connector) occupies() []string  { return []string{"project " + c.Project} }
func (c Connector) met(have State) bool { return Same(c, have) }
func (c Connector) over(State) State    { return c }

// Join says how an item is put into the value of a key.
type Join string

// A list setting holds items separated by commas, without spaces.
const JoinComma Join = "comma"

// EnvVar is one key of an env file. Wanted with Items, it asks that the value
// hold each of them; what else the operator wrote there stays.
type EnvVar struct {
	Path  string   `json:"path"`
	Name  string   `json:"name"`
	Value string   `json:"value"`
	Join  Join     `json:"join,omitempty"`
	Items []string `json:"items,omitempty"`
	// Elsewhere says where the service has the key from, if something goes before
	// the file: a line in the file would change nothing. Value is then what
	// stands there.
	Elsewhere string `json:"-"`
}

func (EnvVar) Kind() Kind                 { return KindEnvVar }
func (e EnvVar) mapIDs(func(ID) ID) State { return e }
func (e EnvVar) occupies() []string       { return []string{"key " + e.Path + " " + e.Name} }
func (e EnvVar) met(have State) bool {
	h, ok := have.(EnvVar)
	return ok && holds(h.Value, e.Value, e.Join, e.Items)
}
func (e EnvVar) over(have State) State {
	old, _ := have.(EnvVar)
	e.Value = joined(old.Value, e.Value, e.Join, e.Items)
	return e
}

// Setting is a key of the environment of the running service.
type Setting struct {
	Project string   `json:"project"`
	Service string   `json:"service"`
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	Join    Join     `json:"join,omitempty"`
	Items   []string `json:"items,omitempty"`
	// Stopped: no container of the service runs; the value is what the stopped one
	// was made with. What is wanted runs.
	Stopped bool `json:"stopped,omitempty"`
}

func (Setting) Kind() Kind                 { return KindSetting }
func (s Setting) mapIDs(func(ID) ID) State { return s }
func (s Setting) occupies() []string {
	return []string{"setting " + s.Project + "/" + s.Service + " " + s.Name}
}
func (s Setting) met(have State) bool {
	h, ok := have.(Setting)
	return ok && !h.Stopped && holds(h.Value, s.Value, s.Join, s.Items)
}

// running is a setting as it is once its service runs again: that it was stopped
// is nothing to remember.
func running(s State) State {
	if v, ok := s.(Setting); ok {
		v.Stopped = false
		return v
	}
	return s
}

// Starts says whether a change starts a service that does not run.
func (c Change) Starts() (service string, ok bool) {
	want, _ := c.To.(Setting)
	return want.Service, starts(c.From, c.To)
}

// Starts says the same of an entry of a call.
func (e Entry) Starts() bool { return starts(e.From, e.To) }

func starts(from, to State) bool {
	have, _ := from.(Setting)
	_, wanted := to.(Setting)
	return wanted && have.Stopped
}
func (s Setting) over(have State) State {
	old, _ := have.(Setting)
	s.Value = joined(old.Value, s.Value, s.Join, s.Items)
	return s
}

// holds says whether a value is as wanted: equal, or holding every item. An
// item with a space before it does not count; the app would not match it.
func holds(have, want string, join Join, items []string) bool {
	if join == "" {
		return have == want
	}
	list := strings.Split(have, ",")
	for _, item := range items {
		if !slices.Contains(list, item) {
			return false
		}
	}
	return true
}

// joined adds the missing items behind what is there, without spaces and
// without empty entries.
func joined(old, want string, join Join, items []string) string {
	if join == "" {
		return want
	}
	var list []string
	for _, item := range append(strings.Split(old, ","), items...) {
		item = strings.TrimSpace(item)
		if item != "" && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return strings.Join(list, ",")
}

// refers says whether a list is only the name of another variable, as
// django-environ takes a value that begins with $. What is added to it would
// become a part of that name.
func refers(want, have State) bool {
	switch w := want.(type) {
	case EnvVar:
		h, ok := have.(EnvVar)
		return ok && w.Join != "" && strings.HasPrefix(h.Value, "$")
	case Setting:
		h, ok := have.(Setting)
		return ok && w.Join != "" && strings.HasPrefix(h.Value, "$")
	}
	return false
}

// overruled says where a key that is not as wanted has its value from, if it is
// not from the file.
func overruled(want, have State) string {
	w, _ := want.(EnvVar)
	h, ok := have.(EnvVar)
	if !ok || w.met(h) {
		return ""
	}
	return h.Elsewhere
}

// Exposure says from where a published port can be reached.
type Exposure string

// Exposures, widest first.
const (
	ExposedPublic   Exposure = "public"   // every address of this server
	ExposedLoopback Exposure = "loopback" // this server only
	ExposedNone     Exposure = "none"     // not published
)

func (e Exposure) width() int {
	switch e {
	case ExposedNone:
		return 0
	case ExposedLoopback:
		return 1
	}
	return 2
}

// ComposePort is the port of a service as the compose file publishes it.
type ComposePort struct {
	Path     string   `json:"path"`
	Service  string   `json:"service"`
	Target   int      `json:"target"`
	Exposure Exposure `json:"exposure"`
}

func (ComposePort) Kind() Kind                 { return KindComposePort }
func (p ComposePort) mapIDs(func(ID) ID) State { return p }
func (p ComposePort) occupies() []string       { return []string{"port " + p.Path + " " + p.Service} }
func (p ComposePort) over(State) State         { return p }

// met: a port that is closed further than asked is not opened.
func (p ComposePort) met(have State) bool {
	h, ok := have.(ComposePort)
	return ok && h.Target == p.Target && h.Exposure.width() <= p.Exposure.width()
}

// Published is the port as the running service has it.
type Published struct {
	Project  string   `json:"project"`
	Service  string   `json:"service"`
	Target   int      `json:"target"`
	Exposure Exposure `json:"exposure"`
}

func (Published) Kind() Kind                 { return KindPublished }
func (p Published) mapIDs(func(ID) ID) State { return p }
func (p Published) occupies() []string       { return []string{"port " + p.Project + "/" + p.Service} }
func (p Published) over(State) State         { return p }
func (p Published) met(have State) bool {
	h, ok := have.(Published)
	return ok && h.Target == p.Target && h.Exposure.width() <= p.Exposure.width()
}

// origin is where the connector finds the app, by its service name in the
// app's network.
func (s Stack) origin() string { return "http://" + s.Service + ":" + strconv.Itoa(s.Target) }

package stackfile

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"
)

// Lookup gives the value compose would put in place of ${name}.
type Lookup func(name string) (string, bool)

// PortEntry is one entry of a service's `ports:`. The parts are as written,
// variables included, and empty where the entry does not say.
type PortEntry struct {
	Line      int
	Text      string // as written, without quotes; the long form on one line
	Long      bool
	Inherited bool // stands in a mapping the service merges with `<<`
	HostIP    string
	Published string
	Target    string
	Protocol  string
}

// Port is one published port as compose resolves it.
type Port struct {
	HostIP    string // empty means every address
	Published string // empty means a free port chosen at start
	Target    int
	Protocol  string
}

// Loopback reports whether the port can be reached from the host alone.
func (p Port) Loopback() bool { return isLoopback(p.HostIP) }

func (p Port) String() string {
	host := p.HostIP
	switch {
	case host == "":
		host = "every address"
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	published := p.Published
	if published == "" {
		published = "a free port"
	}
	return fmt.Sprintf("%s:%s → %d/%s", host, published, p.Target, p.Protocol)
}

func isLoopback(ip string) bool {
	addr, err := netip.ParseAddr(strings.Trim(ip, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// Ports lists the entries of a service's `ports:`, its own or else those it
// merges with `<<`.
func (c *Compose) Ports(service string) ([]PortEntry, error) {
	list, r := c.portList(service)
	if r != nil {
		return nil, r
	}
	entries := make([]PortEntry, 0, len(list.entries))
	for _, e := range list.entries {
		entries = append(entries, e.PortEntry)
	}
	return entries, nil
}

// portList is a service's `ports:` with its nodes.
type portList struct {
	service string
	mapping *yaml.Node // of the service
	key     *yaml.Node // `ports` in the service itself; nil when absent or inherited
	list    *yaml.Node // nil when the service has no ports
	entries []portEntry
}

type portEntry struct {
	PortEntry
	node *yaml.Node // the item of the list, before an alias is followed
}

func (c *Compose) portList(service string) (*portList, *Refusal) {
	_, mapping, r := c.service(service)
	if r != nil {
		return nil, r
	}
	p := &portList{service: service, mapping: mapping}
	p.key, p.list = child(mapping, "ports")
	if p.key == nil {
		p.list = inherited(mapping, "ports")
	}
	if p.list == nil {
		return p, nil
	}
	items := target(p.list)
	if items.Kind != yaml.SequenceNode {
		return nil, refuse(p.list.Line, "Correct the file.", "`ports:` of %s is not a list.", service).of(service)
	}
	for _, item := range items.Content {
		entry, r := readPort(item)
		if r != nil {
			return nil, r.of(service)
		}
		entry.Inherited = p.key == nil
		p.entries = append(p.entries, portEntry{PortEntry: entry, node: item})
	}
	return p, nil
}

func readPort(item *yaml.Node) (PortEntry, *Refusal) {
	value := target(item)
	switch value.Kind {
	case yaml.ScalarNode:
		e := PortEntry{Line: item.Line, Text: value.Value}
		e.HostIP, e.Published, e.Target, e.Protocol = splitShort(value.Value)
		return e, nil
	case yaml.MappingNode:
		e := PortEntry{Line: item.Line, Long: true}
		e.HostIP, e.Published = scalarAt(value, "host_ip"), scalarAt(value, "published")
		e.Target, e.Protocol = scalarAt(value, "target"), scalarAt(value, "protocol")
		e.Text = longText(value)
		return e, nil
	}
	return PortEntry{}, refuse(item.Line, "Correct the file.", "An entry of `ports:` is neither text nor a mapping.")
}

// scalarAt is the value of a key, looking through a merge.
func scalarAt(mapping *yaml.Node, name string) string {
	_, v := child(mapping, name)
	if v == nil {
		v = inherited(mapping, name)
	}
	if v == nil {
		return ""
	}
	if v = target(v); v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
		return ""
	}
	return v.Value
}

func longText(mapping *yaml.Node) string {
	var parts []string
	for k, v := range pairs(mapping) {
		parts = append(parts, k.Value+": "+target(v).Value)
	}
	return strings.Join(parts, ", ")
}

// splitShort takes `ip:published:target/protocol` apart.
func splitShort(s string) (ip, published, target, protocol string) {
	parts, protocol := shortParts(s)
	switch n := len(parts); n {
	case 1:
		return "", "", parts[0], protocol
	case 2:
		return "", parts[0], parts[1], protocol
	default: // an IPv6 address may stand there without brackets
		return strings.Join(parts[:n-2], ":"), parts[n-2], parts[n-1], protocol
	}
}

// shortParts splits on the colons that stand outside `${…}` and `[…]`, and
// takes the protocol off.
func shortParts(s string) (parts []string, protocol string) {
	depth, from, slash := 0, 0, len(s)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '{' && i > 0 && s[i-1] == '$', c == '[':
			depth++
		case (c == '}' || c == ']') && depth > 0:
			depth--
		case c == ':' && depth == 0 && slash == len(s):
			parts, from = append(parts, s[from:i]), i+1
		case c == '/' && depth == 0 && slash == len(s):
			slash = i
		}
	}
	parts = append(parts, s[min(from, slash):slash])
	if slash < len(s) {
		protocol = s[slash+1:]
	}
	return parts, protocol
}

// Resolve gives the ports the entry publishes once its variables are filled in.
// A range gives one Port for each number.
func (e PortEntry) Resolve(lookup Lookup) ([]Port, error) {
	ports, r := e.resolve(lookup)
	if r != nil {
		return nil, r
	}
	return ports, nil
}

func (e PortEntry) resolve(lookup Lookup) ([]Port, *Refusal) {
	short := e.Text
	if e.Long {
		short = e.shortForm()
	}
	value, err := expand(short, lookup)
	if err != nil {
		return nil, refuse(e.Line, "Set the variable in .env.", "The port %s cannot be worked out: %v.", e.Text, err)
	}
	configs, err := types.ParsePortConfig(value)
	if err != nil {
		return nil, refuse(e.Line, "Correct the port.", "The port %s is not one Docker understands.", e.Text)
	}
	ports := make([]Port, 0, len(configs))
	for _, c := range configs {
		ports = append(ports, Port{HostIP: c.HostIP, Published: c.Published, Target: int(c.Target), Protocol: c.Protocol})
	}
	return ports, nil
}

// shortForm writes a long entry in the short syntax, to be resolved.
func (e PortEntry) shortForm() string {
	s := e.Target
	if e.Published != "" || e.HostIP != "" {
		s = e.Published + ":" + s
	}
	if ip := e.HostIP; ip != "" {
		if strings.Contains(ip, ":") && !strings.HasPrefix(ip, "[") && !strings.Contains(ip, "$") {
			ip = "[" + ip + "]"
		}
		s = ip + ":" + s
	}
	if e.Protocol != "" {
		s += "/" + e.Protocol
	}
	return s
}

// expand fills in variables as compose does. Unlike compose-go's own default it
// logs nothing: a `$` inside a password would put a part of it into the log.
func expand(s string, lookup Lookup) (string, error) {
	if lookup == nil {
		lookup = func(string) (string, bool) { return "", false }
	}
	return template.SubstituteWithOptions(s, template.Mapping(lookup), template.WithoutLogging)
}

// resolveTarget turns the wanted container port, a number or an expression such
// as ${PORT:-8000}, into a number.
func resolveTarget(target string, lookup Lookup) (int, *Refusal) {
	value, err := expand(target, lookup)
	if err != nil {
		return 0, refuse(0, "Set the variable in .env.", "The port %s cannot be worked out: %v.", target, err)
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 65535 {
		return 0, refuse(0, "", "%s is not a port number.", target)
	}
	return n, nil
}

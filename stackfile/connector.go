package stackfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// ConnectorSpec is what the compose file of a connector says. The connector is
// a project of its own, so that starting the app with --remove-orphans leaves it
// alone.
type ConnectorSpec struct {
	ProjectName string
	Image       string
	Network     string // real name of the app's network
	EnvFile     string // absolute path of the file that holds the tunnel token
	Comment     string // one or more lines under the header
	Labels      map[string]string
	// Networks are real names of further networks that exist already; Sidecars
	// stand in those of them, or in Network.
	Networks []string
	Protocol string // how cloudflared talks to Cloudflare; empty: as it chooses
	Sidecars []Sidecar
}

const (
	connectorHeader  = "# Written by Culvert. Changes made here by hand are overwritten."
	connectorService = "cloudflared"
	connectorCommand = "tunnel --no-autoupdate run"
	protocolKey      = "TUNNEL_TRANSPORT_PROTOCOL"
)

// ConnectorFile writes the compose file. The same spec gives the same bytes.
func ConnectorFile(s ConnectorSpec) []byte {
	var w yamlLines
	w.line(0, connectorHeader)
	for _, l := range splitLines(s.Comment) {
		w.line(0, strings.TrimRight("# "+l, " "))
	}
	w.line(0, "name: "+yamlText(s.ProjectName))
	w.line(0, "services:")
	w.connector(s)
	for _, side := range s.Sidecars {
		w.sidecar(side, s.networkKeys())
	}
	w.line(0, "networks:")
	for i, name := range append([]string{s.Network}, s.Networks...) {
		w.line(1, networkKey(i)+":")
		w.line(2, "name: "+yamlText(name))
		w.line(2, "external: true")
	}
	return w.Bytes()
}

// networkKey names a network inside the file: the app's, then the further ones.
func networkKey(i int) string {
	if i == 0 {
		return "app"
	}
	return "net" + strconv.Itoa(i)
}

// networkKeys are the names inside the file by the real ones.
func (s ConnectorSpec) networkKeys() map[string]string {
	keys := map[string]string{}
	for i, name := range append([]string{s.Network}, s.Networks...) {
		keys[name] = networkKey(i)
	}
	return keys
}

// yamlLines is YAML written line by line.
type yamlLines struct{ bytes.Buffer }

func (w *yamlLines) line(indent int, text string) {
	w.WriteString(strings.Repeat("  ", indent) + text + "\n")
}

func (w *yamlLines) connector(s ConnectorSpec) {
	w.line(1, connectorService+":")
	w.line(2, "image: "+yamlText(s.Image))
	w.line(2, "command: "+connectorCommand)
	w.line(2, "restart: unless-stopped")
	w.line(2, "env_file:")
	w.line(3, "- path: "+yamlText(s.EnvFile))
	w.line(3, "  required: true")
	if s.Protocol != "" {
		w.line(2, "environment:")
		w.line(3, protocolKey+": "+yamlText(s.Protocol))
	}
	if len(s.Networks) > 0 { // so that it may send pings on behalf of devices
		w.line(2, "sysctls:")
		w.line(3, `net.ipv4.ping_group_range: "0 2147483647"`)
	}
	w.line(2, "networks:")
	for i := range len(s.Networks) + 1 {
		w.line(3, "- "+networkKey(i))
	}
	w.ending(s.Labels)
}

// ending is what every service ends with.
func (w *yamlLines) ending(labels map[string]string) {
	if len(labels) > 0 {
		w.line(2, "labels:")
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		w.line(3, quoted(name)+": "+yamlText(labels[name]))
	}
	w.line(2, "logging:")
	w.line(3, "driver: json-file")
	w.line(3, "options:")
	w.line(4, `max-size: "10m"`)
	w.line(4, `max-file: "3"`)
}

// yamlText writes a value so that YAML and compose's interpolation, which leaves
// keys alone, give it back as it is.
func yamlText(s string) string { return quoted(strings.ReplaceAll(s, "$", "$$")) }

// quoted writes a JSON string, which is a YAML double-quoted one.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string cannot fail to encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ParseConnectorFile reads a connector's compose file back. What ConnectorFile
// makes of the result is equal to the file, or the file was changed by hand.
func ParseConnectorFile(src []byte) (ConnectorSpec, error) {
	if !bytes.HasPrefix(src, []byte(connectorHeader+"\n")) {
		return ConnectorSpec{}, refuse(1, "Move it away, or choose another name for the connector's file.",
			"The file was not written by Culvert.")
	}
	var doc connectorDoc
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return ConnectorSpec{}, yamlRefusal(err)
	}
	service, ok := doc.Services[connectorService]
	if !ok || len(service.EnvFile) != 1 {
		return ConnectorSpec{}, refuse(0, "Let Culvert write it again.", "The connector's compose file was changed by hand.")
	}
	spec := ConnectorSpec{
		ProjectName: unescape(doc.Name),
		Image:       unescape(service.Image),
		Network:     unescape(doc.Networks[networkKey(0)].Name),
		EnvFile:     unescape(service.EnvFile[0].Path),
		Comment:     headComment(src),
		Labels:      unescaped(service.Labels),
		Protocol:    unescape(service.Environment[protocolKey]),
	}
	for i := 1; i < len(doc.Networks); i++ {
		spec.Networks = append(spec.Networks, unescape(doc.Networks[networkKey(i)].Name))
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Services)) {
		if name != connectorService {
			spec.Sidecars = append(spec.Sidecars, doc.sidecar(name))
		}
	}
	return spec, nil
}

// connectorDoc is the file as YAML tells it.
type connectorDoc struct {
	Name     string
	Services map[string]struct {
		Image       string
		Entrypoint  []string
		Command     yaml.Node
		EnvFile     []struct{ Path string } `yaml:"env_file"`
		Environment map[string]string
		Networks    yaml.Node
		Volumes     []struct{ Source, Target string }
		Labels      map[string]string
	}
	Networks map[string]struct{ Name string }
}

func unescape(s string) string { return strings.ReplaceAll(s, "$$", "$") }

func unescaped(m map[string]string) map[string]string {
	var out map[string]string
	for name, value := range m {
		if out == nil {
			out = map[string]string{}
		}
		out[name] = unescape(value)
	}
	return out
}

// headComment is the comment under the header.
func headComment(src []byte) string {
	var lines []string
	for _, l := range splitLines(string(src))[1:] {
		text, ok := strings.CutPrefix(l, "#")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimPrefix(text, " "))
	}
	return strings.Join(lines, "\n")
}

package stackfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
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
}

const (
	connectorHeader  = "# Written by Culvert. Changes made here by hand are overwritten."
	connectorService = "cloudflared"
	connectorCommand = "tunnel --no-autoupdate run"
)

// ConnectorFile writes the compose file. The same spec gives the same bytes.
func ConnectorFile(s ConnectorSpec) []byte {
	var b bytes.Buffer
	line := func(indent int, text string) { b.WriteString(strings.Repeat("  ", indent) + text + "\n") }
	line(0, connectorHeader)
	for _, l := range splitLines(s.Comment) {
		line(0, strings.TrimRight("# "+l, " "))
	}
	line(0, "name: "+yamlText(s.ProjectName))
	line(0, "services:")
	line(1, connectorService+":")
	line(2, "image: "+yamlText(s.Image))
	line(2, "command: "+connectorCommand)
	line(2, "restart: unless-stopped")
	line(2, "env_file:")
	line(3, "- path: "+yamlText(s.EnvFile))
	line(3, "  required: true")
	line(2, "networks:")
	line(3, "- app")
	if len(s.Labels) > 0 {
		line(2, "labels:")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		line(3, quoted(name)+": "+yamlText(s.Labels[name]))
	}
	line(2, "logging:")
	line(3, "driver: json-file")
	line(3, "options:")
	line(4, `max-size: "10m"`)
	line(4, `max-file: "3"`)
	line(0, "networks:")
	line(1, "app:")
	line(2, "name: "+yamlText(s.Network))
	line(2, "external: true")
	return b.Bytes()
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
	var doc struct {
		Name     string
		Services map[string]struct {
			Image   string
			EnvFile []struct{ Path string } `yaml:"env_file"`
			Labels  map[string]string
		}
		Networks map[string]struct{ Name string }
	}
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return ConnectorSpec{}, yamlRefusal(err)
	}
	service, ok := doc.Services[connectorService]
	if !ok || len(service.EnvFile) != 1 {
		return ConnectorSpec{}, refuse(0, "Let Culvert write it again.", "The connector's compose file was changed by hand.")
	}
	unescape := func(s string) string { return strings.ReplaceAll(s, "$$", "$") }
	spec := ConnectorSpec{
		ProjectName: unescape(doc.Name),
		Image:       unescape(service.Image),
		Network:     unescape(doc.Networks["app"].Name),
		EnvFile:     unescape(service.EnvFile[0].Path),
		Comment:     headComment(src),
	}
	for name, value := range service.Labels {
		if spec.Labels == nil {
			spec.Labels = map[string]string{}
		}
		spec.Labels[name] = unescape(value)
	}
	return spec, nil
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

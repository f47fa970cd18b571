package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const maxSize = 64 << 10

// Parse reads a culvert.yaml. The error, if any, is Faults with everything that
// is wrong; the File then holds what could be read.
func Parse(text []byte) (File, error) {
	r := reader{file: File{lines: map[string]int{}}}
	if root := r.document(text); root != nil {
		r.mapping("", root, topKeys())
		r.require("app", r.file.App, "Say which app this is: app: open-chat-studio")
		if line, said := r.file.lines["private"]; said && r.file.Mode == "" && r.file.Inside.Name != "" {
			r.fault(line, "mode", "The file says what the private name is, and not whether the team comes in by it. Write mode: fallback or mode: hostname; or mode: public to leave it alone.")
		}
		if !r.file.Mode.Private() {
			r.require("hostname", r.file.Hostname, "Say under which address the app shall be reached: hostname: chat.example.org")
		}
	}
	return r.file, r.faults.orNil()
}

type reader struct {
	file   File
	faults Faults
}

func (r *reader) fault(line int, key, format string, args ...any) {
	r.faults = append(r.faults, Fault{line, key, fmt.Sprintf(format, args...)})
}

// require adds a fault for a key that is missing, unless the key is there and
// was found faulty already.
func (r *reader) require(key, value, message string) {
	for _, f := range r.faults {
		if f.Key == key {
			return
		}
	}
	if value == "" {
		r.fault(r.file.Line(key), key, "%s", message)
	}
}

// document gives the one mapping that the file must be.
func (r *reader) document(text []byte) *yaml.Node {
	if len(text) > maxSize {
		r.fault(0, "", "This file has more than %d bytes; it is not a culvert.yaml.", maxSize)
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.fault(0, "", "The file is empty. Copy examples/open-chat-studio/culvert.yaml and change it.")
		return nil
	case err != nil:
		r.broken(err)
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		r.fault(root.Line, "", "The file must be lines such as hostname: chat.example.org.")
		return nil
	}
	var more yaml.Node
	if err := d.Decode(&more); err == nil {
		r.fault(more.Line, "", "There is a second document behind a line ---. Put each setup into a file of its own.")
	} else if !errors.Is(err, io.EOF) {
		r.broken(err)
	}
	return root
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// broken reports a text that is not YAML. The parser's messages speak of YAML's
// grammar and never quote the text.
func (r *reader) broken(err error) {
	line, what := 0, err.Error()
	if m := yamlError.FindStringSubmatch(what); m != nil {
		line, _ = strconv.Atoi(m[1])
		what = m[2]
	}
	r.fault(line, "", "This is not YAML (%s). Each line is a key, a colon, a space and a value; indent with spaces, not with tabs.", what)
}

// mapping reads the keys of one mapping into the file.
func (r *reader) mapping(prefix string, node *yaml.Node, keys []key) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		full := prefix + name.Value
		k, known := find(keys, name.Value)
		switch {
		case name.Kind != yaml.ScalarNode || !known:
			r.unknown(prefix, name, keys)
		case seen[name.Value]:
			r.fault(name.Line, full, "This key stands here a second time, and was on line %d already. Keep one of them.", r.file.lines[full])
		case value.Kind == yaml.AliasNode:
			r.fault(value.Line, full, "Write the value itself; *%s is not supported here.", value.Value)
		default:
			seen[name.Value] = true
			r.file.lines[full] = name.Line
			k.read(r, full, value)
		}
	}
}

// text reads a single value. Nothing and null are the empty text.
func (r *reader) text(key string, node *yaml.Node) string {
	switch {
	case node.Kind != yaml.ScalarNode:
		r.fault(node.Line, key, "One value is expected here, not a list or a group.")
	case node.Tag == "!!null":
	case strings.ContainsAny(node.Value, "\r\n\x00"):
		r.fault(node.Line, key, "The value must be on one line.")
	default:
		return strings.TrimSpace(node.Value)
	}
	return ""
}

// list reads a list of values; nothing and null are the empty list.
func (r *reader) list(key, example string, node *yaml.Node) []string {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		r.fault(node.Line, key, "A list is expected here, also for a single value: [%s]", example)
		return nil
	}
	var out []string
	for _, entry := range node.Content {
		if entry.Kind != yaml.ScalarNode || entry.Tag == "!!null" {
			r.fault(entry.Line, key, "Every entry of the list must be one value, such as %s.", example)
			continue
		}
		if s := r.text(key, entry); s != "" {
			out = append(out, s)
		}
	}
	return out
}

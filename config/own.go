package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"gopkg.in/yaml.v3"
)

// readOwn reads the list of the operator's own paths, each of which is a group
// of keys. The key of an entry's part is such as own_paths.1.path.
func readOwn(r *reader, full string, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return
	}
	if node.Kind != yaml.SequenceNode {
		r.fault(node.Line, full, "A list is expected here, each entry with a path: - path: /hooks/payments")
		return
	}
	for i, entry := range node.Content {
		at := fmt.Sprintf("%s.%d", full, i+1)
		r.file.lines[at] = entry.Line
		if entry.Kind != yaml.MappingNode {
			r.fault(entry.Line, at, "Each entry has keys of its own, the path first: - path: /hooks/payments")
			continue
		}
		var own setup.OwnPath
		r.mapping(at+".", entry, ownKeys(&own))
		r.file.Own = append(r.file.Own, own)
	}
}

func ownKeys(o *setup.OwnPath) []key {
	text := func(name string, at *string) key {
		return key{name, func(r *reader, full string, node *yaml.Node) { *at = r.text(full, node) }}
	}
	return []key{
		text("path", &o.Path), text("name", &o.Name), text("method", &o.Method), text("check", &o.Sample),
		{"answer", func(r *reader, full string, node *yaml.Node) { o.Status = r.status(full, node) }},
		{"open", func(r *reader, full string, node *yaml.Node) { o.Closed = !r.yes(full, node) }},
	}
}

// status reads the status of an answer; nothing is 0.
func (r *reader) status(key string, node *yaml.Node) int {
	s := r.text(key, node)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 100 || n > 599 {
		r.fault(node.Line, key, "%q is no status of an answer. Write what the app says to a GET without content, such as 405.", s)
		return 0
	}
	return n
}

// yes reads true or false; nothing is true.
func (r *reader) yes(key string, node *yaml.Node) bool {
	switch s := r.text(key, node); s {
	case "", "true":
		return true
	case "false":
		return false
	default:
		r.fault(node.Line, key, "%q is neither true nor false.", s)
		return true
	}
}

// ownPaths writes the list as Parse reads it.
func ownPaths(rows []setup.OwnPath) string {
	if len(rows) == 0 {
		return " []"
	}
	var b strings.Builder
	for _, o := range rows {
		fmt.Fprintf(&b, "\n  - path: %s", quote(o.Path))
		for _, part := range []struct{ key, value string }{{"name", o.Name}, {"method", o.Method}, {"check", o.Sample}} {
			if part.value != "" {
				fmt.Fprintf(&b, "\n    %s: %s", part.key, quote(part.value))
			}
		}
		if o.Status != 0 {
			fmt.Fprintf(&b, "\n    answer: %d", o.Status)
		}
		if o.Closed {
			b.WriteString("\n    open: false")
		}
	}
	return b.String()
}

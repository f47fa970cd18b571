package stackfile

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Use is a place that takes a variable's value.
type Use struct {
	Path  string // file
	Line  int
	Where string // such as services.web.ports, or the key of an env file
}

// Uses lists where ${name} is used in the project's compose and env files: what
// else changes when the variable does.
func (m *Meaning) Uses(name string) []Use {
	var out []Use
	for _, path := range m.compose {
		c, err := ParseCompose(m.files.seen[path])
		if err != nil {
			continue // several documents and the like: compose reads them, we do not
		}
		usesIn(c.root, name, nil, func(line int, where string) {
			out = append(out, Use{Path: path, Line: line, Where: where})
		})
	}
	for _, path := range m.envPaths() {
		env, r := parseEnv(m.files.seen[path])
		if r != nil {
			continue
		}
		for _, key := range env.References(name) {
			out = append(out, Use{Path: path, Line: env.last(key).line, Where: key})
		}
	}
	return out
}

// envPaths lists every env file the project read, each once.
func (m *Meaning) envPaths() []string {
	paths := slices.Clone(m.vars.paths)
	for _, service := range m.Services() {
		for _, f := range m.EnvFiles(service) {
			if f.Exists && f.Format == "" && !slices.Contains(paths, f.Path) {
				paths = append(paths, f.Path)
			}
		}
	}
	return paths
}

// usesIn walks over the nodes as they are written; what an alias repeats is
// found where it stands.
func usesIn(n *yaml.Node, name string, path []string, found func(line int, where string)) {
	switch n.Kind {
	case yaml.ScalarNode:
		if _, ok := variablesIn(n.Value)[name]; ok {
			found(n.Line, strings.Join(path, "."))
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			passed := item.Kind == yaml.ScalarNode && item.Value == name
			if passed && len(path) > 0 && path[len(path)-1] == "environment" {
				found(item.Line, strings.Join(path, "."))
			}
			usesIn(item, name, path, found)
		}
	case yaml.MappingNode:
		for k, v := range pairs(n) {
			under := append(slices.Clone(path), k.Value)
			bare := v.Kind == yaml.ScalarNode && v.Tag == "!!null" && k.Value == name
			if bare && len(path) > 0 && path[len(path)-1] == "environment" {
				found(k.Line, strings.Join(path, "."))
			}
			usesIn(v, name, under, found)
		}
	}
}

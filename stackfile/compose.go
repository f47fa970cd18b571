package stackfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Compose is one compose file, parsed so that single values can be found and
// replaced in its bytes.
type Compose struct {
	text     *text
	root     *yaml.Node
	services *yaml.Node
	shared   map[*yaml.Node]int // anchored node → number of aliases to it
}

// ParseCompose reads one compose file. The errors it returns are Refusals.
func ParseCompose(src []byte) (*Compose, error) {
	t := newText(bytes.Clone(src))
	for _, check := range []func() *Refusal{t.checkEncoding, t.checkBreaks} {
		if r := check(); r != nil {
			return nil, r
		}
	}
	root, r := decodeOne(t)
	if r != nil {
		return nil, r
	}
	if r := duplicateKey(root); r != nil {
		return nil, r
	}
	services, r := findServices(root)
	if r != nil {
		return nil, r
	}
	c := &Compose{text: t, root: root, services: services, shared: map[*yaml.Node]int{}}
	c.countAliases(root)
	return c, nil
}

// decodeOne gives the root of the only document in the file.
func decodeOne(t *text) (*yaml.Node, *Refusal) {
	d := yaml.NewDecoder(bytes.NewReader(t.body()))
	var doc, second yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, refuse(0, "", "The compose file is empty.")
	} else if err != nil {
		return nil, yamlRefusal(err)
	}
	if err := d.Decode(&second); err == nil {
		return nil, refuse(second.Line, "Put each document into a file of its own.",
			"The file holds several YAML documents.")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlRefusal(err)
	}
	return doc.Content[0], nil
}

var yamlErrorLine = regexp.MustCompile(`line (\d+): `)

func yamlRefusal(err error) *Refusal {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if m := yamlErrorLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = strings.Replace(msg, m[0], "", 1)
	}
	return refuse(line, "Correct the file; `docker compose config` shows the same mistake.",
		"The file is not valid YAML: %s.", msg)
}

// duplicateKey finds a key that stands twice in one mapping: decoding into
// nodes accepts it, compose does not.
func duplicateKey(n *yaml.Node) *Refusal {
	if n.Kind == yaml.MappingNode {
		seen := map[string]int{}
		for key := range pairs(n) {
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				continue
			}
			if first, ok := seen[key.Value]; ok {
				return refuse(key.Line, "Remove one of them.",
					"The key %q stands twice in one mapping, first on line %d.", key.Value, first)
			}
			seen[key.Value] = key.Line
		}
	}
	for _, child := range n.Content {
		if r := duplicateKey(child); r != nil {
			return r
		}
	}
	return nil
}

func findServices(root *yaml.Node) (*yaml.Node, *Refusal) {
	if root.Kind != yaml.MappingNode {
		return nil, refuse(root.Line, "", "The file is not a compose file: its top level is not a mapping.")
	}
	_, services := child(root, "services")
	switch {
	case services == nil && looksLikeVersion1(root):
		return nil, refuse(root.Line, "Put the services under a `services:` key.",
			"This is a version 1 compose file, with the services at the top level.")
	case services == nil:
		return nil, refuse(0, "", "The file has no `services:`.")
	case services.Kind == yaml.AliasNode:
		return nil, refuse(services.Line, "Write the services out.", "`services:` is an alias.")
	case services.Kind != yaml.MappingNode:
		return nil, refuse(services.Line, "", "`services:` is not a mapping.")
	}
	return services, nil
}

func looksLikeVersion1(root *yaml.Node) bool {
	for _, value := range pairs(root) {
		if _, image := child(value, "image"); image != nil {
			return true
		}
		if _, build := child(value, "build"); build != nil {
			return true
		}
	}
	return false
}

func (c *Compose) countAliases(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		c.shared[n.Alias]++
	}
	for _, child := range n.Content {
		c.countAliases(child)
	}
}

// pairs ranges over the keys and values of a mapping.
func pairs(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// child finds a key that stands in the mapping itself, not one merged into it.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	for k, v := range pairs(n) {
		if k.Kind == yaml.ScalarNode && k.Value == name && k.Tag != "!!merge" {
			return k, v
		}
	}
	return nil, nil
}

// inherited finds a key in what a mapping merges with `<<`. Of several merged
// mappings the first one counts.
func inherited(n *yaml.Node, name string) *yaml.Node {
	return inheritedWithin(n, name, 20)
}

func inheritedWithin(n *yaml.Node, name string, depth int) *yaml.Node {
	if depth == 0 {
		return nil // an alias that leads back to itself
	}
	for _, source := range mergeSources(n) {
		if _, v := child(source, name); v != nil {
			return v
		}
		if v := inheritedWithin(source, name, depth-1); v != nil {
			return v
		}
	}
	return nil
}

func mergeSources(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for key, value := range pairs(n) {
		if key.Tag != "!!merge" {
			continue
		}
		if value = target(value); value.Kind == yaml.SequenceNode {
			for _, item := range value.Content {
				out = append(out, target(item))
			}
		} else {
			out = append(out, value)
		}
	}
	return out
}

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	for range 20 {
		if n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return n
}

// Services lists the names of the services the file itself declares, in order.
func (c *Compose) Services() []string {
	var names []string
	for key := range pairs(c.services) {
		if key.Tag != "!!merge" {
			names = append(names, key.Value)
		}
	}
	return names
}

// service gives the key and mapping of a service.
func (c *Compose) service(name string) (key, value *yaml.Node, r *Refusal) {
	key, value = child(c.services, name)
	switch {
	case key == nil:
		return nil, nil, refuse(0, "It has: "+strings.Join(c.Services(), ", ")+".",
			"The file has no service %q.", name).of(name)
	case value.Kind == yaml.AliasNode:
		return nil, nil, refuse(value.Line, "Write the service out, or use `<<`.",
			"The service %s is an alias of another mapping.", name).of(name)
	case value.Kind != yaml.MappingNode || len(value.Content) == 0:
		return nil, nil, refuse(key.Line, "", "The service %s is empty.", name).of(name)
	}
	return key, value, nil
}

// unshared refuses a node that aliases elsewhere repeat: editing it would
// change those places too.
func (c *Compose) unshared(nodes ...*yaml.Node) *Refusal {
	for _, n := range nodes {
		if uses := c.shared[n]; n.Anchor != "" && uses > 0 {
			return refuse(n.Line, "Give the service its own copy of these lines, then try again.",
				"&%s (line %d) is used in %s, which would change too.", n.Anchor, n.Line, places(uses))
		}
	}
	return nil
}

func places(n int) string {
	if n == 1 {
		return "another place"
	}
	return strconv.Itoa(n) + " other places"
}

// customTag refuses `!reset` and `!override`: they decide how files are merged,
// which an edit of one file cannot see.
func customTag(n *yaml.Node, what string) *Refusal {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return refuse(n.Line, "Change it by hand.", "%s is tagged %s.", what, n.Tag)
	}
	return nil
}

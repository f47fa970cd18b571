package stackfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// boundText is an inherited entry bound to loopback.
func boundText(e portEntry) string {
	parts, _ := shortParts(e.Text)
	switch len(parts) {
	case 1:
		return loopback + "::" + e.Text
	case 2:
		return loopback + ":" + e.Text
	}
	return loopback + strings.TrimPrefix(e.Text, e.HostIP)
}

// restateInherited writes a list of its own into a service that inherits one:
// a key in the service hides the merged one as a whole.
func (c *Compose) restateInherited(p *portList, hit []bool, edit portEdit) ([]Splice, *Refusal) {
	var items []string
	for i, e := range p.entries {
		if hit[i] && edit.restate == nil {
			continue
		}
		if e.Long || strings.ContainsAny(e.Text, "\"\\\n") {
			return nil, refuse(e.Line, "Write `ports:` out in this service.",
				"The ports are inherited through `<<` and one of them is too involved to be repeated.")
		}
		text := e.Text
		if hit[i] {
			text = edit.restate(e)
		}
		items = append(items, `"`+text+`"`)
	}
	lines := []string{"ports: [" + strings.Join(items, ", ") + "]"}
	if len(items) > 0 && p.mapping.Style&yaml.FlowStyle == 0 {
		lines = []string{"ports:"}
		for _, item := range items {
			lines = append(lines, "  - "+item)
		}
	}
	s, r := c.insertBefore(p.mapping, lines...)
	return []Splice{s}, r
}

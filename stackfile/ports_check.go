package stackfile

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkPorts reads the edited bytes back: everything but the service's ports
// must have stayed, the hit entries must be safe or gone, and the others must
// read as before.
func (c *Compose) checkPorts(e Edit, before *portList, number int, edit portEdit) *Refusal {
	failed := refuse(0, "Change the ports by hand.", "The edited file would not mean what it should, so it was not used.")
	after, err := ParseCompose(e.After)
	if err != nil {
		return failed
	}
	if c.shape(before.service) != after.shape(before.service) {
		return failed
	}
	p, r := after.portList(before.service)
	if r != nil {
		return failed
	}
	if _, some, r := p.hits(number, edit); r != nil || some {
		return failed
	}
	kept := map[string]int{}
	for _, entry := range p.entries {
		kept[entry.Text]++
	}
	hit, _, _ := before.hits(number, edit)
	for i, entry := range before.entries {
		if hit[i] {
			continue
		}
		if kept[entry.Text]--; kept[entry.Text] < 0 {
			return failed
		}
	}
	return nil
}

// shape writes the meaning of the file's nodes down, without positions,
// comments and the ports of one service.
func (c *Compose) shape(service string) string {
	var b strings.Builder
	_, mapping := child(c.services, service)
	writeShape(&b, c.root, mapping)
	return b.String()
}

func writeShape(b *strings.Builder, n, without *yaml.Node) {
	fmt.Fprintf(b, "%d %s %q &%s(", n.Kind, n.Tag, n.Value, n.Anchor)
	if n.Kind == yaml.MappingNode {
		for k, v := range pairs(n) {
			if n == without && k.Value == "ports" {
				continue
			}
			writeShape(b, k, without)
			writeShape(b, v, without)
		}
	} else {
		for _, item := range n.Content {
			writeShape(b, item, without)
		}
	}
	b.WriteString(")")
}

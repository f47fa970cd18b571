package stackfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// NetworkUse is a further network of a service, one that exists already.
type NetworkUse struct {
	Name    string // real name
	Address string // fixed; empty: as Docker gives it
	Aliases []string
	// KeepDefault: the service is in the project's default network because it
	// names none. Once it names one it has to name that too.
	KeepDefault bool
}

// AddNetwork puts a service into a further network and declares that as
// external. The networks that the service has stay as they are.
func (c *Compose) AddNetwork(service string, use NetworkUse) (Edit, error) {
	splices, r := c.planNetwork(service, use)
	if r != nil {
		return Edit{}, r.of(service)
	}
	return newEdit(c.text.src, splices), nil
}

func (c *Compose) planNetwork(service string, use NetworkUse) ([]Splice, *Refusal) {
	_, mapping, r := c.service(service)
	if r != nil {
		return nil, r
	}
	if r := c.networksEditable(mapping); r != nil {
		return nil, r
	}
	declared, r := c.declare(use.Name)
	if r != nil {
		return nil, r
	}
	_, list := child(mapping, "networks")
	joined, r := c.join(mapping, list, use)
	return append(declared, joined...), r
}

// networksEditable refuses what makes an edit of the networks reach further, or
// less far, than they.
func (c *Compose) networksEditable(mapping *yaml.Node) *Refusal {
	_, mode := child(mapping, "network_mode")
	if mode == nil {
		mode = inherited(mapping, "network_mode")
	}
	if mode != nil {
		return refuse(mode.Line, "Change how the service is connected by hand.",
			"The service sets network_mode: %s, so it cannot be in a network of its own.", target(mode).Value)
	}
	if r := customTag(mapping, "The service"); r != nil {
		return r
	}
	if r := c.unshared(c.services, mapping); r != nil {
		return r
	}
	_, list := child(mapping, "networks")
	if list == nil {
		if from := inherited(mapping, "networks"); from != nil {
			return refuse(from.Line, "Write `networks:` out in this service.", "The service inherits its networks through `<<`.")
		}
		return nil
	}
	if list.Kind == yaml.AliasNode {
		return refuse(list.Line, "Write the networks out in this service.", "`networks:` is an alias of a list elsewhere.")
	}
	if r := customTag(list, "`networks:`"); r != nil {
		return r
	}
	for key := range pairs(list) {
		if key.Tag == "!!merge" {
			return refuse(key.Line, "Write the networks out in this service.", "`networks:` merges another mapping with `<<`.")
		}
	}
	return c.unshared(list)
}

// join adds the network to those of the service.
func (c *Compose) join(mapping, list *yaml.Node, use NetworkUse) ([]Splice, *Refusal) {
	switch {
	case list == nil:
		lines := []string{"networks:"}
		if use.KeepDefault {
			lines = append(lines, "  default: {}")
		}
		if mapping.Style&yaml.FlowStyle != 0 {
			lines = []string{"networks: {" + strings.Join(append(defaults(use), use.flow()), ", ") + "}"}
		} else {
			lines = append(lines, indented(use.block())...)
		}
		s, r := c.insertBefore(mapping, lines...)
		return []Splice{s}, r
	case list.Kind == yaml.MappingNode && len(list.Content) > 0:
		lines := use.block()
		if list.Style&yaml.FlowStyle != 0 {
			lines = []string{use.flow()}
		}
		s, r := c.insertBefore(list, lines...)
		return []Splice{s}, r
	case list.Kind == yaml.SequenceNode && len(list.Content) > 0 && list.Style&yaml.FlowStyle != 0:
		return c.joinFlow(list, use)
	case list.Kind == yaml.SequenceNode && len(list.Content) > 0:
		return c.joinBlock(list, use)
	}
	return nil, refuse(list.Line, "Remove the key, or name a network.", "`networks:` of the service is empty.")
}

func defaults(use NetworkUse) []string {
	if use.KeepDefault {
		return []string{"default: {}"}
	}
	return nil
}

// joinBlock makes a mapping of a list with dashes: only a mapping can say an
// address. The dash gives way to a space, so the names stay where they are.
func (c *Compose) joinBlock(list *yaml.Node, use NetworkUse) ([]Splice, *Refusal) {
	var out []Splice
	for i, item := range list.Content {
		at, r := c.listed(item)
		if r != nil {
			return nil, r
		}
		dash, r := c.dash(item)
		if r != nil {
			return nil, r
		}
		if item.Column != list.Content[0].Column {
			return nil, refuse(item.Line, "Put the same space behind every dash.", "The networks do not stand in one column.")
		}
		lead := Splice{Offset: dash, Old: "-", New: " "}
		if i == 0 {
			glue := c.text.eol(item.Line) + strings.Repeat(" ", item.Column-1)
			start, _ := c.start(item)
			lead = Splice{Offset: dash, Old: string(c.text.src[dash:start]), New: strings.Repeat(" ", start-dash) + strings.Join(use.block(), glue) + glue}
		}
		out = append(out, lead, Splice{Offset: at.outer, New: ": {}"})
	}
	return out, nil
}

// joinFlow does the same to a list in brackets.
func (c *Compose) joinFlow(list *yaml.Node, use NetworkUse) ([]Splice, *Refusal) {
	open, _ := c.start(list)
	out := []Splice{{Offset: open, Old: "[", New: "{" + use.flow() + ", "}}
	end := open
	for _, item := range list.Content {
		at, r := c.listed(item)
		if r != nil {
			return nil, r
		}
		end = at.outer
		out = append(out, Splice{Offset: at.outer, New: ": {}"})
	}
	rest := string(c.text.src[end:c.text.lineEnd(c.text.lineOf(end))])
	shut := strings.TrimLeft(rest, " ,\t")
	if c.text.lineOf(end) != list.Line || !strings.HasPrefix(shut, "]") {
		return nil, refuse(list.Line, "Put the list on one line.", "`networks:` is a `[…]` over several lines.")
	}
	return append(out, Splice{Offset: end + len(rest) - len(shut), Old: "]", New: "}"}), nil
}

// listed locates the name of a network in a list.
func (c *Compose) listed(item *yaml.Node) (span, *Refusal) {
	if item.Kind != yaml.ScalarNode || strings.Contains(item.Value, "$") {
		return span{}, refuse(item.Line, "Write its name out.", "A network of the service is not written as a plain name.")
	}
	if r := c.unshared(item); r != nil {
		return span{}, r
	}
	return c.scalar(item, "The name of the network")
}

// declare adds the network to those of the project.
func (c *Compose) declare(name string) ([]Splice, *Refusal) {
	lines := []string{quoted(name) + ":", "  name: " + yamlText(name), "  external: true"}
	_, all := child(c.root, "networks")
	switch {
	case all == nil:
		services, _ := child(c.root, "services")
		if c.root.Style&yaml.FlowStyle != 0 || !c.leads(c.text.starts[services.Line-1]+services.Column-1) || services.Column != 1 {
			return nil, refuse(services.Line, "Put each key of the file on a line of its own.", "Something stands before `services:`.")
		}
		eol := c.text.eol(services.Line)
		return []Splice{{Offset: c.text.starts[services.Line-1], New: strings.Join(append([]string{"networks:"}, indented(lines)...), eol) + eol}}, nil
	case all.Kind != yaml.MappingNode || len(all.Content) == 0:
		return nil, refuse(all.Line, "Write the networks out.", "The file's own `networks:` is empty or an alias.")
	}
	if _, there := child(all, name); there != nil {
		return nil, refuse(there.Line, "Give it another name.", "The file declares a network %q itself.", name)
	}
	if r := c.unshared(all); r != nil {
		return nil, r
	}
	if all.Style&yaml.FlowStyle != 0 {
		lines = []string{quoted(name) + ": {name: " + yamlText(name) + ", external: true}"}
	}
	s, r := c.insertBefore(all, lines...)
	return []Splice{s}, r
}

func indented(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = "  " + l
	}
	return out
}

// block is the entry over several lines.
func (u NetworkUse) block() []string {
	if u.Address == "" && len(u.Aliases) == 0 {
		return []string{quoted(u.Name) + ": {}"}
	}
	lines := []string{quoted(u.Name) + ":"}
	if u.Address != "" {
		lines = append(lines, "  ipv4_address: "+u.Address)
	}
	if len(u.Aliases) > 0 {
		lines = append(lines, "  aliases:")
	}
	for _, a := range u.Aliases {
		lines = append(lines, "    - "+yamlText(a))
	}
	return lines
}

// flow is the entry on one line.
func (u NetworkUse) flow() string {
	var parts []string
	if u.Address != "" {
		parts = append(parts, "ipv4_address: "+u.Address)
	}
	var aliases []string
	for _, a := range u.Aliases {
		aliases = append(aliases, yamlText(a))
	}
	if aliases != nil {
		parts = append(parts, "aliases: ["+strings.Join(aliases, ", ")+"]")
	}
	return quoted(u.Name) + ": {" + strings.Join(parts, ", ") + "}"
}

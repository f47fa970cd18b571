package stackfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

const loopback = "127.0.0.1"

// BindLoopback binds every TCP entry of the service that publishes the
// container port target to 127.0.0.1. Target is a number or an expression such
// as ${PORT:-8000}. Entries that are bound to loopback already, other ports and
// other protocols stay as they are; if there is nothing to do the edit is
// empty.
func (c *Compose) BindLoopback(service, target string, lookup Lookup) (Edit, error) {
	return c.editPorts(service, target, portEdit{
		lookup:  lookup,
		wants:   func(p Port) bool { return !p.Loopback() },
		own:     c.bindOwn,
		restate: boundText,
	})
}

// RemovePort comments out every TCP entry of the service that publishes the
// container port target, wherever it is bound.
func (c *Compose) RemovePort(service, target string, lookup Lookup) (Edit, error) {
	return c.editPorts(service, target, portEdit{
		lookup: lookup,
		wants:  func(Port) bool { return true },
		whole:  true,
		own:    c.removeOwn,
	})
}

// portEdit is what tells one edit of a port list from another.
type portEdit struct {
	lookup  Lookup
	wants   func(Port) bool                              // which published ports are to change
	whole   bool                                         // an entry goes as a whole, so it must publish nothing else
	own     func(*portList, []bool) ([]Splice, *Refusal) // changes the hit entries of the service's own list
	restate func(portEntry) string                       // the new text of an inherited entry; nil drops it
}

func (c *Compose) editPorts(service, wanted string, edit portEdit) (Edit, error) {
	e, r := c.planPorts(service, wanted, edit)
	if r != nil {
		return Edit{}, r.of(service)
	}
	return e, nil
}

func (c *Compose) planPorts(service, wanted string, edit portEdit) (Edit, *Refusal) {
	number, r := resolveTarget(wanted, edit.lookup)
	if r != nil {
		return Edit{}, r
	}
	p, r := c.portList(service)
	if r != nil {
		return Edit{}, r
	}
	hit, some, r := p.hits(number, edit)
	if r != nil || !some {
		return newEdit(c.text.src, nil), r
	}
	if r := c.portsEditable(p); r != nil {
		return Edit{}, r
	}
	var splices []Splice
	if p.key == nil {
		splices, r = c.restateInherited(p, hit, edit)
	} else {
		splices, r = edit.own(p, hit)
	}
	if r != nil {
		return Edit{}, r
	}
	e := newEdit(c.text.src, splices)
	return e, c.checkPorts(e, p, number, edit)
}

// hits marks the entries that publish the wanted port over TCP in a way the
// edit is to change.
func (p *portList) hits(number int, edit portEdit) (hit []bool, some bool, r *Refusal) {
	hit = make([]bool, len(p.entries))
	for i, e := range p.entries {
		ports, r := e.resolve(edit.lookup)
		if r != nil {
			return nil, false, r
		}
		others := 0
		for _, port := range ports {
			if port.Target != number {
				others++
			} else if port.Protocol == "tcp" && edit.wants(port) {
				hit[i], some = true, true
			}
		}
		if !hit[i] {
			continue
		}
		if edit.whole && others > 0 {
			return nil, false, refuse(e.Line, "Split the range, or take it out by hand.",
				"The entry %s publishes other ports too.", e.Text)
		}
		if r := e.editable(edit.lookup); r != nil {
			return nil, false, r
		}
	}
	return hit, some, nil
}

// editable refuses entries whose parts do not stand in the entry itself.
func (e portEntry) editable(lookup Lookup) *Refusal {
	if e.node.Kind == yaml.AliasNode && !e.Inherited {
		return refuse(e.Line, "Write the port out.", "The port is an alias of a value elsewhere.")
	}
	if e.Long {
		for key := range pairs(target(e.node)) {
			if key.Tag == "!!merge" {
				return refuse(key.Line, "Write the port out.", "The port merges another mapping with `<<`.")
			}
		}
		return nil
	}
	if wholeVariable(e.Text) {
		return refuse(e.Line, "Write the parts of the port out, as in \"${PORT}:8000\".",
			"The whole port comes from a variable (%s).", e.Text)
	}
	value, err := expand(e.Text, lookup)
	if err != nil {
		return refuse(e.Line, "Set the variable in .env.", "The port %s cannot be worked out: %v.", e.Text, err)
	}
	written, _ := shortParts(e.Text)
	filled, _ := shortParts(value)
	if len(written) != len(filled) {
		return refuse(e.Line, "Write the address and the ports as parts of their own.",
			"A variable in the port %s holds several parts of it.", e.Text)
	}
	return nil
}

// wholeVariable reports whether an entry is a single variable and nothing else.
func wholeVariable(s string) bool {
	name, ok := strings.CutPrefix(s, "$")
	if !ok {
		return false
	}
	if !strings.HasPrefix(name, "{") {
		return !strings.ContainsAny(name, "$:{}/[]-.")
	}
	depth := 0
	for i := range len(name) {
		switch name[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i == len(name)-1
			}
		}
	}
	return false
}

// portsEditable refuses what makes an edit of the list reach further, or less
// far, than the list.
func (c *Compose) portsEditable(p *portList) *Refusal {
	_, mode := child(p.mapping, "network_mode")
	if mode == nil {
		mode = inherited(p.mapping, "network_mode")
	}
	if mode != nil {
		return refuse(mode.Line, "Change how the service is published by hand.",
			"The service sets network_mode: %s, so `ports:` does not decide what is published.", target(mode).Value)
	}
	if r := customTag(p.mapping, "The service"); r != nil {
		return r
	}
	if r := c.unshared(c.services, p.mapping); r != nil || p.key == nil {
		return r
	}
	if p.list.Kind == yaml.AliasNode {
		return refuse(p.list.Line, "Write the ports out in this service.", "`ports:` is an alias of a list elsewhere.")
	}
	if r := customTag(p.list, "`ports:`"); r != nil {
		return r
	}
	return c.unshared(p.list)
}

// bindOwn binds entries of the service's own list.
func (c *Compose) bindOwn(p *portList, hit []bool) ([]Splice, *Refusal) {
	var out []Splice
	for i, e := range p.entries {
		if !hit[i] {
			continue
		}
		if r := c.itemEditable(p, e); r != nil {
			return nil, r
		}
		bind := c.bindShort
		if e.Long {
			bind = c.bindLong
		}
		s, r := bind(e)
		if r != nil {
			return nil, r
		}
		out = append(out, s)
	}
	return out, nil
}

// itemEditable refuses an entry that is shared or does not start on the line of
// its dash.
func (c *Compose) itemEditable(p *portList, e portEntry) *Refusal {
	if r := c.unshared(e.node); r != nil {
		return r
	}
	if r := customTag(e.node, "The port"); r != nil {
		return r
	}
	if p.list.Style&yaml.FlowStyle != 0 {
		return nil
	}
	_, r := c.dash(e.node)
	return r
}

// dash gives the offset of the dash in front of an item of a block list.
func (c *Compose) dash(item *yaml.Node) (int, *Refusal) {
	alone := refuse(item.Line, "Put the dash and the port on one line.", "The dash of the port stands on a line of its own.")
	off, ok := c.text.offset(item.Line, item.Column)
	if !ok {
		return 0, alone
	}
	start := c.text.starts[item.Line-1]
	lead := strings.TrimRight(string(c.text.src[start:off]), " \t")
	if strings.TrimLeft(lead, " ") != "-" {
		return 0, alone
	}
	return start + len(lead) - 1, nil
}

func (c *Compose) bindShort(e portEntry) (Splice, *Refusal) {
	at, r := c.scalar(e.node, "The port")
	if r != nil {
		return Splice{}, r
	}
	switch parts, _ := shortParts(e.Text); len(parts) {
	case 1:
		return Splice{Offset: at.start, New: loopback + "::"}, nil
	case 2:
		return Splice{Offset: at.start, New: loopback + ":"}, nil
	default:
		return Splice{Offset: at.start, Old: e.HostIP, New: loopback}, nil
	}
}

func (c *Compose) bindLong(e portEntry) (Splice, *Refusal) {
	_, host := child(e.node, "host_ip")
	if host == nil {
		return c.insertBefore(e.node, "host_ip: "+loopback)
	}
	if r := c.unshared(host); r != nil {
		return Splice{}, r
	}
	at, r := c.scalar(host, "host_ip")
	if r != nil {
		return Splice{}, r
	}
	return Splice{Offset: at.start, Old: string(c.text.src[at.start:at.end]), New: loopback}, nil
}

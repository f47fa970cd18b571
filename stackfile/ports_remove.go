package stackfile

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// removeOwn takes entries out of the service's own list.
func (c *Compose) removeOwn(p *portList, hit []bool) ([]Splice, *Refusal) {
	left := 0
	for i, e := range p.entries {
		if !hit[i] {
			left++
			continue
		}
		if r := c.itemEditable(p, e); r != nil {
			return nil, r
		}
	}
	if p.list.Style&yaml.FlowStyle != 0 {
		return c.removeFlow(p, hit, left)
	}
	return c.removeBlock(p, hit, left)
}

// removeBlock comments entries out at the column of their dash.
func (c *Compose) removeBlock(p *portList, hit []bool, left int) ([]Splice, *Refusal) {
	var out []Splice
	for i, e := range p.entries {
		if !hit[i] {
			continue
		}
		splices, r := c.commentItem(e)
		if r != nil {
			return nil, r
		}
		out = append(out, splices...)
	}
	if left > 0 {
		return out, nil
	}
	s, r := c.dropKey(p)
	return append(out, s), r
}

func (c *Compose) commentItem(e portEntry) ([]Splice, *Refusal) {
	dash, r := c.dash(e.node)
	if r != nil {
		return nil, r
	}
	last, r := c.lastLine(e.node)
	if r != nil {
		return nil, r
	}
	column := dash - c.text.starts[e.Line-1]
	var out []Splice
	for line := e.Line; line <= last; line++ {
		at := c.text.starts[line-1] + column
		if at < c.text.lineEnd(line) {
			out = append(out, Splice{Offset: at, New: "# "})
		}
	}
	return out, nil
}

// lastLine is the last line of an entry. Every value in it must be a one-line
// scalar, or the end is not known.
func (c *Compose) lastLine(n *yaml.Node) (int, *Refusal) {
	if n.Kind != yaml.MappingNode {
		_, r := c.scalar(n, "The port")
		return n.Line, r
	}
	last, end := n.Line, 0
	for _, part := range n.Content {
		if part.Tag == "!!null" && part.Value == "" {
			continue
		}
		at, r := c.scalar(part, "A value of the port")
		if r != nil {
			return 0, r
		}
		last, end = max(last, part.Line), max(end, at.outer)
	}
	if n.Style&yaml.FlowStyle != 0 {
		rest := strings.TrimLeft(string(c.text.src[end:c.text.lineEnd(last)]), " ,\t")
		if !strings.HasPrefix(rest, "}") {
			return 0, refuse(n.Line, "Put the port on one line.", "The port is a `{…}` over several lines.")
		}
	}
	return last, nil
}

// dropKey deals with the key of a list that lost its last entry: a bare
// `ports:` is invalid. The key goes too, unless the service would then inherit
// a list or be empty.
func (c *Compose) dropKey(p *portList) (Splice, *Refusal) {
	at, r := c.scalar(p.key, "`ports:`")
	if r != nil {
		return Splice{}, r
	}
	if !c.keyMustStay(p) {
		if !c.leads(at.start) {
			return Splice{}, refuse(p.key.Line, "Put `ports:` on a line of its own.", "Something stands before `ports:` on its line.")
		}
		return Splice{Offset: at.start, New: "# "}, nil
	}
	if p.list.Anchor != "" || !bytes.HasPrefix(c.text.src[at.outer:], []byte(":")) {
		return Splice{}, refuse(p.key.Line, "Write `ports: []` by hand.", "`ports:` carries an anchor.")
	}
	return Splice{Offset: at.outer + 1, New: " []"}, nil
}

func (c *Compose) keyMustStay(p *portList) bool {
	return inherited(p.mapping, "ports") != nil || len(p.mapping.Content) == 2
}

// removeFlow takes entries out of a `[…]`. A list on the line of its key that
// loses all entries is commented out; otherwise the entries are deleted.
func (c *Compose) removeFlow(p *portList, hit []bool, left int) ([]Splice, *Refusal) {
	spans := make([]span, len(p.entries))
	for i, e := range p.entries {
		at, r := c.scalar(e.node, "The port")
		if r != nil {
			return nil, r
		}
		at.start, _ = c.start(e.node)
		spans[i] = at
	}
	open, _ := c.start(p.list)
	end := spans[len(spans)-1].outer
	end += bytes.IndexByte(c.text.src[end:], ']')
	if r := c.flowComment(open, end, spans); r != nil {
		return nil, r
	}
	if left > 0 {
		end, open = spans[len(spans)-1].outer, spans[0].start-1
	} else if c.ownLine(p, end) && !c.keyMustStay(p) {
		off, _ := c.start(p.key)
		return []Splice{{Offset: off, New: "# "}}, nil
	}
	old := string(c.text.src[open+1 : end])
	return []Splice{{Offset: open + 1, Old: old, New: c.keptItems(spans, hit)}}, nil
}

// keptItems joins the items that stay with the separators that stand before
// them.
func (c *Compose) keptItems(spans []span, hit []bool) string {
	var b strings.Builder
	for i, s := range spans {
		if hit[i] {
			continue
		}
		if b.Len() > 0 {
			b.Write(c.text.src[spans[i-1].outer:s.start])
		}
		b.Write(c.text.src[s.start:s.outer])
	}
	return b.String()
}

// ownLine reports whether the key and its whole list, up to the bracket at
// end, have a line for themselves.
func (c *Compose) ownLine(p *portList, end int) bool {
	off, ok := c.start(p.key)
	return ok && c.leads(off) && c.text.lineOf(end) == p.key.Line && p.mapping.Style&yaml.FlowStyle == 0
}

// flowComment refuses a comment between the brackets: the entry it belongs to
// cannot be told.
func (c *Compose) flowComment(open, end int, spans []span) *Refusal {
	for _, s := range append(spans, span{start: end}) {
		if at := bytes.IndexByte(c.text.src[open:s.start], '#'); at >= 0 {
			return refuse(c.text.lineOf(open+at), "Write one port a line, each with a dash.",
				"There is a comment inside the `[…]` of `ports:`.")
		}
		open = s.outer
	}
	return nil
}

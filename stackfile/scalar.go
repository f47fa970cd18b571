package stackfile

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// span is where a scalar's value stands in the file, without its quotes, and
// where the whole scalar ends, with them.
type span struct{ start, end, outer int }

// scalar locates a one-line scalar whose text in the file is its value. YAML
// does not tell where a scalar ends, so the bytes are compared: an escape or a
// second line makes them differ, and the edit is refused.
func (c *Compose) scalar(n *yaml.Node, what string) (span, *Refusal) {
	if n.Kind == yaml.AliasNode {
		return span{}, refuse(n.Line, "Write it out.", "%s is an alias.", what)
	}
	if r := customTag(n, what); r != nil {
		return span{}, r
	}
	byHand := "Write it on one line without escapes, or change it by hand."
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return span{}, refuse(n.Line, byHand, "%s is a block scalar.", what)
	}
	off, ok := c.start(n)
	if !ok {
		return span{}, refuse(n.Line, byHand, "%s was not found where YAML says it is.", what)
	}
	src, quote := c.text.src, ""
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		quote = `"`
	case n.Style&yaml.SingleQuotedStyle != 0:
		quote = "'"
	}
	want := quote + n.Value + quote
	if !bytes.HasPrefix(src[off:], []byte(want)) || (quote == "" && n.Value == "") {
		return span{}, refuse(n.Line, byHand, "%s is written with escapes or over several lines.", what)
	}
	start := off + len(quote)
	return span{start: start, end: start + len(n.Value), outer: off + len(want)}, nil
}

// start is the offset of a node's own text: yaml.v3 points at the anchor or tag
// that stands before it.
func (c *Compose) start(n *yaml.Node) (int, bool) {
	off, ok := c.text.offset(n.Line, n.Column)
	if !ok {
		return 0, false
	}
	src := c.text.src
	for n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		if off >= len(src) || (src[off] != '&' && src[off] != '!') {
			break
		}
		word := bytes.IndexAny(src[off:], " \t\r\n")
		if word < 0 {
			return 0, false
		}
		off += word
		for off < len(src) && (src[off] == ' ' || src[off] == '\t') {
			off++
		}
	}
	return off, off < len(src)
}

// leads reports whether only spaces stand before off on its line.
func (c *Compose) leads(off int) bool {
	line := c.text.lineOf(off)
	return strings.Trim(string(c.text.src[c.text.starts[line-1]:off]), " ") == ""
}

// insertBefore gives the splice that writes lines in front of a mapping's first
// key. No end has to be found for that.
func (c *Compose) insertBefore(mapping *yaml.Node, lines ...string) (Splice, *Refusal) {
	first := mapping.Content[0]
	if _, r := c.scalar(first, "The first key of the mapping"); r != nil {
		return Splice{}, r
	}
	off, _ := c.start(first)
	if mapping.Style&yaml.FlowStyle != 0 {
		return Splice{Offset: off, New: strings.Join(lines, " ") + ", "}, nil
	}
	lineStart := c.text.starts[first.Line-1]
	if first.Anchor != "" || strings.Trim(string(c.text.src[lineStart:off]), " -") != "" {
		return Splice{}, refuse(first.Line, "Put the first key on a line of its own.",
			"Something stands before the key %q on its line.", first.Value)
	}
	glue := c.text.eol(first.Line) + strings.Repeat(" ", off-lineStart)
	return Splice{Offset: off, New: strings.Join(lines, glue) + glue}, nil
}

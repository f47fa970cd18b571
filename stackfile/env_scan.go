package stackfile

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// assignment is one statement of an env file. All offsets are into the file.
type assignment struct {
	key      string
	line     int
	start    int  // first byte, `export` included
	keyEnd   int  // after the key
	sepEnd   int  // after the `=` or `:`
	valStart int  // the value as written, quotes included, comment excluded
	valEnd   int  //
	end      int  // where the next statement may start
	quote    byte // ', " or 0
	bare     bool // a name without `=`: the value comes from outside
	dangling bool // a name without `=` at the very end: compose reads it as a value without a key
}

// envScanner walks over an env file the way compose-go's parser does, and keeps
// the offsets that parser throws away.
type envScanner struct {
	text *text
	src  []byte
	pos  int
}

func scanEnv(t *text) ([]assignment, *Refusal) {
	s := &envScanner{text: t, src: t.src, pos: t.starts[0]}
	var out []assignment
	for s.skip() {
		a, r := s.statement()
		if r != nil {
			return nil, r
		}
		out = append(out, a)
	}
	return out, nil
}

// skip moves over blank space and comments and reports whether more follows.
func (s *envScanner) skip() bool {
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		s.pos += len(rest) - len(bytes.TrimLeftFunc(rest, unicode.IsSpace))
		if s.pos == len(s.src) || s.src[s.pos] != '#' {
			break
		}
		nl := bytes.IndexByte(s.src[s.pos:], '\n')
		if nl < 0 {
			s.pos = len(s.src)
			break
		}
		s.pos += nl
	}
	return s.pos < len(s.src)
}

var exportWord = regexp.MustCompile(`^export\s+`)

func (s *envScanner) statement() (assignment, *Refusal) {
	a := assignment{start: s.pos, line: s.text.lineOf(s.pos)}
	if exportWord.Match(s.src[s.pos:]) {
		s.pos = s.blank(s.pos + len("export"))
	}
	if r := s.name(&a); r != nil {
		return a, r
	}
	if a.bare {
		a.valStart, a.valEnd, a.end = a.keyEnd, a.keyEnd, s.blank(a.sepEnd)
	} else if r := s.value(&a); r != nil {
		return a, r
	}
	s.pos = a.end
	return a, nil
}

// blank is the first offset from off on that holds no space of the same line.
func (s *envScanner) blank(off int) int {
	rest := s.src[off:]
	return off + len(rest) - len(bytes.TrimLeftFunc(rest, isBlank))
}

// isBlank is compose-go's idea of a space within a line.
func isBlank(r rune) bool {
	return strings.ContainsRune("\t\v\f\r \u0085\u00A0", r)
}

// name reads up to the `=`, `:` or line break that ends a key.
func (s *envScanner) name(a *assignment) *Refusal {
	from := s.pos
	for off := from; off < len(s.src); {
		r, n := utf8.DecodeRune(s.src[off:])
		switch {
		case r == '=' || r == ':' || r == '\n':
			key := strings.TrimRightFunc(string(s.src[from:off]), unicode.IsSpace)
			a.key, a.keyEnd, a.sepEnd, a.bare = key, from+len(key), off+1, r == '\n'
			if strings.Contains(key, " ") {
				return refuse(a.line, "Correct the line, or put a # in front of it.", "The name of the key holds a space.")
			}
			return nil
		case isBlank(r), strings.ContainsRune("_.-[]", r), unicode.IsLetter(r), unicode.IsNumber(r):
			off += n
		default:
			return refuse(a.line, "Correct the line, or put a # in front of it.",
				"The line is not KEY=value: a name cannot hold %q.", string(r))
		}
	}
	a.keyEnd, a.sepEnd, a.dangling = from, from, true
	return nil
}

func (s *envScanner) value(a *assignment) *Refusal {
	a.valStart = s.blank(a.sepEnd)
	rest := s.src[a.valStart:]
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		a.quote = rest[0]
		n := quotedLen(rest)
		if n == 0 {
			return refuse(a.line, "Close the quote.", "The quoted value of %s does not end.", a.key)
		}
		a.valEnd, a.end = a.valStart+n, a.valStart+n
		return nil
	}
	line := rest
	a.end = len(s.src)
	if nl := bytes.IndexByte(rest, '\n'); nl >= 0 {
		line, a.end = rest[:nl], a.valStart+nl+1
	}
	line, _, _ = bytes.Cut(line, []byte(" #"))
	a.valEnd = a.valStart + len(bytes.TrimRightFunc(line, unicode.IsSpace))
	return nil
}

// quotedLen is the length of a quoted value with its quotes, 0 if it does not
// end. A backslash protects the byte after it.
func quotedLen(s []byte) int {
	escaped := false
	for i := 1; i < len(s); i++ {
		switch {
		case escaped:
			escaped = false
		case s[i] == '\\':
			escaped = true
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

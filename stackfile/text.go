package stackfile

import (
	"bytes"
	"unicode/utf8"
)

const byteOrderMark = "\uFEFF"

// text is a file with its line table. Offsets count from the first byte of the
// file, a byte order mark included; lines are 1-based.
type text struct {
	src    []byte
	starts []int // starts[i] is the offset of line i+1
}

func newText(src []byte) *text {
	t := &text{src: src, starts: []int{bomLen(src)}}
	for i, c := range src {
		if c == '\n' {
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

func bomLen(src []byte) int {
	if bytes.HasPrefix(src, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return 0
}

// body is the file without its byte order mark.
func (t *text) body() []byte { return t.src[t.starts[0]:] }

// offset turns a line and a column counted in runes, as yaml.v3 gives them,
// into an offset.
func (t *text) offset(line, col int) (int, bool) {
	if line < 1 || line > len(t.starts) || col < 1 {
		return 0, false
	}
	off, end := t.starts[line-1], t.lineEnd(line)
	for ; col > 1; col-- {
		if off >= end {
			return 0, false
		}
		_, n := utf8.DecodeRune(t.src[off:])
		off += n
	}
	return off, true
}

// lineOf is the line that holds the byte at off.
func (t *text) lineOf(off int) int {
	lo, hi := 0, len(t.starts)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if t.starts[mid] <= off {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1
}

// lineEnd is the offset of the line's break, or of the end of the file.
func (t *text) lineEnd(line int) int {
	end := t.nextLine(line)
	if end > t.starts[line-1] && t.src[end-1] == '\n' {
		end--
		if end > t.starts[line-1] && t.src[end-1] == '\r' {
			end--
		}
	}
	return end
}

// nextLine is the offset of the first byte after the line and its break.
func (t *text) nextLine(line int) int {
	if line < len(t.starts) {
		return t.starts[line]
	}
	return len(t.src)
}

// line is the line's content without its break.
func (t *text) line(line int) string {
	return string(t.src[t.starts[line-1]:t.lineEnd(line)])
}

// eol is the line ending a line inserted beside the given one should have: its
// own, or that of the nearest line before it that has one.
func (t *text) eol(line int) string {
	for ; line > 0; line-- {
		if end, next := t.lineEnd(line), t.nextLine(line); next > end {
			return string(t.src[end:next])
		}
	}
	return "\n"
}

// checkEncoding refuses bytes that are not UTF-8.
func (t *text) checkEncoding() *Refusal {
	if utf8.Valid(t.src) {
		return nil
	}
	for off := 0; off < len(t.src); {
		r, n := utf8.DecodeRune(t.src[off:])
		if r == utf8.RuneError && n == 1 {
			return refuse(t.lineOf(off), "Save the file as UTF-8.", "The file is not UTF-8 text.")
		}
		off += n
	}
	return nil
}

// checkBreaks refuses the line breaks that YAML counts and editors do not:
// after one of them every line number would point at the wrong line.
func (t *text) checkBreaks() *Refusal {
	for off := 0; off < len(t.src); {
		r, n := utf8.DecodeRune(t.src[off:])
		lone := r == '\r' && (off+1 == len(t.src) || t.src[off+1] != '\n')
		if lone || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return refuse(t.lineOf(off), "Replace it with a normal line break.",
				"The file holds an unusual line break (%U).", r)
		}
		off += n
	}
	return nil
}

package stackfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Splice replaces Old, which stands at Offset of the file before the edit, with
// New.
type Splice struct {
	Offset   int
	Old, New string
}

// LineChange is a run of lines that an edit replaces. Line is the number of its
// first line in the file before the edit.
type LineChange struct {
	Line     int
	Old, New []string
}

// Edit is a change of one file, worked out and not yet written. An edit without
// Changes leaves the file as it is.
type Edit struct {
	Before, After []byte
	Changes       []Splice // by offset, not overlapping
	Lines         []LineChange
}

// newEdit applies the splices to src. They must not overlap.
func newEdit(src []byte, splices []Splice) Edit {
	slices.SortStableFunc(splices, func(a, b Splice) int { return a.Offset - b.Offset })
	e := Edit{Before: bytes.Clone(src), After: apply(src, splices), Changes: splices}
	e.Lines = lineChanges(src, e.After, splices)
	return e
}

func apply(src []byte, splices []Splice) []byte {
	out := make([]byte, 0, len(src)+64)
	at := 0
	for _, s := range splices {
		out = append(out, src[at:s.Offset]...)
		out = append(out, s.New...)
		at = s.Offset + len(s.Old)
	}
	return append(out, src[at:]...)
}

// Hash names a file's content; Undo is gated on it.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Empty reports whether the edit changes nothing.
func (e Edit) Empty() bool { return len(e.Changes) == 0 }

// Undo gives the bytes from before the edit, but only if current is what the
// edit left behind: a file changed since is someone else's work.
func (e Edit) Undo(current []byte) ([]byte, error) {
	if Hash(current) != Hash(e.After) {
		return nil, refuse(0, "Compare the file with the diff of the edit and change it back by hand.",
			"The file was changed after the edit, so the edit cannot be undone safely.")
	}
	inverse := make([]Splice, len(e.Changes))
	shift := 0
	for i, s := range e.Changes {
		inverse[i] = Splice{Offset: s.Offset + shift, Old: s.New, New: s.Old}
		shift += len(s.New) - len(s.Old)
	}
	return apply(current, inverse), nil
}

// Revert takes the edit back in a file that was changed elsewhere since: the
// lines that it wrote become those that it found. It fails if they do not stand
// there as it left them, once each.
func (e Edit) Revert(current []byte) ([]byte, bool) {
	now := newText(current)
	var splices []Splice
	for _, c := range e.Lines {
		at := now.find(c.New)
		if at == 0 {
			return nil, false
		}
		start, end := now.starts[at-1], now.nextLine(at+len(c.New)-1)
		put := ""
		if len(c.Old) > 0 {
			end = now.lineEnd(at + len(c.New) - 1)
			put = strings.Join(c.Old, now.eol(at))
		}
		splices = append(splices, Splice{Offset: start, Old: string(current[start:end]), New: put})
	}
	return newEdit(current, splices).After, true
}

// find gives the line at which lines stand; 0 unless that is exactly one.
func (t *text) find(lines []string) int {
	found := 0
	for at := 1; len(lines) > 0 && at+len(lines)-1 <= len(t.starts); at++ {
		for i, l := range lines {
			if t.line(at+i) != l {
				break
			}
			if i < len(lines)-1 {
				continue
			}
			if found > 0 {
				return 0
			}
			found = at
		}
	}
	return found
}

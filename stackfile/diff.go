package stackfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// lineChanges groups splices by the lines they touch.
func lineChanges(before, after []byte, splices []Splice) []LineChange {
	old, now := newText(before), newText(after)
	var out []LineChange
	for i := 0; i < len(splices); {
		first, last, shift := old.lineOf(splices[i].Offset), 0, shiftBefore(splices[:i])
		for ; i < len(splices) && (last == 0 || old.lineOf(splices[i].Offset) <= last); i++ {
			last = max(last, old.lineOf(splices[i].Offset+len(splices[i].Old)))
		}
		start := old.starts[first-1] + shift
		end := old.nextLine(last) + shiftBefore(splices[:i])
		out = joinTouching(out, trimLines(LineChange{
			Line: first,
			Old:  splitLines(string(before[old.starts[first-1]:old.nextLine(last)])),
			New:  splitLines(string(now.src[start:end])),
		}))
	}
	return out
}

// joinTouching adds a change, as part of the one before it if no line stands
// between them.
func joinTouching(all []LineChange, c LineChange) []LineChange {
	if n := len(all) - 1; n >= 0 && all[n].Line+len(all[n].Old) == c.Line {
		all[n].Old = append(slices.Clip(all[n].Old), c.Old...)
		all[n].New = append(slices.Clip(all[n].New), c.New...)
		return all
	}
	return append(all, c)
}

func shiftBefore(splices []Splice) int {
	n := 0
	for _, s := range splices {
		n += len(s.New) - len(s.Old)
	}
	return n
}

// splitLines keeps the content of lines and drops their breaks.
func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return lines
}

// trimLines drops the lines that are the same at both ends of a change.
func trimLines(c LineChange) LineChange {
	for len(c.Old) > 0 && len(c.New) > 0 && c.Old[0] == c.New[0] {
		c.Old, c.New, c.Line = c.Old[1:], c.New[1:], c.Line+1
	}
	for len(c.Old) > 0 && len(c.New) > 0 && c.Old[len(c.Old)-1] == c.New[len(c.New)-1] {
		c.Old, c.New = c.Old[:len(c.Old)-1], c.New[:len(c.New)-1]
	}
	return c
}

// Diff shows the changed lines with one line of context, for people. Context
// lines whose name sounds like a secret are shown without their value.
func (e Edit) Diff() string {
	var b strings.Builder
	before := newText(e.Before)
	count := len(splitLines(string(before.body())))
	shown := 0 // last line printed
	for i, c := range e.Lines {
		if lead := c.Line - 1; lead > shown || i == 0 {
			fmt.Fprintf(&b, "@@ line %d @@\n", c.Line)
			if lead >= 1 && lead <= count {
				b.WriteString("  " + hideSecret(before.line(lead)) + "\n")
			}
		}
		writeLines(&b, "- ", c.Old)
		writeLines(&b, "+ ", c.New)
		shown = c.Line + len(c.Old) - 1
		if next := shown + 1; next <= count {
			b.WriteString("  " + hideSecret(before.line(next)) + "\n")
			shown = next
		}
	}
	return b.String()
}

func writeLines(b *strings.Builder, prefix string, lines []string) {
	for _, l := range lines {
		b.WriteString(prefix + l + "\n")
	}
}

var secretLine = regexp.MustCompile(`(?i)^(.*(?:pass|secret|token|credential|private|_key|apikey|dsn|_url)[^\s:=]*\s*[:=]\s*)(\S.*)$`)

// dots stand for a value that is not shown. Their number says nothing.
const dots = "••••••••"

func hideSecret(line string) string {
	m := secretLine.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	return m[1] + dots
}

// diffLines aligns two lists of lines by their longest common subsequence and
// calls back for each run that differs: before[i:j] became after[k:l].
func diffLines(before, after []string, change func(i, j, k, l int)) {
	head, tail := 0, 0
	for head < min(len(before), len(after)) && before[head] == after[head] {
		head++
	}
	for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	endB, endA := len(before)-tail, len(after)-tail
	i, k := head, head
	for _, m := range append(commonLines(before[head:endB], after[head:endA]), [2]int{endB - head, endA - head}) {
		if bi, ak := head+m[0], head+m[1]; bi > i || ak > k {
			change(i, bi, k, ak)
		}
		i, k = head+m[0]+1, head+m[1]+1
	}
}

// commonLines is the longest common subsequence as pairs of indexes. Env files
// are short, so the quadratic table is fine.
func commonLines(a, b []string) [][2]int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i, x := range slices.Backward(a) {
		for k, y := range slices.Backward(b) {
			if x == y {
				table[i][k] = table[i+1][k+1] + 1
			} else {
				table[i][k] = max(table[i+1][k], table[i][k+1])
			}
		}
	}
	var out [][2]int
	for i, k := 0, 0; i < len(a) && k < len(b); {
		switch {
		case a[i] == b[k]:
			out = append(out, [2]int{i, k})
			i, k = i+1, k+1
		case table[i+1][k] >= table[i][k+1]:
			i++
		default:
			k++
		}
	}
	return out
}

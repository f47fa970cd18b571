package stackfile

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

func joinInts(ns []int) string {
	words := make([]string, len(ns))
	for i, n := range ns {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}

// MaskedDiff shows the lines that differ between two states of an env file. The
// values of keys that are not ours are dots, in comments too; of a file that
// cannot be parsed every line is.
func MaskedDiff(before, after []byte, ours map[string]bool) string {
	oldRaw, newRaw := splitLines(string(newText(before).body())), splitLines(string(newText(after).body()))
	oldShown, newShown := maskedLines(before, ours, len(oldRaw)), maskedLines(after, ours, len(newRaw))
	var b strings.Builder
	diffLines(oldRaw, newRaw, func(i, j, k, l int) {
		fmt.Fprintf(&b, "@@ line %d @@\n", i+1)
		writeLines(&b, "- ", oldShown[i:j])
		writeLines(&b, "+ ", newShown[k:l])
	})
	return b.String()
}

var commentedKey = regexp.MustCompile(`^(\s*#[#\s]*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*)\S`)

// maskedLines gives the file's lines as they may be shown.
func maskedLines(src []byte, ours map[string]bool, count int) []string {
	t := newText(src)
	assignments, r := scanEnv(t)
	if r != nil || t.checkEncoding() != nil {
		return unreadableLines(count)
	}
	hidden := make([]bool, len(src))
	for i, a := range assignments {
		if ours[a.key] {
			continue
		}
		end := t.nextLine(t.lineOf(a.valEnd))
		if i+1 < len(assignments) {
			end = min(end, assignments[i+1].start)
		}
		for k := a.valStart; k < end; k++ {
			hidden[k] = true
		}
	}
	lines := make([]string, count)
	for i := range lines {
		lines[i] = maskLine(t, i+1, hidden, ours)
	}
	return lines
}

func unreadableLines(count int) []string {
	lines := make([]string, count)
	for i := range lines {
		lines[i] = dots
	}
	return lines
}

func maskLine(t *text, line int, hidden []bool, ours map[string]bool) string {
	from, to := t.starts[line-1], t.lineEnd(line)
	raw := string(t.src[from:to])
	if m := commentedKey.FindStringSubmatch(raw); m != nil && (from == to || !hidden[from]) {
		if ours[m[2]] {
			return raw
		}
		return m[1] + dots
	}
	var b bytes.Buffer
	for k := from; k < to; k++ {
		switch {
		case !hidden[k]:
			b.WriteByte(t.src[k])
		case k == from || !hidden[k-1]:
			b.WriteString(dots)
		}
	}
	return b.String()
}

package files

import "strings"

const dots = "••••••••"

// linesDiff shows the lines that go and those that come. A line that stays is
// not shown, wherever it stands, so nothing gets out that was not changed.
func linesDiff(before, after []byte) string {
	return prefixed("- ", without(before, after)) + prefixed("+ ", without(after, before))
}

// without lists the lines of a text that another one does not have, each as
// often as it has it too many.
func without(text, other []byte) []string {
	left := map[string]int{}
	for line := range strings.Lines(string(other)) {
		left[line]++
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if left[line]--; left[line] < 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

func prefixed(prefix string, lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(prefix + strings.TrimRight(l, "\r\n") + "\n")
	}
	return b.String()
}

func titled(file target, diff string) string {
	if diff == "" {
		return ""
	}
	return "@@ " + file.path + " @@\n" + diff
}

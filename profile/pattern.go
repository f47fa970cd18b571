package profile

import (
	"fmt"
	"strings"
)

// Access matches the path of a destination as Cloudflare documents it:
//
//   - /x/* covers what lies below /x/, not /x itself;
//   - * stands for any text, slashes included;
//   - /x without a wildcard covers /x, and what lies below it inherits that
//     unless another application is closer;
//   - at most one * between two slashes; no port, query or fragment.
//
// Whether /x and /x/ are the same is not documented. So there are two readings:
// covers is what Access certainly matches, mayCover what it possibly does. What
// must be open is held against the first, what must be locked against the second.

func covers(pattern, path string) bool { return glob(pattern, path) }

func mayCover(pattern, path string) bool { return anyCovers(readings(pattern), path) }

func anyCovers(patterns []string, path string) bool {
	for _, p := range patterns {
		if covers(p, path) {
			return true
		}
	}
	return false
}

// glob matches text against a form in which * stands for any text. Taking the
// first place for every middle piece is enough, because the last is anchored.
func glob(form, text string) bool {
	pieces := strings.Split(form, "*")
	if len(pieces) == 1 {
		return form == text
	}
	text, ok := strings.CutPrefix(text, pieces[0])
	if !ok {
		return false
	}
	for _, piece := range pieces[1 : len(pieces)-1] {
		_, after, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, pieces[len(pieces)-1])
}

// checkPattern finds what Access would refuse in the path of a destination.
func checkPattern(pattern string) error {
	switch {
	case !strings.HasPrefix(pattern, "/"):
		return fmt.Errorf("%q does not begin with a slash", pattern)
	case strings.Trim(pattern, "/*") == "":
		return fmt.Errorf("%q would open everything", pattern)
	case strings.ContainsAny(pattern, "?#: \\"):
		return fmt.Errorf("%q: ports, queries, fragments, spaces and backslashes are not possible", pattern)
	case strings.Contains(pattern, "//") || strings.Contains(pattern, "/./") || strings.Contains(pattern, "/../"):
		return fmt.Errorf("%q is not a plain path", pattern)
	}
	for segment := range strings.SplitSeq(pattern, "/") {
		if strings.Count(segment, "*") > 1 {
			return fmt.Errorf("%q has two wildcards between two slashes", pattern)
		}
	}
	return nil
}

// meet says whether a pattern, in which * stands for any text, and a form match
// one and the same path. In the form + stands for a part without a slash too.
func meet(a, b string) bool {
	// fits[j] says whether what is left of a meets what is left of b from j on.
	fits := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		row := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i] == '*':
				row[j] = fits[j] || j < len(b) && row[j+1]
			case j < len(b) && b[j] == '*':
				row[j] = row[j+1] || i < len(a) && fits[j]
			case j < len(b) && b[j] == '+':
				row[j] = row[j+1] || i < len(a) && a[i] != '/' && fits[j]
			default:
				row[j] = i < len(a) && j < len(b) && a[i] == b[j] && fits[j+1]
			}
		}
		fits = row
	}
	return fits[0]
}

// readings are the forms that a pattern may stand for at Access, the widest
// included.
func readings(pattern string) []string {
	stem := strings.TrimSuffix(pattern, "/")
	forms := []string{pattern, stem}
	if !strings.HasSuffix(stem, "*") {
		forms = append(forms, stem+"/*")
	}
	return forms
}

// mayMeet says whether a pattern possibly covers a path that a form matches.
func mayMeet(pattern, form string) bool {
	for _, reading := range readings(pattern) {
		if meet(reading, form) {
			return true
		}
	}
	return false
}

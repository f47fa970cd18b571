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

func mayCover(pattern, path string) bool {
	if glob(pattern, path) {
		return true
	}
	stem := strings.TrimSuffix(pattern, "/")
	return glob(stem, path) || !strings.HasSuffix(stem, "*") && glob(stem+"/*", path)
}

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

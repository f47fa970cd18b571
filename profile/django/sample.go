package django

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// sample makes up a path that the patterns on the way to a view match, one
// behind the other. It is empty if they are beyond what Go's expressions know,
// such as a look ahead.
func sample(pieces []string) string {
	var path strings.Builder
	path.WriteString("/")
	for _, piece := range pieces {
		piece = strings.ReplaceAll(strings.ReplaceAll(piece, `\Z`, `$`), `\z`, `$`)
		re, err := syntax.Parse(piece, syntax.Perl)
		if err != nil {
			return ""
		}
		text := shortest(re.Simplify())
		if whole, err := regexp.Compile(piece); err != nil || !whole.MatchString(text) {
			return ""
		}
		path.WriteString(text)
	}
	return path.String()
}

// shortest is a short text that an expression matches.
func shortest(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(anyOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(re.Sub[0])
	case syntax.OpAlternate:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(shortest(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(shortest(sub))
		}
		return b.String()
	}
	return "" // an edge, or something that may be missing
}

// anyOf takes a plain character of a class, given as pairs of first and last.
func anyOf(ranges []rune) rune {
	for _, wish := range "x0-_" {
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= wish && wish <= ranges[i+1] {
				return wish
			}
		}
	}
	if len(ranges) == 0 {
		return utf8.RuneError
	}
	return ranges[0]
}

package sim

import (
	"fmt"
	"strings"
)

// lexeme is a piece of an expression.
type lexeme struct {
	kind lexemeKind
	text string // of a string what it says, of the others what is written
	at   int    // where it begins
	size int    // how much is written
}

type lexemeKind int

const (
	endOfText lexemeKind = iota
	word                 // a name or an operator in letters
	symbol
	textLiteral
)

// exprError is a refusal of an expression, with the place that it is about.
type exprError struct {
	what     string
	text     string
	at, size int
	entitled bool // the expression is sound, and the plan does not allow it
}

// Error is worded as the API does it.
func (e *exprError) Error() string {
	if e.entitled {
		return "not entitled: " + e.what
	}
	before := e.text[:e.at]
	line := strings.Count(before, "\n")
	begin := strings.LastIndexByte(before, '\n') + 1
	shown, _, _ := strings.Cut(e.text[begin:], "\n")
	return fmt.Sprintf("Filter parsing error (%d:%d):\n%s\n%s%s %s\n", line+1, e.at-begin+1, shown,
		strings.Repeat(" ", e.at-begin), strings.Repeat("^", max(1, e.size)), e.what)
}

// lexer cuts an expression into pieces.
type lexer struct {
	text string
	at   int
}

func (l *lexer) fail(at, size int, what string) error {
	return &exprError{what: what, text: l.text, at: at, size: size}
}

func (l *lexer) next() (lexeme, error) {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	rest, at := l.text[l.at:], l.at
	if rest == "" {
		return lexeme{kind: endOfText, at: at}, nil
	}
	if rest[0] == '"' {
		return l.quotedText()
	}
	if hashes := rawText(rest); hashes >= 0 {
		return l.rawText(hashes)
	}
	if n := wordLength(rest); n > 0 {
		l.at += n
		return lexeme{word, rest[:n], at, n}, nil
	}
	for _, s := range []string{"==", "!=", "<=", ">=", "&&", "||", "^^", "[*]", "(", ")", "{", "}", ",", "!", "~", "<", ">"} {
		if strings.HasPrefix(rest, s) {
			l.at += len(s)
			return lexeme{symbol, s, at, len(s)}, nil
		}
	}
	return lexeme{}, l.fail(at, 1, "unrecognised input")
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] == '.' || s[n] >= '0' && s[n] <= '9' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	return n
}

// quotedText reads "...", in which \" and \\ are escapes.
func (l *lexer) quotedText() (lexeme, error) {
	var said strings.Builder
	for i := l.at + 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '"':
			out := lexeme{textLiteral, said.String(), l.at, i + 1 - l.at}
			l.at = i + 1
			return out, nil
		case c == '\\' && i+1 < len(l.text) && strings.IndexByte(`"\`, l.text[i+1]) >= 0:
			i++
			said.WriteByte(l.text[i])
		case c == '\\':
			return lexeme{}, l.fail(i, 1, `expected \" or \\`)
		default:
			said.WriteByte(c)
		}
	}
	return lexeme{}, l.fail(l.at, len(l.text)-l.at, "missing ending quote")
}

// rawText tells with how many # a raw text begins; below 0 none does.
func rawText(s string) int {
	if s[0] != 'r' {
		return -1
	}
	hashes := len(s[1:]) - len(strings.TrimLeft(s[1:], "#"))
	if hashes > 255 || !strings.HasPrefix(s[1+hashes:], `"`) {
		return -1
	}
	return hashes
}

// rawText reads r"...", r#"..."# and so on, without escapes.
func (l *lexer) rawText(hashes int) (lexeme, error) {
	begin := l.at + 1 + hashes + 1
	said, _, ended := strings.Cut(l.text[begin:], `"`+strings.Repeat("#", hashes))
	if !ended {
		return lexeme{}, l.fail(l.at, len(l.text)-l.at, "missing ending quote")
	}
	out := lexeme{textLiteral, said, l.at, begin + len(said) + 1 + hashes - l.at}
	l.at += out.size
	return out, nil
}

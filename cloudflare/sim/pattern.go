package sim

import (
	"cmp"
	"errors"
	"strings"
)

// pattern is a public destination of an Access application: a host and a path,
// both with wildcards. The rules, as Cloudflare documents them:
//
//   - Without a path, or with /*, it covers the whole host.
//   - /x covers /x and what lies below it, for nobody closer (see doors).
//   - /x/* covers /x/ and what lies below it, but not /x.
//   - A * in a path stands for any text, slashes included, also none:
//     /foo*/bar covers /foo/bar, /food/bar and /food/stuff/bar.
//   - A * in a host stays within its label: *.example.com covers neither
//     example.com nor a.b.example.com; *test.example.com covers
//     test.example.com.
//   - At most one * between two slashes, or two dots. No port, query, fragment.
//
// Where the documentation is silent this is the simulator's reading: hosts
// compare without case and paths with it, and a request's path is normalised
// first (normalPath), as the edge does for its rules. /x/ and /x are two paths.
type pattern struct {
	host  string
	whole bool   // every path of the host
	path  string // normalised, with its wildcards
	below string // the same for what lies below path; empty: nothing does
}

var (
	errDestination = errors.New("a destination is a host and a path, without scheme, port, query or fragment")
	errWildcards   = errors.New("at most one wildcard between two dots or two slashes")
)

// parsePattern reads the uri of a destination.
func parsePattern(uri string, exactPaths bool) (pattern, error) {
	host, path, _ := strings.Cut(uri, "/")
	if host == "" || strings.ContainsAny(uri, ":?# ") {
		return pattern{}, errDestination
	}
	host = hostname(host)
	if wildcards(host, ".") > 1 || wildcards(path, "/") > 1 {
		return pattern{}, errWildcards
	}
	p := pattern{host: host, path: normalPath("/" + path)}
	p.whole = p.path == "/" || p.path == "/*"
	if !exactPaths && !strings.HasSuffix(p.path, "*") {
		p.below = strings.TrimSuffix(p.path, "/") + "/*"
	}
	return p, nil
}

// wildcards is the highest number of them in one piece of s.
func wildcards(s, separator string) int {
	most := 0
	for piece := range strings.SplitSeq(s, separator) {
		most = max(most, strings.Count(piece, "*"))
	}
	return most
}

// uri is the normal form of a destination.
func (p pattern) uri() string {
	if p.path == "/" {
		return p.host
	}
	return p.host + p.path
}

// base is the part of the host that is written out, for finding its zone.
func (p pattern) base() string {
	return strings.TrimPrefix(p.host[strings.LastIndex(p.host, "*")+1:], ".")
}

// covers takes a normalised path.
func (p pattern) covers(path string) bool {
	return p.whole || glob(p.path, path) || p.below != "" && glob(p.below, path)
}

// coversHost takes a host in normal form.
func (p pattern) coversHost(host string) bool {
	if strings.Count(p.host, ".") != strings.Count(host, ".") {
		return false
	}
	for p, h := p.host, host; p != "" || h != ""; {
		var wanted, label string
		wanted, p, _ = strings.Cut(p, ".")
		label, h, _ = strings.Cut(h, ".")
		if !glob(wanted, label) {
			return false
		}
	}
	return true
}

// glob matches a text against a form in which * stands for any text. It takes
// the first place for each piece, which is enough when the last is anchored.
func glob(form, text string) bool {
	first, rest, wild := strings.Cut(form, "*")
	if !wild {
		return form == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		piece, more, wild := strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(text, piece)
		}
		_, after, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text, rest = after, more
	}
}

// closer orders patterns that cover the same request: negative if p is the
// more specific. A host written out beats a wildcard; then what counts is how
// much of the path is written out before the first *, then at all. That the
// host goes before the path is the simulator's reading.
func (p pattern) closer(q pattern) int {
	return cmp.Or(
		cmp.Compare(strings.Count(p.host, "*"), strings.Count(q.host, "*")),
		cmp.Compare(len(q.host), len(p.host)),
		cmp.Compare(literal(q.path), literal(p.path)),
		cmp.Compare(written(q.path), written(p.path)),
		cmp.Compare(strings.Count(p.path, "*"), strings.Count(q.path, "*")),
	)
}

// literal is how much of a form comes before its first wildcard.
func literal(form string) int {
	if at := strings.IndexByte(form, '*'); at >= 0 {
		return at
	}
	return len(form)
}

// written is how much of a form is not wildcard.
func written(form string) int { return len(form) - strings.Count(form, "*") }

// normalPath brings an escaped path into the form in which it is compared:
// backslashes are slashes, escapes of unreserved characters are resolved and
// the others in upper case, slashes are merged and dot segments applied.
func normalPath(escaped string) string {
	path := unescapeUnreserved(strings.ReplaceAll(escaped, `\`, "/"))
	var out []string
	steps := strings.Split(path, "/")
	for i, step := range steps {
		last := i == len(steps)-1
		switch step {
		case "..":
			out = out[:max(0, len(out)-1)]
		case ".", "":
		default:
			out = append(out, step)
		}
		if last && len(out) > 0 && (step == "" || step == "." || step == "..") {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

func unescapeUnreserved(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+2 >= len(s) || hexDigit(s[i+1]) < 0 || hexDigit(s[i+2]) < 0 {
			b.WriteByte(s[i])
			continue
		}
		char := byte(hexDigit(s[i+1])<<4 | hexDigit(s[i+2]))
		if strings.IndexByte(unreserved, char) >= 0 {
			b.WriteByte(char)
		} else {
			b.WriteString(strings.ToUpper(s[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// hexDigit is the value of a hex digit of either case, or -1.
func hexDigit(c byte) int {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}

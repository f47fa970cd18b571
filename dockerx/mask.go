package dockerx

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked stands for a value that may not be seen.
const masked = "•••"

// tokenText is the shape of a tunnel token, wherever it comes from.
var tokenText = regexp.MustCompile(`eyJ[A-Za-z0-9+/_=-]{30,}`)

// shortest is the length from which a value is taken for a secret when it
// turns up in a text: shorter ones are "true" and "8000" and hide nothing.
const shortest = 6

// mask takes the values of containers' environments out of a text.
type mask struct{ values []string }

func maskOf(all []box) mask {
	var m mask
	for _, b := range all {
		for _, value := range b.env() {
			m.values = append(m.values, value)
			if u, err := url.Parse(value); err == nil && u.User != nil {
				if password, ok := u.User.Password(); ok {
					m.values = append(m.values, password)
				}
			}
		}
	}
	m.values = slices.DeleteFunc(m.values, func(v string) bool { return len(v) < shortest })
	// Longest first: a value may be part of another.
	slices.SortFunc(m.values, func(a, b string) int { return len(b) - len(a) })
	return m
}

func (m mask) text(s string) string {
	for _, v := range m.values {
		s = strings.ReplaceAll(s, v, masked)
	}
	return tokenText.ReplaceAllString(s, masked)
}

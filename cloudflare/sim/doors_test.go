package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// slowFind asks every destination, and of those that cover the request takes
// the most specific: "the more specific rule takes precedence" (Application
// paths, Policy inheritance). What that means for wildcards is not documented;
// here it is said a second time, in the order in which it is decided.
func slowFind(uris []string, host, path string) string {
	var covering []string
	for _, uri := range uris {
		h, p, _ := strings.Cut(uri, "/")
		if slowHost(h, host) && slowCovers("/"+p, path) {
			covering = append(covering, uri)
		}
	}
	if len(covering) == 0 {
		return "nothing"
	}
	return slices.MinFunc(covering, func(a, b string) int {
		hostA, pathA, _ := strings.Cut(a, "/")
		hostB, pathB, _ := strings.Cut(b, "/")
		writtenOut := func(s string) int { before, _, _ := strings.Cut(s, "*"); return len(before) }
		inAll := func(s string) int { return len(strings.ReplaceAll(s, "*", "")) }
		return cmp.Or(
			cmp.Compare(strings.Count(hostA, "*"), strings.Count(hostB, "*")),
			-cmp.Compare(len(hostA), len(hostB)),
			-cmp.Compare(writtenOut(pathA), writtenOut(pathB)),
			-cmp.Compare(inAll(pathA), inAll(pathB)),
			cmp.Compare(strings.Count(pathA, "*"), strings.Count(pathB, "*")),
			cmp.Compare(a, b))
	})
}

func slowHost(form, host string) bool {
	forms, labels := strings.Split(form, "."), strings.Split(host, ".")
	return slices.EqualFunc(forms, labels, slowGlob)
}

func FuzzMatcher(f *testing.F) {
	for _, seed := range []struct{ uris, host, path string }{
		{"h.io h.io/a h.io/a/* h.io/a/b", "h.io", "/a/b/c"}, {"*.io a*.io *b.io/x ab.io/*", "ab.io", "/x"},
		{"h.io/foo*/bar h.io/foo/*", "h.io", "/foo/bar"}, {"*.*.io h.*.io *.h.io", "h.h.io", "/"}, {"h.io/a/ h.io/a", "h.io", "/a/../a//"},
		{"h.io/*/x h.io/a*/x", "h.io", "/ab/x"},
	} {
		f.Add(seed.uris, seed.host, seed.path, uint8(1))
	}
	f.Fuzz(func(t *testing.T, uris, host, path string, gone uint8) {
		if len(uris) > 60 || len(path) > 20 || len(host) > 12 {
			t.Skip() // the slow matcher is slow
		}
		host, path = hostname(host), normalPath(path)
		var fast doors
		var kept []string
		for i, uri := range strings.Fields(uris) {
			p, err := parsePattern(uri, false)
			if err != nil || slices.Contains(kept, p.uri()) {
				continue
			}
			one := &app{ID: p.uri(), patterns: []pattern{p}}
			if fast.add(one); gone>>(i%8)&1 == 1 {
				fast.remove(one)
				continue
			}
			kept = append(kept, p.uri())
		}
		got, want := "nothing", slowFind(kept, host, path)
		if a := fast.find(host, path); a != nil {
			got = a.ID
		}
		if got != want {
			t.Errorf("%s%s among %s: %s, want %s", host, path, fmt.Sprint(kept), got, want)
		}
	})
}

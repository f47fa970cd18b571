package sim

import (
	"strings"
	"testing"
)

// The page is "Application paths" of the Access documentation, by its headings;
// rows without one are the simulator's reading.
func TestADestinationCoversWhatTheDocumentationSays(t *testing.T) {
	for _, row := range []struct {
		heading string
		uri     string
		covers  string // space separated
		not     string
	}{
		{"Match all paths of an apex domain", "example.com", "example.com/ example.com/alpha example.com/beta example.com/a/b", "alpha.example.com/ example.org/"},
		{"Match all paths of an apex domain", "example.com/*", "example.com/ example.com/alpha example.com/beta", "alpha.example.com/"},
		{"Match all subdomains of an apex domain", "*.example.com", "alpha.example.com/ beta.example.com/x", "example.com/ foo.bar.example.com/"},
		{"Match all subdomains: multiple wildcards", "*.*.example.com", "a.b.example.com/", "a.example.com/ a.b.c.example.com/"},
		{"Match multi-level subdomains", "*.test.example.com", "alpha.test.example.com/ beta.test.example.com/", "test.example.com/ example.com/"},
		{"Partially match subdomains", "*test.example.com", "test.example.com/ alphatest.example.com/", "beta.test.example.com/ testing.example.com/"},
		{"Partially match subdomains", "test*.example.com", "test.example.com/ testing.example.com/", "atest.example.com/ test.beta.example.com/"},
		{"Match multi-level paths", "example.com/alpha/*", "example.com/alpha/one example.com/alpha/two example.com/alpha/one/two example.com/alpha/", "example.com/alpha example.com/ example.com/alphabet"},
		{"Partially match paths", "example.com/foo*/bar", "example.com/foo/bar example.com/food/bar example.com/food/stuff/bar", "example.com/foo example.com/fo/bar example.com/foo/barn"},
		{"Partially match paths", "example.com/hooks/*/in", "example.com/hooks/1/in example.com/hooks/1/2/in example.com/hooks//in/in", "example.com/hooks/in example.com/hooks/1/out"},
		{"Policy inheritance", "example.com/eng", "example.com/eng example.com/eng/exec example.com/eng/", "example.com/english example.com/en example.com/"},
		{"", "example.com/eng/", "example.com/eng/ example.com/eng/exec", "example.com/eng"},
		{"", "EXAMPLE.com./Eng", "example.com/Eng EXAMPLE.COM/Eng", "example.com/eng"},
		{"", "example.com/eng", "example.com//eng example.com/x/../eng example.com/%65ng example.com/eng/.", "example.com/eng/.. example.com/eng%2Fx"},
	} {
		p, err := parsePattern(row.uri, false)
		if err != nil {
			t.Errorf("%s: %s: %v", row.heading, row.uri, err)
			continue
		}
		for url := range strings.FieldsSeq(row.covers) {
			if !coversURL(p, url) {
				t.Errorf("%s: %s does not cover %s", row.heading, row.uri, url)
			}
		}
		for url := range strings.FieldsSeq(row.not) {
			if coversURL(p, url) {
				t.Errorf("%s: %s covers %s", row.heading, row.uri, url)
			}
		}
	}
}

func coversURL(p pattern, url string) bool {
	host, path, _ := strings.Cut(url, "/")
	return p.coversHost(hostname(host)) && p.covers(normalPath("/"+path))
}

func TestExactPathsLeaveOutWhatLiesBelow(t *testing.T) {
	p, err := parsePattern("example.com/eng", true)
	if err != nil {
		t.Fatal(err)
	}
	if !coversURL(p, "example.com/eng") || coversURL(p, "example.com/eng/exec") {
		t.Error("/eng must cover /eng and nothing below")
	}
}

func TestADestinationThatIsNotOneIsRefused(t *testing.T) {
	for uri, heading := range map[string]string{
		"foo*bar*baz.example.com": "Limitations", "example.com/foo*bar*baz": "Limitations", "example.com:8000": "Port numbers",
		"example.com/a?b": "Query strings", "example.com/#x": "Anchor links", "https://example.com": "", "": "", "/x": "", "example.com/a b": "",
	} {
		if _, err := parsePattern(uri, false); err == nil {
			t.Errorf("%s: %q was taken", heading, uri)
		}
	}
}

func TestTheClosestApplicationWins(t *testing.T) {
	uris := []string{"h.example.com", "h.example.com/*", "h.example.com/a", "h.example.com/a/*", "h.example.com/a/b",
		"h.example.com/a/*/c", "h.example.com/foo*/bar", "h.example.com/foo/*", "*.example.com", "*.example.com/a/b/c"}
	var d doors
	for _, uri := range uris {
		p, err := parsePattern(uri, false)
		if err != nil {
			t.Fatal(err)
		}
		d.add(&app{ID: uri, patterns: []pattern{p}})
	}
	for _, row := range []struct{ host, path, want string }{
		{"h.example.com", "/", "h.example.com"},
		{"h.example.com", "/x", "h.example.com"},
		{"h.example.com", "/a", "h.example.com/a"},
		{"h.example.com", "/a/", "h.example.com/a/*"},
		{"h.example.com", "/a/x", "h.example.com/a/*"},
		{"h.example.com", "/a/b", "h.example.com/a/b"},
		{"h.example.com", "/a/b/x", "h.example.com/a/b"},
		{"h.example.com", "/a/x/c", "h.example.com/a/*/c"},
		{"h.example.com", "/a/b/c", "h.example.com/a/b"},
		{"h.example.com", "/foo/bar", "h.example.com/foo/*"},
		{"h.example.com", "/food/bar", "h.example.com/foo*/bar"},
		{"i.example.com", "/a/b/c", "*.example.com/a/b/c"},
		{"i.example.com", "/a", "*.example.com"},
	} {
		got := "nothing"
		if a := d.find(row.host, row.path); a != nil {
			got = a.ID
		}
		if got != row.want {
			t.Errorf("%s%s is answered by %s, want %s", row.host, row.path, got, row.want)
		}
	}
	for _, uri := range uris {
		p, _ := parsePattern(uri, false)
		d.remove(d.at(p))
	}
	if len(d.byHost) != 0 || len(d.wild) != 0 {
		t.Error("removing every application leaves some of them behind")
	}
}

func TestPathsAreNormalised(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"/", "/"}, {"/a/", "/a/"}, {"//a///b", "/a/b"}, {"/a/./b", "/a/b"}, {"/a/../b", "/b"}, {"/../..", "/"},
		{"/a/..", "/"}, {"/a/b/..", "/a/"}, {`/a\b`, "/a/b"}, {"/%61%2f%7E", "/a%2F~"}, {"/%", "/%"}, {"/%zz", "/%zz"},
		{"/static/%2e%2e/admin", "/admin"}, {"", "/"}, {"/a/.", "/a/"},
	} {
		if got := normalPath(row.in); got != row.want {
			t.Errorf("%q becomes %q, want %q", row.in, got, row.want)
		}
	}
}

// slowGlob says what * means, and nothing of how to find it.
func slowGlob(form, text string) bool {
	if form == "" {
		return text == ""
	}
	if form[0] == '*' {
		for n := 0; n <= len(text); n++ {
			if slowGlob(form[1:], text[n:]) {
				return true
			}
		}
		return false
	}
	return text != "" && form[0] == text[0] && slowGlob(form[1:], text[1:])
}

// slowCovers says which paths a destination's path covers: itself, and what
// lies below each place where it could end.
func slowCovers(form, path string) bool {
	if form == "/" || form == "/*" || slowGlob(form, path) {
		return true
	}
	if strings.HasSuffix(form, "*") {
		return false
	}
	for n := 1; n < len(path); n++ {
		if path[n] == '/' && (slowGlob(form, path[:n]) || slowGlob(form, path[:n+1])) {
			return true
		}
	}
	return false
}

func FuzzAPatternCoversWhatTheSlowMatcherSays(f *testing.F) {
	for _, seed := range [][2]string{{"/a/*", "/a"}, {"/a", "/a/b"}, {"/foo*/bar", "/food/stuff/bar"}, {"/a/", "/a/b"},
		{"/*/x/*", "/1/x/"}, {"/a*/b*", "/aa/bb/"}, {"/", "/x"}, {"/**", "/"}, {"/a*a", "/a"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, form, path string) {
		if len(form) > 12 || len(path) > 24 {
			t.Skip() // the slow matcher is slow
		}
		p, err := parsePattern("h"+"/"+strings.TrimPrefix(form, "/"), false)
		if err != nil {
			t.Skip()
		}
		path = normalPath(path)
		if got, want := p.covers(path), slowCovers(p.path, path); got != want {
			t.Errorf("%q covers %q: %v, want %v", p.path, path, got, want)
		}
		if !strings.Contains(path, "%") && normalPath(path) != path {
			t.Errorf("normalising %q again gives %q", path, normalPath(path))
		}
	})
}

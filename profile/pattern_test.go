package profile

import "testing"

func TestWhatAPatternCovers(t *testing.T) {
	rows := []struct {
		pattern, path string
		sure, maybe   bool
	}{
		{"/x/*", "/x/y", true, true},
		{"/x/*", "/x/", true, true},
		{"/x/*", "/x/y/z", true, true},
		{"/x/*", "/x", false, false},
		{"/x/*", "/xy/z", false, false},
		{"/x", "/x", true, true},
		{"/x", "/x/", false, true},
		{"/x", "/x/y", false, true},
		{"/x", "/xy", false, false},
		{"/x/", "/x", false, true},
		{"/x/", "/x/", true, true},
		{"/foo*/bar", "/foo/bar", true, true},
		{"/foo*/bar", "/food/stuff/bar", true, true},
		{"/foo*/bar", "/foo/bard", false, false},
		{"/foo*/bar", "/foo/bar/more", false, true},
		{"/a/*/b/*/c", "/a/1/b/2/c", true, true},
		{"/a/*/b/*/c", "/a/1/c", false, false},
		{"/a/*a", "/a/a", true, true},
		{"/ab*ba", "/aba", false, false}, // the pieces may not overlap
	}
	for _, r := range rows {
		if got := covers(r.pattern, r.path); got != r.sure {
			t.Errorf("covers(%q, %q) = %v", r.pattern, r.path, got)
		}
		if got := mayCover(r.pattern, r.path); got != r.maybe {
			t.Errorf("mayCover(%q, %q) = %v", r.pattern, r.path, got)
		}
	}
}

func TestPatternsThatAccessWouldRefuse(t *testing.T) {
	for _, pattern := range []string{
		"", "x/y", "/", "/*", "//*", "/x?y", "/x#y", "/x:80", "/a b", "/x//y", "/x/../y", "/a*b*c", `/x\y`,
	} {
		if checkPattern(pattern) == nil {
			t.Errorf("%q was accepted", pattern)
		}
	}
	for _, pattern := range []string{"/x", "/x/*", "/x/", "/x*/y*", "/.well-known/jwks.json"} {
		if err := checkPattern(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

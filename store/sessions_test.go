package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

func TestASessionIsFoundUntilItExpires(t *testing.T) {
	c := &clock{noon}
	x := openIn(t, filepath.Join(t.TempDir(), "data"), c).Sessions()
	check(t, x.Commit("hash", []byte("one"), noon.Add(time.Hour)))
	check(t, x.Commit("hash", []byte("two"), noon.Add(time.Hour)))
	assertSession(t, x, "hash", "two")
	assertSession(t, x, "other", "")
	c.now = noon.Add(time.Hour)
	assertSession(t, x, "hash", "")
}

func TestASessionThatEndedCannotBeBroughtBack(t *testing.T) {
	x := open(t).Sessions()
	check(t, x.Commit("hash", []byte("one"), noon.Add(time.Hour)))
	check(t, x.Delete("hash"))
	check(t, x.Delete("never there"))
	assertSession(t, x, "hash", "")
	check(t, x.Commit("hash", []byte("a request that was under way"), noon.Add(time.Hour)))
	assertSession(t, x, "hash", "")
}

func TestASignOutIsWrittenEvenIfTheVisitorIsGone(t *testing.T) {
	x := open(t).Sessions()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, x.CommitCtx(gone, "hash", []byte("one"), noon.Add(time.Hour)))
	assertSession(t, x, "hash", "one")
	check(t, x.DeleteCtx(gone, "hash"))
	assertSession(t, x, "hash", "")
}

func assertSession(t *testing.T, x interface {
	Find(string) ([]byte, bool, error)
}, token, want string) {
	t.Helper()
	data, found, err := x.Find(token)
	check(t, err)
	if string(data) != want || found != (want != "") {
		t.Errorf("session %s = %q (found: %v), want %q", token, data, found, want)
	}
}

func TestALinkIsTakenOnceAndOnlyInTime(t *testing.T) {
	c := &clock{noon}
	s := openIn(t, filepath.Join(t.TempDir(), "data"), c)
	check(t, s.SaveLink(t.Context(), "used", noon.Add(time.Minute)))
	check(t, s.SaveLink(t.Context(), "late", noon.Add(time.Minute)))
	same(t, must[bool](t)(s.TakeLink(t.Context(), "used")), true)
	same(t, must[bool](t)(s.TakeLink(t.Context(), "used")), false)
	same(t, must[bool](t)(s.TakeLink(t.Context(), "unknown")), false)
	c.now = noon.Add(time.Minute)
	same(t, must[bool](t)(s.TakeLink(t.Context(), "late")), false)
}

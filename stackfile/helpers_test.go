package stackfile

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fixture reads a file of our own project of Open Chat Studio's shape.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "ocs", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// variants are the ways the same text may be stored.
func variants(src []byte) map[string][]byte {
	crlf := bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n"))
	return map[string][]byte{
		"LF":                   src,
		"CRLF":                 crlf,
		"no final newline":     bytes.TrimRight(src, "\n"),
		"CRLF, no final break": bytes.TrimRight(crlf, "\r\n"),
		"BOM":                  append([]byte(byteOrderMark), src...),
		"BOM and CRLF":         append([]byte(byteOrderMark), crlf...),
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (run with -update after looking):\n%s", path, d)
	}
}

func parse(t testing.TB, src string) *Compose {
	t.Helper()
	c, err := ParseCompose([]byte(src))
	if err != nil {
		t.Fatalf("ParseCompose: %v", err)
	}
	return c
}

func parseE(t testing.TB, src string) *Env {
	t.Helper()
	e, err := ParseEnv([]byte(src))
	if err != nil {
		t.Fatalf("ParseEnv: %v", err)
	}
	return e
}

// mustRefuse checks that err is a Refusal with the words and, unless 0, the
// line.
func mustRefuse(t testing.TB, err error, words string, line int) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal about %q", err, words)
	}
	if !strings.Contains(r.Reason, words) {
		t.Errorf("reason %q does not say %q", r.Reason, words)
	}
	if line != 0 && r.Line != line {
		t.Errorf("refused on line %d, want %d (%s)", r.Line, line, r.Reason)
	}
}

// mustUndo checks that undo gives the very bytes from before, and refuses a
// file that was changed since.
func mustUndo(t testing.TB, e Edit) {
	t.Helper()
	back, err := e.Undo(e.After)
	if err != nil {
		t.Fatalf("Undo: %v", err)
	}
	if !bytes.Equal(back, e.Before) {
		t.Errorf("undo gave %q, want %q", back, e.Before)
	}
	if _, err := e.Undo(append(bytes.Clone(e.After), ' ')); err == nil {
		t.Error("undo of a file changed since was not refused")
	}
}

// vars is a Lookup over a map.
func vars(m map[string]string) Lookup {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

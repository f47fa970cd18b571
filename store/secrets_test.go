package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/store"
)

func TestASecretIsNowhereInTheFiles(t *testing.T) {
	const token, older = "cfut_TheTokenThatNobodyMaySee", "cfut_TheOneBefore"
	dir := filepath.Join(t.TempDir(), "data")
	s := openIn(t, dir, &clock{noon})
	check(t, s.PutSecret(t.Context(), "cloudflare", secret.New(older)))
	check(t, s.PutSecret(t.Context(), "cloudflare", secret.New(token)))
	same(t, must[secret.Text](t)(s.Secret(t.Context(), "cloudflare")).Reveal(), token)

	entries, err := os.ReadDir(dir)
	check(t, err)
	found := false
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		check(t, err)
		found = found || bytes.Contains(content, []byte("age-encryption.org"))
		if bytes.Contains(content, []byte(token)) || bytes.Contains(content, []byte(older)) {
			t.Errorf("%s holds the secret", e.Name())
		}
	}
	if !found {
		t.Error("no file holds the sealed secret: the test looks in the wrong place")
	}
	check(t, s.DeleteSecret(t.Context(), "cloudflare"))
	check(t, s.DeleteSecret(t.Context(), "cloudflare"))
	if _, err := s.Secret(t.Context(), "cloudflare"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("after deleting: err = %v, want ErrNotFound", err)
	}
}

func TestALostKeyFileIsSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s, err := store.Open(t.Context(), dir, store.Options{})
	check(t, err)
	check(t, s.PutSecret(t.Context(), "cloudflare", secret.New("abc")))
	check(t, s.Close())
	check(t, os.Remove(filepath.Join(dir, "secret.key")))

	_, err = openIn(t, dir, &clock{noon}).Secret(t.Context(), "cloudflare")
	if !errors.Is(err, secret.ErrWrongKey) || !strings.Contains(err.Error(), "enter the secret again") {
		t.Errorf("err = %v, want ErrWrongKey and the way out", err)
	}
}

func TestTheDirectoryAndItsFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := openIn(t, dir, &clock{noon})
	check(t, s.PutValue(t.Context(), "a", "b")) // so that the write-ahead log is there
	assertMode(t, dir, 0o700)
	names := map[string]bool{}
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		names[e.Name()] = true
		assertMode(t, filepath.Join(dir, e.Name()), 0o600)
	}
	for _, name := range []string{"culvert.db", "culvert.db-wal", "culvert.db-shm", "secret.key", "lock"} {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func assertMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	check(t, err)
	if got := info.Mode().Perm(); got != want {
		t.Errorf("mode of %s = %04o, want %04o", path, got, want)
	}
}

func TestAnExistingDirectoryIsClosedIfItIsOursOrEmpty(t *testing.T) {
	rows := []struct {
		name, file string
		mode       os.FileMode
		refused    bool
	}{
		{"empty", "", 0o755, false},
		{"with our database", "culvert.db", 0o755, false},
		{"with other files, open to all", "letter.txt", 0o755, true},
		{"with other files, but closed", "letter.txt", 0o700, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			dir := t.TempDir()
			if r.file != "" {
				check(t, os.WriteFile(filepath.Join(dir, r.file), nil, 0o644))
			}
			check(t, os.Chmod(dir, r.mode))
			s, err := store.Open(t.Context(), dir, store.Options{})
			if r.refused {
				if err == nil || !strings.Contains(err.Error(), "chmod 700") {
					t.Errorf("err = %v, want a refusal with the way out", err)
				}
				assertMode(t, dir, r.mode)
				return
			}
			check(t, err)
			assertMode(t, dir, 0o700)
			check(t, s.Close())
		})
	}
}

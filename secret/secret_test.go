package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/culvert/culvert/secret"
)

const hidden = "s3cr3t-token"

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	text := secret.New(hidden)
	type wrapper struct {
		Open   secret.Text
		closed secret.Text // fmt calls no methods on this one
		list   []secret.Text
		byName map[string]secret.Text
	}
	nested := wrapper{text, text, []secret.Text{text}, map[string]secret.Text{"a": text}}
	values := []any{text, &text, nested, &nested, []secret.Text{text}, fmt.Errorf("asked with %v", text)}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s"} {
			assertHidden(t, verb, fmt.Sprintf(verb, v))
		}
	}
}

func TestNoEncodingShowsASecret(t *testing.T) {
	text := secret.New(hidden)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "token", text, "in", struct{ T secret.Text }{text})
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "token", text, "in", struct{ t secret.Text }{text})
	assertHidden(t, "slog", log.String())

	encoded, err := json.Marshal(map[string]any{"value": text, "key": map[secret.Text]int{text: 1}})
	if err != nil {
		t.Fatal(err)
	}
	assertHidden(t, "json", string(encoded))
	if !strings.Contains(string(encoded), `"value":"••••••"`) {
		t.Errorf("JSON = %s, want dots", encoded)
	}
}

func assertHidden(t *testing.T, how, got string) {
	t.Helper()
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), hidden[:3]} {
		if strings.Contains(got, form) {
			t.Errorf("%s shows the secret: %s", how, got)
		}
	}
}

func TestRevealGivesWhatWasPutIn(t *testing.T) {
	if got := secret.New(hidden).Reveal(); got != hidden {
		t.Errorf("Reveal() = %q", got)
	}
	var zero secret.Text
	if zero.Reveal() != "" || !zero.Empty() || !secret.New("").Empty() || secret.New(hidden).Empty() {
		t.Error("the zero value and New(\"\") are the empty secret, and nothing else is")
	}
}

func TestEqualComparesContent(t *testing.T) {
	rows := []struct {
		a, b string
		want bool
	}{
		{hidden, hidden, true}, {"", "", true}, {hidden, "", false}, {hidden, hidden + "x", false}, {"ab", "ba", false},
	}
	for _, r := range rows {
		if got := secret.New(r.a).Equal(secret.New(r.b)); got != r.want {
			t.Errorf("%q equal to %q: %v", r.a, r.b, got)
		}
	}
}

func TestABoxOpensWhatItSealedAlsoAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	sealed, err := openBox(t, path).Seal([]byte(hidden))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte(hidden)) {
		t.Error("the sealed bytes show the secret")
	}
	plain, err := openBox(t, path).Open(sealed)
	if err != nil || string(plain) != hidden {
		t.Errorf("Open = %q, %v", plain, err)
	}
}

func TestABoxRefusesBytesThatWereChanged(t *testing.T) {
	box := openBox(t, filepath.Join(t.TempDir(), "key"))
	sealed, err := box.Seal([]byte(hidden))
	if err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-1] ^= 1
	if plain, err := box.Open(sealed); err == nil {
		t.Errorf("opened changed bytes as %q", plain)
	}
}

func TestAnotherKeyIsToldApart(t *testing.T) {
	dir := t.TempDir()
	sealed, err := openBox(t, filepath.Join(dir, "one")).Seal([]byte(hidden))
	if err != nil {
		t.Fatal(err)
	}
	_, err = openBox(t, filepath.Join(dir, "two")).Open(sealed)
	if !errors.Is(err, secret.ErrWrongKey) {
		t.Errorf("err = %v, want ErrWrongKey", err)
	}
}

func TestTheKeyFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	openBox(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %04o, want 0600", info.Mode().Perm())
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenBox(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("a key that the group can read: err = %v, want the way out", err)
	}
}

func TestABrokenKeyFileIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	const broken = "AGE-SECRET-KEY-1BROKEN"
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := secret.OpenBox(path)
	if err == nil || strings.Contains(err.Error(), "BROKEN") {
		t.Errorf("err = %v, want one that does not quote the file", err)
	}
	if left, _ := os.ReadFile(path); string(left) != broken {
		t.Errorf("the file was changed to %q", left)
	}
}

func TestAKeyFileThatIsALinkIsRefused(t *testing.T) {
	dir := t.TempDir()
	openBox(t, filepath.Join(dir, "real"))
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenBox(filepath.Join(dir, "link")); err == nil {
		t.Error("a link was followed")
	}
}

func TestManyAtOnceMakeOneKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	boxes := make([]*secret.Box, 8)
	var all sync.WaitGroup
	for i := range boxes {
		all.Go(func() {
			box, err := secret.OpenBox(path)
			if err != nil {
				t.Error(err)
			}
			boxes[i] = box
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	sealed, err := boxes[0].Seal([]byte(hidden))
	if err != nil {
		t.Fatal(err)
	}
	for i, box := range boxes {
		if plain, err := box.Open(sealed); err != nil || string(plain) != hidden {
			t.Errorf("box %d: %q, %v", i, plain, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func openBox(t *testing.T, path string) *secret.Box {
	t.Helper()
	box, err := secret.OpenBox(path)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

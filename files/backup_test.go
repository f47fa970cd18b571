package files

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestABackupIsWhatStoodThereSealed(t *testing.T) {
	w := ocs(t)
	original := w.get(".env.prod")
	w.must(w.env(allowed, host))
	all := w.backups(".env.prod")
	if len(all) != 1 || !strings.HasPrefix(filepath.Base(all[0]), "20260821T090000.000000000Z_"+shortHash([]byte(original))+"_") {
		t.Fatalf("backups: %q", all)
	}
	sealed, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{canary, "SECRET_KEY", "made-up"} {
		if bytes.Contains(sealed, []byte(words)) {
			t.Errorf("the backup holds %q for everybody to read", words)
		}
	}
	plain, err := w.files.Open(sealed)
	if err != nil || string(plain) != original {
		t.Errorf("opens to %q, %v", plain, err)
	}
	if mode := stat(t, all[0]).Mode(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	for _, dir := range []string{filepath.Dir(all[0]), w.files.Backups} {
		if mode := stat(t, dir).Mode().Perm(); mode != 0o700 {
			t.Errorf("%s has mode %v", dir, mode)
		}
	}
}

func TestTheNewestTwentyBackupsOfAFileAreKept(t *testing.T) {
	w := ocs(t)
	w.must(w.port(setup.ExposedLoopback))
	for i := range keptBackups + 3 {
		w.must(w.env(allowed, fmt.Sprintf("host%d.example.org", i)))
	}
	all := w.backups(".env.prod")
	if len(all) != keptBackups {
		t.Fatalf("%d backups", len(all))
	}
	sealed, err := os.ReadFile(all[keptBackups-1])
	if err != nil {
		t.Fatal(err)
	}
	plain, err := w.files.Open(sealed)
	if err != nil || !strings.Contains(string(plain), fmt.Sprintf("host%d.example.org", keptBackups+1)) {
		t.Errorf("the last one is not what stood there before the last change: %v", err)
	}
	if n := len(w.backups(composeYML)); n != 1 {
		t.Errorf("%d backups of the other file", n)
	}
}

func TestABackupThatCannotBeOpenedIsNotUsed(t *testing.T) {
	w := ocs(t)
	original := w.get(".env.prod")
	e := w.env(allowed, host)
	w.must(e)
	if err := os.WriteFile(w.backups(".env.prod")[0], []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(w.back(e)) // by editing
	w.unchanged(".env.prod", original)
	if !strings.Contains(w.log.String(), "backup not usable") {
		t.Error("nobody was told")
	}
}

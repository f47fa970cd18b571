package files

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/stackfile"
)

const (
	keptBackups = 20
	stampForm   = "20060102T150405.000000000Z"
	nothing     = "absent" // in place of the hash of a file that was not there
)

// backup is one sealed file. Its name tells when it was made, the hash of what
// is in it, and the hash of what we then put in its place.
type backup struct {
	path, stamp, before, after string
}

func shortHash(content []byte) string { return stackfile.Hash(content)[:16] }

// backupDir is where the backups of a file are.
func (f *Files) backupDir(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(f.Backups, strings.TrimLeft(filepath.Base(path), ".")+"-"+hex.EncodeToString(sum[:6]))
}

// backUp keeps what a step is about to replace. Without a backup there is no
// change.
func (f *Files) backUp(s step) error {
	dir := f.backupDir(s.file.real)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder for backups: %w", err)
	}
	sealed, err := f.Seal(s.file.src)
	if err != nil {
		return fmt.Errorf("sealing the backup: %w", err)
	}
	before, after := nothing, nothing
	if s.file.exists {
		before = shortHash(s.file.src)
	}
	if !s.remove {
		after = shortHash(s.after)
	}
	kept, err := backupsIn(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, f.stamp(kept)+"_"+before+"_"+after+".age")
	if err := f.replace(step{file: target{path: path, real: path}, after: sealed, mode: 0o600, own: true}); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	for len(kept) >= keptBackups {
		if err := f.disk.Remove(kept[0].path); err != nil {
			return fmt.Errorf("removing the oldest backup: %w", err)
		}
		kept = kept[1:]
	}
	return nil
}

// stamp is the time, or a moment after the newest backup if the clock stands
// still or went back: the order of the names is the order of the changes.
func (f *Files) stamp(kept []backup) string {
	now := f.Clock().UTC()
	if n := len(kept); n > 0 {
		if last, err := time.Parse(stampForm, kept[n-1].stamp); err == nil && !now.After(last) {
			now = last.Add(time.Nanosecond)
		}
	}
	return now.Format(stampForm)
}

// backupsIn lists the backups of one file, the oldest first.
func backupsIn(dir string) ([]backup, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	var all []backup
	for _, e := range entries {
		parts := strings.Split(strings.TrimSuffix(e.Name(), ".age"), "_")
		if e.Type()&fs.ModeType == 0 && len(parts) == 3 {
			all = append(all, backup{filepath.Join(dir, e.Name()), parts[0], parts[1], parts[2]})
		}
	}
	slices.SortFunc(all, func(a, b backup) int { return strings.Compare(a.stamp, b.stamp) })
	return all, nil
}

// earlier walks back through our own changes of a file and gives the newest
// content that is as asked for. Where somebody else changed the file the way
// ends: hashes no longer meet. Undo thereby gives the very bytes from before,
// also where an edit in the other direction would only give their meaning.
func (f *Files) earlier(t target, asked func(src []byte, exists bool) bool) (src []byte, exists, ok bool) {
	if !t.exists {
		return nil, false, false
	}
	all, err := backupsIn(f.backupDir(t.real))
	if err != nil {
		return nil, false, false // no backups: nothing to walk
	}
	at := shortHash(t.src)
	for _, b := range slices.Backward(all) {
		if b.after != at {
			return nil, false, false
		}
		src, err := f.openBackup(b)
		if err != nil {
			f.Log.Warn("backup not usable", "path", b.path, "err", err)
			return nil, false, false
		}
		if exists = b.before != nothing; asked(src, exists) {
			return src, exists, true
		}
		at = b.before
	}
	return nil, false, false
}

// eachBackup gives the content of our backups of a file, the newest first, until
// one is as asked for.
func (f *Files) eachBackup(t target, asked func(src []byte) bool) {
	all, err := backupsIn(f.backupDir(t.real))
	if err != nil {
		return // there are none
	}
	for _, b := range slices.Backward(all) {
		src, err := f.openBackup(b)
		if err != nil {
			f.Log.Warn("backup not usable", "path", b.path, "err", err)
			continue
		}
		if b.before != nothing && asked(src) {
			return
		}
	}
}

func (f *Files) openBackup(b backup) ([]byte, error) {
	sealed, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	src, err := f.Open(sealed)
	if err != nil {
		return nil, err
	}
	if b.before != nothing && shortHash(src) != b.before {
		return nil, fmt.Errorf("its content is not what its name says")
	}
	return src, nil
}

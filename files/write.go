package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// draft is a change that was worked out and checked.
type draft struct {
	diff  string // for people
	steps []step // in the order in which they are made
}

// step puts one file in place, or removes it.
type step struct {
	file   target
	after  []byte
	fill   func(context.Context) ([]byte, error) // gives after, when it is secret
	remove bool
	mode   fs.FileMode // of the file if it is new
	own    bool        // lies in a folder of ours: no backup, always this mode
}

// write makes all steps or none: when one fails, those before it are put back.
// That includes their old content but not, should the power fail in between,
// the order in which they come back.
func (f *Files) write(ctx context.Context, d draft) error {
	for i := range d.steps {
		s := &d.steps[i]
		if s.fill == nil {
			continue
		}
		var err error
		if s.after, err = s.fill(ctx); err != nil {
			return err
		}
	}
	for i, s := range d.steps {
		if err := f.step(s); err != nil {
			f.putBack(ctx, d.steps[:i])
			return unwritable(s.file.path, err)
		}
	}
	return nil
}

func (f *Files) step(s step) error {
	if s.unneeded() {
		return nil
	}
	if !s.own {
		if err := s.file.single(); err != nil {
			return err
		}
		if err := f.backUp(s); err != nil {
			return f.noBackup(s.file.path, err)
		}
	}
	if s.remove {
		return f.remove(s.file)
	}
	return f.replace(s)
}

func (s step) unneeded() bool {
	if s.remove {
		return !s.file.exists
	}
	return s.file.exists && bytes.Equal(s.file.src, s.after) && (!s.own || s.file.mode == s.mode)
}

// putBack undoes steps that were made, the last one first.
func (f *Files) putBack(ctx context.Context, made []step) {
	for i := len(made) - 1; i >= 0; i-- {
		s := made[i]
		if s.unneeded() {
			continue
		}
		back := s
		back.after, back.remove, back.mode = s.file.src, !s.file.exists, s.file.mode
		back.file.src, back.file.exists = s.after, !s.remove
		var err error
		if back.remove {
			err = f.remove(back.file)
		} else {
			err = f.replace(back)
		}
		if err != nil {
			f.Log.ErrorContext(ctx, "file not put back", "path", s.file.path, "err", err)
		}
	}
}

func (f *Files) remove(t target) error {
	if err := t.unchanged(); err != nil {
		return err
	}
	if err := f.disk.Remove(t.real); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	f.syncDir(t.real)
	return nil
}

// replace puts a file with the new content in place of the old one, so that
// whoever reads it finds one or the other. Owner and mode stay.
func (f *Files) replace(s step) error {
	f.sweep(s.file.real)
	temp, err := f.disk.CreateTemp(filepath.Dir(s.file.real), tempPrefix(s.file.real)+"*")
	if err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	err = errors.Join(s.fillIn(temp), temp.Close())
	if err == nil {
		err = s.file.unchanged()
	}
	if err == nil {
		if err = f.disk.Rename(temp.Name(), s.file.real); err == nil {
			f.syncDir(s.file.real)
			return nil
		}
	}
	return errors.Join(err, f.disk.Remove(temp.Name()))
}

// syncDir is not allowed to fail a change that was made: whoever reads the file
// sees it, and after a power cut it is looked at again.
func (f *Files) syncDir(path string) {
	if err := f.disk.SyncDir(filepath.Dir(path)); err != nil {
		f.Log.Warn("folder not synced", "path", filepath.Dir(path), "err", err)
	}
}

// fillIn writes the temporary file. The owner is set before the mode, so that
// at no time more people can read it than could read the old one.
func (s step) fillIn(temp tempFile) error {
	if _, err := temp.Write(s.after); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err := s.giveTo(temp); err != nil {
		return err
	}
	mode := s.mode
	if s.file.exists && !s.own {
		mode = s.file.mode
	}
	if err := temp.Chmod(mode); err != nil {
		return fmt.Errorf("setting the mode: %w", err)
	}
	if err := temp.Sync(); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	return nil
}

// giveTo keeps the owner of a file. A new one is given to who owns the folder
// if that is possible; who cannot give it away has it for himself.
func (s step) giveTo(temp tempFile) error {
	info, err := temp.Stat()
	if err != nil {
		return fmt.Errorf("looking at the temporary file: %w", err)
	}
	want := s.file.owner
	if have, _ := ownerOf(info); s.own || want.uid < 0 || have == want {
		return nil
	}
	if err := temp.Chown(want.uid, want.gid); err != nil && s.file.exists {
		p := refuse("%s belongs to user %d and group %d, and Culvert may not keep it so. Run Culvert as that user.", s.file.path, want.uid, want.gid)
		p.Cause = err
		return p
	}
	return nil
}

// unchanged compares the file once more with what was read. Between this and
// the rename somebody else could still write; the backup then holds what we
// read, and the time is as short as it can be.
func (t target) unchanged() error {
	now, err := os.ReadFile(t.real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if t.exists {
			return changed(t.path)
		}
		return nil
	case err != nil:
		return err
	case !t.exists || !bytes.Equal(now, t.src):
		return changed(t.path)
	}
	return nil
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + ".culvert-" }

// sweep removes what a process that was killed while writing left behind. It
// may hold secrets, and nobody else would clear it away.
func (f *Files) sweep(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // making the temporary file will say why
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix(path)) && e.Type().IsRegular() {
			if err := f.disk.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil {
				f.Log.Warn("temporary file not removed", "path", e.Name(), "err", err)
			}
		}
	}
}

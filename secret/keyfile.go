package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
)

// OpenBox opens the box whose key is in the given file, and makes the file if
// there is none. A key that other users of the machine can read is refused.
func OpenBox(path string) (*Box, error) {
	err := makeKey(path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the key file %s: %w", path, err)
	}
	key, err := readKey(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	return &Box{key: key}, nil
}

// makeKey writes a new key beside the path and links it there, so that a crash
// leaves no half key and of two processes only one makes it. fs.ErrExist: there
// is a file already.
func makeKey(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".key-*") // 0600 and O_EXCL
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(key.String() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in a directory survive a loss of power: without the
// key everything sealed is lost.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readKey(path string) (*age.X25519Identity, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a plain file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by other users of this machine (mode %04o). "+
			"The secrets sealed with it may be known to them. Close it with: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		// The parser's own error may quote the key.
		return nil, fmt.Errorf("%s does not hold a key. Put the right file back, or remove it "+
			"and enter the secrets again", path)
	}
	return key, nil
}

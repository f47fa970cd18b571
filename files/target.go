package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/culvert/culvert/setup"
)

// target is a file as it was read.
type target struct {
	path   string // as it is named
	real   string // with links followed: what is edited
	exists bool
	src    []byte
	mode   fs.FileMode
	owner  owner
	names  uint64 // hard links
}

type owner struct{ uid, gid int }

// read reads a file that may be absent.
func read(path string) (target, error) {
	t := target{path: path}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return absent(t)
	}
	if err != nil {
		return t, unreadable(path, err)
	}
	t.real, t.exists = real, true
	info, err := os.Stat(real)
	if err != nil {
		return t, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return t, &setup.Problem{Code: setup.CodeInvalid, Message: path + " is not a regular file. Put a file in its place."}
	}
	if t.src, err = os.ReadFile(real); err != nil {
		return t, unreadable(path, err)
	}
	t.mode = info.Mode().Perm()
	t.owner, t.names = ownerOf(info)
	return t, nil
}

// absent is a file that is yet to be made. Its owner will be that of its
// folder, so that who works there can read it whoever Culvert runs as.
func absent(t target) (target, error) {
	if to, err := os.Readlink(t.path); err == nil {
		return t, &setup.Problem{Code: setup.CodeNotFound,
			Message: fmt.Sprintf("%s is a link to %s, which does not exist. Create that file or remove the link.", t.path, to)}
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(t.path))
	if err != nil {
		return t, unreadable(filepath.Dir(t.path), err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return t, unreadable(filepath.Dir(t.path), err)
	}
	t.real = filepath.Join(dir, filepath.Base(t.path))
	t.owner, _ = ownerOf(info)
	return t, nil
}

func ownerOf(info fs.FileInfo) (owner, uint64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{-1, -1}, 1
	}
	return owner{int(s.Uid), int(s.Gid)}, uint64(s.Nlink)
}

// writable says why a file, or a new one in its folder, could not be put in
// place; nil if nothing speaks against it.
func (t target) writable() error {
	const writeAndSearch = 0x2 | 0x1
	if err := syscall.Access(filepath.Dir(t.real), writeAndSearch); err != nil {
		return unwritable(t.path, err)
	}
	return t.single()
}

// single refuses a file with several names: a new file in its place would have
// only one of them.
func (t target) single() error {
	if t.exists && t.names > 1 {
		return refuse("%s has %d names (hard links), and only this one would be changed. Make it a file of its own: cp it, then mv the copy over it.", t.path, t.names)
	}
	return nil
}

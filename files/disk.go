package files

import (
	"io"
	"io/fs"
	"os"
)

// disk is what changing a file needs of the file system. Tests let it fail.
type disk interface {
	CreateTemp(dir, pattern string) (tempFile, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes renames and removals in a folder last through a power cut.
	SyncDir(dir string) error
}

type tempFile interface {
	io.WriteCloser
	Name() string
	Stat() (fs.FileInfo, error)
	Chown(uid, gid int) error
	Chmod(fs.FileMode) error
	Sync() error
}

type realDisk struct{}

func (realDisk) CreateTemp(dir, pattern string) (tempFile, error) { return os.CreateTemp(dir, pattern) }
func (realDisk) Rename(from, to string) error                     { return os.Rename(from, to) }
func (realDisk) Remove(path string) error                         { return os.Remove(path) }

func (realDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

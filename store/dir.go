package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// InUseError: another process has the data directory open.
type InUseError struct {
	Dir     string
	Process int // 0: not known
}

func (e *InUseError) Error() string {
	who := ""
	if e.Process != 0 {
		who = fmt.Sprintf(" (process %d)", e.Process)
	}
	return fmt.Sprintf("Another Culvert is using %s%s. Two of them would undo each other's work. "+
		"Stop the other one first, or choose another directory with --data.", e.Dir, who)
}

// prepareDir makes the directory, or closes an existing one to other users. A
// directory that others can read and that holds things that are not ours is
// refused: closing it could break what else lives there.
func prepareDir(dir string) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o755)
	if err != nil {
		return err
	}
	if err = os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory. Choose another place with --data", dir)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	ours, err := emptyOrOurs(dir)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%s can be read by other users and holds other files. "+
			"Choose a directory for Culvert alone with --data, or close this one with: chmod 700 %s", dir, dir)
	}
	return os.Chmod(dir, 0o700)
}

func emptyOrOurs(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Name() == databaseFile {
			return true, nil
		}
	}
	return len(entries) == 0, nil
}

// lockDir locks the directory until the file is closed or the process ends,
// however it ends. The file stays: removing it would race with the next one.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(&InUseError{dir, processIn(f)}, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	if err := writeProcess(f); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	return f, nil
}

func writeProcess(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// processIn reads who holds the lock. It only helps the message, so what it
// cannot read it leaves out.
func processIn(f *os.File) int {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	id, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return id
}

// makePrivate makes sure that a file is there and only for its owner. SQLite
// gives the files beside a database the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

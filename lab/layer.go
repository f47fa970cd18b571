package lab

import (
	"archive/tar"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// write packs the image's one layer, with files of this machine under their own
// paths.
func (im Image) write(to io.Writer, machine ...string) error {
	binary, err := os.ReadFile(im.Binary)
	if err != nil {
		return err
	}
	l := layer{tar.NewWriter(to)}
	if err := l.dirs(append([]string{"tmp/", "etc/"}, im.Dirs...)...); err != nil {
		return err
	}
	for _, path := range machine {
		if err := l.tree(path, path, nil); err != nil {
			return err
		}
	}
	if err := l.file(im.Path, 0o755, binary); err != nil {
		return err
	}
	for _, link := range im.Links {
		if err := l.link(link, im.Path); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(im.Files)) {
		if err := l.file(path, 0o644, im.Files[path]); err != nil {
			return err
		}
	}
	return l.Close()
}

// layer is an image's content while it is packed.
type layer struct{ *tar.Writer }

func (l layer) dirs(names ...string) error {
	for _, name := range names {
		if err := l.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o777}); err != nil {
			return err
		}
	}
	return nil
}

func (l layer) link(path, to string) error {
	return l.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(path, "/"), Linkname: to})
}

func (l layer) file(path string, mode int64, content []byte) error {
	if err := l.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(path, "/"), Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := l.Write(content)
	return err
}

// tree packs a file or folder of this machine under a path, but for what is
// skipped. Links are followed. Times are kept: compiled Python goes by them.
func (l layer) tree(from, to string, skip func(path string) bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case skip != nil && skip(path) && d.IsDir():
			return filepath.SkipDir
		case skip != nil && skip(path) || d.IsDir():
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() { // a link to nowhere, or to a folder
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(to+strings.TrimPrefix(path, from), "/")
		if err := l.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: int64(len(content)), ModTime: info.ModTime()}); err != nil {
			return err
		}
		_, err = l.Write(content)
		return err
	})
}

package files

import (
	"context"
	"io/fs"
	"slices"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// composeFile is the app's compose file as it is before something of one of its
// services is changed.
type composeFile struct {
	files  *Files
	stack  setup.Stack
	file   target
	before *stackfile.Meaning
}

func (f *Files) openCompose(ctx context.Context, path string, meant func(setup.Stack) bool) (composeFile, error) {
	s, err := f.stack(path, func(s setup.Stack) bool { return s.ComposeFile == path && meant(s) })
	if err != nil {
		return composeFile{}, err
	}
	file, err := read(path)
	if err != nil {
		return composeFile{}, err
	}
	if !file.exists {
		return composeFile{}, unreadable(path, fs.ErrNotExist)
	}
	before, err := load(ctx, s, map[string][]byte{path: file.src})
	if err != nil {
		return composeFile{}, projectProblem(setup.CodeRefused, s, err)
	}
	return composeFile{files: f, stack: s, file: file, before: before}, nil
}

// serviceRead says whether the files could be read and hold the service. If not,
// the kind is noted as unread.
func serviceRead(w *setup.World, kind setup.Kind, s setup.Stack, m *stackfile.Meaning, failed error) bool {
	switch {
	case failed != nil:
		w.Miss(kind, s.ComposeFile, *projectProblem(setup.CodeInvalid, s, failed))
	case !slices.Contains(m.Services(), s.Service):
		w.Miss(kind, s.ComposeFile, *noService(s, m.Services()))
	default:
		return true
	}
	return false
}

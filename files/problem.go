package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

func refuse(format string, args ...any) *setup.Problem {
	return &setup.Problem{Code: setup.CodeRefused, Message: fmt.Sprintf(format, args...)}
}

// changed is the answer to an entry that no longer stands as it was shown.
func changed(what string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeChanged, Message: what + " changed since it was looked at. Nothing was written; look again."}
}

// asProblem says what is wrong with a file and the way out. What stackfile
// declines gets the code.
func asProblem(code setup.Code, path string, err error) *setup.Problem {
	var known *setup.Problem
	var refusal *stackfile.Refusal
	var where *fs.PathError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return &setup.Problem{Code: code, Message: sentence(path, refusal.Line, refusal.Reason, refusal.Fix)}
	case errors.As(err, &where):
		return unreadable(where.Path, err)
	}
	return setup.AsProblem(err)
}

func sentence(path string, line int, reason, fix string) string {
	var place []string
	if path != "" {
		place = append(place, path)
	}
	if line > 0 {
		place = append(place, fmt.Sprintf("line %d", line))
	}
	text := strings.TrimSpace(reason + " " + fix)
	if len(place) > 0 {
		text = strings.Join(place, ", ") + ": " + text
	}
	return text
}

// projectProblem is asProblem for a project as a whole. Compose names the file
// of a fault only when it is an env file; reading each compose file alone finds
// the line of most others.
func projectProblem(code setup.Code, s setup.Stack, err error) *setup.Problem {
	var refusal *stackfile.Refusal
	if !errors.As(err, &refusal) {
		return asProblem(code, "", err)
	}
	if name, reason, ok := strings.Cut(refusal.Reason, ": "); ok && !strings.Contains(name, " ") {
		return &setup.Problem{Code: code, Message: sentence(envPath(s, name), refusal.Line, reason, refusal.Fix)}
	}
	for _, path := range s.Files {
		file, err := read(path)
		if err != nil {
			continue // that is not what the refusal was about
		}
		var own *stackfile.Refusal
		if _, err := stackfile.ParseCompose(file.src); errors.As(err, &own) && own.Line > 0 {
			return asProblem(code, path, err)
		}
	}
	return asProblem(code, strings.Join(s.Files, " with "), err)
}

// envPath finds the env file that a refusal names without its folder.
func envPath(s setup.Stack, name string) string {
	for _, path := range append([]string{s.EnvFile}, s.EnvFiles...) {
		if filepath.Base(path) == name {
			return path
		}
	}
	return filepath.Join(s.Dir, name)
}

func noService(s setup.Stack, has []string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeInvalid, Message: fmt.Sprintf(
		"%s: there is no service %s. There are: %s. Choose one of them, or start the app again with the right files.",
		strings.Join(s.Files, " with "), s.Service, strings.Join(has, ", "))}
}

func unreadable(path string, err error) *setup.Problem {
	p := &setup.Problem{Code: setup.CodeInternal, Message: path + " cannot be read; Culvert's log says more.", Cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.Code, p.Message = setup.CodeDenied, "Culvert may not read "+path+". Run it as a user who may, such as the owner of the file."
	case errors.Is(err, fs.ErrNotExist):
		p.Code, p.Message = setup.CodeNotFound, path+" does not exist. If Culvert runs in a container, give it the project folder under the same path as on the server."
	}
	return p
}

// unwritable says why a file could not be changed. It is as it was.
func unwritable(path string, err error) *setup.Problem {
	var known *setup.Problem
	if errors.As(err, &known) {
		return known
	}
	p := &setup.Problem{Code: setup.CodeInternal, Message: path + " could not be written and stays as it was; Culvert's log says more.", Cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.Code, p.Message = setup.CodeDenied, fmt.Sprintf("Culvert may not write in %s, so %s stays as it was. Run Culvert as the owner of this folder.", filepath.Dir(path), path)
	case errors.Is(err, syscall.EROFS):
		p.Code, p.Message = setup.CodeDenied, path+" is on a read-only file system and stays as it was. If Culvert runs in a container, mount the project folder without “:ro”."
	case errors.Is(err, syscall.EBUSY):
		p.Code, p.Message = setup.CodeDenied, path+" is mounted as a single file, so it cannot be replaced. Mount its folder instead."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		p.Code, p.Message = setup.CodeUnavailable, "There is no space left on the disk, so "+path+" stays as it was. Free some space, then try again."
	}
	return p
}

// noBackup: nothing is changed of which no backup could be kept.
func (f *Files) noBackup(path string, err error) *setup.Problem {
	p := &setup.Problem{Code: setup.CodeInternal, Cause: err,
		Message: fmt.Sprintf("No backup of %s could be kept in %s, so the file stays as it was. Give Culvert's user the right to write there.", path, f.Backups)}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		p.Code = setup.CodeUnavailable
		p.Message = fmt.Sprintf("There is no space left for a backup of %s in %s, so the file stays as it was. Free some space, then try again.", path, f.Backups)
	}
	return p
}

package lab

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// python is Debian's own; another one on the path may lack Django.
const python = "/usr/bin/python3"

const timeZones = "/usr/share/zoneinfo"

// DjangoPossible says why ImportDjango cannot work here; nil if it can.
func DjangoPossible() error {
	if exec.Command(python, "-c", "import django, gunicorn").Run() != nil {
		return errors.New("not installed (Debian: apt-get install python3-django gunicorn)")
	}
	return nil
}

// ImportDjango puts a real Django project in the place of the stand-in app, under
// the same name. It has the settings, paths and answers of the app (lab/django),
// and real people who sign in. The image is made of this machine's own files:
// Python, Django, gunicorn and the libraries that they load.
//
// Its database is a file in a volume, so it survives a recreation. The migrate
// service has another volume; the web service brings its own up to date.
func (l *Lab) ImportDjango(ctx context.Context) error {
	var content bytes.Buffer
	if err := packDjango(ctx, &content); err != nil {
		return fmt.Errorf("packing the Django project: %w", err)
	}
	return l.importLayer(ctx, AppImage, &content, []string{
		"ENV PATH=/app/bin:/usr/bin:/bin", "ENV DEBUG=0", "ENV PYTHONUNBUFFERED=1",
		"WORKDIR /app", "VOLUME /var/lib/app",
	})
}

func packDjango(ctx context.Context, to *bytes.Buffer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	binary, err := filepath.EvalSymlinks(python)
	if err != nil {
		return err
	}
	standard := filepath.Join("/usr/lib", filepath.Base(binary))
	modules, err := pythonModules(ctx)
	if err != nil {
		return err
	}
	libraries, err := librariesOfPython(ctx, binary, standard)
	if err != nil {
		return err
	}
	l := layer{tar.NewWriter(to)}
	if err := l.dirs("tmp/", "etc/", "var/lib/app/"); err != nil {
		return err
	}
	for _, name := range []string{"/usr/bin/python", python} {
		if err := l.link(name, binary); err != nil {
			return err
		}
	}
	for _, path := range slices.Concat([]string{binary, standard}, modules, libraries, []string{timeZones}) {
		if err := l.tree(path, path, unneeded); err != nil {
			return err
		}
	}
	if err := l.tree(filepath.Join(root, "lab", "django"), "/app", unneeded); err != nil {
		return err
	}
	return l.Close()
}

// unneeded are parts of Python and Django that no web app loads, and compiled
// files of the project itself, which may be of another time.
func unneeded(path string) bool {
	switch filepath.Base(path) {
	case "test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter", "turtledemo", "pydoc_data", "gis":
		return true
	case "posix", "right": // the same time zones in other forms
		return strings.HasPrefix(path, timeZones)
	case "__pycache__":
		return strings.Contains(path, "/lab/django/")
	}
	if name, ok := strings.CutPrefix(path, "/usr/lib/python3/dist-packages/django/conf/locale/"); ok {
		first, _, _ := strings.Cut(name, "/")
		return len(first) < 8 && first != "en" // names of languages
	}
	return strings.Contains(path, "/config-3.") || strings.Contains(path, "/locale/") && strings.Contains(path, "/contrib/")
}

// pythonModules are the places of what the app imports beyond the standard
// library.
func pythonModules(ctx context.Context) ([]string, error) {
	out, err := exec.CommandContext(ctx, python, "-c", `
import asgiref, django, gunicorn, pkg_resources, pytz, sqlparse
for module in asgiref, django, gunicorn, pkg_resources, pytz, sqlparse:
    print(module.__path__[0])
`).Output()
	if err != nil {
		return nil, fmt.Errorf("finding Django: %w", err)
	}
	return strings.Fields(string(out)), nil
}

var libraryLine = regexp.MustCompile(`(?:=> )?(/\S+) \(0x`)

// librariesOfPython are the shared libraries of Python and of its own modules.
func librariesOfPython(ctx context.Context, binary, standard string) ([]string, error) {
	modules, err := filepath.Glob(filepath.Join(standard, "lib-dynload", "*.so"))
	if err != nil {
		return nil, err
	}
	modules = slices.DeleteFunc(modules, func(path string) bool {
		return strings.HasPrefix(filepath.Base(path), "nis.") // brings Kerberos along
	})
	return librariesOf(ctx, append([]string{binary}, modules...)...)
}

// librariesOf are the shared libraries that some programs and libraries load.
func librariesOf(ctx context.Context, files ...string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "ldd", files...).Output()
	if err != nil {
		return nil, fmt.Errorf("finding the libraries of %s: %w", files[0], err)
	}
	var all []string
	for _, found := range libraryLine.FindAllStringSubmatch(string(out), -1) {
		all = append(all, found[1])
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

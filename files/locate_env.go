package files

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvert/culvert/stackfile"
)

// envFile finds the env file in which settings are written.
func (l *locator) envFile(preferred, keys []string) {
	s := &l.stack
	reads := l.m.EnvFiles(s.Service)
	is := func(path string) func(stackfile.EnvFile) bool {
		return func(f stackfile.EnvFile) bool { return f.Path == path }
	}
	if s.EnvFile == "" {
		s.EnvFile = l.choose(reads, preferred, keys)
	}
	at := slices.IndexFunc(reads, is(s.EnvFile))
	switch {
	case s.EnvFile == "":
		l.warn("%s reads no env file, so Culvert has no place for its settings. Add env_file: .env to %s in %s and start the app again.", s.Service, s.Service, s.ComposeFile)
		return
	case at < 0:
		l.warn("%s does not read %s, so a setting there has no effect. It reads: %s.", s.Service, s.EnvFile, paths(reads))
	case !reads[at].Exists:
		l.warn("%s does not exist yet. Culvert will make it, readable only for its owner.", s.EnvFile)
	}
	l.writable(s.EnvFile)
}

// choose picks the file in which the first key stands that stands anywhere;
// otherwise one that exists, in order of preference; otherwise one that may be
// made.
func (l *locator) choose(reads []stackfile.EnvFile, preferred, keys []string) string {
	for _, key := range keys {
		if v, _, ok := l.m.Env(l.stack.Service, key); ok && v.Path != "" {
			return v.Path
		}
	}
	var order []stackfile.EnvFile // the preferred ones, then the others, which win the later they are read
	for _, name := range preferred {
		for _, f := range reads {
			if f.Path == filepath.Join(l.stack.Dir, name) {
				order = append(order, f)
			}
		}
	}
	for _, f := range slices.Backward(reads) {
		order = append(order, f)
	}
	for _, f := range order {
		if f.Exists {
			return f.Path
		}
	}
	if len(order) > 0 {
		return order[0].Path
	}
	return ""
}

func paths(files []stackfile.EnvFile) string {
	if len(files) == 0 {
		return "none"
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Path
	}
	return strings.Join(names, ", ")
}

// key warns of what would keep a setting in the env file from working.
func (l *locator) key(name string) {
	value, hidden, ok := l.m.Env(l.stack.Service, name)
	if !ok { // nothing keeps it from working
		return
	}
	l.duplicates(name, value)
	switch {
	case value.Path == "":
		l.override(name)
	case value.Path != l.stack.EnvFile:
		l.warn("%s stands in %s and not in %s, where Culvert writes. Move the line to %s.", name, place(value), l.stack.EnvFile, l.stack.EnvFile)
	case len(hidden) > 0:
		l.warn("%s stands in %s and in %s. The last one wins; remove the other, which has no effect.", name, places(hidden), place(value))
	}
}

// override is about a key that the compose file sets, before which no env file
// counts.
func (l *locator) override(name string) {
	s := l.stack
	for _, use := range l.m.Uses(name) {
		if use.Where == "services."+s.Service+".environment" || use.Where == "services."+s.Service+".environment."+name {
			l.warn("%s is handed to %s from the shell that starts the app, or else from .env (%s, line %d). That wins over every env_file, so a line there has no effect. Remove it from environment:.",
				name, s.Service, use.Path, use.Line)
			return
		}
	}
	l.warn("%s is set under environment: of %s in the compose file, which wins over every env file. Move it from there to %s.", name, s.Service, s.EnvFile)
}

// duplicates warns of a key that stands twice in the file that decides.
func (l *locator) duplicates(name string, value stackfile.Value) {
	if value.Path == "" {
		return
	}
	file, err := read(value.Path)
	if err != nil {
		return // it was read a moment ago; writable will say it
	}
	env, err := stackfile.ParseEnv(file.src)
	if err != nil {
		return
	}
	for _, d := range env.Duplicates() {
		if d.Key == name {
			l.warn("%s stands %d times in %s. The one in line %d counts; remove the others.", name, len(d.Lines), value.Path, d.Lines[len(d.Lines)-1])
		}
	}
}

func places(values []stackfile.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = place(v)
	}
	return strings.Join(texts, " and ")
}

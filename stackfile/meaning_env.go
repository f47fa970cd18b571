package stackfile

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// interpolation is what `${NAME}` in a compose file can see: the shell, then
// --env-file (the last one wins) or .env. A service's env_file is not part of
// it.
type interpolation struct {
	values  map[string]string
	origins map[string]string // name → path of its env file; absent for the shell
	paths   []string
}

func loadInterpolation(o LoadOptions, files *fileSet) (*interpolation, error) {
	in := &interpolation{values: map[string]string{}, origins: map[string]string{}}
	paths, required := o.EnvFiles, true
	if len(paths) == 0 {
		paths, required = []string{".env"}, false
	}
	shell := func(name string) (string, bool) { v, ok := o.Shell[name]; return v, ok }
	for _, p := range paths {
		path := absolute(o.WorkingDir, p)
		src, ok, err := files.readIfThere(path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read env file: %w", err)
		case !ok && required:
			return nil, refuse(0, "Create the file, or start the app without it.", "The env file %s does not exist.", path)
		case !ok:
			continue
		}
		if err := in.add(path, src, shell); err != nil {
			return nil, err
		}
	}
	for name, v := range o.Shell {
		in.values[name] = v
		delete(in.origins, name)
	}
	return in, nil
}

func (in *interpolation) add(path string, src []byte, shell Lookup) error {
	env, r := parseEnv(src)
	if r == nil {
		r = env.evaluate(in.values, shell)
	}
	if r != nil {
		return inFile(path, r)
	}
	in.paths = append(in.paths, path)
	for _, key := range env.Keys() {
		if _, ok := in.values[key]; ok {
			in.origins[key] = path
		}
	}
	return nil
}

// inFile says in which file a refusal arose.
func inFile(path string, r *Refusal) *Refusal {
	r.Reason = filepath.Base(path) + ": " + r.Reason
	return r
}

func (in *interpolation) lookup(name string) (string, bool) {
	v, ok := in.values[name]
	return v, ok
}

// substitute fills in variables without logging their names.
func (in *interpolation) substitute(s string, mapping template.Mapping) (string, error) {
	return template.SubstituteWithOptions(s, mapping, template.WithoutLogging)
}

// Lookup gives what ${name} in a compose file of the project stands for.
func (m *Meaning) Lookup(name string) (string, bool) { return m.vars.lookup(name) }

// Variable gives the value of ${name} and the env file it comes from; the path
// is empty when the shell sets it.
func (m *Meaning) Variable(name string) (value, path string, ok bool) {
	value, ok = m.vars.lookup(name)
	return value, m.vars.origins[name], ok
}

// EnvFile is an env_file of a service.
type EnvFile struct {
	Path     string // absolute
	Required bool
	Exists   bool
	Format   string // empty is the usual one
}

// EnvFiles lists the env files of a service, the later winning.
func (m *Meaning) EnvFiles(service string) []EnvFile {
	s, _ := m.service(service)
	out := make([]EnvFile, 0, len(s.EnvFiles))
	for _, f := range s.EnvFiles {
		_, exists := m.files.seen[f.Path]
		out = append(out, EnvFile{Path: f.Path, Required: bool(f.Required), Exists: exists, Format: f.Format})
	}
	return out
}

// EnvFileUsers lists the services that read an env file.
func (m *Meaning) EnvFileUsers(path string) []string {
	var out []string
	for _, name := range m.Services() {
		if slices.ContainsFunc(m.EnvFiles(name), func(f EnvFile) bool { return f.Path == path }) {
			out = append(out, name)
		}
	}
	return out
}

// Value is one setting of an environment key. Path is the env file it stands
// in, empty for `environment:` of the compose file; Line is 0 there.
type Value struct {
	Value string
	Path  string
	Line  int
}

// Env gives the value a service's container gets for a key and where it comes
// from; hidden lists the settings it wins over.
func (m *Meaning) Env(service, key string) (value Value, hidden []Value, ok bool) {
	all := m.origins[service][key]
	if len(all) == 0 {
		return Value{}, nil, false
	}
	return all[len(all)-1], slices.Clone(all[:len(all)-1]), true
}

// resolveEnvironments gives every service the environment its container gets:
// env files in order, then `environment:`, which wins.
func (m *Meaning) resolveEnvironments() error {
	m.origins = map[string]map[string][]Value{}
	for _, name := range m.Services() {
		s := m.project.Services[name]
		s.Environment = s.Environment.Resolve(m.vars.lookup)
		env, origins, err := m.serviceEnvironment(s)
		if err != nil {
			return err
		}
		s.Environment = env
		m.project.Services[name] = s
		m.origins[name] = origins
	}
	return nil
}

func (m *Meaning) serviceEnvironment(s types.ServiceConfig) (types.MappingWithEquals, map[string][]Value, error) {
	vars := map[string]string(s.Environment.ToMapping())
	origins := map[string][]Value{}
	outer := func(name string) (string, bool) {
		if v, ok := m.vars.lookup(name); ok {
			return v, true
		}
		if v, ok := s.Environment[name]; ok && v != nil {
			return *v, true
		}
		return "", false
	}
	for _, f := range s.EnvFiles {
		if err := m.addEnvFile(f, vars, outer, origins); err != nil {
			return nil, nil, err
		}
	}
	env := types.Mapping(vars).ToMappingWithEquals().OverrideBy(s.Environment)
	for key, v := range s.Environment {
		if v != nil {
			origins[key] = append(origins[key], Value{Value: *v})
		}
	}
	return env, origins, nil
}

func (m *Meaning) addEnvFile(f types.EnvFile, vars map[string]string, outer Lookup, origins map[string][]Value) error {
	src, ok, err := m.files.readIfThere(f.Path)
	switch {
	case err != nil:
		return fmt.Errorf("read env file: %w", err)
	case !ok && bool(f.Required):
		return refuse(0, "Create the file.", "The env file %s does not exist, so the app cannot start.", f.Path)
	case !ok:
		return nil
	case f.Format == "raw":
		addRaw(f.Path, src, vars, outer, origins)
		return nil
	case f.Format != "":
		return refuse(0, "", "The env file %s has the unknown format %q.", f.Path, f.Format)
	}
	env, r := parseEnv(src)
	if r == nil {
		r = env.evaluate(vars, outer)
	}
	if r != nil {
		return inFile(f.Path, r)
	}
	for _, key := range env.Keys() {
		if v, ok := vars[key]; ok && !(env.last(key).bare && !resolves(outer, key)) {
			origins[key] = append(origins[key], Value{Value: v, Path: f.Path, Line: env.last(key).line})
		}
	}
	return nil
}

func resolves(lookup Lookup, key string) bool {
	_, ok := lookup(key)
	return ok
}

// addRaw reads an env file of `format: raw`: KEY=value lines, taken as they
// stand.
func addRaw(path string, src []byte, vars map[string]string, outer Lookup, origins map[string][]Value) {
	for i, line := range strings.Split(string(bytes.TrimPrefix(src, []byte(byteOrderMark))), "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			if value, ok = outer(key); !ok {
				continue
			}
		}
		vars[key] = value
		origins[key] = append(origins[key], Value{Value: value, Path: path, Line: i + 1})
	}
}

// environment is the resolved environment of a service.
func (m *Meaning) environment(service string) map[string]string {
	s, _ := m.service(service)
	return maps.Clone(map[string]string(s.Environment.ToMapping()))
}

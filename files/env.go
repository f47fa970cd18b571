package files

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// envFile is an env file with the project that it belongs to.
type envFile struct {
	files  *Files
	stack  setup.Stack
	file   target
	before *stackfile.Meaning
}

func (f *Files) openEnv(ctx context.Context, path string) (opened, error) {
	s, err := f.stack(path, func(s setup.Stack) bool { return s.EnvFile == path })
	if err != nil {
		return nil, err
	}
	file, err := read(path)
	if err != nil {
		return nil, err
	}
	e := &envFile{files: f, stack: s, file: file}
	content := map[string][]byte{}
	if file.exists {
		content[path] = file.src
	}
	if e.before, err = load(ctx, s, content); err != nil {
		return nil, projectProblem(setup.CodeRefused, s, err)
	}
	return e, nil
}

// load asks what the project means with a content of the file. One that is to
// be removed counts as empty.
func (e *envFile) load(ctx context.Context, src []byte) (*stackfile.Meaning, error) {
	return load(ctx, e.stack, map[string][]byte{e.file.path: src})
}

// observeEnv looks at every key of interest. A file that does not exist holds
// none, and yet something may go before it.
func (f *Files) observeEnv(w *setup.World, s setup.Stack, m *stackfile.Meaning, failed error) {
	file, err := read(s.EnvFile)
	switch {
	case err != nil:
		w.Miss(setup.KindEnvVar, s.EnvFile, *asProblem(setup.CodeInvalid, s.EnvFile, err))
		return
	case !file.exists && failed != nil:
		return
	case failed != nil:
		w.Miss(setup.KindEnvVar, s.EnvFile, *projectProblem(setup.CodeInvalid, s, failed))
		return
	}
	for _, key := range s.Settings {
		if v, ok := envVar(m, s, file.src, key); ok {
			w.Objects = append(w.Objects, setup.Object{Scope: s.EnvFile, ID: key, State: v})
		}
	}
}

// envVar is a key as it stands in a file, or as it stands in what goes before
// the file.
func envVar(m *stackfile.Meaning, s setup.Stack, src []byte, key string) (setup.EnvVar, bool) {
	value, ok := valueIn(m, s, src, key)
	v := setup.EnvVar{Path: s.EnvFile, Name: key, Value: value}
	if now, before := overrules(m, s, key); before {
		v.Value, v.Elsewhere, ok = now.Value, place(now), true
	}
	return v, ok
}

// overrules gives the value that a service has of a key whatever stands in the
// env file: that of the compose file, or of an env file that is read later.
func overrules(m *stackfile.Meaning, s setup.Stack, key string) (stackfile.Value, bool) {
	now, _, ok := m.Env(s.Service, key)
	if !ok || now.Path == s.EnvFile {
		return now, false
	}
	if now.Path == "" {
		return now, true
	}
	at := func(path string) int {
		return slices.IndexFunc(m.EnvFiles(s.Service), func(f stackfile.EnvFile) bool { return f.Path == path })
	}
	return now, at(s.EnvFile) >= 0 && at(now.Path) > at(s.EnvFile)
}

// valueIn is the value that a file gives a key. The project says what the
// variables in it stand for; a file that no service reads is taken alone.
func valueIn(m *stackfile.Meaning, s setup.Stack, src []byte, key string) (string, bool) {
	value, hidden, _ := m.Env(s.Service, key)
	for _, v := range append([]stackfile.Value{value}, hidden...) {
		if v.Path == s.EnvFile {
			return v.Value, true
		}
	}
	reads := func(f stackfile.EnvFile) bool { return f.Path == s.EnvFile }
	if slices.ContainsFunc(m.EnvFiles(s.Service), reads) {
		return "", false
	}
	env, err := stackfile.ParseEnv(src)
	if err != nil {
		return "", false
	}
	text, _, ok := env.Get(key)
	return text, ok
}

func (e *envFile) state(entry setup.Entry) setup.State {
	if !e.file.exists {
		return nil
	}
	if v, ok := envVar(e.before, e.stack, e.file.src, entry.Key.Name); ok {
		return v
	}
	return nil
}

func (e *envFile) draft(ctx context.Context, entries []setup.Entry) (draft, error) {
	want := map[string]*string{} // nil: the key goes
	for _, entry := range entries {
		switch to := entry.To.(type) {
		case nil:
			want[entry.Key.Name] = nil
		case setup.EnvVar:
			want[to.Name] = &to.Value
		default:
			return draft{}, refuse("A key of an env file cannot become a %s.", to.Kind())
		}
	}
	s := step{file: e.file, mode: 0o600}
	src, exists, ok := e.files.earlier(e.file, func(src []byte, _ bool) bool { return e.restores(ctx, src, want) })
	if ok {
		s.after, s.remove = src, !exists && !e.required()
	} else {
		var err error
		if s.after, err = e.edit(want); err != nil {
			return draft{}, asProblem(setup.CodeRefused, e.file.path, err)
		}
	}
	if err := e.gate(ctx, s, want); err != nil {
		return draft{}, err
	}
	for _, entry := range entries {
		if err := e.loses(entry); err != nil {
			return draft{}, err
		}
	}
	ours := map[string]bool{}
	for key := range want {
		ours[key] = true
	}
	return draft{diff: stackfile.MaskedDiff(e.file.src, s.after, ours), steps: []step{s}}, nil
}

// required says whether some service does not start without the file.
func (e *envFile) required() bool {
	for _, service := range e.before.EnvFileUsers(e.file.path) {
		for _, f := range e.before.EnvFiles(service) {
			if f.Path == e.file.path && f.Required {
				return true
			}
		}
	}
	return false
}

// loses refuses to write a list into a file where it takes the place of one
// that the app had from elsewhere, with entries that would be lost.
func (e *envFile) loses(entry setup.Entry) error {
	to, ok := entry.To.(setup.EnvVar)
	now, _, had := e.before.Env(e.stack.Service, entry.Key.Name)
	if !ok || !had || to.Join != setup.JoinComma || now.Path == e.file.path {
		return nil
	}
	have := strings.Split(to.Value, ",")
	for item := range strings.SplitSeq(now.Value, ",") {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(have, item) {
			return refuse("%s takes %s from %s. A line in %s would come instead of it, and what stands there now would be lost. Move that line to %s, then go on.",
				e.stack.Service, to.Name, place(now), e.file.path, e.file.path)
		}
	}
	return nil
}

// edit makes the changes one after the other, in the order of the keys.
func (e *envFile) edit(want map[string]*string) ([]byte, error) {
	src := e.file.src
	for _, key := range slices.Sorted(maps.Keys(want)) {
		env, err := stackfile.ParseEnv(src)
		if err != nil {
			return nil, err
		}
		var edit stackfile.EnvEdit
		if value := want[key]; value != nil {
			edit, err = env.Set(key, *value)
		} else {
			edit, err = env.Unset(key)
		}
		if err != nil {
			return nil, err
		}
		src = edit.After
	}
	return src, nil
}

// gate checks that the edited file means what it should to everything that
// reads it. A key that goes leaves what an earlier file says.
func (e *envFile) gate(ctx context.Context, s step, want map[string]*string) error {
	after, err := e.load(ctx, s.after)
	if err != nil {
		return asProblem(setup.CodeRefused, e.file.path, err)
	}
	effect := maps.Clone(want)
	for key, value := range want {
		if value == nil {
			effect[key] = e.without(key)
		}
	}
	if _, err := stackfile.CompareEnv(e.before, after, e.file.path, effect); err != nil {
		return asProblem(setup.CodeRefused, e.file.path, err)
	}
	return nil
}

// without is the value that the service has for a key without our file.
func (e *envFile) without(key string) *string {
	value, hidden, ok := e.before.Env(e.stack.Service, key)
	all := append(hidden, value)
	for _, v := range slices.Backward(all) {
		if ok && v.Path != e.file.path {
			return &v.Value
		}
	}
	return nil
}

// restores says whether an earlier content differs from what stands now by
// nothing but the wanted keys.
func (e *envFile) restores(ctx context.Context, src []byte, want map[string]*string) bool {
	old, err := stackfile.ParseEnv(src)
	now, errNow := stackfile.ParseEnv(e.file.src)
	if err != nil || errNow != nil {
		return false
	}
	for _, key := range append(old.Keys(), now.Keys()...) {
		was, _, there := old.Get(key)
		is, _, here := now.Get(key)
		if _, asked := want[key]; !asked && (was != is || there != here) {
			return false
		}
	}
	m, err := e.load(ctx, src)
	if err != nil {
		return false
	}
	for key, value := range want {
		had, there := valueIn(m, e.stack, src, key)
		if there != (value != nil) || there && had != *value {
			return false
		}
	}
	return true
}

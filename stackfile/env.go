package stackfile

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
)

// Env is one env file, parsed as compose reads it and with the place of every
// key.
type Env struct {
	text        *text
	assignments []assignment
	values      map[string]string
}

// ParseEnv reads one env file. The errors it returns are Refusals.
func ParseEnv(src []byte) (*Env, error) {
	e, r := parseEnv(src)
	if r != nil {
		return nil, r
	}
	return e, nil
}

func parseEnv(src []byte) (*Env, *Refusal) {
	t := newText(bytes.Clone(src))
	if r := t.checkEncoding(); r != nil {
		return nil, r
	}
	assignments, r := scanEnv(t)
	if r != nil {
		return nil, r
	}
	e := &Env{text: t, assignments: assignments, values: map[string]string{}}
	if r := e.evaluate(e.values, nil); r != nil {
		return nil, r
	}
	return e, nil
}

// evaluate asks compose-go what the file means and adds it to vars. Variables
// come from outer, if given, and then from vars. compose-go's errors quote the
// file, secrets included, so they are not passed on.
func (e *Env) evaluate(vars map[string]string, outer Lookup) *Refusal {
	lookup := e.quietLookup(vars, outer)
	if err := dotenv.ParseWithFormat(bytes.NewReader(e.text.src), "", vars, lookup, ""); err != nil {
		return e.badValue()
	}
	return nil
}

// conditional finds the variables whose being unset, rather than empty, matters.
var conditional = regexp.MustCompile(`\$\{([_a-zA-Z][_a-zA-Z0-9]*)[-+?]`)

// quietLookup gives out a plain variable that is set nowhere as empty, which is
// what it becomes anyway: compose-go would log its name, and a `$` inside a
// password makes a part of the password look like one.
func (e *Env) quietLookup(vars map[string]string, outer Lookup) dotenv.LookupFn {
	unset := map[string]bool{}
	for _, m := range conditional.FindAllSubmatch(e.text.src, -1) {
		unset[string(m[1])] = true
	}
	for _, a := range e.assignments {
		if a.bare {
			unset[a.key] = true
		}
	}
	return func(name string) (string, bool) {
		if outer != nil {
			if v, ok := outer(name); ok {
				return v, true
			}
		}
		if v, ok := vars[name]; ok {
			return v, true
		}
		return "", !unset[name]
	}
}

// badValue is the refusal for a value compose cannot fill in.
func (e *Env) badValue() *Refusal {
	for _, a := range e.assignments {
		raw := string(e.text.src[a.valStart:a.valEnd])
		if _, err := expand(raw, nil); err != nil && a.quote != '\'' {
			return refuse(a.line, "Put the value in single quotes if the $ is meant as it stands.",
				"The value of %s holds a $ that compose cannot make sense of.", a.key)
		}
	}
	return refuse(0, "`docker compose config` shows the same mistake.", "Compose cannot read the env file.")
}

// Get gives the value a key has in this file alone and the line that decides.
func (e *Env) Get(key string) (value string, line int, ok bool) {
	value, ok = e.values[key]
	if a := e.last(key); a != nil {
		line = a.line
	}
	return value, line, ok && line > 0
}

// Keys lists the keys in the order of their first line.
func (e *Env) Keys() []string {
	var keys []string
	for _, a := range e.assignments {
		if a.key != "" && !slices.Contains(keys, a.key) {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// Duplicate is a key that stands on several lines; the last one counts.
type Duplicate struct {
	Key   string
	Lines []int
}

// Duplicates lists the keys that stand more than once.
func (e *Env) Duplicates() []Duplicate {
	var out []Duplicate
	for _, key := range e.Keys() {
		if lines := e.lines(key); len(lines) > 1 {
			out = append(out, Duplicate{Key: key, Lines: lines})
		}
	}
	return out
}

// References lists the keys of this file whose value refers to ${key}.
func (e *Env) References(key string) []string {
	var out []string
	for _, a := range e.assignments {
		if a.quote == '\'' || a.key == key || slices.Contains(out, a.key) {
			continue
		}
		if _, ok := variablesIn(string(e.text.src[a.valStart:a.valEnd]))[key]; ok {
			out = append(out, a.key)
		}
	}
	return out
}

func variablesIn(s string) map[string]template.Variable {
	return template.ExtractVariables(map[string]any{"": s}, nil)
}

func (e *Env) lines(key string) []int {
	var lines []int
	for _, a := range e.assignments {
		if a.key == key {
			lines = append(lines, a.line)
		}
	}
	return lines
}

func (e *Env) last(key string) *assignment {
	for i, a := range slices.Backward(e.assignments) {
		if a.key == key {
			return &e.assignments[i]
		}
	}
	return nil
}

package stackfile

import (
	"bytes"
	"maps"
	"regexp"
	"strings"
)

// EnvEdit is an edit of one key of an env file.
type EnvEdit struct {
	Edit
	Key      string
	Appended bool     // the key was absent, so Unset takes the line away again
	Warnings []string // plain sentences for people
}

// Diff shows the changed lines with the values of all other keys as dots.
func (e EnvEdit) Diff() string {
	return MaskedDiff(e.Before, e.After, map[string]bool{e.Key: true})
}

var envKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Set gives a key a value: in place where the key stands, an empty `KEY=`
// included, else on a new last line. Of the possible spellings the first one is
// taken with which compose reads the old values plus only this change.
func (e *Env) Set(key, value string) (EnvEdit, error) {
	edit, r := e.set(key, value)
	if r != nil {
		return EnvEdit{}, r
	}
	return edit, nil
}

func (e *Env) set(key, value string) (EnvEdit, *Refusal) {
	if !envKey.MatchString(key) {
		return EnvEdit{}, refuse(0, "", "%q is not a name for an environment variable.", key)
	}
	if strings.ContainsRune(value, 0) {
		return EnvEdit{}, refuse(0, "", "The value for %s holds a zero byte.", key)
	}
	out := EnvEdit{Key: key, Warnings: e.duplicateWarning(key)}
	a := e.last(key)
	if old, ok := e.values[key]; ok && a != nil && !a.bare && old == value {
		out.Edit = newEdit(e.text.src, nil)
		return out, nil
	}
	want := maps.Clone(e.values)
	want[key] = value
	var tries []Splice
	if a != nil {
		tries = e.fillIn(a, value)
	} else {
		if r := e.canAppend(key); r != nil {
			return EnvEdit{}, r
		}
		out.Appended = true
		tries = e.appendLine(key, value)
	}
	for _, s := range tries {
		edit := newEdit(e.text.src, []Splice{s})
		if after, r := parseEnv(edit.After); r == nil && maps.Equal(after.values, want) {
			out.Edit = edit
			return out, nil
		}
	}
	return EnvEdit{}, e.cannotSet(key, a)
}

func (e *Env) duplicateWarning(key string) []string {
	lines := e.lines(key)
	if len(lines) < 2 {
		return nil
	}
	return []string{key + " stands on lines " + joinInts(lines) + ". The last one counts, so only that one is changed; remove the others."}
}

func (e *Env) cannotSet(key string, a *assignment) *Refusal {
	line := 0
	if a != nil {
		line = a.line
	}
	if users := e.References(key); len(users) > 0 {
		return refuse(line, "Change it by hand and check those values.",
			"Other values are made from ${%s} and would change with it: %s.", key, strings.Join(users, ", "))
	}
	return refuse(line, "Set it by hand.", "No way of writing this value of %s leaves everything else in the file as it is.", key)
}

// fillIn lists the ways to write the value where the key stands.
func (e *Env) fillIn(a *assignment, value string) []Splice {
	src := e.text.src
	raw := string(src[a.valStart:a.valEnd])
	var out []Splice
	for _, spelled := range spellings(value, a.quote) {
		replace := func(from, to int, lead string) {
			out = append(out, Splice{Offset: from, Old: string(src[from:to]), New: lead + spelled})
		}
		switch comment := tabComment.FindStringIndex(raw); {
		case a.bare:
			replace(a.keyEnd, a.keyEnd, "=")
		case raw == "":
			replace(a.sepEnd, a.sepEnd, "")
		case a.quote == 0 && raw[0] == '#' && a.valStart > a.sepEnd:
			replace(a.sepEnd, a.sepEnd, "") // `K= # note`: the note stays a note
		case a.quote == 0 && comment != nil:
			replace(a.valStart, a.valStart+comment[0], "") // `K=v<tab># note`
		}
	}
	if !a.bare && raw != "" {
		for _, spelled := range spellings(value, a.quote) {
			out = append(out, Splice{Offset: a.valStart, Old: raw, New: spelled})
		}
	}
	return out
}

var tabComment = regexp.MustCompile(`[ \t]*\t#`)

// plainValue is what every reader of env files takes as it stands.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+=*-]*$`)

// spellings lists the ways to write a value, the quotes it had before first.
func spellings(value string, had byte) []string {
	double := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", `\n`, "\r", `\r`)
	single := "'" + strings.ReplaceAll(value, "'", `\'`) + "'"
	quoted := map[byte][]string{'"': {`"` + double.Replace(value) + `"`}}
	if !strings.ContainsAny(value, "\n\r") {
		quoted['\''] = []string{single}
		if plainValue.MatchString(value) {
			quoted[0] = []string{value}
		}
	}
	var out []string
	order := []byte{0, '\'', '"'}
	if had != 0 {
		order = append([]byte{had}, order...)
	}
	for _, q := range order {
		out = append(out, quoted[q]...)
	}
	return out
}

// canAppend refuses a file whose last line means something else once another
// line follows.
func (e *Env) canAppend(key string) *Refusal {
	if n := len(e.assignments); n > 0 && e.assignments[n-1].dangling {
		return refuse(e.assignments[n-1].line, "Complete or remove that line.",
			"The file ends in a name without `=`, so %s cannot be added after it.", key)
	}
	if last := len(e.text.starts); bytes.HasSuffix(e.text.src, []byte("\r")) {
		return refuse(last, "Finish the line.", "The file ends in half a Windows line break, so %s cannot be added after it.", key)
	}
	return nil
}

// appendLine lists the ways to add a line at the end. A final newline stays the
// final newline, and a missing one stays missing.
func (e *Env) appendLine(key, value string) []Splice {
	src := e.text.src
	var out []Splice
	for _, spelled := range spellings(value, 0) {
		line, eol := key+"="+spelled, e.text.eol(len(e.text.starts))
		if len(src) == e.text.starts[len(e.text.starts)-1] { // nothing, or a newline, stands last
			line += eol
		} else {
			line = eol + line
		}
		out = append(out, Splice{Offset: len(src), New: line})
	}
	return out
}

// Unset takes the line of a key away, as undo of a Set that appended it. The
// key must stand once and alone on its line.
func (e *Env) Unset(key string) (EnvEdit, error) {
	edit, r := e.unset(key)
	if r != nil {
		return EnvEdit{}, r
	}
	return edit, nil
}

func (e *Env) unset(key string) (EnvEdit, *Refusal) {
	lines := e.lines(key)
	if len(lines) == 0 {
		return EnvEdit{Key: key, Edit: newEdit(e.text.src, nil)}, nil
	}
	if len(lines) > 1 {
		return EnvEdit{}, refuse(lines[len(lines)-1], "Remove the one that is too many by hand.",
			"%s stands on lines %s, so without the last one another would count.", key, joinInts(lines))
	}
	a := e.last(key)
	if r := e.aloneOnLine(a); r != nil {
		return EnvEdit{}, r
	}
	want := maps.Clone(e.values)
	delete(want, key)
	edit := newEdit(e.text.src, []Splice{e.cutLines(a)})
	if after, r := parseEnv(edit.After); r != nil || !maps.Equal(after.values, want) {
		return EnvEdit{}, e.cannotSet(key, a)
	}
	return EnvEdit{Key: key, Edit: edit}, nil
}

// cutLines removes the lines of an assignment. The last line of a file without
// a final newline takes the newline before it along.
func (e *Env) cutLines(a *assignment) Splice {
	src, t := e.text.src, e.text
	first, last := t.lineOf(a.start), t.lineOf(a.valEnd)
	from, to := t.starts[first-1], t.nextLine(last)
	if to == len(src) && src[to-1] != '\n' && first > 1 {
		from = t.lineEnd(first - 1)
	}
	return Splice{Offset: from, Old: string(src[from:to])}
}

func (e *Env) aloneOnLine(a *assignment) *Refusal {
	first, last := e.text.lineOf(a.start), e.text.lineOf(a.valEnd)
	for _, other := range e.assignments {
		if other.start != a.start && e.text.lineOf(other.start) <= last && e.text.lineOf(other.valEnd) >= first {
			return refuse(a.line, "Remove it by hand.", "%s shares its line with %s.", a.key, other.key)
		}
	}
	return nil
}

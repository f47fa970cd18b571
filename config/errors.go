package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Fault is one thing wrong with the file: where, and what to write instead.
type Fault struct {
	Line    int    `json:"line,omitempty"` // 0: not there at all
	Key     string `json:"key,omitempty"`
	Message string `json:"message"`
}

func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	return b.String() + f.Message
}

// Faults are all that was found, in the order of the file.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// orNil avoids an error that is there and empty.
func (f Faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Fault) int { return a.Line - b.Line })
	return f
}

// Explain turns what is wrong with the answers into faults of the file, with
// the keys and lines of the file. It gives nil if nothing is wrong.
func (f File) Explain(bad []setup.FieldError) error {
	var faults Faults
	for _, e := range bad {
		key := keyOf(e.Field)
		faults = append(faults, Fault{f.nearestLine(key), key, e.Message})
	}
	return faults.orNil()
}

// nearestLine is the line of a key, or of the group that it would stand in.
func (f File) nearestLine(key string) int {
	for {
		if line := f.Line(key); line > 0 {
			return line
		}
		at := strings.LastIndex(key, ".")
		if at < 0 {
			return 0
		}
		key = key[:at]
	}
}

// keyOf gives the file's word for a field of the answers.
func keyOf(field string) string {
	switch field {
	case "setup":
		return "name"
	case "port":
		return "published_port"
	case "app":
		return "project_folder"
	}
	return field
}

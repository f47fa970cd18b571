package stackfile

import (
	"fmt"
	"strings"
)

// Refusal says why a file is not read or edited. Its sentences are shown to
// people, so they never hold a value of an env file.
type Refusal struct {
	Reason  string // what is in the way, one or more sentences
	Line    int    // where, 1-based; 0 when no line can be named
	Service string // the service concerned, if any
	Fix     string // what to do by hand
}

func (r *Refusal) Error() string {
	var b strings.Builder
	if r.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", r.Line)
	}
	b.WriteString(r.Reason)
	if r.Fix != "" {
		b.WriteString(" ")
		b.WriteString(r.Fix)
	}
	return b.String()
}

func refuse(line int, fix, reason string, args ...any) *Refusal {
	return &Refusal{Line: line, Fix: fix, Reason: fmt.Sprintf(reason, args...)}
}

// of names the service a refusal is about.
func (r *Refusal) of(service string) *Refusal {
	r.Service = service
	return r
}

// Package secret keeps what must not be read by accident: Text is a string that
// shows itself as dots wherever Go prints or encodes it, and Box encrypts bytes
// for the disk with a key of this installation.
//
// It must not know what the secrets are for, nor where sealed bytes are kept.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const dots = "••••••"

// Text is a secret string. Only Reveal gives it out; every other way to print,
// log or encode it gives dots. The zero value is the empty secret.
type Text struct {
	// A pointer, because fmt calls no methods on unexported fields: printing a
	// struct with a Text inside would show a plain string. It also keeps ==
	// from comparing secrets in a time that depends on them.
	s *string
}

// New makes a secret of a string.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{&s}
}

// Reveal gives the secret itself. Hand it to what needs it and keep no copy.
func (t Text) Reveal() string {
	if t.s == nil {
		return ""
	}
	return *t.s
}

// Empty says whether there is no secret.
func (t Text) Empty() bool { return t.s == nil }

// Equal compares two secrets in a time that does not depend on their content
// or length.
func (t Text) Equal(o Text) bool {
	a, b := sha256.Sum256([]byte(t.Reveal())), sha256.Sum256([]byte(o.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String gives dots.
func (Text) String() string { return dots }

// GoString gives dots for %#v.
func (Text) GoString() string { return "secret.Text(" + dots + ")" }

// Format writes dots for every verb, also for those such as %x and %d that do
// not ask for String.
func (Text) Format(f fmt.State, _ rune) {
	// An error of the writer behind f is its own to report.
	_, _ = io.WriteString(f, dots)
}

// MarshalJSON gives dots. There is no way back: a secret is stored by a Box.
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + dots + `"`), nil }

// MarshalText gives dots.
func (Text) MarshalText() ([]byte, error) { return []byte(dots), nil }

// LogValue gives dots.
func (Text) LogValue() slog.Value { return slog.StringValue(dots) }

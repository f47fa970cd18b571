package cloudflare

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// apiError is a call that did not succeed. It never holds the token, nor the
// body of an answer that may hold a secret.
type apiError struct {
	op
	method     string
	status     int           // 0: no answer
	faults     []apiFault    // as the envelope lists them
	excerpt    string        // of an answer that is no envelope
	retryAfter time.Duration // 0: not said
	unsent     bool          // the call certainly did not reach Cloudflare
	cause      error
}

func (e *apiError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "to %s", e.doing)
	if e.status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.status)
	}
	for _, f := range e.faults {
		fmt.Fprintf(&b, ": %d %s", f.Code, clip(f.text()))
	}
	if e.excerpt != "" {
		fmt.Fprintf(&b, ": %q", e.excerpt)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

func (e *apiError) Unwrap() error { return e.cause }

func (e *apiError) has(code int64) bool {
	for _, f := range e.faults {
		if f.Code == code {
			return true
		}
	}
	return false
}

// unknown says whether the call may have had its effect all the same.
func (e *apiError) unknown() bool {
	if e.method == http.MethodGet || e.unsent {
		return false
	}
	return e.status == 0 || e.status >= 500 || e.status == http.StatusRequestTimeout ||
		e.status < 300 && e.faults == nil // a success that could not be read
}

// transient says whether the same read may succeed in a moment.
func (e *apiError) transient() bool {
	return e.status == 0 || e.status >= 500 || e.status == http.StatusTooManyRequests
}

// gone says that Cloudflare knows no such object. That it cannot even route the
// path says nothing about the object.
func gone(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.status == http.StatusNotFound && len(e.faults) > 0 && !e.has(7003) && !e.has(7000)
}

const longestExcerpt = 200 // characters

// clip makes a text from outside fit into a message: one line, not too long.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longestExcerpt {
		return string(r[:longestExcerpt]) + "…"
	}
	return s
}

// text is the fault in Cloudflare's words, with what is behind a wrapper.
func (f apiFault) text() string {
	text := f.Message
	for _, inner := range f.Chain {
		text += ": " + inner.Message
	}
	return text
}
